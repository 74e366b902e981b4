// Replaces operator new of the whole test program, to count. Not under sanitizers: they bring
// their own.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "pool_support.hpp"

#if !defined(TAPELINE_POOL_TEST_SANITIZED)

namespace {

std::atomic<std::uint64_t> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);  // relaxed: a counter
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  return std::aligned_alloc(alignment, whole == 0 ? alignment : whole);
}

void* counted_or_throw(std::size_t bytes, std::size_t alignment) {
  void* const memory = counted(bytes, alignment);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

constexpr std::size_t kDefault = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

}  // namespace

// The other forms of new and delete end here. All memory is from aligned_alloc.
void* operator new(std::size_t bytes) { return counted_or_throw(bytes, kDefault); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return counted(bytes, kDefault);
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace tapeline::pool {
namespace {

TEST(Allocation, NoneInSteadyState) {
  BufferPool<SerializationKind> pool{small_pool(64, 8, 4)};
  std::array<SerializationGuard, 72> guards;
  static_cast<void>(pool.try_acquire());  // the thread's cache is made here
  const std::uint64_t before = allocations.load();
  for (int round = 0; round < 100; ++round) {
    for (auto& guard : guards) guard = pool.try_acquire();  // cache, stack, overflow
    EXPECT_FALSE(pool.try_acquire());
    for (auto& guard : guards) guard.release();  // cache, flushes, overflow
    pool.flush_this_thread();
    static_cast<void>(pool.counts());
  }
  EXPECT_EQ(allocations.load(), before);
}

TEST(Allocation, IsCounted) {
  const std::uint64_t before = allocations.load();
  const auto word = std::make_unique<std::uint64_t>(1);
  const BufferPool<SerializationKind> pool{small_pool(4, 0, 1)};
  EXPECT_GT(allocations.load(), before);
}

}  // namespace
}  // namespace tapeline::pool

#endif

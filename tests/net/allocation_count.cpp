#include "tests/net/allocation_count.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

// The sanitizers bring an operator new of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TAPELINE_OWN_NEW 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TAPELINE_OWN_NEW 0
#endif
#endif
#ifndef TAPELINE_OWN_NEW
#define TAPELINE_OWN_NEW 1
#endif

namespace {

std::atomic<std::uint64_t> count{0};

}  // namespace

std::uint64_t tapeline::net::testing::allocations() noexcept { return count.load(); }
bool tapeline::net::testing::counts_allocations() noexcept { return TAPELINE_OWN_NEW != 0; }

#if TAPELINE_OWN_NEW
void* operator new(std::size_t bytes) {
  count.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*bytes*/) noexcept { std::free(memory); }
#endif

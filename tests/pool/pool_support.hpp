#pragma once

// What the tests of the pool share.

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "pool/buffer_pool.hpp"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define TAPELINE_POOL_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define TAPELINE_POOL_TEST_SANITIZED 1
#endif
#endif

namespace tapeline::pool {

#if defined(TAPELINE_POOL_TEST_SANITIZED)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Fewer rounds where each one costs more.
constexpr int scaled(int rounds) { return kSanitized ? rounds / 20 : rounds; }

inline PoolConfig small_pool(std::uint32_t buffers, std::uint32_t overflow, std::uint32_t batch) {
  return {.buffer_bytes = 256,
          .buffer_count = buffers,
          .overflow_buffers = overflow,
          .batch = batch,
          .huge_pages = false};
}

// Acquires until the pool refuses.
template <typename Kind>
std::vector<BufferGuard<Kind>> drain(BufferPool<Kind>& pool) {
  std::vector<BufferGuard<Kind>> guards;
  for (auto guard = pool.try_acquire(); guard; guard = pool.try_acquire()) {
    guards.push_back(std::move(guard));
  }
  return guards;
}

// Whether the page of `address` belongs to the process.
inline bool is_mapped(const std::byte* address) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::byte* const start = address - reinterpret_cast<std::uintptr_t>(address) % page;
  unsigned char present = 0;
  return ::mincore(const_cast<std::byte*>(start), page, &present) == 0;
}

inline void write_word(std::byte* at, std::uint64_t value) {
  std::memcpy(at, &value, sizeof value);
}
inline std::uint64_t read_word(const std::byte* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace tapeline::pool

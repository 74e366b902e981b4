#pragma once

// What a user chooses about the pools. Plain values; the constructors of the pools check them.

#include <cstddef>
#include <cstdint>

namespace tapeline::pool {

struct PoolConfig {
  std::size_t buffer_bytes = std::size_t{128} * 1024;  // capacity of one buffer
  std::uint32_t buffer_count = 256;
  std::uint32_t overflow_buffers = 64;  // handed out when buffer_count is used up
  std::uint32_t batch = 0;    // slots per move between cache and stack, 1 to 31; 0 chooses
  std::uint32_t threads = 4;  // threads expected to use the pool; only used to choose the batch
  bool huge_pages = true;     // ask for transparent huge pages
};

struct LockFreeBufferPoolConfig {
  PoolConfig serialization{
      .buffer_bytes = std::size_t{128} * 1024, .buffer_count = 256, .overflow_buffers = 64};
  PoolConfig compression{
      .buffer_bytes = std::size_t{64} * 1024, .buffer_count = 32, .overflow_buffers = 16};
  // Columns of doubles in groups of four lanes: buffer_bytes is a multiple of 64.
  PoolConfig simd{.buffer_bytes = 2048, .buffer_count = 16384, .overflow_buffers = 1024};
};

}  // namespace tapeline::pool

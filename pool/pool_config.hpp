#pragma once

// What a user chooses about the pools. Plain values; the constructors of the pools check them.

#include <cstddef>
#include <cstdint>

namespace tapeline::pool {

struct PoolConfig {
  std::size_t buffer_bytes = std::size_t{128} * 1024;  // capacity of one buffer
  std::uint32_t buffer_count = 256;
  std::uint32_t overflow_buffers = 64;  // the reserve: handed out when buffer_count is used up
  // The bound: most buffers there may be, the reserve included. 0: buffer_count and
  // overflow_buffers, that is, the pool does not grow.
  std::uint32_t max_buffers = 0;
  std::uint32_t slab_buffers = 0;   // buffers that growth adds at once; 0 chooses
  std::uint32_t low_watermark = 0;  // grow when fewer lie on the shared stack; 0 chooses
  bool growth_thread = true;        // false: nothing but acquire_or_grow() grows the pool
  std::uint32_t batch = 0;          // slots per move between cache and stack, 1 to 127; 0 chooses
  std::uint32_t threads = 4;    // threads expected to use the pool; only used to choose the batch
  bool huge_pages = true;       // ask for transparent huge pages
  std::int32_t numa_node = -1;  // the node all memory is bound to; -1: not bound
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

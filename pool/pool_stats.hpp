#pragma once

// Counters of the buffer pools, as one reader sees them.
//
// Each thread counts in its own record; a reader adds the records up. While threads work, the
// numbers of one snapshot are a few operations apart from each other; once the pool is quiet they
// are exact, and these hold:
//   acquires = cache_hits + stack_hits + fallback_allocations
//   misses = stack_hits + fallback_allocations + refusals
//   in_use = acquires - releases
//   available + parked + in_use = buffers + grown_buffers + overflow_in_use
//   timeouts <= waits, timeouts <= refusals
//   buffers + overflow_buffers + grown_buffers <= max_buffers
//   grown_buffers = 0 when slabs_grown = slabs_trimmed
// An attempt counts once, however long it waited: as a hit, a fallback or a refusal.
// A thread that ends leaves its counts in the sums.
//
// Units: buffers, except the fields that end in _bytes or begin with bytes_.

#include <cstdint>

namespace tapeline::pool {

struct BufferCounts {
  std::uint64_t acquires = 0;              // guards handed out that hold a buffer
  std::uint64_t releases = 0;              // buffers that came back
  std::uint64_t cache_hits = 0;            // acquires served by the cache of the thread
  std::uint64_t stack_hits = 0;            // acquires served by the shared stack
  std::uint64_t misses = 0;                // attempts the cache of the thread could not serve
  std::uint64_t fallback_allocations = 0;  // acquires served by an overflow buffer
  std::uint64_t refusals = 0;              // attempts that returned an empty guard
  std::uint64_t waits = 0;                 // attempts that had to wait for a buffer
  std::uint64_t timeouts = 0;              // of them, those whose deadline came first
  std::uint64_t cas_retries_pop = 0;       // lost races for the shared head, taking
  std::uint64_t cas_retries_push = 0;      // lost races for the shared head, giving back
  std::uint64_t in_use = 0;                // buffers in guards
  // Most buffers in guards at one time. Exact while one thread uses the pool. With several, what
  // other threads have parked counts as in use: too high by at most two batches per thread. While
  // the pool grows or is trimmed, one batch more.
  std::uint64_t peak_in_use = 0;
  std::uint64_t available = 0;  // on the shared stack: any thread may take them
  std::uint64_t parked = 0;     // in caches of threads: only that thread may take them
  std::uint64_t buffers = 0;    // configured, without the overflow buffers
  std::uint64_t buffer_bytes = 0;
  std::uint64_t bytes_now = 0;   // memory the buffers occupy, overflow and gaps included
  std::uint64_t bytes_peak = 0;  // most that bytes_now has been
  std::uint64_t overflow_buffers = 0;
  std::uint64_t overflow_in_use = 0;
  std::uint64_t max_buffers = 0;      // the bound, overflow buffers included
  std::uint64_t grown_buffers = 0;    // there now because the pool grew
  std::uint64_t slabs_grown = 0;      // times the pool grew by a slab
  std::uint64_t slabs_trimmed = 0;    // slabs whose memory was given back
  std::uint64_t growth_failures = 0;  // times the system had no memory for a slab
};

struct BufferPoolStats {
  BufferCounts serialization;
  BufferCounts compression;
  BufferCounts simd;
};

}  // namespace tapeline::pool

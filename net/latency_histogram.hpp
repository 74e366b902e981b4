#pragma once

// How often which time was measured: counts in buckets of nanoseconds, read while they grow.
//
// Buckets are log-linear: below 64 ns one for each, above that 32 for each power of two, so a
// bucket is at most 3.2 % wider than its lower end. Times below 0 count as 0, times above the
// largest bucket (69 s) go into it.
//
// Thread safety: record() by one thread at a time, the readers by any.
// Progress:      wait-free. What a reader gets may lack records of the moment, but is never torn.
// Allocation:    none; an object is 8 KiB.

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "pool/counter.hpp"

namespace tapeline::net {

class LatencyHistogram {
 public:
  static constexpr std::size_t kBuckets = 1024;

  void record(std::int64_t ns) noexcept {
    const std::uint64_t value = clamp(ns);
    buckets_[bucket_of(value)].add(1);
    sum_ns_.add(value);
  }

  [[nodiscard]] std::uint64_t count() const noexcept {
    std::uint64_t total = 0;
    for (const pool::Counter& bucket : buckets_) total += bucket.get();
    return total;
  }

  // Of all times as they were counted, in nanoseconds.
  [[nodiscard]] std::uint64_t sum_ns() const noexcept { return sum_ns_.get(); }

  // A time that `fraction` of all times do not exceed, at most a bucket too large; 0 without any.
  // Requires: 0 <= fraction <= 1.
  [[nodiscard]] std::int64_t percentile(double fraction) const noexcept {
    assert(fraction >= 0.0 && fraction <= 1.0);
    const std::uint64_t total = count();
    const double wanted = fraction * static_cast<double>(total);
    std::uint64_t seen = 0;
    std::int64_t last = 0;
    for (std::size_t at = 0; at < kBuckets; ++at) {
      const std::uint64_t here = buckets_[at].get();
      if (here == 0) continue;
      seen += here;
      last = static_cast<std::int64_t>(largest_of(at));
      if (static_cast<double>(seen) >= wanted) break;
    }
    return last;
  }

  // As a Prometheus histogram wants it: counts[i] = times that are not above bounds_ns[i]. Returns
  // how many times there are, of the same reading. A bound inside a bucket leaves that bucket out;
  // one less than a power of two is exact.
  // Requires: bounds_ns rises, counts.size() >= bounds_ns.size().
  std::uint64_t cumulative(std::span<const std::int64_t> bounds_ns,
                           std::span<std::uint64_t> counts) const noexcept {
    assert(counts.size() >= bounds_ns.size());
    assert(std::is_sorted(bounds_ns.begin(), bounds_ns.end()));
    std::uint64_t seen = 0;
    std::size_t bound = 0;
    for (std::size_t at = 0; at < kBuckets; ++at) {
      const auto largest = static_cast<std::int64_t>(largest_of(at));
      for (; bound < bounds_ns.size() && bounds_ns[bound] < largest; ++bound) counts[bound] = seen;
      seen += buckets_[at].get();
    }
    for (; bound < bounds_ns.size(); ++bound) counts[bound] = seen;
    return seen;
  }

  // The largest time that shares a bucket with `ns`.
  [[nodiscard]] static constexpr std::int64_t bucket_end(std::int64_t ns) noexcept {
    return static_cast<std::int64_t>(largest_of(bucket_of(clamp(ns))));
  }

 private:
  static constexpr unsigned kLinearBits = 5;  // 32 buckets for each power of two
  static constexpr std::uint64_t kLargest = (std::uint64_t{1} << 36U) - 1;

  [[nodiscard]] static constexpr std::uint64_t clamp(std::int64_t ns) noexcept {
    return ns < 0 ? 0 : std::min(static_cast<std::uint64_t>(ns), kLargest);
  }
  [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
    const auto bits = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = bits > kLinearBits + 1 ? bits - (kLinearBits + 1) : 0;
    return static_cast<std::size_t>((std::uint64_t{shift} << kLinearBits) + (value >> shift));
  }
  [[nodiscard]] static constexpr std::uint64_t largest_of(std::size_t bucket) noexcept {
    const std::size_t linear = std::size_t{1} << kLinearBits;
    if (bucket < 2 * linear) return bucket;
    const std::size_t shift = bucket / linear - 1;
    return ((bucket % linear + linear + 1) << shift) - 1;
  }

  pool::Counter sum_ns_;
  std::array<pool::Counter, kBuckets> buckets_;
};
static_assert(LatencyHistogram::bucket_end(std::int64_t{1} << 40U) == (std::int64_t{1} << 36U) - 1);

}  // namespace tapeline::net

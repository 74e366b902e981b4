#pragma once

// Latencies of single operations: collects ticks, tells percentiles and a trimmed mean, less what
// an empty measurement shows.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace tapeline::bench {

struct LatencySummary {
  double mean_ns = 0;  // of all up to the 99th percentile
  double p50_ns = 0;
  double p99_ns = 0;
  double p999_ns = 0;
};

class Latencies {
 public:
  // Touches its memory, so that add() takes no page fault.
  explicit Latencies(std::size_t capacity) : ticks_(capacity, 1) { ticks_.clear(); }

  // Requires: fewer than `capacity` so far.
  void add(std::uint64_t ticks) noexcept {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    ticks_.push_back(static_cast<std::uint32_t>(std::min(ticks, kMost)));
  }

  // Less the median, or the trimmed mean, of empty measurements made just now; never below 0.
  // Requires: not empty. Reorders the samples.
  [[nodiscard]] LatencySummary summary();

 private:
  std::vector<std::uint32_t> ticks_;
};

}  // namespace tapeline::bench

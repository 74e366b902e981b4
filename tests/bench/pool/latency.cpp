#include "latency.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "clock.hpp"

namespace tapeline::bench {
namespace {

// In ticks.
struct Shape {
  double mean;
  double p50;
  double p99;
  double p999;
};

Shape shape_of(std::vector<std::uint32_t>& ticks) {
  std::sort(ticks.begin(), ticks.end());
  const auto at = [&ticks](double share) {
    return std::min(ticks.size() - 1,
                    static_cast<std::size_t>(share * static_cast<double>(ticks.size())));
  };
  const std::size_t kept = std::max<std::size_t>(1, at(0.99));
  const double sum =
      std::accumulate(ticks.begin(), ticks.begin() + static_cast<std::ptrdiff_t>(kept), 0.0);
  return {.mean = sum / static_cast<double>(kept),
          .p50 = static_cast<double>(ticks[at(0.5)]),
          .p99 = static_cast<double>(ticks[at(0.99)]),
          .p999 = static_cast<double>(ticks[at(0.999)])};
}

Shape shape_of_nothing() {
  constexpr std::size_t kSamples = 20000;
  std::vector<std::uint32_t> ticks(kSamples);
  for (std::uint32_t& sample : ticks) {
    const std::uint64_t before = ticks_before();
    sample = static_cast<std::uint32_t>(ticks_after() - before);
  }
  return shape_of(ticks);
}

}  // namespace

double ticks_per_ns() {
  static const double kTicksPerNs = [] {
    constexpr double kWindowNs = 2e7;
    const Stopwatch watch;
    const std::uint64_t before = __rdtsc();
    double elapsed_ns = 0;
    do {
      elapsed_ns = watch.elapsed_ns();
    } while (elapsed_ns < kWindowNs);
    return static_cast<double>(__rdtsc() - before) / elapsed_ns;
  }();
  return kTicksPerNs;
}

double clock_step_ns() {
  std::array<unsigned, 4096> seen{};  // how often readings were so far apart
  std::uint64_t last = __rdtsc();
  for (int reading = 0; reading < 100000; ++reading) {
    const std::uint64_t now = __rdtsc();
    ++seen[std::min<std::uint64_t>(now - last, seen.size() - 1)];
    last = now;
  }
  const auto* const most = std::max_element(seen.begin() + 1, seen.end());
  return static_cast<double>(most - seen.begin()) / ticks_per_ns();
}

LatencySummary Latencies::summary() {
  const Shape empty = shape_of_nothing();
  const Shape full = shape_of(ticks_);
  const auto ns = [](double ticks) { return std::max(0.0, ticks) / ticks_per_ns(); };
  return {.mean_ns = ns(full.mean - empty.mean),
          .p50_ns = ns(full.p50 - empty.p50),
          .p99_ns = ns(full.p99 - empty.p50),
          .p999_ns = ns(full.p999 - empty.p50)};
}

}  // namespace tapeline::bench

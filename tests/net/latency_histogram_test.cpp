#include "net/latency_histogram.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace tapeline::net {
namespace {

using ::testing::ElementsAre;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLargest = (std::int64_t{1} << 36U) - 1;

class LatencyHistogramTest : public ::testing::Test {
 protected:
  const std::unique_ptr<LatencyHistogram> owned = std::make_unique<LatencyHistogram>();
  LatencyHistogram& histogram = *owned;
};

TEST_F(LatencyHistogramTest, IsEmptyAtFirst) {
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.sum_ns(), 0U);
  EXPECT_EQ(histogram.percentile(0.5), 0);
  EXPECT_EQ(histogram.percentile(1.0), 0);
}

TEST_F(LatencyHistogramTest, CountsAndSumsWhatWasRecorded) {
  for (const std::int64_t ns : {3, 1000, 70'000}) histogram.record(ns);
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_EQ(histogram.sum_ns(), 71'003U);
}

TEST_F(LatencyHistogramTest, EveryBucketIsNarrow) {
  for (std::int64_t ns = 0; ns < 64; ++ns) EXPECT_EQ(LatencyHistogram::bucket_end(ns), ns);
  std::int64_t begin = 64;
  while (begin <= kLargest) {
    const std::int64_t end = LatencyHistogram::bucket_end(begin);
    ASSERT_GE(end, begin);
    ASSERT_LE(static_cast<double>(end + 1 - begin), 0.032 * static_cast<double>(begin));
    ASSERT_EQ(LatencyHistogram::bucket_end(end), end);
    begin = end + 1;
  }
  EXPECT_EQ(begin, kLargest + 1);
}

TEST_F(LatencyHistogramTest, HoldsExtremeTimesAtTheEnds) {
  for (const std::int64_t ns : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}}) {
    histogram.record(ns);
  }
  EXPECT_EQ(histogram.percentile(1.0), 0);
  histogram.record(kMax);
  EXPECT_EQ(histogram.percentile(1.0), kLargest);
  EXPECT_EQ(histogram.sum_ns(), static_cast<std::uint64_t>(kLargest));
}

TEST_F(LatencyHistogramTest, PercentilesAreWithinABucketOfTheTruth) {
  std::mt19937_64 random{1};
  std::vector<std::int64_t> times;
  for (int at = 0; at < 10'000; ++at) {
    times.push_back(static_cast<std::int64_t>(random() >> (28 + random() % 30)));
    histogram.record(times.back());
  }
  std::sort(times.begin(), times.end());
  for (const double fraction : {0.0001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(fraction * 10'000)) - 1;
    EXPECT_EQ(histogram.percentile(fraction), LatencyHistogram::bucket_end(times[rank]))
        << fraction;
  }
  EXPECT_EQ(histogram.percentile(0.0), LatencyHistogram::bucket_end(times[0]));
}

TEST_F(LatencyHistogramTest, CumulativeCountsAreExactBelowPowersOfTwo) {
  for (const std::int64_t ns : {5, 1023, 1024, 1100, 4095, 5000}) histogram.record(ns);
  histogram.record(kMax);
  const std::array<std::int64_t, 5> bounds{4, 1023, 4095, 8191, kMax};
  std::array<std::uint64_t, 5> counts{};
  EXPECT_EQ(histogram.cumulative(bounds, counts), 7U);
  EXPECT_THAT(counts, ElementsAre(0, 2, 5, 6, 7));
}

TEST_F(LatencyHistogramTest, ABoundInsideABucketLeavesItOut) {
  histogram.record(1024);  // bucket [1024, 1055]
  const std::array<std::int64_t, 2> bounds{1054, 1055};
  std::array<std::uint64_t, 2> counts{};
  histogram.cumulative(bounds, counts);
  EXPECT_THAT(counts, ElementsAre(0, 1));
}

// A reader sees counts that only grow, and the total of one reading fits its last bound.
TEST_F(LatencyHistogramTest, ReadersSeeGrowingCounts) {
  constexpr std::uint64_t kTimes = 200'000;
  std::thread writer{[&] {
    for (std::uint64_t at = 0; at < kTimes; ++at) {
      histogram.record(static_cast<std::int64_t>(at % 5000));
    }
  }};
  const std::array<std::int64_t, 2> bounds{1023, kMax};
  std::array<std::uint64_t, 2> counts{};
  std::uint64_t total = 0;
  while (total < kTimes) {
    const std::uint64_t now = histogram.cumulative(bounds, counts);
    ASSERT_GE(now, total);
    ASSERT_LE(now, kTimes);
    ASSERT_LE(counts[0], counts[1]);
    ASSERT_EQ(counts[1], now);
    total = now;
  }
  writer.join();
}

}  // namespace
}  // namespace tapeline::net

#include "net/line_arrivals.hpp"

#include <gtest/gtest.h>

namespace tapeline::net {
namespace {

TEST(LineArrivals, FindsThePacketThatBroughtAMessage) {
  LineArrivals arrivals{8};
  EXPECT_EQ(arrivals.find(1), nullptr);
  arrivals.push({10, 100, 0});
  arrivals.push({15, 200, 1});
  EXPECT_EQ(arrivals.find(9), nullptr);
  for (const std::uint64_t sequence : {10U, 14U}) {
    ASSERT_NE(arrivals.find(sequence), nullptr);
    EXPECT_EQ(arrivals.find(sequence)->time, 100);
  }
  EXPECT_EQ(arrivals.find(15)->time, 200);
  EXPECT_EQ(arrivals.find(15)->line, 1);
}

TEST(LineArrivals, ForgetsTheOldestWhenFull) {
  LineArrivals arrivals{4};
  for (std::uint64_t first = 0; first < 100; ++first) {
    arrivals.push({first, static_cast<UnixNanos>(first * 10), 0});
    for (std::uint64_t back = 0; back <= first && back < 10; ++back) {
      const LineArrivals::Arrival* const found = arrivals.find(first - back);
      ASSERT_EQ(found != nullptr, back < 4) << first << " " << back;
      if (found != nullptr) {
        EXPECT_EQ(found->first, first - back);
      }
    }
  }
}

TEST(LineArrivals, KnowsWhatNobodyBrought) {
  LineArrivals arrivals{4};
  arrivals.push({1, 100, 0});
  arrivals.push({5, 0, LineArrivals::kNoLine});
  arrivals.push({9, 300, 0});
  EXPECT_NE(arrivals.find(4), nullptr);
  EXPECT_EQ(arrivals.find(7), nullptr);
  EXPECT_NE(arrivals.find(9), nullptr);
  arrivals.clear();
  EXPECT_EQ(arrivals.find(9), nullptr);
}

}  // namespace
}  // namespace tapeline::net

#include "app/feed/json/exchange_clock.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace tapeline::feed {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000'000'000;
constexpr std::int64_t kHour = 3'600'000'000'000;

TEST(ExchangeClock, BelievesTimesNearTheReceiveTime) {
  ExchangeClock clock;
  EXPECT_TRUE(clock.believes(kNow - 20 * kHour, kNow));
  EXPECT_TRUE(clock.believes(kNow + 20 * kHour, kNow));
  EXPECT_FALSE(clock.believes(kNow + 100 * kHour, kNow));
  EXPECT_FALSE(clock.believes(1, kNow));
  EXPECT_FALSE(clock.believes(std::numeric_limits<std::int64_t>::max(), kNow));
  EXPECT_TRUE(clock.believes(kNow, kNow));
}

TEST(ExchangeClock, BelievesOldTimesThatGoOn) {
  ExchangeClock clock;
  EXPECT_FALSE(clock.believes(kNow - 9000 * kHour, kNow));
  EXPECT_TRUE(clock.believes(kNow - 9000 * kHour + 1, kNow));
  EXPECT_TRUE(clock.believes(kNow - 8999 * kHour, kNow));
}

TEST(ExchangeClock, WithoutAReceiveTimeAJumpNeedsASecondWord) {
  ExchangeClock clock;
  EXPECT_TRUE(clock.believes(kNow, 0));
  EXPECT_FALSE(clock.believes(kNow + 100 * kHour, 0));
  EXPECT_TRUE(clock.believes(kNow + kHour, 0));
  EXPECT_FALSE(clock.believes(kNow + 200 * kHour, 0));
  EXPECT_TRUE(clock.believes(kNow + 201 * kHour, 0));
  EXPECT_TRUE(clock.believes(kNow + 202 * kHour, 0));
}

}  // namespace
}  // namespace tapeline::feed

#include "app/decode/exchange_day.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "app/decode/time_text.hpp"

namespace tapeline::decode {
namespace {

constexpr std::int64_t kHour = std::int64_t{3'600} * 1'000'000'000;
constexpr std::int64_t kDay = 24 * kHour;

// Hours that New York is behind UTC at the midnight that begins a day.
std::int64_t hours_behind(const char* day) {
  const std::int64_t days = *parse_day(day);
  return (midnight_of_day(days, ExchangeZone::new_york) - days * kDay) / kHour;
}

std::int64_t time(const char* text) { return parse_time_bound(text)->ns; }

TEST(MidnightOfDay, FollowsDaylightSavingTime) {
  EXPECT_EQ(hours_behind("2026-01-05"), 5);
  EXPECT_EQ(hours_behind("2026-03-08"), 5);  // clocks change in this night, after midnight
  EXPECT_EQ(hours_behind("2026-03-09"), 4);
  EXPECT_EQ(hours_behind("2026-07-01"), 4);
  EXPECT_EQ(hours_behind("2026-11-01"), 4);
  EXPECT_EQ(hours_behind("2026-11-02"), 5);
  EXPECT_EQ(hours_behind("2023-08-22"), 4);
}

TEST(MidnightOfDay, FollowsTheOlderRules) {
  EXPECT_EQ(hours_behind("2006-04-02"), 5);
  EXPECT_EQ(hours_behind("2006-04-03"), 4);
  EXPECT_EQ(hours_behind("2006-10-29"), 4);
  EXPECT_EQ(hours_behind("2006-10-30"), 5);
  EXPECT_EQ(hours_behind("2006-03-20"), 5);
  EXPECT_EQ(hours_behind("2007-03-20"), 4);
}

TEST(MidnightOfDay, InUtcIsThatOfTheCalendar) {
  EXPECT_EQ(midnight_of_day(20'458, ExchangeZone::utc), 20'458 * kDay);
}

TEST(ExchangeClock, TakesTheDayThatIsNearestToTheReceiveTime) {
  ExchangeClock clock{ExchangeZone::new_york};
  // 09:30 in New York, received at once.
  EXPECT_EQ(clock.midnight(9 * kHour + kHour / 2, time("2026-01-05T14:30:00Z")),
            time("2026-01-05T05:00:00Z"));
  // The evening in New York is the next day in UTC.
  EXPECT_EQ(clock.midnight(20 * kHour, time("2026-01-06T01:00:00Z")), time("2026-01-05T05:00:00Z"));
  // The next day follows.
  EXPECT_EQ(clock.midnight(4 * kHour, time("2026-01-06T09:00:00Z")), time("2026-01-06T05:00:00Z"));
  // A packet that comes shortly before what it tells, because clocks differ.
  EXPECT_EQ(clock.midnight(1, time("2026-01-07T04:59:59Z")), time("2026-01-07T05:00:00Z"));
}

TEST(ExchangeClock, KeepsTheDayThatWasGiven) {
  ExchangeClock clock{ExchangeZone::new_york, parse_day("2026-07-06")};
  EXPECT_TRUE(clock.is_fixed());
  EXPECT_EQ(clock.midnight(kHour, 0), time("2026-07-06T04:00:00Z"));
}

TEST(ExchangeClock, SurvivesEveryTime) {
  constexpr auto kMaxTime = std::numeric_limits<std::int64_t>::max();
  constexpr auto kMinTime = std::numeric_limits<std::int64_t>::min();
  constexpr std::uint64_t kMaxWire = (std::uint64_t{1} << 48U) - 1;
  for (const ExchangeZone zone : {ExchangeZone::new_york, ExchangeZone::utc}) {
    ExchangeClock clock{zone};
    for (const std::int64_t receive : {std::int64_t{0}, kMinTime, kMaxTime, kDay, kMaxTime - 1}) {
      for (const std::uint64_t since : {std::uint64_t{0}, kMaxWire, std::uint64_t{kDay}}) {
        const std::int64_t midnight = clock.midnight(since, receive);
        EXPECT_GE(midnight, 0);
        EXPECT_LT(midnight, kMaxTime - static_cast<std::int64_t>(kMaxWire));
      }
    }
  }
}

TEST(DayStart, IsTheMidnightBefore) {
  for (const ExchangeZone zone : {ExchangeZone::new_york, ExchangeZone::utc}) {
    DayStart start{zone};
    // Two years in steps of half an hour, with all changes of clocks in them.
    for (std::int64_t when = 17'000 * kDay; when < 17'730 * kDay; when += kHour / 2) {
      const std::int64_t midnight = start.before(when);
      std::int64_t day = when / kDay;
      if (midnight_of_day(day, zone) > when) --day;
      ASSERT_EQ(midnight, midnight_of_day(day, zone)) << when;
      ASSERT_LE(midnight, when);
      ASSERT_GT(midnight_of_day(day + 1, zone), when);
    }
  }
}

TEST(DayStart, SurvivesEveryTime) {
  for (const ExchangeZone zone : {ExchangeZone::new_york, ExchangeZone::utc}) {
    DayStart start{zone};
    for (const std::int64_t when :
         {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(),
          std::numeric_limits<std::int64_t>::max()}) {
      EXPECT_GE(start.before(when), 0);
      EXPECT_LE(start.before(when), midnight_of_day(84'370, zone));
    }
  }
}

}  // namespace
}  // namespace tapeline::decode

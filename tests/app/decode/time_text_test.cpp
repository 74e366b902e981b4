#include "app/decode/time_text.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace tapeline::decode {
namespace {

std::string iso(std::int64_t ns) {
  TextBuffer out{64};
  IsoTime{}.put(out, ns);
  return std::string{out.view()};
}

std::string time_of_day(std::uint64_t ns) {
  TextBuffer out{64};
  put_time_of_day(out, ns);
  return std::string{out.view()};
}

TEST(IsoTime, WritesTheEndsOfTheRange) {
  EXPECT_EQ(iso(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(iso(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(iso(951'782'400'000'000'001), "2000-02-29T00:00:00.000000001Z");
  EXPECT_EQ(iso(std::numeric_limits<std::int64_t>::max()), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(iso(std::numeric_limits<std::int64_t>::min()), "1677-09-21T00:12:43.145224192Z");
}

TEST(IsoTime, GivesTheSameWhetherTheSecondIsKnownOrNot) {
  IsoTime kept;
  std::int64_t when = 1'700'000'000'000'000'000;
  for (int i = 0; i < 2000; ++i) {
    TextBuffer out{64};
    kept.put(out, when);
    EXPECT_EQ(out.view(), iso(when));
    when += i % 7 == 0 ? -1'300'000'000 : 400'000'001;
  }
}

TEST(TimeOfDay, CountsFromMidnight) {
  EXPECT_EQ(time_of_day(0), "00:00:00.000000000");
  EXPECT_EQ(time_of_day(86'399'999'999'999), "23:59:59.999999999");
  EXPECT_EQ(time_of_day((std::uint64_t{1} << 48U) - 1), "78:11:14.976710655");
}

TEST(TimeBound, ReadsWhatItSays) {
  const auto absolute = [](std::string_view text) {
    const auto bound = parse_time_bound(text);
    EXPECT_TRUE(bound.has_value() && !bound->is_time_of_day) << text;
    return bound ? bound->ns : -1;
  };
  EXPECT_EQ(absolute("0"), 0);
  EXPECT_EQ(absolute("1767582120000755069"), 1'767'582'120'000'755'069);
  EXPECT_EQ(absolute("2026-01-05"), 1'767'571'200'000'000'000);
  EXPECT_EQ(absolute("2026-01-05T03:02:00.000755069Z"), 1'767'582'120'000'755'069);
  EXPECT_EQ(absolute("2026-01-05 03:02"), 1'767'582'120'000'000'000);
  EXPECT_EQ(absolute("2026-01-05T03:02:00.5"), 1'767'582'120'500'000'000);
  EXPECT_EQ(absolute("2026-01-05T03:02:00-05:00"), absolute("2026-01-05T08:02:00Z"));
  EXPECT_EQ(absolute("2026-01-05T03:02:00+01:00"), absolute("2026-01-05T02:02:00Z"));
  EXPECT_EQ(absolute("2026-01-05T24:00"), absolute("2026-01-06"));

  const auto bound = parse_time_bound("09:30:00.25");
  ASSERT_TRUE(bound && bound->is_time_of_day);
  EXPECT_EQ(bound->ns, 34'200'250'000'000);
  EXPECT_EQ(parse_time_bound("09:30")->ns, 34'200'000'000'000);
}

TEST(TimeBound, RefusesEverythingElse) {
  for (const char* text : {"",
                           "x",
                           "-1",
                           "9:30",
                           "09:60",
                           "09:30:60",
                           "25:00",
                           "24:00:01",
                           "09:30:00.",
                           "09:30:00.1234567890",
                           "09:30Z",
                           "2026-1-5",
                           "2026-02-30",
                           "2026-01-05T",
                           "2026-01-05T03",
                           "2026-01-05T03:02:00+1",
                           "2026-01-05T03:02:00Zx",
                           "20260105x",
                           "99999999999999999999",
                           "1969-01-01",
                           "2026-01-05X03:02"}) {
    EXPECT_FALSE(parse_time_bound(text).has_value()) << text;
  }
}

TEST(ParseDay, CountsFrom1970) {
  EXPECT_EQ(parse_day("1970-01-01"), 0);
  EXPECT_EQ(parse_day("2026-01-05"), 20'458);
  EXPECT_FALSE(parse_day("2026-01-05Z").has_value());
  EXPECT_FALSE(parse_day("2201-01-01").has_value());
}

}  // namespace
}  // namespace tapeline::decode

#include "app/watch/number_text.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace tapeline::watch {
namespace {

TEST(NumberText, IsReadAtAGlance) {
  EXPECT_EQ(count_text(std::uint64_t{0}), "0");
  EXPECT_EQ(count_text(std::uint64_t{999}), "999");
  EXPECT_EQ(count_text(std::uint64_t{1'234'567}), "1,234,567");
  EXPECT_EQ(count_text(1234.5), "1,235");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(97'622'426), "93.1 MiB");
  EXPECT_EQ(share_text(0.9954), "99.5%");
  EXPECT_EQ(seconds_text(12.34e-6), "12.3 us");
  EXPECT_EQ(seconds_text(0.25), "250 ms");
  EXPECT_EQ(seconds_text(2.0), "2.0 s");
  EXPECT_EQ(price_text(1816.0801), "1,816.0801");
  EXPECT_EQ(price_text(-0.5), "-0.5000");
  EXPECT_EQ(price_text(0.99999), "1.0000");
  EXPECT_EQ(uptime_text(183845.9), "2d 03:04:05");
  EXPECT_EQ(clock_text(1767627123.5), "15:32:03");
}

TEST(NumberText, WhatIsNotKnownOrTooLargeIsADash) {
  for (const double number : {std::numeric_limits<double>::quiet_NaN(),
                              std::numeric_limits<double>::infinity(), 1e300, -1e300}) {
    EXPECT_EQ(count_text(number), "-");
    EXPECT_EQ(mega_text(number), "-");
    EXPECT_EQ(share_text(number), "-");
    EXPECT_EQ(seconds_text(number), "-");
    EXPECT_EQ(age_text(number), "-");
    EXPECT_EQ(price_text(number), "-");
    EXPECT_EQ(uptime_text(number), "-");
    EXPECT_EQ(clock_text(number), "-");
  }
}

}  // namespace
}  // namespace tapeline::watch

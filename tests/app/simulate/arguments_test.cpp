#include "app/simulate/arguments.hpp"

#include <gtest/gtest.h>

namespace tapeline::simulate {
namespace {

TEST(SimulateArguments, EndpointIsAddressAndPort) {
  const auto v4 = parse_endpoint("239.192.64.1:26400");
  ASSERT_TRUE(v4.has_value());
  EXPECT_EQ(v4->address, codec::capture::Address::from_ipv4(0xEFC04001));
  EXPECT_EQ(v4->port, 26400);
  const auto v6 = parse_endpoint("[ff15::1]:1");
  ASSERT_TRUE(v6.has_value());
  EXPECT_EQ(v6->address.text(), "ff15::1");
}

TEST(SimulateArguments, WrongEndpointsAreRefused) {
  for (const char* const text :
       {"", ":", "239.1.1.1", "239.1.1.1:", "239.1.1.1:0", "239.1.1.1:65536", "239.1.1.1:1x",
        "ff15::1:5", "[239.1.1.1]:5", "[]:5", "host:5", "239.1.1:5"}) {
    EXPECT_FALSE(parse_endpoint(text).has_value()) << text;
  }
}

TEST(SimulateArguments, DateIsMidnightSince1970) {
  EXPECT_EQ(parse_date("1970-01-01"), 0);
  EXPECT_EQ(parse_date("2026-01-05"), 1'767'571'200'000'000'000);
  EXPECT_EQ(parse_date("2024-02-29"), 1'709'164'800'000'000'000);
}

TEST(SimulateArguments, WrongDatesAreRefused) {
  for (const char* const text :
       {"", "2026-1-5", "2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "1969-12-31",
        "2026/01/05", "20260-1-05", "2026-01-0x"}) {
    EXPECT_FALSE(parse_date(text).has_value()) << text;
  }
}

TEST(SimulateArguments, RateIsNumberOrMax) {
  EXPECT_EQ(parse_rate("max"), 0U);
  EXPECT_EQ(parse_rate("1"), 1U);
  EXPECT_EQ(parse_rate("100000000"), 100'000'000U);
  for (const char* const text : {"", "0", "-1", "1.5", "100000001", "fast"}) {
    EXPECT_FALSE(parse_rate(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace tapeline::simulate

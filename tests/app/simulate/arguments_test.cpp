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

TEST(SimulateArguments, ServersListenOnAnyPortButNoGroup) {
  const auto any = parse_listen_endpoint("127.0.0.1:0");
  ASSERT_TRUE(any.has_value());
  EXPECT_EQ(any->port, 0);
  EXPECT_TRUE(parse_listen_endpoint("[::1]:18001").has_value());
  for (const char* const text :
       {"", "239.1.1.1:5", "[ff15::1]:5", "127.0.0.1", "127.0.0.1:65536"}) {
    EXPECT_FALSE(parse_listen_endpoint(text).has_value()) << text;
  }
}

TEST(SimulateArguments, AddressesStandBetweenCommas) {
  const auto two = parse_addresses("10.0.0.1,fe80::1");
  ASSERT_TRUE(two.has_value());
  EXPECT_EQ(two->size(), 2U);
  EXPECT_EQ((*two)[0], codec::capture::Address::from_ipv4(0x0A000001));
  for (const char* const text : {"", ",", "10.0.0.1,", "10.0.0.1 ,10.0.0.2", "10.0.0.1:5", "any"}) {
    EXPECT_FALSE(parse_addresses(text).has_value()) << text;
  }
}

TEST(SimulateArguments, LoopbackIsThisHost) {
  const auto is_on_loopback = [](const char* text) {
    return is_loopback(codec::capture::Address::from_text(text).value());
  };
  EXPECT_TRUE(is_on_loopback("127.0.0.1"));
  EXPECT_TRUE(is_on_loopback("127.9.9.9"));
  EXPECT_TRUE(is_on_loopback("::1"));
  EXPECT_FALSE(is_on_loopback("0.0.0.0"));
  EXPECT_FALSE(is_on_loopback("128.0.0.1"));
  EXPECT_FALSE(is_on_loopback("::"));
  EXPECT_FALSE(is_on_loopback("fe80::1"));
}

TEST(SimulateArguments, PaceIsNumberOrMax) {
  EXPECT_EQ(parse_pace("max"), 0.0);
  EXPECT_EQ(parse_pace("1"), 1.0);
  EXPECT_EQ(parse_pace("0.5"), 0.5);
  EXPECT_EQ(parse_pace("1000000"), 1e6);
  for (const char* const text : {"", "0", "-1", "1e3", "1x", "nan", "inf", "0.0001", "1000001"}) {
    EXPECT_FALSE(parse_pace(text).has_value()) << text;
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

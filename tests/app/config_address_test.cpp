#include "app/config_address.hpp"

#include <gtest/gtest.h>

namespace tapeline {
namespace {

TEST(IpAddress, KnowsItsKind) {
  EXPECT_TRUE(parse_ip_address("224.0.0.1")->is_multicast());
  EXPECT_TRUE(parse_ip_address("239.255.255.255")->is_multicast());
  EXPECT_FALSE(parse_ip_address("223.255.255.255")->is_multicast());
  EXPECT_FALSE(parse_ip_address("240.0.0.0")->is_multicast());
  EXPECT_TRUE(parse_ip_address("240.0.0.0")->is_reserved());
  EXPECT_TRUE(parse_ip_address("0.1.2.3")->is_reserved());
  EXPECT_FALSE(parse_ip_address("0.0.0.0")->is_reserved());
  EXPECT_TRUE(parse_ip_address("0.0.0.0")->is_unspecified());
  EXPECT_TRUE(parse_ip_address("127.9.9.9")->is_loopback());
  EXPECT_TRUE(parse_ip_address("ff15::1")->is_multicast());
  EXPECT_TRUE(parse_ip_address("::1")->is_loopback());
  EXPECT_TRUE(parse_ip_address("::")->is_unspecified());
  EXPECT_FALSE(parse_ip_address("::")->is_loopback());
  EXPECT_TRUE(parse_ip_address("ff02::1")->is_link_local());
  EXPECT_TRUE(parse_ip_address("fe80::1")->is_link_local());
  EXPECT_FALSE(parse_ip_address("ff15::1")->is_link_local());
  EXPECT_TRUE(parse_ip_address("::ffff:1.2.3.4")->is_v4_in_v6());
}

TEST(IpAddress, RefusesWhatIsNone) {
  for (const std::string text : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", "01.2.3.4",
                                 "localhost", "fe80::1%lo", "[::1]", "1.2.3.4:80", "0x7f.0.0.1"}) {
    EXPECT_FALSE(parse_ip_address(text).has_value()) << text;
  }
  EXPECT_FALSE(parse_ip_address(std::string{"1.2.3.4\0x", 9}).has_value());
}

TEST(IpAddress, ListenerMayBeAnyAddressButNoGroup) {
  EXPECT_EQ(wrong_with_listener("0.0.0.0"), "");
  EXPECT_EQ(wrong_with_listener("::"), "");
  EXPECT_NE(wrong_with_listener("ff15::1"), "");
}

}  // namespace
}  // namespace tapeline

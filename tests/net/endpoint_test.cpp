#include "net/endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>

namespace tapeline::net {
namespace {

TEST(Endpoint, ReadsBothFamilies) {
  EXPECT_EQ(Endpoint("239.1.2.3", 26400).text(), "239.1.2.3:26400");
  EXPECT_EQ(Endpoint("ff15::1", 80).text(), "[ff15::1]:80");
  EXPECT_TRUE(Endpoint("239.1.2.3", 1).is_multicast());
  EXPECT_TRUE(Endpoint("ff15::1", 1).is_multicast());
  EXPECT_FALSE(Endpoint("127.0.0.1", 1).is_multicast());
  EXPECT_FALSE(Endpoint("::1", 1).is_multicast());
  EXPECT_TRUE(Endpoint("0.0.0.0", 1).is_wildcard());
  EXPECT_TRUE(Endpoint("::", 1).is_wildcard());
  EXPECT_TRUE(Endpoint("fe80::1", 1).is_link_local());
  EXPECT_EQ(Endpoint("::1", 4711).port(), 4711);
}

TEST(Endpoint, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "::g", "[::1]", "1.2.3.4:5"}) {
    EXPECT_THROW(Endpoint(text, 1), std::runtime_error) << text;
  }
}

TEST(Endpoint, NamesTheInterfacesThatThereAre) {
  EXPECT_EQ(interface_index(""), 0U);
  EXPECT_GT(interface_index("lo"), 0U);
  try {
    static_cast<void>(interface_index("nosuch0"));
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(),
                ::testing::StartsWith("no network interface named \"nosuch0\" (there are: "));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("lo"));
  }
}

TEST(Endpoint, ComparesAddressAndPortApart) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    Endpoint endpoint{address, 5};
    sockaddr_storage other{};
    std::memcpy(&other, endpoint.data(), endpoint.size());
    EXPECT_TRUE(endpoint.same_port(other));
    EXPECT_TRUE(endpoint.same_address(other));
    endpoint.set_port(6);
    EXPECT_EQ(endpoint.port(), 6);
    EXPECT_FALSE(endpoint.same_port(other));
    EXPECT_TRUE(endpoint.same_address(other));
    EXPECT_FALSE((Endpoint{address[0] == ':' ? "127.0.0.1" : "::1", 5}.same_port(other)));
  }
}

}  // namespace
}  // namespace tapeline::net

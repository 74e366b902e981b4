#include "net/capture_filter.hpp"

#include <gtest/gtest.h>

namespace tapeline::net {
namespace {

using codec::capture::Address;
using codec::capture::Endpoint;

Endpoint group(std::uint32_t last, std::uint16_t port = 26400) {
  return {Address::from_ipv4(0xEF000000 + last), port};
}

TEST(LineTable, NumbersDestinationsInOrderOfAppearance) {
  LineTable table{{}};
  EXPECT_EQ(table.find(group(7)), 0);
  EXPECT_EQ(table.find(group(3)), 1);
  EXPECT_EQ(table.find(group(7, 1)), 2);
  EXPECT_EQ(table.find(group(3)), 1);
  EXPECT_EQ(table.find(group(7)), 0);
  ASSERT_EQ(table.lines().size(), 3U);
  EXPECT_EQ(table.lines()[2].destination, group(7, 1));
  EXPECT_EQ(table.lines()[2].line, 2);
}

TEST(LineTable, SharesLastLineBeyondBound) {
  LineTable table{{}};
  for (std::uint32_t i = 0; i < 64; ++i) {
    EXPECT_EQ(table.find(group(i)), i);
    EXPECT_FALSE(table.shared());
  }
  for (std::uint32_t i = 64; i < 200; ++i) {
    EXPECT_EQ(table.find(group(i)), 63);
    EXPECT_TRUE(table.shared());
  }
  EXPECT_EQ(table.find(group(5)), 5);
  EXPECT_FALSE(table.shared());
  EXPECT_EQ(table.lines().size(), 64U);
}

TEST(LineTable, TakesFirstMatchAndDropsTheRest) {
  LineTable table{{{{group(1).address, 26400, 4}, {group(2).address, {}, 5}, {{}, 9000, 6}}}};
  EXPECT_EQ(table.find(group(1)), 4);
  EXPECT_EQ(table.find(group(1, 26401)), LineTable::kNoLine);
  EXPECT_EQ(table.find(group(2, 1)), 5);
  EXPECT_EQ(table.find(group(2, 9000)), 5);
  EXPECT_EQ(table.find(group(9, 9000)), 6);
  EXPECT_EQ(table.find(group(9, 9001)), LineTable::kNoLine);
  EXPECT_EQ(table.find(group(9, 9001)), LineTable::kNoLine);
  EXPECT_EQ(table.lines().size(), 4U);
}

TEST(LineTable, MatchesDestinationsThatItHasNoRoomToNote) {
  LineTable table{{{{group(7).address, {}, 3}}}};
  for (std::uint16_t port = 0; port < 500; ++port) {
    EXPECT_EQ(table.find(group(8, port)), LineTable::kNoLine);
    EXPECT_EQ(table.find(group(7, port)), 3);
    EXPECT_FALSE(table.shared());
  }
}

}  // namespace
}  // namespace tapeline::net

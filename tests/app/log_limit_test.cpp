#include "app/log_limit.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tapeline {
namespace {

constexpr std::int64_t kSecond = LogLimit::kWindow;

struct Told {
  std::string kind;
  std::uint64_t count;
  bool operator==(const Told&) const = default;
};

std::vector<Told> suppressed(LogLimit& limit, std::int64_t now_ns, bool all = false) {
  std::vector<Told> told;
  limit.tell_suppressed(now_ns, all, [&](const std::string& kind, std::uint64_t count) {
    told.push_back({kind, count});
  });
  return told;
}

TEST(LogLimit, AllowsSoManyOfAKindPerSecondAndCountsTheRest) {
  LogLimit limit{2};
  EXPECT_TRUE(limit.allow("gap", 5));
  EXPECT_TRUE(limit.allow("gap", 6));
  EXPECT_FALSE(limit.allow("gap", 7));
  EXPECT_FALSE(limit.allow("gap", 5 + kSecond - 1));
  EXPECT_TRUE(suppressed(limit, 5 + kSecond - 1).empty());  // the second is not over
  EXPECT_EQ(suppressed(limit, 5 + kSecond), (std::vector<Told>{{"gap", 2}}));
  EXPECT_TRUE(suppressed(limit, 6 + kSecond).empty());  // told once
  EXPECT_TRUE(limit.allow("gap", 5 + kSecond));
}

TEST(LogLimit, AKindDoesNotTakeThePlaceOfAnother) {
  LogLimit limit{1};
  EXPECT_TRUE(limit.allow("a", 0));
  EXPECT_FALSE(limit.allow("a", 0));
  EXPECT_TRUE(limit.allow("b", 0));
}

TEST(LogLimit, WhatIsNotToldBeforeTheNextSecondIsNotForgotten) {
  LogLimit limit{1};
  EXPECT_TRUE(limit.allow("a", 0));
  EXPECT_FALSE(limit.allow("a", 1));
  EXPECT_TRUE(limit.allow("a", kSecond));
  EXPECT_FALSE(limit.allow("a", kSecond + 1));
  EXPECT_EQ(suppressed(limit, 2 * kSecond), (std::vector<Told>{{"a", 2}}));
}

TEST(LogLimit, TellsAllAtTheEnd) {
  LogLimit limit{1};
  static_cast<void>(limit.allow("a", 0));
  static_cast<void>(limit.allow("a", 0));
  EXPECT_EQ(suppressed(limit, 0, true), (std::vector<Told>{{"a", 1}}));
}

TEST(LogLimit, KeepsABoundedNumberOfKinds) {
  LogLimit limit{1};
  for (std::size_t i = 0; i < LogLimit::kMaxKinds; ++i) {
    EXPECT_TRUE(limit.allow(std::to_string(i), 0));
  }
  EXPECT_TRUE(limit.allow("one more", 0));
  EXPECT_FALSE(limit.allow("another", 0));  // they are one kind now
  EXPECT_FALSE(limit.allow("0", 0));
}

}  // namespace
}  // namespace tapeline

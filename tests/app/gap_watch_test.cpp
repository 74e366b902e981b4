#include "app/gap_watch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tapeline {
namespace {

struct GapWatchTest : ::testing::Test {
  // Looks at these holes; returns what was told, as "first-last".
  std::string look(const std::vector<net::GapRange>& holes, bool by_request, std::int64_t now = 0) {
    std::string told;
    watch.look(
        ++changes, by_request,
        [&](auto&& fn) {
          for (const net::GapRange& hole : holes) fn(hole, now);
        },
        [&](const net::GapRange& hole, std::int64_t since_ns) {
          told += std::to_string(hole.first) + "-" + std::to_string(hole.last_exclusive - 1) + "@" +
                  std::to_string(since_ns) + " ";
        });
    return told;
  }

  GapWatch watch;
  std::uint64_t changes = 0;
};

TEST_F(GapWatchTest, HoleIsToldOnceWhenARequestClosedIt) {
  EXPECT_TRUE(watch.is_idle(0));
  EXPECT_FALSE(watch.is_idle(1));
  EXPECT_EQ(look({{10, 20}}, false, 5), "");
  EXPECT_FALSE(watch.is_idle(changes));
  EXPECT_EQ(look({{10, 20}}, true, 6), "");
  EXPECT_EQ(look({}, true), "10-19@5 ");
  EXPECT_EQ(look({}, true), "");
  EXPECT_TRUE(watch.is_idle(changes));
}

TEST_F(GapWatchTest, HoleThatALineFilledIsNotTold) {
  look({{10, 20}}, false);
  EXPECT_EQ(look({}, false), "");
}

TEST_F(GapWatchTest, HoleThatShrinksIsToldAsItWas) {
  look({{10, 20}, {30, 40}}, false, 1);
  EXPECT_EQ(look({{15, 20}, {30, 40}}, true, 2), "");
  EXPECT_EQ(look({{30, 40}}, true, 3), "10-19@1 ");
  EXPECT_EQ(look({{35, 38}}, true, 4), "");
  EXPECT_EQ(look({}, true, 5), "30-37@1 ");
}

TEST_F(GapWatchTest, HoleFilledInItsMiddleGoesOnAsTwo) {
  look({{10, 100}}, false, 1);
  EXPECT_EQ(look({{10, 40}, {60, 100}}, true, 2), "");
  EXPECT_EQ(look({{60, 100}}, true, 3), "10-39@1 ");
  EXPECT_EQ(look({}, true, 4), "60-99@1 ");
}

TEST_F(GapWatchTest, WhatWasDeclaredLostIsNotToldAgain) {
  look({{10, 20}, {30, 40}}, false);
  watch.forget({10, 20});
  EXPECT_EQ(look({}, true), "30-39@0 ");
}

TEST_F(GapWatchTest, ManyHolesAreBounded) {
  std::vector<net::GapRange> holes;
  for (std::uint64_t i = 0; i < 10 * GapWatch::kMaxHoles; ++i)
    holes.push_back({i * 10, i * 10 + 5});
  EXPECT_EQ(look(holes, true), "");
  EXPECT_EQ(look(holes, true), "");
  holes.erase(holes.begin());
  EXPECT_EQ(look(holes, true), "0-4@0 ");
  const std::string all = look({}, true);
  EXPECT_EQ(std::count(all.begin(), all.end(), '@'), std::ptrdiff_t{GapWatch::kMaxHoles});
}

}  // namespace
}  // namespace tapeline

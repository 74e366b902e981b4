#include "app/feed/json/depth_sync.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace tapeline::feed {
namespace {

UpdateIds spot(std::uint64_t first, std::uint64_t last) { return {.first = first, .last = last}; }
UpdateIds futures(std::uint64_t first, std::uint64_t last, std::uint64_t previous) {
  return {.first = first, .last = last, .previous = previous, .has_previous = true};
}

TEST(DepthSync, UpdatesWaitForASnapshot) {
  DepthSync sync;
  EXPECT_TRUE(sync.is_waiting());
  EXPECT_EQ(sync.on_update(spot(1, 5)), UpdateVerdict::hold);
  EXPECT_TRUE(sync.on_snapshot(10));
  EXPECT_EQ(sync.on_update(spot(5, 9)), UpdateVerdict::old);
  EXPECT_EQ(sync.on_update(spot(10, 10)), UpdateVerdict::old);
  EXPECT_EQ(sync.on_update(spot(11, 12)), UpdateVerdict::apply);
  EXPECT_EQ(sync.on_update(spot(13, 13)), UpdateVerdict::apply);
}

TEST(DepthSync, FirstUpdateMayReachOverTheSnapshot) {
  DepthSync sync;
  static_cast<void>(sync.on_snapshot(10));
  EXPECT_EQ(sync.on_update(spot(8, 12)), UpdateVerdict::apply);
  EXPECT_EQ(sync.on_update(spot(13, 20)), UpdateVerdict::apply);
}

TEST(DepthSync, HoleBehindTheSnapshotMeansItIsTooOld) {
  DepthSync sync;
  static_cast<void>(sync.on_snapshot(10));
  EXPECT_EQ(sync.on_update(spot(13, 14)), UpdateVerdict::gap);
  EXPECT_TRUE(sync.snapshot_was_too_old());
  EXPECT_EQ(sync.missing(), 2U);
  EXPECT_EQ(sync.on_update(spot(15, 15)), UpdateVerdict::hold);
  EXPECT_TRUE(sync.on_snapshot(13));
  EXPECT_EQ(sync.on_update(spot(13, 14)), UpdateVerdict::apply);
}

TEST(DepthSync, HoleBetweenUpdatesIsAGap) {
  DepthSync sync;
  static_cast<void>(sync.on_snapshot(10));
  static_cast<void>(sync.on_update(spot(11, 12)));
  EXPECT_EQ(sync.on_update(spot(14, 20)), UpdateVerdict::gap);
  EXPECT_FALSE(sync.snapshot_was_too_old());
  EXPECT_EQ(sync.missing(), 1U);
  EXPECT_TRUE(sync.is_waiting());
}

TEST(DepthSync, KnownUpdateIsOld) {
  DepthSync sync;
  static_cast<void>(sync.on_snapshot(10));
  static_cast<void>(sync.on_update(spot(11, 15)));
  EXPECT_EQ(sync.on_update(spot(11, 15)), UpdateVerdict::old);
  EXPECT_EQ(sync.on_update(spot(12, 14)), UpdateVerdict::old);
  EXPECT_EQ(sync.on_update(spot(14, 16)), UpdateVerdict::apply);
}

TEST(DepthSync, SnapshotBehindTheBookIsNotApplied) {
  DepthSync sync;
  static_cast<void>(sync.on_snapshot(10));
  static_cast<void>(sync.on_update(spot(11, 15)));
  EXPECT_FALSE(sync.on_snapshot(14));
  EXPECT_TRUE(sync.on_snapshot(15));
  EXPECT_TRUE(sync.on_snapshot(30));
  EXPECT_EQ(sync.on_update(spot(16, 30)), UpdateVerdict::old);
  EXPECT_EQ(sync.on_update(spot(31, 31)), UpdateVerdict::apply);
}

TEST(DepthSync, OlderSnapshotIsTakenAfterALoss) {
  DepthSync sync;
  static_cast<void>(sync.on_snapshot(10));
  sync.lose();
  EXPECT_TRUE(sync.on_snapshot(5));
}

TEST(DepthSync, FuturesFollowByThePreviousEnd) {
  DepthSync sync;
  static_cast<void>(sync.on_snapshot(100));
  EXPECT_EQ(sync.on_update(futures(80, 99, 79)), UpdateVerdict::old);
  EXPECT_EQ(sync.on_update(futures(95, 110, 92)), UpdateVerdict::apply);
  EXPECT_EQ(sync.on_update(futures(150, 160, 110)), UpdateVerdict::apply);
  EXPECT_EQ(sync.on_update(futures(150, 160, 110)), UpdateVerdict::old);
  EXPECT_EQ(sync.on_update(futures(161, 170, 161)), UpdateVerdict::gap);
  EXPECT_EQ(sync.missing(), 0U);
}

TEST(DepthSync, FirstOfFuturesMustSpanTheSnapshot) {
  DepthSync sync;
  static_cast<void>(sync.on_snapshot(100));
  EXPECT_EQ(sync.on_update(futures(101, 110, 99)), UpdateVerdict::gap);
  EXPECT_TRUE(sync.snapshot_was_too_old());
  static_cast<void>(sync.on_snapshot(100));
  EXPECT_EQ(sync.on_update(futures(100, 100, 90)), UpdateVerdict::apply);
}

TEST(DepthSync, UpdateThatEndsBeforeItBeginsIsBad) {
  DepthSync sync;
  EXPECT_EQ(sync.on_update(spot(5, 4)), UpdateVerdict::bad);
  static_cast<void>(sync.on_snapshot(3));
  EXPECT_EQ(sync.on_update(spot(5, 4)), UpdateVerdict::bad);
  EXPECT_EQ(sync.on_update(spot(4, 4)), UpdateVerdict::apply);
}

TEST(DepthSync, LargestNumbersDoNotWrap) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  DepthSync sync;
  static_cast<void>(sync.on_snapshot(kMax));
  EXPECT_EQ(sync.on_update(spot(0, kMax)), UpdateVerdict::old);
  EXPECT_EQ(sync.on_update(spot(kMax, kMax)), UpdateVerdict::old);
}

}  // namespace
}  // namespace tapeline::feed

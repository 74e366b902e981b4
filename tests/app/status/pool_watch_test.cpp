#include "app/status/pool_watch.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "app/status/degraded.hpp"
#include "app/status/metrics.hpp"
#include "app/status/status_page.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::status {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// A pool that is watched each second by a clock of its own.
class PoolWatchTest : public ::testing::Test {
 protected:
  void watch_for(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      now_ += kSecond;
      watch_.sample(pools_.stats(), now_);
    }
  }
  void keep_one() { kept_.push_back(pools_.serialization().try_acquire()); }

  [[nodiscard]] StatusSnapshot snapshot() const {
    StatusSnapshot snapshot;
    snapshot.pools = pools_.stats();
    snapshot.held = watch_.held();
    return snapshot;
  }

  pool::LockFreeBufferPool pools_{[] {
    pool::LockFreeBufferPoolConfig config;
    config.serialization = {.buffer_bytes = 4096, .buffer_count = 64};
    config.compression = {.buffer_bytes = 4096, .buffer_count = 64};
    config.simd = {.buffer_bytes = 4096, .buffer_count = 64};
    return config;
  }()};
  PoolWatch watch_;
  std::vector<pool::SerializationGuard> kept_;
  std::int64_t now_ = 0;
};

TEST_F(PoolWatchTest, AGuardKeptNowAndThenIsALeakAtTheFourth) {
  watch_for(10);
  for (int round = 0; round < 4; ++round) {
    EXPECT_FALSE(may_leak(snapshot(), &HeldStatuses::serialization)) << round;
    keep_one();
    watch_for(50);
  }
  EXPECT_EQ(watch_.held().serialization.lowest, 4U);
  EXPECT_EQ(watch_.held().serialization.rise, 4U);
  EXPECT_EQ(watch_.held().serialization.rise_seconds, 190.0);
  EXPECT_EQ(watch_.held().compression.rise, 0U);
}

TEST_F(PoolWatchTest, ALeakIsSaidEverywhere) {
  for (int round = 0; round < 8; ++round) {
    watch_for(10);
    keep_one();
  }
  const StatusSnapshot leaking = snapshot();
  const std::string text =
      "pool serialization: at least 6 buffers in use all the time, 6 more than 60 s ago and never "
      "fewer since: a leak, or a reader that falls behind";
  EXPECT_EQ(degradations(leaking), std::vector<std::string>{text});
  const auto status = nlohmann::json::parse(status_json(leaking));
  EXPECT_EQ(status.at("degraded").at(0), text);
  EXPECT_EQ(status.at("ready"), true);  // it still works
  EXPECT_EQ(status.at("pools").at("serialization").at("in_use"), 8);
  EXPECT_EQ(status.at("pools").at("serialization").at("leak_suspected"), true);
  const std::string metrics = metrics_text(leaking);
  for (const char* line : {"tapeline_pool_buffers_in_use{pool=\"serialization\"} 8\n",
                           "tapeline_pool_buffers_in_use_lowest{pool=\"serialization\"} 6\n",
                           "tapeline_pool_leak_suspected{pool=\"serialization\"} 1\n",
                           "tapeline_pool_leak_suspected{pool=\"compression\"} 0\n"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
  }
}

TEST_F(PoolWatchTest, TheWarningEndsFiveMinutesAfterTheLastRise) {
  for (int round = 0; round < 8; ++round) {
    watch_for(10);
    keep_one();
  }
  EXPECT_TRUE(may_leak(snapshot(), &HeldStatuses::serialization));
  watch_for(300);
  EXPECT_TRUE(may_leak(snapshot(), &HeldStatuses::serialization));
  watch_for(30);
  EXPECT_FALSE(may_leak(snapshot(), &HeldStatuses::serialization));
}

TEST_F(PoolWatchTest, TheWarningEndsWhenBuffersComeHome) {
  for (int round = 0; round < 8; ++round) {
    watch_for(10);
    keep_one();
  }
  EXPECT_TRUE(may_leak(snapshot(), &HeldStatuses::serialization));
  kept_.pop_back();
  kept_.pop_back();
  watch_for(20);
  EXPECT_FALSE(may_leak(snapshot(), &HeldStatuses::serialization));
}

TEST_F(PoolWatchTest, BurstsThatComeHomeAreNoLeak) {
  for (int burst = 1; burst < 30; ++burst) {
    for (int i = 0; i < burst; ++i) keep_one();
    watch_for(6);
    kept_.clear();
    watch_for(4);
  }
  EXPECT_EQ(watch_.held().serialization.lowest, 0U);
  EXPECT_FALSE(may_leak(snapshot(), &HeldStatuses::serialization));
}

TEST_F(PoolWatchTest, WhatIsHeldFromTheBeginningIsNoLeak) {
  for (int i = 0; i < 20; ++i) keep_one();
  watch_for(200);
  EXPECT_EQ(watch_.held().serialization.lowest, 20U);
  EXPECT_FALSE(may_leak(snapshot(), &HeldStatuses::serialization));
}

// One column for each instrument is what the VWAPs need.
TEST(MayLeak, AColumnForEachInstrumentIsNone) {
  StatusSnapshot snapshot;
  snapshot.held.simd = {.lowest = 100, .rise = 50, .rise_seconds = 60.0};
  snapshot.markets.emplace_back().instruments = 100;
  EXPECT_FALSE(may_leak(snapshot, &HeldStatuses::simd));
  snapshot.held.simd.lowest = 101;
  EXPECT_TRUE(may_leak(snapshot, &HeldStatuses::simd));
}

}  // namespace
}  // namespace tapeline::status

#include "net/spsc_ring.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <thread>

namespace tapeline::net {
namespace {

using namespace std::chrono_literals;

TEST(SpscRing, RefusesACapacityOfZero) { EXPECT_THROW(SpscRing<int>{0}, std::invalid_argument); }

TEST(SpscRing, RoundsTheCapacityUp) { EXPECT_EQ(SpscRing<int>{5}.capacity(), 8U); }

TEST(SpscRing, GivesValuesBackInOrder) {
  SpscRing<int> ring{4};
  for (int round = 0; round < 10; ++round) {
    for (int value = 0; value < 3; ++value) ASSERT_TRUE(ring.try_push(int{value}));
    EXPECT_EQ(ring.size(), 3U);
    for (int value = 0; value < 3; ++value) {
      int got = -1;
      ASSERT_TRUE(ring.try_pop(got));
      EXPECT_EQ(got, value);
    }
  }
  EXPECT_TRUE(ring.empty());
}

TEST(SpscRing, FullRingLeavesTheValueWithItsOwner) {
  SpscRing<std::unique_ptr<int>> ring{2};
  ASSERT_TRUE(ring.try_push(std::make_unique<int>(1)));
  ASSERT_TRUE(ring.try_push(std::make_unique<int>(2)));
  auto third = std::make_unique<int>(3);
  EXPECT_FALSE(ring.try_push(std::move(third)));
  ASSERT_NE(third, nullptr);
  EXPECT_EQ(*third, 3);
}

TEST(SpscRing, PoppedSlotKeepsNothingAlive) {
  SpscRing<std::shared_ptr<int>> ring{2};
  auto value = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = value;
  ASSERT_TRUE(ring.try_push(std::move(value)));
  std::shared_ptr<int> got;
  ASSERT_TRUE(ring.try_pop(got));
  got.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(SpscRing, EmptyRingLeavesTheTargetAsItWas) {
  SpscRing<int> ring{2};
  int got = 7;
  EXPECT_FALSE(ring.try_pop(got));
  EXPECT_EQ(got, 7);
}

TEST(SpscRing, WaitingEndsWithTheTimeOut) {
  SpscRing<int> ring{2};
  EXPECT_FALSE(ring.wait_for(1ms));
}

TEST(SpscRing, WaitingDoesNotSleepWhenThereIsSomething) {
  SpscRing<int> ring{2};
  ASSERT_TRUE(ring.try_push(1));
  EXPECT_TRUE(ring.wait_for(1h));
}

TEST(SpscRing, ClosingWakesTheConsumerForGood) {
  SpscRing<int> ring{2};
  std::thread consumer{[&] {
    while (!ring.closed()) ring.wait_for(1h);
    ring.wait_for(1h);  // does not sleep any more
  }};
  ring.close();
  consumer.join();
}

// Claim: no value is lost, doubled or out of order, and no wake-up is missed, whatever the two
// threads' pace. The consumer sleeps for an hour when the ring is empty: a missed wake-up hangs.
TEST(SpscRing, HandsEverythingOverWithoutAMissedWakeUp) {
  constexpr std::uint64_t kValues = 200'000;
  SpscRing<std::unique_ptr<std::uint64_t>> ring{8};
  std::thread producer{[&] {
    for (std::uint64_t value = 0; value < kValues; ++value) {
      auto boxed = std::make_unique<std::uint64_t>(value);
      while (!ring.try_push(std::move(boxed))) std::this_thread::yield();
      if (value % 1000 == 0) std::this_thread::yield();  // let it run empty
    }
    ring.close();
  }};
  std::uint64_t expected = 0;
  std::unique_ptr<std::uint64_t> got;
  bool in_order = true;
  for (;;) {
    if (ring.try_pop(got)) {
      in_order = in_order && *got == expected;
      ++expected;
    } else if (ring.closed()) {
      if (ring.empty()) break;
    } else {
      ring.wait_for(1h);
    }
  }
  producer.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(expected, kValues);
}

}  // namespace
}  // namespace tapeline::net

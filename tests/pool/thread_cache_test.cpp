#include "pool/thread_cache.hpp"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <vector>

namespace tapeline::pool {
namespace {

class ThreadCacheTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kBatch = 3;

  ThreadCacheTest() {
    for (std::uint32_t first = 0; first < 9; first += kBatch) {
      const std::array<std::uint32_t, kBatch> slots{first, first + 1, first + 2};
      stack_.push(slots.data(), kBatch);
    }
  }

  FreeStack stack_{16};
  ThreadCache cache_{kBatch};
};

TEST_F(ThreadCacheTest, EmptyCacheGivesNothingAndCountsNothing) {
  EXPECT_EQ(cache_.take(), kNoSlot);
  EXPECT_EQ(cache_.acquires.get(), 0U);
}

TEST_F(ThreadCacheTest, RefillTakesOneBatchWithOneSwap) {
  EXPECT_EQ(cache_.refill(stack_), 6U);
  EXPECT_EQ(cache_.parked(), kBatch);
  EXPECT_EQ(stack_.tag(), 1U);
}

TEST_F(ThreadCacheTest, GivesBackFirstWhatCameLast) {
  cache_.put(11);
  cache_.put(12);
  EXPECT_EQ(cache_.take(), 12U);
  EXPECT_EQ(cache_.take(), 11U);
  EXPECT_EQ(cache_.take(), kNoSlot);
}

TEST_F(ThreadCacheTest, FullCacheFlushesTheOldestBatch) {
  for (std::uint32_t slot = 10; slot < 16; ++slot) cache_.put(slot);
  ASSERT_TRUE(cache_.full());
  EXPECT_EQ(cache_.flush_oldest(stack_), 12U);
  std::array<std::uint32_t, kMaxBatch> flushed{};
  ASSERT_EQ(stack_.pop(flushed.data()).count, kBatch);
  EXPECT_EQ(flushed[0], 10U);
  EXPECT_EQ(flushed[1], 11U);
  EXPECT_EQ(flushed[2], 12U);
  EXPECT_EQ(cache_.take(), 15U);
  EXPECT_EQ(cache_.take(), 14U);
  EXPECT_EQ(cache_.take(), 13U);
}

TEST_F(ThreadCacheTest, KeepsNamesWhereTheStackHasSlots) {
  constexpr BufferName kFirst = 7U << kSlotBits;
  ThreadCache cache{kBatch, kFirst};
  cache.refill(stack_);
  EXPECT_EQ(cache.take(), kFirst + 8);
  EXPECT_EQ(cache.take(), kFirst + 7);
  EXPECT_EQ(cache.take(), kFirst + 6);
  cache.put(kFirst + 7);
  cache.flush_oldest(stack_);
  std::array<std::uint32_t, kMaxBatch> flushed{};
  ASSERT_EQ(stack_.pop(flushed.data()).count, 1U);
  EXPECT_EQ(flushed[0], 7U);
}

TEST_F(ThreadCacheTest, FlushesWhatThereIsWhenItIsLessThanABatch) {
  cache_.put(10);
  EXPECT_EQ(cache_.flush_oldest(stack_), 10U);
  EXPECT_EQ(cache_.parked(), 0U);
}

// Claim to break: around a border between batches each operation goes to the stack.
TEST_F(ThreadCacheTest, TurnsBackAtABorderWithoutTheStack) {
  const auto swaps = [this] { return stack_.tag(); };
  cache_.refill(stack_);
  std::array<std::uint32_t, 4> held{};
  for (std::uint32_t& slot : held) {
    slot = cache_.take();
    if (slot == kNoSlot) {
      cache_.refill(stack_);
      slot = cache_.take();
    }
  }
  // One slot of the second batch is out; go back and forth over the border.
  const std::uint64_t before = swaps();
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 4; i-- != 2;) ASSERT_TRUE(cache_.try_put(held[i]));
    for (std::size_t i = 2; i < 4; ++i) ASSERT_NE(held[i] = cache_.take(), kNoSlot);
  }
  EXPECT_EQ(swaps(), before);
  EXPECT_EQ(stack_.depth(), 3U);
  // And at the upper end: after a flush one batch is left, so a batch may come back.
  for (std::uint32_t slot = 10; !cache_.full(); ++slot) cache_.put(slot);
  EXPECT_FALSE(cache_.try_put(9));
  cache_.flush_oldest(stack_);
  const std::uint32_t depth = stack_.depth();
  for (int round = 0; round < 10; ++round) {
    for (std::uint32_t i = 0; i < kBatch; ++i) ASSERT_TRUE(cache_.try_put(9 - i));
    for (std::uint32_t i = 0; i < kBatch; ++i) ASSERT_NE(cache_.take(), kNoSlot);
  }
  EXPECT_EQ(stack_.depth(), depth);
}

// Claim to break: a cache that asks for its next batch early hands out, counts and swaps as one
// that does not.
TEST(ThreadCache, AskingForTheNextBatchEarlyChangesNothing) {
  constexpr std::uint32_t kLarge = 16;
  constexpr std::uint32_t kBatches = 8;
  FreeStack stacks[2]{FreeStack{kLarge * kBatches}, FreeStack{kLarge * kBatches}};
  for (FreeStack& stack : stacks) {
    for (std::uint32_t first = 0; first < kLarge * kBatches; first += kLarge) {
      std::array<std::uint32_t, kLarge> slots{};
      std::iota(slots.begin(), slots.end(), first);
      stack.push(slots.data(), kLarge);
    }
  }
  ThreadCache early{kLarge, 0, &stacks[0]};
  ThreadCache plain{kLarge};
  std::vector<BufferName> held;
  for (std::uint32_t step = 0; step < 2000; ++step) {
    // Up and down by different lengths, so that every level is passed in both directions.
    const bool takes = step % 97 < 49 + step % 5;
    if (takes) {
      const BufferName name = early.take();
      ASSERT_EQ(plain.take(), name) << step;
      if (name != kNoSlot) {
        held.push_back(name);
      } else {
        ASSERT_EQ(early.refill(stacks[0]), plain.refill(stacks[1]));
        const auto outside = kLarge * kBatches - stacks[0].depth();
        early.set_outside(outside);
        plain.set_outside(outside);
      }
    } else if (!held.empty()) {
      const bool kept = early.try_put(held.back());
      ASSERT_EQ(plain.try_put(held.back()), kept) << step;
      if (kept) {
        held.pop_back();
      } else {
        ASSERT_EQ(early.flush_oldest(stacks[0]), plain.flush_oldest(stacks[1]));
      }
    }
    ASSERT_EQ(early.parked(), plain.parked());
    ASSERT_EQ(early.peak_in_use(), plain.peak_in_use());
    ASSERT_EQ(early.acquires.get(), plain.acquires.get());
  }
  EXPECT_GT(stacks[0].tag(), 1U);
  EXPECT_EQ(stacks[0].tag(), stacks[1].tag());
}

TEST_F(ThreadCacheTest, OverflowBuffersCountButAreNotParked) {
  cache_.set_outside(1);
  cache_.note_acquired(1);
  EXPECT_EQ(cache_.acquires.get(), 1U);
  EXPECT_EQ(cache_.parked(), 0U);
  EXPECT_EQ(cache_.peak_in_use(), 1);
  cache_.put(3);
  cache_.note_released();
  EXPECT_EQ(cache_.parked(), 1U);
  EXPECT_EQ(cache_.releases.get(), 2U);
  cache_.drop();
  EXPECT_EQ(cache_.parked(), 0U);
}

TEST_F(ThreadCacheTest, CountsAcquiresAndReleases) {
  cache_.refill(stack_);
  const std::uint32_t slot = cache_.take();
  cache_.put(slot);
  cache_.take();
  EXPECT_EQ(cache_.acquires.get(), 2U);
  EXPECT_EQ(cache_.releases.get(), 1U);
}

TEST_F(ThreadCacheTest, PeakFollowsWhatIsOutsideLessWhatIsParked) {
  cache_.refill(stack_);
  cache_.set_outside(3);
  cache_.put(cache_.take());
  cache_.put(cache_.take());
  EXPECT_EQ(cache_.peak_in_use(), 1);
  cache_.take();
  cache_.take();
  EXPECT_EQ(cache_.peak_in_use(), 2);
}

TEST_F(ThreadCacheTest, StandsAloneOnItsLines) {
  EXPECT_EQ(alignof(ThreadCache), kLinePairBytes);
  EXPECT_EQ(sizeof(ThreadCache) % kLinePairBytes, 0U);
}

}  // namespace
}  // namespace tapeline::pool

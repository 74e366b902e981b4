// Claim to break: a buffer has one owner at a time, and none is lost, when eight threads are
// preempted between reading the head of a stack and replacing it. The pool is built with a call in
// that window.

#include "stress.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "pool_support.hpp"
#include "stress_subjects.hpp"

namespace tapeline::pool {

void HookOfTest::before_swap() noexcept { Window::before_swap(); }

namespace {

// Pairs where a sanitizer does not slow them down, and where one does.
constexpr std::uint64_t pairs(std::uint64_t millions) {
  return kSanitized ? millions * 20'000 : millions * 1'000'000;
}

constexpr std::uint32_t kThreads = 8;

void expect_whole(PoolSubject& subject, const Outcome& outcome) {
  EXPECT_EQ(outcome.strangers, 0U);
  subject.pool().flush_this_thread();
  const BufferCounts counts = quiet_counts(subject.pool());
  EXPECT_EQ(counts.acquires, outcome.pairs);
  EXPECT_EQ(counts.releases, outcome.pairs);
  EXPECT_EQ(counts.acquires, counts.cache_hits + counts.stack_hits + counts.fallback_allocations);
  EXPECT_EQ(counts.misses, counts.stack_hits + counts.fallback_allocations + counts.refusals);
  EXPECT_EQ(counts.in_use, 0U);
  EXPECT_EQ(counts.parked, 0U);
  EXPECT_EQ(counts.overflow_in_use, 0U);
  EXPECT_EQ(counts.available, counts.buffers + counts.grown_buffers);
  const std::size_t drained = drain(subject.pool()).size();
  EXPECT_GE(drained, counts.available + counts.overflow_buffers);
  EXPECT_LE(drained, counts.max_buffers);
  testing::Test::RecordProperty("pairs", std::to_string(outcome.pairs));
  testing::Test::RecordProperty("stack_hits", std::to_string(counts.stack_hits));
  testing::Test::RecordProperty("retries",
                                std::to_string(counts.cas_retries_pop + counts.cas_retries_push));
}

TEST(Stress, PoolServesEightThreadsFromTheirCaches) {
  PoolSubject subject{small_pool(128, 4, 4)};
  const Plan plan{.threads = kThreads, .pairs = pairs(100)};
  const Outcome outcome = stress(subject, plan);
  EXPECT_GE(outcome.pairs, plan.pairs);
  expect_whole(subject, outcome);
}

TEST(Stress, ScarcePoolHandsSingleBuffersAcrossThreads) {
  PoolSubject subject{small_pool(24, 3, 1)};
  const Plan plan{.threads = kThreads, .pairs = pairs(5), .held = 6, .hand_over = true};
  const Outcome outcome = stress(subject, plan);
  EXPECT_GE(outcome.pairs, plan.pairs);
  expect_whole(subject, outcome);
  const BufferCounts counts = subject.pool().counts();
  EXPECT_GT(counts.stack_hits, outcome.pairs / 20);
  EXPECT_GT(counts.fallback_allocations, 0U);
  if (!kSanitized) {
    EXPECT_GT(counts.cas_retries_pop + counts.cas_retries_push, 0U);
  }
}

TEST(Stress, PoolHandsWholeBatchesAcrossThreads) {
  PoolSubject subject{small_pool(64, 0, 3)};
  const Plan plan{.threads = kThreads, .pairs = pairs(10), .held = 8, .hand_over = true};
  const Outcome outcome = stress(subject, plan);
  EXPECT_GE(outcome.pairs, plan.pairs);
  expect_whole(subject, outcome);
}

TEST(Stress, PoolThatGrowsAndIsTrimmedServesEightThreads) {
  PoolConfig config = small_pool(8, 2, 2);
  config.max_buffers = 48;
  config.slab_buffers = 5;
  PoolSubject subject{config};
  std::atomic<bool> done{false};
  std::thread trimmer{[&] {
    while (!done) {
      subject.pool().trim();
      ::sched_yield();
    }
  }};
  const Plan plan{.threads = kThreads, .pairs = pairs(4), .held = 6, .hand_over = true};
  const Outcome outcome = stress(subject, plan);
  EXPECT_GE(outcome.pairs, plan.pairs);
  done = true;
  trimmer.join();
  expect_whole(subject, outcome);
}

using WindowedStack = BasicFreeStack<Window>;

void expect_each_slot_once(StackSubject<WindowedStack>& subject) {
  const std::vector<std::uint32_t> times = subject.empty();
  EXPECT_TRUE(std::all_of(times.begin(), times.end(), [](auto count) { return count == 1; }));
}

TEST(Stress, StackOfFewSingleSlotsHasOneOwnerForEach) {
  StackSubject<WindowedStack> subject{12, 1};
  const Plan plan{.threads = kThreads, .pairs = pairs(3), .held = 2};
  const Outcome outcome = stress(subject, plan);
  EXPECT_GE(outcome.pairs, plan.pairs);
  EXPECT_EQ(outcome.strangers, 0U);
  expect_each_slot_once(subject);
}

TEST(Stress, StackOfBatchesThatJoinAndSplitHasOneOwnerForEachSlot) {
  StackSubject<WindowedStack> subject{160, 5};
  const Plan plan{.threads = kThreads, .pairs = pairs(3), .held = 2, .hand_over = true};
  const Outcome outcome = stress(subject, plan);
  EXPECT_GE(outcome.pairs, plan.pairs);
  EXPECT_EQ(outcome.strangers, 0U);
  expect_each_slot_once(subject);
}

}  // namespace
}  // namespace tapeline::pool

#include "pool/free_stack.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

using testing::ElementsAre;

template <typename Stack>
std::vector<std::uint32_t> pop(Stack& stack) {
  std::array<std::uint32_t, kMaxBatch> slots{};
  const auto popped = stack.pop(slots.data());
  return {slots.begin(), slots.begin() + popped.count};
}

template <typename Stack>
void push(Stack& stack, const std::vector<std::uint32_t>& slots) {
  stack.push(slots.data(), static_cast<std::uint32_t>(slots.size()));
}

// Runs `action` once, in the window between reading the head and replacing it.
struct Meddle {
  static inline std::function<void()> action;
  static void before_swap() noexcept {
    if (const auto now = std::exchange(action, {}); now) now();
  }
};
using MeddledStack = BasicFreeStack<Meddle>;

TEST(FreeStack, StartsEmpty) {
  FreeStack stack{4};
  EXPECT_EQ(stack.depth(), 0U);
  EXPECT_TRUE(pop(stack).empty());
}

TEST(FreeStack, ReturnsBatchesLastInFirstOutWithTheirSlotsInOrder) {
  FreeStack stack{10};
  push(stack, {3});
  push(stack, {5, 1, 9});
  push(stack, {0, 2});
  EXPECT_EQ(stack.depth(), 6U);
  EXPECT_THAT(pop(stack), ElementsAre(0, 2));
  EXPECT_THAT(pop(stack), ElementsAre(5, 1, 9));
  EXPECT_EQ(stack.depth(), 1U);
  EXPECT_THAT(pop(stack), ElementsAre(3));
  EXPECT_TRUE(pop(stack).empty());
}

TEST(FreeStack, MovesLargestBatchWhole) {
  for (const std::uint32_t batch : {1U, 31U, 32U, 63U, 64U, kMaxBatch}) {
    FreeStack stack{2 * batch, batch};
    EXPECT_GE(stack.max_batch(), batch);
    std::vector<std::uint32_t> lower(batch);
    std::vector<std::uint32_t> upper(batch);
    std::iota(lower.rbegin(), lower.rend(), 0U);
    std::iota(upper.begin(), upper.end(), batch);
    push(stack, lower);
    push(stack, upper);
    EXPECT_EQ(pop(stack), upper);
    EXPECT_EQ(pop(stack), lower);
    EXPECT_TRUE(pop(stack).empty());
  }
}

TEST(FreeStack, HoldsTheHighestSlotThereMayBe) {
  FreeStack stack{kNoSlot};
  push(stack, {kNoSlot - 1, 0});
  push(stack, {7});
  EXPECT_THAT(pop(stack), ElementsAre(7));
  EXPECT_THAT(pop(stack), ElementsAre(kNoSlot - 1, 0));
}

TEST(FreeStack, RaisesTagByEverySuccessfulPopAndByNothingElse) {
  FreeStack stack{2};
  EXPECT_EQ(stack.tag(), 0U);
  push(stack, {0});
  push(stack, {1});
  EXPECT_EQ(stack.tag(), 0U);
  pop(stack);
  pop(stack);
  EXPECT_EQ(stack.tag(), 2U);
  pop(stack);  // empty
  EXPECT_EQ(stack.tag(), 2U);
}

TEST(FreeStack, TellsDepthAfterEachMove) {
  FreeStack stack{8};
  const std::array<std::uint32_t, 3> slots{1, 2, 3};
  EXPECT_EQ(stack.push(slots.data(), 3).depth, 3U);
  const std::uint32_t one = 4;
  EXPECT_EQ(stack.push(&one, 1).depth, 4U);
  std::array<std::uint32_t, kMaxBatch> out{};
  EXPECT_EQ(stack.pop(out.data()).depth, 3U);
  EXPECT_EQ(stack.pop(out.data()).depth, 0U);
}

// Claim to break: a head that left and came back during a pop is taken for the same head (ABA).
TEST(FreeStack, PopNoticesThatHeadLeftAndCameBack) {
  MeddledStack stack{3};
  push(stack, {2});
  push(stack, {1});
  push(stack, {0});
  Meddle::action = [&stack] {
    EXPECT_THAT(pop(stack), ElementsAre(0));
    EXPECT_THAT(pop(stack), ElementsAre(1));  // 1 has an owner from here on
    push(stack, {0});
  };
  std::array<std::uint32_t, kMaxBatch> slots{};
  const auto popped = stack.pop(slots.data());
  EXPECT_EQ(popped.retries, 1U);
  EXPECT_EQ(slots[0], 0U);
  EXPECT_EQ(popped.depth, 1U);
  EXPECT_THAT(pop(stack), ElementsAre(2));
  EXPECT_TRUE(pop(stack).empty());
}

// Claim to break: a pop uses the batch it saw first, although the same slot now heads another one.
TEST(FreeStack, PopTakesTheBatchThatIsThereWhenItWins) {
  MeddledStack stack{6};
  push(stack, {5});
  push(stack, {0, 1, 2});
  Meddle::action = [&stack] {
    EXPECT_THAT(pop(stack), ElementsAre(0, 1, 2));
    push(stack, {0, 4});
  };
  EXPECT_THAT(pop(stack), ElementsAre(0, 4));
  EXPECT_THAT(pop(stack), ElementsAre(5));
}

// Claim to break: a push that was overtaken links to the old head.
TEST(FreeStack, PushLinksToTheHeadThatIsThereWhenItWins) {
  MeddledStack stack{4};
  push(stack, {3});
  Meddle::action = [&stack] {
    EXPECT_THAT(pop(stack), ElementsAre(3));
    push(stack, {1, 2});
  };
  const std::uint32_t slot = 0;
  const auto pushed = stack.push(&slot, 1);
  EXPECT_EQ(pushed.retries, 1U);
  EXPECT_EQ(pushed.depth, 3U);
  EXPECT_THAT(pop(stack), ElementsAre(0));
  EXPECT_THAT(pop(stack), ElementsAre(1, 2));
  EXPECT_TRUE(pop(stack).empty());
}

// Stops one thread inside an operation until it is let go.
struct Suspend {
  static inline std::atomic<bool> armed{false};
  static inline std::atomic<bool> stopped{false};
  static inline std::atomic<bool> go{false};
  static void before_swap() noexcept {
    if (!armed.exchange(false)) return;
    stopped = true;
    stopped.notify_all();
    go.wait(false);
  }
  static void reset() { armed = stopped = go = false; }
};

template <typename Operation>
void expect_others_progress_while_suspended(Operation operation) {
  Suspend::reset();
  BasicFreeStack<Suspend> stack{4};
  push(stack, {1});
  push(stack, {2});
  Suspend::armed = true;
  std::thread sleeper{[&] { operation(stack); }};
  Suspend::stopped.wait(false);
  for (int round = 0; round < 1000; ++round) {
    const auto slots = pop(stack);
    ASSERT_EQ(slots.size(), 1U);
    push(stack, slots);
  }
  Suspend::go = true;
  Suspend::go.notify_all();
  sleeper.join();
}

// Claim to break: a thread that sleeps inside pop() or push() holds up the others.
TEST(FreeStack, OthersProgressWhileOneSleepsInsidePop) {
  expect_others_progress_while_suspended([](auto& stack) { EXPECT_EQ(pop(stack).size(), 1U); });
}
TEST(FreeStack, OthersProgressWhileOneSleepsInsidePush) {
  expect_others_progress_while_suspended([](auto& stack) { push(stack, {3}); });
}

struct Yield {
  static inline thread_local std::uint32_t calls = 0;
  static void before_swap() noexcept {
    if (++calls % 16 == 0) std::this_thread::yield();
  }
};

// Claim to break: two threads can own one slot at a time, or a slot can be lost, when threads are
// switched between reading the head and replacing it.
TEST(FreeStack, EverySlotHasOneOwnerUnderForcedPreemption) {
  constexpr std::uint32_t kSlots = 6;
  constexpr std::uint32_t kThreads = 4;
  BasicFreeStack<Yield> stack{kSlots};
  for (std::uint32_t slot = 0; slot < kSlots; ++slot) push(stack, {slot});
  std::array<std::uint32_t, kSlots> owners{};  // plain: a second owner is a data race as well
  std::atomic<int> violations{0};
  const auto work = [&](std::uint32_t id) {
    for (int round = 0; round < scaled(200'000); ++round) {
      auto slots = pop(stack);
      if (auto more = pop(stack); !more.empty() && slots.size() + more.size() < kSlots) {
        slots.insert(slots.end(), more.begin(), more.end());
      } else if (!more.empty()) {
        push(stack, more);
      }
      if (slots.empty()) continue;
      for (const std::uint32_t slot : slots) owners[slot] = id;
      for (const std::uint32_t slot : slots) violations += owners[slot] == id ? 0 : 1;
      if (round % 3 == 0 && slots.size() > 1) {
        push(stack, {slots.back()});
        slots.pop_back();
      }
      push(stack, slots);
    }
  };
  std::vector<std::thread> threads;
  for (std::uint32_t id = 1; id <= kThreads; ++id) threads.emplace_back(work, id);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(violations, 0);
  EXPECT_EQ(stack.depth(), kSlots);
  std::vector<std::uint32_t> all;
  for (auto slots = pop(stack); !slots.empty(); slots = pop(stack)) {
    all.insert(all.end(), slots.begin(), slots.end());
  }
  EXPECT_THAT(all, testing::UnorderedElementsAre(0, 1, 2, 3, 4, 5));
}

}  // namespace
}  // namespace tapeline::pool

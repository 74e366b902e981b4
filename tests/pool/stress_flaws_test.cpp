// The harness is worth what it finds: stacks with one mistake each, which it must catch, beside the
// same stack without a mistake, which it must let pass.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "pool_support.hpp"
#include "stress.hpp"
#include "stress_schedules.hpp"
#include "stress_subjects.hpp"

#if defined(__SANITIZE_THREAD__)
#define TAPELINE_POOL_TEST_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TAPELINE_POOL_TEST_TSAN 1
#endif
#endif

namespace tapeline::pool {
namespace {

enum class Flaw {
  none,
  no_tag,        // a head that was popped and pushed back compares equal
  plain_next,    // the link is not atomic, though a pop that will lose reads it
  relaxed_push,  // the swap of a push publishes nothing
};

// BasicFreeStack in short, for batches of one.
template <Flaw flaw>
class FlawedStack {
 public:
  explicit FlawedStack(std::uint32_t slots) : links_(slots, kNoSlot) {}

  struct Popped {
    std::uint32_t count;
  };

  void push(const std::uint32_t* slots, std::uint32_t) noexcept {
    constexpr auto kPublish =
        flaw == Flaw::relaxed_push ? std::memory_order_relaxed : std::memory_order_release;
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    do {
      set_link(slots[0], static_cast<std::uint32_t>(head) & kNoSlot);
      Window::before_swap();
    } while (!head_.compare_exchange_weak(head, (head & ~std::uint64_t{kNoSlot}) | slots[0],
                                          kPublish, std::memory_order_relaxed));
  }

  Popped pop(std::uint32_t* slots) noexcept {
    constexpr std::uint64_t kTagStep = flaw == Flaw::no_tag ? 0 : std::uint64_t{1} << kSlotBits;
    std::uint64_t head = head_.load(std::memory_order_acquire);
    for (;;) {
      const std::uint32_t top = static_cast<std::uint32_t>(head) & kNoSlot;
      if (top == kNoSlot) return {0};
      const std::uint64_t next = ((head & ~std::uint64_t{kNoSlot}) + kTagStep) | link(top);
      Window::before_swap();
      if (head_.compare_exchange_weak(head, next, std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
        slots[0] = top;
        return {1};
      }
    }
  }

 private:
  std::uint32_t link(std::uint32_t slot) noexcept {
    if constexpr (flaw == Flaw::plain_next) return links_[slot];
    return std::atomic_ref{links_[slot]}.load(std::memory_order_relaxed);
  }
  void set_link(std::uint32_t slot, std::uint32_t below) noexcept {
    if constexpr (flaw == Flaw::plain_next) {
      links_[slot] = below;
    } else {
      std::atomic_ref{links_[slot]}.store(below, std::memory_order_relaxed);
    }
  }

  alignas(kLinePairBytes) std::atomic<std::uint64_t> head_{kNoSlot};
  alignas(kLinePairBytes) std::vector<std::uint32_t> links_;
};

// Both schedules, then a random run. The first stranger ends it.
template <typename Stack>
std::uint64_t strangers(const Plan& plan) {
  StackSubject<Stack> subject{12, 1};
  std::uint64_t seen = play_publication(subject).strangers;
  seen += play_head_that_comes_back(subject).strangers;
  if (seen == 0) seen += stress(subject, plan).strangers;
  if (seen != 0) return seen;
  const std::vector<std::uint32_t> times = subject.empty();
  return static_cast<std::uint64_t>(
      std::count_if(times.begin(), times.end(), [](auto count) { return count != 1; }));
}

constexpr Plan kPlan{
    .threads = 8, .pairs = kSanitized ? 40'000 : 1'000'000, .held = 2, .stop_at_stranger = true};

TEST(StressFlaws, StackWithoutAMistakePasses) {
  EXPECT_EQ(strangers<FlawedStack<Flaw::none>>(kPlan), 0U);
}

TEST(StressFlaws, FreeStackPasses) { EXPECT_EQ(strangers<BasicFreeStack<Window>>(kPlan), 0U); }

// A child, because ThreadSanitizer reports the second owner as well, and fails the process.
class StressFlawsDeathTest : public testing::Test {
 protected:
  StressFlawsDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  template <Flaw flaw>
  [[noreturn]] static void find_strangers() {
    const std::uint64_t seen = strangers<FlawedStack<flaw>>(kPlan);
    if (seen != 0) std::fprintf(stderr, "a buffer had two owners\n");
    std::exit(seen == 0 ? 0 : 1);
  }
  template <Flaw flaw>
  [[noreturn]] static void find_strangers_at_random() {
    // A round may also lose slots instead, and then ends soon. The first rounds are enough.
    Outcome outcome;
    for (int round = 0; round < 1000 && outcome.strangers == 0; ++round) {
      StackSubject<FlawedStack<flaw>> subject{4, 1};
      outcome = stress(subject, {.threads = 8,
                                 .pairs = 1'000'000,
                                 .held = 2,
                                 .patience = 2000,
                                 .stop_at_stranger = true});
    }
    std::fprintf(stderr, outcome.strangers != 0 ? "a buffer had two owners\n" : "nothing found\n");
    std::exit(outcome.strangers == 0 ? 0 : 1);
  }
};

bool failed(int status) { return WIFEXITED(status) && WEXITSTATUS(status) != 0; }

TEST_F(StressFlawsDeathTest, StackWithoutATagGivesABufferToTwoOwners) {
  EXPECT_EXIT(find_strangers<Flaw::no_tag>(), failed, "a buffer had two owners");
}

TEST_F(StressFlawsDeathTest, StackWithoutATagIsFoundAtRandomToo) {
  EXPECT_EXIT(find_strangers_at_random<Flaw::no_tag>(), failed, "a buffer had two owners");
}

#if defined(TAPELINE_POOL_TEST_TSAN)
TEST_F(StressFlawsDeathTest, ThreadSanitizerFindsALinkThatIsNotAtomic) {
  EXPECT_EXIT(find_strangers<Flaw::plain_next>(), failed, "data race(.|\n)*FlawedStack.*::");
}

TEST_F(StressFlawsDeathTest, ThreadSanitizerFindsAPushThatPublishesNothing) {
  EXPECT_EXIT(find_strangers<Flaw::relaxed_push>(), failed, "data race(.|\n)*Owner");
}
#endif

}  // namespace
}  // namespace tapeline::pool

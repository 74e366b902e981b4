// Claim to break: a thread that stands still inside an operation, for as long as it likes, holds up
// the others. Threads are stopped in the window between reading a head and replacing it, on a
// futex; the others then do a fixed number of operations, and only after that are they let go.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "pool_support.hpp"
#include "stress.hpp"
#include "stress_subjects.hpp"
#include "stress_window.hpp"

namespace tapeline::pool {
namespace {

constexpr std::uint64_t kPairs = kSanitized ? 20'000 : 1'000'000;

// Where threads stand still.
class Stand {
 public:
  // The calling thread will stop in the next window it comes to.
  void stop_here_next() {
    current_ = this;
    Window::set([]() noexcept {
      Window::set(nullptr);
      current_->stop();
    });
  }
  void await(int threads) const noexcept {
    for (int standing = standing_.load(); standing != threads; standing = standing_.load()) {
      standing_.wait(standing);
    }
  }
  void let_go() noexcept {
    free_ = true;
    free_.notify_all();
  }

 private:
  void stop() noexcept {
    ++standing_;
    standing_.notify_all();
    free_.wait(false);
  }

  static inline constinit thread_local Stand* current_ = nullptr;
  std::atomic<int> standing_{0};
  std::atomic<bool> free_{false};
};

// Starts the sleepers one after the other, so that each stands before the next begins; lets the
// others do their pairs; lets the sleepers go. Returns what the others did.
template <typename Subject>
Outcome work_while_others_stand(Subject& subject, const Plan& plan,
                                const std::vector<std::function<void(Stand&)>>& sleepers) {
  Stand stand;
  std::vector<std::thread> threads;
  for (const auto& sleeper : sleepers) {
    threads.emplace_back([&] { sleeper(stand); });
    stand.await(static_cast<int>(threads.size()));
  }
  const Outcome outcome = stress(subject, plan);
  stand.let_go();
  for (std::thread& thread : threads) thread.join();
  return outcome;
}

using WindowedStack = BasicFreeStack<Window>;
using Stack = StackSubject<WindowedStack>;

class StackProgress : public testing::Test {
 protected:
  void stand_in_pop(Stand& stand) {
    Owner<Stack> owner{subject_, ++owners_ + 100};
    Held<Stack> held;
    stand.stop_here_next();
    EXPECT_TRUE(owner.take(held));
    owner.give(held);
    strangers_ += owner.outcome().strangers;
  }
  void stand_in_push(Stand& stand) {
    Owner<Stack> owner{subject_, ++owners_ + 100};
    Held<Stack> held;
    EXPECT_TRUE(owner.take(held));
    stand.stop_here_next();
    owner.give(held);
    strangers_ += owner.outcome().strangers;
  }
  void expect_progress(const std::vector<std::function<void(Stand&)>>& sleepers) {
    const Outcome outcome =
        work_while_others_stand(subject_, {.threads = 2, .pairs = kPairs, .held = 2}, sleepers);
    EXPECT_GE(outcome.pairs, kPairs);
    EXPECT_EQ(outcome.strangers, 0U);
    EXPECT_EQ(strangers_, 0U);
    EXPECT_EQ(subject_.empty(), std::vector<std::uint32_t>(8, 1U));
  }

  Stack subject_{8, 1};
  std::atomic<std::uint64_t> strangers_{0};
  std::atomic<std::uint64_t> owners_{0};
};

TEST_F(StackProgress, OthersGoOnWhileOneStandsInsidePop) {
  expect_progress({[this](Stand& stand) { stand_in_pop(stand); }});
}

TEST_F(StackProgress, OthersGoOnWhileOneStandsInsidePush) {
  expect_progress({[this](Stand& stand) { stand_in_push(stand); }});
}

TEST_F(StackProgress, OthersGoOnWhileFourStand) {
  const auto in_pop = [this](Stand& stand) { stand_in_pop(stand); };
  const auto in_push = [this](Stand& stand) { stand_in_push(stand); };
  expect_progress({in_pop, in_push, in_pop, in_push});
}

// The pool, with batches of one, so that nearly every operation of the others meets the stack.
class PoolProgress : public testing::Test {
 protected:
  using Guard = SerializationGuard;

  Guard acquire() {
    Guard guard = subject_.pool().try_acquire();
    EXPECT_TRUE(guard);
    return guard;
  }
  void stand_in_refill(Stand& stand) {
    stand.stop_here_next();
    const Guard guard = acquire();
  }
  void stand_in_flush(Stand& stand) {
    std::array<Guard, 3> guards;
    for (Guard& guard : guards) guard = acquire();
    guards[0].release();
    guards[1].release();
    stand.stop_here_next();  // the cache is full
    guards[2].release();
  }
  // Needs a pool with nothing left but the overflow buffer.
  void stand_with_overflow_buffer(Stand& stand) {
    Guard guard = acquire();
    stand.stop_here_next();
    guard.release();
  }
  void expect_progress(const std::vector<std::function<void(Stand&)>>& sleepers) {
    const Outcome outcome =
        work_while_others_stand(subject_, {.threads = 2, .pairs = kPairs, .held = 6}, sleepers);
    EXPECT_GE(outcome.pairs, kPairs);
    EXPECT_EQ(outcome.strangers, 0U);
    const BufferCounts counts = subject_.pool().counts();
    EXPECT_GT(counts.stack_hits, kPairs / 10);
    EXPECT_EQ(counts.acquires, counts.releases);
    EXPECT_EQ(counts.in_use, 0U);
    EXPECT_EQ(counts.parked, 0U);
    EXPECT_EQ(counts.available, counts.buffers);
    EXPECT_EQ(counts.overflow_in_use, 0U);
  }

  PoolSubject subject_{small_pool(32, 1, 1)};
};

TEST_F(PoolProgress, OthersGoOnWhileOneStandsInsideARefill) {
  expect_progress({[this](Stand& stand) { stand_in_refill(stand); }});
}

TEST_F(PoolProgress, OthersGoOnWhileOneStandsInsideAFlush) {
  expect_progress({[this](Stand& stand) { stand_in_flush(stand); }});
}

TEST_F(PoolProgress, OthersGoOnWhileOneStandsGivingBackAnOverflowBuffer) {
  std::vector<Guard> all = drain(subject_.pool());
  all.pop_back();
  const auto sleeper = [&](Stand& stand) { stand_with_overflow_buffer(stand); };
  const auto free_the_rest = [&](Stand& stand) {
    all.clear();
    subject_.pool().flush_this_thread();
    stand_in_refill(stand);
  };
  expect_progress({sleeper, free_the_rest});
}

TEST_F(PoolProgress, OthersGoOnWhileFourStandInDifferentPlaces) {
  const auto in_refill = [this](Stand& stand) { stand_in_refill(stand); };
  const auto in_flush = [this](Stand& stand) { stand_in_flush(stand); };
  expect_progress({in_refill, in_flush, in_flush, in_refill});
}

}  // namespace
}  // namespace tapeline::pool

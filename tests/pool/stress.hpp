#pragma once

// A harness that runs threads over a stack or a pool and sees when a buffer has two owners.
//
// Each acquire writes a mark of its own into each buffer, and clears it on release: a mark where
// none should be, or another one, is a second owner. Beside the mark lies a plain word, so that
// ThreadSanitizer sees whether the last owner's writes come before the next owner's.
//
// A subject has:
//   class Item                   what one acquire takes; false when it took nothing
//   Item take()                  any thread
//   void give(Item)              any thread
//   for_each_buffer(item, visit) visit(std::byte*), 16 bytes, aligned to 8, that are 0 at first

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "stress_window.hpp"

namespace tapeline::pool {

struct Outcome {
  std::uint64_t pairs = 0;      // acquires, each with its release
  std::uint64_t strangers = 0;  // times a buffer had a mark that should not be there
};

// What one acquire took, and its mark.
template <typename Subject>
struct Held {
  typename Subject::Item item{};
  std::uint64_t mark = 0;
};

// Takes and gives back for one thread, and looks at the marks.
template <typename Subject>
class Owner {
 public:
  // Requires: no other owner of the subject has this `id`; it is not 0.
  Owner(Subject& subject, std::uint64_t id) noexcept : subject_{subject}, next_mark_{id << 40} {}

  // Returns whether there was something to take.
  bool take(Held<Subject>& held) {
    held.item = subject_.take();
    if (!held.item) return false;
    held.mark = ++next_mark_;
    subject_.for_each_buffer(held.item, [&](std::byte* at) { exchange(at, 0, held.mark); });
    return true;
  }

  // Requires: `held` was taken, by any owner, and has not been given back.
  void give(Held<Subject>& held) {
    subject_.for_each_buffer(held.item, [&](std::byte* at) { exchange(at, held.mark, 0); });
    subject_.give(std::exchange(held.item, {}));
    ++outcome_.pairs;
  }

  [[nodiscard]] const Outcome& outcome() const noexcept { return outcome_; }

 private:
  void exchange(std::byte* at, std::uint64_t expected, std::uint64_t mark) noexcept {
    // relaxed: a mark must show a second owner, not order its memory.
    std::atomic_ref<std::uint64_t> word{*reinterpret_cast<std::uint64_t*>(at)};
    if (word.load(std::memory_order_relaxed) != expected) ++outcome_.strangers;
    word.store(mark, std::memory_order_relaxed);
    std::uint64_t plain = 0;
    std::memcpy(&plain, at + sizeof plain, sizeof plain);
    if (plain != expected) ++outcome_.strangers;
    std::memcpy(at + sizeof plain, &mark, sizeof mark);
  }

  Subject& subject_;
  std::uint64_t next_mark_;
  Outcome outcome_;
};

// Room for one item on its way to another thread.
template <typename T>
class alignas(128) Mailbox {
 public:
  // Leaves `value` as it is when there is no room.
  bool try_put(T& value) {
    if (!pass(State::empty)) return false;
    value_ = std::exchange(value, {});
    state_.store(State::full, std::memory_order_release);
    return true;
  }
  bool try_take(T& value) {
    if (!pass(State::full)) return false;
    value = std::exchange(value_, {});
    state_.store(State::empty, std::memory_order_release);
    return true;
  }

 private:
  enum class State { empty, busy, full };

  bool pass(State from) noexcept {
    return state_.load(std::memory_order_relaxed) == from &&
           state_.compare_exchange_strong(from, State::busy, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }

  std::atomic<State> state_{State::empty};
  T value_;
};

struct Plan {
  std::uint32_t threads = 8;
  std::uint64_t pairs = 0;  // acquires of all threads together
  std::uint32_t held = 4;   // most that one thread holds, at most 8
  bool hand_over = false;   // half of what is taken is given back by another thread
  // A thread that finds nothing to take so many times running ends the play: buffers are lost.
  std::uint32_t patience = 1'000'000;
  bool stop_at_stranger = false;
};

namespace detail {

template <typename Subject>
struct Stage {
  Subject& subject;
  const Plan& plan;
  std::vector<Mailbox<Held<Subject>>> mailboxes;
  std::atomic<bool> stop{false};
};

// The part of one thread: takes, gives back and hands over in an order of its own.
template <typename Subject>
Outcome play(Stage<Subject>& stage, std::uint32_t id) {
  const Plan& plan = stage.plan;
  Owner<Subject> owner{stage.subject, id + 1};
  Random random{id + 1};
  std::array<Held<Subject>, 8> held;
  std::uint32_t count = 0;
  Preemption::start(id + 100);
  std::uint64_t taken = 0;
  std::uint32_t failures = 0;
  const std::uint64_t share = plan.pairs / plan.threads;
  while (taken < share && !stage.stop.load(std::memory_order_relaxed)) {
    if (plan.hand_over && count < plan.held && stage.mailboxes[id].try_take(held[count])) ++count;
    std::uint32_t aim = random.below(plan.held + 1);
    while (count < aim) {
      if (!owner.take(held[count])) {
        // All are out. Those who have them need the processor, and some of them are here.
        if (++failures > plan.patience) stage.stop = true;
        aim = count / 2;
        ::sched_yield();
        break;
      }
      failures = 0;
      ++count;
      ++taken;
    }
    while (count > aim) {
      std::swap(held[random.below(count)], held[count - 1]);
      --count;
      const std::uint32_t other = (id + 1) % plan.threads;
      if (plan.hand_over && random.below(2) == 0 && stage.mailboxes[other].try_put(held[count])) {
        continue;
      }
      owner.give(held[count]);
    }
    if (plan.stop_at_stranger && owner.outcome().strangers != 0) stage.stop = true;
  }
  while (count != 0) owner.give(held[--count]);
  Preemption::stop();
  return owner.outcome();
}

}  // namespace detail

// Runs the threads to their end. All that was taken has been given back when it returns. At least
// `pairs` pairs, less what does not divide by the threads, unless the play was ended early.
template <typename Subject>
Outcome stress(Subject& subject, const Plan& plan) {
  detail::Stage<Subject> stage{
      subject, plan, std::vector<Mailbox<Held<Subject>>>(plan.threads), {}};
  std::vector<Outcome> outcomes(plan.threads);
  std::vector<std::thread> threads;
  for (std::uint32_t id = 0; id < plan.threads; ++id) {
    threads.emplace_back([&, id] { outcomes[id] = detail::play(stage, id); });
  }
  for (std::thread& thread : threads) thread.join();
  Owner<Subject> last{subject, plan.threads + 1};
  for (auto& mailbox : stage.mailboxes) {
    if (Held<Subject> held; mailbox.try_take(held)) last.give(held);
  }
  Outcome all = last.outcome();
  for (const Outcome& outcome : outcomes) {
    all.pairs += outcome.pairs;
    all.strangers += outcome.strangers;
  }
  return all;
}

}  // namespace tapeline::pool

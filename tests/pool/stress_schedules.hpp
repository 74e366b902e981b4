#pragma once

// Two orders of events, forced by steps, that a stack must survive. They show its mistakes with
// certainty where random runs show them with some probability.

#include <cstdint>
#include <thread>

#include "stress.hpp"
#include "stress_window.hpp"

namespace tapeline::pool {

// A thread takes the top slot and stops before its swap; another takes that slot and the next, and
// gives back the first. What does the first thread end up with, and the one that comes then?
// Requires: the subject has at least three slots, in batches of one. Returns what the owners saw.
template <typename Subject>
Outcome play_head_that_comes_back(Subject& subject) {
  static constinit Step step;
  step.reach(0);
  Outcome slow;
  std::thread sleeper{[&] {
    Owner<Subject> owner{subject, 1};
    Window::set([]() noexcept {
      Window::set(nullptr);
      step.reach(1);
      step.await(2);
    });
    Held<Subject> held;
    if (owner.take(held)) owner.give(held);
    slow = owner.outcome();
  }};
  Outcome quick;
  std::thread meddler{[&] {
    Owner<Subject> owner{subject, 2};
    Held<Subject> first;
    Held<Subject> second;
    Held<Subject> third;
    step.await(1);
    owner.take(first);
    owner.take(second);
    owner.give(first);
    step.reach(2);
    sleeper.join();
    // What the sleeper has left on top. Without a tag that is the second slot.
    owner.take(first);
    owner.take(third);
    owner.give(second);
    if (first.item) owner.give(first);
    if (third.item) owner.give(third);
    quick = owner.outcome();
  }};
  meddler.join();
  return {slow.pairs + quick.pairs, slow.strangers + quick.strangers};
}

// A thread takes the top slot and gives it back; another takes it, and nothing else has put the
// one before the other.
template <typename Subject>
Outcome play_publication(Subject& subject) {
  Step step;
  Outcome outcomes[2];
  const auto pass = [&](std::uint32_t id) {
    Owner<Subject> owner{subject, id + 1};
    Held<Subject> held;
    step.await(static_cast<int>(id));
    if (owner.take(held)) owner.give(held);
    step.reach(static_cast<int>(id) + 1);
    outcomes[id] = owner.outcome();
  };
  std::thread first{pass, 0U};
  std::thread second{pass, 1U};
  first.join();
  second.join();
  return {outcomes[0].pairs + outcomes[1].pairs, outcomes[0].strangers + outcomes[1].strangers};
}

}  // namespace tapeline::pool

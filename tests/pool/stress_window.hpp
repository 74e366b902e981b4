#pragma once

// What a thread does in the window between reading the head of a stack and replacing it: nothing,
// unless a test has given it an action.

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <utility>

namespace tapeline::pool {

class Window {
 public:
  using Action = void (*)() noexcept;

  // For BasicFreeStack and for the pool built with TAPELINE_POOL_HOOKED.
  static void before_swap() noexcept {
    if (const Action action = action_; action != nullptr) action();
  }

  // Of the calling thread. nullptr: nothing.
  static void set(Action action) noexcept { action_ = action; }

 private:
  static inline constinit thread_local Action action_ = nullptr;
};

// xorshift64*: small, and the same on every machine.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept
      : state_{seed * 0x9E3779B97F4A7C15ULL + 1} {}
  std::uint32_t below(std::uint32_t bound) noexcept {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    const std::uint64_t high = (state_ * 0x2545F4914F6CDD1DULL) >> 32;
    return static_cast<std::uint32_t>(high * bound >> 32);
  }

 private:
  std::uint64_t state_;
};

// Forced preemption: gives the processor away, or stays for a while, as a generator of the thread
// decides.
class Preemption {
 public:
  static void start(std::uint64_t seed) noexcept {
    random_ = Random{seed};
    Window::set(&happen);
  }
  static void stop() noexcept { Window::set(nullptr); }

 private:
  static void happen() noexcept {
    const std::uint32_t dice = random_.below(128);
    if (dice == 0) {
      ::sched_yield();
    } else if (dice < 16) {
      for (std::uint32_t turns = random_.below(256); turns != 0; --turns) __builtin_ia32_pause();
    }
  }

  static inline constinit thread_local Random random_{1};
};

// Lets threads go one after the other without ordering their memory: all is relaxed, so that
// ThreadSanitizer sees just the orders of what is tested.
class Step {
 public:
  void reach(int step) noexcept { step_.store(step, std::memory_order_relaxed); }
  void await(int step) const noexcept {
    while (step_.load(std::memory_order_relaxed) < step) ::sched_yield();
  }

 private:
  std::atomic<int> step_{0};
};

}  // namespace tapeline::pool

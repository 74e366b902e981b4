#pragma once

// Time for measurements: the steady clock for loops, the processor's counter for one operation.
//
// Units: ticks of the counter unless a name ends in _ns.

#include <x86intrin.h>

#include <chrono>
#include <cstdint>
#include <thread>

namespace tapeline::bench {

// The compiler must have `value` and must not know what memory holds from here on.
template <typename T>
inline void keep(const T& value) noexcept {
  asm volatile("" : : "r"(value) : "memory");
}

inline void pause() noexcept { _mm_pause(); }

// Waits by watching; after a while lets others have the processor in between, in case the one
// waited for is among them.
class Watch {
 public:
  void again() noexcept {
    if (++times_ % 4096 == 0) {
      std::this_thread::yield();
    } else {
      pause();
    }
  }

 private:
  unsigned times_ = 0;
};

// Opens a measurement of one operation: nothing before it is still under way, nothing of the
// operation has begun.
inline std::uint64_t ticks_before() noexcept {
  _mm_lfence();
  const std::uint64_t ticks = __rdtsc();
  _mm_lfence();
  return ticks;
}

// Closes it: everything of the operation has been executed, nothing behind it has begun.
inline std::uint64_t ticks_after() noexcept {
  unsigned processor = 0;
  const std::uint64_t ticks = __rdtscp(&processor);
  _mm_lfence();
  return ticks;
}

class Stopwatch {
 public:
  [[nodiscard]] double elapsed_ns() const {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start_)
        .count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Measured against the steady clock, once.
[[nodiscard]] double ticks_per_ns();

// What two readings in a row differ by most often: on some machines the counter goes in steps of
// many ticks.
[[nodiscard]] double clock_step_ns();

}  // namespace tapeline::bench

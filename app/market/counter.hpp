#pragma once

// A count that one thread writes and any thread reads.
//
// Thread safety: add() and set() by one thread, value() by any. A reader sees some recent value of
//                each counter; different counters are not of the same moment.

#include <atomic>
#include <cstdint>

namespace tapeline::market {

class Counter {
 public:
  void add(std::uint64_t count = 1) noexcept { set(value() + count); }
  void set(std::uint64_t count) noexcept {
    // Relaxed: a number for display; nothing is published through it.
    value_.store(count, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const noexcept {
    // Relaxed: as above.
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace tapeline::market

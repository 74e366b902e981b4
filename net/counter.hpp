#pragma once

// A number that one thread counts and any thread may read.
//
// Thread safety: add() and set() by one thread at a time, get() by any. Relaxed throughout: a
//                counter orders nothing, and with one writer load, add, store loses no count.

#include <atomic>
#include <cstdint>

namespace tapeline::net {

class Counter {
 public:
  void add(std::uint64_t amount) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace tapeline::net

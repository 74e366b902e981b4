#pragma once

// A number that one thread counts and any thread may read.
//
// Thread safety: add(), set() and their release forms by one thread at a time, the readers by any.
// Progress:      wait-free: with one writer load, add, store loses no count.
// Memory orders: relaxed, since a counter orders nothing and different counters are not of the
//                same moment; the release forms and get_acquire() are a pair for those that do
//                order.

#include <atomic>
#include <cstdint>

namespace tapeline::pool {

class Counter {
 public:
  void add(std::uint64_t amount = 1) noexcept { set(get() + amount); }
  void add_release(std::uint64_t amount) noexcept { set_release(get() + amount); }
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void set_release(std::uint64_t value) noexcept { value_.store(value, std::memory_order_release); }

  [[nodiscard]] std::uint64_t get() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t get_acquire() const noexcept {
    return value_.load(std::memory_order_acquire);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace tapeline::pool

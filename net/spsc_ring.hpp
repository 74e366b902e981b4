#pragma once

// Bounded ring from one thread to another, for values that are moved.
//
// Thread safety: try_push() by one producer thread; try_pop() and wait_for() by one consumer
//                thread; size(), close() and closed() by any thread.
// Progress:      try_push() and try_pop() are wait-free. A push makes a system call only if the
//                consumer sleeps in wait_for().
// Ownership:     a popped slot is left moved-from, so it keeps nothing alive.

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>

#include "pool/buffer_pool.hpp"

namespace tapeline::net {

template <typename T>
  requires std::default_initializable<T> && std::movable<T>
class SpscRing {
 public:
  // Holds `capacity` values, rounded up to a power of two.
  // Throws std::invalid_argument unless 0 < capacity <= 2^31.
  explicit SpscRing(std::size_t capacity)
      : mask_{checked(capacity) - 1}, slots_{std::make_unique<T[]>(mask_ + 1)} {}

  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  // Returns false, and leaves `value` as it was, if the ring is full.
  [[nodiscard]] bool try_push(T&& value) {
    const std::size_t head = head_.load(std::memory_order_relaxed);  // only written here
    if (head - cached_tail_ > mask_) {
      cached_tail_ = tail_.load(std::memory_order_acquire);  // the slot was emptied before
      if (head - cached_tail_ > mask_) return false;
    }
    slots_[head & mask_] = std::move(value);
    // Sequentially consistent, like the load of sleeping_ behind it and their mirror image in
    // wait_for(): either the consumer sees the value or the producer sees the sleeper.
    head_.store(head + 1, std::memory_order_seq_cst);
    if (sleeping_.load(std::memory_order_seq_cst) != 0) wake();
    return true;
  }

  // Returns false, and leaves `value` as it was, if the ring is empty.
  [[nodiscard]] bool try_pop(T& value) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);  // only written here
    if (tail == cached_head_) {
      cached_head_ = head_.load(std::memory_order_acquire);  // the slot was filled before
      if (tail == cached_head_) return false;
    }
    value = std::move(slots_[tail & mask_]);
    tail_.store(tail + 1, std::memory_order_release);  // the slot is empty before it is free
    return true;
  }

  // Sleeps until there is something to pop, the ring is closed, or the time is over. Returns
  // whether there is something to pop; may return early without.
  bool wait_for(std::chrono::nanoseconds timeout) {
    if (!empty() || closed()) return !empty();
    sleeping_.store(1, std::memory_order_seq_cst);
    if (head_.load(std::memory_order_seq_cst) == tail_.load(std::memory_order_relaxed) &&
        !closed_.load(std::memory_order_seq_cst)) {
      const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
      const timespec relative{static_cast<std::time_t>(seconds.count()),
                              static_cast<long>((timeout - seconds).count())};
      futex(FUTEX_WAIT_PRIVATE, 1, &relative);
    }
    sleeping_.store(0, std::memory_order_relaxed);
    return !empty();
  }

  // Says that nothing more will be pushed: the consumer does not sleep any more. What is in the
  // ring can still be popped.
  void close() {
    closed_.store(true, std::memory_order_seq_cst);
    wake();
  }
  [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }

  // A snapshot: it may have changed on return.
  [[nodiscard]] std::size_t size() const noexcept {
    const std::size_t tail = tail_.load(std::memory_order_acquire);
    return head_.load(std::memory_order_acquire) - tail;
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }

 private:
  static std::size_t checked(std::size_t capacity) {
    if (capacity == 0 || capacity > std::size_t{1} << 31U) {
      throw std::invalid_argument{"a ring holds 1 to 2^31 values"};
    }
    return std::bit_ceil(capacity);
  }

  void wake() {
    if (sleeping_.exchange(0, std::memory_order_seq_cst) != 0)
      futex(FUTEX_WAKE_PRIVATE, 1, nullptr);
  }

  void futex(int operation, std::uint32_t value, const timespec* timeout) {
    // The kernel reads the atomic's one word; a time-out or an early return needs no handling.
    ::syscall(SYS_futex, &sleeping_, operation, value, timeout, nullptr, 0);
  }
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

  static constexpr std::size_t kLine = pool::kCacheLineBytes;

  std::size_t mask_;
  std::unique_ptr<T[]> slots_;
  alignas(kLine) std::atomic<std::size_t> head_{0};        // written by the producer
  std::size_t cached_tail_ = 0;                            // the producer's last look at tail_
  alignas(kLine) std::atomic<std::size_t> tail_{0};        // written by the consumer
  std::size_t cached_head_ = 0;                            // the consumer's last look at head_
  alignas(kLine) std::atomic<std::uint32_t> sleeping_{0};  // 1 while the consumer may sleep
  std::atomic<bool> closed_{false};
};

}  // namespace tapeline::net

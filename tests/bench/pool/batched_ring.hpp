#pragma once

// Ring from one thread to one other for the hand-off: the ends tell each other only every kBatch
// values how far they are, so that little of what is measured is the ring. A value lives in the
// ring from push() to pop() only: what it moves out of is not written again.
//
// Thread safety: push() by one thread, pop() by one other. Both wait, by watching.

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "clock.hpp"

namespace tapeline::bench {

template <typename T>
class BatchedRing {
 public:
  static constexpr std::size_t kBatch = 32;
  static constexpr std::size_t kCapacity = 256;

  // What has been pushed is seen by the other side when a multiple of kBatch has been.
  void push(T&& value) noexcept {
    for (Watch watch; head_ - known_tail_ == kCapacity; watch.again()) {
      known_tail_ = tail_.load(std::memory_order_acquire);  // the slots were emptied before
    }
    // The lines to come are asked for early, so that a push does not wait for the other side.
    if (head_ * sizeof(T) % kLine == 0) __builtin_prefetch(slot(head_ + 4 * kLine / sizeof(T)), 1);
    std::construct_at(slot(head_), std::move(value));
    if (++head_ % kBatch == 0) shared_head_.store(head_, std::memory_order_release);
  }

  [[nodiscard]] T pop() noexcept {
    for (Watch watch; next_ == known_head_; watch.again()) {
      known_head_ = shared_head_.load(std::memory_order_acquire);  // the slots were filled before
    }
    T* const at = slot(next_);
    T value = std::move(*at);
    std::destroy_at(at);
    if (++next_ % kBatch == 0) tail_.store(next_, std::memory_order_release);
    return value;
  }

 private:
  static constexpr std::size_t kApart = 128;
  static constexpr std::size_t kLine = 64;
  static_assert(alignof(T) <= kApart);

  [[nodiscard]] T* slot(std::size_t at) noexcept {
    return reinterpret_cast<T*>(bytes_ + at % kCapacity * sizeof(T));
  }

  alignas(kApart) std::size_t head_ = 0;  // of the pushing thread
  std::size_t known_tail_ = 0;
  alignas(kApart) std::size_t next_ = 0;  // of the popping thread
  std::size_t known_head_ = 0;
  alignas(kApart) std::atomic<std::size_t> shared_head_{0};
  alignas(kApart) std::atomic<std::size_t> tail_{0};
  alignas(kApart) std::byte bytes_[kCapacity * sizeof(T)];
};

}  // namespace tapeline::bench

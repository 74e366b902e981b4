#pragma once

// Ring from one thread to one other for the hand-off: the ends tell each other only every kBatch
// values how far they are, so that little of what is measured is the ring.
//
// Thread safety: push() by one thread, pop() by one other. Both wait, by watching.

#include <array>
#include <atomic>
#include <cstddef>
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
    slots_[head_ % kCapacity] = std::move(value);
    if (++head_ % kBatch == 0) shared_head_.store(head_, std::memory_order_release);
  }

  [[nodiscard]] T pop() noexcept {
    for (Watch watch; next_ == known_head_; watch.again()) {
      known_head_ = shared_head_.load(std::memory_order_acquire);  // the slots were filled before
    }
    T value = std::move(slots_[next_ % kCapacity]);
    if (++next_ % kBatch == 0) tail_.store(next_, std::memory_order_release);
    return value;
  }

 private:
  static constexpr std::size_t kApart = 128;
  alignas(kApart) std::size_t head_ = 0;  // of the pushing thread
  std::size_t known_tail_ = 0;
  alignas(kApart) std::size_t next_ = 0;  // of the popping thread
  std::size_t known_head_ = 0;
  alignas(kApart) std::atomic<std::size_t> shared_head_{0};
  alignas(kApart) std::atomic<std::size_t> tail_{0};
  alignas(kApart) std::array<T, kCapacity> slots_{};
};

}  // namespace tapeline::bench

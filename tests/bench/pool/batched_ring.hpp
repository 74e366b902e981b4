#pragma once

// Ring from one thread to one other for the hand-off: the ends tell each other only every kBatch
// values how far they are, and ask early for the lines that they will need, so that little of what
// is measured is the ring. A value lives in the ring from push() to pop() only: what it moves out
// of is not written again.
//
// Thread safety: push() by one thread, pop() by one other. Both wait, by watching.

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "clock.hpp"
#include "contender.hpp"

namespace tapeline::bench {

template <typename T>
class BatchedRing {
 public:
  static constexpr std::size_t kBatch = kHandOff;
  static constexpr std::size_t kCapacity = 512;

  // What has been pushed is seen by the other side when a multiple of kBatch has been.
  void push(T&& value) noexcept {
    for (Watch watch; head_ - known_tail_ == kCapacity; watch.again()) {
      known_tail_ = tail_.load(std::memory_order_acquire);  // the slots were emptied before
    }
    if (begins_line(head_)) __builtin_prefetch(slot(head_ + kAhead), 1);
    std::construct_at(slot(head_), std::move(value));
    if (++head_ % kBatch == 0) shared_head_.store(head_, std::memory_order_release);
  }

  [[nodiscard]] T pop() noexcept {
    if (next_ == known_head_) {
      for (Watch watch; next_ == known_head_; watch.again()) {
        known_head_ = shared_head_.load(std::memory_order_acquire);  // the slots were filled before
      }
      for (std::size_t at = next_; at < next_ + kAhead; ++at) prefetch_filled(at);
    }
    prefetch_filled(next_ + kAhead);
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
  static constexpr std::size_t kAhead = 8 * kLine / sizeof(T);

  static bool begins_line(std::size_t at) noexcept { return at * sizeof(T) % kLine == 0; }
  void prefetch_filled(std::size_t at) noexcept {
    if (begins_line(at) && at < known_head_) __builtin_prefetch(slot(at), 0);
  }

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

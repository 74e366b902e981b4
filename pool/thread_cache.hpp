#pragma once

// The free slots that one thread keeps for itself, at most two batches, and its counters.
//
// Thread safety: one thread at a time owns a cache and calls everything but the readers; the pool
//                passes a cache from a thread that ends to a later one. Readers (parked(), the
//                counters) may be any thread.
// Progress:      wait-free.
// Memory orders: all counters have one writer, so load, add, store needs no read-modify-write.
//                relaxed everywhere but in `releases`: nobody derives anything else from them.

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "pool/counter.hpp"
#include "pool/free_stack.hpp"

namespace tapeline::pool {

class alignas(kLinePairBytes) ThreadCache {
 public:
  // Requires: 1 <= batch <= kMaxBatch.
  explicit ThreadCache(std::uint32_t batch) noexcept : batch_{batch}, capacity_{2 * batch} {
    assert(batch >= 1 && batch <= kMaxBatch);
  }

  // Takes the slot that came back last and counts an acquire, or returns kNoSlot.
  std::uint32_t take() noexcept {
    const std::uint32_t count = parked();
    if (count == 0) return kNoSlot;
    const std::uint32_t slot = slots_[count - 1];
    set_parked(count - 1);
    note_acquired(outside_ - static_cast<std::int32_t>(count - 1));
    return slot;
  }

  [[nodiscard]] bool full() const noexcept { return parked() == capacity_; }

  // Keeps the slot and counts a release. Requires: !full().
  void put(std::uint32_t slot) noexcept {
    const std::uint32_t count = parked();
    assert(count < capacity_);
    slots_[count] = slot;
    set_parked(count + 1);
    note_released();
  }

  // Fills an empty cache with the batch on top of `stack`; it stays empty when there is none.
  // Returns the depth of the stack.
  template <typename Stack>
  std::uint32_t refill(Stack& stack) noexcept {
    assert(parked() == 0);
    const auto popped = stack.pop(slots_);
    if (popped.retries != 0) cas_retries_pop.add(popped.retries);
    set_parked(popped.count);
    return popped.depth;
  }

  // Gives the slots that have been here longest, at most one batch, to `stack`.
  // Returns the depth of the stack. Requires: not empty.
  template <typename Stack>
  std::uint32_t flush_oldest(Stack& stack) noexcept {
    const std::uint32_t count = parked();
    assert(count != 0);
    const std::uint32_t moved = std::min(count, batch_);
    const auto pushed = stack.push(slots_, moved);
    if (pushed.retries != 0) cas_retries_push.add(pushed.retries);
    std::memmove(slots_, slots_ + moved, (count - moved) * sizeof(std::uint32_t));
    set_parked(count - moved);
    return pushed.depth;
  }

  // Forgets the slots. For caches whose pool is gone.
  void drop() noexcept { set_parked(0); }

  // Tells how many buffers are outside the shared stacks, as seen at the last move to or from
  // them. What is outside and not parked here is in use, or parked with another thread.
  void set_outside(std::uint32_t outside) noexcept {
    outside_ = static_cast<std::int32_t>(outside);
  }
  [[nodiscard]] std::int32_t outside() const noexcept { return outside_; }

  // Counts an acquire; `in_use` is what this thread then believes to be in use.
  void note_acquired(std::int32_t in_use) noexcept {
    acquires.add(1);
    if (in_use > peak_.load(std::memory_order_relaxed)) {
      peak_.store(in_use, std::memory_order_relaxed);
    }
  }

  // release: whoever reads this count knows that the thread is done with the buffer, and with the
  // records of the stack, and that the acquire of the same buffer has been counted. Pool memory
  // is freed on the strength of it.
  void note_released() noexcept { releases.add_release(1); }

  [[nodiscard]] std::uint32_t parked() const noexcept {
    return parked_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::int32_t peak_in_use() const noexcept {
    return peak_.load(std::memory_order_relaxed);
  }

 private:
  void set_parked(std::uint32_t count) noexcept { parked_.store(count, std::memory_order_relaxed); }

  std::atomic<std::uint32_t> parked_{0};  // slots_[0, parked_) are here, the oldest first
  std::uint32_t batch_;
  std::uint32_t capacity_;
  std::int32_t outside_ = 0;
  std::atomic<std::int32_t> peak_{0};

 public:
  Counter acquires;
  Counter releases;
  // Not touched by a hit.
  Counter stack_hits;
  Counter fallbacks;
  Counter refusals;
  Counter cas_retries_pop;
  Counter cas_retries_push;

 private:
  std::uint32_t slots_[2 * kMaxBatch];
};

}  // namespace tapeline::pool

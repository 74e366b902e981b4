#pragma once

// The free buffers that one thread keeps for itself, at most two batches, and its counters.
//
// Names:         buffers are kept by name, as guards have them, so that between a release and the
//                next acquire of a buffer nothing is computed. The shared stack has slots.
//
// Thread safety: one thread at a time owns a cache and calls everything but the readers; the pool
//                passes a cache from a thread that ends to a later one. Readers (parked(), the
//                counters) may be any thread.
// Progress:      wait-free.
// Memory orders: all counters have one writer, so load, add, store needs no read-modify-write.
//                relaxed everywhere but in `releases`: nobody derives anything else from them.
// Layout:        how many buffers are here is not stored but follows from the counters: releases
//                less acquires, plus what refills and flushes moved. So an operation writes one
//                counter, and an acquire does not wait for the release before it on one word.

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <span>

#include "pool/counter.hpp"
#include "pool/free_stack.hpp"
#include "pool/pool_numbers.hpp"

namespace tapeline::pool {

class alignas(kLinePairBytes) ThreadCache {
 public:
  // `first`: the name of slot 0. `stack`: where refills come from, to be asked for early; may be
  // null. Requires: 1 <= batch <= kMaxBatch.
  explicit ThreadCache(std::uint32_t batch, BufferName first = 0,
                       const FreeStack* stack = nullptr) noexcept
      : capacity_{2 * batch}, batch_{batch}, first_{first}, stack_{stack} {
    assert(batch >= 1 && batch <= kMaxBatch);
  }

  // Takes the buffer that came back last and counts an acquire, or returns kNoSlot.
  BufferName take() noexcept {
    const std::uint64_t acquired = acquires.get();
    const std::uint32_t count = here(acquired, releases.get());
    if (count <= low_) [[unlikely]]
      return take_low(count);
    acquires.set(acquired + 1);
    const BufferName name = names_[count - 1];
    if (name == kNoSlot) __builtin_unreachable();  // so that the caller's test goes
    return name;
  }

  // Takes up to `wanted` buffers, the one that came back last at the end, and counts as many
  // acquires. Valid until the next call.
  [[nodiscard]] std::span<const BufferName> take_many(std::size_t wanted) noexcept {
    const std::uint64_t acquired = acquires.get();
    const std::uint32_t count = here(acquired, releases.get());
    const auto taken = static_cast<std::uint32_t>(std::min<std::size_t>(wanted, count));
    const std::uint32_t left = count - taken;
    if (taken != 0 && left < at_peak_) [[unlikely]]
      note_peak(outside_ - static_cast<std::int32_t>(left));
    acquires.set(acquired + taken);
    return {names_ + left, taken};
  }

  [[nodiscard]] bool full() const noexcept { return here() == capacity_; }

  // Keeps the buffer, counts a release and returns true; or returns false when the cache is full.
  [[nodiscard]] bool try_put(BufferName name) noexcept {
    const std::uint64_t released = releases.get();
    const std::uint32_t count = here(acquires.get(), released);
    if (count == capacity_) [[unlikely]]
      return false;
    names_[count] = name;
    note_released(released);
    return true;
  }
  // Keeps the buffers name_at(0), name_at(1), ... up to `count` of them, as long as there is room;
  // kNoSlot ends it. Returns how many, and counts as many releases.
  template <typename NameAt>
  std::size_t put_many(std::size_t count, NameAt&& name_at) noexcept {
    const std::uint64_t released = releases.get();
    const std::uint32_t before = here(acquires.get(), released);
    const std::size_t room = std::min<std::size_t>(count, capacity_ - before);
    std::size_t kept = 0;
    for (; kept < room; ++kept) {
      const BufferName name = name_at(kept);
      if (name == kNoSlot) [[unlikely]]
        break;
      names_[before + kept] = name;
    }
    if (kept != 0) note_released(released, kept);
    return kept;
  }
  // Requires: !full().
  void put(BufferName name) noexcept {
    [[maybe_unused]] const bool kept = try_put(name);
    assert(kept);
  }

  // Fills an empty cache with the batch on top of `stack`; it stays empty when there is none.
  // Returns the depth of the stack.
  template <typename Stack>
  std::uint32_t refill(Stack& stack) noexcept {
    assert(here() == 0);
    const auto popped = stack.pop(names_);
    for (std::uint32_t i = 0; i < popped.count; ++i) names_[i] |= first_;
    if (popped.retries != 0) cas_retries_pop.add(popped.retries);
    moved_.add(popped.count);
    look_ahead_at(stack_ == nullptr ? 0 : popped.count / kHeadPart);
    return popped.depth;
  }

  // Gives the buffers that have been here longest, at most one batch, to `stack`.
  // Returns the depth of the stack. Requires: not empty.
  template <typename Stack>
  std::uint32_t flush_oldest(Stack& stack) noexcept {
    const std::uint32_t count = here();
    assert(count != 0);
    const std::uint32_t moved = std::min(count, batch_);
    for (std::uint32_t i = 0; i < moved; ++i) names_[i] = slot_of(names_[i]);
    const auto pushed = stack.push(names_, moved);
    if (pushed.retries != 0) cas_retries_push.add(pushed.retries);
    std::memmove(names_, names_ + moved, (count - moved) * sizeof(BufferName));
    moved_.set(moved_.get() - moved);
    return pushed.depth;
  }

  // Forgets the buffers. For caches whose pool is gone.
  void drop() noexcept { moved_.set(acquires.get() - releases.get()); }

  // Tells how many buffers are outside the shared stacks, as seen at the last move to or from
  // them. What is outside and not parked here is in use, or parked with another thread.
  void set_outside(std::uint32_t outside) noexcept {
    outside_ = static_cast<std::int32_t>(outside);
    note_peak(peak_in_use());
  }
  [[nodiscard]] std::int32_t outside() const noexcept { return outside_; }

  // Counts an acquire of a buffer that was not here; `in_use` is what this thread then believes
  // to be in use.
  void note_acquired(std::int32_t in_use) noexcept {
    moved_.add(1);
    acquires.add(1);
    if (in_use > peak_in_use()) note_peak(in_use);
  }

  // Counts a release of a buffer that does not stay here.
  void note_released() noexcept {
    moved_.set(moved_.get() - 1);
    note_released(releases.get());
  }

  // Exact for the owner; for others at most a few operations old.
  [[nodiscard]] std::uint32_t parked() const noexcept {
    const auto count = static_cast<std::int32_t>(here());
    return static_cast<std::uint32_t>(std::clamp(count, 0, static_cast<std::int32_t>(capacity_)));
  }
  [[nodiscard]] std::int32_t peak_in_use() const noexcept {
    return peak_.load(std::memory_order_relaxed);
  }

 private:
  [[nodiscard]] std::uint32_t here(std::uint64_t acquired, std::uint64_t released) const noexcept {
    return static_cast<std::uint32_t>(moved_.get() + released - acquired);
  }
  [[nodiscard]] std::uint32_t here() const noexcept { return here(acquires.get(), releases.get()); }

  // release: whoever reads this count knows that the thread is done with the buffer, and with the
  // records of the stack, and that the acquire of the same buffer has been counted. Pool memory
  // is freed on the strength of it.
  void note_released(std::uint64_t before, std::uint64_t more = 1) noexcept {
    releases.set_release(before + more);
  }

  // The cache is empty or will soon be, or holds fewer buffers than it ever did at this number
  // outside.
  [[gnu::noinline]] BufferName take_low(std::uint32_t count) noexcept {
    if (count == 0) return kNoSlot;
    if (count <= at_peak_) note_peak(outside_ - static_cast<std::int32_t>(count - 1));
    if (count <= look_ahead_) look_ahead(count);
    acquires.add(1);
    return names_[count - 1];
  }

  // Each once after a refill: a thread that goes up and down here pays nothing more.
  void look_ahead(std::uint32_t count) noexcept {
    const std::uint32_t top_at = batch_ / kTopPart;
    if (count > top_at) {
      stack_->fetch_head();
      return look_ahead_at(top_at);
    }
    stack_->fetch_top();
    look_ahead_at(0);
  }
  void look_ahead_at(std::uint32_t count) noexcept {
    look_ahead_ = count;
    low_ = std::max(at_peak_, look_ahead_);
  }

  void note_peak(std::int32_t in_use) noexcept {
    peak_.store(in_use, std::memory_order_relaxed);
    at_peak_ = static_cast<std::uint32_t>(std::max(outside_ - in_use, 0));
    low_ = std::max(at_peak_, look_ahead_);
  }

  // Parts of a batch that are left when the head of the stack is asked for, and its top.
  static constexpr std::uint32_t kHeadPart = 4;
  static constexpr std::uint32_t kTopPart = 8;

 public:
  Counter acquires;
  Counter releases;

 private:
  Counter moved_;          // buffers that came here by refills less those that went by flushes
  std::uint32_t low_ = 0;  // take() does more with no more buffers than this here
  std::uint32_t capacity_;
  std::uint32_t batch_;
  BufferName first_;
  std::int32_t outside_ = 0;
  std::uint32_t at_peak_ = 0;     // an acquire with no more buffers than this here is a new peak
  std::uint32_t look_ahead_ = 0;  // and with no more than this, time to fetch what comes next
  const FreeStack* stack_;
  std::atomic<std::int32_t> peak_{0};
  BufferName names_[2 * kMaxBatch];  // of those here, the oldest first

 public:
  // Not touched by a hit.
  Counter stack_hits;
  Counter fallbacks;
  Counter refusals;
  Counter waits;
  Counter timeouts;
  Counter cas_retries_pop;
  Counter cas_retries_push;
};
static_assert(alignof(ThreadCache) == kLinePairBytes);

}  // namespace tapeline::pool

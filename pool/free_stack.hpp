#pragma once

// LIFO of free slots: a Treiber stack of batches. One compare-and-swap moves up to a batch of
// slots.
//
// Thread safety: push(), pop() and depth() may be called by any number of threads.
// Progress:      lock-free, not wait-free: a thread retries only because another one succeeded.
// ABA:           head_ packs {tag:44, slot:20} and every successful pop raises the tag, so a head
//                that was popped and pushed back no longer compares equal (docs/pool.md).
// Lifetime:      records outlive every slot; a losing pop may read a stale link, never freed
//                memory.
// Units:         slots; depth counts slots, not batches.

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace tapeline::pool {

inline constexpr std::size_t kCacheLineBytes = 64;
// Processors fetch lines in pairs: data that must not share a line with others takes two.
inline constexpr std::size_t kLinePairBytes = 2 * kCacheLineBytes;

inline constexpr std::uint32_t kSlotBits = 20;
inline constexpr std::uint32_t kNoSlot = (1U << kSlotBits) - 1;  // also the highest slot count
inline constexpr std::uint32_t kMaxBatch = 127;
inline constexpr std::uint32_t kUsualBatch = 31;  // the largest that takes one pair of lines

// Called between reading the head and trying to replace it. Tests put a switch to another thread,
// or other operations, into this window; here it is empty.
struct NoInterleave {
  static void before_swap() noexcept {}
};

template <typename Interleave>
class BasicFreeStack {
 public:
  struct Popped {
    std::uint32_t count;    // slots taken; 0 when the stack was empty
    std::uint32_t depth;    // slots left on the stack by this pop
    std::uint32_t retries;  // lost races
  };
  struct Pushed {
    std::uint32_t depth;  // slots on the stack after this push
    std::uint32_t retries;
  };

  // Starts empty. Requires: slot_count <= kNoSlot, 1 <= batch <= kMaxBatch.
  explicit BasicFreeStack(std::uint32_t slot_count, std::uint32_t batch = kUsualBatch)
      : pairs_per_record_{static_cast<std::uint32_t>(
            (sizeof(Record) + (batch - 1) * sizeof(std::uint32_t) + kLinePairBytes - 1) /
            kLinePairBytes)},
        lines_{std::make_unique<LinePair[]>(std::size_t{slot_count} * pairs_per_record_)} {
    assert(slot_count <= kNoSlot && batch >= 1 && batch <= kMaxBatch);
    for (std::uint32_t slot = 0; slot < slot_count; ++slot) new (&lines_[place(slot)]) Record;
  }

  // Slots that a batch may have.
  [[nodiscard]] std::uint32_t max_batch() const noexcept {
    return static_cast<std::uint32_t>(
        (pairs_per_record_ * kLinePairBytes - sizeof(Record)) / sizeof(std::uint32_t) + 1);
  }

  // Puts `count` slots on the stack as one batch.
  // Requires: 1 <= count <= max_batch(); the caller owns the slots, and they are in range.
  Pushed push(const std::uint32_t* slots, std::uint32_t count) noexcept {
    assert(count >= 1 && count <= max_batch());
    const std::uint32_t first = slots[0];
    Record& record = record_of(first);
    prefetch_to_write(&head_);
    // Whoever popped the record has read its lines: they come back all at once, not one by one.
    for_each_line(record, count, [](const std::byte* line) { prefetch_to_write(line); });
    // Plain stores: the record is ours, and readers look here only after they have popped it.
    std::memcpy(record.others(), slots + 1, (count - 1) * sizeof(std::uint32_t));
    // acquire: the depth of the top record, stored by whoever pushed it, is read below.
    std::uint64_t head = head_.load(std::memory_order_acquire);
    for (std::uint32_t retries = 0;; ++retries) {
      const std::uint32_t top = slot_of(head);
      // relaxed: valid if the swap succeeds, because then the top record has not been popped (the
      // tag is the same) and only its owner would rewrite it.
      const std::uint32_t depth =
          count + (top == kNoSlot ? 0 : record_of(top).depth.load(std::memory_order_relaxed));
      // relaxed: the swap below publishes them. Atomic, because a pop that is about to lose may
      // still read the link of this record from its previous stay on the stack.
      record.link.store(count << kSlotBits | top, std::memory_order_relaxed);
      record.depth.store(depth, std::memory_order_relaxed);
      Interleave::before_swap();
      // release: publishes the record, and the last owner's bytes in the buffers, to the next
      // owner. The tag stays: a pop that read this head must see a change only if a pop happened.
      // acquire on failure: the same reason as for the first load.
      if (head_.compare_exchange_weak(head, (head & kTagMask) | first, std::memory_order_release,
                                      std::memory_order_acquire)) {
        return {depth, retries};
      }
    }
  }

  // Takes the batch on top and writes its slots to `slots`, which has room for max_batch().
  Popped pop(std::uint32_t* slots) noexcept {
    prefetch_to_write(&head_);
    // acquire: the link of the top record, stored by whoever pushed it, is read below.
    std::uint64_t head = head_.load(std::memory_order_acquire);
    for (std::uint32_t retries = 0;; ++retries) {
      const std::uint32_t top = slot_of(head);
      if (top == kNoSlot) return {0, 0, retries};
      const Record& record = record_of(top);
      fetch_record(top);
      // relaxed: the load of the head ordered it. If another thread has taken the record since,
      // the link may be newer than the head, but then the tag differs and the swap fails.
      const std::uint32_t link = record.link.load(std::memory_order_relaxed);
      Interleave::before_swap();
      const std::uint64_t next = ((head & kTagMask) + kTagStep) | (link & kNoSlot);
      // acquire: what the last owners wrote into the record and the buffers is ours to read.
      // release: our reading of the link comes before any later owner's rewriting of it.
      // acquire on failure: the same reason as for the first load.
      if (head_.compare_exchange_weak(head, next, std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
        // Only now may the rest of the record be read: it belongs to this thread.
        const std::uint32_t count = link >> kSlotBits;
        slots[0] = top;
        std::memcpy(slots + 1, record.others(), (count - 1) * sizeof(std::uint32_t));
        // relaxed: ordered by the swap.
        return {count, record.depth.load(std::memory_order_relaxed) - count, retries};
      }
    }
  }

  // Asks for what the next pop will read first, and then, some time later, for what that leads to:
  // the lines of the batch on top. A hint; others may change the stack in between.
  void fetch_head() const noexcept { prefetch_to_write(&head_); }
  void fetch_top() const noexcept {
    // acquire: as in pop(), though a record that is no longer on top would do no harm.
    const std::uint32_t top = slot_of(head_.load(std::memory_order_acquire));
    if (top != kNoSlot) fetch_record(top);
  }

  // Slots on the stack. Exact when nobody pushes or pops; otherwise a recent or a mixed value.
  [[nodiscard]] std::uint32_t depth() const noexcept {
    // acquire: the depth of the record is at least as new as the head.
    const std::uint32_t top = slot_of(head_.load(std::memory_order_acquire));
    // relaxed: a value to look at; nothing is decided by it.
    return top == kNoSlot ? 0 : record_of(top).depth.load(std::memory_order_relaxed);
  }

  // How many pops have succeeded, modulo 2^44.
  [[nodiscard]] std::uint64_t tag() const noexcept {
    return head_.load(std::memory_order_relaxed) >> kSlotBits;  // relaxed: a value to look at
  }

 private:
  // One per slot, used by the first slot of each batch.
  // The other slots of the batch lie behind it.
  struct Record {
    std::atomic<std::uint32_t> link{kNoSlot};  // {count:12, slot of the batch below:20}
    std::atomic<std::uint32_t> depth{0};       // slots in this batch and in those below

    [[nodiscard]] std::uint32_t* others() noexcept {
      return reinterpret_cast<std::uint32_t*>(this + 1);
    }
    [[nodiscard]] const std::uint32_t* others() const noexcept {
      return reinterpret_cast<const std::uint32_t*>(this + 1);
    }
  };
  struct alignas(kLinePairBytes) LinePair {
    std::byte bytes[kLinePairBytes];
  };
  static_assert(sizeof(Record) + (kUsualBatch - 1) * sizeof(std::uint32_t) == kLinePairBytes);
  static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

  static constexpr std::uint64_t kTagStep = std::uint64_t{1} << kSlotBits;
  static constexpr std::uint64_t kTagMask = ~(kTagStep - 1);

  // Asks for the line of `at` in order to write it: one journey between the processors instead of
  // one for the load and another for the swap. Processors without the instruction pass over it.
  static void prefetch_to_write([[maybe_unused]] const void* at) noexcept {
#if defined(__x86_64__)
    asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(at)));
#endif
  }

  // use(line) for each line of a record with `count` slots.
  template <typename Use>
  static void for_each_line(const Record& record, std::uint32_t count, Use&& use) noexcept {
    const auto* const first = reinterpret_cast<const std::byte*>(&record);
    const std::size_t bytes = sizeof(Record) + (count - 1) * sizeof(std::uint32_t);
    for (std::size_t at = 0; at < bytes; at += kCacheLineBytes) use(first + at);
  }

  void fetch_record(std::uint32_t slot) const noexcept {
    for_each_line(record_of(slot), max_batch(),
                  [](const std::byte* line) { __builtin_prefetch(line); });
  }

  [[nodiscard]] std::size_t place(std::uint32_t slot) const noexcept {
    return std::size_t{slot} * pairs_per_record_;
  }
  [[nodiscard]] Record& record_of(std::uint32_t slot) const noexcept {
    return *std::launder(reinterpret_cast<Record*>(&lines_[place(slot)]));
  }

  static std::uint32_t slot_of(std::uint64_t head) noexcept {
    return static_cast<std::uint32_t>(head) & kNoSlot;
  }

  alignas(kLinePairBytes) std::atomic<std::uint64_t> head_{kNoSlot};  // alone: all threads write it
  alignas(kLinePairBytes) std::uint32_t pairs_per_record_;
  std::unique_ptr<LinePair[]> lines_;
};

#if defined(TAPELINE_POOL_HOOKED)
// Defined by the test that builds the pool in this way.
struct HookOfTest {
  static void before_swap() noexcept;
};
using FreeStack = BasicFreeStack<HookOfTest>;
#else
using FreeStack = BasicFreeStack<NoInterleave>;
#endif
static_assert(alignof(FreeStack) == kLinePairBytes && sizeof(FreeStack) == 2 * kLinePairBytes);

}  // namespace tapeline::pool

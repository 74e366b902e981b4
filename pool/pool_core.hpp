#pragma once

// What a pool and its guards share: memory, free stacks, caches of the threads. Users see it only
// through BufferPool and BufferGuard.
//
// Thread safety: everything but create() and close() may be called by any thread. close(): once,
//                when nobody acquires any more; others may still release.
// Progress:      try_acquire() and release() are lock-free, but a thread takes a lock when it first
//                uses the pool and when it ends. acquire_or_grow(), acquire_until() and trim() take
//                locks, sleep and map memory.
// Lifetime:      counted. The owner and each attached thread hold a reference. The memory of the
//                buffers goes when the pool is closed and the last guard has been released.
// Fork:          a child can not use the pools of its parent: it acquires nothing and its releases
//                do nothing.
// Slots:         [0, buffer_count) are there from the start, then come those that growth may add,
//                then the overflow buffers.

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "pool/buffer_memory.hpp"
#include "pool/free_stack.hpp"
#include "pool/memory_checks.hpp"
#include "pool/pool_config.hpp"
#include "pool/pool_numbers.hpp"
#include "pool/pool_stats.hpp"
#include "pool/thread_cache.hpp"

namespace tapeline::pool {

class PoolCore;

// Finds the cache of this thread without a search. A plain pointer with no destructor, so that
// reading it costs no check for initialisation.
struct CurrentCache {
  PoolCore* core;
  ThreadCache* cache;
  BufferName first;  // the name of the pool's slot 0; 0: none
};
// The first pool of a kind has the place of its kind, which the compiler knows: finding the cache
// is then two loads from a fixed address. Further pools of the kind share the places behind.
inline constexpr std::uint32_t kKindPlaces = 4;
inline constexpr std::uint32_t kCurrentCaches = 12;

// A plain array, and read by value: under UBSan g++ 12 tests the address of a thread's std::array
// for null by flags that the linker's relaxation of the address does not set.
[[gnu::tls_model(
    "initial-exec")]] extern constinit thread_local CurrentCache current_caches[kCurrentCaches];

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): what threads write lies apart.
class alignas(kLinePairBytes) PoolCore {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // Bytes between a buffer and the next. They keep buffers of a power of two from sharing one set
  // of the processor's cache, and hold the red zone.
  static constexpr std::size_t kGapBytes = 256;
  static_assert(kGapBytes % kCacheLineBytes == 0 && kGapBytes >= kLinePairBytes);

  struct KindOfPool {
    const char* name;        // a literal
    std::size_t bytes_step;  // buffer_bytes must be a multiple of it
    std::uint32_t place;     // below kKindPlaces
  };

  // Throws std::invalid_argument for sizes that can not work, std::system_error without memory,
  // thread or NUMA node, std::length_error for one pool too many. Ends with close().
  static PoolCore* create(const PoolConfig& config, const KindOfPool& kind);
  void close() noexcept;

  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;

  // Returns kNoSlot, which is of no pool, when there is no buffer left. kPlace: what create() was
  // told.
  template <std::uint32_t kPlace>
  [[nodiscard]] BufferName try_acquire() noexcept {
    const CurrentCache current = current_caches[kPlace];
    if (current.core == this) [[likely]]
      return acquire_with(*current.cache);
    return acquire_elsewhere();
  }
  // Requires: `cache` belongs to this pool and to this thread.
  [[nodiscard, gnu::always_inline]] BufferName acquire_with(ThreadCache& cache) noexcept {
    BufferName name = cache.take();
    if (name == kNoSlot) [[unlikely]]
      name = acquire_slow(cache);
    return handed_out(name);
  }
  // take(name) for up to `wanted` buffers in the cache. Returns how many these were.
  template <typename Take>
  std::size_t acquire_here(ThreadCache& cache, std::size_t wanted, Take&& take) noexcept {
    const std::span<const BufferName> names = cache.take_many(wanted);
    for (std::size_t left = names.size(); left > 0; --left) take(handed_out(names[left - 1]));
    return names.size();
  }
  // `cache` as above, or null for a thread that can not have one.
  [[nodiscard]] BufferName acquire_or_grow(ThreadCache* cache) noexcept;
  [[nodiscard]] BufferName acquire_until(ThreadCache* cache, Deadline deadline) noexcept;

  // `time` from now; a time too long for the clock is for ever.
  [[nodiscard]] static Deadline deadline_after(std::chrono::nanoseconds time) noexcept {
    const Deadline now = std::chrono::steady_clock::now();
    return time < Deadline::max() - now ? now + time : Deadline::max();
  }

  // Gives a buffer back to its pool, whichever that is. kPlace: what its create() was told.
  // Requires: the buffer was acquired and has not been released.
  template <std::uint32_t kPlace>
  [[gnu::always_inline]] static void release(BufferName name) noexcept {
    const CurrentCache current = current_caches[kPlace];
    if (pool_number(name ^ current.first) == 0) [[likely]]
      return current.core->release_with(*current.cache, name);
    pool_of(name)->release_elsewhere(name);
  }
  // Requires: as release(); `cache` belongs to this pool and to this thread.
  [[gnu::always_inline]] void release_with(ThreadCache& cache, BufferName name) noexcept {
    retire_bytes(name);
    if (!in_circulation(name) || !cache.try_put(name)) [[unlikely]]
      release_slow(cache, name);
    look_at_state(cache);
  }
  // Releases the buffers name_at(0), name_at(1), ... up to `count` of them, as long as the cache
  // has room for them; kNoSlot ends it. Returns how many these were. Requires: in_circulation(),
  // each.
  template <typename NameAt>
  std::size_t release_here(ThreadCache& cache, std::size_t count, NameAt&& name_at) noexcept {
    const std::size_t kept = cache.put_many(count, [&](std::size_t i) {
      const BufferName name = name_at(i);
      if (name != kNoSlot) retire_bytes(name);
      return name;
    });
    look_at_state(cache);
    return kept;
  }

  // Whether a cache may keep the buffer.
  [[nodiscard]] bool in_circulation(BufferName name) const noexcept {
    return name < first_overflow_name_;
  }

  [[nodiscard]] std::byte* buffer(std::uint32_t slot) const noexcept {
    return base_ + std::size_t{slot} * stride_;
  }
  [[nodiscard]] std::size_t buffer_bytes() const noexcept { return buffer_bytes_; }
  [[nodiscard]] std::size_t stride() const noexcept { return stride_; }
  [[nodiscard]] std::uint32_t batch() const noexcept { return batch_; }

  [[nodiscard]] BufferCounts counts() const noexcept;
  void flush_this_thread() noexcept;
  // Gives back slabs that are wholly on the shared stack. Returns the bytes.
  std::size_t trim() noexcept;
  // The cache of this thread. nullptr when the thread is ending or is a child of the pool's
  // process.
  template <std::uint32_t kPlace>
  [[nodiscard]] ThreadCache* cache_of_this_thread() noexcept {
    const CurrentCache current = current_caches[kPlace];
    if (current.core == this) [[likely]]
      return current.cache;
    return attach_this_thread();
  }

  // Makes the pools that this thread has used unusable. For the child after fork().
  static void forget_after_fork() noexcept;
  // Gives back all that this thread keeps. For the end of a thread.
  static void detach_this_thread() noexcept;

 private:
  // Bits of state_.
  static constexpr std::uint32_t kOpen = 0;
  static constexpr std::uint32_t kClosed = 1;
  static constexpr std::uint32_t kForked = 2;
  static constexpr std::uint32_t kWaiting = 4;  // somebody sleeps until a buffer comes back

  // The cache of one thread. Stays with the pool when the thread ends, and its counts with it.
  struct Attachment {
    Attachment(PoolCore* owner, std::uint32_t batch, BufferName first) noexcept
        : cache{batch, first, &owner->stack_}, core{owner} {}
    ThreadCache cache;
    PoolCore* core;
    Attachment* next_in_pool = nullptr;    // set once, before it can be found
    Attachment* next_in_thread = nullptr;  // used by the thread
    Attachment* next_idle = nullptr;       // under mutex_
  };
  static constinit thread_local Attachment* attachments_of_thread;

  // What Growth::wish says.
  enum Wish : std::uint32_t { idle, asked, at_bound, stop };
  enum class Grown { yes, at_bound, no_memory };

  // Under `mutex`, but for `wish` and for reading the counters.
  struct Growth {
    std::atomic<std::uint32_t> wish{Wish::idle};  // the thread sleeps on it
    std::mutex mutex;
    std::uint32_t slab_count = 0;  // that there may be
    std::uint32_t slab_buffers = 0;
    std::vector<bool> present;                 // slabs
    std::vector<std::uint32_t> free;           // of each slab, for trim()
    std::unique_ptr<std::uint32_t[]> scratch;  // room for all slots of the shared stack, for trim()
    Counter buffers;
    Counter slabs_grown;
    Counter slabs_trimmed;
    Counter failures;
    Counter cas_retries_pop;
    Counter cas_retries_push;
    Counter bytes_now;
    Counter bytes_peak;
    std::thread thread;
  };
  struct SlotRange {
    std::uint32_t begin;
    std::uint32_t end;
  };

  PoolCore(const PoolConfig& config, const KindOfPool& kind);
  ~PoolCore();

  // pool_core.cpp
  void commit_or_throw(SlotRange slots, const PoolConfig& config);
  BufferName acquire_slow(ThreadCache& cache) noexcept;
  BufferName fetch(ThreadCache& cache) noexcept;
  BufferName attempt(ThreadCache* cache) noexcept;
  BufferName handed_out_or_refused(BufferName name, ThreadCache* cache) noexcept;
  void release_slow(ThreadCache& cache, BufferName name) noexcept;
  void release_overflow(ThreadCache& cache, std::uint32_t slot) noexcept;
  void released_oddly(ThreadCache& cache) noexcept;
  void flush_all(ThreadCache& cache) noexcept;
  void note_outside(ThreadCache& cache, std::uint32_t depth) const noexcept;
  [[nodiscard]] std::uint64_t releases() const noexcept;
  [[nodiscard]] std::uint64_t outstanding() const noexcept;
  [[nodiscard]] bool free_buffers_if_unused() noexcept;
  void unreference(std::uint32_t count) noexcept;

  // pool_core_threads.cpp
  BufferName acquire_elsewhere() noexcept;
  void release_elsewhere(BufferName name) noexcept;
  void release_unattached(BufferName name) noexcept;
  [[nodiscard]] ThreadCache* attach_this_thread() noexcept;
  Attachment* take_idle_or_new() noexcept;
  void detach(Attachment* attachment) noexcept;
  static void detach_closed() noexcept;
  static std::uint32_t watch_for_forks();  // the number of forks so far
  [[nodiscard]] bool of_this_process() const noexcept;

  // pool_core_growth.cpp
  [[nodiscard]] BufferMemory::Stretch stretch_of(SlotRange slots) const noexcept;
  [[nodiscard]] int commit(SlotRange slots) noexcept;
  void prepare_growth(const PoolConfig& config);
  void start_growth_thread();
  void stop_growth_thread() noexcept;
  void serve_growth() noexcept;
  void ask_for_growth() noexcept;
  void change_wish(std::uint32_t from, std::uint32_t to) noexcept;
  [[nodiscard]] bool make_room() noexcept;
  Grown grow_slab() noexcept;
  std::size_t drop_slab(std::uint32_t index) noexcept;
  [[nodiscard]] SlotRange slab(std::uint32_t index) const noexcept;
  [[nodiscard]] std::uint32_t slab_of(std::uint32_t slot) const noexcept {
    return (slot - buffer_count_) / growth_.slab_buffers;
  }
  void circulate(SlotRange slots) noexcept;
  void circulate(const std::uint32_t* slots, std::uint32_t count) noexcept;
  std::uint32_t empty_stack() noexcept;

  // pool_core_wait.cpp
  BufferName wait_for_buffer(ThreadCache* cache, Deadline deadline) noexcept;
  bool begin_wait(ThreadCache* cache) noexcept;
  void end_wait(ThreadCache* cache, bool served) noexcept;
  void wake_waiters() noexcept;
  // After slots went to a stack by another way than release_with().
  void wake_if_waiting() noexcept {
    // acquire: pairs with the setting of the flag; the order against the push before it comes
    // from the barrier that a waiter makes all threads pass.
    if ((state_.load(std::memory_order_acquire) & kWaiting) != 0) [[unlikely]]
      wake_waiters();
  }

  // After the count of a release, so that close() sees the count or this sees that the pool is
  // closed.
  void look_at_state(ThreadCache& cache) noexcept {
    // acquire: the acquires that came before close() are counted in what released_oddly() sums.
    if (state_.load(std::memory_order_acquire) != kOpen) [[unlikely]]
      released_oddly(cache);
  }

  // What an acquire of any kind passes through at its end, and a release at its beginning.
  BufferName handed_out(BufferName name) noexcept {
#if defined(TAPELINE_CHECKS) || defined(TAPELINE_POOL_ASAN)
    if (name == kNoSlot) return name;
    unpoison(buffer(slot_of(name)), buffer_bytes_);
#endif
#if defined(TAPELINE_CHECKS)
    owners_.hand_out(slot_of(name), name_);
#endif
    return name;
  }
  void retire_bytes([[maybe_unused]] BufferName name) noexcept {
#if defined(TAPELINE_CHECKS)
    const std::uint32_t slot = slot_of(name);
    owners_.take_back(slot, name_);
    check_red_zone(buffer(slot) + buffer_bytes_, stride_ - buffer_bytes_, name_, slot);
#endif
    poison(buffer(slot_of(name)), buffer_bytes_);
  }

  // Read by every operation, written only by close(), after fork() and for waiting.
  std::byte* base_ = nullptr;
  std::size_t stride_;
  PoolNumber number_{this};
  BufferName first_overflow_name_ = 0;
  std::uint32_t place_ = 0;       // in current_caches
  std::uint32_t first_overflow_;  // slots below it circulate through caches and shared stack
  std::atomic<std::uint32_t> state_{kOpen};
  std::uint32_t batch_;
  std::size_t buffer_bytes_;
  std::uint32_t low_watermark_ = 0;  // 0: no growth thread
  std::uint32_t overflow_count_;
  std::uint32_t buffer_count_;
  std::uint32_t fork_generation_;
  const char* name_;
  // Slots below first_overflow_ that have memory. Written under growth_.mutex.
  std::atomic<std::uint32_t> circulating_{0};
  SlotOwners owners_;

  FreeStack stack_;
  FreeStack overflow_;  // slots first_overflow_ and up, counted from 0

  // Not on the path of a buffer.
  alignas(kLinePairBytes) mutable std::mutex mutex_;
  std::unique_ptr<BufferMemory> memory_;   // null once it is gone; under mutex_
  std::atomic<Attachment*> all_{nullptr};  // grows at the front, under mutex_; read without it
  Attachment* idle_ = nullptr;             // under mutex_
  std::uint32_t waiters_ = 0;              // under mutex_
  ThreadCache unattached_;                 // for threads that can not have one; under mutex_
  std::atomic<std::uint64_t> refusals_after_fork_{0};
  std::atomic<std::uint32_t> references_{1};
  std::atomic<std::uint32_t> wake_ups_{0};  // waiters sleep on it
  Growth growth_;
};
static_assert(alignof(PoolCore) == kLinePairBytes);

}  // namespace tapeline::pool

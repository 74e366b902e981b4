#pragma once

// What a pool and its guards share: memory, free stacks, caches of the threads. Users see it only
// through BufferPool and BufferGuard.
//
// Thread safety: try_acquire(), release(), counts(), flush_this_thread(), attach_this_thread():
//                any thread. close(): once, when nobody acquires any more; others may still
//                release.
// Progress:      lock-free, but a thread takes a lock when it first uses the pool and when it ends.
// Lifetime:      counted. The owner and each attached thread hold a reference. The memory of the
//                buffers goes when the pool is closed and the last guard has been released.
// Fork:          a child can not use the pools of its parent: it acquires nothing and its releases
//                do nothing.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "pool/free_stack.hpp"
#include "pool/memory_checks.hpp"
#include "pool/pool_config.hpp"
#include "pool/pool_stats.hpp"
#include "pool/slab.hpp"
#include "pool/thread_cache.hpp"

namespace tapeline::pool {

class PoolCore;

// Finds the cache of this thread without a search. A plain pointer with no destructor, so that
// reading it costs no check for initialisation.
struct CurrentCache {
  const PoolCore* core;
  ThreadCache* cache;
};
inline constexpr std::uint32_t kCurrentCaches = 8;

// A plain array, and read by value: under UBSan g++ 12 tests the address of a thread's std::array
// for null by flags that the linker's relaxation of the address does not set.
[[gnu::tls_model(
    "initial-exec")]] extern constinit thread_local CurrentCache current_caches[kCurrentCaches];

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): what threads write lies apart.
class alignas(kLinePairBytes) PoolCore {
 public:
  // Bytes between a buffer and the next. They keep buffers of a power of two from sharing one set
  // of the processor's cache, and hold the red zone.
  static constexpr std::size_t kGapBytes = 256;

  // Throws std::invalid_argument for sizes that can not work, std::system_error without memory.
  // `name` is a literal; buffer_bytes must be a multiple of `bytes_step`. Ends with close().
  static PoolCore* create(const PoolConfig& config, const char* name, std::size_t bytes_step);
  void close() noexcept;

  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;

  // Returns a slot, or kNoSlot when there is no buffer left.
  [[nodiscard]] std::uint32_t try_acquire() noexcept {
    const CurrentCache current = current_caches[current_index_];
    if (current.core == this) [[likely]]
      return acquire_with(*current.cache);
    return acquire_unattached();
  }
  // Requires: `cache` belongs to this pool and to this thread.
  [[nodiscard]] std::uint32_t acquire_with(ThreadCache& cache) noexcept {
    std::uint32_t slot = cache.take();
    if (slot == kNoSlot) [[unlikely]]
      slot = acquire_slow(cache);
#if defined(TAPELINE_POOL_ASAN)
    if (slot != kNoSlot) unpoison(buffer(slot), buffer_bytes_);
#endif
    return slot;
  }

  // Requires: `slot` was acquired here and has not been released.
  void release(std::uint32_t slot) noexcept {
    const CurrentCache current = current_caches[current_index_];
    if (current.core == this) [[likely]]
      return release_with(*current.cache, slot);
    release_unattached(slot);
  }
  // Requires: as release(); `cache` belongs to this pool and to this thread.
  void release_with(ThreadCache& cache, std::uint32_t slot) noexcept {
    retire_bytes(slot);
    if (slot < buffer_count_) [[likely]] {
      if (cache.full()) [[unlikely]]
        flush_batch(cache);
      cache.put(slot);
    } else {
      release_overflow(cache, slot);
    }
    // After the count, so that close() sees the count or this sees that the pool is closed.
    // acquire: the acquires that came before close() are counted in what released_late() sums.
    if (state_.load(std::memory_order_acquire) != State::open) [[unlikely]]
      released_late(cache);
  }

  [[nodiscard]] std::byte* buffer(std::uint32_t slot) const noexcept {
    return base_ + std::size_t{slot} * stride_;
  }
  [[nodiscard]] std::size_t buffer_bytes() const noexcept { return buffer_bytes_; }
  [[nodiscard]] std::size_t stride() const noexcept { return stride_; }
  [[nodiscard]] std::uint32_t batch() const noexcept { return batch_; }

  [[nodiscard]] BufferCounts counts() const noexcept;
  void flush_this_thread() noexcept;
  // The cache of this thread. nullptr when the thread is ending or is a child of the pool's
  // process.
  [[nodiscard]] ThreadCache* attach_this_thread() noexcept;

  // Makes the pools that this thread has used unusable. For the child after fork().
  static void forget_after_fork() noexcept;
  // Gives back all that this thread keeps. For the end of a thread.
  static void detach_this_thread() noexcept;

 private:
  enum class State : std::uint32_t { open, closed, forked };

  // The cache of one thread. Stays with the pool when the thread ends, and its counts with it.
  struct Attachment {
    Attachment(PoolCore* owner, std::uint32_t batch) noexcept : cache{batch}, core{owner} {}
    ThreadCache cache;
    PoolCore* core;
    Attachment* next_in_pool = nullptr;    // set once, before it can be found
    Attachment* next_in_thread = nullptr;  // used by the thread
    Attachment* next_idle = nullptr;       // under mutex_
  };
  static constinit thread_local Attachment* attachments_of_thread;

  PoolCore(const PoolConfig& config, const char* name);
  ~PoolCore();

  std::uint32_t acquire_slow(ThreadCache& cache) noexcept;
  std::uint32_t acquire_unattached() noexcept;
  void release_unattached(std::uint32_t slot) noexcept;
  void release_overflow(ThreadCache& cache, std::uint32_t slot) noexcept;
  void released_late(ThreadCache& cache) noexcept;
  void flush_batch(ThreadCache& cache) noexcept;
  void flush_all(ThreadCache& cache) noexcept;
  void note_outside(ThreadCache& cache, std::uint32_t depth) const noexcept;

  Attachment* take_idle_or_new() noexcept;
  void detach(Attachment* attachment) noexcept;
  static void detach_closed() noexcept;
  [[nodiscard]] std::uint64_t releases() const noexcept;
  [[nodiscard]] std::uint64_t outstanding() const noexcept;
  static std::uint32_t watch_for_forks();  // the number of forks so far
  [[nodiscard]] bool of_this_process() const noexcept;
  [[nodiscard]] bool free_buffers_if_unused() noexcept;
  void unreference(std::uint32_t count) noexcept;

  void retire_bytes(std::uint32_t slot) const noexcept {
#if defined(TAPELINE_CHECKS)
    check_red_zone(buffer(slot) + buffer_bytes_, stride_ - buffer_bytes_, name_, slot);
#endif
    poison(buffer(slot), buffer_bytes_);
  }

  // Read by every operation, written only by close() and after fork().
  std::byte* base_ = nullptr;
  std::size_t stride_;
  std::size_t buffer_bytes_;
  std::uint32_t buffer_count_;
  std::uint32_t current_index_;
  std::atomic<State> state_{State::open};
  std::uint32_t overflow_count_;
  std::uint32_t batch_;
  std::uint32_t fork_generation_;
  std::size_t slab_bytes_ = 0;
  const char* name_;

  FreeStack stack_;
  FreeStack overflow_;  // slots buffer_count_ and up, counted from 0

  // Not on the path of a buffer.
  alignas(kLinePairBytes) mutable std::mutex mutex_;
  std::unique_ptr<Slab> slab_;             // null once the memory is gone; under mutex_
  std::atomic<Attachment*> all_{nullptr};  // grows at the front, under mutex_; read without it
  Attachment* idle_ = nullptr;             // under mutex_
  ThreadCache unattached_;                 // for threads that can not have one; under mutex_
  std::atomic<std::uint64_t> refusals_after_fork_{0};
  std::atomic<std::uint32_t> references_{1};
};

}  // namespace tapeline::pool

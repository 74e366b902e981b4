#pragma once

// The buffer pools of a process: buffers of a fixed size, taken and given back without a lock.
//
//   LockFreeBufferPool pools{LockFreeBufferPoolConfig{}};
//   SerializationGuard buffer = pools.serialization().try_acquire();
//   if (!buffer) return;                     // all in use: counted as a refusal
//   buffer.set_used(fill(buffer.bytes()));
//   queue.push(std::move(buffer));           // released by whoever drops the guard
//
// Thread safety: every function may be called by any thread, except constructors, destructors and
//                those of ThreadHandle.
// Progress:      try_acquire() and release are lock-free, not wait-free. A thread that never used
//                the pool takes a lock once, and again when it ends. acquire_or_grow(),
//                acquire_until() and trim() may lock, sleep and map memory.
// Order:         a buffer comes from the cache of the thread, then from the shared stack, then
//                from the overflow buffers. When these are used up, the caller has chosen:
//                try_acquire() returns an empty guard, acquire_or_grow() maps another slab,
//                acquire_until() waits. A thread's cache holds at most two batches, which no
//                other thread can take (docs/pool.md).
// Growth:        with max_buffers configured a thread of the pool adds slabs when few buffers are
//                left, so that the three steps above seldom fail.
// Lifetime:      guards may outlive the pool: the memory stays until the last one is released.
//                Nobody may acquire while the pool is being destroyed.
// Fork:          a child process can not acquire from the pools of its parent.

#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "pool/buffer_guard.hpp"
#include "pool/pool_config.hpp"
#include "pool/pool_core.hpp"
#include "pool/pool_stats.hpp"

namespace tapeline::pool {

// Kinds of buffers. buffer_bytes is a multiple of kBytesStep; kPlace, below kKindPlaces, is where a
// thread keeps its cache, so two kinds with the same place are slower.
struct SerializationKind {
  static constexpr const char* kName = "serialization";
  static constexpr std::size_t kBytesStep = 1;
  static constexpr std::uint32_t kPlace = 0;
};
struct CompressionKind {
  static constexpr const char* kName = "compression";
  static constexpr std::size_t kBytesStep = 1;
  static constexpr std::uint32_t kPlace = 1;
};
struct SimdKind {  // columns of doubles, two groups of four lanes in a cache line
  static constexpr const char* kName = "simd";
  static constexpr std::size_t kBytesStep = kCacheLineBytes;
  static constexpr std::uint32_t kPlace = 2;
};

using SerializationGuard = BufferGuard<SerializationKind>;
using CompressionGuard = BufferGuard<CompressionKind>;
using SimdGuard = BufferGuard<SimdKind>;
static_assert(sizeof(SerializationGuard) == sizeof(void*));

template <typename Kind>
class BufferPool {
 public:
  static_assert(Kind::kPlace < kKindPlaces);
  using Guard = BufferGuard<Kind>;
  using Deadline = PoolCore::Deadline;  // of std::chrono::steady_clock

  // For hot loops: knows the cache of one thread without looking it up.
  // Thread safety: only the thread that asked for it. Lifetime: shorter than pool and thread.
  class ThreadHandle {
   public:
    [[nodiscard]] Guard try_acquire() noexcept {
      if (cache_ == nullptr) [[unlikely]]
        return guard(core_->template try_acquire<Kind::kPlace>());
      return guard(core_->acquire_with(*cache_));
    }
    // Many at once, for less each. Fills the guards from the front and returns how many got a
    // buffer; fewer than all means that try_acquire() found none for the next.
    // Requires: the guards are empty.
    [[nodiscard]] std::size_t try_acquire(std::span<Guard> guards) noexcept {
      std::size_t filled = 0;
      while (filled < guards.size()) {
        if (cache_ != nullptr) [[likely]] {
          core_->acquire_here(*cache_, guards.size() - filled,
                              [&](BufferName name) { guards[filled++].hold(name); });
          if (filled == guards.size()) break;
        }
        guards[filled] = try_acquire();
        if (!guards[filled]) break;
        ++filled;
      }
      return filled;
    }
    [[nodiscard]] Guard acquire_or_grow() noexcept { return guard(core_->acquire_or_grow(cache_)); }
    [[nodiscard]] Guard acquire_until(Deadline deadline) noexcept {
      return guard(core_->acquire_until(cache_, deadline));
    }
    [[nodiscard]] Guard acquire_for(std::chrono::nanoseconds time) noexcept {
      return acquire_until(PoolCore::deadline_after(time));
    }
    // Requires: `buffer` is empty or came from this pool.
    void release(Guard& buffer) noexcept {
      if (!buffer) return;
      assert(pool_of(buffer.name()) == core_);
      if (cache_ == nullptr) [[unlikely]]
        return buffer.release();
      core_->release_with(*cache_, buffer.forget());
    }

    // Many at once, for less each. Requires: as above, for each.
    void release(std::span<Guard> buffers) noexcept {
      std::size_t done = 0;
      while (done < buffers.size()) {
        if (cache_ != nullptr) [[likely]] {
          done += core_->release_here(*cache_, buffers.size() - done, [&](std::size_t i) {
            Guard& buffer = buffers[done + i];
            assert(!buffer || pool_of(buffer.name()) == core_);
            const bool kept = buffer && core_->in_circulation(buffer.name());
            return kept ? buffer.forget() : kNoSlot;
          });
          if (done == buffers.size()) break;
        }
        release(buffers[done++]);
      }
    }

   private:
    friend class BufferPool;
    ThreadHandle(PoolCore* core, ThreadCache* cache) noexcept : core_{core}, cache_{cache} {}
    PoolCore* core_;
    ThreadCache* cache_;  // null when the thread can not have one
  };

  // Throws std::invalid_argument for sizes that can not work, std::system_error without memory,
  // without the thread that growth needs, or without the NUMA node, std::length_error when the
  // process has 4095 pools.
  explicit BufferPool(const PoolConfig& config)
      : core_{PoolCore::create(config, {Kind::kName, Kind::kBytesStep, Kind::kPlace})} {}
  ~BufferPool() { core_->close(); }
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // Returns an empty guard when no buffer is left.
  [[nodiscard]] Guard try_acquire() noexcept {
    return guard(core_->template try_acquire<Kind::kPlace>());
  }

  // As try_acquire(), but when no buffer is left this thread adds a slab, which takes as long as
  // faulting it in. Returns an empty guard at the bound, or when the system has no memory.
  [[nodiscard]] Guard acquire_or_grow() noexcept {
    return guard(core_->acquire_or_grow(core_->template cache_of_this_thread<Kind::kPlace>()));
  }

  // As try_acquire(), but when no buffer is left this thread sleeps until one comes back, or the
  // thread of the pool has added a slab. Returns an empty guard when the deadline comes first.
  // A buffer that was parked by another thread before the wait is not seen.
  [[nodiscard]] Guard acquire_until(Deadline deadline) noexcept {
    return guard(
        core_->acquire_until(core_->template cache_of_this_thread<Kind::kPlace>(), deadline));
  }
  [[nodiscard]] Guard acquire_for(std::chrono::nanoseconds time) noexcept {
    return acquire_until(PoolCore::deadline_after(time));
  }

  // Gives the memory of slabs that growth has added back to the system: of those whose buffers
  // all lie on the shared stack. Returns the bytes. The pool can grow again. While it runs, other
  // threads find the shared stack short of buffers and may be served from the overflow.
  std::size_t trim() noexcept { return core_->trim(); }

  [[nodiscard]] ThreadHandle this_thread() noexcept {
    return ThreadHandle{core_, core_->template cache_of_this_thread<Kind::kPlace>()};
  }

  // Gives the buffers parked in the cache of the calling thread to all threads.
  void flush_this_thread() noexcept { core_->flush_this_thread(); }

  [[nodiscard]] BufferCounts counts() const noexcept { return core_->counts(); }
  [[nodiscard]] std::size_t buffer_bytes() const noexcept { return core_->buffer_bytes(); }
  // Slots that move at once between a cache and the shared stack.
  [[nodiscard]] std::uint32_t batch() const noexcept { return core_->batch(); }

 private:
  static Guard guard(BufferName name) noexcept {
    if (name == kNoSlot) [[unlikely]]
      return Guard{};
    if (name == 0) __builtin_unreachable();  // so that a caller's test for an empty guard goes
    return Guard{name};
  }

  PoolCore* core_;  // owned: ends with close()
};

class LockFreeBufferPool {
 public:
  // Throws as BufferPool does.
  explicit LockFreeBufferPool(const LockFreeBufferPoolConfig& config)
      : serialization_{config.serialization},
        compression_{config.compression},
        simd_{config.simd} {}

  [[nodiscard]] BufferPool<SerializationKind>& serialization() noexcept { return serialization_; }
  [[nodiscard]] BufferPool<CompressionKind>& compression() noexcept { return compression_; }
  [[nodiscard]] BufferPool<SimdKind>& simd() noexcept { return simd_; }

  [[nodiscard]] BufferPoolStats stats() const noexcept {
    return {.serialization = serialization_.counts(),
            .compression = compression_.counts(),
            .simd = simd_.counts()};
  }

  // Trims all pools. Returns the bytes given back.
  std::size_t trim() noexcept { return serialization_.trim() + compression_.trim() + simd_.trim(); }

  void flush_this_thread() noexcept {
    serialization_.flush_this_thread();
    compression_.flush_this_thread();
    simd_.flush_this_thread();
  }

 private:
  BufferPool<SerializationKind> serialization_;
  BufferPool<CompressionKind> compression_;
  BufferPool<SimdKind> simd_;
};

}  // namespace tapeline::pool

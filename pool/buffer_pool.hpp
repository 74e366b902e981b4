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
// Progress:      lock-free, not wait-free. A thread that never used the pool takes a lock once,
//                and again when it ends.
// Order:         a buffer comes from the cache of the thread, then from the shared stack, then
//                from the overflow buffers; then the guard is empty. A thread's cache holds at
//                most two batches, which no other thread can take (docs/pool.md).
// Lifetime:      guards may outlive the pool: the memory stays until the last one is released.
//                Nobody may acquire while the pool is being destroyed.
// Fork:          a child process can not acquire from the pools of its parent.

#include <cstddef>
#include <cstdint>

#include "pool/buffer_guard.hpp"
#include "pool/pool_config.hpp"
#include "pool/pool_core.hpp"
#include "pool/pool_stats.hpp"

namespace tapeline::pool {

// Kinds of buffers. buffer_bytes is a multiple of kBytesStep.
struct SerializationKind {
  static constexpr const char* kName = "serialization";
  static constexpr std::size_t kBytesStep = 1;
};
struct CompressionKind {
  static constexpr const char* kName = "compression";
  static constexpr std::size_t kBytesStep = 1;
};
struct SimdKind {  // columns of doubles, two groups of four lanes in a cache line
  static constexpr const char* kName = "simd";
  static constexpr std::size_t kBytesStep = kCacheLineBytes;
};

using SerializationGuard = BufferGuard<SerializationKind>;
using CompressionGuard = BufferGuard<CompressionKind>;
using SimdGuard = BufferGuard<SimdKind>;
static_assert(sizeof(SerializationGuard) <= 32);

template <typename Kind>
class BufferPool {
 public:
  using Guard = BufferGuard<Kind>;

  // For hot loops: knows the cache of one thread without looking it up.
  // Thread safety: only the thread that asked for it. Lifetime: shorter than pool and thread.
  class ThreadHandle {
   public:
    [[nodiscard]] Guard try_acquire() noexcept {
      if (cache_ == nullptr) [[unlikely]]
        return guard(core_, core_->try_acquire());
      return guard(core_, core_->acquire_with(*cache_));
    }
    // Requires: `buffer` is empty or came from this pool.
    void release(Guard& buffer) noexcept {
      if (!buffer) return;
      assert(buffer.core_ == core_);
      if (cache_ == nullptr) [[unlikely]]
        return buffer.release();
      core_->release_with(*cache_, buffer.forget());
    }

   private:
    friend class BufferPool;
    ThreadHandle(PoolCore* core, ThreadCache* cache) noexcept : core_{core}, cache_{cache} {}
    PoolCore* core_;
    ThreadCache* cache_;  // null when the thread can not have one
  };

  // Throws std::invalid_argument for sizes that can not work, std::system_error without memory.
  explicit BufferPool(const PoolConfig& config)
      : core_{PoolCore::create(config, Kind::kName, Kind::kBytesStep)} {}
  ~BufferPool() { core_->close(); }
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // Returns an empty guard when no buffer is left.
  [[nodiscard]] Guard try_acquire() noexcept { return guard(core_, core_->try_acquire()); }

  [[nodiscard]] ThreadHandle this_thread() noexcept {
    return ThreadHandle{core_, core_->attach_this_thread()};
  }

  // Gives the buffers parked in the cache of the calling thread to all threads.
  void flush_this_thread() noexcept { core_->flush_this_thread(); }

  [[nodiscard]] BufferCounts counts() const noexcept { return core_->counts(); }
  [[nodiscard]] std::size_t buffer_bytes() const noexcept { return core_->buffer_bytes(); }
  // Slots that move at once between a cache and the shared stack.
  [[nodiscard]] std::uint32_t batch() const noexcept { return core_->batch(); }

 private:
  static Guard guard(PoolCore* core, std::uint32_t slot) noexcept {
    if (slot == kNoSlot) [[unlikely]]
      return Guard{};
    return Guard{core, slot};
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

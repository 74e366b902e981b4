#pragma once

// The pool as a Source: its guards, through the pool itself and through a handle of the thread.

#include <memory>
#include <span>
#include <utility>

#include "contender.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::bench {

using Pool = pool::BufferPool<pool::SerializationKind>;

// What the pool finds the cache of the thread for, each time.
class PoolSource {
 public:
  using Buffer = pool::SerializationGuard;
  explicit PoolSource(std::shared_ptr<Pool> pool) noexcept : pool_{std::move(pool)} {}

  class Hand {
   public:
    explicit Hand(PoolSource& source) noexcept : pool_{*source.pool_} {}
    [[nodiscard]] Buffer acquire() noexcept { return pool_.try_acquire(); }
    void release(Buffer& buffer) noexcept { buffer.release(); }

   private:
    Pool& pool_;
  };

 private:
  std::shared_ptr<Pool> pool_;
};

// The thread knows its cache.
class HandleSource {
 public:
  using Buffer = pool::SerializationGuard;
  explicit HandleSource(std::shared_ptr<Pool> pool) noexcept : pool_{std::move(pool)} {}

  class Hand {
   public:
    explicit Hand(HandleSource& source) noexcept : handle_{source.pool_->this_thread()} {}
    [[nodiscard]] Buffer acquire() noexcept { return handle_.try_acquire(); }
    void release(Buffer& buffer) noexcept { handle_.release(buffer); }

   protected:
    Pool::ThreadHandle handle_;
  };

 private:
  std::shared_ptr<Pool> pool_;
};

// The same, many at once.
class BulkHandleSource : public HandleSource {
 public:
  using HandleSource::HandleSource;

  class Hand : public HandleSource::Hand {
   public:
    explicit Hand(BulkHandleSource& source) noexcept : HandleSource::Hand{source} {}
    void acquire_all(std::span<Buffer> buffers) noexcept {
      while (!buffers.empty()) buffers = buffers.subspan(handle_.try_acquire(buffers));
    }
    void release_all(std::span<Buffer> buffers) noexcept { handle_.release(buffers); }
  };
};

}  // namespace tapeline::bench

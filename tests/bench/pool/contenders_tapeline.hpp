#pragma once

// The pool as a Source: its guards, through the pool itself and through a handle of the thread.

#include <memory>
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

   private:
    Pool::ThreadHandle handle_;
  };

 private:
  std::shared_ptr<Pool> pool_;
};

}  // namespace tapeline::bench

// Claim to break: a pool may be destroyed as soon as its last guard has been released, though the
// thread that released it is still on its way out.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "pool_support.hpp"
#include "stress_window.hpp"

namespace tapeline::pool {
namespace {

using Pool = BufferPool<SerializationKind>;

// Stops the calling thread in a window until it is let go.
struct Stop {
  static inline constinit std::atomic<bool> reached{false};
  static inline constinit std::atomic<bool> go{false};

  static void in_the_next_but_one() noexcept {
    Window::set([]() noexcept { Window::set(&here); });
  }
  static void here() noexcept {
    Window::set(nullptr);
    reached = true;
    reached.notify_all();
    go.wait(false);
  }
};

TEST(Closing, PoolMayGoWhileAReleaseStillFlushesForAWaiter) {
  auto pool = std::make_unique<Pool>(small_pool(3, 0, 1));
  std::atomic<bool> ready{false};
  std::thread releaser{[&] {
    std::array<SerializationGuard, 3> guards;
    for (auto& guard : guards) guard = pool->try_acquire();
    guards[0].release();
    guards[1].release();  // the cache of this thread is full
    ready = true;
    ready.notify_all();
    while (pool->counts().waits == 0) std::this_thread::yield();
    // The first window is that of the push that makes room in the cache, and the buffer counts as
    // released after it. The second is in the flush for the waiter; a third follows.
    Stop::in_the_next_but_one();
    guards[2].release();
  }};
  ready.wait(false);
  auto guard = pool->acquire_for(std::chrono::milliseconds{50});
  Stop::reached.wait(false);
  if (!guard) guard = pool->try_acquire();
  EXPECT_TRUE(guard);
  guard.release();
  EXPECT_EQ(pool->counts().in_use, 0U);
  pool.reset();
  Stop::go = true;
  Stop::go.notify_all();
  releaser.join();
}

}  // namespace
}  // namespace tapeline::pool

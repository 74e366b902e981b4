// Pools that are destroyed while their buffers are in use: a mistake, with a defined end.

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

using Pool = BufferPool<SerializationKind>;

// Keeps the complaint of the pool off the terminal, and returns it.
template <typename Action>
std::string complaint_of(Action action) {
  testing::internal::CaptureStderr();
  action();
  return testing::internal::GetCapturedStderr();
}

TEST(PoolLifetime, MemoryGoesWithThePoolWhenNothingIsInUse) {
  auto pool = std::make_unique<Pool>(small_pool(8, 2, 2));
  auto guard = pool->try_acquire();
  const std::byte* const data = guard.data();
  guard.release();
  EXPECT_TRUE(is_mapped(data));
  EXPECT_EQ(complaint_of([&] { pool.reset(); }), "");
  EXPECT_FALSE(is_mapped(data));
}

TEST(PoolLifetime, MemoryStaysUntilTheLastGuardIsReleased) {
  auto pool = std::make_unique<Pool>(small_pool(2, 2, 1));
  auto guards = drain(*pool);
  ASSERT_EQ(guards.size(), 4U);
  const std::byte* const data = guards[0].data();
  EXPECT_EQ(complaint_of([&] { pool.reset(); }),
            "tapeline: serialization pool destroyed while 4 of its buffers are in use; their "
            "memory stays until they are released\n");
  while (guards.size() > 1) {
    guards.pop_back();
    ASSERT_TRUE(is_mapped(data));
    write_word(guards[0].data() + 248, guards.size());
    EXPECT_EQ(read_word(guards[0].data() + 248), guards.size());
  }
  guards.clear();
  EXPECT_FALSE(is_mapped(data));
}

TEST(PoolLifetime, ThreadThatNeverSawThePoolMayReleaseTheLastGuard) {
  auto pool = std::make_unique<Pool>(small_pool(2, 0, 1));
  SerializationGuard guard;
  std::thread{[&] { guard = pool->try_acquire(); }}.join();
  const std::byte* const data = guard.data();
  EXPECT_NE(complaint_of([&] { pool.reset(); }), "");
  std::thread{[&] { guard.release(); }}.join();
  EXPECT_FALSE(is_mapped(data));
}

struct Keeper {
  SerializationGuard guard;
};

TEST(PoolLifetime, DestructorOfAThreadMayReleaseTheLastGuard) {
  auto pool = std::make_unique<Pool>(small_pool(2, 0, 1));
  const std::byte* data = nullptr;
  std::atomic<bool> acquired{false};
  std::atomic<bool> destroyed{false};
  std::thread thread{[&] {
    thread_local Keeper keeper;  // made before the thread is known to the pool, destroyed after
    keeper.guard = pool->try_acquire();
    data = keeper.guard.data();
    acquired = true;
    acquired.notify_all();
    destroyed.wait(false);
  }};
  acquired.wait(false);
  EXPECT_NE(complaint_of([&] { pool.reset(); }), "");
  EXPECT_TRUE(is_mapped(data));
  destroyed = true;
  destroyed.notify_all();
  thread.join();
  EXPECT_FALSE(is_mapped(data));
}

// Claim to break: a release that runs at the same time as the destructor is missed by both, and
// the memory stays; or is counted by both, and it goes too early.
TEST(PoolLifetime, ReleasesThatRaceWithTheDestructorLeaveNothing) {
  constexpr int kThreads = 3;
  for (int round = 0; round < scaled(2000); ++round) {
    auto pool = std::make_unique<Pool>(small_pool(8, 1, 2));
    const std::byte* data = nullptr;
    std::barrier start{kThreads + 1};
    std::barrier finish{kThreads + 1};
    std::vector<std::thread> threads;
    threads.reserve(kThreads);
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        auto guard = pool->try_acquire();
        if (i == 0) data = guard.data();
        start.arrive_and_wait();
        write_word(guard.data(), 1);
        guard.release();
        finish.arrive_and_wait();  // the thread's end would find what the release had missed
      });
    }
    start.arrive_and_wait();
    static_cast<void>(complaint_of([&] { pool.reset(); }));
    finish.arrive_and_wait();
    ASSERT_FALSE(is_mapped(data)) << round;
    for (std::thread& thread : threads) thread.join();
  }
}

TEST(PoolLifetimeDeathTest, StaticGuardMayBeDestroyedAfterTheStaticPool) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        static SerializationGuard outlives;  // constructed first, so destroyed last
        static Pool pool{small_pool(4, 1, 2)};
        outlives = pool.try_acquire();
        std::exit(0);
      },
      testing::ExitedWithCode(0), "destroyed while 1 of its buffers are in use");
}

TEST(PoolLifetimeDeathTest, StaticPoolThatGrowsEndsItsThread) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        PoolConfig config = small_pool(4, 1, 2);
        config.max_buffers = 4096;
        config.low_watermark = 4;
        static Pool pool{config};
        static SerializationGuard guard = pool.try_acquire();  // destroyed before the pool
        static_cast<void>(pool.acquire_or_grow());
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(PoolLifetime, ConstructorThatThrowsLeavesNothing) {
  LockFreeBufferPoolConfig config{.serialization = small_pool(4, 0, 1),
                                  .compression = small_pool(4, 0, 1),
                                  .simd = small_pool(0, 0, 1)};
  EXPECT_THROW((LockFreeBufferPool{config}), std::invalid_argument);
}

}  // namespace
}  // namespace tapeline::pool

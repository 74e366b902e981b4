// What a thread keeps, and what becomes of it when the thread ends.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

using Pool = BufferPool<SerializationKind>;

// Claim to break: short threads lose counts or buffers.
TEST(ThreadEnd, TenThousandShortThreadsLeaveAllCountsExact) {
  Pool pool{small_pool(64, 4, 8)};
  const int rounds = kSanitized ? 250 : 2500;
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&pool] {
        const auto a = pool.try_acquire();
        const auto b = pool.try_acquire();
        EXPECT_TRUE(a && b);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  const BufferCounts counts = pool.counts();
  const auto expected = static_cast<std::uint64_t>(rounds) * 4 * 2;
  EXPECT_EQ(counts.acquires, expected);
  EXPECT_EQ(counts.releases, expected);
  EXPECT_EQ(counts.in_use, 0U);
  EXPECT_EQ(counts.parked, 0U);
  EXPECT_EQ(counts.refusals, 0U);
  EXPECT_EQ(counts.available, 64U);
  EXPECT_EQ(drain(pool).size(), 68U);
}

TEST(ThreadEnd, GuardMayOutliveTheThreadThatAcquiredIt) {
  Pool pool{small_pool(8, 0, 2)};
  SerializationGuard guard;
  std::thread{[&] {
    guard = pool.try_acquire();
    write_word(guard.data(), 5);
  }}.join();
  EXPECT_EQ(read_word(guard.data()), 5U);
  EXPECT_EQ(pool.counts().in_use, 1U);
  EXPECT_EQ(pool.counts().available, 7U);
  guard.release();
  EXPECT_EQ(pool.counts().in_use, 0U);
}

// Lives in a thread, from before the pool knows the thread until after it has forgotten it.
struct LastOne {
  Pool* pool = nullptr;
  SerializationGuard guard;
  ~LastOne() {
    if (pool == nullptr) return;
    guard.release();
    auto late = pool->try_acquire();
    EXPECT_TRUE(late);
    auto handle = pool->this_thread();
    const auto later = handle.try_acquire();
    EXPECT_TRUE(later);
    handle.release(late);
    pool->flush_this_thread();
  }
};

TEST(ThreadEnd, PoolStillWorksInDestructorsThatRunLater) {
  for (const std::uint32_t buffers : {2U, 8U}) {  // 2: the second guard is an overflow buffer
    Pool pool{small_pool(buffers, 2, 2)};
    std::thread{[&pool] {
      thread_local LastOne last;
      last.pool = &pool;
      last.guard = pool.try_acquire();
      static_cast<void>(pool.try_acquire());
    }}.join();
    const BufferCounts counts = pool.counts();
    EXPECT_EQ(counts.in_use, 0U);
    EXPECT_EQ(counts.parked, 0U);
    EXPECT_EQ(counts.acquires, 4U);
    EXPECT_EQ(counts.available, buffers);
    EXPECT_EQ(drain(pool).size(), buffers + 2);
  }
}

TEST(ThreadEnd, PoolMayBeDestroyedBeforeTheThreadEnds) {
  auto pool = std::make_unique<Pool>(small_pool(8, 1, 2));
  std::atomic<bool> used{false};
  std::atomic<bool> destroyed{false};
  std::thread thread{[&] {
    drain(*pool).clear();
    used = true;
    used.notify_all();
    destroyed.wait(false);
    // A later pool must not find the cache of the dead one, wherever it lies in memory.
    for (int i = 0; i < 20; ++i) {
      Pool next{small_pool(4, 0, 2)};
      EXPECT_EQ(drain(next).size(), 4U);
    }
  }};
  used.wait(false);
  pool.reset();
  destroyed = true;
  destroyed.notify_all();
  thread.join();
}

}  // namespace
}  // namespace tapeline::pool

#include "pool/buffer_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <latch>
#include <memory>
#include <set>
#include <span>
#include <thread>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

using Pool = BufferPool<SerializationKind>;

TEST(BufferPool, HandsOutEveryBufferOnceThenOverflowThenRefuses) {
  Pool pool{small_pool(8, 3, 2)};
  auto guards = drain(pool);
  EXPECT_EQ(guards.size(), 11U);
  std::set<const std::byte*> distinct;
  for (const auto& guard : guards) distinct.insert(guard.data());
  EXPECT_EQ(distinct.size(), 11U);
  EXPECT_FALSE(pool.try_acquire());
  guards.pop_back();
  EXPECT_TRUE(pool.try_acquire());
}

TEST(BufferPool, NeverRefusesWhileThisThreadHasABufferParked) {
  Pool pool{small_pool(31, 0, 31)};
  for (int round = 0; round < 3; ++round) {
    auto guards = drain(pool);
    ASSERT_EQ(guards.size(), 31U) << round;
    guards.clear();
    EXPECT_EQ(pool.counts().parked, 31U);
  }
}

TEST(BufferPool, ReturnedOverflowBufferServesTheNextMiss) {
  Pool pool{small_pool(1, 1, 1)};
  const auto regular = pool.try_acquire();
  for (std::uint64_t round = 1; round <= 5; ++round) {
    const auto overflow = pool.try_acquire();
    ASSERT_TRUE(overflow);
    EXPECT_EQ(pool.counts().fallback_allocations, round);
  }
  EXPECT_EQ(pool.counts().overflow_in_use, 0U);
}

TEST(BufferPool, PrefersRegularBuffersToOverflow) {
  Pool pool{small_pool(2, 2, 1)};
  auto guards = drain(pool);
  guards.clear();
  const auto a = pool.try_acquire();
  const auto b = pool.try_acquire();
  EXPECT_EQ(pool.counts().overflow_in_use, 0U);
}

TEST(BufferPool, BuffersDoNotOverlapAndDoNotShareAStrideOfAPowerOfTwo) {
  Pool pool{{.buffer_bytes = 4096, .buffer_count = 16, .overflow_buffers = 4}};
  const auto guards = drain(pool);
  std::set<std::uintptr_t> starts;
  for (const auto& guard : guards) starts.insert(reinterpret_cast<std::uintptr_t>(guard.data()));
  ASSERT_EQ(starts.size(), 20U);
  for (auto at = starts.begin(); std::next(at) != starts.end(); ++at) {
    EXPECT_EQ(*std::next(at) - *at, 4096U + PoolCore::kGapBytes);
    EXPECT_EQ(*at % kCacheLineBytes, 0U);
  }
}

TEST(BufferPool, OddSizesKeepTheirCapacityAndTheAlignment) {
  Pool pool{{.buffer_bytes = 100, .buffer_count = 3, .overflow_buffers = 0, .huge_pages = false}};
  for (const auto& guard : drain(pool)) {
    EXPECT_EQ(guard.capacity(), 100U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(guard.data()) % kCacheLineBytes, 0U);
  }
}

TEST(BufferPool, FlushGivesParkedBuffersToOtherThreads) {
  Pool pool{small_pool(8, 0, 4)};
  drain(pool).clear();
  EXPECT_EQ(pool.counts().parked, 8U);
  std::size_t before = 0;
  std::thread{[&] { before = drain(pool).size(); }}.join();
  EXPECT_EQ(before, 0U);
  pool.flush_this_thread();
  EXPECT_EQ(pool.counts().available, 8U);
  std::size_t after = 0;
  std::thread{[&] { after = drain(pool).size(); }}.join();
  EXPECT_EQ(after, 8U);
}

TEST(BufferPool, ParksAtMostTwoBatchesPerThread) {
  Pool pool{small_pool(64, 0, 5)};
  auto guards = drain(pool);
  for (auto& guard : guards) {
    guard.release();
    EXPECT_LE(pool.counts().parked, 10U);
  }
  EXPECT_EQ(pool.counts().available, 54U + 10U - pool.counts().parked);
}

TEST(BufferPool, HandleSharesTheCacheOfItsThread) {
  Pool pool{small_pool(8, 1, 4)};
  Pool::ThreadHandle handle = pool.this_thread();
  auto guard = pool.try_acquire();
  const std::byte* const data = guard.data();
  handle.release(guard);
  EXPECT_FALSE(guard);
  guard = handle.try_acquire();
  EXPECT_EQ(guard.data(), data);
  guard.release();
  EXPECT_EQ(pool.try_acquire().capacity(), 256U);
  EXPECT_EQ(pool.counts().stack_hits, 1U);
  SerializationGuard empty;
  handle.release(empty);
  EXPECT_EQ(pool.counts().releases, 3U);
}

TEST(BufferPool, HandleTakesOverflowAndIsRefused) {
  Pool pool{small_pool(1, 1, 1)};
  auto handle = pool.this_thread();
  auto a = handle.try_acquire();
  auto b = handle.try_acquire();
  EXPECT_TRUE(a);
  EXPECT_TRUE(b);
  EXPECT_FALSE(handle.try_acquire());
  handle.release(b);
  handle.release(a);
  EXPECT_EQ(pool.counts().in_use, 0U);
  EXPECT_EQ(drain(pool).size(), 2U);
}

TEST(BufferPool, HandleTakesAndGivesBackManyAtOnce) {
  Pool pool{small_pool(8, 2, 2)};
  auto handle = pool.this_thread();
  std::array<SerializationGuard, 12> guards;
  EXPECT_EQ(handle.try_acquire(std::span{guards}.first(5)), 5U);
  EXPECT_EQ(handle.try_acquire(std::span{guards}.subspan(5)), 5U);
  EXPECT_FALSE(guards[10]);
  EXPECT_EQ(pool.counts().refusals, 1U);
  EXPECT_EQ(pool.counts().in_use, 10U);
  std::set<const std::byte*> distinct;
  for (const auto& guard : std::span{guards}.first(10)) distinct.insert(guard.data());
  EXPECT_EQ(distinct.size(), 10U);
  handle.release(guards);  // the last two are empty
  for (const auto& guard : guards) EXPECT_FALSE(guard);
  EXPECT_EQ(pool.counts().in_use, 0U);
  EXPECT_EQ(pool.counts().releases, 10U);
  EXPECT_EQ(pool.counts().parked, 4U);
  EXPECT_EQ(handle.try_acquire(std::span<SerializationGuard>{}), 0U);
}

TEST(BufferPool, HandleOfAnotherThreadSeesWhatManyAtOnceGaveBack) {
  Pool pool{small_pool(64, 0, 4)};
  std::array<SerializationGuard, 64> guards;
  ASSERT_EQ(pool.this_thread().try_acquire(guards), 64U);
  std::thread{[&] { pool.this_thread().release(guards); }}.join();
  EXPECT_EQ(pool.counts().available, 64U);
  EXPECT_EQ(pool.this_thread().try_acquire(guards), 64U);
  EXPECT_EQ(pool.counts().peak_in_use, 64U);
}

// Claim to break: pools that meet in one place of the thread's table take each other's buffers.
TEST(BufferPool, ManyPoolsInOneThreadKeepTheirBuffersApart) {
  std::vector<std::unique_ptr<Pool>> pools;
  pools.reserve(20);
  for (int i = 0; i < 20; ++i) pools.push_back(std::make_unique<Pool>(small_pool(4, 1, 2)));
  for (int round = 0; round < 3; ++round) {
    std::vector<SerializationGuard> guards;
    guards.reserve(pools.size());
    for (const auto& pool : pools) guards.push_back(pool->try_acquire());
    for (const auto& pool : pools) EXPECT_EQ(pool->counts().in_use, 1U);
    if (round == 1) std::reverse(guards.begin(), guards.end());
    guards.clear();
    for (const auto& pool : pools) EXPECT_EQ(pool->counts().in_use, 0U);
  }
  for (const auto& pool : pools) EXPECT_EQ(drain(*pool).size(), 5U);
}

TEST(BufferPool, PoolsThatComeAndGoLeaveNothingBehindInTheThread) {
  for (int round = 0; round < 100; ++round) {
    Pool pool{small_pool(4, 0, 2)};
    auto guard = pool.try_acquire();
    ASSERT_TRUE(guard);
    EXPECT_EQ(pool.counts().acquires, 1U);
    guard.release();
    EXPECT_EQ(drain(pool).size(), 4U);
  }
}

TEST(LockFreeBufferPool, DefaultsAreWhatTheKindsNeed) {
  LockFreeBufferPool pools{LockFreeBufferPoolConfig{}};
  const auto serialization = pools.serialization().try_acquire();
  const auto compression = pools.compression().try_acquire();
  const auto simd = pools.simd().try_acquire();
  EXPECT_EQ(serialization.capacity(), 128U * 1024);
  EXPECT_EQ(compression.capacity(), 64U * 1024);
  EXPECT_EQ(simd.capacity() % kCacheLineBytes, 0U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(simd.data()) % kCacheLineBytes, 0U);
  const BufferPoolStats stats = pools.stats();
  EXPECT_EQ(stats.serialization.in_use, 1U);
  EXPECT_EQ(stats.compression.in_use, 1U);
  EXPECT_EQ(stats.simd.in_use, 1U);
}

TEST(LockFreeBufferPool, FlushReachesAllThreePools) {
  LockFreeBufferPool pools{{.serialization = small_pool(4, 0, 2),
                            .compression = small_pool(4, 0, 2),
                            .simd = small_pool(4, 0, 2)}};
  static_cast<void>(pools.serialization().try_acquire());
  static_cast<void>(pools.compression().try_acquire());
  static_cast<void>(pools.simd().try_acquire());
  pools.flush_this_thread();
  const BufferPoolStats stats = pools.stats();
  EXPECT_EQ(stats.serialization.parked + stats.compression.parked + stats.simd.parked, 0U);
  EXPECT_EQ(stats.serialization.available, 4U);
  EXPECT_EQ(stats.compression.available, 4U);
  EXPECT_EQ(stats.simd.available, 4U);
}

// Pools of one kind share the places in which a thread finds its caches, more pools than places.
TEST(BufferPool, ManyPoolsOfAKindInOneThreadKeepTheirBuffersApart) {
  std::vector<std::unique_ptr<BufferPool<SimdKind>>> pools;
  for (int i = 0; i < 14; ++i) {
    pools.push_back(std::make_unique<BufferPool<SimdKind>>(small_pool(4, 1, 2)));
  }
  for (int round = 0; round < 50; ++round) {
    for (auto& pool : pools) {
      auto guard = pool->try_acquire();
      auto other = pools[static_cast<std::size_t>(round) % pools.size()]->try_acquire();
      EXPECT_TRUE(guard && other);
    }
    if (round == 20) pools[0] = std::make_unique<BufferPool<SimdKind>>(small_pool(4, 1, 2));
  }
  std::uint64_t acquires = 0;
  for (auto& pool : pools) {
    const BufferCounts counts = pool->counts();
    EXPECT_EQ(counts.stack_hits, 1U);
    EXPECT_EQ(counts.in_use, 0U);
    EXPECT_EQ(counts.refusals, 0U);
    acquires += counts.acquires;
  }
  EXPECT_GE(acquires, 13U * 50);
}

}  // namespace
}  // namespace tapeline::pool

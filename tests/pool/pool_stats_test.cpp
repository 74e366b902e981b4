#include "pool/pool_stats.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

using Pool = BufferPool<CompressionKind>;

void expect_quiet_sums(const BufferCounts& counts) {
  EXPECT_EQ(counts.acquires, counts.cache_hits + counts.stack_hits + counts.fallback_allocations);
  EXPECT_EQ(counts.misses, counts.stack_hits + counts.fallback_allocations + counts.refusals);
  EXPECT_EQ(counts.in_use, counts.acquires - counts.releases);
  EXPECT_EQ(counts.available + counts.parked + counts.in_use,
            counts.buffers + counts.overflow_in_use);
}

TEST(BufferCounts, FreshPoolHasEverythingAvailable) {
  const Pool pool{small_pool(10, 2, 3)};
  const BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.available, 10U);
  EXPECT_EQ(counts.buffers, 10U);
  EXPECT_EQ(counts.overflow_buffers, 2U);
  EXPECT_EQ(counts.buffer_bytes, 256U);
  EXPECT_EQ(counts.acquires + counts.misses + counts.in_use + counts.peak_in_use, 0U);
  expect_quiet_sums(counts);
}

TEST(BufferCounts, TellWhereEachBufferCameFrom) {
  Pool pool{small_pool(4, 2, 2)};
  auto guards = drain(pool);  // 2 batches of 2, then 2 of the overflow, then a refusal
  BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.stack_hits, 2U);
  EXPECT_EQ(counts.cache_hits, 2U);
  EXPECT_EQ(counts.fallback_allocations, 2U);
  EXPECT_EQ(counts.refusals, 1U);
  EXPECT_EQ(counts.misses, 5U);
  EXPECT_EQ(counts.in_use, 6U);
  EXPECT_EQ(counts.overflow_in_use, 2U);
  EXPECT_EQ(counts.available, 0U);
  expect_quiet_sums(counts);
  guards.clear();
  counts = pool.counts();
  EXPECT_EQ(counts.releases, 6U);
  EXPECT_EQ(counts.in_use, 0U);
  EXPECT_EQ(counts.parked, 4U);
  EXPECT_EQ(counts.overflow_in_use, 0U);
  expect_quiet_sums(counts);
}

TEST(BufferCounts, PairsInOneThreadHitTheCache) {
  Pool pool{small_pool(256, 0, 8)};
  for (int i = 0; i < 1000; ++i) static_cast<void>(pool.try_acquire());
  const BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.stack_hits, 1U);
  EXPECT_EQ(counts.cache_hits, 999U);
  EXPECT_EQ(counts.peak_in_use, 1U);
}

TEST(BufferCounts, PeakOfOneThreadIsExact) {
  Pool pool{small_pool(64, 8, 5)};
  std::vector<CompressionGuard> guards;
  std::size_t peak = 0;
  // Up and down past refills, flushes and the overflow.
  for (const std::size_t target : {3U, 0U, 17U, 16U, 2U, 18U, 9U, 40U, 0U, 39U, 66U, 1U, 72U, 5U}) {
    while (guards.size() < target) guards.push_back(pool.try_acquire());
    peak = std::max(peak, guards.size());
    EXPECT_EQ(pool.counts().peak_in_use, peak) << target;
    while (guards.size() > target) guards.pop_back();
    EXPECT_EQ(pool.counts().peak_in_use, peak) << target;
  }
}

TEST(BufferCounts, MemoryStaysWithinTheBoundAndDoesNotGrow) {
  Pool pool{small_pool(16, 4, 2)};
  const BufferCounts before = pool.counts();
  EXPECT_GE(before.bytes_now, 20U * (256 + PoolCore::kGapBytes));
  EXPECT_LT(before.bytes_now, 20U * (256 + PoolCore::kGapBytes) + 4096);
  const auto guards = drain(pool);
  EXPECT_EQ(pool.counts().bytes_now, before.bytes_now);
  EXPECT_EQ(pool.counts().bytes_peak, before.bytes_now);
}

TEST(BufferCounts, ThreadsThatEndLeaveTheirCounts) {
  Pool pool{small_pool(32, 0, 4)};
  std::thread{[&pool] {
    for (int i = 0; i < 10; ++i) static_cast<void>(pool.try_acquire());
  }}.join();
  const BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.acquires, 10U);
  EXPECT_EQ(counts.releases, 10U);
  EXPECT_EQ(counts.parked, 0U);
  EXPECT_EQ(counts.available, 32U);
  expect_quiet_sums(counts);
}

}  // namespace
}  // namespace tapeline::pool

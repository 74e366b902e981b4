// Pools that get more memory, up to a bound, and give it back.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

using Pool = BufferPool<SerializationKind>;

// 8 buffers and 2 of the overflow, in batches of 2; only acquire_or_grow() grows.
PoolConfig growing(std::uint32_t bound, std::uint32_t slab = 3) {
  PoolConfig config = small_pool(8, 2, 2);
  config.max_buffers = bound;
  config.slab_buffers = slab;
  config.growth_thread = false;
  return config;
}

// The same, but a thread of the pool grows it when fewer than `watermark` are left.
PoolConfig growing_by_itself(std::uint32_t bound, std::uint32_t slab, std::uint32_t watermark) {
  PoolConfig config = growing(bound, slab);
  config.low_watermark = watermark;
  config.growth_thread = true;
  return config;
}

std::vector<SerializationGuard> drain_and_grow(Pool& pool) {
  std::vector<SerializationGuard> guards;
  for (auto guard = pool.acquire_or_grow(); guard; guard = pool.acquire_or_grow()) {
    guards.push_back(std::move(guard));
  }
  return guards;
}

void expect_whole(const BufferCounts& counts) {
  EXPECT_EQ(counts.acquires, counts.cache_hits + counts.stack_hits + counts.fallback_allocations);
  EXPECT_EQ(counts.misses, counts.stack_hits + counts.fallback_allocations + counts.refusals);
  EXPECT_EQ(counts.available + counts.parked + counts.in_use,
            counts.buffers + counts.grown_buffers + counts.overflow_in_use);
  EXPECT_LE(counts.buffers + counts.grown_buffers + counts.overflow_buffers, counts.max_buffers);
}

// Lets the thread of the pool work until the counts say so.
template <typename Condition>
BufferCounts wait_for(const Pool& pool, Condition condition) {
  BufferCounts counts = pool.counts();
  while (!condition(counts)) {
    std::this_thread::yield();
    counts = pool.counts();
  }
  return counts;
}

TEST(Growth, NoneUnlessConfigured) {
  Pool pool{small_pool(8, 2, 2)};
  EXPECT_EQ(drain_and_grow(pool).size(), 10U);
  const BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.max_buffers, 10U);
  EXPECT_EQ(counts.slabs_grown + counts.grown_buffers + counts.growth_failures, 0U);
  EXPECT_EQ(counts.refusals, 1U);
  EXPECT_EQ(pool.trim(), 0U);
}

TEST(Growth, ReachesTheBoundAndNotMore) {
  Pool pool{growing(21)};
  auto guards = drain_and_grow(pool);
  EXPECT_EQ(guards.size(), 21U);
  const BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.max_buffers, 21U);
  EXPECT_EQ(counts.slabs_grown, 4U);  // 3, 3, 3, 2
  EXPECT_EQ(counts.grown_buffers, 11U);
  EXPECT_EQ(counts.in_use, 21U);
  EXPECT_EQ(counts.refusals, 1U);
  expect_whole(counts);
  std::set<const std::byte*> distinct;
  for (auto& guard : guards) {
    for (std::byte& byte : guard.bytes()) byte = std::byte{0x5A};
    distinct.insert(guard.data());
  }
  EXPECT_EQ(distinct.size(), 21U);
}

TEST(Growth, TryAcquireDoesNotMapMemoryItself) {
  Pool pool{growing(21)};
  EXPECT_EQ(drain(pool).size(), 10U);
  EXPECT_EQ(pool.counts().slabs_grown, 0U);
}

TEST(Growth, ThreadOfThePoolGrowsBelowTheWatermark) {
  Pool pool{growing_by_itself(64, 8, 4)};
  std::vector<SerializationGuard> guards;
  for (int i = 0; i < 4; ++i) guards.push_back(pool.try_acquire());  // 4 are left
  EXPECT_EQ(pool.counts().slabs_grown, 0U);
  guards.push_back(pool.try_acquire());  // takes a batch, 2 are left
  // The counts of a snapshot belong together once the whole slab has been pushed.
  const BufferCounts counts = wait_for(pool, [](const auto& c) {
    return c.slabs_grown == 1 && c.available + c.parked + c.in_use == c.buffers + c.grown_buffers;
  });
  EXPECT_EQ(counts.slabs_grown, 1U);
  EXPECT_EQ(counts.fallback_allocations, 0U);
  expect_whole(counts);
}

TEST(Growth, ThreadOfThePoolFollowsTheDemandUpToTheBound) {
  Pool pool{growing_by_itself(40, 4, 2)};
  std::vector<SerializationGuard> guards;
  while (guards.size() < 40) {
    if (auto guard = pool.try_acquire(); guard) guards.push_back(std::move(guard));
    std::this_thread::yield();
  }
  const BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.grown_buffers, 30U);
  EXPECT_EQ(counts.slabs_grown, 8U);
  EXPECT_FALSE(pool.acquire_or_grow());
  expect_whole(pool.counts());
}

TEST(Growth, ThreadOfThePoolGrowsAgainAfterATrim) {
  Pool pool{growing_by_itself(12, 2, 2)};
  for (std::uint64_t round = 1; round <= 5; ++round) {
    std::vector<SerializationGuard> guards;
    while (guards.size() < 12) {
      if (auto guard = pool.try_acquire(); guard) guards.push_back(std::move(guard));
      std::this_thread::yield();
    }
    EXPECT_EQ(pool.counts().slabs_grown, round);
    guards.clear();
    pool.flush_this_thread();
    EXPECT_EQ(pool.counts().grown_buffers, 2U);
    static_cast<void>(pool.trim());
    EXPECT_EQ(pool.counts().slabs_trimmed, round);
  }
}

TEST(Growth, GrownBuffersCirculateLikeTheOthers) {
  Pool pool{growing(14, 4)};
  drain_and_grow(pool).clear();
  BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.available + counts.parked, 12U);
  expect_whole(counts);
  pool.flush_this_thread();
  EXPECT_EQ(pool.counts().available, 12U);
  EXPECT_EQ(drain(pool).size(), 14U);
}

TEST(Growth, ConstructorTellsWhatItChooses) {
  PoolConfig config{
      .buffer_bytes = 64, .buffer_count = 256, .overflow_buffers = 0, .max_buffers = 1024};
  BufferPool<SimdKind> pool{config};
  std::vector<SimdGuard> guards;
  for (int i = 0; i < 256; ++i) guards.push_back(pool.acquire_or_grow());
  while (pool.counts().slabs_grown == 0) std::this_thread::yield();  // fewer than 256 / 8 are left
  EXPECT_EQ(pool.counts().grown_buffers % 32, 0U);
}

TEST(Growth, BytesAreExactAndFollowGrowthAndTrim) {
  PoolConfig config = growing(72, 16);
  config.buffer_bytes = 4096 - PoolCore::kGapBytes;  // a buffer and its gap are one page
  Pool pool{config};
  constexpr std::uint64_t kPage = 4096;
  EXPECT_EQ(pool.counts().bytes_now, 10 * kPage);
  auto guards = drain_and_grow(pool);
  EXPECT_EQ(guards.size(), 72U);
  EXPECT_EQ(pool.counts().bytes_now, 72 * kPage);
  guards.clear();
  pool.flush_this_thread();
  EXPECT_EQ(pool.trim(), 62 * kPage);
  BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.bytes_now, 10 * kPage);
  EXPECT_EQ(counts.bytes_peak, 72 * kPage);
  EXPECT_EQ(counts.slabs_trimmed, 4U);
  EXPECT_EQ(counts.grown_buffers, 0U);
  EXPECT_EQ(counts.available, 8U);
  expect_whole(counts);
  EXPECT_EQ(drain_and_grow(pool).size(), 72U);
  EXPECT_EQ(pool.counts().slabs_grown, 8U);
  EXPECT_EQ(pool.counts().bytes_now, 72 * kPage);
  EXPECT_EQ(pool.counts().bytes_peak, 72 * kPage);
}

TEST(Growth, TrimLeavesSlabsWithABufferInUse) {
  Pool pool{growing(64, 18)};  // slabs of more than a page
  auto guards = drain_and_grow(pool);
  ASSERT_EQ(guards.size(), 64U);
  // One buffer of the slab in the middle stays in use.
  std::sort(guards.begin(), guards.end(),
            [](const auto& a, const auto& b) { return a.data() < b.data(); });
  SerializationGuard kept = std::move(guards[8 + 18 + 5]);
  write_word(kept.data(), 42);
  guards.clear();
  pool.flush_this_thread();
  EXPECT_GT(pool.trim(), 0U);
  EXPECT_EQ(pool.counts().slabs_trimmed, 2U);
  EXPECT_EQ(pool.counts().grown_buffers, 18U);
  EXPECT_EQ(read_word(kept.data()), 42U);
  EXPECT_EQ(pool.trim(), 0U);
  expect_whole(pool.counts());
  EXPECT_EQ(drain(pool).size(), 10U + 17);
  kept.release();
  pool.flush_this_thread();
  EXPECT_GT(pool.trim(), 0U);
  EXPECT_EQ(pool.counts().grown_buffers, 0U);
}

TEST(Growth, TrimLeavesSlabsWithAParkedBuffer) {
  Pool pool{growing(14, 4)};
  drain_and_grow(pool).clear();
  ASSERT_GT(pool.counts().parked, 0U);
  EXPECT_EQ(pool.trim(), 0U);  // the last slab was released last and lies in the cache
  pool.flush_this_thread();
  static_cast<void>(pool.trim());
  EXPECT_EQ(pool.counts().grown_buffers, 0U);
}

TEST(Growth, PeakOfOneThreadStaysExact) {
  Pool pool{growing(64, 7)};
  std::vector<SerializationGuard> guards;
  std::size_t peak = 0;
  for (const std::size_t target : {3U, 20U, 0U, 31U, 12U, 60U, 1U, 64U, 0U, 5U}) {
    while (guards.size() < target) guards.push_back(pool.acquire_or_grow());
    peak = std::max(peak, guards.size());
    EXPECT_EQ(pool.counts().peak_in_use, peak) << target;
    while (guards.size() > target) guards.pop_back();
    pool.flush_this_thread();
    static_cast<void>(pool.trim());
    EXPECT_EQ(pool.counts().peak_in_use, peak) << target;
  }
}

TEST(Growth, HandleGrowsToo) {
  Pool pool{growing(14, 4)};
  auto handle = pool.this_thread();
  std::vector<SerializationGuard> guards;
  for (auto guard = handle.acquire_or_grow(); guard; guard = handle.acquire_or_grow()) {
    guards.push_back(std::move(guard));
  }
  EXPECT_EQ(guards.size(), 14U);
}

TEST(Growth, PoolMayBeDestroyedWhileGrownBuffersAreInUse) {
  auto pool = std::make_unique<Pool>(growing(30, 4));
  auto guards = drain_and_grow(*pool);
  ASSERT_EQ(guards.size(), 30U);
  const std::byte* const data = guards.back().data();
  testing::internal::CaptureStderr();
  pool.reset();
  EXPECT_NE(testing::internal::GetCapturedStderr().find("30 of its buffers"), std::string::npos);
  for (auto& guard : guards) write_word(guard.data(), 1);
  guards.clear();
  EXPECT_FALSE(is_mapped(data));
}

TEST(Growth, PoolMayBeDestroyedWhileItsThreadGrows) {
  for (int round = 0; round < scaled(400); ++round) {
    Pool pool{growing_by_itself(500, 50, 8)};
    const auto guard = pool.try_acquire();
    EXPECT_TRUE(guard);
  }
}

#if !defined(TAPELINE_POOL_TEST_SANITIZED)
TEST(Growth, LackOfMemoryIsCountedAndNotFatal) {
  PoolConfig config = growing(4096, 2048);
  config.buffer_bytes = 4096;
  Pool pool{config};
  auto guards = drain(pool);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_DATA, &limit), 0);
  const rlimit none{.rlim_cur = 4096, .rlim_max = limit.rlim_max};  // the kernel ignores 0
  ASSERT_EQ(::setrlimit(RLIMIT_DATA, &none), 0);
  const auto refused = pool.acquire_or_grow();
  ASSERT_EQ(::setrlimit(RLIMIT_DATA, &limit), 0);
  EXPECT_FALSE(refused);
  BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.growth_failures, 1U);
  EXPECT_EQ(counts.slabs_grown, 0U);
  EXPECT_EQ(counts.bytes_now, counts.bytes_peak);
  expect_whole(counts);
  // The memory is there again: growth goes on.
  EXPECT_TRUE(pool.acquire_or_grow());
  EXPECT_EQ(pool.counts().slabs_grown, 1U);
  EXPECT_GT(pool.counts().bytes_now, counts.bytes_now);
}

TEST(Growth, ThreadOfThePoolTriesAgainAfterALackOfMemory) {
  PoolConfig config = growing_by_itself(4096, 2048, 2);
  config.buffer_bytes = 4096;
  Pool pool{config};
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_DATA, &limit), 0);
  const rlimit none{.rlim_cur = 4096, .rlim_max = limit.rlim_max};
  std::array<SerializationGuard, 8> guards;
  static_cast<void>(pool.try_acquire());  // the thread's cache is made here
  ASSERT_EQ(::setrlimit(RLIMIT_DATA, &none), 0);
  for (auto& guard : guards) guard = pool.try_acquire();
  static_cast<void>(wait_for(pool, [](const auto& c) { return c.growth_failures != 0; }));
  ASSERT_EQ(::setrlimit(RLIMIT_DATA, &limit), 0);
  // Nobody asks again.
  const BufferCounts counts = wait_for(pool, [](const auto& c) { return c.slabs_grown != 0; });
  EXPECT_EQ(counts.refusals, 0U);
}
#endif

// Claim to break: threads that acquire and release while others grow and trim lose a buffer, get
// one that is gone, or get one twice.
TEST(Growth, TrimAndGrowthRaceWithOwners) {
  Pool pool{growing_by_itself(96, 6, 3)};
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> strangers{0};
  std::vector<std::thread> owners;
  for (std::uint64_t owner = 1; owner <= 4; ++owner) {
    owners.emplace_back([&, owner] {
      std::uint64_t wrong = 0;
      for (int round = 0; round < scaled(20'000); ++round) {
        std::vector<SerializationGuard> guards;
        for (std::uint64_t i = 0; i < 1 + (owner * 7 + static_cast<std::uint64_t>(round)) % 24;
             ++i) {
          auto guard = round % 3 == 0 ? pool.acquire_or_grow() : pool.try_acquire();
          if (guard) guards.push_back(std::move(guard));
        }
        for (auto& guard : guards) write_word(guard.data(), owner);
        if (round % 16 == 0) std::this_thread::yield();
        for (auto& guard : guards) wrong += read_word(guard.data()) == owner ? 0U : 1U;
        guards.clear();
        if (round % 8 == 0) pool.flush_this_thread();
      }
      strangers += wrong;
    });
  }
  std::thread trimmer{[&] {
    while (!done) {
      static_cast<void>(pool.trim());
      const BufferCounts counts = pool.counts();
      EXPECT_LE(counts.buffers + counts.grown_buffers + counts.overflow_buffers, 96U);
      EXPECT_LE(counts.bytes_now, counts.bytes_peak);
      std::this_thread::yield();
    }
  }};
  for (std::thread& owner : owners) owner.join();
  done = true;
  trimmer.join();
  EXPECT_EQ(strangers, 0U);
  pool.flush_this_thread();
  const BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.in_use, 0U);
  EXPECT_EQ(counts.parked, 0U);
  EXPECT_GT(counts.slabs_trimmed, 0U);
  EXPECT_LE(counts.peak_in_use, 96U);
  expect_whole(counts);
}

}  // namespace
}  // namespace tapeline::pool

// Threads that wait for a buffer. Nothing here relies on how long something takes: the deadlines
// are either long past or so far away that only a missed wake-up would reach them.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Pool = BufferPool<SerializationKind>;

constexpr auto kForEver = 10min;

void until_waiting(const Pool& pool, std::uint64_t waits) {
  while (pool.counts().waits < waits) std::this_thread::yield();
}

TEST(Wait, NoneWhenThereIsABuffer) {
  Pool pool{small_pool(4, 1, 2)};
  EXPECT_TRUE(pool.acquire_until(Clock::time_point::min()));
  EXPECT_TRUE(pool.acquire_for(0ns));
  EXPECT_TRUE(pool.this_thread().acquire_for(kForEver));
  EXPECT_EQ(pool.counts().waits, 0U);
  EXPECT_EQ(pool.counts().acquires, 3U);
}

TEST(Wait, DeadlineThatHasPassedIsARefusalWithoutAWait) {
  Pool pool{small_pool(4, 1, 2)};
  const auto guards = drain(pool);
  EXPECT_FALSE(pool.acquire_until(Clock::now()));
  EXPECT_FALSE(pool.acquire_until(Clock::time_point::min()));
  EXPECT_FALSE(pool.acquire_for(-1s));
  EXPECT_FALSE(pool.acquire_for(std::chrono::nanoseconds::min()));
  const BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.waits, 0U);
  EXPECT_EQ(counts.timeouts, 0U);
  EXPECT_EQ(counts.refusals, 5U);
  EXPECT_EQ(counts.misses, counts.stack_hits + counts.fallback_allocations + counts.refusals);
}

TEST(Wait, EndsAtTheDeadlineAndNotBefore) {
  Pool pool{small_pool(4, 1, 2)};
  const auto guards = drain(pool);
  const auto deadline = Clock::now() + 5ms;
  EXPECT_FALSE(pool.acquire_until(deadline));
  EXPECT_GE(Clock::now(), deadline);
  const BufferCounts counts = pool.counts();
  EXPECT_LE(counts.waits, 1U);  // 0 when the deadline passed before the wait could begin
  EXPECT_EQ(counts.timeouts, counts.waits);
  EXPECT_EQ(counts.refusals, 2U);
}

TEST(Wait, ReleaseByAnotherThreadEndsIt) {
  Pool pool{small_pool(4, 0, 2)};
  auto guards = drain(pool);
  const std::byte* got = nullptr;
  std::thread waiter{[&] {
    const auto guard = pool.acquire_for(kForEver);
    ASSERT_TRUE(guard);
    got = guard.data();
  }};
  until_waiting(pool, 1);
  const std::byte* const given = guards.back().data();
  guards.back().release();
  waiter.join();
  EXPECT_EQ(got, given);
  const BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.waits, 1U);
  EXPECT_EQ(counts.timeouts, 0U);
  EXPECT_EQ(counts.stack_hits, 3U);
}

TEST(Wait, ReleaseOfAnOverflowBufferEndsIt) {
  Pool pool{small_pool(2, 2, 2)};
  auto guards = drain(pool);
  std::thread waiter{[&] { EXPECT_TRUE(pool.acquire_for(kForEver)); }};
  until_waiting(pool, 1);
  guards.back().release();
  waiter.join();
  EXPECT_EQ(pool.counts().fallback_allocations, 3U);
}

// The parked buffers of a thread that releases go to the waiter as well.
TEST(Wait, ReleaseHandsOverAllThatItsThreadHasParked) {
  Pool pool{small_pool(8, 0, 2)};
  auto guards = drain(pool);
  guards.resize(6);  // two buffers come back, and are parked
  ASSERT_EQ(pool.counts().parked, 2U);
  std::atomic<bool> finish{false};
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&] {
      const auto guard = pool.acquire_for(kForEver);
      EXPECT_TRUE(guard);
      finish.wait(false);
    });
  }
  until_waiting(pool, 3);
  guards.pop_back();
  while (pool.counts().in_use < 8) std::this_thread::yield();
  EXPECT_EQ(pool.counts().parked, 0U);
  finish = true;
  finish.notify_all();
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(pool.counts().timeouts, 0U);
}

TEST(Wait, FlushOfACacheEndsIt) {
  Pool pool{small_pool(4, 0, 2)};
  auto guards = drain(pool);
  guards.resize(3);  // one parked
  std::thread waiter{[&] { EXPECT_TRUE(pool.acquire_for(kForEver)); }};
  until_waiting(pool, 1);
  pool.flush_this_thread();
  waiter.join();
}

TEST(Wait, EndOfAThreadWithParkedBuffersEndsIt) {
  Pool pool{small_pool(4, 0, 2)};
  std::atomic<bool> parked{false};
  std::atomic<bool> end{false};
  std::thread keeper{[&] {
    static_cast<void>(pool.try_acquire());
    parked = true;
    parked.notify_all();
    end.wait(false);
  }};
  parked.wait(false);
  const auto guards = drain(pool);
  std::thread waiter{[&] { EXPECT_TRUE(pool.acquire_for(kForEver)); }};
  until_waiting(pool, 1);
  end = true;
  end.notify_all();
  keeper.join();
  waiter.join();
}

TEST(Wait, GrowthEndsIt) {
  PoolConfig config = small_pool(4, 0, 2);
  config.max_buffers = 8;
  config.slab_buffers = 4;
  config.low_watermark = 1;
  Pool pool{config};
  std::vector<SerializationGuard> guards;
  for (int i = 0; i < 8; ++i) {
    guards.push_back(pool.acquire_for(kForEver));
    EXPECT_TRUE(guards.back());
  }
  EXPECT_EQ(pool.counts().grown_buffers, 4U);
}

TEST(Wait, ReleaseGoesToTheCacheAgainWhenNobodyWaits) {
  Pool pool{small_pool(4, 0, 2)};
  auto guards = drain(pool);
  EXPECT_FALSE(pool.acquire_for(1ms));
  guards.pop_back();
  EXPECT_EQ(pool.counts().parked, 1U);
  EXPECT_EQ(pool.counts().available, 0U);
}

// Lives in a thread from before the pool knows it until after it has forgotten it.
struct LastWait {
  Pool* pool = nullptr;
  SerializationGuard guard;
  ~LastWait() {
    if (pool == nullptr) return;
    EXPECT_FALSE(pool->acquire_for(1ms));
    guard.release();
    EXPECT_TRUE(pool->acquire_for(kForEver));
  }
};

TEST(Wait, WorksInDestructorsOfAThread) {
  Pool pool{small_pool(1, 0, 1)};
  std::thread{[&pool] {
    thread_local LastWait last;
    last.pool = &pool;
    last.guard = pool.try_acquire();
  }}.join();
  const BufferCounts counts = pool.counts();
  EXPECT_LE(counts.waits, 1U);  // 0 when the deadline passed before the wait could begin
  EXPECT_EQ(counts.timeouts, counts.waits);
  EXPECT_EQ(counts.refusals, 1U);
  EXPECT_EQ(counts.in_use, 0U);
  EXPECT_EQ(counts.available, 1U);
}

// Claim to break: a release and the beginning of a wait miss each other, and the waiter sleeps
// on although a buffer lies on the shared stack. Each buffer passes through a wait.
TEST(Wait, NoWakeUpIsMissed) {
  Pool pool{small_pool(2, 0, 1)};
  constexpr int kThreads = 6;
  std::atomic<std::uint64_t> refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < scaled(4'000); ++round) {
        auto guard = pool.acquire_for(kForEver);
        if (!guard) ++refused;
        if (round % 32 == 0) std::this_thread::yield();
        guard.release();
        pool.flush_this_thread();  // what this thread has parked would be out of reach
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, 0U);
  const BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.acquires, static_cast<std::uint64_t>(kThreads) * scaled(4'000));
  EXPECT_EQ(counts.in_use, 0U);
  EXPECT_EQ(counts.available, 2U);
  EXPECT_EQ(counts.timeouts, 0U);
}

// Claim to break: with producers that wait and consumers that release, somebody sleeps for ever.
// What is parked is out of reach, but the overflow buffer never is, so somebody always gets on.
TEST(Wait, ProducersWaitForConsumers) {
  Pool pool{small_pool(6, 1, 2)};
  constexpr int kRounds = scaled(20'000);
  std::array<std::atomic<SerializationGuard*>, 2> mail{};
  std::vector<std::thread> threads;
  for (auto& box : mail) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRounds; ++i) {
        auto* guard = new SerializationGuard{pool.acquire_for(kForEver)};
        EXPECT_TRUE(*guard);
        for (SerializationGuard* empty = nullptr;
             !box.compare_exchange_weak(empty, guard, std::memory_order_acq_rel); empty = nullptr) {
          std::this_thread::yield();
        }
      }
    });
    threads.emplace_back([&] {
      for (int i = 0; i < kRounds;) {
        if (auto* guard = box.exchange(nullptr, std::memory_order_acq_rel); guard != nullptr) {
          delete guard;
          if (++i % 64 == 0) pool.flush_this_thread();
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pool.counts().in_use, 0U);
  EXPECT_EQ(pool.counts().timeouts, 0U);
}

}  // namespace
}  // namespace tapeline::pool

// A child process may not use the pools of its parent.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

using Pool = BufferPool<SerializationKind>;

// Runs `body` in a child and returns its exit status: 0 when the body returned true.
template <typename Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Fork, ChildAcquiresNothingAndCountsIt) {
  Pool pool{small_pool(8, 2, 2)};
  drain(pool).clear();  // buffers lie in the cache of this thread
  EXPECT_EQ(in_child([&] {
              const std::uint64_t before = pool.counts().refusals;
              return !pool.try_acquire() && !pool.try_acquire() &&
                     pool.counts().refusals == before + 2;
            }),
            0);
  EXPECT_EQ(drain(pool).size(), 10U);
}

TEST(Fork, HandleOfTheParentGetsNothingInTheChild) {
  Pool pool{small_pool(8, 2, 2)};
  auto handle = pool.this_thread();
  auto guard = handle.try_acquire();
  EXPECT_EQ(in_child([&] {
              if (handle.try_acquire()) return false;
              handle.release(guard);
              return !handle.try_acquire();
            }),
            0);
  EXPECT_TRUE(handle.try_acquire());
}

TEST(Fork, ChildMayReadWhatItInheritedAndItsReleaseDoesNothing) {
  Pool pool{small_pool(8, 0, 2)};
  auto guard = pool.try_acquire();
  write_word(guard.data(), 77);
  EXPECT_EQ(in_child([&] {
              if (read_word(guard.data()) != 77) return false;
              guard.release();
              return !guard && !pool.try_acquire();
            }),
            0);
  EXPECT_EQ(read_word(guard.data()), 77U);
  EXPECT_EQ(pool.counts().in_use, 1U);
}

TEST(Fork, ChildMayNotUseAPoolThatOnlyOtherThreadsUsed) {
  Pool pool{small_pool(8, 0, 2)};
  std::thread{[&] { static_cast<void>(pool.try_acquire()); }}.join();
  EXPECT_EQ(in_child([&] { return !pool.try_acquire() && pool.counts().refusals == 1; }), 0);
}

TEST(Fork, ChildNeitherGrowsNorWaitsNorTrims) {
  PoolConfig config = small_pool(4, 0, 2);
  config.max_buffers = 12;
  config.slab_buffers = 4;
  Pool pool{config};
  std::vector<SerializationGuard> guards;
  for (int i = 0; i < 12; ++i) guards.push_back(pool.acquire_or_grow());
  EXPECT_EQ(in_child([&] {
              auto handle = pool.this_thread();
              return !pool.acquire_or_grow() && !pool.acquire_for(std::chrono::hours{1}) &&
                     !handle.acquire_or_grow() && !handle.acquire_for(std::chrono::hours{1}) &&
                     pool.trim() == 0 && pool.counts().waits == 0;
            }),
            0);
  guards.clear();
  pool.flush_this_thread();
  EXPECT_GT(pool.trim(), 0U);
}

TEST(Fork, ChildMayDestroyAPoolThatGrowsAndMakeItsOwn) {
  PoolConfig config = small_pool(4, 0, 2);
  config.max_buffers = 64;
  config.low_watermark = 4;
  auto pool = std::make_unique<Pool>(config);
  EXPECT_EQ(in_child([&] {
              pool.reset();
              config.growth_thread = false;  // ThreadSanitizer lets no child start a thread
              Pool own{config};
              std::vector<SerializationGuard> guards;
              while (guards.size() < 64) guards.push_back(own.acquire_or_grow());
              return own.counts().grown_buffers == 60;
            }),
            0);
  EXPECT_TRUE(pool->try_acquire());
}

TEST(Fork, ChildMayDestroyThePoolAndMakeItsOwn) {
  auto pool = std::make_unique<Pool>(small_pool(8, 0, 2));
  const auto guard = pool->try_acquire();
  EXPECT_EQ(in_child([&] {
              pool.reset();
              Pool own{small_pool(4, 1, 2)};
              bool good = drain(own).size() == 5;
              std::thread{[&] { good = good && own.try_acquire(); }}.join();
              return good && own.counts().in_use == 0;
            }),
            0);
  EXPECT_TRUE(pool->try_acquire());
}

}  // namespace
}  // namespace tapeline::pool

// Claims about several threads, each with an attempt to break it. Run under ThreadSanitizer too.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "pool_support.hpp"

namespace tapeline::pool {
namespace {

using Pool = BufferPool<SerializationKind>;

void run_threads(int count, const std::function<void(std::uint64_t)>& work) {
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  for (int i = 1; i <= count; ++i) threads.emplace_back(work, static_cast<std::uint64_t>(i));
  for (std::thread& thread : threads) thread.join();
}

void expect_whole(Pool& pool) {
  pool.flush_this_thread();
  const BufferCounts counts = pool.counts();
  EXPECT_EQ(counts.in_use, 0U);
  EXPECT_EQ(counts.parked, 0U);
  EXPECT_EQ(counts.overflow_in_use, 0U);
  EXPECT_EQ(counts.available, counts.buffers);
  EXPECT_EQ(counts.acquires, counts.releases);
  const auto guards = drain(pool);
  std::set<const std::byte*> distinct;
  for (const auto& guard : guards) distinct.insert(guard.data());
  EXPECT_EQ(distinct.size(), counts.buffers + counts.overflow_buffers);
  EXPECT_EQ(guards.size(), distinct.size());
}

// Writes the owner at both ends of the buffer, lets others run, and looks whether it still stands.
std::uint64_t count_strangers(std::vector<SerializationGuard>& guards, std::uint64_t owner) {
  std::uint64_t strangers = 0;
  for (auto& guard : guards) {
    write_word(guard.data(), owner);
    write_word(guard.data() + guard.capacity() - 8, owner);
  }
  if (owner % 2 == 0) std::this_thread::yield();
  for (auto& guard : guards) {
    strangers += read_word(guard.data()) == owner ? 0U : 1U;
    strangers += read_word(guard.data() + guard.capacity() - 8) == owner ? 0U : 1U;
  }
  return strangers;
}

struct Shape {
  std::uint32_t buffers;
  std::uint32_t overflow;
  std::uint32_t batch;
};

class Ownership : public testing::TestWithParam<Shape> {};

// Claim to break: a buffer has one owner at a time, however short the pool is of buffers.
TEST_P(Ownership, NoBufferIsHandedToTwoThreads) {
  const Shape shape = GetParam();
  Pool pool{small_pool(shape.buffers, shape.overflow, shape.batch)};
  std::atomic<std::uint64_t> strangers{0};
  std::atomic<std::uint64_t> served{0};
  run_threads(8, [&](std::uint64_t owner) {
    std::vector<SerializationGuard> guards;
    std::uint64_t mine = 0;
    for (int round = 0; round < scaled(40'000); ++round) {
      for (int i = 0; i < 1 + round % 4; ++i) {
        if (auto guard = pool.try_acquire(); guard) guards.push_back(std::move(guard));
      }
      mine += guards.size();
      strangers += count_strangers(guards, owner);
      guards.clear();
      if (round % 64 == 0) pool.flush_this_thread();
    }
    served += mine;
  });
  EXPECT_EQ(strangers, 0U);
  EXPECT_EQ(pool.counts().acquires, served);
  expect_whole(pool);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Ownership,
                         testing::Values(Shape{1, 0, 1}, Shape{3, 2, 1}, Shape{12, 0, 2},
                                         Shape{64, 8, 7}, Shape{512, 0, 31}, Shape{512, 0, 127}),
                         [](const auto& shape) {
                           return std::to_string(shape.param.buffers) + "buffers" +
                                  std::to_string(shape.param.batch) + "batch";
                         });

// A queue that synchronises as the rings of the feed do.
class Channel {
 public:
  void push(SerializationGuard guard) {
    const std::lock_guard lock{mutex_};
    guards_.push_back(std::move(guard));
  }
  SerializationGuard pop() {
    const std::lock_guard lock{mutex_};
    if (guards_.empty()) return {};
    SerializationGuard guard = std::move(guards_.front());
    guards_.pop_front();
    return guard;
  }

 private:
  std::mutex mutex_;
  std::deque<SerializationGuard> guards_;
};

// Claim to break: bytes written by the thread that acquired are seen by the one that releases, and
// the buffer comes back to be acquired again, without either being lost.
TEST(HandOver, ProducerAcquiresAndConsumerReleases) {
  Pool pool{small_pool(64, 4, 5)};
  Channel channel;
  const auto total = static_cast<std::uint64_t>(scaled(400'000));
  std::thread producer{[&] {
    for (std::uint64_t sent = 0; sent < total;) {
      auto guard = pool.try_acquire();
      if (!guard) {
        std::this_thread::yield();
        continue;
      }
      write_word(guard.data(), sent);
      write_word(guard.data() + 240, ~sent);
      guard.set_used(248);
      channel.push(std::move(guard));
      ++sent;
    }
  }};
  std::uint64_t wrong = 0;
  for (std::uint64_t received = 0; received < total;) {
    const auto guard = channel.pop();
    if (!guard) {
      std::this_thread::yield();
      continue;
    }
    wrong += read_word(guard.data()) == received ? 0U : 1U;
    wrong += read_word(guard.data() + 240) == ~received ? 0U : 1U;
    wrong += guard.used() == 248 ? 0U : 1U;
    ++received;
  }
  producer.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(pool.counts().acquires, total);
  expect_whole(pool);
}

// Claim to break: a snapshot taken while threads work is nonsense: more releases than acquires,
// counters that go back.
TEST(Snapshot, IsSaneWhileThreadsWork) {
  Pool pool{small_pool(32, 4, 3)};
  std::atomic<bool> done{false};
  std::thread reader{[&] {
    BufferCounts last;
    while (!done) {
      const BufferCounts now = pool.counts();
      EXPECT_GE(now.acquires, now.releases);
      EXPECT_GE(now.acquires, last.acquires);
      EXPECT_GE(now.releases, last.releases);
      EXPECT_GE(now.refusals, last.refusals);
      EXPECT_GE(now.peak_in_use, last.peak_in_use);
      EXPECT_LE(now.peak_in_use, 36U);
      EXPECT_LE(now.available, 32U);
      EXPECT_LE(now.overflow_in_use, 4U);
      last = now;
      std::this_thread::yield();
    }
  }};
  run_threads(4, [&](std::uint64_t id) {
    for (int round = 0; round < scaled(50'000); ++round) {
      std::array<SerializationGuard, 10> guards;
      for (std::size_t i = 0; i <= (static_cast<std::size_t>(round) + id) % 10; ++i) {
        guards[i] = pool.try_acquire();
      }
    }
  });
  done = true;
  reader.join();
  expect_whole(pool);
}

// Claim to break: threads that come, end and pass their guards on at the same time lose buffers.
TEST(HandOver, ThreadsEndWhileOthersReleaseTheirBuffers) {
  Pool pool{small_pool(48, 6, 4)};
  Channel channel;
  for (int round = 0; round < scaled(400); ++round) {
    run_threads(4, [&](std::uint64_t id) {
      for (int i = 0; i < 6; ++i) {
        if (auto guard = pool.try_acquire(); guard) channel.push(std::move(guard));
        if (id % 2 == 0) channel.pop().release();
      }
    });
  }
  while (auto guard = channel.pop()) guard.release();
  expect_whole(pool);
}

}  // namespace
}  // namespace tapeline::pool

#pragma once

// An archive writer's surroundings: a folder, pools and packets.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "app/archive/archive_writer.hpp"
#include "tests/app/archive/archive_support.hpp"

namespace tapeline::archive::testing {

inline pool::PoolConfig pool_of(std::size_t buffer_bytes, std::uint32_t buffers) {
  return {.buffer_bytes = buffer_bytes,
          .buffer_count = buffers,
          .overflow_buffers = 0,
          .batch = 1,
          .threads = 2,
          .huge_pages = false};
}

// The thread under test is given time, but no more than this.
inline bool wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

class ArchiveWriterTest : public ::testing::Test {
 protected:
  [[nodiscard]] ArchiveWriterConfig config(std::uint32_t ring_batches = 128) const {
    ArchiveWriterConfig made;
    made.frames.directory = folder_.path();
    made.frames.feed = "feed";
    made.frames.channel = "channel";
    made.frames.retry_ms = 1;
    made.ring_batches = ring_batches;
    return made;
  }
  std::vector<TestPacket> next_packets() { return maker_.make_many(40); }
  net::PacketBatch batch_of(const std::vector<TestPacket>& packets) {
    return make_batch(pool_.serialization(), packets);
  }
  void expect_all_buffers_home() {
    EXPECT_EQ(pool_.stats().serialization.in_use, 0U);
    EXPECT_EQ(pool_.stats().compression.in_use, 0U);
  }

  TemporaryFolder folder_;
  pool::LockFreeBufferPool pool_{{.serialization = pool_of(std::size_t{128} * 1024, 200),
                                  .compression = pool_of(std::size_t{64} * 1024, 8),
                                  .simd = pool_of(2048, 8)}};
  PacketMaker maker_{1};
};

}  // namespace tapeline::archive::testing

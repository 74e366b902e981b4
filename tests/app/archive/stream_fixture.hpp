#pragma once

// A frame writer fed by a PacketStream, and what is said of the files it leaves.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/archive/frame_writer.hpp"
#include "app/archive/repair.hpp"
#include "tests/app/archive/archive_support.hpp"
#include "tests/app/archive/failing_calls.hpp"
#include "tests/crash/packet_stream.hpp"

namespace tapeline::archive::testing {

using tapeline::testing::PacketStream;

inline constexpr SteadyNanos kMilli = 1'000'000;

inline FrameWriterConfig stream_config(const std::filesystem::path& directory) {
  FrameWriterConfig config;
  config.directory = directory;
  config.feed = "feed";
  config.channel = "channel";
  config.flush_ms = 0;
  config.sync_ms = 0;
  return config;
}

inline pool::PoolConfig stream_pool(std::size_t buffer_bytes) {
  return {.buffer_bytes = buffer_bytes,
          .buffer_count = 4,
          .overflow_buffers = 0,
          .batch = 1,
          .threads = 1,
          .huge_pages = false};
}

// The writer may be left as a process that dies leaves it: with its file open.
class StreamArchive {
 public:
  StreamArchive(const FrameWriterConfig& config, FileCalls& calls, std::size_t buffer_bytes = 65536)
      : pool_{stream_pool(buffer_bytes)},
        writer_{std::make_unique<FrameWriter>(config, pool_, calls, counters_)} {}

  void append(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) append_next();
  }
  void append_next() {
    std::array<std::byte, PacketStream::kMaxPacketBytes> bytes;
    writer_->append(stream_.view(next_++, bytes), now);
  }
  void die() { writer_.reset(); }

  [[nodiscard]] FrameWriter& writer() { return *writer_; }
  [[nodiscard]] const PacketStream& stream() const { return stream_; }
  [[nodiscard]] std::uint64_t appended() const { return next_; }
  [[nodiscard]] const ArchiveCounters::ArchiveSide& counts() const { return counters_.written; }

  SteadyNanos now = 0;

 private:
  PacketStream stream_{7};
  pool::BufferPool<pool::CompressionKind> pool_;
  ArchiveCounters counters_;
  std::unique_ptr<FrameWriter> writer_;
  std::uint64_t next_ = 0;
};

// Indexes of the packets in a file, in their order. Each has to be as it was made.
inline std::vector<std::uint64_t> indexes_in(const std::vector<std::filesystem::path>& files,
                                             const PacketStream& stream) {
  std::vector<std::uint64_t> found;
  for (const TestPacket& packet : read_archives(files)) {
    const auto index = stream.index_of(packet.bytes);
    if (!index) {
      ADD_FAILURE() << "a packet that was never sent";
      continue;
    }
    EXPECT_EQ(packet.time, stream.time_of(*index));
    found.push_back(*index);
  }
  return found;
}

// Repairs the open files of the channel and returns what was said of each.
inline std::vector<RepairReport> repair_all(const std::filesystem::path& directory,
                                            FileCalls& calls) {
  std::vector<RepairReport> reports;
  for (const auto& file : open_files(directory, "feed", "channel")) {
    reports.push_back(repair_file(calls, file));
  }
  return reports;
}

}  // namespace tapeline::archive::testing

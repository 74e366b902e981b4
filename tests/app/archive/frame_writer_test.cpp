#include "app/archive/frame_writer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>

#include "tests/app/archive/archive_support.hpp"
#include "tests/app/archive/failing_calls.hpp"

namespace tapeline::archive {
namespace {

using testing::Bytes;
using testing::FailingCalls;
using testing::PacketMaker;
using testing::read_archive;
using testing::read_archives;
using testing::TemporaryFolder;
using testing::TestPacket;
using CompressionPool = pool::BufferPool<pool::CompressionKind>;

constexpr SteadyNanos kMilli = 1'000'000;

pool::PoolConfig small_pool(std::uint32_t buffers, std::size_t buffer_bytes = 65536) {
  return {.buffer_bytes = buffer_bytes,
          .buffer_count = buffers,
          .overflow_buffers = 0,
          .batch = 1,
          .threads = 1,
          .huge_pages = false};
}

// A frame writer with all that it needs; time stands still unless a test moves it.
struct Fixture {
  explicit Fixture(std::uint32_t flush_ms = 1000, std::uint32_t buffers = 4)
      : pool{small_pool(buffers)}, writer{config(flush_ms), pool, calls, counters} {}

  [[nodiscard]] FrameWriterConfig config(std::uint32_t flush_ms) const {
    FrameWriterConfig made;
    made.directory = folder.path();
    made.feed = "feed";
    made.channel = "channel";
    made.flush_ms = flush_ms;
    made.sync_ms = 0;
    made.retry_ms = 1000;
    return made;
  }
  void append(const std::vector<TestPacket>& packets) {
    for (const TestPacket& packet : packets) writer.append(packet.view(), now);
  }
  [[nodiscard]] const ArchiveCounters::ArchiveSide& counts() const { return counters.written; }
  [[nodiscard]] ArchiveState state() const {
    return static_cast<ArchiveState>(counts().state.get());
  }
  [[nodiscard]] std::string last_error() const {
    return ArchiveFault::unpacked(counts().last_fault.get()).text();
  }
  [[nodiscard]] std::vector<TestPacket> written() const {
    return read_archives(folder.files(".pcap.zst"));
  }

  TemporaryFolder folder;
  FailingCalls calls;
  ArchiveCounters counters;
  CompressionPool pool;
  FrameWriter writer;
  SteadyNanos now = 0;
};

TEST(FrameWriter, ReadsBackWhatWasAppended) {
  Fixture archive;
  std::vector<TestPacket> packets = PacketMaker{1}.make_many(2000, 0, 1500);
  packets[5].original_bytes += 300;  // was cut when it was received
  archive.append(packets);
  archive.writer.close();
  EXPECT_EQ(archive.folder.files("").size(), 1U);
  EXPECT_EQ(archive.written(), packets);
  EXPECT_EQ(archive.counts().packets.get(), packets.size());
  EXPECT_EQ(archive.counts().lost_packets.get(), 0U);
  EXPECT_EQ(archive.counts().files.get(), 1U);
  EXPECT_EQ(archive.state(), ArchiveState::closed);
}

TEST(FrameWriter, CountsFramesAndBytesAsTheFileHasThem) {
  Fixture archive;
  archive.append(PacketMaker{2}.make_many(500));
  archive.writer.close();
  const auto path = archive.folder.files(".pcap.zst").at(0);
  std::uint64_t content_bytes = 0;
  const std::vector<Bytes> frames = testing::read_frames(path);
  for (const Bytes& content : frames) content_bytes += content.size();
  EXPECT_GT(frames.size(), 3U);
  EXPECT_EQ(archive.counts().frames.get(), frames.size());
  EXPECT_EQ(archive.counts().bytes_in.get(), content_bytes);
  EXPECT_EQ(archive.counts().bytes_out.get(), std::filesystem::file_size(path));
  EXPECT_EQ(archive.writer.file_path(), path.string());
}

TEST(FrameWriter, PutsWholeRecordsIntoEachFrame) {
  Fixture archive;
  const std::vector<TestPacket> packets = PacketMaker{3}.make_many(1000);
  archive.append(packets);
  archive.writer.close();
  std::vector<TestPacket> read;
  std::size_t at = testing::kFileHeaderBytes;
  for (const Bytes& content : testing::read_frames(archive.folder.files(".pcap.zst").at(0))) {
    EXPECT_LE(content.size(), archive.writer.content_capacity());
    EXPECT_EQ(testing::parse_records(content, at, read), content.size());
    at = 0;
  }
  EXPECT_EQ(read, packets);
}

TEST(FrameWriter, FillsAFrameToItsLastByte) {
  Fixture archive;
  PacketMaker maker{4};
  const std::size_t capacity = archive.writer.content_capacity();
  const std::size_t first = capacity - testing::kFileHeaderBytes - testing::kRecordHeaderBytes;
  const std::size_t second = capacity - testing::kRecordHeaderBytes;
  const std::vector<TestPacket> packets{maker.make(first), maker.make(second), maker.make(40)};
  archive.append(packets);
  EXPECT_EQ(archive.counts().frames.get(), 2U);
  archive.writer.close();
  EXPECT_EQ(archive.counts().frames.get(), 3U);
  const auto frames = testing::read_frames(archive.folder.files(".pcap.zst").at(0));
  EXPECT_EQ(frames.at(0).size(), capacity);
  EXPECT_EQ(frames.at(1).size(), capacity);
  EXPECT_EQ(archive.written(), packets);
}

TEST(FrameWriter, KeepsARecordWholeThatFitsOnlyWithoutTheFileHeader) {
  Fixture archive;
  PacketMaker maker{5};
  const std::size_t bytes = archive.writer.content_capacity() - testing::kRecordHeaderBytes;
  const std::vector<TestPacket> packets{maker.make(bytes)};
  archive.append(packets);
  archive.writer.close();
  const auto frames = testing::read_frames(archive.folder.files(".pcap.zst").at(0));
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].size(), testing::kFileHeaderBytes);
  EXPECT_EQ(archive.written(), packets);
}

TEST(FrameWriter, SplitsPacketsLargerThanAFrame) {
  Fixture archive;
  PacketMaker maker{6};
  std::vector<TestPacket> packets;
  for (int i = 0; i < 5; ++i) {
    packets.push_back(maker.make(65535));
    packets.push_back(maker.make(100));
  }
  archive.append(packets);
  archive.writer.close();
  EXPECT_EQ(archive.written(), packets);
  EXPECT_EQ(archive.counts().packets.get(), packets.size());
}

TEST(FrameWriter, WritesAnOpenFrameWhenItsTimeHasCome) {
  Fixture archive{100};
  archive.append(PacketMaker{7}.make_many(3));
  EXPECT_EQ(archive.writer.time_to_tick(0, 7777 * kMilli), 100 * kMilli);
  EXPECT_EQ(archive.writer.time_to_tick(99 * kMilli, 7777 * kMilli), kMilli);
  EXPECT_EQ(archive.writer.time_to_tick(0, 5), 5);
  archive.writer.tick(100 * kMilli - 1);
  EXPECT_EQ(archive.counts().frames.get(), 0U);
  archive.writer.tick(100 * kMilli);
  EXPECT_EQ(archive.counts().frames.get(), 1U);
  EXPECT_EQ(archive.writer.time_to_tick(0, 7777 * kMilli), 7777 * kMilli);
  archive.writer.tick(1000 * kMilli);
  EXPECT_EQ(archive.counts().frames.get(), 1U) << "nothing was open";
}

TEST(FrameWriter, GivesTheSameBytesForTheSamePackets) {
  const std::vector<TestPacket> packets = PacketMaker{8}.make_many(800);
  std::array<Bytes, 2> files;
  for (std::size_t run = 0; run < files.size(); ++run) {
    Fixture archive{0};
    for (const TestPacket& packet : packets) {
      archive.now += static_cast<SteadyNanos>(run) * 50 * kMilli;
      archive.writer.append(packet.view(), archive.now);
      archive.writer.tick(archive.now);
    }
    archive.writer.close();
    files.at(run) = testing::read_file(archive.folder.files(".pcap.zst").at(0));
  }
  EXPECT_FALSE(files[0].empty());
  EXPECT_EQ(files[0], files[1]);
}

TEST(FrameWriter, OpensNoFileWithoutAPacket) {
  Fixture archive;
  archive.writer.tick(5000 * kMilli);
  archive.writer.close();
  EXPECT_TRUE(std::filesystem::is_empty(archive.folder.path()));
  EXPECT_EQ(archive.state(), ArchiveState::closed);
  EXPECT_EQ(archive.writer.file_path(), "");
}

TEST(FrameWriter, WritesTimesBefore1970As1970) {
  Fixture archive;
  TestPacket packet = PacketMaker{9}.make(50);
  packet.time = -5;
  archive.append({packet});
  archive.writer.close();
  EXPECT_EQ(archive.written().at(0).time, 0);
}

TEST(FrameWriter, GivesItsBuffersBack) {
  Fixture archive;
  archive.append(PacketMaker{10}.make_many(300));
  archive.writer.close();
  EXPECT_EQ(archive.pool.counts().in_use, 0U);
  EXPECT_LE(archive.pool.counts().peak_in_use, 2U);
  EXPECT_EQ(archive.pool.counts().acquires, 2 * archive.counts().frames.get());
}

// Lets one write fail, wherever it is, and holds what is on disk against the counters.
TEST(FrameWriter, LosesOnlyTheFramesThatCouldNotBeWritten) {
  const std::vector<TestPacket> packets = PacketMaker{11}.make_many(1000);
  for (int failing = 1; failing <= 10; ++failing) {
    for (const std::size_t piece : {SIZE_MAX, std::size_t{50'000}}) {
      Fixture archive;
      archive.calls.failing = FailingCalls::Call::write;
      archive.calls.first_failing = failing;
      archive.calls.last_failing = failing;
      archive.calls.max_write_bytes = piece;
      for (const TestPacket& packet : packets) {
        archive.now += 10 * kMilli;
        archive.writer.append(packet.view(), archive.now);
      }
      archive.writer.close();
      ASSERT_EQ(archive.calls.failed, 1) << failing;
      const std::vector<TestPacket> written = archive.written();
      EXPECT_EQ(archive.folder.files(".open").size(), 0U);
      EXPECT_EQ(written.size(), archive.counts().packets.get());
      EXPECT_EQ(written.size() + archive.counts().lost_packets.get(), packets.size());
      EXPECT_GT(archive.counts().lost_packets.get(), 50U);  // a frame and a pause of one second
      EXPECT_LT(archive.counts().lost_packets.get(), 250U);
      EXPECT_TRUE(std::includes(packets.begin(), packets.end(), written.begin(), written.end(),
                                [](const auto& a, const auto& b) { return a.time < b.time; }));
      EXPECT_EQ(archive.counts().write_errors.get(), 1U);
      EXPECT_EQ(archive.counts().failed_ever.get(), 1U);
      EXPECT_EQ(archive.last_error(), "write: No space left on device");
      EXPECT_EQ(archive.state(), ArchiveState::closed);
    }
  }
}

TEST(FrameWriter, StaysFailedUntilAFrameIsWritten) {
  Fixture archive;
  PacketMaker maker{12};
  archive.calls.failing = FailingCalls::Call::write;
  archive.calls.error = EIO;
  archive.append(maker.make_many(10));
  archive.now = 1000 * kMilli;
  archive.writer.tick(archive.now);
  EXPECT_EQ(archive.state(), ArchiveState::failed);
  EXPECT_EQ(archive.last_error(), "write: Input/output error");
  EXPECT_EQ(archive.counts().lost_packets.get(), 10U);
  EXPECT_TRUE(std::filesystem::is_empty(archive.folder.path()));

  archive.now += 999 * kMilli;  // not yet time to try again
  archive.append(maker.make_many(5));
  EXPECT_EQ(archive.counts().lost_packets.get(), 15U);
  EXPECT_TRUE(std::filesystem::is_empty(archive.folder.path()));

  archive.now += kMilli;  // an attempt that fails again
  archive.append(maker.make_many(5));
  EXPECT_EQ(archive.state(), ArchiveState::failed);
  archive.now += 1000 * kMilli;
  archive.writer.tick(archive.now);
  EXPECT_EQ(archive.counts().lost_packets.get(), 20U);
  EXPECT_EQ(archive.counts().write_errors.get(), 2U);

  archive.calls.failing = FailingCalls::Call::none;
  archive.now += 1000 * kMilli;
  const std::vector<TestPacket> saved = maker.make_many(5);
  archive.append(saved);
  EXPECT_EQ(archive.state(), ArchiveState::failed);
  archive.writer.tick(archive.now + 1000 * kMilli);
  EXPECT_EQ(archive.state(), ArchiveState::writing);
  archive.writer.close();
  EXPECT_EQ(archive.state(), ArchiveState::closed);
  EXPECT_EQ(archive.counts().failed_ever.get(), 1U);
  EXPECT_EQ(archive.written(), saved);
}

// Every call of every kind fails once: nothing crashes, and what is said to be on disk is there.
TEST(FrameWriter, SurvivesTheFailureOfAnyCall) {
  using Call = FailingCalls::Call;
  const std::vector<TestPacket> packets = PacketMaker{13}.make_many(300);
  for (const Call call : {Call::create, Call::sync, Call::close, Call::rename}) {
    for (int failing = 1; failing <= 2; ++failing) {
      Fixture archive;
      archive.calls.failing = call;
      archive.calls.first_failing = failing;
      archive.calls.last_failing = failing;
      for (const TestPacket& packet : packets) {
        archive.now += 10 * kMilli;
        archive.writer.append(packet.view(), archive.now);
      }
      archive.writer.close();
      const auto written = read_archives(archive.folder.files(".pcap.zst"));
      const auto unfinished = read_archives(archive.folder.files(".pcap.zst.open"));
      EXPECT_EQ(written.size() + unfinished.size(), archive.counts().packets.get());
      EXPECT_EQ(archive.counts().packets.get() + archive.counts().lost_packets.get(),
                packets.size());
      EXPECT_EQ(archive.counts().failed_ever.get(), archive.calls.failed != 0 ? 1U : 0U);
      EXPECT_EQ(archive.state(), call != Call::create && archive.calls.failed != 0
                                     ? ArchiveState::failed
                                     : ArchiveState::closed);
      EXPECT_EQ(archive.pool.counts().in_use, 0U);
    }
  }
}

TEST(FrameWriter, LosesASplitPacketAsAWhole) {
  const std::vector<TestPacket> first = PacketMaker{14}.make_many(10);
  for (int failing = 1; failing <= 3; ++failing) {
    Fixture archive;
    archive.calls.failing = FailingCalls::Call::write;
    archive.calls.first_failing = failing;
    archive.calls.last_failing = failing;
    archive.append(first);
    archive.append({PacketMaker{15}.make(65535)});  // frames 2 and 3
    archive.writer.close();
    EXPECT_EQ(archive.written(), failing == 1 ? std::vector<TestPacket>{} : first) << failing;
    EXPECT_EQ(archive.counts().lost_packets.get(), failing == 1 ? 11U : 1U) << failing;
    EXPECT_EQ(archive.counts().packets.get(), failing == 1 ? 0U : 10U) << failing;
  }
}

TEST(FrameWriter, LosesPacketsWhileThereIsNoBuffer) {
  Fixture archive{1000, 2};
  PacketMaker maker{16};
  pool::CompressionGuard taken = archive.pool.try_acquire();
  archive.append(maker.make_many(4));
  archive.now = 1000 * kMilli;
  archive.writer.tick(archive.now);  // no second buffer to compress into
  EXPECT_EQ(archive.state(), ArchiveState::failed);
  EXPECT_EQ(archive.last_error(), "take a compression buffer: No buffer space available");
  EXPECT_EQ(archive.counts().lost_packets.get(), 4U);
  taken.release();
  archive.now += 1000 * kMilli;
  const std::vector<TestPacket> saved = maker.make_many(4);
  archive.append(saved);
  archive.writer.close();
  EXPECT_EQ(archive.written(), saved);
}

TEST(FrameWriter, RefusesBuffersTooSmallForAFrame) {
  const TemporaryFolder folder;
  FileCalls calls;
  ArchiveCounters counters;
  CompressionPool tiny{small_pool(2, 512)};
  EXPECT_THROW(
      (FrameWriter{
          {.directory = folder.path(), .feed = "f", .channel = "c"}, tiny, calls, counters}),
      std::invalid_argument);
}

TEST(FrameWriter, RefusesALevelThatDoesNotExist) {
  const TemporaryFolder folder;
  FileCalls calls;
  ArchiveCounters counters;
  CompressionPool buffers{small_pool(2)};
  EXPECT_THROW(
      (FrameWriter{
          {.directory = folder.path(), .feed = "f", .channel = "c", .compression_level = 99},
          buffers,
          calls,
          counters}),
      std::invalid_argument);
}

}  // namespace
}  // namespace tapeline::archive

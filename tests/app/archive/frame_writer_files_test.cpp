// The files of a frame writer: when they end, what is durable, what stands in front of frames.

#include <gtest/gtest.h>
#include <zdict.h>

#include <cerrno>
#include <set>

#include "codec/archive/dictionary.hpp"
#include "codec/archive/frame_index.hpp"
#include "codec/archive/outage_note.hpp"
#include "tests/app/archive/stream_fixture.hpp"

namespace tapeline::archive {
namespace {

using testing::Bytes;
using testing::FailingCalls;
using testing::indexes_in;
using testing::kMilli;
using testing::QuickCalls;
using testing::repair_all;
using testing::stream_config;
using testing::StreamArchive;
using testing::TemporaryFolder;
using testing::TestPacket;
using Call = FailingCalls::Call;

constexpr net::UnixNanos kSecond = 1'000'000'000;

std::vector<std::uint64_t> first_numbers(std::uint64_t count) {
  std::vector<std::uint64_t> numbers(count);
  for (std::uint64_t i = 0; i < count; ++i) numbers[i] = i;
  return numbers;
}

TestPacket packet_at(net::UnixNanos time) {
  TestPacket packet = testing::PacketMaker{1}.make(200);
  packet.time = time;
  return packet;
}

// The notes of outages in a file.
std::vector<codec::archive::OutageNote> outage_notes(const std::filesystem::path& path) {
  const Bytes file = testing::read_file(path);
  std::vector<codec::archive::OutageNote> notes;
  for (std::span<const std::byte> rest{file}; !rest.empty();) {
    if (const auto note = codec::archive::read_outage_frame(rest)) notes.push_back(*note);
    const auto extent = codec::archive::measure_frame(rest);
    if (extent.status != codec::archive::FrameStatus::ok) break;
    rest = rest.subspan(extent.frame_bytes);
  }
  return notes;
}

TEST(FrameWriterFiles, EndWhenTheyAreLargeEnough) {
  const TemporaryFolder folder;
  QuickCalls calls;
  FrameWriterConfig config = stream_config(folder.path());
  config.roll_bytes = 20'000;
  StreamArchive archive{config, calls, 4096};
  archive.append(2000);
  archive.writer().close();
  const auto files = folder.files(".pcap.zst");
  ASSERT_GT(files.size(), 5U);
  EXPECT_EQ(archive.counts().files.get(), files.size());
  for (std::size_t i = 0; i + 1 < files.size(); ++i) {
    EXPECT_GE(std::filesystem::file_size(files[i]), 20'000U);
    EXPECT_LT(std::filesystem::file_size(files[i]), 20'000U + 4096 + 2048);
  }
  EXPECT_EQ(indexes_in(files, archive.stream()), first_numbers(2000));
  EXPECT_EQ(archive.counts().bytes_synced.get(), archive.counts().bytes_out.get());
}

TEST(FrameWriterFiles, EndWithTheirPeriodOfPacketTime) {
  const TemporaryFolder folder;
  QuickCalls calls;
  FrameWriterConfig config = stream_config(folder.path());
  config.roll_seconds = 3600;
  ArchiveCounters counters;
  pool::BufferPool<pool::CompressionKind> pool{testing::stream_pool(65536)};
  FrameWriter writer{config, pool, calls, counters};
  constexpr net::UnixNanos kHour = 3600 * kSecond;
  // An earlier time begins no file, however often it comes.
  for (const net::UnixNanos time : {10 * kHour + 1, 11 * kHour - 1, 11 * kHour, 10 * kHour + 5,
                                    11 * kHour + 1, 10 * kHour, 14 * kHour, 14 * kHour + 7}) {
    writer.append(packet_at(time).view(), 0);
  }
  writer.close();
  const auto files = folder.files(".pcap.zst");
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(testing::read_archive(files[0]).size(), 2U);
  EXPECT_EQ(testing::read_archive(files[1]).size(), 4U);
  EXPECT_EQ(testing::read_archive(files[2]).size(), 2U);
  EXPECT_EQ(files[1].filename(), "feed-channel-19700101T110000.000000000Z.pcap.zst");
}

TEST(FrameWriterFiles, AreTheSameBytesForTheSamePackets) {
  std::vector<std::vector<Bytes>> runs;
  for (int run = 0; run < 2; ++run) {
    const TemporaryFolder folder;
    QuickCalls calls;
    FrameWriterConfig config = stream_config(folder.path());
    config.roll_bytes = 30'000;
    config.roll_seconds = 1;
    StreamArchive archive{config, calls, 4096};
    for (int i = 0; i < 3000; ++i) {
      archive.now += run * 1000 * kMilli;  // another clock
      archive.append_next();
      archive.writer().tick(archive.now);
    }
    archive.writer().close();
    std::vector<Bytes>& bytes = runs.emplace_back();
    for (const auto& file : folder.files(".pcap.zst")) bytes.push_back(testing::read_file(file));
  }
  EXPECT_GT(runs[0].size(), 3U);
  EXPECT_EQ(runs[0], runs[1]);
}

TEST(FrameWriterFiles, HaveAnIndexThatFindsEachFrame) {
  const TemporaryFolder folder;
  QuickCalls calls;
  StreamArchive archive{stream_config(folder.path()), calls, 4096};
  archive.append(500);
  archive.writer().close();
  const Bytes file = testing::read_file(folder.files(".pcap.zst").at(0));
  std::size_t at = 0;
  std::size_t frames = 0;
  std::span<const std::byte> index_frame;
  while (index_frame.empty()) {
    const auto rest = std::span<const std::byte>{file}.subspan(at);
    const auto extent = codec::archive::measure_frame(rest);
    ASSERT_EQ(extent.status, codec::archive::FrameStatus::ok);
    if (extent.kind == codec::archive::FrameKind::skippable) {
      index_frame = rest.first(extent.frame_bytes);
    } else {
      ++frames;
      at += extent.frame_bytes;
    }
  }
  codec::archive::FrameIndex index;
  ASSERT_EQ(codec::archive::read_frame_index(index_frame, index), codec::archive::TableStatus::ok);
  EXPECT_EQ(index.head.totals.packets, 500U);
  EXPECT_EQ(index.head.totals.messages, 1000U);
  EXPECT_EQ(index.head.totals.frames, frames);
  EXPECT_EQ(index.head.totals.frames_end, at);
  ASSERT_EQ(index.head.sessions.size(), 1U);
  ASSERT_EQ(index.entries.size(), frames);
  std::uint64_t next = 1;
  for (const auto& entry : index.entries) {
    EXPECT_EQ(entry.first, next);
    next = entry.next;
    EXPECT_EQ(entry.messages, entry.next - entry.first);
  }
  EXPECT_EQ(next, 1001U);
}

TEST(FrameWriterFiles, AreSyncedWhenTheirOldestPacketIsOldEnough) {
  const TemporaryFolder folder;
  FailingCalls calls;
  FrameWriterConfig config = stream_config(folder.path());
  config.sync_ms = 100;
  StreamArchive archive{config, calls};
  archive.append(3);
  EXPECT_EQ(archive.writer().time_to_tick(0, 7777 * kMilli), 100 * kMilli);
  archive.now = 99 * kMilli;
  archive.writer().tick(archive.now);
  EXPECT_EQ(archive.counts().packets.get(), 0U);  // in the open frame
  archive.now = 100 * kMilli;
  archive.writer().tick(archive.now);
  EXPECT_EQ(archive.counts().packets.get(), 3U);
  EXPECT_EQ(archive.counts().bytes_synced.get(), archive.counts().bytes_out.get());
  EXPECT_EQ(archive.writer().time_to_tick(archive.now, 7777 * kMilli), 7777 * kMilli);
}

TEST(FrameWriterFiles, AreNotTrustedWhenTheyCanNotBeSynced) {
  const TemporaryFolder folder;
  FailingCalls calls;
  calls.failing = Call::sync_data;
  calls.error = EIO;
  calls.last_failing = 1;
  FrameWriterConfig config = stream_config(folder.path());
  config.sync_ms = 100;
  StreamArchive archive{config, calls};
  archive.append(10);
  archive.now = 100 * kMilli;
  archive.writer().tick(archive.now);
  EXPECT_EQ(archive.counts().sync_errors.get(), 1U);
  EXPECT_EQ(archive.counts().failed_ever.get(), 1U);
  EXPECT_EQ(archive.counts().state.get(), std::uint64_t(ArchiveState::failed));
  EXPECT_EQ(archive.counts().bytes_synced.get(), 0U);
  EXPECT_EQ(archive.counts().bytes_doubtful.get(), archive.counts().bytes_out.get());
  EXPECT_EQ(folder.files(".open").size(), 1U);
  archive.append(10);  // at once, into another file
  archive.now = 200 * kMilli;
  archive.writer().tick(archive.now);
  EXPECT_EQ(archive.counts().state.get(), std::uint64_t(ArchiveState::writing));
  archive.writer().close();
  EXPECT_EQ(archive.counts().lost_packets.get(), 0U);
  ASSERT_EQ(folder.files(".pcap.zst").size(), 1U);
  EXPECT_EQ(repair_all(folder.path(), calls).size(), 1U);
  EXPECT_EQ(indexes_in(folder.files(".pcap.zst"), archive.stream()), first_numbers(20));
}

TEST(FrameWriterFiles, CarryTheirDictionary) {
  const TemporaryFolder folder;
  QuickCalls calls;
  std::string samples;
  std::vector<std::size_t> sizes;
  const tapeline::testing::PacketStream stream{99};
  for (std::uint64_t i = 0; i < 4000; ++i) {
    std::array<std::byte, tapeline::testing::PacketStream::kMaxPacketBytes> bytes{};
    sizes.push_back(stream.write(i, bytes));
    samples.append(reinterpret_cast<const char*>(bytes.data()), sizes.back());
  }
  Bytes dictionary(4096);
  const std::size_t trained =
      ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), samples.data(), sizes.data(),
                            static_cast<unsigned>(sizes.size()));
  ASSERT_FALSE(ZDICT_isError(trained)) << ZDICT_getErrorName(trained);
  dictionary.resize(trained);

  FrameWriterConfig config = stream_config(folder.path());
  config.dictionary = dictionary;
  StreamArchive archive{config, calls, 4096};
  archive.append(300);
  archive.writer().close();
  const auto path = folder.files(".pcap.zst").at(0);
  const Bytes file = testing::read_file(path);
  const auto read = codec::archive::read_dictionary_frame(file);
  ASSERT_EQ(read.status, codec::archive::TableStatus::ok);
  EXPECT_TRUE(std::equal(dictionary.begin(), dictionary.end(), read.dictionary.begin(),
                         read.dictionary.end()));
  const auto first = std::span<const std::byte>{file}.subspan(read.frame_bytes);
  EXPECT_EQ(codec::archive::measure_frame(first).dictionary_id,
            codec::archive::dictionary_id(dictionary));
  // All of it is read and checked again with nothing but the file.
  EXPECT_EQ(repair_file(calls, path).outcome, RepairOutcome::whole);
  EXPECT_EQ(repair_file(calls, path).packets, 300U);

  config.dictionary[100] ^= std::byte{0xFF};
  config.dictionary.resize(200);
  EXPECT_THROW((StreamArchive{config, calls}), std::invalid_argument);
  config.dictionary = Bytes(100, std::byte{1});
  EXPECT_THROW((StreamArchive{config, calls}), std::invalid_argument);
}

TEST(FrameWriterFiles, SayInFrontOfTheNextFrameWhatIsMissing) {
  const TemporaryFolder folder;
  FailingCalls calls;
  FrameWriterConfig config = stream_config(folder.path());
  config.flush_ms = 10;
  config.retry_ms = 100;
  StreamArchive archive{config, calls};
  const auto append_and_flush = [&](std::uint64_t count) {
    archive.append(count);
    archive.now += 10 * kMilli;
    archive.writer().tick(archive.now);
  };
  append_and_flush(10);
  calls.failing = Call::write;
  calls.last_failing = 2;  // the second attempt to write fails, too
  append_and_flush(5);     // lost with their frame
  append_and_flush(3);     // not even tried
  MissedPackets missed = archive.writer().missed();
  EXPECT_EQ(missed.outages, 0U);
  EXPECT_EQ(missed.open.packets, 8U);
  EXPECT_EQ(missed.open.first_time, archive.stream().time_of(10));
  EXPECT_EQ(missed.open.last_time, archive.stream().time_of(17));
  calls.failing = Call::none;
  archive.now += 100 * kMilli;
  append_and_flush(10);
  missed = archive.writer().missed();
  EXPECT_EQ(missed.outages, 1U);
  EXPECT_EQ(missed.open.packets, 0U);
  EXPECT_EQ(missed.last.packets, 8U);
  archive.writer().close();
  const auto files = folder.files(".pcap.zst");
  ASSERT_EQ(files.size(), 2U);
  EXPECT_TRUE(outage_notes(files[0]).empty());
  const auto notes = outage_notes(files[1]);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].packets, 8U);
  EXPECT_EQ(notes[0].first_time_ns, archive.stream().time_of(10));
  EXPECT_EQ(notes[0].last_time_ns, archive.stream().time_of(17));
  EXPECT_EQ(notes[0].first, archive.stream().sequence_of(10));
  EXPECT_EQ(notes[0].last_exclusive, archive.stream().sequence_of(18));
  // The tables know of the note.
  EXPECT_EQ(repair_file(calls, files[1]).outcome, RepairOutcome::whole);
}

TEST(FrameWriterFiles, RemoveTheOldestAsConfigured) {
  const TemporaryFolder folder;
  QuickCalls calls;
  FrameWriterConfig config = stream_config(folder.path());
  config.roll_bytes = 10'000;
  config.keep.files = 3;
  StreamArchive archive{config, calls, 4096};
  archive.append(2000);
  archive.writer().close();
  const auto files = folder.files(".pcap.zst");
  EXPECT_EQ(files.size(), 3U);
  EXPECT_EQ(archive.counts().files_removed.get() + 3, archive.counts().files.get());
  EXPECT_EQ(indexes_in(files, archive.stream()).back(), 1999U);
}

// What must be true whatever failed: nothing that was counted as written is missing, what is
// missing was counted and lies in the range that is told, and nothing is there twice.
void expect_honest(StreamArchive& archive, const TemporaryFolder& folder, const std::string& what) {
  QuickCalls working;
  repair_all(folder.path(), working);
  ASSERT_TRUE(folder.files(".open").empty()) << what;
  const auto files = folder.files(".pcap.zst");
  const auto found = indexes_in(files, archive.stream());
  const std::set<std::uint64_t> distinct(found.begin(), found.end());
  ASSERT_EQ(found.size(), distinct.size()) << what;
  ASSERT_TRUE(std::is_sorted(found.begin(), found.end())) << what;
  ASSERT_EQ(archive.counts().packets.get() + archive.counts().lost_packets.get(),
            archive.appended())
      << what;
  ASSERT_EQ(found.size(), archive.counts().packets.get()) << what;
  std::set<std::uint64_t> told;
  const MissedPackets missed = archive.writer().missed();
  std::vector<codec::archive::OutageNote> notes{missed.open.note()};
  for (const auto& file : files) {
    for (const auto& note : outage_notes(file)) notes.push_back(note);
  }
  std::uint64_t packets_told = 0;
  for (const auto& note : notes) {
    packets_told += note.packets;
    for (std::uint64_t i = 0; i < archive.appended() && note.packets != 0; ++i) {
      const net::UnixNanos time = archive.stream().time_of(i);
      if (time >= note.first_time_ns && time <= note.last_time_ns) told.insert(i);
    }
  }
  ASSERT_EQ(packets_told, archive.counts().lost_packets.get()) << what;
  for (std::uint64_t i = 0; i < archive.appended(); ++i) {
    ASSERT_NE(distinct.contains(i), told.contains(i)) << what << ", packet " << i;
  }
  for (const auto& file : files) {
    ASSERT_EQ(repair_file(working, file).outcome, RepairOutcome::whole) << what << file;
  }
}

// Every one of the first 500 writes fails, by each way a write can fail; each packet is a frame.
TEST(FrameWriterFiles, SurviveTheFailureOfAnyOf500Writes) {
  for (int failing = 1; failing <= 500; ++failing) {
    for (const int error : {ENOSPC, EIO, 0}) {  // 0: a short write, then no room
      const TemporaryFolder folder;
      FailingCalls calls;
      calls.failing = Call::write;
      calls.error = error == 0 ? ENOSPC : error;
      calls.first_failing = failing;
      calls.last_failing = failing;
      calls.short_before_failing = error == 0;
      FrameWriterConfig config = stream_config(folder.path());
      config.flush_ms = 1;
      config.retry_ms = 3;
      config.roll_bytes = 20'000;
      StreamArchive archive{config, calls};
      for (int i = 0; i < failing + 10; ++i) {
        archive.append_next();
        archive.now += kMilli;
        archive.writer().tick(archive.now);
      }
      archive.writer().close();
      ASSERT_EQ(calls.failed, 1);
      ASSERT_EQ(archive.counts().failed_ever.get(), 1U);
      ASSERT_LE(archive.counts().lost_packets.get(), 4U);
      // Looking into all the files of all runs takes longer than the runs.
      if (failing <= 20 || failing % 25 == 0) {
        expect_honest(archive, folder, std::to_string(failing) + " " + std::to_string(error));
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(FrameWriterFiles, SurviveTheFailureOfAnyOtherCall) {
  for (const Call call :
       {Call::create, Call::sync, Call::sync_data, Call::truncate, Call::close, Call::rename}) {
    for (const int error : {ENOSPC, EIO}) {
      for (int failing = 1; failing <= 12; ++failing) {
        const TemporaryFolder folder;
        FailingCalls calls;
        calls.failing = call;
        calls.error = error;
        calls.first_failing = failing;
        calls.last_failing = failing + failing % 3;
        if (call == Call::truncate) calls.also_failing_write = 40;
        FrameWriterConfig config = stream_config(folder.path());
        config.flush_ms = 2;
        config.sync_ms = 5;
        config.retry_ms = 3;
        config.roll_bytes = 3000;
        StreamArchive archive{config, calls};
        for (int i = 0; i < 200; ++i) {
          archive.append_next();
          archive.now += kMilli;
          archive.writer().tick(archive.now);
        }
        archive.writer().close();
        expect_honest(archive, folder,
                      std::to_string(static_cast<int>(call)) + " " + std::to_string(failing));
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace tapeline::archive

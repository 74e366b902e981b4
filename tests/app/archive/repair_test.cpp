#include "app/archive/repair.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <numeric>
#include <span>

#include "app/archive/archive_name.hpp"
#include "codec/archive/frame_index.hpp"
#include "tests/app/archive/stream_fixture.hpp"

namespace tapeline::archive {
namespace {

using testing::Bytes;
using testing::FailingCalls;
using testing::indexes_in;
using testing::PacketMaker;
using testing::QuickCalls;
using testing::repair_all;
using testing::stream_config;
using testing::StreamArchive;
using testing::TemporaryFolder;

void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(bytes.data()),
                                              static_cast<std::streamsize>(bytes.size()));
}

// A finished file and the same one as it was before it was finished: without its tables.
struct BothFiles {
  TemporaryFolder folder;
  std::filesystem::path finished;
  Bytes bytes;
  std::size_t frames_end = 0;
  std::vector<std::size_t> frame_ends;  // of all frames, tables not included
  tapeline::testing::PacketStream stream{7};
  std::vector<std::uint64_t> packets;

  explicit BothFiles(std::uint64_t count, std::size_t buffer_bytes = 4096) {
    QuickCalls calls;
    StreamArchive archive{stream_config(folder.path()), calls, buffer_bytes};
    archive.append(count / 2);
    archive.writer().append({.session = {'S'}, .first = 3, .last_exclusive = 9, .time_ns = 1}, 0);
    archive.append(count - count / 2);
    archive.writer().close();
    finished = folder.files(".pcap.zst").at(0);
    bytes = testing::read_file(finished);
    packets = indexes_in({finished}, stream);
    for (std::size_t at = 0; at < bytes.size();) {
      const auto rest = std::span<const std::byte>{bytes}.subspan(at);
      if (codec::archive::measure_index(rest).status == codec::archive::TableStatus::ok) {
        frames_end = at;
        break;
      }
      at += codec::archive::measure_frame(rest).frame_bytes;
      frame_ends.push_back(at);
    }
  }
  [[nodiscard]] std::filesystem::path open_path() const {
    return finished.string() + std::string{kOpenSuffix};
  }
  // Leaves only an open file with these bytes.
  void leave_open(std::span<const std::byte> left) const {
    std::filesystem::remove(finished);
    write_file(open_path(), left);
  }
};

TEST(Repair, GivesAnOpenFileTheVeryTablesThatItsWriterWouldHave) {
  const BothFiles files{400};
  files.leave_open(std::span{files.bytes}.first(files.frames_end));
  QuickCalls calls;
  const auto reports = repair_all(files.folder.path(), calls);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].outcome, RepairOutcome::repaired) << reports[0].text();
  EXPECT_EQ(reports[0].path, files.finished.string());
  EXPECT_EQ(reports[0].packets, 400U);
  EXPECT_EQ(reports[0].cut_bytes, 0U);
  EXPECT_EQ(reports[0].first_time, files.stream.time_of(0));
  EXPECT_EQ(reports[0].last_time, files.stream.time_of(399));
  EXPECT_EQ(testing::read_file(files.finished), files.bytes);
  EXPECT_TRUE(files.folder.files(".open").empty());
}

TEST(Repair, IndexesPacketsThatFillSeveralFramesAsTheirWriterDoes) {
  const TemporaryFolder folder;
  QuickCalls calls;
  ArchiveCounters counters;
  pool::BufferPool<pool::CompressionKind> pool{testing::stream_pool(2048)};
  FrameWriter writer{stream_config(folder.path()), pool, calls, counters};
  PacketMaker maker{3};
  const auto packets = maker.make_many(60, 28, 9000);
  for (const auto& packet : packets) writer.append(packet.view(), 0);
  writer.close();
  const auto path = folder.files(".pcap.zst").at(0);
  const Bytes whole = testing::read_file(path);
  EXPECT_EQ(repair_file(calls, path).outcome, RepairOutcome::whole);
  // Without the footer of the seek table the tables are none.
  write_file(path, std::span{whole}.first(whole.size() - 1));
  EXPECT_EQ(repair_file(calls, path).outcome, RepairOutcome::repaired);
  EXPECT_EQ(testing::read_file(path), whole);
  EXPECT_EQ(testing::read_archive(path), packets);
}

// The claim of the archive: whatever the place where writing ended, all whole frames are kept.
TEST(Repair, KeepsEveryWholeFrameOfAFileThatEndsAnywhere) {
  const BothFiles files{40, 2048};
  QuickCalls calls;
  for (std::size_t length = 0; length <= files.bytes.size(); ++length) {
    files.leave_open(std::span{files.bytes}.first(length));
    const RepairReport report = repair_file(calls, files.open_path());
    std::size_t kept_bytes = 0;
    for (const std::size_t end : files.frame_ends) {
      if (end <= length) kept_bytes = end;
    }
    if (kept_bytes == 0) {
      ASSERT_EQ(report.outcome, RepairOutcome::removed) << length;
      ASSERT_TRUE(std::filesystem::is_empty(files.folder.path())) << length;
      continue;
    }
    ASSERT_EQ(report.outcome, RepairOutcome::repaired) << length << report.text();
    ASSERT_EQ(report.bytes, kept_bytes) << length;
    const Bytes repaired = testing::read_file(files.finished);
    ASSERT_TRUE(std::equal(files.bytes.begin(),
                           files.bytes.begin() + static_cast<std::ptrdiff_t>(kept_bytes),
                           repaired.begin()));
    if (kept_bytes == files.frames_end) {
      ASSERT_EQ(repaired, files.bytes);
    }
    ASSERT_EQ(repair_file(calls, files.finished).outcome, RepairOutcome::whole) << length;
  }
}

TEST(Repair, EndsTheFileInFrontOfAFrameThatIsDamaged) {
  const BothFiles files{120, 2048};
  QuickCalls calls;
  for (std::size_t at = files.frame_ends[1] - 1; at < files.frames_end; at += 97) {
    Bytes damaged(files.bytes.begin(),
                  files.bytes.begin() + static_cast<std::ptrdiff_t>(files.frames_end));
    damaged[at] ^= std::byte{0x10};
    files.leave_open(damaged);
    const RepairReport report = repair_file(calls, files.open_path());
    ASSERT_EQ(report.outcome, RepairOutcome::repaired) << at;
    ASSERT_LE(report.bytes, at);
    std::vector<std::uint64_t> kept = indexes_in({files.finished}, files.stream);
    ASSERT_EQ(kept.size(), report.packets);
    for (std::size_t i = 0; i < kept.size(); ++i) ASSERT_EQ(kept[i], i);
  }
}

TEST(Repair, LeavesFilesOfOthersAlone) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "feed-channel-20260105T143000.123456789Z.pcap.zst.open";
  QuickCalls calls;
  const std::string text = "these are notes of somebody, and no archive";
  codec::archive::FrameEncoder encoder;
  Bytes foreign_frame(1000);
  foreign_frame.resize(encoder.compress(std::as_bytes(std::span{text}), foreign_frame).frame_bytes);
  for (const Bytes& bytes : {Bytes(reinterpret_cast<const std::byte*>(text.data()),
                                   reinterpret_cast<const std::byte*>(text.data() + text.size())),
                             foreign_frame}) {
    write_file(path, bytes);
    EXPECT_EQ(repair_file(calls, path).outcome, RepairOutcome::not_ours);
    EXPECT_EQ(testing::read_file(path), bytes);
  }
}

TEST(Repair, NeverRemovesAFileThatIsNotAnOpenOne) {
  const BothFiles files{50};
  write_file(files.finished, std::span{files.bytes}.first(files.frame_ends[0] - 1));
  QuickCalls calls;
  EXPECT_EQ(repair_file(calls, files.finished).outcome, RepairOutcome::not_ours);
  EXPECT_TRUE(std::filesystem::exists(files.finished));
}

TEST(Repair, RemovesWhatAPowerFailureLeftOfAFirstFrame) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "feed-channel-20260105T143000.123456789Z.pcap.zst.open";
  QuickCalls calls;
  write_file(path, Bytes(5000));
  EXPECT_EQ(repair_file(calls, path).outcome, RepairOutcome::removed);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Repair, DoesNotTouchTheFileOfALivingWriter) {
  const TemporaryFolder folder;
  QuickCalls calls;
  StreamArchive archive{stream_config(folder.path()), calls, 2048};
  archive.append(100);
  const auto open = open_files(folder.path(), "feed", "channel");
  ASSERT_EQ(open.size(), 1U);
  const Bytes before = testing::read_file(open[0]);
  EXPECT_EQ(repair_file(calls, open[0]).outcome, RepairOutcome::in_use);
  EXPECT_EQ(testing::read_file(open[0]), before);
  archive.die();
  EXPECT_EQ(repair_file(calls, open[0]).outcome, RepairOutcome::repaired);
}

TEST(Repair, FindsOnlyOpenFilesOfItsChannel) {
  const TemporaryFolder folder;
  const std::string time = "20260105T143000.123456789Z";
  for (const std::string& name :
       {"feed-channel-" + time + "-2.pcap.zst.open", "feed-channel-" + time + ".pcap.zst.open",
        "feed-channel-" + time + ".pcap.zst", "feed-channel2-" + time + ".pcap.zst.open",
        "feed-channel-b-" + time + ".pcap.zst.open", std::string{"feed-channel.pcap.zst.open"},
        "feed-channel-" + time + "-02.pcap.zst.open"}) {
    write_file(folder.path() / name, {});
  }
  std::filesystem::create_directory(folder.path() / ("feed-channel-" + time + "-9.pcap.zst.open"));
  std::vector<std::string> found;
  for (const auto& path : open_files(folder.path(), "feed", "channel")) {
    found.push_back(path.filename().string());
  }
  EXPECT_EQ(found, (std::vector<std::string>{"feed-channel-" + time + ".pcap.zst.open",
                                             "feed-channel-" + time + "-2.pcap.zst.open"}));
  EXPECT_TRUE(open_files(folder.path() / "none", "feed", "channel").empty());
}

TEST(Repair, TakesTheNextNumberWhenTheNameIsTaken) {
  const BothFiles files{50};
  write_file(files.open_path(), std::span{files.bytes}.first(files.frames_end));
  QuickCalls calls;
  const RepairReport report = repair_file(calls, files.open_path());
  EXPECT_EQ(report.outcome, RepairOutcome::repaired);
  EXPECT_TRUE(report.path.ends_with("Z-1.pcap.zst")) << report.path;
  EXPECT_EQ(testing::read_file(report.path), files.bytes);
  EXPECT_EQ(testing::read_file(files.finished), files.bytes);
}

// Any call may fail: nothing that was good is lost, and the next repair finishes the work.
TEST(Repair, CanBeRepeatedWhenAnyCallFailed) {
  const BothFiles files{200, 2048};
  using Call = FailingCalls::Call;
  for (const Call call :
       {Call::open, Call::read, Call::truncate, Call::write, Call::sync, Call::rename}) {
    for (const int error : {EIO, ENOSPC}) {
      for (int failing = 1; failing <= 3; ++failing) {
        Bytes torn(files.bytes.begin(),
                   files.bytes.begin() + static_cast<std::ptrdiff_t>(files.frames_end));
        torn.resize(torn.size() + 100, std::byte{0x55});
        files.leave_open(torn);
        FailingCalls calls;
        calls.failing = call;
        calls.error = error;
        calls.first_failing = calls.last_failing = failing;
        const RepairReport first = repair_file(calls, files.open_path());
        if (first.outcome == RepairOutcome::failed) {
          EXPECT_TRUE(first.fault);
          QuickCalls working;
          ASSERT_EQ(repair_file(working, files.open_path()).outcome, RepairOutcome::repaired);
        } else {
          ASSERT_EQ(first.outcome, RepairOutcome::repaired);
          EXPECT_EQ(static_cast<bool>(first.fault), calls.failed != 0) << first.text();
        }
        EXPECT_EQ(indexes_in({files.finished}, files.stream), files.packets);
      }
    }
  }
}

TEST(Repair, SaysWhatItDid) {
  RepairReport report;
  report.outcome = RepairOutcome::repaired;
  report.frames = 12;
  report.packets = 3401;
  report.cut_bytes = 17;
  EXPECT_EQ(report.text(), "repaired: 12 frames, 3401 packets, 17 bytes cut off");
  report.fault = {ArchiveStep::write, ENOSPC};
  EXPECT_EQ(report.text(),
            "repaired: 12 frames, 3401 packets, 17 bytes cut off; without tables: write: No space "
            "left on device");
  report.outcome = RepairOutcome::failed;
  EXPECT_EQ(report.text(), "not repaired: write: No space left on device");
  report.outcome = RepairOutcome::in_use;
  EXPECT_EQ(report.text(), "in use by another process");
}

}  // namespace
}  // namespace tapeline::archive

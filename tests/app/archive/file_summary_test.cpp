#include "app/archive/file_summary.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/app/archive/archive_on_disk.hpp"

namespace tapeline::archive {
namespace {

using codec::archive::IndexNoteKind;
using testing::Bytes;
using testing::kStartTime;
using testing::mold_packet;
using testing::mold_packets;

class FileSummaryTest : public testing::ArchiveOnDiskTest {};

TEST_F(FileSummaryTest, ComesFromTheIndex) {
  const std::string path = write(mold_packets(500));
  const FileSummary summary = summarise_file(path);
  EXPECT_EQ(summary.state, FileState::finished) << summary.error;
  EXPECT_FALSE(summary.scanned);
  EXPECT_EQ(summary.feed, "feed");
  EXPECT_EQ(summary.channel, "1");
  EXPECT_EQ(summary.file_bytes, std::filesystem::file_size(path));
  EXPECT_EQ(summary.head.totals.packets, 500U);
  EXPECT_EQ(summary.head.totals.messages, 2'500U);
  EXPECT_EQ(summary.head.totals.earliest_ns, kStartTime);
  EXPECT_EQ(summary.head.totals.latest_ns, kStartTime + 499'000);
  EXPECT_GT(summary.head.totals.frames, 5U);
  EXPECT_EQ(summary.gap_count, 0U);
}

TEST_F(FileSummaryTest, OfAFileWithoutIndexIsTheSameButScanned) {
  const std::string path = write("1", [](FrameWriter& writer) {
    for (const auto& packet : mold_packets(300)) writer.append(packet.view(), 0);
    writer.append(codec::archive::LossNote{.session = {'X'}, .first = 7, .last_exclusive = 9}, 0);
    for (const auto& packet : mold_packets(100, kStartTime + 1'000'000)) {
      writer.append(packet.view(), 0);
    }
  });
  const FileSummary with = summarise_file(path);
  Bytes bytes = load(path);
  bytes.resize(with.head.totals.frames_end);
  store(path, bytes);
  const FileSummary without = summarise_file(path);
  EXPECT_EQ(without.state, FileState::no_table);
  EXPECT_TRUE(without.scanned);
  EXPECT_EQ(without.head, with.head);
  EXPECT_EQ(without.gaps, with.gaps);
  EXPECT_EQ(without.head.totals.lost_messages, 2U);
}

TEST_F(FileSummaryTest, TellsWhatStateAFileIsIn) {
  const std::string path = write(mold_packets(300));
  const Bytes whole = load(path);
  const auto frames_end = static_cast<std::ptrdiff_t>(summarise_file(path).head.totals.frames_end);

  store(path, Bytes(whole.begin(), whole.begin() + frames_end - 5));
  const FileSummary torn = summarise_file(path);
  EXPECT_EQ(torn.state, FileState::torn);
  EXPECT_GT(torn.torn_bytes, 0U);
  EXPECT_LT(torn.head.totals.packets, 300U);

  Bytes bad_table = whole;
  bad_table[static_cast<std::size_t>(frames_end) + 30] ^= std::byte{1};
  store(path, bad_table);
  const FileSummary bad = summarise_file(path);
  EXPECT_EQ(bad.state, FileState::bad_table);
  EXPECT_EQ(bad.error, path + ": the index is corrupt");
  EXPECT_EQ(bad.head.totals.packets, 300U);

  const std::string open_path = path + ".open";
  store(open_path, Bytes(whole.begin(), whole.begin() + frames_end));
  EXPECT_EQ(summarise_file(open_path).state, FileState::torn);
  FileCalls calls;
  const int descriptor = calls.open_existing(open_path.c_str());
  ASSERT_GE(descriptor, 0);
  EXPECT_EQ(summarise_file(open_path).state, FileState::open);
  calls.close(descriptor);
  EXPECT_EQ(summarise_file(open_path).state, FileState::torn);

  store(path, Bytes(100, std::byte{'x'}));
  EXPECT_EQ(summarise_file(path).state, FileState::foreign);
  const FileSummary missing = summarise_file(path + ".none");
  EXPECT_EQ(missing.state, FileState::unreadable);
  EXPECT_EQ(missing.error, path + ".none: no such file");
}

TEST_F(FileSummaryTest, TellsGapsBetweenFrames) {
  std::vector<testing::TestPacket> packets = mold_packets(400);
  packets.erase(packets.begin() + 100, packets.begin() + 300);  // more than a frame
  const FileSummary summary = summarise_file(write(packets));
  // The gap may lie inside a frame; with this many packets missing one frame is before and one
  // behind, or one has both.
  if (summary.gap_count == 1) {
    EXPECT_EQ(summary.gap_messages, 1'000U);
    EXPECT_EQ(summary.gaps.at(0).first, 501U);
    EXPECT_EQ(summary.gaps.at(0).next, 1'501U);
  }
  codec::archive::FrameIndex index;
  index.head.sessions = {{}, {.framing = {}, .session = {'B'}}};
  index.entries = {{.offset = 0, .session = 0, .first = 1, .next = 10},
                   {.offset = 0, .session = 1, .same_frame = true, .first = 90, .next = 95},
                   {.offset = 50, .session = 0, .first = 5, .next = 12},
                   {.offset = 90},
                   {.offset = 99, .session = 0, .first = 20, .next = 21},
                   {.offset = 99, .session = 1, .same_frame = true, .first = 95, .next = 99}};
  FileSummary gaps;
  find_gaps(index, gaps);
  const std::vector<SequenceGap> expected{{index.head.sessions[0], 12, 20, 99}};
  EXPECT_EQ(gaps.gaps, expected);
  EXPECT_EQ(gaps.gap_messages, 8U);
}

TEST_F(FileSummaryTest, ArchivesOfAFolderAreFoundByTheirNames) {
  const std::string second = write(mold_packets(3, kStartTime + 10'000'000'000), "1");
  const std::string first = write(mold_packets(3), "1");
  const std::string folder = folder_.path().string();
  store(folder + "/notes.txt", Bytes(3));
  EXPECT_EQ(archive_files({folder}), (std::vector{first, second}));
  EXPECT_EQ(archive_files({second, first}), (std::vector{second, first}));
  EXPECT_THROW(static_cast<void>(archive_files({folder + "/none"})), std::invalid_argument);
  std::filesystem::create_directory(folder + "/empty");
  EXPECT_THROW(static_cast<void>(archive_files({folder + "/empty"})), std::invalid_argument);
}

}  // namespace
}  // namespace tapeline::archive

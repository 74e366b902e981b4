#include "net/archive_tables.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tests/net/archive_bytes.hpp"
#include "tests/net/temporary_file.hpp"

namespace tapeline::net {
namespace {

using codec::archive::FrameSummary;
using test::BuiltArchive;
using test::Bytes;
using test::TemporaryFile;
using State = ArchiveTables::State;

BuiltArchive some_archive(std::uint64_t seed = 1, std::size_t large_bytes = 0) {
  return test::build_archive(test::disordered_packets(2'000, seed, large_bytes), 1'000);
}

std::optional<std::uint64_t> first_frame_from(const BuiltArchive& built, std::int64_t time) {
  for (const FrameSummary& frame : built.frames) {
    if (frame.packets > 0 && frame.latest_ns >= time) return frame.offset;
  }
  return std::nullopt;
}

TEST(ArchiveTables, AreFoundAtTheEndOfTheFile) {
  const BuiltArchive built = some_archive();
  const TemporaryFile file{built.file};
  FileReader reader{file.path()};
  const ArchiveTables tables{reader};
  ASSERT_EQ(tables.state(), State::ok) << tables.fault();
  EXPECT_EQ(tables.head().totals.packets, 2'000U);
  EXPECT_EQ(tables.frames_end(), built.frames_end);
  EXPECT_EQ(tables.head().totals.content_bytes, built.content.size());
}

TEST(ArchiveTables, FindTheFirstFrameWithAPacketAtOrAfterATime) {
  for (const std::size_t large_bytes : {0U, 3'500U}) {
    const BuiltArchive built = some_archive(2, large_bytes);
    const TemporaryFile file{built.file};
    FileReader reader{file.path()};
    ArchiveTables tables{reader};
    std::vector<std::int64_t> times{0, 1'000'000'000};
    for (const FrameSummary& frame : built.frames) {
      if (frame.packets == 0) continue;
      for (const std::int64_t time : {frame.earliest_ns, frame.latest_ns}) {
        times.insert(times.end(), {time - 1, time, time + 1});
      }
    }
    for (const std::int64_t time : times) {
      const auto expected = first_frame_from(built, time);
      const auto entry = tables.find(time);
      ASSERT_EQ(entry.has_value(), expected.has_value()) << time;
      if (entry) {
        EXPECT_EQ(entry->offset, *expected) << time;
      }
      ASSERT_EQ(tables.state(), State::ok);
    }
  }
}

// The place behind which no record begins before the time, and no record goes on that does.
TEST(ArchiveTables, TellTheEndOfWhatIsBeforeATime) {
  for (const std::size_t large_bytes : {0U, 3'500U}) {
    const BuiltArchive built = some_archive(3, large_bytes);
    const TemporaryFile file{built.file};
    FileReader reader{file.path()};
    ArchiveTables tables{reader};
    for (std::int64_t time = 999'999'999; time < 1'001'100'000; time += 1'777) {
      std::size_t wanted = 0;  // frames
      for (std::size_t i = 0; i < built.frames.size(); ++i) {
        const FrameSummary& frame = built.frames[i];
        if (frame.packets > 0 && frame.earliest_ns < time) wanted = i + 1;
      }
      if (wanted > 0) {
        while (wanted < built.frames.size() && built.frames[wanted].first_record > 0) {
          if (built.frames[wanted++].packets > 0) break;
        }
      }
      const std::uint64_t expected = wanted == 0                     ? 0
                                     : wanted == built.frames.size() ? built.frames_end
                                                                     : built.frames[wanted].offset;
      EXPECT_EQ(tables.end_before(time), expected) << time;
    }
  }
}

TEST(ArchiveTables, ReadFewBytesOfALongFile) {
  // More than 16,000 frames, as many as a gigabyte has.
  std::vector<test::ArchivedPacket> packets;
  for (int i = 0; i < 16'500; ++i) {
    packets.push_back(test::archived_packet(1'000'000'000 + i * 1'000, 100, 7));
  }
  const BuiltArchive built = test::build_archive(packets, 100);
  ASSERT_GT(built.frames.size(), 16'000U);
  const TemporaryFile file{built.file};
  FileReader reader{file.path()};
  ArchiveTables tables{reader};
  ASSERT_TRUE(tables.find(1'009'123'456).has_value());
  EXPECT_LT(reader.bytes_read(), 48U * 1024);
}

TEST(ArchiveTables, OfAFileWithoutThemAreNone) {
  const BuiltArchive built = some_archive();
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{5}, std::size_t{900},
                                  built.frames_end, built.file.size() - 1}) {
    const TemporaryFile file{std::span{built.file}.first(bytes)};
    FileReader reader{file.path()};
    const ArchiveTables tables{reader};
    EXPECT_EQ(tables.state(), State::none) << bytes;
  }
}

TEST(ArchiveTables, OfAnotherProgramAreNone) {
  codec::archive::SeekTableBuilder seek;
  ASSERT_TRUE(seek.add(500, 100));
  ASSERT_TRUE(seek.add(400, 100));
  Bytes bytes(900, std::byte{1});
  for (const auto piece : seek.pieces()) bytes.insert(bytes.end(), piece.begin(), piece.end());
  const TemporaryFile file{bytes};
  FileReader reader{file.path()};
  EXPECT_EQ(ArchiveTables{reader}.state(), State::none);
}

TEST(ArchiveTables, AChangedByteOfThemIsNoticedOrNotUsed) {
  const BuiltArchive built = test::build_archive(test::disordered_packets(300, 4), 2'000);
  codec::archive::FrameIndex index;
  for (std::size_t at = built.frames_end; at < built.file.size(); at += 3) {
    Bytes changed = built.file;
    changed[at] ^= std::byte{0x10};
    const TemporaryFile file{changed};
    FileReader reader{file.path()};
    ArchiveTables tables{reader};
    // The entries of the seek table but for the last are for other programs.
    const bool is_sound = tables.state() == State::ok && tables.read_index(index);
    if (is_sound) {
      EXPECT_GE(at, tables.seek_table_offset());
      continue;
    }
    if (tables.state() == State::damaged) {
      EXPECT_FALSE(tables.fault().empty());
    }
  }
}

TEST(ArchiveTables, OfAFileWhoseFrontWasCutOffAreDamaged) {
  const BuiltArchive built = some_archive();
  const TemporaryFile file{std::span{built.file}.subspan(100)};
  FileReader reader{file.path()};
  const ArchiveTables tables{reader};
  EXPECT_EQ(tables.state(), State::damaged);
  EXPECT_EQ(tables.fault(), "the index is of another file");
}

TEST(ArchiveTables, LengthsThatReachInFrontOfTheFileAreDamage) {
  const BuiltArchive built = some_archive();
  const Bytes end(built.file.end() - 17, built.file.end());
  const TemporaryFile only_end{end};
  FileReader reader{only_end.path()};
  EXPECT_EQ(ArchiveTables{reader}.state(), State::damaged);
  // The last entry of the seek table says that the index is larger than what stands in front.
  Bytes changed = built.file;
  codec::store_le(changed.data() + changed.size() - 17, std::uint32_t{0x7FFF'FFFF});
  const TemporaryFile lying{changed};
  FileReader lying_reader{lying.path()};
  EXPECT_EQ(ArchiveTables{lying_reader}.state(), State::damaged);
}

}  // namespace
}  // namespace tapeline::net

#include "codec/archive/seek_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "codec/archive/frame.hpp"
#include "tests/codec/archive/pieces.hpp"

namespace tapeline::codec::archive {
namespace {

using test::Bytes;
using test::from_hex;
using test::joined;

// Written by hand after the specification: frames of 100 and 23 bytes.
constexpr std::string_view kGolden =
    "5E2A4D18 19000000"      // skippable frame of 25 bytes
    "64000000 00000100"      // 100 bytes that hold 65,536
    "17000000 00000000"      // 23 bytes that hold nothing
    "02000000 00 B1EA928F";  // two frames, no checksums

// The same with checksums, as other writers make it.
constexpr std::string_view kGoldenChecked =
    "5E2A4D18 21000000"
    "64000000 00000100 11223344"
    "17000000 00000000 55667788"
    "02000000 80 B1EA928F";

Bytes two_frames() {
  SeekTableBuilder builder;
  EXPECT_TRUE(builder.add(100, 65'536));
  EXPECT_TRUE(builder.add(23, 0));
  return joined(builder.pieces());
}

TEST(SeekTable, IsWrittenAsTheSpecificationSays) { EXPECT_EQ(two_frames(), from_hex(kGolden)); }

TEST(SeekTable, OfNoFramesIsItsFooter) {
  SeekTableBuilder builder;
  const Bytes frame = joined(builder.pieces());
  EXPECT_EQ(frame, from_hex("5E2A4D18 09000000 00000000 00 B1EA928F"));
  EXPECT_EQ(read_seek_table(frame).status, TableStatus::ok);
  EXPECT_EQ(read_seek_table(frame).table.size(), 0U);
}

TEST(SeekTable, ReadsWithAndWithoutChecksums) {
  for (const std::string_view golden : {kGolden, kGoldenChecked}) {
    const Bytes frame = from_hex(golden);
    const auto [status, table] = read_seek_table(frame);
    ASSERT_EQ(status, TableStatus::ok);
    ASSERT_EQ(table.size(), 2U);
    EXPECT_EQ(table[0], (SeekEntry{100, 65'536}));
    EXPECT_EQ(table[1], (SeekEntry{23, 0}));
    EXPECT_EQ(table.frames_bytes(), 123U);
  }
}

TEST(SeekTable, FooterTellsWhereItBegins) {
  for (const std::string_view golden : {kGolden, kGoldenChecked}) {
    Bytes file(1'000, std::byte{7});
    const Bytes frame = from_hex(golden);
    file.insert(file.end(), frame.begin(), frame.end());
    const SeekFooter footer = read_seek_footer(file);
    ASSERT_EQ(footer.status, TableStatus::ok);
    EXPECT_EQ(footer.entries, 2U);
    EXPECT_EQ(footer.frame_bytes, frame.size());
  }
}

TEST(SeekTable, IsASkippableFrame) {
  const Bytes frame = two_frames();
  const FrameExtent extent = measure_frame(frame);
  EXPECT_EQ(extent.status, FrameStatus::ok);
  EXPECT_EQ(extent.kind, FrameKind::skippable);
  EXPECT_EQ(extent.frame_bytes, frame.size());
}

TEST(SeekTable, EveryTruncationIsToldAsOne) {
  for (const std::string_view golden : {kGolden, kGoldenChecked}) {
    const Bytes whole = from_hex(golden);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_EQ(read_seek_table(cut).status, TableStatus::truncated) << length;
      EXPECT_EQ(read_seek_table(cut).table.size(), 0U);
    }
  }
  const Bytes frame = two_frames();
  for (std::size_t length = 0; length < kSeekFooterBytes; ++length) {
    EXPECT_EQ(read_seek_footer(std::span{frame}.last(length)).status, TableStatus::truncated);
  }
}

TEST(SeekTable, LengthsAndCountsThatLieAreRefused) {
  for (const std::size_t at : {std::size_t{4}, two_frames().size() - kSeekFooterBytes}) {
    for (const std::uint32_t value : {0U, 1U, 3U, 24U, 26U, 0x800'0001U, 0xFFFF'FFFFU}) {
      Bytes frame = two_frames();
      store_le(frame.data() + at, value);
      const auto read = read_seek_table(frame);
      EXPECT_TRUE(read.status == TableStatus::corrupt || read.status == TableStatus::truncated)
          << at << ' ' << value;
      EXPECT_EQ(read.table.size(), 0U);
    }
  }
  Bytes longer = two_frames();
  longer.insert(longer.begin() + 8, 8, std::byte{});  // one entry more than announced
  EXPECT_EQ(read_seek_table(longer).status, TableStatus::corrupt);
}

TEST(SeekTable, ForeignFramesAndUnknownFeaturesAreTold) {
  Bytes frame = two_frames();
  frame[0] ^= std::byte{0x01};
  EXPECT_EQ(read_seek_table(frame).status, TableStatus::foreign);
  frame = two_frames();
  frame.back() ^= std::byte{0x01};
  EXPECT_EQ(read_seek_table(frame).status, TableStatus::foreign);
  EXPECT_EQ(read_seek_footer(frame).status, TableStatus::foreign);
  for (const unsigned bit : {2U, 3U, 4U, 5U, 6U}) {
    frame = two_frames();
    frame[frame.size() - 5] |= std::byte{1} << bit;
    EXPECT_EQ(read_seek_table(frame).status, TableStatus::unsupported) << bit;
  }
  for (const unsigned bit : {0U, 1U}) {  // "a compliant decoder should not interpret these bits"
    frame = two_frames();
    frame[frame.size() - 5] |= std::byte{1} << bit;
    EXPECT_EQ(read_seek_table(frame).status, TableStatus::ok) << bit;
  }
}

TEST(SeekTable, RefusesSizesThatTheFormatCanNotSay) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  SeekTableBuilder builder;
  EXPECT_FALSE(builder.add(kMax + 1, 0));
  EXPECT_FALSE(builder.add(0, kMax + 1));
  EXPECT_EQ(builder.size(), 0U);
  EXPECT_TRUE(builder.add(kMax, kMax));
}

TEST(SeekTable, WhatIsWrittenIsRead) {
  std::mt19937_64 random{3};
  SeekTableBuilder builder;
  std::vector<SeekEntry> entries;
  for (int i = 0; i < 5'000; ++i) {
    entries.push_back({static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random())});
    ASSERT_TRUE(builder.add(entries.back().frame_bytes, entries.back().content_bytes));
  }
  const Bytes frame = joined(builder.pieces());
  const auto [status, table] = read_seek_table(frame);
  ASSERT_EQ(status, TableStatus::ok);
  ASSERT_EQ(table.size(), entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(table[i], entries[i]);
  builder.clear();
  EXPECT_EQ(read_seek_table(joined(builder.pieces())).table.size(), 0U);
}

}  // namespace
}  // namespace tapeline::codec::archive

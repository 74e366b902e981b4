#include "codec/archive/frame_index.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "codec/archive/frame.hpp"
#include "codec/bytes.hpp"
#include "tests/codec/archive/pieces.hpp"

namespace tapeline::codec::archive {
namespace {

using test::Bytes;
using test::from_hex;
using test::joined;

constexpr IndexSession kSession{.framing = IndexFraming::moldudp64,
                                .session = {'T', 'A', 'P', 'E', 'L', 'I', 'N', 'E', '0', '1'}};
constexpr IndexSession kOther{.framing = IndexFraming::iextp,
                              .session = {4, '\x80', 1, 0, 0, 0, 9, 8, 7, 6}};
constexpr LossNote kNote{
    .session = kSession.session, .first = 100, .last_exclusive = 121, .time_ns = 5'000};
constexpr OutageNote kOutage{.packets = 17, .first_time_ns = 2'100, .last_time_ns = 2'200};

FrameSummary frame_of(std::uint64_t offset, std::uint32_t packets, std::int64_t earliest,
                      std::int64_t latest) {
  return {.offset = offset,
          .content_bytes = 1'000,
          .packets = packets,
          .messages = packets * 2,
          .earliest_ns = earliest,
          .latest_ns = latest};
}

void add_span(FrameSummary& frame, const IndexSession& session, std::uint64_t first,
              std::uint64_t next) {
  frame.spans.at(frame.span_count++) = {session, first, next};
}

// Three frames: one session, two sessions, none. Notes in front of the last.
void fill(FrameIndexBuilder& builder) {
  FrameSummary first = frame_of(0, 10, 1'000, 2'000);
  first.first_record = 24;
  add_span(first, kSession, 1, 100);
  EXPECT_TRUE(builder.add(first));
  FrameSummary second = frame_of(600, 20, 1'900, 3'000);
  add_span(second, kSession, 121, 130);
  add_span(second, kOther, 7, 8);
  EXPECT_TRUE(builder.add(second));
  builder.add(1'200, kNote);
  builder.add(1'250, kOutage);
  FrameSummary third = frame_of(1'300, 0, 0, 0);
  third.first_record = 1'000;
  EXPECT_TRUE(builder.add(third));
}

Bytes three_frames() {
  FrameIndexBuilder builder;
  fill(builder);
  return joined(builder.pieces(2'000));
}

constexpr std::string_view kGolden =
    "582A4D18 F0010000"                                   // skippable frame of 496 bytes
    "544C494E44455831"                                    // TLINDEX1
    "5D4DAA14"                                            // checksum of the rest of the head
    "04000000 03000000"                                   // entries, frames
    "0200 0000 02000000 00000000"                         // sessions, flags, notes, zero
    "0100000000000000 1500000000000000"                   // losses, lost messages
    "0100000000000000 1100000000000000"                   // outages, missed packets
    "1E00000000000000 3C00000000000000"                   // packets, messages
    "B80B000000000000"                                    // bytes of content
    "E803000000000000 B80B000000000000"                   // earliest and latest time
    "D007000000000000"                                    // end of the frames
    "544150454C494E453031 00 00"                          // first session, MoldUDP64
    "04800100000009080706 01 00"                          // second session, IEX-TP
    "B004000000000000 8813000000000000 8813000000000000"  // note: offset, times,
    "0000000000000000 6400000000000000 7900000000000000"  // packets, first and next number,
    "544150454C494E453031 00 0000000000"                  // session, kind: loss
    "E204000000000000 3408000000000000 9808000000000000"
    "1100000000000000 0000000000000000 0000000000000000"
    "00000000000000000000 01 0000000000"                  // outage
    "6346491C 04000000"                                   // block: checksum, entries
    "0000000000000000 E803000000000000 D007000000000000"  // offset, earliest, latest
    "0A000000 14000000 18000000 0000 0000"  // packets, messages, record, session, flags
    "0100000000000000 6400000000000000"     // first and next number
    "5802000000000000 6C07000000000000 B80B000000000000"
    "14000000 28000000 00000000 0000 0000"
    "7900000000000000 8200000000000000"
    "5802000000000000 B80B000000000000 B80B000000000000"
    "00000000 00000000 00000000 0100 0100"
    "0700000000000000 0800000000000000"
    "1405000000000000 B80B000000000000 B80B000000000000"
    "00000000 00000000 E8030000 FFFF 0000"
    "0000000000000000 0000000000000000";

std::uint32_t crc_of(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// After a change: the checksums that would hide it.
void seal(Bytes& frame) {
  const IndexExtent extent = measure_index(frame);
  if (extent.status != TableStatus::ok || frame.size() != extent.frame_bytes) return;
  store_le(frame.data() + 16, crc_of(std::span{frame}.subspan(20, extent.head_bytes - 20)));
  for (std::size_t i = 0; i < extent.blocks(); ++i) {
    const auto block = std::span{frame}.subspan(extent.block_offset(i), extent.block_bytes(i));
    store_le(block.data(), crc_of(block.subspan(4)));
  }
}

TEST(FrameIndex, IsWrittenByteByByteAsTheDocumentSays) {
  const Bytes golden = from_hex(kGolden);
  EXPECT_EQ(three_frames(), golden);
  FrameIndex index;
  EXPECT_EQ(read_frame_index(golden, index), TableStatus::ok);
}

TEST(FrameIndex, TellsWhatWasPutIn) {
  FrameIndex index;
  ASSERT_EQ(read_frame_index(three_frames(), index), TableStatus::ok);
  const IndexTotals expected{.entries = 4,
                             .frames = 3,
                             .packets = 30,
                             .messages = 60,
                             .content_bytes = 3'000,
                             .earliest_ns = 1'000,
                             .latest_ns = 3'000,
                             .losses = 1,
                             .lost_messages = 21,
                             .outages = 1,
                             .missed_packets = 17,
                             .frames_end = 2'000};
  EXPECT_EQ(index.head.totals, expected);
  EXPECT_EQ(index.head.sessions, (std::vector{kSession, kOther}));
  const std::vector<IndexNote> notes{{.offset = 1'200,
                                      .kind = IndexNoteKind::loss,
                                      .first_time_ns = 5'000,
                                      .last_time_ns = 5'000,
                                      .session = kSession.session,
                                      .first = 100,
                                      .next = 121},
                                     {.offset = 1'250,
                                      .kind = IndexNoteKind::outage,
                                      .first_time_ns = 2'100,
                                      .last_time_ns = 2'200,
                                      .packets = 17}};
  EXPECT_EQ(index.head.notes, notes);
  ASSERT_EQ(index.entries.size(), 4U);
  const IndexEntry& second = index.entries[1];
  EXPECT_EQ(second.offset, 600U);
  EXPECT_EQ(second.earliest_ns, 1'900);
  EXPECT_EQ(second.first, 121U);
  EXPECT_TRUE(index.entries[2].same_frame);
  EXPECT_EQ(index.entries[2].session, 1U);
  EXPECT_EQ(index.entries[3].session, IndexEntry::kNoSession);
  EXPECT_EQ(index.entries[3].latest_ns, 3'000);
}

TEST(FrameIndex, OfAnEmptyFileIsItsHead) {
  FrameIndexBuilder builder;
  const Bytes frame = joined(builder.pieces(0));
  EXPECT_EQ(frame.size(), kIndexFixedBytes);
  FrameIndex index;
  EXPECT_EQ(read_frame_index(frame, index), TableStatus::ok);
  EXPECT_EQ(index.head.totals, IndexTotals{});
}

TEST(FrameIndex, IsASkippableFrame) {
  const Bytes frame = three_frames();
  const FrameExtent extent = measure_frame(frame);
  EXPECT_EQ(extent.status, FrameStatus::ok);
  EXPECT_EQ(extent.kind, FrameKind::skippable);
  EXPECT_EQ(extent.frame_bytes, frame.size());
}

TEST(FrameIndex, EveryTruncationIsToldAsOne) {
  const Bytes whole = three_frames();
  FrameIndex index;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(read_frame_index(cut, index), TableStatus::truncated) << length;
    const IndexExtent extent = measure_index(cut);
    EXPECT_EQ(extent.status, length < kIndexFixedBytes ? TableStatus::truncated : TableStatus::ok);
  }
}

TEST(FrameIndex, EveryChangedByteIsNoticed) {
  const Bytes whole = three_frames();
  FrameIndex index;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned bit : {0U, 3U, 7U}) {
      Bytes changed = whole;
      changed[at] ^= std::byte{1} << bit;
      EXPECT_NE(read_frame_index(changed, index), TableStatus::ok) << at;
    }
  }
}

TEST(FrameIndex, LengthsAndCountsThatLieAreRefused) {
  FrameIndex index;
  for (const std::size_t at : {4U, 20U, 28U, 32U}) {
    for (const std::uint32_t value :
         {0U, 3U, 5U, 1'025U, 4'097U, 0x10'0001U, 0x7FFF'FFFFU, 0xFFFF'FFFFU}) {
      Bytes frame = three_frames();
      store_le(frame.data() + at, value);
      seal(frame);
      EXPECT_NE(read_frame_index(frame, index), TableStatus::ok) << at << ' ' << value;
    }
  }
  Bytes longer = three_frames();
  longer.push_back(std::byte{});
  EXPECT_EQ(read_frame_index(longer, index), TableStatus::corrupt);
}

TEST(FrameIndex, ForeignFramesAndOtherVersionsAreTold) {
  FrameIndex index;
  Bytes frame = three_frames();
  frame[0] ^= std::byte{0x01};
  EXPECT_EQ(read_frame_index(frame, index), TableStatus::foreign);
  frame = three_frames();
  frame[8] = std::byte{'X'};
  EXPECT_EQ(read_frame_index(frame, index), TableStatus::foreign);
  frame = three_frames();
  frame[15] = std::byte{'2'};
  EXPECT_EQ(read_frame_index(frame, index), TableStatus::unsupported);
  EXPECT_EQ(measure_index(Bytes(200)).status, TableStatus::foreign);
}

// Contradictions under a right checksum: the bytes of somebody who knows the format.
TEST(FrameIndex, ValuesThatNoWriterStoresAreCorrupt) {
  const Bytes whole = three_frames();
  const std::size_t entries = measure_index(whole).head_bytes + 8;
  const auto status_with = [&](std::size_t at, std::uint64_t value, std::size_t bytes) {
    Bytes frame = whole;
    for (std::size_t i = 0; i < bytes; ++i) {
      frame[at + i] = static_cast<std::byte>(value >> (8 * i));
    }
    seal(frame);
    FrameIndex index;
    return read_frame_index(frame, index);
  };
  EXPECT_EQ(status_with(entries, 0, 8), TableStatus::ok);  // as it was
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  const auto entry = [&](std::size_t index, std::size_t at) { return entries + index * 56 + at; };
  EXPECT_EQ(status_with(entry(0, 0), 700, 8), TableStatus::corrupt);      // offsets fall
  EXPECT_EQ(status_with(entry(3, 0), 2'000, 8), TableStatus::corrupt);    // behind the frames
  EXPECT_EQ(status_with(entry(0, 8), kMax, 8), TableStatus::corrupt);     // negative time
  EXPECT_EQ(status_with(entry(0, 8), 2'500, 8), TableStatus::corrupt);    // earliest after latest
  EXPECT_EQ(status_with(entry(0, 16), 3'500, 8), TableStatus::corrupt);   // latest falls
  EXPECT_EQ(status_with(entry(0, 24), 11, 4), TableStatus::corrupt);      // packets and the total
  EXPECT_EQ(status_with(entry(1, 28), 41, 4), TableStatus::corrupt);      // messages and the total
  EXPECT_EQ(status_with(entry(2, 24), 1, 4), TableStatus::corrupt);       // packets counted twice
  EXPECT_EQ(status_with(entry(0, 36), 2, 2), TableStatus::corrupt);       // no such session
  EXPECT_EQ(status_with(entry(0, 36), 0xFFFF, 2), TableStatus::corrupt);  // numbers of no session
  EXPECT_EQ(status_with(entry(0, 38), 1, 2), TableStatus::corrupt);       // same frame as none
  EXPECT_EQ(status_with(entry(0, 38), 2, 2), TableStatus::corrupt);       // unknown flag
  EXPECT_EQ(status_with(entry(2, 38), 0, 2), TableStatus::corrupt);       // an offset twice
  EXPECT_EQ(status_with(entry(0, 48), 1, 8), TableStatus::corrupt);       // an empty span
  EXPECT_EQ(status_with(24, 2, 4), TableStatus::corrupt);                 // frames
  EXPECT_EQ(status_with(30, 2, 2), TableStatus::corrupt);       // unknown flag of the file
  EXPECT_EQ(status_with(36, 1, 4), TableStatus::corrupt);       // not zero
  EXPECT_EQ(status_with(40, 0, 8), TableStatus::corrupt);       // fewer notes than are there
  EXPECT_EQ(status_with(96, 999, 8), TableStatus::corrupt);     // earliest time
  EXPECT_EQ(status_with(104, 3'001, 8), TableStatus::corrupt);  // latest time
  EXPECT_EQ(status_with(130, 2, 1), TableStatus::corrupt);      // unknown framing
  EXPECT_EQ(status_with(144, 2'000, 8), TableStatus::corrupt);  // note behind the frames
  EXPECT_EQ(status_with(176, 121, 8), TableStatus::corrupt);    // nothing lost
  EXPECT_EQ(status_with(168, 1, 8), TableStatus::corrupt);      // a loss of packets
  EXPECT_EQ(status_with(202, 2, 1), TableStatus::corrupt);      // unknown kind of note
  EXPECT_EQ(status_with(203, 1, 1), TableStatus::corrupt);      // not zero
  EXPECT_EQ(status_with(240, 1, 8), TableStatus::corrupt);      // first number and no next
}

TEST(FrameIndex, BlocksOfAnotherSizeAreRefused) {
  FrameIndexBuilder builder;
  for (std::uint64_t i = 0; i < 2 * kEntriesPerBlock + 5; ++i) {
    ASSERT_TRUE(builder.add(frame_of(i * 10, 1, 100, 200)));
  }
  const Bytes frame = joined(builder.pieces(1 << 20));
  const IndexExtent extent = measure_index(frame);
  ASSERT_EQ(extent.blocks(), 3U);
  EXPECT_EQ(extent.block_bytes(0), kIndexBlockBytes);
  EXPECT_EQ(extent.block_bytes(2), 8 + 5 * kIndexEntryBytes);
  EXPECT_EQ(extent.block_offset(2) + extent.block_bytes(2), frame.size());
  IndexBlock block;
  const auto bytes = std::span{frame}.subspan(extent.block_offset(1), kIndexBlockBytes);
  EXPECT_EQ(read_index_block(bytes, 0, block), TableStatus::ok);
  EXPECT_EQ(block.count, kEntriesPerBlock);
  EXPECT_EQ(block.entries[0].offset, kEntriesPerBlock * 10);
  EXPECT_EQ(read_index_block(bytes.first(7), 0, block), TableStatus::truncated);
  EXPECT_EQ(read_index_block(bytes.first(4'000), 0, block), TableStatus::truncated);
  const auto longer = std::span{frame}.subspan(extent.block_offset(2) - 1);
  EXPECT_NE(read_index_block(longer, 0, block), TableStatus::ok);
}

TEST(FrameIndex, HasRoomForABoundedNumberOfSessionsAndNotes) {
  FrameIndexBuilder builder;
  for (std::size_t i = 0; i < kMaxIndexSessions + 5; ++i) {
    FrameSummary frame = frame_of(i * 10, 1, 100, 200);
    IndexSession session;
    session.session[0] = static_cast<char>(i);
    session.session[1] = static_cast<char>(i >> 8U);
    add_span(frame, session, 1, 2);
    ASSERT_TRUE(builder.add(frame));
  }
  for (std::size_t i = 0; i < kMaxIndexNotes + 5; ++i) builder.add(i, kNote);
  FrameIndex index;
  ASSERT_EQ(read_frame_index(joined(builder.pieces(1 << 20)), index), TableStatus::ok);
  EXPECT_EQ(index.head.sessions.size(), kMaxIndexSessions);
  EXPECT_EQ(index.entries.size(), kMaxIndexSessions + 5);
  EXPECT_FALSE(index.head.totals.spans_complete);
  EXPECT_EQ(index.head.notes.size(), kMaxIndexNotes);
  EXPECT_EQ(index.head.totals.losses, kMaxIndexNotes + 5);
  EXPECT_EQ(index.head.totals.lost_messages, 21 * (kMaxIndexNotes + 5));
}

TEST(FrameIndex, IsFullAtItsLimit) {
  FrameIndexBuilder builder;
  builder.reserve(kMaxIndexEntries);
  FrameSummary frame = frame_of(0, 1, 100, 200);
  for (std::size_t i = 0; i < kMaxIndexEntries; ++i) {
    frame.offset = i;
    if (!builder.add(frame)) FAIL() << i;
  }
  EXPECT_FALSE(builder.add(frame));
  EXPECT_EQ(builder.totals().entries, kMaxIndexEntries);
  FrameIndex index;
  EXPECT_EQ(read_frame_index(joined(builder.pieces(kMaxIndexEntries)), index), TableStatus::ok);
}

TEST(FrameIndex, LostMessagesDoNotWrap) {
  FrameIndexBuilder builder;
  LossNote all = kNote;
  all.first = 0;
  all.last_exclusive = std::numeric_limits<std::uint64_t>::max();
  builder.add(0, all);
  builder.add(1, all);
  EXPECT_EQ(builder.totals().lost_messages, std::numeric_limits<std::uint64_t>::max());
}

TEST(FrameIndex, WhatIsWrittenIsRead) {
  std::mt19937_64 random{11};
  for (int round = 0; round < 20; ++round) {
    FrameIndexBuilder builder;
    std::uint64_t offset = 0;
    std::vector<FrameSummary> frames(random() % 400);
    for (FrameSummary& frame : frames) {
      const auto earliest = static_cast<std::int64_t>(random() % 1'000'000);
      frame = frame_of(offset, static_cast<std::uint32_t>(random() % 3), earliest,
                       earliest + static_cast<std::int64_t>(random() % 1'000));
      const std::size_t spans = random() % 4;
      for (std::size_t i = 0; i < spans; ++i) {
        IndexSession session = kSession;
        session.session[0] = static_cast<char>('A' + i);
        const std::uint64_t first = random() >> 1U;
        add_span(frame, session, first, first + 1 + random() % 100);
      }
      offset += 1 + random() % 70'000;
      ASSERT_TRUE(builder.add(frame));
      if (random() % 8 == 0) builder.add(offset++, kNote);
    }
    FrameIndex index;
    ASSERT_EQ(read_frame_index(joined(builder.pieces(offset)), index), TableStatus::ok);
    EXPECT_EQ(index.head.totals, builder.totals());
    std::size_t at = 0;
    std::int64_t latest = 0;
    for (const FrameSummary& frame : frames) {
      if (frame.packets != 0) latest = std::max(latest, frame.latest_ns);
      for (std::size_t i = 0; i < std::max<std::size_t>(frame.span_count, 1); ++i) {
        const IndexEntry& entry = index.entries.at(at++);
        EXPECT_EQ(entry.offset, frame.offset);
        EXPECT_EQ(entry.latest_ns, latest);
        EXPECT_EQ(entry.same_frame, i > 0);
        EXPECT_EQ(entry.packets, i == 0 ? frame.packets : 0);
        if (frame.span_count == 0) continue;
        EXPECT_EQ(index.head.sessions.at(entry.session), frame.spans.at(i).session);
        EXPECT_EQ(entry.first, frame.spans.at(i).first);
        EXPECT_EQ(entry.next, frame.spans.at(i).next);
      }
    }
    EXPECT_EQ(at, index.entries.size());
  }
}

}  // namespace
}  // namespace tapeline::codec::archive

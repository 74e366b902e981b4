#include "codec/archive/loss_note.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "codec/archive/frame.hpp"

namespace tapeline::codec::archive {
namespace {

using Bytes = std::vector<std::byte>;

constexpr LossNote kNote{.session = {'T', 'A', 'P', 'E', 'L', 'I', 'N', 'E', '0', '1'},
                         .first = 100,
                         .last_exclusive = 121,
                         .time_ns = 1'767'571'200'000'000'000};

Bytes frame_of(const LossNote& note) {
  Bytes out(kMaxLossFrameBytes);
  out.resize(write_loss_frame(out, note));
  return out;
}

TEST(LossNote, IsOneLineOfJsonInASkippableFrame) {
  const Bytes frame = frame_of(kNote);
  const FrameExtent extent = measure_frame(frame);
  EXPECT_EQ(extent.status, FrameStatus::ok);
  EXPECT_EQ(extent.kind, FrameKind::skippable);
  EXPECT_EQ(extent.frame_bytes, frame.size());
  const std::string line{reinterpret_cast<const char*>(frame.data()) + 8, frame.size() - 8};
  EXPECT_EQ(line,
            "{\"lost\":{\"session\":\"TAPELINE01\",\"first\":100,\"last\":120,"
            "\"time_ns\":1767571200000000000}}\n");
}

TEST(LossNote, ComesBackWhateverTheSessionAndTheNumbers) {
  std::mt19937_64 random{5};
  for (int round = 0; round < 2'000; ++round) {
    LossNote note;
    for (char& c : note.session) c = static_cast<char>(random());
    note.first = random() >> (random() % 64);
    note.last_exclusive = note.first + 1 + (random() >> (random() % 63 + 1));
    if (note.last_exclusive <= note.first) continue;
    note.time_ns = static_cast<std::int64_t>(random());
    EXPECT_EQ(read_loss_frame(frame_of(note)), note);
  }
  const LossNote widest{.session = {},
                        .first = 0,
                        .last_exclusive = std::numeric_limits<std::uint64_t>::max(),
                        .time_ns = std::numeric_limits<std::int64_t>::min()};
  EXPECT_EQ(read_loss_frame(frame_of(widest)), widest);
}

TEST(LossNote, WhatFollowsIsNotLookedAt) {
  Bytes frame = frame_of(kNote);
  frame.push_back(std::byte{'x'});
  EXPECT_EQ(read_loss_frame(frame), kNote);
}

TEST(LossNote, EveryTruncationIsNone) {
  const Bytes whole = frame_of(kNote);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_FALSE(read_loss_frame(cut).has_value()) << length;
  }
}

TEST(LossNote, LengthThatLiesIsNone) {
  for (const unsigned change : {1U, 2U, 255U}) {
    Bytes frame = frame_of(kNote);
    frame[4] = static_cast<std::byte>(std::to_integer<unsigned>(frame[4]) + change);
    EXPECT_FALSE(read_loss_frame(frame).has_value()) << change;
  }
  Bytes frame = frame_of(kNote);
  for (std::size_t i = 4; i < 8; ++i) frame[i] = std::byte{0xFF};
  EXPECT_FALSE(read_loss_frame(frame).has_value());
}

TEST(LossNote, EveryChangedByteIsNoneOrAnotherNote) {
  const Bytes whole = frame_of(kNote);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const unsigned value : {0U, unsigned{' '}, unsigned{'0'}, unsigned{'9'}, unsigned{'"'}}) {
      Bytes changed = whole;
      changed[at] = static_cast<std::byte>(value);
      const auto note = read_loss_frame(changed);
      if (!note) continue;
      EXPECT_EQ(frame_of(*note), changed) << at;
    }
  }
}

TEST(LossNote, RandomBytesAreSurvived) {
  std::mt19937_64 random{6};
  const Bytes whole = frame_of(kNote);
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes = whole;
    for (int changes = 0; changes < 4; ++changes) {
      bytes[8 + random() % (bytes.size() - 8)] = static_cast<std::byte>(random());
    }
    const auto note = read_loss_frame(bytes);
    if (!note) continue;
    EXPECT_EQ(frame_of(*note), bytes);
  }
}

}  // namespace
}  // namespace tapeline::codec::archive

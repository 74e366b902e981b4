#include "codec/archive/outage_note.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "codec/archive/frame.hpp"
#include "codec/archive/loss_note.hpp"

namespace tapeline::codec::archive {
namespace {

using Bytes = std::vector<std::byte>;

constexpr OutageNote kNote{.packets = 1200,
                           .first_time_ns = 1'767'571'200'000'000'000,
                           .last_time_ns = 1'767'571'201'000'000'000,
                           .session = {'T', 'A', 'P', 'E', 'L', 'I', 'N', 'E', '0', '1'},
                           .first = 100,
                           .last_exclusive = 5121};

Bytes frame_of(const OutageNote& note) {
  Bytes out(kMaxOutageFrameBytes);
  out.resize(write_outage_frame(out, note));
  return out;
}

std::string text_of(const Bytes& frame) {
  return {reinterpret_cast<const char*>(frame.data()) + 8, frame.size() - 8};
}

TEST(OutageNote, IsOneLineOfJsonInASkippableFrame) {
  const Bytes frame = frame_of(kNote);
  const FrameExtent extent = measure_frame(frame);
  EXPECT_EQ(extent.status, FrameStatus::ok);
  EXPECT_EQ(extent.kind, FrameKind::skippable);
  EXPECT_EQ(extent.frame_bytes, frame.size());
  EXPECT_EQ(text_of(frame),
            "{\"missed\":{\"packets\":1200,\"first_time_ns\":1767571200000000000,"
            "\"last_time_ns\":1767571201000000000,\"session\":\"TAPELINE01\",\"first\":100,"
            "\"last\":5120}}\n");
}

TEST(OutageNote, LeavesOutNumbersThatThereAreNot) {
  const Bytes frame = frame_of({.packets = 1, .first_time_ns = 2, .last_time_ns = 3});
  EXPECT_EQ(text_of(frame),
            "{\"missed\":{\"packets\":1,\"first_time_ns\":2,\"last_time_ns\":3}}\n");
  EXPECT_EQ(read_outage_frame(frame),
            (OutageNote{.packets = 1, .first_time_ns = 2, .last_time_ns = 3}));
}

TEST(OutageNote, ComesBackWhateverItSays) {
  std::mt19937_64 random{5};
  for (int round = 0; round < 2'000; ++round) {
    OutageNote note;
    note.packets = random() >> (random() % 64);
    note.first_time_ns = static_cast<std::int64_t>(random());
    note.last_time_ns = static_cast<std::int64_t>(random());
    for (char& c : note.session) c = static_cast<char>(random());
    note.first = random() >> (random() % 63 + 1);
    note.last_exclusive = note.first + 1 + (random() >> (random() % 63 + 1));
    EXPECT_EQ(read_outage_frame(frame_of(note)), note);
  }
  const OutageNote widest{.packets = std::numeric_limits<std::uint64_t>::max(),
                          .first_time_ns = std::numeric_limits<std::int64_t>::min(),
                          .last_time_ns = std::numeric_limits<std::int64_t>::min(),
                          .session = {},
                          .first = std::numeric_limits<std::uint64_t>::max() - 2,
                          .last_exclusive = std::numeric_limits<std::uint64_t>::max()};
  EXPECT_EQ(read_outage_frame(frame_of(widest)), widest);
}

TEST(OutageNote, IsNotReadFromATruncationOrAChange) {
  const Bytes frame = frame_of(kNote);
  for (std::size_t length = 0; length < frame.size(); ++length) {
    EXPECT_FALSE(read_outage_frame(std::span{frame}.first(length))) << length;
  }
  for (std::size_t at = 0; at < frame.size(); ++at) {
    Bytes changed = frame;
    changed[at] ^= std::byte{0x80};
    EXPECT_FALSE(read_outage_frame(changed)) << at;
  }
}

TEST(OutageNote, RefusesALengthThatLiesAndNumbersOfAnotherSpelling) {
  Bytes frame = frame_of(kNote);
  for (const std::uint8_t length : {std::uint8_t{0}, std::uint8_t{255}}) {
    Bytes lying = frame;
    lying[4] = std::byte{length};
    EXPECT_FALSE(read_outage_frame(lying));
  }
  std::string text = text_of(frame);
  text.replace(text.find("1200"), 4, "0120");
  std::copy_n(reinterpret_cast<const std::byte*>(text.data()), text.size(), frame.begin() + 8);
  EXPECT_FALSE(read_outage_frame(frame));
}

TEST(OutageNote, IsNoLossNoteAndTheOtherWayRound) {
  EXPECT_FALSE(read_loss_frame(frame_of(kNote)));
  Bytes loss(kMaxLossFrameBytes);
  loss.resize(write_loss_frame(loss, {.first = 1, .last_exclusive = 2}));
  EXPECT_FALSE(read_outage_frame(loss));
}

}  // namespace
}  // namespace tapeline::codec::archive

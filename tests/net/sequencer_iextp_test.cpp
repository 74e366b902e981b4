// The sequencer over IEX-TP segments: the same rules for lines and gaps, and what only the stream
// offset and the time of sending can tell.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "codec/iextp/encoder.hpp"
#include "net/sequencer.hpp"
#include "tests/net/mold_packet.hpp"

namespace tapeline::net {
namespace {

namespace iextp = codec::iextp;

constexpr std::uint16_t kLineA = 0;
constexpr std::uint16_t kLineB = 1;
constexpr std::uint64_t kNoon = 1'700'000'000'000'000'000;
constexpr std::uint64_t kSecond = 1'000'000'000;

// A publisher: messages of one letter, three bytes of the stream each.
struct Place {
  std::uint64_t sequence = 1;
  std::uint64_t sent_ns = kNoon;
  std::uint32_t session = 7;
  std::uint64_t offset = 0;  // 0: where the sequence belongs
};
constexpr std::uint64_t kStreamBytes = 3;

class SequencerIexTpTest : public ::testing::Test {
 protected:
  void feed(std::uint16_t line, const Place& place, const std::string& letters) {
    constexpr std::size_t kOffset = 28;
    std::vector<std::byte> bytes(kOffset + iextp::kHeaderBytes + kStreamBytes * letters.size());
    iextp::SegmentBuilder builder{std::span{bytes}.subspan(kOffset)};
    const std::uint64_t offset =
        place.offset != 0 ? place.offset : (place.sequence - 1) * kStreamBytes;
    builder.start(iextp::Session::from(iextp::Protocol::deep, 1, place.session), place.sequence,
                  offset);
    for (const char& letter : letters) {
      ASSERT_TRUE(builder.try_add(std::as_bytes(std::span{&letter, 1})));
    }
    static_cast<void>(builder.finish(place.sent_ns));
    Packet packet{};
    packet.datagram = bytes.data();
    packet.datagram_bytes = static_cast<std::uint32_t>(bytes.size());
    packet.payload_offset = kOffset;
    packet.payload_bytes = static_cast<std::uint32_t>(bytes.size() - kOffset);
    packet.line = line;
    sequencer.on_packet(packet, now_ns, seen);
  }
  [[nodiscard]] const SequencerCounters& counters() const { return sequencer.counters(); }

  pool::LockFreeBufferPool pool{testing::small_pool(4)};
  Sequencer sequencer{{.framing = Framing::iextp, .lines = 2, .hold_ns = 1'000'000},
                      pool.serialization()};
  testing::Recorder seen;
  std::int64_t now_ns = 0;
};

TEST_F(SequencerIexTpTest, LinesThatAreCutDifferentlyGiveEachMessageOnce) {
  feed(kLineA, {.sequence = 1}, "ab");
  feed(kLineB, {.sequence = 1}, "abc");
  feed(kLineA, {.sequence = 3}, "cd");
  EXPECT_EQ(seen.text(), "a,b,c,d,");
  EXPECT_EQ(counters().duplicates.get(), 3U);
  EXPECT_EQ(counters().contradictions.get(), 0U);
}

TEST_F(SequencerIexTpTest, HeartbeatShowsAMissingTailThatTheOtherLineFills) {
  feed(kLineA, {.sequence = 1}, "a");
  feed(kLineA, {.sequence = 3}, "");
  EXPECT_EQ(counters().heartbeats.get(), 1U);
  feed(kLineB, {.sequence = 2}, "b");
  EXPECT_EQ(seen.text(), "a,b,");
  EXPECT_EQ(counters().gaps.get(), 0U);
}

TEST_F(SequencerIexTpTest, HoleIsDeclaredLostAndTheStreamGoesOn) {
  feed(kLineA, {.sequence = 1}, "a");
  feed(kLineA, {.sequence = 4}, "d");
  now_ns = 2'000'000;
  sequencer.on_timer(now_ns, seen);
  feed(kLineA, {.sequence = 5}, "e");
  EXPECT_EQ(seen.text(), "a,d,e,");
  ASSERT_EQ(seen.gaps.size(), 1U);
  EXPECT_EQ(seen.gaps.front().first, 2U);
  EXPECT_EQ(counters().messages_lost.get(), 2U);
}

TEST_F(SequencerIexTpTest, NumbersThatBeginAgainLaterAreARestartThatIsFollowed) {
  feed(kLineA, {.sequence = 1}, "abc");
  feed(kLineA, {.sequence = 1, .sent_ns = kNoon + 5 * kSecond}, "xy");
  feed(kLineB, {.sequence = 1, .sent_ns = kNoon + 5 * kSecond}, "xyz");
  EXPECT_EQ(seen.text(), "a,b,c,x,y,z,");
  EXPECT_EQ(counters().restarts.get(), 1U);
  EXPECT_EQ(counters().sessions.get(), 2U);
  EXPECT_EQ(counters().duplicates.get(), 2U);
}

TEST_F(SequencerIexTpTest, RestartWhoseFirstSegmentsWereMissedIsFollowed) {
  feed(kLineA, {.sequence = 1}, "abcdef");
  feed(kLineA, {.sequence = 3, .sent_ns = kNoon + 2 * kSecond}, "x");
  EXPECT_EQ(seen.text(), "a,b,c,d,e,f,x,");
  EXPECT_EQ(counters().restarts.get(), 1U);
  EXPECT_EQ(counters().late_joins.get(), 1U);
}

TEST_F(SequencerIexTpTest, CopyOfALineThatIsHalfASecondBehindIsNoRestart) {
  feed(kLineA, {.sequence = 1}, "abc");
  feed(kLineB, {.sequence = 1, .sent_ns = kNoon + kSecond / 2}, "abc");
  EXPECT_EQ(counters().restarts.get(), 0U);
  EXPECT_EQ(counters().duplicates.get(), 3U);
}

TEST_F(SequencerIexTpTest, SegmentFromBeforeARestartIsDroppedAndCounted) {
  feed(kLineA, {.sequence = 1}, "abcdef");
  feed(kLineA, {.sequence = 1, .sent_ns = kNoon + 5 * kSecond}, "x");
  feed(kLineB, {.sequence = 6, .sent_ns = kNoon, .offset = 1}, "f");
  EXPECT_EQ(seen.text(), "a,b,c,d,e,f,x,");
  EXPECT_EQ(counters().contradictions.get(), 1U);
}

TEST_F(SequencerIexTpTest, RightNumberWithAWrongOffsetIsNotTakenForTheNext) {
  feed(kLineA, {.sequence = 1}, "a");
  feed(kLineA, {.sequence = 2, .offset = 500}, "X");
  feed(kLineA, {.sequence = 2}, "b");
  EXPECT_EQ(seen.text(), "a,b,");
  EXPECT_EQ(counters().contradictions.get(), 1U);
}

TEST_F(SequencerIexTpTest, SegmentsOfAnotherSessionAreForeignUntilThisOneIsSilent) {
  feed(kLineA, {.sequence = 1}, "a");
  feed(kLineA, {.sequence = 1, .session = 8}, "x");
  EXPECT_EQ(counters().foreign.get(), 1U);
  now_ns = SequencerConfig{}.iextp_session_silence_ns - 1;
  feed(kLineA, {.sequence = 1, .session = 8}, "x");
  EXPECT_EQ(counters().foreign.get(), 2U);
  now_ns = SequencerConfig{}.iextp_session_silence_ns;
  feed(kLineA, {.sequence = 1, .session = 8}, "y");
  EXPECT_EQ(seen.text(), "a,y,");
}

TEST(RecogniseFraming, KnowsASegmentAndTakesTheRestForMoldUdp64) {
  std::array<std::byte, iextp::kHeaderBytes> bytes{};
  iextp::SegmentBuilder builder{bytes};
  builder.start(iextp::Session::from(iextp::Protocol::tops, 1, 2), 1, 0);
  EXPECT_EQ(recognise_framing(builder.finish(kNoon)), Framing::iextp);
  bytes[0] = std::byte{2};
  EXPECT_EQ(recognise_framing(bytes), Framing::moldudp64);
  EXPECT_EQ(recognise_framing({}), Framing::moldudp64);
}

}  // namespace
}  // namespace tapeline::net

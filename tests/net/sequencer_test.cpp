#include "net/sequencer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/net/mold_packet.hpp"

namespace tapeline::net {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kSession;
using testing::MoldPacket;
using ::testing::Pair;
using testing::Recorder;
using testing::Session;

constexpr std::uint16_t kLineA = 0;
constexpr std::uint16_t kLineB = 1;
constexpr std::int64_t kHold = 1000;

class SequencerTest : public ::testing::Test {
 protected:
  static SequencerConfig config() {
    return {.lines = 2,
            .hold_packets = 16,
            .hold_bytes = std::size_t{32} * 1024,
            .hold_ns = kHold,
            .first_expected = 0,
            .session_silence_ns = 1'000'000,
            .resync_packets = 4,
            .accept_unsequenced = true};
  }

  void feed(const MoldPacket& packet, std::int64_t now_ns = 0) {
    sequencer.on_packet(packet.view(), now_ns, seen);
  }
  void feed(std::uint16_t line, std::uint64_t sequence, const std::vector<std::string>& messages,
            std::int64_t now_ns = 0) {
    feed(MoldPacket{line, sequence, messages}, now_ns);
  }
  [[nodiscard]] const SequencerCounters& counters() const { return sequencer.counters(); }

  pool::LockFreeBufferPool pool{testing::small_pool(4)};
  Sequencer sequencer{config(), pool.serialization()};
  Recorder seen;
};

TEST_F(SequencerTest, DeliversMessagesInOrderWithTheirNumbers) {
  feed(kLineA, 1, {"a", "b"});
  feed(kLineA, 3, {"c"});
  EXPECT_THAT(seen.messages, ElementsAre(Pair(1, "a"), Pair(2, "b"), Pair(3, "c")));
  EXPECT_EQ(sequencer.expected(), 4U);
  EXPECT_EQ(counters().messages.get(), 3U);
  EXPECT_EQ(counters().expected.get(), 4U);
  EXPECT_EQ(counters().late_joins.get(), 0U);
}

TEST_F(SequencerTest, DropsSecondCopyOfMessage) {
  feed(kLineA, 1, {"a", "b"});
  feed(kLineB, 1, {"x", "y"});
  feed(kLineB, 3, {"c"});
  feed(kLineA, 3, {"z"});
  EXPECT_EQ(seen.text(), "a,b,c,");
  EXPECT_EQ(counters().duplicates.get(), 3U);
  EXPECT_EQ(sequencer.line_counters(kLineA).messages_won.get(), 2U);
  EXPECT_EQ(sequencer.line_counters(kLineB).messages_won.get(), 1U);
  EXPECT_EQ(sequencer.line_counters(kLineB).duplicates.get(), 2U);
  EXPECT_EQ(sequencer.line_counters(kLineA).packets.get(), 2U);
}

TEST_F(SequencerTest, DeliversOnlyNewPartOfOverlappingPacket) {
  feed(kLineA, 1, {"a", "b"});
  feed(kLineB, 1, {"x", "y", "c", "d"});
  EXPECT_EQ(seen.text(), "a,b,c,d,");
  EXPECT_EQ(counters().duplicates.get(), 2U);
  EXPECT_EQ(sequencer.line_counters(kLineB).messages_won.get(), 2U);
}

TEST_F(SequencerTest, MessageOfLengthZeroUsesANumber) {
  feed(kLineA, 1, {"a", "", "c"});
  EXPECT_THAT(seen.messages, ElementsAre(Pair(1, "a"), Pair(2, ""), Pair(3, "c")));
}

TEST_F(SequencerTest, HoldsEarlyPacketsUntilTheHoleIsFilled) {
  feed(kLineA, 1, {"a"});
  feed(kLineA, 4, {"d"});
  feed(kLineA, 3, {"c"});
  EXPECT_EQ(seen.text(), "a,");
  EXPECT_EQ(counters().held.get(), 2U);
  feed(kLineB, 2, {"b"});
  EXPECT_EQ(seen.text(), "a,b,c,d,");
  EXPECT_THAT(seen.gaps, IsEmpty());
  EXPECT_EQ(counters().held.get(), 0U);
  EXPECT_EQ(counters().held_peak.get(), 2U);
  EXPECT_EQ(pool.stats().serialization.in_use, 0U);
  EXPECT_EQ(sequencer.next_deadline(), Sequencer::kNoDeadline);
}

TEST_F(SequencerTest, FirstCopyWinsAmongHeldPacketsCutDifferently) {
  feed(kLineA, 1, {"a"});
  feed(kLineA, 4, {"d", "e"});
  feed(kLineB, 3, {"c", "X", "X", "f"});  // 4 and 5 are held already
  EXPECT_EQ(counters().duplicates.get(), 2U);
  feed(kLineB, 2, {"b", "X", "X", "X", "X", "g"});
  EXPECT_EQ(seen.text(), "a,b,c,d,e,f,g,");
  EXPECT_EQ(counters().duplicates.get(), 6U);
  EXPECT_EQ(counters().messages.get(), 7U);
}

TEST_F(SequencerTest, HeldBytesSurviveTheBatchTheyCameIn) {
  feed(kLineA, 1, {"a"});
  { feed(MoldPacket{kLineA, 3, {"held", "too"}}); }
  feed(kLineA, 2, {"b"});
  EXPECT_EQ(seen.text(), "a,b,held,too,");
}

TEST_F(SequencerTest, DeclaresHoleLostWhenItsTimeIsOver) {
  feed(kLineA, 1, {"a"}, 0);
  feed(kLineA, 4, {"d"}, 50);
  EXPECT_EQ(sequencer.next_deadline(), 50 + kHold);
  sequencer.on_timer(50 + kHold - 1, seen);
  EXPECT_THAT(seen.gaps, IsEmpty());
  sequencer.on_timer(50 + kHold, seen);
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{2, 4}));
  EXPECT_EQ(seen.text(), "a,d,");
  EXPECT_EQ(counters().gaps.get(), 1U);
  EXPECT_EQ(counters().messages_lost.get(), 2U);
  feed(kLineB, 2, {"b", "c"}, 60 + kHold);
  EXPECT_EQ(seen.text(), "a,d,");
  EXPECT_EQ(counters().late.get(), 2U);
  EXPECT_EQ(counters().duplicates.get(), 0U);
}

TEST_F(SequencerTest, PacketsAloneDriveTheTimer) {
  feed(kLineA, 1, {"a"}, 0);
  feed(kLineA, 3, {"c"}, 10);
  feed(kLineA, 4, {"d"}, 10 + kHold);
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{2, 3}));
  EXPECT_EQ(seen.text(), "a,c,d,");
}

TEST_F(SequencerTest, EachHoleHasItsOwnTime) {
  feed(kLineA, 1, {"a"}, 0);
  feed(kLineA, 3, {"c"}, 100);
  feed(kLineA, 5, {"e"}, 300);
  sequencer.on_timer(100 + kHold, seen);
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{2, 3}));
  EXPECT_EQ(sequencer.next_deadline(), 300 + kHold);
  sequencer.on_timer(300 + kHold, seen);
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{2, 3}, GapRange{4, 5}));
  EXPECT_EQ(seen.text(), "a,c,e,");
}

TEST_F(SequencerTest, HoleStaysOpenWhileItsMessagesStillArrive) {
  feed(kLineA, 1, {"a"}, 0);
  feed(kLineA, 5, {"e"}, 0);
  feed(kLineB, 2, {"b"}, kHold - 1);
  feed(kLineB, 3, {"c"}, 2 * (kHold - 1));
  feed(kLineB, 4, {"d"}, 3 * (kHold - 1));
  EXPECT_EQ(seen.text(), "a,b,c,d,e,");
  EXPECT_THAT(seen.gaps, IsEmpty());
}

TEST_F(SequencerTest, HeartbeatRevealsMissingTail) {
  feed(kLineA, 1, {"a"}, 0);
  feed(kLineA, 4, {}, 10);
  EXPECT_EQ(sequencer.next_deadline(), 10 + kHold);
  feed(kLineB, 2, {"b"}, 20);
  feed(kLineA, 6, {}, 30);
  std::vector<GapRange> open;
  sequencer.for_each_hole([&](const GapRange& hole) { open.push_back(hole); });
  EXPECT_THAT(open, ElementsAre(GapRange{3, 6}));
  sequencer.on_timer(20 + kHold, seen);
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{3, 4}));
  sequencer.on_timer(30 + kHold, seen);
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{3, 4}, GapRange{4, 6}));
  EXPECT_EQ(sequencer.expected(), 6U);
  EXPECT_EQ(counters().heartbeats.get(), 2U);
}

TEST_F(SequencerTest, HeartbeatAtThePositionRevealsNothing) {
  feed(kLineA, 1, {"a"});
  feed(kLineA, 2, {});
  EXPECT_EQ(sequencer.next_deadline(), Sequencer::kNoDeadline);
}

TEST_F(SequencerTest, EndOfSessionRevealsMissingTailAndIsToldOnce) {
  feed(kLineA, 1, {"a"}, 0);
  feed(MoldPacket::end_of_session(kLineA, 3), 0);
  EXPECT_THAT(seen.ended, IsEmpty());
  feed(kLineB, 2, {"b"}, 10);
  feed(MoldPacket::end_of_session(kLineB, 3), 20);
  feed(MoldPacket::end_of_session(kLineB, 3), 30);
  EXPECT_THAT(seen.ended, ElementsAre("TEST"));
  EXPECT_EQ(seen.text(), "a,b,");
  EXPECT_EQ(counters().ends_of_session.get(), 3U);
}

TEST_F(SequencerTest, EndOfSessionBelowThePositionIsIgnored) {
  feed(kLineA, 1, {"a", "b", "c"});
  feed(MoldPacket::end_of_session(kLineB, 2));
  EXPECT_EQ(counters().stale_ends.get(), 1U);
  feed(MoldPacket{kLineB, 1, {"n"}, Session::from_text("NEXT")});
  EXPECT_EQ(counters().foreign.get(), 1U);
}

TEST_F(SequencerTest, FinishDeclaresOpenHolesAndDeliversWhatIsHeld) {
  feed(kLineA, 1, {"a"});
  feed(kLineA, 3, {"c"});
  feed(kLineA, 6, {"f"});
  feed(kLineA, 9, {});
  sequencer.finish(0, seen);
  EXPECT_EQ(seen.text(), "a,c,f,");
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{2, 3}, GapRange{4, 6}, GapRange{7, 9}));
  EXPECT_EQ(pool.stats().serialization.in_use, 0U);
}

TEST_F(SequencerTest, OverflowDeclaresOldestHoleLost) {
  feed(kLineA, 1, {"a"});
  for (std::uint64_t sequence = 3; sequence < 3 + 2 * 16; sequence += 2) {
    feed(kLineA, sequence, {"x"});
  }
  EXPECT_THAT(seen.gaps, IsEmpty());
  feed(kLineA, 101, {"y"});
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{2, 3}));
  EXPECT_EQ(counters().hold_overflows.get(), 1U);
  EXPECT_EQ(counters().held.get(), 16U);
}

TEST_F(SequencerTest, BoundOnBytesHoldsToo) {
  feed(kLineA, 1, {"a"});
  const std::string big(1400, 'x');
  for (std::uint64_t sequence = 3; sequence < 3 + 2 * 200; sequence += 2) {
    feed(kLineA, sequence, {big, big});  // 2,900 bytes each, overlapping by none
    ++sequence;
  }
  EXPECT_LE(pool.stats().serialization.in_use, 2U);
  sequencer.finish(0, seen);
  EXPECT_EQ(seen.messages.size() + counters().messages_lost.get(), sequencer.expected() - 1);
  EXPECT_GT(counters().hold_overflows.get(), 0U);
}

TEST_F(SequencerTest, WithoutMemoryAnEarlyPacketIsDeliveredBehindItsGap) {
  std::vector<pool::SerializationGuard> taken;
  while (pool::SerializationGuard guard = pool.serialization().try_acquire()) {
    taken.push_back(std::move(guard));
  }
  feed(kLineA, 1, {"a"});
  feed(kLineA, 3, {"c"});
  EXPECT_EQ(seen.text(), "a,c,");
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{2, 3}));
}

TEST_F(SequencerTest, ForgedJumpCostsOnePieceAndDelaysNothing) {
  feed(kLineA, 1, {"a"});
  feed(kLineB, std::uint64_t{1} << 40U, {"forged"});
  for (std::uint64_t sequence = 2; sequence < 1000; ++sequence) {
    feed(kLineA, sequence, {"m"}, static_cast<std::int64_t>(sequence) * (kHold - 1));
  }
  EXPECT_EQ(seen.messages.size(), 999U);
  EXPECT_THAT(seen.gaps, IsEmpty());
  EXPECT_EQ(counters().held_peak.get(), 1U);
  EXPECT_LE(pool.stats().serialization.bytes_peak, pool.stats().serialization.bytes_now);
}

TEST_F(SequencerTest, StepsBackWhenTheRealPacketsLieInALostRange) {
  const std::uint64_t forged = std::uint64_t{1} << 40U;
  feed(kLineA, 1, {"a"}, 0);
  feed(kLineB, forged, {"forged"}, 0);
  sequencer.on_timer(kHold, seen);  // a quiet moment
  ASSERT_THAT(seen.gaps, ElementsAre(GapRange{2, forged}));
  for (std::uint64_t sequence = 2; sequence <= 10; ++sequence) {
    feed(kLineA, sequence, {std::to_string(sequence)}, 2 * kHold);
    feed(kLineB, sequence, {std::to_string(sequence)}, 2 * kHold);
  }
  EXPECT_EQ(seen.text(), "a,forged,5,6,7,8,9,10,");
  EXPECT_THAT(seen.resyncs, ElementsAre(5));
  EXPECT_EQ(counters().resyncs.get(), 1U);
  EXPECT_EQ(counters().messages_lost.get(), 3U);
  EXPECT_EQ(sequencer.next_deadline(), Sequencer::kNoDeadline);
  sequencer.finish(3 * kHold, seen);
  EXPECT_EQ(seen.gaps.size(), 1U);
}

// The ring of recent losses holds 64. Those taken back by going back must not come alive again as
// if they were the ones that they once overwrote.
TEST_F(SequencerTest, WhatWasGotAfterGoingBackIsNoLongerLost) {
  constexpr std::uint64_t kGaps = 70;
  constexpr std::uint64_t kLast = 10 * kGaps;  // first number of the last loss
  std::int64_t now = 0;
  feed(kLineA, 1, std::vector<std::string>(9, "m"), now);
  for (std::uint64_t gap = 1; gap <= kGaps; ++gap) {  // 10 to 14, 20 to 24, ... are lost
    feed(kLineA, 10 * gap + 5, std::vector<std::string>(5, "m"), now);
    now += kHold;
    sequencer.on_timer(now, seen);
  }
  ASSERT_EQ(counters().gaps.get(), kGaps);
  ASSERT_EQ(sequencer.expected(), kLast + 10);

  seen = {};
  for (std::uint64_t late = kLast - 10; late < kLast - 6; ++late) feed(kLineB, late, {"l"}, now);
  ASSERT_THAT(seen.resyncs, ElementsAre(kLast - 7));
  feed(kLineB, kLast - 6, {"l"}, now);
  feed(kLineB, kLast, std::vector<std::string>(5, "l"), now);
  ASSERT_EQ(sequencer.expected(), kLast + 10);
  ASSERT_EQ(seen.messages.size(), 7U);

  const std::uint64_t duplicates = counters().duplicates.get();
  for (std::uint64_t again = kLast; again < kLast + 5; ++again) feed(kLineA, again, {"l"}, now);
  EXPECT_EQ(seen.messages.size(), 7U);
  EXPECT_EQ(counters().resyncs.get(), 1U);
  EXPECT_EQ(counters().duplicates.get(), duplicates + 5);
}

TEST_F(SequencerTest, AfterGoingBackPacketsThatHadComeShowWhatIsStillMissing) {
  feed(kLineA, 1, {"a"}, 0);
  feed(kLineA, 10, {"j"}, 0);
  sequencer.on_timer(kHold, seen);
  feed(kLineA, 20, {"t"}, kHold);
  sequencer.on_timer(2 * kHold, seen);
  for (std::uint64_t late = 2; late < 6; ++late) feed(kLineB, late, {"l"}, 2 * kHold);
  ASSERT_THAT(seen.resyncs, ElementsAre(5));
  seen = {};
  EXPECT_EQ(sequencer.next_deadline(), Sequencer::kNoDeadline);
  feed(kLineB, 20, {"t"}, 3 * kHold);
  EXPECT_EQ(sequencer.next_deadline(), 4 * kHold);
  sequencer.on_timer(4 * kHold, seen);
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{6, 10}, GapRange{11, 20}));
  EXPECT_THAT(seen.messages, IsEmpty());
}

// Only what moves the position on keeps a hole open for longer.
TEST_F(SequencerTest, PacketsOfWhichNothingIsWholeDoNotKeepAHoleOpen) {
  feed(kLineA, 1, {"a"}, 0);
  feed(kLineA, 10, {"j"}, 0);
  MoldPacket damaged{kLineB, 2, {"b", "c"}};
  damaged.resize_payload(codec::moldudp64::kHeaderBytes + 1);
  for (std::int64_t now = 100; now < kHold; now += 100) feed(damaged, now);
  EXPECT_EQ(sequencer.next_deadline(), kHold);
  sequencer.on_timer(kHold, seen);
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{2, 10}));
}

TEST_F(SequencerTest, StepsBackFromAForgedHeartbeat) {
  const std::uint64_t forged = std::uint64_t{1} << 40U;
  feed(kLineA, 1, {"a"}, 0);
  feed(kLineB, forged, {}, 0);
  sequencer.on_timer(kHold, seen);
  ASSERT_THAT(seen.gaps, ElementsAre(GapRange{2, forged}));
  for (std::uint64_t sequence = 2; sequence <= 6; ++sequence) feed(kLineA, sequence, {"m"}, kHold);
  EXPECT_EQ(seen.text(), "a,m,m,");
  EXPECT_EQ(sequencer.expected(), 7U);
}

TEST_F(SequencerTest, SteppingBackDeliversNoMessageTwice) {
  feed(kLineA, 1, {"1"}, 0);
  feed(kLineA, 20, {"20", "21"}, 0);
  feed(kLineA, 30, {"30"}, 0);
  sequencer.on_timer(kHold, seen);
  EXPECT_EQ(seen.text(), "1,20,21,30,");
  std::string expected = seen.text();
  for (std::uint64_t sequence = 2; sequence <= 35; ++sequence) {  // the other line, far behind
    feed(kLineB, sequence, {std::to_string(sequence)}, 2 * kHold);
    const bool again = sequence == 20 || sequence == 21 || sequence == 30;
    if (sequence >= 5 && !again) expected += std::to_string(sequence) + ",";
  }
  EXPECT_EQ(seen.text(), expected);
  EXPECT_EQ(counters().resyncs.get(), 1U);
  EXPECT_EQ(counters().messages_lost.get(), 3U);
}

TEST_F(SequencerTest, LaggingLineDoesNotPullBackALiveOne) {
  feed(kLineA, 1, {"m"}, 0);
  feed(kLineA, 100, {"m"}, 0);
  sequencer.on_timer(kHold, seen);
  for (std::uint64_t step = 0; step < 50; ++step) {
    feed(kLineA, 101 + step, {"m"}, kHold);
    feed(kLineB, 2 + step, {"m"}, kHold);
  }
  EXPECT_EQ(counters().resyncs.get(), 0U);
  EXPECT_EQ(counters().late.get(), 50U);
  EXPECT_EQ(seen.messages.size(), 52U);
}

TEST_F(SequencerTest, RepeatedOldPacketsAreDuplicatesForEver) {
  feed(kLineA, 1, {"a", "b", "c"});
  for (int repeat = 0; repeat < 100; ++repeat) {
    for (std::uint64_t sequence = 1; sequence < 4; ++sequence) feed(kLineB, sequence, {"x"});
  }
  EXPECT_EQ(counters().duplicates.get(), 300U);
  EXPECT_EQ(seen.text(), "a,b,c,");
}

TEST_F(SequencerTest, LateJoinAdoptsTheFirstPacket) {
  feed(kLineA, 500, {"x"});
  EXPECT_THAT(seen.sessions, ElementsAre(Pair("TEST", 500)));
  EXPECT_THAT(seen.gaps, IsEmpty());
  EXPECT_EQ(counters().late_joins.get(), 1U);
  EXPECT_EQ(counters().first_sequence.get(), 500U);
}

TEST(Sequencer, ReportsMissingHeadWhenTheFirstNumberIsGiven) {
  pool::LockFreeBufferPool pool{testing::small_pool(4)};
  Sequencer sequencer{{.hold_ns = kHold, .first_expected = 1}, pool.serialization()};
  Recorder seen;
  sequencer.on_packet(MoldPacket{0, 3, {"c"}}.view(), 0, seen);
  sequencer.on_packet(MoldPacket{1, 2, {"b"}}.view(), 0, seen);
  sequencer.on_timer(kHold, seen);
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{1, 2}));
  EXPECT_EQ(seen.text(), "b,c,");
  EXPECT_EQ(sequencer.counters().late_joins.get(), 0U);
}

TEST_F(SequencerTest, ForeignSessionIsCountedAndNotMixed) {
  feed(kLineA, 1, {"a"});
  feed(MoldPacket{kLineB, 2, {"x"}, Session::from_text("OTHER")});
  feed(kLineA, 2, {"b"});
  EXPECT_EQ(seen.text(), "a,b,");
  EXPECT_EQ(counters().foreign.get(), 1U);
}

TEST_F(SequencerTest, NextSessionIsAdoptedAfterTheEndOfTheFirst) {
  feed(kLineA, 1, {"a"});
  feed(MoldPacket::end_of_session(kLineA, 2));
  const Session next = Session::from_text("NEXT");
  feed(MoldPacket{kLineA, 1, {"n"}, next});
  feed(MoldPacket::end_of_session(kLineB, 2));  // of the old session, once more
  feed(MoldPacket{kLineA, 2, {"o"}, next});
  EXPECT_EQ(seen.text(), "a,n,o,");
  EXPECT_THAT(seen.sessions, ElementsAre(Pair("TEST", 1), Pair("NEXT", 1)));
  EXPECT_EQ(counters().foreign.get(), 1U);
  EXPECT_EQ(counters().sessions.get(), 2U);
  EXPECT_EQ(sequencer.session(), next);
}

TEST_F(SequencerTest, DataBehindAnEndOfSessionShowsThatItWasNone) {
  feed(kLineA, 1, {"a"});
  feed(MoldPacket::end_of_session(kLineB, 2));
  feed(kLineA, 2, {"b"});
  feed(MoldPacket{kLineB, 1, {"x"}, Session::from_text("OTHER")});
  EXPECT_EQ(seen.text(), "a,b,");
  EXPECT_EQ(counters().foreign.get(), 1U);
}

TEST_F(SequencerTest, SilentSessionMayBeFollowedByAnother) {
  feed(kLineA, 1, {"a"}, 0);
  feed(kLineA, 3, {"c"}, 0);
  const MoldPacket other{kLineB, 7, {"x"}, Session::from_text("OTHER")};
  feed(other, 999'999);
  EXPECT_EQ(counters().foreign.get(), 1U);
  feed(other, 1'000'000);
  EXPECT_EQ(seen.text(), "a,c,x,");
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{2, 3}));
  EXPECT_EQ(sequencer.expected(), 8U);
}

TEST_F(SequencerTest, PacketsWithoutNumbersAreDeliveredAsTheyCome) {
  const Session zeros{};
  feed(MoldPacket{kLineA, 0, {"a", "b"}, zeros});
  feed(MoldPacket{kLineA, 0, {"c"}, zeros});
  EXPECT_THAT(seen.messages, ElementsAre(Pair(0, "a"), Pair(0, "b"), Pair(0, "c")));
  EXPECT_EQ(counters().unsequenced.get(), 3U);
  EXPECT_FALSE(sequencer.has_session());
  sequencer.finish(0, seen);
  EXPECT_THAT(seen.gaps, IsEmpty());
}

TEST(Sequencer, DropsPacketsWithoutNumbersWhenToldSo) {
  pool::LockFreeBufferPool pool{testing::small_pool(4)};
  Sequencer sequencer{{.accept_unsequenced = false}, pool.serialization()};
  Recorder seen;
  sequencer.on_packet(MoldPacket{0, 0, {"c"}}.view(), 0, seen);
  EXPECT_THAT(seen.messages, IsEmpty());
  EXPECT_EQ(sequencer.counters().unsequenced_dropped.get(), 1U);
}

using codec::moldudp64::PacketStatus;

TEST_F(SequencerTest, EveryTruncationDeliversTheWholeBlocksInFrontOfIt) {
  const std::vector<std::string> messages{"one", "two", "three"};
  const MoldPacket whole{kLineA, 1, messages};
  for (std::size_t bytes = 0; bytes < whole.payload_bytes(); ++bytes) {
    Sequencer fresh{config(), pool.serialization()};
    Recorder got;
    fresh.on_packet(MoldPacket{kLineA, 1, {}}.view(), 0, got);  // adopts the session
    MoldPacket cut = whole;
    cut.resize_payload(bytes);
    fresh.on_packet(cut.view(), 0, got);
    const std::size_t expected = (bytes >= 25 ? 1U : 0U) + (bytes >= 30 ? 1U : 0U);
    EXPECT_EQ(got.messages.size(), expected) << bytes;
    std::uint64_t malformed = 0;
    for (const Counter& counter : fresh.counters().malformed) malformed += counter.get();
    EXPECT_EQ(malformed, 1U) << bytes;
    fresh.on_packet(whole.view(), 0, got);  // the other line has it whole
    EXPECT_EQ(got.text(), "one,two,three,") << bytes;
  }
}

TEST_F(SequencerTest, DamagedEarlyPacketKeepsItsWholeBlocks) {
  feed(kLineA, 1, {"a"});
  MoldPacket cut{kLineA, 3, {"c", "d"}};
  cut.resize_payload(cut.payload_bytes() - 1);
  feed(cut);
  feed(kLineA, 2, {"b"});
  EXPECT_EQ(seen.text(), "a,b,c,");
  EXPECT_EQ(counters().malformed[static_cast<std::size_t>(PacketStatus::truncated_block)].get(),
            1U);
}

TEST_F(SequencerTest, MalformedPacketsAreCountedByKind) {
  feed(kLineA, 1, {"a"});
  MoldPacket trailing{kLineA, 2, {"b"}};
  trailing.resize_payload(trailing.payload_bytes() + 1);
  feed(trailing);
  MoldPacket ended = MoldPacket::end_of_session(kLineA, 3);
  ended.resize_payload(ended.payload_bytes() + 5);
  feed(ended);
  feed(kLineA, ~std::uint64_t{0}, {"x"});
  feed(kLineA, ~std::uint64_t{0} - 1, {});
  MoldPacket missing{kLineA, 3, {"c"}};
  missing.set_count(2);
  feed(missing);
  const auto count = [&](PacketStatus status) {
    return counters().malformed[static_cast<std::size_t>(status)].get();
  };
  EXPECT_EQ(count(PacketStatus::trailing_bytes), 1U);
  EXPECT_EQ(count(PacketStatus::end_of_session_with_payload), 1U);
  EXPECT_EQ(count(PacketStatus::sequence_overflow), 2U);
  EXPECT_EQ(count(PacketStatus::missing_blocks), 1U);
  EXPECT_EQ(seen.text(), "a,b,c,");
  EXPECT_EQ(sequencer.next_deadline(), Sequencer::kNoDeadline);
}

TEST_F(SequencerTest, ExtremeClockValuesAreHarmless) {
  feed(kLineA, 1, {"a"}, std::numeric_limits<std::int64_t>::max());
  feed(kLineA, 3, {"c"}, std::numeric_limits<std::int64_t>::min());
  feed(MoldPacket{kLineB, 2, {"x"}, Session::from_text("OTHER")},
       std::numeric_limits<std::int64_t>::min());
  sequencer.on_timer(std::numeric_limits<std::int64_t>::max(), seen);
  sequencer.finish(0, seen);
  EXPECT_EQ(sequencer.expected(), 4U);
}

struct Prefetcher {
  void prefetch(std::span<const std::byte> message) {
    order += "p" + std::to_string(message.size());
  }
  void on_message(std::uint64_t /*sequence*/, std::span<const std::byte> message, const Packet&) {
    order += "m" + std::to_string(message.size());
  }
  void on_gap(const GapRange& /*gap*/) {}
  std::string order;
};

TEST(Sequencer, PrefetchesAllMessagesOfAnInOrderPacketFirst) {
  pool::LockFreeBufferPool pool{testing::small_pool(4)};
  Sequencer sequencer{{}, pool.serialization()};
  Prefetcher seen;
  sequencer.on_packet(MoldPacket{0, 1, {"a"}}.view(), 0, seen);
  seen.order.clear();
  sequencer.on_packet(MoldPacket{0, 2, {"b", "cc"}}.view(), 0, seen);
  EXPECT_EQ(seen.order, "p1p2m1m2");
}

}  // namespace
}  // namespace tapeline::net

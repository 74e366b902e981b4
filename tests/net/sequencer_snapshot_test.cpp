// Holding for a snapshot, going on behind it, and giving it up.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/sequencer.hpp"
#include "tests/net/mold_packet.hpp"

namespace tapeline::net {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MoldPacket;
using ::testing::Pair;
using testing::Session;

constexpr std::uint16_t kLineA = 0;
constexpr std::uint16_t kLineB = 1;
constexpr std::int64_t kHold = 1000;
constexpr std::int64_t kRecovery = 5000;
constexpr std::int64_t kSnapshot = 20'000;
constexpr std::int64_t kRetry = 1'000'000;
constexpr std::int64_t kChain = kHold + kRecovery;

struct Recorder : testing::Recorder {
  void on_snapshot_wanted(std::uint64_t sequence) { wanted.push_back(sequence); }
  void on_snapshot_abandoned(SnapshotEnd reason) { abandoned.push_back(reason); }
  void on_bridged(const GapRange& range) { bridged.push_back(range); }

  std::vector<std::uint64_t> wanted;
  std::vector<SnapshotEnd> abandoned;
  std::vector<GapRange> bridged;
};

class SequencerSnapshotTest : public ::testing::Test {
 protected:
  static SequencerConfig config() {
    return {.lines = 2,
            .hold_packets = 16,
            .hold_ns = kHold,
            .session_silence_ns = 1'000'000,
            .resync_packets = 4,
            .recovery_ns = kRecovery,
            .snapshot_ns = kSnapshot,
            .snapshot_retry_ns = kRetry};
  }
  void feed(const MoldPacket& packet, std::int64_t now_ns = 0) {
    sequencer.on_packet(packet.view(), now_ns, seen);
  }
  void feed(std::uint16_t line, std::uint64_t sequence, const std::vector<std::string>& messages,
            std::int64_t now_ns = 0) {
    feed(MoldPacket{line, sequence, messages}, now_ns);
  }
  void timer(std::int64_t now_ns) { sequencer.on_timer(now_ns, seen); }
  bool resume(std::uint64_t sequence, std::int64_t now_ns = 0) {
    return sequencer.resume_at(sequence, now_ns, seen);
  }
  // A position of 2 and a hole [2, 4) whose other remedies are over.
  void want_for_hole() {
    feed(kLineA, 1, {"a"}, 0);
    feed(kLineA, 4, {"d"}, 0);
    timer(kChain);
    ASSERT_THAT(seen.wanted, ElementsAre(2));
  }
  [[nodiscard]] const SequencerCounters& counters() const { return sequencer.counters(); }

  pool::LockFreeBufferPool pool{testing::small_pool(4)};
  Sequencer sequencer{config(), pool.serialization()};
  Recorder seen;
};

TEST_F(SequencerSnapshotTest, RemediesComeInOrderEachWithItsTime) {
  feed(kLineA, 1, {"a"}, 0);
  feed(kLineA, 4, {"d"}, 0);
  EXPECT_EQ(sequencer.next_deadline(), kChain);
  timer(kChain - 1);
  EXPECT_THAT(seen.wanted, IsEmpty());
  timer(kChain);
  EXPECT_THAT(seen.wanted, ElementsAre(2));
  EXPECT_THAT(seen.gaps, IsEmpty());
  EXPECT_EQ(sequencer.next_deadline(), kChain + kSnapshot);
  timer(kChain + kSnapshot - 1);
  EXPECT_THAT(seen.gaps, IsEmpty());
  timer(kChain + kSnapshot);
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{2, 4}));
  EXPECT_THAT(seen.abandoned, ElementsAre(SnapshotEnd::timeout));
  EXPECT_EQ(seen.text(), "a,d,");
  EXPECT_EQ(counters().snapshot_timeouts.get(), 1U);
}

TEST_F(SequencerSnapshotTest, WithoutRemediesAHoleIsLostAfterHoldNs) {
  Sequencer plain{{.hold_ns = kHold}, pool.serialization()};
  plain.on_packet(MoldPacket{kLineA, 1, {"a"}}.view(), 0, seen);
  plain.on_packet(MoldPacket{kLineA, 3, {"c"}}.view(), 0, seen);
  EXPECT_EQ(plain.next_deadline(), kHold);
  plain.on_timer(kHold, seen);
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{2, 3}));
  EXPECT_THAT(seen.wanted, IsEmpty());
  EXPECT_FALSE(plain.hold_for_snapshot(kHold));
}

TEST_F(SequencerSnapshotTest, AHandlerThatFetchesNoneIsNotWaitedFor) {
  testing::Recorder simple;
  sequencer.on_packet(MoldPacket{kLineA, 1, {"a"}}.view(), 0, simple);
  sequencer.on_packet(MoldPacket{kLineA, 3, {"c"}}.view(), 0, simple);
  sequencer.on_timer(kChain, simple);
  EXPECT_THAT(simple.gaps, ElementsAre(GapRange{2, 3}));
}

TEST_F(SequencerSnapshotTest, ASnapshotBridgesTheHole) {
  want_for_hole();
  feed(kLineA, 5, {"e"}, kChain);
  EXPECT_TRUE(resume(5, kChain + 10));
  EXPECT_THAT(seen.bridged, ElementsAre(GapRange{2, 5}));
  EXPECT_EQ(seen.text(), "a,e,");
  EXPECT_THAT(seen.gaps, IsEmpty());
  EXPECT_EQ(counters().bridged_by_snapshot.get(), 1U);
  EXPECT_EQ(counters().messages_bridged.get(), 3U);
  EXPECT_EQ(counters().messages_lost.get(), 0U);
  EXPECT_EQ(counters().snapshots_used.get(), 1U);
  EXPECT_EQ(sequencer.next_deadline(), Sequencer::kNoDeadline);
  EXPECT_EQ(pool.stats().serialization.in_use, 0U);
  feed(kLineB, 2, {"b", "c"}, kChain + 20);  // too late to be of use, but not lost
  EXPECT_EQ(counters().duplicates.get(), 2U);
  EXPECT_EQ(counters().late.get(), 0U);
}

TEST_F(SequencerSnapshotTest, ASnapshotInsideAHeldPacketDeliversTheRestOfIt) {
  feed(kLineA, 1, {"a"});
  feed(kLineA, 4, {"d", "e", "f"});
  EXPECT_TRUE(resume(5));
  EXPECT_EQ(seen.text(), "a,e,f,");
  EXPECT_THAT(seen.bridged, ElementsAre(GapRange{2, 5}));
}

TEST_F(SequencerSnapshotTest, ASnapshotInsideTheHoleLeavesAHoleThatHasNoSecondOne) {
  want_for_hole();
  EXPECT_TRUE(resume(3, kChain + 10));
  EXPECT_THAT(seen.bridged, ElementsAre(GapRange{2, 3}));
  EXPECT_EQ(counters().bridged_by_snapshot.get(), 0U);
  EXPECT_EQ(sequencer.next_deadline(), kChain + 10 + kChain);
  timer(kChain + 10 + kChain);
  EXPECT_THAT(seen.wanted, ElementsAre(2));
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{3, 4}));
  EXPECT_EQ(seen.text(), "a,d,");
}

TEST_F(SequencerSnapshotTest, ASnapshotBehindEverythingDropsWhatIsHeld) {
  want_for_hole();
  EXPECT_TRUE(resume(100, kChain));
  EXPECT_EQ(seen.text(), "a,");
  EXPECT_EQ(sequencer.expected(), 100U);
  EXPECT_EQ(pool.stats().serialization.in_use, 0U);
  feed(kLineA, 100, {"z"}, kChain);
  EXPECT_EQ(seen.text(), "a,z,");
}

TEST_F(SequencerSnapshotTest, MessagesThatCloseTheHoleAreDeliveredWhileItWaits) {
  want_for_hole();
  feed(kLineB, 2, {"b"}, kChain + 10);
  EXPECT_EQ(seen.text(), "a,b,");
  EXPECT_TRUE(sequencer.awaits_snapshot());
  feed(kLineB, 3, {"c"}, kChain + 20);
  EXPECT_EQ(seen.text(), "a,b,c,d,");
  EXPECT_FALSE(sequencer.awaits_snapshot());
  EXPECT_THAT(seen.abandoned, ElementsAre(SnapshotEnd::filled));
  EXPECT_EQ(sequencer.next_deadline(), Sequencer::kNoDeadline);
}

TEST_F(SequencerSnapshotTest, AfterATimeoutTheNextHolesAreLostWithoutAsking) {
  want_for_hole();
  timer(kChain + kSnapshot);
  feed(kLineA, 6, {"f"}, kChain + kSnapshot);
  timer(kChain + kSnapshot + kChain);
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{2, 4}, GapRange{5, 6}));
  EXPECT_THAT(seen.wanted, ElementsAre(2));
  const std::int64_t later = kChain + kSnapshot + kRetry;
  feed(kLineA, 8, {"h"}, later);
  timer(later + kChain);
  EXPECT_THAT(seen.wanted, ElementsAre(2, 7));
}

TEST_F(SequencerSnapshotTest, AfterASnapshotTheNextHoleMayHaveOne) {
  want_for_hole();
  EXPECT_TRUE(resume(4, kChain));
  feed(kLineA, 6, {"f"}, kChain);
  timer(2 * kChain);
  EXPECT_THAT(seen.wanted, ElementsAre(2, 5));
}

TEST_F(SequencerSnapshotTest, OverflowWhileAHoleWaitsGivesTheSnapshotUp) {
  want_for_hole();
  for (std::uint64_t sequence = 6; sequence < 6 + 2 * 20; sequence += 2) {
    feed(kLineA, sequence, {"x"}, kChain + 1);
  }
  EXPECT_THAT(seen.abandoned, ElementsAre(SnapshotEnd::overflow));
  EXPECT_EQ(counters().snapshot_overflows.get(), 1U);
  ASSERT_FALSE(seen.gaps.empty());
  EXPECT_EQ(seen.gaps.front(), (GapRange{2, 4}));
  EXPECT_FALSE(resume(3, kChain + 2));  // behind the position by now
}

TEST_F(SequencerSnapshotTest, HoldingDeliversNothingUntilItIsResumed) {
  feed(kLineA, 1, {"a"});
  EXPECT_TRUE(sequencer.hold_for_snapshot(0));
  EXPECT_EQ(counters().holding.get(), 1U);
  feed(kLineA, 2, {"b"});
  feed(kLineB, 2, {"b", "c"});
  feed(kLineA, 4, {"d"});
  EXPECT_EQ(seen.text(), "a,");
  EXPECT_EQ(sequencer.expected(), 2U);
  EXPECT_TRUE(resume(3));
  EXPECT_EQ(seen.text(), "a,c,d,");
  EXPECT_THAT(seen.bridged, ElementsAre(GapRange{2, 3}));
  EXPECT_EQ(counters().holding.get(), 0U);
  EXPECT_EQ(counters().bridged_by_snapshot.get(), 0U);
  EXPECT_EQ(counters().duplicates.get(), 1U);
  feed(kLineA, 5, {"e"});
  EXPECT_EQ(seen.text(), "a,c,d,e,");
}

TEST_F(SequencerSnapshotTest, AHeldPacketThatBeginsBelowThePositionIsHeldFromThere) {
  feed(kLineA, 1, {"a", "b"});
  EXPECT_TRUE(sequencer.hold_for_snapshot(0));
  feed(kLineB, 1, {"a", "b", "c"});
  EXPECT_EQ(counters().duplicates.get(), 2U);
  feed(kLineB, 1, {"a", "b"});
  EXPECT_EQ(counters().duplicates.get(), 4U);
  sequencer.abandon_snapshot(0, seen);
  EXPECT_EQ(seen.text(), "a,b,c,");
  EXPECT_THAT(seen.abandoned, ElementsAre(SnapshotEnd::abandoned));
}

TEST_F(SequencerSnapshotTest, AnOldSnapshotIsRefusedAndTheWaitGoesOn) {
  feed(kLineA, 1, {"a", "b", "c"});
  EXPECT_TRUE(sequencer.hold_for_snapshot(0));
  feed(kLineA, 4, {"d"});
  EXPECT_FALSE(sequencer.can_resume_at(3));
  EXPECT_FALSE(resume(3));
  EXPECT_FALSE(resume(0));
  EXPECT_FALSE(resume(~std::uint64_t{0}));
  EXPECT_TRUE(sequencer.is_holding());
  EXPECT_TRUE(resume(4));
  EXPECT_EQ(seen.text(), "a,b,c,d,");
  EXPECT_THAT(seen.bridged, IsEmpty());
}

TEST_F(SequencerSnapshotTest, AHoleAboveTheSnapshotIsAnOrdinaryHole) {
  feed(kLineA, 1, {"a"}, 0);
  EXPECT_TRUE(sequencer.hold_for_snapshot(0));
  feed(kLineA, 6, {"f"}, 10);
  EXPECT_TRUE(resume(4, 100));
  EXPECT_EQ(sequencer.next_deadline(), 100 + kChain);
  feed(kLineB, 4, {"d", "e"}, 200);
  EXPECT_EQ(seen.text(), "a,d,e,f,");
  EXPECT_THAT(seen.gaps, IsEmpty());
}

TEST_F(SequencerSnapshotTest, HoldingEndsByTimeAndDeliversWhatIsHeld) {
  feed(kLineA, 1, {"a"}, 0);
  EXPECT_TRUE(sequencer.hold_for_snapshot(100));
  feed(kLineA, 2, {"b"}, 200);
  feed(kLineA, 4, {"d"}, 200);
  EXPECT_EQ(sequencer.next_deadline(), 100 + kSnapshot);
  timer(100 + kSnapshot - 1);
  EXPECT_EQ(seen.text(), "a,");
  feed(kLineA, 5, {"e"}, 100 + kSnapshot);  // packets alone drive it
  EXPECT_THAT(seen.abandoned, ElementsAre(SnapshotEnd::timeout));
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{3, 4}));
  EXPECT_EQ(seen.text(), "a,b,d,e,");
}

TEST_F(SequencerSnapshotTest, HoldingEndsWhenThereIsNoRoomAndLosesNothing) {
  feed(kLineA, 1, {"1"});
  EXPECT_TRUE(sequencer.hold_for_snapshot(0));
  std::string expected = "1,";
  for (std::uint64_t sequence = 2; sequence < 40; ++sequence) {
    feed(kLineA, sequence, {std::to_string(sequence)});
    expected += std::to_string(sequence) + ",";
  }
  EXPECT_THAT(seen.abandoned, ElementsAre(SnapshotEnd::overflow));
  EXPECT_EQ(seen.text(), expected);
  EXPECT_THAT(seen.gaps, IsEmpty());
  EXPECT_EQ(counters().held.get(), 0U);
  EXPECT_EQ(counters().held_peak.get(), 16U);
}

class SequencerJoinTest : public SequencerSnapshotTest {
 protected:
  SequencerJoinTest() {
    SequencerConfig joining = config();
    joining.snapshot_on_join = true;
    joined.emplace(joining, pool.serialization());
  }
  void play(const MoldPacket& packet, std::int64_t now_ns = 0) {
    joined->on_packet(packet.view(), now_ns, seen);
  }
  std::optional<Sequencer> joined;
};

TEST_F(SequencerJoinTest, ALateJoinHoldsAndWantsASnapshot) {
  play(MoldPacket{kLineA, 500, {"x", "y"}});
  EXPECT_THAT(seen.sessions, ElementsAre(Pair("TEST", 500)));
  EXPECT_THAT(seen.wanted, ElementsAre(500));
  EXPECT_TRUE(joined->is_holding());
  EXPECT_EQ(seen.text(), "");
  play(MoldPacket{kLineA, 502, {"z"}});
  EXPECT_TRUE(joined->resume_at(501, 10, seen));
  EXPECT_EQ(seen.text(), "y,z,");
  EXPECT_THAT(seen.gaps, IsEmpty());
}

TEST_F(SequencerJoinTest, AJoinAtTheFirstMessageHoldsNothing) {
  play(MoldPacket{kLineA, 1, {"x"}});
  EXPECT_EQ(seen.text(), "x,");
  EXPECT_THAT(seen.wanted, IsEmpty());
}

TEST_F(SequencerJoinTest, AHeartbeatJoinsToo) {
  play(MoldPacket{kLineA, 500, {}});
  EXPECT_THAT(seen.wanted, ElementsAre(500));
  EXPECT_TRUE(joined->resume_at(500, 10, seen));
  play(MoldPacket{kLineA, 500, {"x"}});
  EXPECT_EQ(seen.text(), "x,");
}

TEST_F(SequencerJoinTest, ASnapshotFromBeforeTheJoinShowsAHole) {
  play(MoldPacket{kLineA, 500, {"x"}});
  EXPECT_TRUE(joined->can_resume_at(498));
  EXPECT_TRUE(joined->resume_at(498, 10, seen));
  EXPECT_EQ(joined->counters().first_sequence.get(), 498U);
  EXPECT_EQ(seen.text(), "");
  std::vector<GapRange> holes;
  joined->for_each_hole([&](const GapRange& hole) { holes.push_back(hole); });
  EXPECT_THAT(holes, ElementsAre(GapRange{498, 500}));
  play(MoldPacket{kLineB, 498, {"v", "w"}}, 20);
  EXPECT_EQ(seen.text(), "v,w,x,");
}

TEST_F(SequencerJoinTest, WithoutASnapshotTheJoinIsAsIfThereWereNone) {
  play(MoldPacket{kLineA, 500, {"x"}}, 0);
  joined->on_timer(kSnapshot, seen);
  EXPECT_EQ(seen.text(), "x,");
  EXPECT_THAT(seen.abandoned, ElementsAre(SnapshotEnd::timeout));
  EXPECT_THAT(seen.gaps, IsEmpty());
}

TEST_F(SequencerJoinTest, TheNextSessionIsFollowedWhileHolding) {
  play(MoldPacket{kLineA, 500, {"x"}});
  play(MoldPacket::end_of_session(kLineA, 501));
  EXPECT_THAT(seen.ended, IsEmpty());
  const Session next = Session::from_text("NEXT");
  play(MoldPacket{kLineA, 1, {"n"}, next});
  EXPECT_THAT(seen.abandoned, ElementsAre(SnapshotEnd::session));
  EXPECT_THAT(seen.ended, ElementsAre("TEST"));
  EXPECT_EQ(seen.text(), "x,n,");
  EXPECT_THAT(seen.sessions, ElementsAre(Pair("TEST", 500), Pair("NEXT", 1)));
  EXPECT_FALSE(joined->is_holding());
}

TEST_F(SequencerJoinTest, AnotherSessionIsForeignWhileAHoleIsOpenInTheHeldOnes) {
  play(MoldPacket{kLineA, 500, {"x"}});
  play(MoldPacket{kLineA, 502, {"z"}});
  play(MoldPacket::end_of_session(kLineA, 503));
  play(MoldPacket{kLineA, 1, {"n"}, Session::from_text("NEXT")});
  EXPECT_EQ(joined->counters().foreign.get(), 1U);
  EXPECT_TRUE(joined->is_holding());
  play(MoldPacket{kLineA, 7, {"n"}, Session::from_text("NEXT")}, 1'000'000);  // silence
  EXPECT_THAT(seen.wanted, ElementsAre(500, 7));
  EXPECT_EQ(seen.text(), "x,z,");
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{501, 502}));
}

TEST_F(SequencerJoinTest, FinishDeliversWhatIsHeld) {
  play(MoldPacket{kLineA, 500, {"x"}});
  play(MoldPacket{kLineA, 502, {"z"}});
  joined->finish(5, seen);
  EXPECT_EQ(seen.text(), "x,z,");
  EXPECT_THAT(seen.gaps, ElementsAre(GapRange{501, 502}));
  EXPECT_THAT(seen.abandoned, ElementsAre(SnapshotEnd::session));
  EXPECT_EQ(pool.stats().serialization.in_use, 0U);
}

TEST_F(SequencerJoinTest, EndOfSessionIsToldWhenTheSnapshotReachesIt) {
  play(MoldPacket{kLineA, 500, {"x"}});
  play(MoldPacket::end_of_session(kLineA, 501));
  EXPECT_TRUE(joined->resume_at(501, 10, seen));
  EXPECT_THAT(seen.ended, ElementsAre("TEST"));
  EXPECT_EQ(seen.text(), "");
}

TEST_F(SequencerSnapshotTest, AForgedJumpIsHeldAndTheSnapshotTellsTheTruth) {
  const std::uint64_t forged = std::uint64_t{1} << 40U;
  feed(kLineA, 1, {"a"}, 0);
  feed(kLineB, forged, {"forged"}, 0);
  timer(kChain);
  ASSERT_THAT(seen.wanted, ElementsAre(2));
  EXPECT_TRUE(resume(2, kChain));
  for (std::uint64_t sequence = 2; sequence < 10; ++sequence) {
    feed(kLineA, sequence, {"m"}, kChain + static_cast<std::int64_t>(sequence) * kHold);
  }
  EXPECT_EQ(seen.messages.size(), 9U);
  EXPECT_THAT(seen.gaps, IsEmpty());
  EXPECT_EQ(counters().held_peak.get(), 1U);
}

}  // namespace
}  // namespace tapeline::net

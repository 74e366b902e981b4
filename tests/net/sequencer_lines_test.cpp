// What the sequencer says about its lines: conflicts between copies, lag behind the winner, which
// are dead, and who filled the holes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "net/sequencer.hpp"
#include "tests/net/allocation_count.hpp"
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
constexpr std::uint16_t kReplies = 2;

struct Recorder : testing::Recorder {
  void on_line_state(std::size_t line, bool alive) { states.emplace_back(line, alive); }
  std::vector<std::pair<std::size_t, bool>> states;
};

class SequencerLinesTest : public ::testing::Test {
 protected:
  static SequencerConfig config() {
    return {.lines = 2,
            .hold_packets = 64,
            .hold_ns = 1'000'000,
            .request_lines = 1,
            .line_dead_ns = 8000,
            .conflict_window = 64};
  }
  // rx_time is `now_ns`, too.
  void feed(const MoldPacket& packet, std::int64_t now_ns = 0) {
    Packet view = packet.view();
    view.rx_time = now_ns;
    sequencer.on_packet(view, now_ns, seen);
  }
  void feed(std::uint16_t line, std::uint64_t sequence, const std::vector<std::string>& messages,
            std::int64_t now_ns = 0) {
    feed(MoldPacket{line, sequence, messages}, now_ns);
  }
  [[nodiscard]] std::uint64_t conflicts(std::uint16_t line) const {
    return sequencer.line_counters(line).conflicts.get();
  }
  [[nodiscard]] const LatencyHistogram& lag(std::uint16_t line) const {
    return sequencer.line_counters(line).lag;
  }
  [[nodiscard]] const SequencerCounters& counters() const { return sequencer.counters(); }

  pool::LockFreeBufferPool pool{testing::small_pool(4)};
  Sequencer sequencer{config(), pool.serialization()};
  Recorder seen;
};

TEST_F(SequencerLinesTest, EqualCopiesAreNoConflict) {
  feed(kLineA, 1, {"a", "", "c"});
  feed(kLineB, 1, {"a", ""});
  feed(kLineB, 3, {"c"});
  EXPECT_EQ(counters().duplicates.get(), 3U);
  EXPECT_EQ(counters().conflicts.get(), 0U);
}

TEST_F(SequencerLinesTest, ACopyWithOtherBytesIsAConflictOfTheLineThatBroughtItLater) {
  feed(kLineA, 1, {"a", "b"});
  feed(kLineB, 1, {"a", "X", "c"});
  feed(kLineA, 3, {"Y"});
  EXPECT_EQ(seen.text(), "a,b,c,");
  EXPECT_EQ(counters().conflicts.get(), 2U);
  EXPECT_EQ(conflicts(kLineB), 1U);
  EXPECT_EQ(conflicts(kLineA), 1U);
}

TEST_F(SequencerLinesTest, HeldPiecesAndRepliesAreComparedToo) {
  feed(kLineA, 1, {"a"});
  feed(kLineA, 3, {"c", "d"});
  feed(kLineB, 3, {"c", "X"});  // while it is held
  EXPECT_EQ(conflicts(kLineB), 1U);
  feed(kReplies, 2, {"b", "Y"});
  EXPECT_EQ(conflicts(kReplies), 1U);
  EXPECT_EQ(seen.text(), "a,b,c,d,");
  feed(kLineB, 2, {"Z", "c"});
  EXPECT_EQ(conflicts(kLineB), 2U);
  EXPECT_EQ(counters().conflicts.get(), 3U);
}

TEST_F(SequencerLinesTest, OnlyTheWindowIsCompared) {
  for (std::uint64_t sequence = 1; sequence <= 100; ++sequence) feed(kLineA, sequence, {"m"});
  for (std::uint64_t sequence = 1; sequence <= 100; ++sequence) feed(kLineB, sequence, {"X"});
  EXPECT_EQ(counters().conflicts.get(), 64U);
}

TEST_F(SequencerLinesTest, LostMessagesThatComeLateAreNoConflict) {
  for (std::uint64_t sequence = 1; sequence <= 66; ++sequence) feed(kLineA, sequence, {"m"});
  feed(kLineA, 70, {"m"}, 0);
  sequencer.on_timer(1'000'000, seen);
  ASSERT_THAT(seen.gaps, ElementsAre(GapRange{67, 70}));
  feed(kLineB, 67, {"X", "X", "X"}, 1'000'000);
  EXPECT_EQ(counters().late.get(), 3U);
  EXPECT_EQ(counters().conflicts.get(), 0U);
}

TEST_F(SequencerLinesTest, ANewSessionForgetsTheCopiesOfTheOld) {
  feed(kLineA, 1, {"a"});
  feed(MoldPacket::end_of_session(kLineA, 2));
  const Session next = Session::from_text("NEXT");
  feed(MoldPacket{kLineA, 2, {"n"}, next});
  feed(MoldPacket{kLineB, 1, {"X"}, next});  // below the join
  EXPECT_EQ(counters().conflicts.get(), 0U);
}

TEST_F(SequencerLinesTest, WindowZeroComparesNothing) {
  SequencerConfig off = config();
  off.conflict_window = 0;
  Sequencer plain{off, pool.serialization()};
  plain.on_packet(MoldPacket{kLineA, 1, {"a"}}.view(), 0, seen);
  plain.on_packet(MoldPacket{kLineB, 1, {"X"}}.view(), 0, seen);
  EXPECT_EQ(plain.counters().duplicates.get(), 1U);
  EXPECT_EQ(plain.counters().conflicts.get(), 0U);
}

TEST_F(SequencerLinesTest, WithUnknownLinesComparingBeginsWithTheSecondLine) {
  SequencerConfig unknown = config();
  unknown.lines = 16;
  unknown.lines_unknown = true;
  Sequencer captured{unknown, pool.serialization()};
  const auto play = [&](std::uint16_t line, std::uint64_t sequence, const std::string& text,
                        std::int64_t now_ns) {
    const MoldPacket packet{line, sequence, {text}};
    Packet view = packet.view();
    view.rx_time = now_ns;
    captured.on_packet(view, now_ns, seen);
  };
  play(7, 1, "a", 0);
  play(7, 2, "b", 0);
  play(7, 1, "X", 0);  // nobody else was heard: not compared
  EXPECT_EQ(captured.counters().conflicts.get(), 0U);
  play(3, 3, "c", 10);
  play(7, 3, "X", 15);
  EXPECT_EQ(captured.counters().conflicts.get(), 1U);
  EXPECT_EQ(captured.line_counters(7).lag.count(), 1U);
  EXPECT_EQ(captured.line_counters(7).lag.sum_ns(), 5U);
  for (std::uint64_t at = 4; at < 100; ++at) {
    play(7, at, "m", static_cast<std::int64_t>(at) * 1000);
    play(3, at, "m", static_cast<std::int64_t>(at) * 1000);
  }
  EXPECT_THAT(seen.states, IsEmpty());  // the other fourteen are not there
}

TEST_F(SequencerLinesTest, LagIsMeasuredOncePerPacketAgainstTheWinner) {
  feed(kLineA, 1, {"a", "b"}, 100);
  feed(kLineA, 3, {"c"}, 200);
  feed(kLineB, 1, {"a"}, 110);
  feed(kLineB, 2, {"b", "c"}, 140);  // "b" came at 100
  EXPECT_EQ(lag(kLineB).count(), 2U);
  EXPECT_EQ(lag(kLineB).sum_ns(), 50U);
  feed(kLineB, 4, {"d"}, 300);
  feed(kLineA, 4, {"d"}, 307);
  EXPECT_EQ(lag(kLineA).count(), 1U);
  EXPECT_EQ(lag(kLineA).sum_ns(), 7U);
}

TEST_F(SequencerLinesTest, LagCountsNeitherTheSameLineNorRepliesNorWhatWasLost) {
  feed(kLineA, 1, {"a"}, 100);
  feed(kLineA, 1, {"a"}, 150);
  feed(kReplies, 1, {"a"}, 160);
  feed(kLineA, 3, {"c"}, 200);
  sequencer.on_timer(2'000'000, seen);
  feed(kLineB, 2, {"b"}, 2'000'000);
  EXPECT_EQ(lag(kLineA).count(), 0U);
  EXPECT_EQ(lag(kLineB).count(), 0U);
  EXPECT_EQ(lag(kReplies).count(), 0U);
  feed(kLineB, 3, {"c"}, 2'000'000);
  EXPECT_EQ(lag(kLineB).sum_ns(), 2'000'000U - 200U);
}

TEST_F(SequencerLinesTest, LagOfACopyOfAHeldPacketIsMeasuredToo) {
  feed(kLineA, 1, {"a"}, 100);
  feed(kLineA, 3, {"c"}, 200);
  feed(kLineB, 3, {"c"}, 230);
  EXPECT_EQ(lag(kLineB).sum_ns(), 30U);
  feed(kLineB, 2, {"b"}, 250);
  feed(kLineA, 3, {"c"}, 999);  // the winner was A itself
  EXPECT_EQ(lag(kLineA).count(), 0U);
  feed(kLineB, 3, {"c"}, 260);
  EXPECT_EQ(lag(kLineB).sum_ns(), 30U + 60U);
}

TEST_F(SequencerLinesTest, ACopyReceivedBeforeTheWinnerHasNoLag) {
  feed(kLineA, 1, {"a"}, 100);
  feed(kLineB, 1, {"a"}, 90);  // drained later
  EXPECT_EQ(lag(kLineB).count(), 1U);
  EXPECT_EQ(lag(kLineB).sum_ns(), 0U);
}

TEST_F(SequencerLinesTest, ASilentLineIsDeadUntilItSpeaks) {
  feed(kLineB, 1, {"m"}, 0);
  for (std::uint64_t at = 2; at < 30; ++at) {
    feed(kLineA, at, {"m"}, static_cast<std::int64_t>(at) * 1000);
  }
  EXPECT_THAT(seen.states, ElementsAre(Pair(1, false)));
  EXPECT_EQ(sequencer.line_counters(kLineB).dead.get(), 1U);
  feed(kReplies, 1, {"m"}, 30'000);
  EXPECT_EQ(sequencer.line_counters(kLineB).dead.get(), 1U);
  feed(kLineB, 2, {"m"}, 30'001);
  EXPECT_THAT(seen.states, ElementsAre(Pair(1, false), Pair(1, true)));
  EXPECT_EQ(sequencer.line_counters(kLineB).dead.get(), 0U);
  EXPECT_EQ(sequencer.line_counters(kLineB).deaths.get(), 1U);
  EXPECT_EQ(sequencer.line_counters(kReplies).deaths.get(), 0U);
}

TEST_F(SequencerLinesTest, HolesCountForWhatClosedThem) {
  feed(kLineA, 1, {"a"});
  feed(kLineA, 3, {"c"});
  feed(kLineA, 5, {"e"});
  feed(kLineA, 9, {"i"});    // holes [2,3) [4,5) [6,9)
  feed(kReplies, 4, {"d"});  // in the middle
  feed(kLineB, 2, {"b"});    // at the position
  feed(kLineB, 7, {"g"});    // makes two of one
  feed(kReplies, 8, {"h"});
  feed(kReplies, 6, {"f"});
  EXPECT_EQ(counters().filled_by_line.get(), 1U);
  EXPECT_EQ(counters().filled_by_request.get(), 3U);
  EXPECT_EQ(sequencer.line_counters(kReplies).messages_won.get(), 3U);
  EXPECT_EQ(seen.text(), "a,b,c,d,e,f,g,h,i,");
}

TEST_F(SequencerLinesTest, AnnouncedTailsCountWhenTheyAreFilled) {
  feed(kLineA, 1, {"a"});
  feed(kLineA, 3, {});  // [2,3)
  feed(kLineB, 2, {"b"});
  EXPECT_EQ(counters().filled_by_line.get(), 1U);
  feed(kLineA, 8, {});     // [3,8)
  feed(kLineB, 4, {"d"});  // [3,4) [5,8)
  feed(kReplies, 5, {"e", "f", "g"});
  EXPECT_EQ(counters().filled_by_request.get(), 1U);
  feed(kLineB, 3, {"c"});
  EXPECT_EQ(counters().filled_by_line.get(), 2U);
  EXPECT_EQ(sequencer.expected(), 8U);
  EXPECT_EQ(sequencer.next_deadline(), Sequencer::kNoDeadline);
}

TEST_F(SequencerLinesTest, LateRepliesDoNotPullThePositionBack) {
  SequencerConfig resync = config();
  resync.resync_packets = 2;
  Sequencer stepping{resync, pool.serialization()};
  const auto play = [&](std::uint16_t line, std::uint64_t sequence) {
    stepping.on_packet(MoldPacket{line, sequence, {"m"}}.view(), 1'000'000, seen);
  };
  play(kLineA, 1);
  play(kLineA, 20);
  stepping.on_timer(3'000'000, seen);
  for (std::uint64_t sequence = 2; sequence < 20; ++sequence) play(kReplies, sequence);
  EXPECT_EQ(stepping.counters().late.get(), 18U);
  EXPECT_EQ(stepping.counters().resyncs.get(), 0U);
  play(kLineB, 2);
  play(kLineB, 3);
  EXPECT_EQ(stepping.counters().resyncs.get(), 1U);
}

TEST_F(SequencerLinesTest, ASplitHoleKeepsItsAge) {
  feed(kLineA, 1, {"a"}, 0);
  feed(kLineA, 9, {"i"}, 100);
  feed(kLineA, 5, {"e"}, 900'000);
  std::vector<std::pair<std::uint64_t, std::int64_t>> holes;
  sequencer.for_each_hole_since([&](const GapRange& hole, std::int64_t since_ns) {
    holes.emplace_back(hole.first, since_ns);
  });
  EXPECT_THAT(holes, ElementsAre(Pair(2, 100), Pair(6, 100)));
  EXPECT_EQ(sequencer.next_deadline(), 1'000'100);
}

TEST_F(SequencerLinesTest, SteadyStateAllocatesNothing) {
  if (!testing::counts_allocations()) GTEST_SKIP() << "a sanitizer owns operator new";
  struct Counting {
    void on_message(std::uint64_t /*sequence*/, std::span<const std::byte> message, const Packet&) {
      bytes += message.size();
    }
    void on_gap(const GapRange& gap) { lost += gap.count(); }
    std::size_t bytes = 0;
    std::uint64_t lost = 0;
  };
  std::vector<MoldPacket> packets;
  for (std::uint64_t at = 0; at < 300; ++at) {
    const std::uint64_t first = 1 + 2 * (at % 3 == 0 ? at + 1 : at % 3 == 1 ? at - 1 : at);
    if (at % 31 != 0) packets.emplace_back(kLineA, first, std::vector<std::string>{"x", "y"});
    if (at % 37 != 0) packets.emplace_back(kLineB, 1 + 2 * at, std::vector<std::string>{"x", "Z"});
    if (at % 50 == 0) packets.emplace_back(kLineA, 4 + 2 * at, std::vector<std::string>{});
  }
  Counting counting;
  const std::uint64_t before = testing::allocations();
  std::int64_t now = 0;
  for (const MoldPacket& packet : packets) {
    sequencer.on_packet(packet.view(), now += 100, counting);
  }
  sequencer.finish(now, counting);
  EXPECT_EQ(testing::allocations() - before, 0U);
  EXPECT_GT(counters().conflicts.get(), 100U);
  EXPECT_GT(counters().early_packets.get(), 50U);
}

}  // namespace
}  // namespace tapeline::net

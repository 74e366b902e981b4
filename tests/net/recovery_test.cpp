#include "net/recovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "codec/moldudp64/decoder.hpp"
#include "tests/net/allocation_count.hpp"
#include "tests/net/mold_packet.hpp"

namespace tapeline::net {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MoldPacket;
using testing::Session;
using ::testing::SizeIs;

constexpr std::uint16_t kLine = 0;
constexpr std::uint16_t kReplies = 2;
constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kFirst = 2 * kMs;    // first_delay_ns
constexpr std::int64_t kResend = 50 * kMs;  // resend_ns
constexpr std::uint64_t kFar = std::uint64_t{1} << 40U;

struct Sent {
  std::uint64_t first;
  std::uint64_t count;

  friend bool operator==(const Sent&, const Sent&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Sent& sent) {
    return out << sent.first << "+" << sent.count;
  }
};

class RecoveryTest : public ::testing::Test {
 protected:
  static SequencerConfig sequencer_config() {
    return {.lines = 2,
            .hold_packets = 1000,
            .hold_ns = 0,
            .request_lines = 1,
            .recovery_ns = 1'000'000 * kMs};
  }
  static RecoveryConfig config() {
    return {.servers = 1, .max_requests_per_second = 1'000'000, .burst = 1000};
  }

  void line(std::uint64_t first, std::uint64_t count, std::int64_t now_ns) {
    sequencer.on_packet(packet(kLine, first, count).view(), now_ns, seen);
    clock_ns = now_ns;
  }
  void reply(std::uint64_t first, std::uint64_t count, std::int64_t now_ns) {
    reply(packet(kReplies, first, count), now_ns);
  }
  void reply(const MoldPacket& answer, std::int64_t now_ns) {
    sequencer.on_packet(answer.view(), now_ns, seen);
    recovery.on_reply(answer.view(), now_ns);
  }
  static MoldPacket packet(std::uint16_t on, std::uint64_t first, std::uint64_t count) {
    return MoldPacket{on, first, std::vector<std::string>(count, "m")};
  }
  // What poll() sent just now.
  std::vector<Sent> poll(Recovery& asking, std::int64_t now_ns) {
    std::vector<Sent> sent;
    servers.clear();
    clock_ns = now_ns;
    asking.poll(sequencer, now_ns, [&](std::size_t server, std::span<const std::byte> bytes) {
      const auto request = codec::moldudp64::parse_request(bytes);
      ASSERT_TRUE(request.has_value());
      EXPECT_EQ(request->session, sequencer.session());
      sent.push_back({request->first, request->count});
      servers.push_back(server);
    });
    return sent;
  }
  std::vector<Sent> poll(std::int64_t now_ns) { return poll(recovery, now_ns); }
  // Polls now, and then whenever the recovery says so, up to and including `until`; all that was
  // sent.
  std::vector<Sent> run(Recovery& asking, std::int64_t until) {
    std::vector<Sent> all = poll(asking, clock_ns);
    std::vector<std::size_t> asked = servers;
    while (asking.next_deadline() <= until) {
      for (const Sent& sent : poll(asking, asking.next_deadline())) all.push_back(sent);
      asked.insert(asked.end(), servers.begin(), servers.end());
    }
    servers = asked;
    return all;
  }

  pool::LockFreeBufferPool pool{testing::small_pool(8)};
  Sequencer sequencer{sequencer_config(), pool.serialization()};
  Recovery recovery{config()};
  testing::Recorder seen;
  std::vector<std::size_t> servers;  // of the last poll() or run()
  std::int64_t clock_ns = 0;         // of the last packet or poll()
};

TEST_F(RecoveryTest, AsksForAHoleWhenItIsOldEnough) {
  line(1, 1, 0);
  EXPECT_THAT(poll(0), IsEmpty());
  EXPECT_EQ(recovery.next_deadline(), Recovery::kNoDeadline);
  line(5, 1, 100);
  EXPECT_THAT(poll(100), IsEmpty());
  EXPECT_EQ(recovery.next_deadline(), 100 + kFirst);
  EXPECT_THAT(poll(100 + kFirst - 1), IsEmpty());
  EXPECT_THAT(poll(100 + kFirst), ElementsAre(Sent{2, 3}));
  EXPECT_EQ(recovery.counters().requests.get(), 1U);
  EXPECT_EQ(recovery.counters().request_bytes.get(), 20U);
  EXPECT_EQ(recovery.counters().ranges.get(), 1U);
  reply(2, 3, 3 * kMs);
  EXPECT_THAT(poll(3 * kMs), IsEmpty());
  EXPECT_EQ(recovery.next_deadline(), Recovery::kNoDeadline);
  EXPECT_EQ(recovery.counters().answers.get(), 1U);
  EXPECT_EQ(recovery.counters().ranges.get(), 0U);
  EXPECT_EQ(seen.messages.size(), 5U);
  EXPECT_EQ(sequencer.counters().filled_by_request.get(), 1U);
}

TEST_F(RecoveryTest, WithoutServersNothingIsAsked) {
  Recovery none{{.servers = 0}};
  line(1, 1, 0);
  line(5, 1, 0);
  EXPECT_THAT(poll(none, 10 * kFirst), IsEmpty());
}

TEST_F(RecoveryTest, ALineThatFillsTheHoleIsWaitedFor) {
  line(1, 1, 0);
  line(10, 1, 0);
  for (std::uint64_t sequence = 2; sequence < 6; ++sequence) {
    const std::int64_t now = static_cast<std::int64_t>(sequence - 1) * (kFirst - 1);
    line(sequence, 1, now);
    EXPECT_THAT(poll(now), IsEmpty());
  }
  const std::int64_t quiet = 4 * (kFirst - 1) + kFirst;
  EXPECT_THAT(poll(quiet), ElementsAre(Sent{6, 4}));
}

TEST_F(RecoveryTest, AsksForLargeHolesInPieces) {
  line(1, 1, 0);
  line(252, 1, 0);
  EXPECT_THAT(poll(kFirst), ElementsAre(Sent{2, 100}, Sent{102, 100}, Sent{202, 50}));
}

TEST_F(RecoveryTest, AsksForHeartbeatTailsAndEndsOfSession) {
  line(1, 1, 0);
  sequencer.on_packet(MoldPacket::end_of_session(kLine, 4).view(), 0, seen);
  EXPECT_THAT(poll(kFirst), ElementsAre(Sent{2, 2}));
  EXPECT_THAT(seen.ended, IsEmpty());
  reply(2, 2, kFirst + kMs);
  EXPECT_THAT(seen.ended, ElementsAre("TEST"));
}

TEST_F(RecoveryTest, AfterAShortAnswerTheRestIsAskedForAtOnce) {
  line(1, 1, 0);
  line(92, 1, 0);
  EXPECT_THAT(poll(kFirst), ElementsAre(Sent{2, 90}));
  reply(2, 30, kFirst + 1);
  EXPECT_THAT(poll(kFirst + 1), ElementsAre(Sent{32, 60}));
  reply(32, 30, kFirst + 2);
  EXPECT_THAT(poll(kFirst + 2), ElementsAre(Sent{62, 30}));
  reply(62, 30, kFirst + 3);
  EXPECT_THAT(poll(kFirst + 3), IsEmpty());
  EXPECT_EQ(seen.messages.size(), 92U);
  EXPECT_EQ(recovery.counters().timeouts.get(), 0U);
}

TEST_F(RecoveryTest, AnAnswerThatFilledNothingIsNotAskedForAgainAtOnce) {
  line(1, 1, 0);
  line(5, 1, 0);
  EXPECT_THAT(poll(kFirst), SizeIs(1));
  MoldPacket damaged = packet(kReplies, 2, 3);
  damaged.resize_payload(22);
  reply(damaged, kFirst + 1);
  EXPECT_THAT(poll(kFirst + 1), IsEmpty());
  EXPECT_THAT(run(recovery, kFirst + kResend), SizeIs(1));
}

TEST_F(RecoveryTest, SilenceDoublesTheWaitAndAsksTheNextServer) {
  RecoveryConfig three = config();
  three.servers = 3;
  Recovery asking{three};
  line(1, 1, 0);
  line(3, 1, 0);
  std::vector<std::int64_t> times;
  std::vector<std::size_t> asked;
  for (std::int64_t now = 0; now < 4000 * kMs; now += kMs) {
    for (const Sent& sent : poll(asking, now)) {
      EXPECT_EQ(sent, (Sent{2, 1}));
      times.push_back(now / kMs);
      asked.push_back(servers.front());
    }
  }
  EXPECT_THAT(times, ElementsAre(2, 52, 152, 352, 752));
  EXPECT_NE(asked[0], asked[1]);
  EXPECT_NE(asked[1], asked[2]);
  EXPECT_NE(asked[0], asked[2]);
  EXPECT_EQ(asked[3], asked[0]);
  EXPECT_EQ(asking.counters().timeouts.get(), 5U);
  EXPECT_EQ(asking.counters().exhausted.get(), 1U);
  EXPECT_EQ(asking.server_counters(asked[0]).requests.get(), 2U);
  EXPECT_EQ(asking.server_counters(asked[0]).timeouts.get(), 2U);
  EXPECT_EQ(asking.next_deadline(), Recovery::kNoDeadline);
}

TEST_F(RecoveryTest, TheWaitHasALimit) {
  RecoveryConfig patient = config();
  patient.attempts = 8;
  patient.max_resend_ns = 120 * kMs;
  Recovery asking{patient};
  line(1, 1, 0);
  line(3, 1, 0);
  std::vector<std::int64_t> times;
  for (std::int64_t now = 0; now < 2000 * kMs; now += kMs) {
    if (!poll(asking, now).empty()) times.push_back(now / kMs);
  }
  EXPECT_THAT(times, ElementsAre(2, 52, 152, 272, 392, 512, 632, 752));
}

TEST_F(RecoveryTest, ALateAnswerToAnExhaustedRangeOpensItAgain) {
  line(1, 1, 0);
  line(4, 1, 0);
  Recovery asking{config()};
  EXPECT_THAT(run(asking, 10'000 * kMs), SizeIs(5));
  reply(2, 1, 10'000 * kMs);
  asking.on_reply(packet(kReplies, 2, 1).view(), 10'000 * kMs);
  EXPECT_THAT(poll(asking, 10'000 * kMs), ElementsAre(Sent{3, 1}));
}

TEST_F(RecoveryTest, WhatALineFillsMeanwhileIsNotAskedForAgain) {
  line(1, 1, 0);
  line(10, 1, 0);
  EXPECT_THAT(poll(kFirst), ElementsAre(Sent{2, 8}));
  line(2, 3, kFirst + kMs);
  line(8, 2, kFirst + kMs);
  EXPECT_THAT(run(recovery, kFirst + kResend - 1), IsEmpty());
  EXPECT_THAT(run(recovery, kFirst + kResend), ElementsAre(Sent{7, 1}));  // half of it
  line(5, 3, kFirst + kResend);
  EXPECT_THAT(run(recovery, 10'000 * kMs), IsEmpty());
}

TEST_F(RecoveryTest, ARangeThatIsSplitKeepsItsWaitInBothParts) {
  line(1, 1, 0);
  line(30, 1, 0);
  EXPECT_THAT(poll(kFirst), ElementsAre(Sent{2, 28}));
  line(10, 1, kFirst + kMs);
  EXPECT_THAT(run(recovery, kFirst + kResend - 1), IsEmpty());
  EXPECT_THAT(run(recovery, kFirst + kResend), ElementsAre(Sent{6, 4}, Sent{21, 9}));
  EXPECT_EQ(recovery.counters().ranges.get(), 2U);
}

TEST_F(RecoveryTest, AForgedHoleCostsFewRequestsAndNoMemory) {
  line(1, 1, 0);
  line(kFar, 1, 0);
  const std::vector<Sent> sent = run(recovery, 100'000 * kMs);
  EXPECT_THAT(sent, SizeIs(8 * 5));
  for (const Sent& request : sent) EXPECT_LE(request.first + request.count, 2U + 800U);
  EXPECT_EQ(recovery.counters().ranges.get(), 8U);
  EXPECT_EQ(recovery.next_deadline(), Recovery::kNoDeadline);
}

TEST_F(RecoveryTest, AForgedHoleInBusyTrafficIsNotAskedForAtAll) {
  line(1, 1, 0);
  line(kFar, 1, 0);
  for (std::uint64_t sequence = 2; sequence < 2000; ++sequence) {
    const auto now = static_cast<std::int64_t>(sequence) * (kMs / 10);
    line(sequence, 1, now);
    EXPECT_THAT(poll(now), IsEmpty());
  }
}

TEST_F(RecoveryTest, AForgedHoleInSlowTrafficCausesNoStorm) {
  line(1, 1, 0);
  line(kFar, 1, 0);
  std::size_t sent = 0;
  for (std::uint64_t sequence = 2; sequence < 2002; ++sequence) {  // one each 5 ms: 10 s
    const auto now = static_cast<std::int64_t>(sequence) * 5 * kMs;
    sent += run(recovery, now - 1).size();
    line(sequence, 1, now);
    sent += poll(now).size();
  }
  EXPECT_LE(sent, (2000 / 100 + 8) * 5);  // each range of 100 at most five times
}

TEST_F(RecoveryTest, RealHolesBesideAForgedOneAreAskedForInTime) {
  line(1, 1, 0);
  line(kFar, 1, 0);
  EXPECT_THAT(poll(kFirst), SizeIs(8));
  const std::int64_t now = 1000 * kMs;
  static_cast<void>(run(recovery, now));
  line(5, 1, now);         // a real hole below ...
  line(kFar + 3, 1, now);  // ... and another above
  const std::vector<Sent> sent = run(recovery, now + kFirst);
  EXPECT_THAT(sent, ::testing::Contains(Sent{kFar + 1, 2}));
  line(2000, 1, now + kFirst);
  line(2010, 1, now + kFirst);
  EXPECT_THAT(run(recovery, now + 2 * kFirst), ::testing::Contains(Sent{2001, 9}));
}

TEST_F(RecoveryTest, TheRateIsLimitedAndTheDeadlineKnows) {
  RecoveryConfig slow = config();
  slow.max_requests_per_second = 100;  // one each 10 ms
  slow.burst = 2;
  slow.max_messages_per_request = 10;
  Recovery asking{slow};
  line(1, 1, 0);
  line(52, 1, 0);
  EXPECT_THAT(poll(asking, kFirst), ElementsAre(Sent{2, 10}, Sent{12, 10}));
  EXPECT_EQ(asking.next_deadline(), kFirst + 10 * kMs);
  EXPECT_THAT(poll(asking, kFirst + 10 * kMs - 1), IsEmpty());
  EXPECT_THAT(poll(asking, kFirst + 10 * kMs), ElementsAre(Sent{22, 10}));
  EXPECT_THAT(poll(asking, kFirst + 20 * kMs), ElementsAre(Sent{32, 10}));
  EXPECT_GT(asking.counters().limited.get(), 0U);
  // An answer does not lift the limit.
  reply(2, 5, kFirst + 21 * kMs);
  asking.on_reply(packet(kReplies, 2, 5).view(), kFirst + 21 * kMs);
  EXPECT_THAT(poll(asking, kFirst + 21 * kMs), IsEmpty());
  EXPECT_THAT(poll(asking, kFirst + 30 * kMs), ElementsAre(Sent{7, 5}));
}

TEST_F(RecoveryTest, SilenceIsCountedOnceWhileTheRateMakesItWait) {
  RecoveryConfig slow = config();
  slow.max_requests_per_second = 1;
  slow.burst = 1;
  Recovery asking{slow};
  line(1, 1, 0);
  line(3, 1, 0);
  EXPECT_THAT(poll(asking, kFirst), SizeIs(1));
  std::uint64_t sequence = 3;
  for (std::int64_t now = kFirst + 10 * kMs; now < kFirst + 1000 * kMs; now += 10 * kMs) {
    line(sequence += 2, 1, now);  // so that there is something to look at
    EXPECT_THAT(poll(asking, now), IsEmpty());
  }
  EXPECT_EQ(asking.counters().timeouts.get(), 1U);
  EXPECT_THAT(poll(asking, kFirst + 1000 * kMs), ElementsAre(Sent{2, 1}));
}

TEST_F(RecoveryTest, AnAnsweredRangeMakesRoomForTheRestOfItsHole) {
  RecoveryConfig one = config();
  one.max_ranges_per_hole = 1;
  Recovery asking{one};
  line(1, 1, 0);
  line(252, 1, 0);
  EXPECT_THAT(poll(asking, kFirst), ElementsAre(Sent{2, 100}));
  reply(2, 30, kFirst + 1);
  asking.on_reply(packet(kReplies, 2, 30).view(), kFirst + 1);
  EXPECT_THAT(poll(asking, kFirst + 1), ElementsAre(Sent{32, 100}));
}

TEST_F(RecoveryTest, RangesThatWereClosedMeanwhileStarveNobody) {
  RecoveryConfig few = config();
  few.max_ranges = 2;
  Recovery asking{few};
  line(1, 1, 0);
  for (const std::uint64_t sequence : {10U, 12U, 14U}) line(sequence, 1, 0);
  line(2, 1, kFirst);
  EXPECT_THAT(poll(asking, kFirst), ElementsAre(Sent{11, 1}, Sent{13, 1}));
  line(11, 1, 2 * kFirst);
  line(13, 1, 2 * kFirst);
  std::vector<Sent> sent = poll(asking, 2 * kFirst);
  EXPECT_LE(asking.next_deadline(), 2 * kFirst);
  for (const Sent& request : poll(asking, 2 * kFirst)) sent.push_back(request);
  EXPECT_THAT(sent, ElementsAre(Sent{3, 7}));
}

TEST_F(RecoveryTest, AServerThatAnswersWithNothingNewCanNotMakeAStorm) {
  RecoveryConfig limited = config();
  limited.max_requests_per_second = 100;
  limited.burst = 4;
  Recovery asking{limited};
  line(1, 1, 0);
  line(2000, 1, 0);
  std::size_t sent = 0;
  for (std::int64_t now = kFirst; now < kFirst + 1000 * kMs; now += kMs / 10) {
    for (const Sent& request : poll(asking, now)) {
      ++sent;
      const MoldPacket one = packet(kReplies, request.first, 1);
      sequencer.on_packet(one.view(), now, seen);
      for (int repeat = 0; repeat < 10; ++repeat) asking.on_reply(one.view(), now);
    }
  }
  EXPECT_LE(sent, 4U + 100U);
  EXPECT_GE(sent, 100U);
}

TEST_F(RecoveryTest, ALowerRangeDisplacesTheHighestThatMetSilence) {
  RecoveryConfig few = config();
  few.max_ranges = 2;
  few.max_ranges_per_hole = 1;
  Recovery asking{few};
  line(1, 1, 0);
  line(kFar, 1, 0);
  line(kFar + 2, 1, 0);
  line(kFar + 4, 1, 0);
  std::vector<Sent> sent;
  std::uint64_t next = 2;
  for (std::int64_t now = 0; now <= 60 * kMs; now += kMs) {  // the first hole is being filled
    line(next++, 1, now);
    for (const Sent& request : run(asking, now)) sent.push_back(request);
  }
  EXPECT_THAT(sent, ElementsAre(Sent{kFar + 1, 1}, Sent{kFar + 3, 1}, Sent{kFar + 1, 1},
                                Sent{kFar + 3, 1}));
  EXPECT_THAT(run(asking, 60 * kMs + kFirst), ElementsAre(Sent{next, 100}));
  EXPECT_EQ(asking.counters().ranges.get(), 2U);
}

TEST_F(RecoveryTest, FindsThePartOfASilentRangeThatTheServerHas) {
  line(1, 1, 0);
  line(66, 1, 0);  // 64 are missing; the server has nothing below 35
  RecoveryConfig patient = config();
  patient.attempts = 8;
  Recovery asking{patient};
  std::size_t requests = 0;
  std::int64_t now = 0;
  while (now < 5000 * kMs) {
    for (const Sent& request : poll(asking, now)) {
      ++requests;
      if (request.first < 35) continue;
      reply(request.first, request.count, now);
      asking.on_reply(packet(kReplies, request.first, request.count).view(), now);
    }
    now += kMs / 10;
  }
  std::vector<GapRange> holes;
  sequencer.for_each_hole([&](const GapRange& hole) { holes.push_back(hole); });
  EXPECT_THAT(holes, ElementsAre(GapRange{2, 35}));
  EXPECT_LE(requests, 6U * 8);
}

TEST_F(RecoveryTest, ManyHolesTakeTurnsWithinTheBound) {
  RecoveryConfig few = config();
  few.max_ranges = 4;
  Recovery asking{few};
  line(1, 1, 0);
  for (std::uint64_t hole = 0; hole < 20; ++hole) line(3 + 2 * hole, 1, 0);
  std::int64_t now = kFirst;
  std::size_t requests = 0;
  while (sequencer.next_deadline() != Sequencer::kNoDeadline && requests < 100) {
    const std::vector<Sent> sent = poll(asking, now);
    EXPECT_LE(asking.counters().ranges.get(), 4U);
    ASSERT_FALSE(sent.empty());
    requests += sent.size();
    for (const Sent& request : sent) {
      reply(request.first, request.count, now);
      asking.on_reply(packet(kReplies, request.first, request.count).view(), now);
    }
    now += 1;
  }
  EXPECT_EQ(requests, 20U);
  EXPECT_EQ(seen.messages.size(), 41U);
}

TEST_F(RecoveryTest, ADeadServerIsNotAskedFirstForLong) {
  RecoveryConfig two = config();
  two.servers = 2;
  Recovery asking{two};
  line(1, 1, 0);
  line(3, 1, 0);
  EXPECT_THAT(poll(asking, kFirst), SizeIs(1));
  const std::size_t dead = servers.front();
  EXPECT_THAT(poll(asking, kFirst + kResend), SizeIs(1));
  EXPECT_NE(servers.front(), dead);
  std::int64_t now = kFirst + kResend;
  for (std::uint64_t sequence = 5; sequence < 25; sequence += 2) {
    reply(sequence - 3, 1, now);
    asking.on_reply(packet(kReplies, sequence - 3, 1).view(), now);
    line(sequence, 1, now);
    now += kFirst;
    ASSERT_THAT(poll(asking, now), ElementsAre(Sent{sequence - 1, 1}));
    EXPECT_NE(servers.front(), dead);
  }
  EXPECT_EQ(asking.server_counters(dead).requests.get(), 1U);
  EXPECT_EQ(asking.server_counters(1 - dead).answers.get(), 10U);
}

TEST_F(RecoveryTest, TheSeedDrawsTheFirstServer) {
  line(1, 1, 0);
  line(3, 1, 0);
  std::vector<std::size_t> first(5);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RecoveryConfig five = config();
    five.servers = 5;
    five.seed = seed;
    Recovery one{five};
    Recovery same{five};
    clock_ns = 0;
    static_cast<void>(run(one, 1000 * kMs));
    const std::vector<std::size_t> order = servers;
    clock_ns = 0;
    static_cast<void>(run(same, 1000 * kMs));
    EXPECT_EQ(servers, order);
    ++first[order.front()];
    EXPECT_THAT(order, ::testing::UnorderedElementsAre(0, 1, 2, 3, 4));
  }
  for (const std::size_t count : first) EXPECT_GT(count, 20U);
}

TEST_F(RecoveryTest, ForeignAndUnaskedRepliesAreCountedApart) {
  line(1, 1, 0);
  line(5, 1, 0);
  EXPECT_THAT(poll(kFirst), SizeIs(1));
  reply(MoldPacket{kReplies, 2, {"x"}, Session::from_text("OTHER")}, kFirst);
  reply(100, 1, kFirst);
  reply(packet(kReplies, 2, 0), kFirst);  // a heartbeat
  EXPECT_EQ(recovery.counters().answers.get(), 0U);
  EXPECT_EQ(recovery.counters().other_replies.get(), 3U);
  EXPECT_EQ(sequencer.counters().foreign.get(), 1U);
}

TEST_F(RecoveryTest, ANewSessionStartsAnew) {
  line(1, 1, 0);
  line(5, 1, 0);
  EXPECT_THAT(poll(kFirst), SizeIs(1));
  sequencer.finish(kFirst, seen);
  sequencer.allow_session_change();
  const Session next = Session::from_text("NEXT");
  sequencer.on_packet(MoldPacket{kLine, 1, {"n"}, next}.view(), kFirst, seen);
  sequencer.on_packet(MoldPacket{kLine, 5, {"n"}, next}.view(), kFirst, seen);
  EXPECT_THAT(poll(kFirst), IsEmpty());
  EXPECT_THAT(poll(2 * kFirst), ElementsAre(Sent{2, 3}));
}

TEST_F(RecoveryTest, ADeclaredLossIsNotAskedForAnyLonger) {
  line(1, 1, 0);
  line(5, 1, 0);
  EXPECT_THAT(poll(kFirst), SizeIs(1));
  sequencer.finish(kFirst, seen);
  EXPECT_THAT(run(recovery, 10'000 * kMs), IsEmpty());
  EXPECT_THAT(poll(10'000 * kMs), IsEmpty());
  EXPECT_EQ(recovery.counters().ranges.get(), 0U);
}

TEST_F(RecoveryTest, ExtremeClockValuesAreHarmless) {
  line(1, 1, 0);
  line(5, 1, std::numeric_limits<std::int64_t>::max());
  for (const std::int64_t now : {std::numeric_limits<std::int64_t>::max(), std::int64_t{0},
                                 std::numeric_limits<std::int64_t>::min()}) {
    static_cast<void>(poll(now));
    recovery.on_reply(packet(kReplies, 2, 1).view(), now);
  }
}

TEST_F(RecoveryTest, SteadyStateAllocatesNothing) {
  if (!testing::counts_allocations()) GTEST_SKIP() << "a sanitizer owns operator new";
  struct Ignore {
    void on_message(std::uint64_t, std::span<const std::byte>, const Packet&) {}
    void on_gap(const GapRange&) {}
  } ignore;
  std::vector<MoldPacket> packets;
  std::vector<MoldPacket> replies;
  for (std::uint64_t at = 0; at < 400; ++at) {
    packets.push_back(packet(kLine, 1 + 3 * at, 1));
    replies.push_back(packet(kReplies, 2 + 3 * at, 1 + at % 2));
  }
  std::size_t requests = 0;
  const std::uint64_t before = testing::allocations();
  std::int64_t now = 0;
  for (std::size_t at = 0; at < packets.size(); ++at) {
    sequencer.on_packet(packets[at].view(), now += kMs, ignore);
    recovery.poll(sequencer, now, [&](std::size_t, std::span<const std::byte>) { ++requests; });
    if (at < 5) continue;
    sequencer.on_packet(replies[at - 5].view(), now, ignore);
    recovery.on_reply(replies[at - 5].view(), now);
  }
  EXPECT_EQ(testing::allocations() - before, 0U);
  EXPECT_GT(requests, 400U);
}

}  // namespace
}  // namespace tapeline::net

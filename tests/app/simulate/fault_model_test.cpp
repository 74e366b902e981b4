#include "app/simulate/fault_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "app/simulate/server_fault_model.hpp"
#include "codec/moldudp64/decoder.hpp"
#include "codec/moldudp64/encoder.hpp"

namespace tapeline::simulate {
namespace {

namespace moldudp64 = codec::moldudp64;

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kInterval = 10'000;  // between packets

// Packet number `sequence` holds one message of that number.
std::vector<std::byte> packet_of(std::uint64_t sequence) {
  std::vector<std::byte> memory(64);
  moldudp64::PacketBuilder builder{memory};
  builder.start(moldudp64::Session::from_text("FAULTS"), sequence);
  const std::string text = "message " + std::to_string(sequence);
  EXPECT_TRUE(builder.try_add(std::as_bytes(std::span{text})));
  memory.resize(builder.finish().size());
  return memory;
}

struct Arrival {
  std::uint64_t time_ns;
  std::size_t line;
  std::uint64_t sequence;
  std::vector<std::byte> bytes;
  DeliveryKind kind;
  MalformedKind malformed_kind;

  friend bool operator==(const Arrival&, const Arrival&) = default;
};

class Link {
 public:
  explicit Link(std::string_view faults, std::uint64_t seed = 1, std::size_t lines = 1,
                std::size_t max_bytes = FaultModel::kDefaultMaxBytes)
      : model{parse_faults(faults), seed, lines, max_bytes} {}

  // Packets 1 to `count` on every line, kInterval apart, each delivery taken when it is due.
  const std::vector<Arrival>& play(std::uint64_t count) {
    for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
      const std::uint64_t now_ns = (sequence - 1) * kInterval;
      run_until(now_ns);
      const auto packet = packet_of(sequence);
      for (std::size_t line = 0; line < model.lines(); ++line) model.send(line, packet, now_ns);
    }
    run_until(FaultModel::kNever - 1);
    return arrivals;
  }

  void run_until(std::uint64_t end_ns) {
    for (std::uint64_t due = model.next_due_ns(); due <= end_ns; due = model.next_due_ns()) {
      model.deliver_due(due, [&](const Delivery& delivery) {
        EXPECT_EQ(delivery.time_ns, due);
        const auto header = moldudp64::parse_header(delivery.packet).header;
        arrivals.push_back({delivery.time_ns,
                            delivery.line,
                            header.sequence,
                            {delivery.packet.begin(), delivery.packet.end()},
                            delivery.kind,
                            delivery.malformed_kind});
      });
    }
  }

  [[nodiscard]] std::size_t arrived(std::size_t line) const {
    return static_cast<std::size_t>(std::ranges::count(arrivals, line, &Arrival::line));
  }

  FaultModel model;
  std::vector<Arrival> arrivals;
};

TEST(FaultModel, WithoutFaultsGivesEveryPacketAtOnce) {
  Link link{""};
  const auto& arrivals = link.play(1'000);
  ASSERT_EQ(arrivals.size(), 1'000U);
  for (std::uint64_t sequence = 1; sequence <= 1'000; ++sequence) {
    const Arrival& arrival = arrivals[sequence - 1];
    ASSERT_EQ(arrival.sequence, sequence);
    ASSERT_EQ(arrival.time_ns, (sequence - 1) * kInterval);
    ASSERT_EQ(arrival.bytes, packet_of(sequence));
  }
}

TEST(FaultModel, LosesAtItsRateAndEachLineOnItsOwn) {
  Link link{"loss=10%,loss-b=1%", 5, 2};
  link.play(20'000);
  EXPECT_NEAR(static_cast<double>(link.model.counts(0).lost), 2'000, 200);  // 5 sigma: 212
  EXPECT_NEAR(static_cast<double>(link.model.counts(1).lost), 200, 70);
  EXPECT_EQ(link.arrived(0), 20'000 - link.model.counts(0).lost);
  EXPECT_EQ(link.arrived(1), 20'000 - link.model.counts(1).lost);
  EXPECT_EQ(link.model.counts(0).delivered, link.arrived(0));
}

TEST(FaultModel, LinesLoseIndependently) {
  Link link{"loss=20%", 6, 2};
  link.play(20'000);
  std::vector<int> copies(20'001);
  for (const Arrival& arrival : link.arrivals) ++copies[arrival.sequence];
  EXPECT_NEAR(static_cast<double>(std::count(copies.begin() + 1, copies.end(), 0)), 800, 150);
}

TEST(FaultModel, BurstsAreRunsOfTheirLength) {
  Link link{"burst=0.1%x50", 7};
  link.play(100'000);
  const LineFaultCounts& counts = link.model.counts(0);
  EXPECT_NEAR(static_cast<double>(counts.bursts), 97, 40);  // fewer: none begins inside of one
  EXPECT_NEAR(static_cast<double>(counts.lost_in_bursts) / static_cast<double>(counts.bursts), 25.5,
              8);
  std::uint64_t expected = 1;
  std::uint64_t longest = 0;
  for (const Arrival& arrival : link.arrivals) {
    longest = std::max(longest, arrival.sequence - expected);
    expected = arrival.sequence + 1;
  }
  EXPECT_GT(longest, 30U);
  EXPECT_LE(longest, 100U);  // two bursts may touch
}

TEST(FaultModel, DuplicatesComeTwiceWithTheSameBytes) {
  Link link{"dup=5%", 8};
  link.play(20'000);
  const std::uint64_t duplicates = link.model.counts(0).duplicates;
  EXPECT_NEAR(static_cast<double>(duplicates), 1'000, 155);
  EXPECT_EQ(link.arrivals.size(), 20'000 + duplicates);
  std::uint64_t twins = 0;
  for (std::size_t i = 1; i < link.arrivals.size(); ++i) {
    twins += link.arrivals[i].bytes == link.arrivals[i - 1].bytes ? 1U : 0U;
  }
  EXPECT_EQ(twins, duplicates);
}

TEST(FaultModel, ReorderingStaysInItsWindowAndReachesItsEnd) {
  constexpr std::uint64_t kWindow = 64;
  Link link{"reorder=20%x64,reorder-hold=1s", 9};
  link.play(20'000);
  ASSERT_EQ(link.arrivals.size(), 20'000U);
  EXPECT_NEAR(static_cast<double>(link.model.counts(0).held_back), 4'000, 300);
  std::uint64_t highest = 0;
  std::uint64_t most_behind = 0;
  for (const Arrival& arrival : link.arrivals) {
    if (arrival.sequence < highest) most_behind = std::max(most_behind, highest - arrival.sequence);
    highest = std::max(highest, arrival.sequence);
  }
  EXPECT_EQ(most_behind, kWindow);
}

TEST(FaultModel, HeldPacketsGoWhenTheirTimeIsOverThoughNothingFollows) {
  Link link{"reorder=100%x64,reorder-hold=3ms,delay=2ms", 10};
  link.play(1);
  ASSERT_EQ(link.arrivals.size(), 1U);
  EXPECT_EQ(link.arrivals[0].time_ns, 5 * kMs);
}

TEST(FaultModel, DelayMovesALineAgainstTheOther) {
  Link link{"delay-b=3ms", 11, 2};
  link.play(1'000);
  ASSERT_EQ(link.arrivals.size(), 2'000U);
  std::uint64_t last_ns = 0;
  for (const Arrival& arrival : link.arrivals) {
    EXPECT_EQ(arrival.time_ns,
              (arrival.sequence - 1) * kInterval + (arrival.line == 1 ? 3 * kMs : 0));
    EXPECT_GE(arrival.time_ns, last_ns);
    last_ns = arrival.time_ns;
  }
}

TEST(FaultModel, DeadLineIsSilentForItsTime) {
  Link link{"dead=1ms-2ms,dead=5ms-,malformed=50%,foreign=50%", 12};
  link.play(1'000);  // 10 ms
  EXPECT_EQ(link.model.counts(0).lost_dead, 600U);
  for (const Arrival& arrival : link.arrivals) {
    EXPECT_FALSE(arrival.time_ns >= kMs && arrival.time_ns < 2 * kMs);
    EXPECT_LT(arrival.time_ns, 5 * kMs);
  }
}

TEST(FaultModel, MalformedPacketsOfEveryKindComeBesideTheGoodOnes) {
  Link link{"malformed=10%", 13};
  link.play(20'000);
  const LineFaultCounts& counts = link.model.counts(0);
  std::array<std::uint64_t, kMalformedKinds> seen{};
  std::uint64_t good = 0;
  for (const Arrival& arrival : link.arrivals) {
    if (arrival.kind == DeliveryKind::malformed) {
      ++seen[static_cast<std::size_t>(arrival.malformed_kind)];
    } else {
      EXPECT_EQ(arrival.bytes, packet_of(++good));
    }
  }
  EXPECT_EQ(good, 20'000U);
  EXPECT_EQ(seen, counts.malformed);
  std::uint64_t all = 0;
  for (const std::uint64_t count : seen) {
    EXPECT_NEAR(static_cast<double>(count), 2'000.0 / kMalformedKinds, 65);
    all += count;
  }
  EXPECT_NEAR(static_cast<double>(all), 2'000, 215);
}

TEST(FaultModel, DamageTakesThePlaceOfAGoodPacketAndNeverForges) {
  Link link{"damage=10%", 14};
  link.play(20'000);
  ASSERT_EQ(link.arrivals.size(), 20'000U);
  const LineFaultCounts& counts = link.model.counts(0);
  EXPECT_EQ(counts.damaged[static_cast<std::size_t>(MalformedKind::conflict)], 0U);
  EXPECT_EQ(counts.damaged[static_cast<std::size_t>(MalformedKind::odd_session)], 0U);
  std::uint64_t damaged = 0;
  for (const std::uint64_t count : counts.damaged) damaged += count;
  EXPECT_NEAR(static_cast<double>(damaged), 2'000, 215);
  EXPECT_EQ(static_cast<std::uint64_t>(
                std::ranges::count(link.arrivals, DeliveryKind::damaged, &Arrival::kind)),
            damaged);
}

TEST(FaultModel, ConflictsFollowTheirGoodPacket) {
  Link link{"malformed=30%,loss=30%,reorder=30%x8", 15};
  link.play(20'000);
  std::vector<bool> seen(20'001);
  std::uint64_t conflicts = 0;
  for (const Arrival& arrival : link.arrivals) {
    if (arrival.kind == DeliveryKind::good) seen[arrival.sequence] = true;
    if (arrival.kind != DeliveryKind::malformed ||
        arrival.malformed_kind != MalformedKind::conflict) {
      continue;
    }
    ++conflicts;
    EXPECT_TRUE(seen[arrival.sequence]);
  }
  EXPECT_GT(conflicts, 100U);
}

TEST(FaultModel, NothingForeignComesBeforeAGoodPacket) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Link link{"foreign=100%,malformed=50%,loss=80%,reorder=50%x8,delay-b=1ms", seed, 2};
    link.play(50);
    std::array<bool, 2> through{};
    std::uint64_t foreign = 0;
    for (const Arrival& arrival : link.arrivals) {
      if (arrival.kind == DeliveryKind::good) through[arrival.line] = true;
      if (arrival.kind != DeliveryKind::foreign) continue;
      ++foreign;
      EXPECT_TRUE(through[arrival.line]);
      EXPECT_FALSE(moldudp64::parse_header(arrival.bytes).header.session ==
                   moldudp64::Session::from_text("FAULTS"));
    }
    EXPECT_GT(foreign, 0U);
  }
}

TEST(FaultModel, NothingIsMadeOfPacketsWithoutMessages) {
  Link link{"malformed=100%,foreign=100%,damage=100%", 16};
  std::vector<std::byte> signal(moldudp64::kHeaderBytes);
  for (std::uint64_t now_ns = 0; now_ns < 100; now_ns += 2) {
    moldudp64::write_heartbeat(signal, moldudp64::Session::from_text("FAULTS"), 1);
    link.model.send(0, signal, now_ns);
    moldudp64::write_end_of_session(signal, moldudp64::Session::from_text("FAULTS"), 1);
    link.model.send(0, signal, now_ns + 1);
    link.run_until(now_ns + 1);
  }
  EXPECT_EQ(link.arrivals.size(), 100U);
}

constexpr std::string_view kEverything =
    "loss=5%,burst=0.2%x100,dup=5%,reorder=10%x64,delay-b=1ms,dead-b=20ms-30ms,malformed=5%,"
    "damage=1%,foreign=2%";

TEST(FaultModel, SameSeedGivesTheSameDeliveries) {
  Link one{kEverything, 17, 2};
  Link two{kEverything, 17, 2};
  Link other{kEverything, 18, 2};
  EXPECT_EQ(one.play(5'000), two.play(5'000));
  EXPECT_NE(one.arrivals, other.play(5'000));
}

// Guards the sequence of draws: a change of it changes what every seed means.
TEST(FaultModel, GivesTheSameOnEveryMachine) {
  Link link{kEverything, 1, 2};
  std::uint64_t hash = 0xCBF29CE484222325U;
  const auto mix = [&hash](std::uint64_t value) { hash = (hash ^ value) * 0x100000001B3U; };
  for (const Arrival& arrival : link.play(5'000)) {
    mix(arrival.time_ns);
    mix(arrival.line);
    for (const std::byte byte : arrival.bytes) mix(static_cast<std::uint64_t>(byte));
  }
  EXPECT_EQ(hash, 1728730802310642638U);
}

TEST(FaultModel, LinesLossesDoNotDependOnTheOtherLine) {
  Link one{"loss=10%", 19, 2};
  Link two{"loss=10%,dup-b=50%,reorder-b=50%x20,malformed-b=10%,dead-b=1ms-2ms", 19, 2};
  one.play(5'000);
  two.play(5'000);
  const auto line_a = [](const Link& link) {
    std::vector<std::uint64_t> sequences;
    for (const Arrival& arrival : link.arrivals) {
      if (arrival.line == 0) sequences.push_back(arrival.sequence);
    }
    return sequences;
  };
  EXPECT_EQ(line_a(one), line_a(two));
}

TEST(FaultModel, LossesDoNotDependOnTheTime) {
  FaultModel prompt{parse_faults("loss=20%,burst=1%x5,reorder=10%x4,dup=10%"), 20, 1};
  FaultModel late{parse_faults("loss=20%,burst=1%x5,reorder=10%x4,dup=10%"), 20, 1};
  const auto ignore = [](const Delivery&) {};
  for (std::uint64_t sequence = 1; sequence <= 2'000; ++sequence) {
    prompt.send(0, packet_of(sequence), sequence * 10);
    prompt.deliver_due(sequence * 10, ignore);
    late.send(0, packet_of(sequence), sequence * 7'000'000);
    late.deliver_due(sequence * 7'000'000, ignore);
  }
  EXPECT_EQ(prompt.counts(0).lost, late.counts(0).lost);
  EXPECT_EQ(prompt.counts(0).lost_in_bursts, late.counts(0).lost_in_bursts);
  EXPECT_EQ(prompt.counts(0).duplicates, late.counts(0).duplicates);
}

TEST(FaultModel, MemoryIsBoundedAndWhatDoesNotFitIsCounted) {
  const std::size_t bytes = packet_of(1'000).size() * 100;
  Link link{"delay=1s", 21, 1, bytes};
  for (std::uint64_t sequence = 1'000; sequence < 1'500; ++sequence) {
    link.model.send(0, packet_of(sequence), 0);
  }
  link.run_until(kSecond);
  EXPECT_EQ(link.arrivals.size(), 100U);
  EXPECT_EQ(link.model.counts(0).crowded_out, 400U);
}

TEST(FaultModel, SaysWhatItDid) {
  Link link{"loss=50%,malformed=20%", 22};
  link.play(1'000);
  const std::string text = describe_faults(link.model);
  EXPECT_NE(text.find("line a: 1000 packets sent, " + std::to_string(link.model.counts(0).lost) +
                      " lost"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("malformed added: trailing_bytes"), std::string::npos) << text;
}

TEST(ServerFaultModel, LosesRequestsAndAnswersAtItsRate) {
  ServerFaultModel model{parse_faults("server-loss=10%").server, 1};
  int answered = 0;
  for (int i = 0; i < 10'000; ++i) answered += model.draw(10, 0).is_answered ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(model.counts().lost_requests), 1'000, 150);
  EXPECT_NEAR(static_cast<double>(model.counts().lost_answers), 900, 150);
  EXPECT_EQ(model.counts().requests, 10'000U);
  EXPECT_EQ(static_cast<std::uint64_t>(answered) + model.counts().lost_requests +
                model.counts().lost_answers,
            10'000U);
}

TEST(ServerFaultModel, ShortAnswersHoldSomethingAndLessThanAsked) {
  ServerFaultModel model{parse_faults("server-short=100%").server, 2};
  for (int i = 0; i < 1'000; ++i) {
    const AnswerFate fate = model.draw(10, 0);
    ASSERT_TRUE(fate.is_answered);
    EXPECT_GE(fate.most_messages, 1);
    EXPECT_TRUE(fate.most_messages < 10 || fate.most_messages == 0xFFFF);
  }
  EXPECT_NEAR(static_cast<double>(model.counts().short_answers), 900, 60);
}

TEST(ServerFaultModel, IsSilentForItsTime) {
  ServerFaultModel model{parse_faults("server-silent=10s-20s").server, 3};
  EXPECT_TRUE(model.draw(1, 10 * kSecond - 1).is_answered);
  EXPECT_FALSE(model.draw(1, 10 * kSecond).is_answered);
  EXPECT_TRUE(model.draw(1, 20 * kSecond).is_answered);
  EXPECT_EQ(model.counts().silent, 1U);
}

}  // namespace
}  // namespace tapeline::simulate

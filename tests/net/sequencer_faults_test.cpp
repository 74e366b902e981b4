// Everything at once: two lines and a re-request server that lose, repeat, reorder and damage
// packets, the sequencer and the recovery between them, all from one seed.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "codec/moldudp64/decoder.hpp"
#include "net/recovery.hpp"
#include "net/sequencer.hpp"
#include "tests/net/mold_packet.hpp"

namespace tapeline::net {
namespace {

using codec::PacketStatus;
using testing::MoldPacket;

constexpr std::uint16_t kReplies = 2;
constexpr std::int64_t kMs = 1'000'000;

std::string text_of(std::uint64_t sequence) {
  return std::string(sequence % 23, 'x') + std::to_string(sequence);
}

// Every message once, in order, with its own bytes, or inside a declared gap.
struct Ledger {
  void on_message(std::uint64_t sequence, std::span<const std::byte> message, const Packet&) {
    EXPECT_EQ(sequence, next);
    EXPECT_EQ((std::string{reinterpret_cast<const char*>(message.data()), message.size()}),
              text_of(sequence));
    next = sequence + 1;
  }
  void on_gap(const GapRange& gap) {
    EXPECT_EQ(gap.first, next);
    for (std::uint64_t at = gap.first; at < gap.last_exclusive; ++at) lost.insert(at);
    next = gap.last_exclusive;
  }
  std::uint64_t next = 1;
  std::set<std::uint64_t> lost;
};

// As text, short enough to read.
std::string ranges_of(const std::set<std::uint64_t>& numbers) {
  std::string text;
  for (auto at = numbers.begin(); at != numbers.end();) {
    const std::uint64_t first = *at;
    std::uint64_t next = first;
    for (; at != numbers.end() && *at == next; ++at) ++next;
    text += "[" + std::to_string(first) + "," + std::to_string(next) + ") ";
  }
  return text;
}

MoldPacket packet_of(std::uint16_t line, std::uint64_t first, std::uint64_t last_exclusive) {
  std::vector<std::string> messages;
  for (std::uint64_t at = first; at < last_exclusive; ++at) messages.push_back(text_of(at));
  return MoldPacket{line, first, messages};
}

struct Arrival {
  std::int64_t time;
  std::uint64_t order;
  MoldPacket packet;
  friend bool operator<(const Arrival& a, const Arrival& b) {  // the earliest is the greatest
    return a.time != b.time ? a.time > b.time : a.order > b.order;
  }
};

// A copy of `packet` that is damaged in one of the ways of the protocol, or says something that it
// must not. `kinds` counts what the sequencer has to find.
class Damage {
 public:
  explicit Damage(std::uint64_t seed) : random_{seed} {}

  MoldPacket operator()(std::uint16_t line, std::uint64_t first, std::uint64_t last_exclusive) {
    MoldPacket packet = packet_of(line, first, last_exclusive);
    const std::size_t bytes = packet.payload_bytes();
    switch (random_() % 10) {
      case 0:
        packet.resize_payload(random_() % codec::moldudp64::kHeaderBytes);
        return found(PacketStatus::too_short, packet);
      case 1:
        packet.set_count(static_cast<std::uint16_t>(last_exclusive - first + 1));
        return found(PacketStatus::missing_blocks, packet);
      case 2:
        packet.resize_payload(codec::moldudp64::kHeaderBytes + 1);
        return found(PacketStatus::truncated_length, packet);
      case 3: packet.resize_payload(bytes - 1); return found(PacketStatus::truncated_block, packet);
      case 4:
        packet.resize_payload(bytes + 1 + random_() % 9);
        return found(PacketStatus::trailing_bytes, packet);
      case 5:
        packet.set_count(codec::moldudp64::kEndOfSessionCount);
        return found(PacketStatus::end_of_session_with_payload, packet);
      case 6: return found(PacketStatus::sequence_overflow, huge(line, ~std::uint64_t{0}));
      case 7:
        return found(PacketStatus::sequence_overflow, huge(line, (std::uint64_t{1} << 63U) + 1));
      case 8: ++unsequenced; return MoldPacket{line, 0, {"x"}};
      default:
        ++foreign;
        return MoldPacket{line, first, {"x"}, testing::Session::from_text("OTHER")};
    }
  }

  std::array<std::uint64_t, codec::kPacketStatusCount> kinds{};
  std::uint64_t unsequenced = 0;
  std::uint64_t foreign = 0;

 private:
  MoldPacket found(PacketStatus kind, MoldPacket packet) {
    ++kinds[static_cast<std::size_t>(kind)];
    return packet;
  }
  static MoldPacket huge(std::uint16_t line, std::uint64_t sequence) {
    return MoldPacket{line, sequence, {"x", "y"}};
  }
  std::mt19937_64 random_;
};

TEST(SequencerFaults, MalformedPacketsAreCountedByKindAndNothingElseIsLost) {
  pool::LockFreeBufferPool pool{testing::small_pool(16)};
  for (std::uint64_t seed = 1; seed <= 50 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    Damage damage{seed + 1000};
    Sequencer sequencer{
        {.lines = 2, .hold_packets = 64, .first_expected = 1, .accept_unsequenced = false},
        pool.serialization()};
    Ledger ledger;
    std::int64_t now = 0;
    std::uint64_t first = 1;
    while (first < 2000) {
      const std::uint64_t last = first + 1 + random() % 9;
      const auto line = static_cast<std::uint16_t>(random() % 2);
      // One packet in ten is damaged; the real one comes, too.
      if (first > 1 && random() % 9 == 0) {
        sequencer.on_packet(damage(line, first, last).view(), now += 1000, ledger);
      }
      sequencer.on_packet(packet_of(line, first, last).view(), now += 1000, ledger);
      first = last;
    }
    EXPECT_EQ(ledger.next, first);
    EXPECT_TRUE(ledger.lost.empty());
    const SequencerCounters& counters = sequencer.counters();
    for (std::size_t kind = 0; kind < damage.kinds.size(); ++kind) {
      EXPECT_EQ(counters.malformed[kind].get(), damage.kinds[kind])
          << codec::to_string(static_cast<PacketStatus>(kind));
    }
    EXPECT_EQ(counters.unsequenced_dropped.get(), damage.unsequenced);
    EXPECT_EQ(counters.foreign.get(), damage.foreign);
    EXPECT_EQ(counters.conflicts.get(), 0U);
    EXPECT_EQ(sequencer.next_deadline(), Sequencer::kNoDeadline);
  }
}

struct Faults {
  std::uint64_t messages;
  std::uint64_t loss_percent;         // of packets, per line
  std::uint64_t duplicate_percent;    // of packets
  std::uint64_t burst_packets;        // lost on both lines, once
  std::uint64_t server_loss_percent;  // of requests and of answers
  std::uint64_t damage_percent;
  std::uint64_t unknown_from;  // the server has nothing of [unknown_from, unknown_to)
  std::uint64_t unknown_to;
  std::int64_t jitter;
  std::int64_t lag;
};

Faults faults_of(std::uint64_t seed) {
  std::mt19937_64 random{seed ^ 0x9E37'79B9'7F4A'7C15U};
  const auto below = [&](std::uint64_t bound) { return random() % bound; };
  const std::uint64_t unknown = 1 + below(2000);
  return {.messages = 500 + below(1500),
          .loss_percent = below(21),
          .duplicate_percent = below(11),
          .burst_packets = below(3) == 0 ? below(150) : 0,
          .server_loss_percent = below(11),
          .damage_percent = below(11),
          .unknown_from = unknown,
          .unknown_to = unknown + (below(2) == 0 ? below(300) : 0),
          .jitter = static_cast<std::int64_t>(below(640)) * 1000,
          .lag = static_cast<std::int64_t>(below(1000)) * 1000};
}

// One run: the link, and what is known about the truth.
class Market {
 public:
  Market(std::uint64_t seed, pool::LockFreeBufferPool& pool)
      : faults_{faults_of(seed)},
        random_{seed},
        sequencer_{{.lines = 2,
                    .hold_packets = 4096,
                    .hold_bytes = std::size_t{16} * 1024 * 1024,
                    .hold_ns = 2 * kMs,
                    .first_expected = 1,
                    .request_lines = 1,
                    .recovery_ns = 10'000 * kMs},
                   pool.serialization()},
        recovery_{{.servers = 2, .attempts = 40, .max_messages_per_request = 60, .seed = seed}} {
    for (std::uint16_t line = 0; line < 2; ++line) send_line(line);
    const std::int64_t end = at_ns(faults_.messages) + 10 * kMs;
    push(end, MoldPacket::end_of_session(0, faults_.messages + 1));
  }

  void run() {
    for (;;) {
      const std::int64_t packet_ns =
          arrivals_.empty() ? Sequencer::kNoDeadline : arrivals_.top().time;
      const std::int64_t timer_ns = std::min(sequencer_.next_deadline(), recovery_.next_deadline());
      if (packet_ns == Sequencer::kNoDeadline && timer_ns == Sequencer::kNoDeadline) break;
      now_ = std::max(now_, std::min(packet_ns, timer_ns));
      if (packet_ns <= timer_ns) {
        deliver(arrivals_.top().packet);
        arrivals_.pop();
      } else {
        sequencer_.on_timer(now_, ledger);
      }
      recovery_.poll(sequencer_, now_,
                     [&](std::size_t, std::span<const std::byte> request) { answer(request); });
    }
  }

  // What neither line brought whole and the server does not have.
  [[nodiscard]] std::set<std::uint64_t> truly_lost() const {
    std::set<std::uint64_t> lost;
    for (std::uint64_t at = 1; at <= faults_.messages; ++at) {
      const bool server_has = at < faults_.unknown_from || at >= faults_.unknown_to;
      if (!server_has && !arrived_.contains(at)) lost.insert(at);
    }
    return lost;
  }

  [[nodiscard]] const Faults& faults() const { return faults_; }
  [[nodiscard]] const Sequencer& sequencer() const { return sequencer_; }
  [[nodiscard]] const Recovery& recovery() const { return recovery_; }
  Ledger ledger;

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  static std::int64_t at_ns(std::uint64_t sequence) {
    return static_cast<std::int64_t>(sequence) * 10'000;
  }

  void push(std::int64_t time, MoldPacket packet) {
    arrivals_.push({time, pushed_++, std::move(packet)});
  }

  void send_line(std::uint16_t line) {
    const std::uint64_t burst_from = 1 + faults_.messages / 3;
    std::uint64_t in_burst = 0;
    for (std::uint64_t first = 1; first <= faults_.messages;) {
      const std::uint64_t last = std::min(first + 1 + below(9), faults_.messages + 1);
      const bool burst = first >= burst_from && in_burst < faults_.burst_packets;
      if (burst) ++in_burst;
      const std::int64_t late =
          static_cast<std::int64_t>(below(static_cast<std::uint64_t>(faults_.jitter) + 1)) +
          (line == 1 ? faults_.lag : 0);
      if (!burst && !chance(faults_.loss_percent)) {
        const int copies = chance(faults_.duplicate_percent) ? 2 : 1;
        for (int copy = 0; copy < copies; ++copy) {
          push(at_ns(first) + late + copy * 5000, packet_of(line, first, last));
        }
        for (std::uint64_t at = first; at < last; ++at) arrived_.insert(at);
      }
      if (chance(faults_.damage_percent)) {
        MoldPacket damaged = packet_of(line, first, last);
        damaged.resize_payload(below(codec::moldudp64::kHeaderBytes + 2));
        push(at_ns(first) + late, std::move(damaged));
      }
      first = last;
    }
  }

  // The server: what fits into a packet of about 500 bytes, a millisecond later.
  void answer(std::span<const std::byte> bytes) {
    const auto request = codec::moldudp64::parse_request(bytes);
    ASSERT_TRUE(request.has_value());
    EXPECT_LE(request->count, 60U);
    if (chance(faults_.server_loss_percent) || chance(faults_.server_loss_percent)) return;
    std::uint64_t last = request->first;
    std::size_t size = 0;
    while (last < request->first + request->count && last <= faults_.messages &&
           (last < faults_.unknown_from || last >= faults_.unknown_to) && size < 500) {
      size += 2 + text_of(last++).size();
    }
    if (last == request->first) return;
    push(now_ + kMs, packet_of(kReplies, request->first, last));
  }

  void deliver(const MoldPacket& packet) {
    const Packet view = packet.view();
    sequencer_.on_packet(view, now_, ledger);
    if (view.line == kReplies) recovery_.on_reply(view, now_);
  }

  Faults faults_;
  std::mt19937_64 random_;
  Sequencer sequencer_;
  Recovery recovery_;
  std::priority_queue<Arrival> arrivals_;
  std::uint64_t pushed_ = 0;
  std::set<std::uint64_t> arrived_;
  std::int64_t now_ = 0;
};

TEST(SequencerFaults, LosesExactlyWhatNobodyHas) {
  pool::LockFreeBufferPool pool{testing::small_pool(64, std::size_t{64} * 1024)};
  std::uint64_t requests = 0;
  for (std::uint64_t seed = 1; seed <= 300 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Market market{seed, pool};
    market.run();
    EXPECT_EQ(market.ledger.next, market.faults().messages + 1);
    EXPECT_EQ(ranges_of(market.ledger.lost), ranges_of(market.truly_lost()));
    EXPECT_EQ(market.sequencer().counters().conflicts.get(), 0U);
    EXPECT_EQ(pool.stats().serialization.in_use, 0U);
    requests += market.recovery().counters().requests.get();
  }
  EXPECT_GT(requests, 1000U);
}

TEST(SequencerFaults, TheSameSeedGivesTheSameRun) {
  pool::LockFreeBufferPool pool{testing::small_pool(64, std::size_t{64} * 1024)};
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Market one{seed, pool};
    Market two{seed, pool};
    one.run();
    two.run();
    EXPECT_EQ(one.ledger.lost, two.ledger.lost);
    EXPECT_EQ(one.recovery().counters().requests.get(), two.recovery().counters().requests.get());
    EXPECT_EQ(one.recovery().counters().answers.get(), two.recovery().counters().answers.get());
    EXPECT_EQ(one.sequencer().counters().filled_by_request.get(),
              two.sequencer().counters().filled_by_request.get());
  }
}

}  // namespace
}  // namespace tapeline::net

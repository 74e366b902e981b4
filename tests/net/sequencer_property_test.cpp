// Seeded runs of a lossy, duplicating, reordering link in front of the sequencer. What comes out
// is held against the messages that went in and those that reached the sequencer in any copy.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "net/sequencer.hpp"
#include "tests/net/mold_packet.hpp"

namespace tapeline::net {
namespace {

using testing::MoldPacket;

// Strict by itself: every message once, in order, with its own bytes, or inside a declared gap.
struct Ledger {
  void on_message(std::uint64_t sequence, std::span<const std::byte> message, const Packet&) {
    const std::string text{reinterpret_cast<const char*>(message.data()), message.size()};
    EXPECT_EQ(sequence, next) << "out of order or twice";
    EXPECT_EQ(text, text_of(sequence));
    next = sequence + 1;
  }
  void on_gap(const GapRange& gap) {
    EXPECT_EQ(gap.first, next);
    EXPECT_GT(gap.last_exclusive, gap.first);
    for (std::uint64_t sequence = gap.first; sequence < gap.last_exclusive; ++sequence) {
      lost.insert(sequence);
    }
    next = gap.last_exclusive;
  }

  static std::string text_of(std::uint64_t sequence) {
    return std::string(sequence % 23, 'x') + std::to_string(sequence);
  }

  std::uint64_t next = 1;
  std::set<std::uint64_t> lost;
};

struct Arrival {
  std::int64_t time;
  std::uint64_t order;
  std::uint16_t line;
  std::uint64_t first;
  std::uint64_t last_exclusive;
};

struct Faults {
  std::uint64_t messages = 400;
  unsigned loss_percent = 0;  // per packet and line
  unsigned duplicate_percent = 0;
  unsigned burst_percent = 0;  // chance that a burst of losses begins
  std::int64_t jitter = 0;     // packets are late by up to this: reordering
  std::int64_t lag = 0;        // of the second line
};

class Link {
 public:
  Link(std::uint64_t seed, const Faults& faults) : random_{seed}, faults_{faults} {
    for (std::uint16_t line = 0; line < 2; ++line) send_line(line);
    std::sort(arrivals.begin(), arrivals.end(), [](const Arrival& a, const Arrival& b) {
      return a.time != b.time ? a.time < b.time : a.order < b.order;
    });
    for (const Arrival& arrival : arrivals) {
      for (std::uint64_t at = arrival.first; at < arrival.last_exclusive; ++at) arrived.insert(at);
    }
  }

  std::vector<Arrival> arrivals;
  std::set<std::uint64_t> arrived;

 private:
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void send_line(std::uint16_t line) {
    unsigned burst = 0;
    for (std::uint64_t first = 1; first <= faults_.messages;) {
      const std::uint64_t last = std::min(first + 1 + below(9), faults_.messages + 1);
      const auto sent = static_cast<std::int64_t>(first * 10);
      if (burst == 0 && below(100) < faults_.burst_percent)
        burst = 1 + static_cast<unsigned>(below(20));
      const bool lost = burst > 0 || below(100) < faults_.loss_percent;
      if (burst > 0) --burst;
      const unsigned copies = lost ? 0 : 1 + (below(100) < faults_.duplicate_percent ? 1 : 0);
      for (unsigned copy = 0; copy < copies; ++copy) {
        const auto late =
            static_cast<std::int64_t>(below(static_cast<std::uint64_t>(faults_.jitter) + 1));
        arrivals.push_back(
            {sent + late + (line == 1 ? faults_.lag : 0), arrivals.size(), line, first, last});
      }
      first = last;
    }
  }

  std::mt19937_64 random_;
  Faults faults_;
};

MoldPacket packet_of(const Arrival& arrival) {
  std::vector<std::string> messages;
  for (std::uint64_t at = arrival.first; at < arrival.last_exclusive; ++at) {
    messages.push_back(Ledger::text_of(at));
  }
  return MoldPacket{arrival.line, arrival.first, messages};
}

Faults faults_of(std::uint64_t seed) {
  std::mt19937_64 random{seed ^ 0x9E3779B97F4A7C15U};
  const auto below = [&](std::uint64_t bound) { return random() % bound; };
  return {.messages = 50 + below(400),
          .loss_percent = static_cast<unsigned>(below(40)),
          .duplicate_percent = static_cast<unsigned>(below(20)),
          .burst_percent = static_cast<unsigned>(below(3)),
          .jitter = static_cast<std::int64_t>(below(640)),
          .lag = static_cast<std::int64_t>(below(1000))};
}

// Runs one seed and returns what was declared lost.
Ledger run(const Link& link, std::uint64_t messages, const SequencerConfig& config,
           pool::LockFreeBufferPool& pool, bool timers) {
  Sequencer sequencer{config, pool.serialization()};
  Ledger ledger;
  std::int64_t now = 0;
  for (const Arrival& arrival : link.arrivals) {
    while (timers && sequencer.next_deadline() <= arrival.time) {
      sequencer.on_timer(sequencer.next_deadline(), ledger);
    }
    now = arrival.time;
    sequencer.on_packet(packet_of(arrival).view(), now, ledger);
  }
  sequencer.on_packet(MoldPacket::end_of_session(0, messages + 1).view(), now, ledger);
  sequencer.finish(now, ledger);
  EXPECT_EQ(ledger.next, messages + 1);
  EXPECT_EQ(sequencer.counters().messages_lost.get(), ledger.lost.size());
  EXPECT_EQ(sequencer.counters().messages.get() + ledger.lost.size(), messages);
  EXPECT_EQ(pool.stats().serialization.in_use, 0U);
  return ledger;
}

// With room and time enough to wait, the declared loss is the true loss, message by message.
TEST(SequencerProperty, LosesExactlyWhatReachedItInNoCopy) {
  pool::LockFreeBufferPool pool{testing::small_pool(16)};
  const SequencerConfig config{.lines = 2,
                               .hold_packets = 4096,
                               .hold_bytes = std::size_t{16} * 16 * 1024,
                               .hold_ns = 1'000'000,
                               .first_expected = 1};
  for (std::uint64_t seed = 1; seed <= 500 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Faults faults = faults_of(seed);
    const Link link{seed, faults};
    const Ledger ledger = run(link, faults.messages, config, pool, true);
    std::set<std::uint64_t> truly_lost;
    for (std::uint64_t at = 1; at <= faults.messages; ++at) {
      if (!link.arrived.contains(at)) truly_lost.insert(at);
    }
    EXPECT_EQ(ledger.lost, truly_lost);
  }
}

// With little room and little time more is lost, but nothing comes twice, out of order or unsaid,
// and the memory stays in its bound.
TEST(SequencerProperty, TightBoundsLoseMoreButNeverSilently) {
  pool::LockFreeBufferPool pool{testing::small_pool(2, 4096)};
  for (std::uint64_t seed = 1; seed <= 500 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const SequencerConfig config{.lines = 2,
                                 .hold_packets = 1 + seed % 7,
                                 .hold_bytes = 4096,
                                 .hold_ns = static_cast<std::int64_t>(seed % 11) * 40,
                                 .first_expected = 1,
                                 .resync_packets = 0};
    const Faults faults = faults_of(seed);
    const Link link{seed, faults};
    const Ledger ledger = run(link, faults.messages, config, pool, seed % 2 == 0);
    for (std::uint64_t at = 1; at <= faults.messages; ++at) {
      EXPECT_TRUE(link.arrived.contains(at) || ledger.lost.contains(at)) << at;
    }
  }
}

// As a replay does it: the capture alone drives the clock, so the same input gives the same output.
TEST(SequencerProperty, SameInputGivesSameResult) {
  pool::LockFreeBufferPool pool{testing::small_pool(4)};
  const SequencerConfig config{
      .hold_packets = 8, .hold_ns = 200, .first_expected = 1, .resync_packets = 0};
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const Faults faults = faults_of(seed);
    const Link link{seed, faults};
    EXPECT_EQ(run(link, faults.messages, config, pool, false).lost,
              run(link, faults.messages, config, pool, false).lost);
  }
}

// Any bytes at all: nothing crashes, no memory is kept, numbers only fall back at a resync.
TEST(SequencerProperty, SurvivesRandomBytes) {
  struct Bounded {
    void on_message(std::uint64_t, std::span<const std::byte> message, const Packet&) {
      bytes += message.size();
    }
    void on_gap(const GapRange& gap) { EXPECT_LT(gap.first, gap.last_exclusive); }
    std::size_t bytes = 0;
  };
  pool::LockFreeBufferPool pool{testing::small_pool(4)};
  std::mt19937_64 random{7};
  Sequencer sequencer{{.hold_packets = 32, .hold_ns = 100, .resync_packets = 3},
                      pool.serialization()};
  Bounded seen;
  for (std::int64_t now = 0; now < 50'000; ++now) {
    const bool far = random() % 20 == 0;
    const std::uint64_t sequence = far ? random() >> (random() % 64) : 1 + random() % 200;
    MoldPacket packet{static_cast<std::uint16_t>(random() % 2), sequence,
                      std::vector<std::string>(random() % 6, "abc")};
    if (random() % 10 == 0) packet.set_count(static_cast<std::uint16_t>(random()));
    if (random() % 10 == 0) packet.resize_payload(random() % (packet.payload_bytes() + 4));
    sequencer.on_packet(packet.view(), now, seen);
    ASSERT_LE(pool.stats().serialization.in_use, 4U);
  }
  sequencer.finish(50'000, seen);
  EXPECT_EQ(pool.stats().serialization.in_use, 0U);
  EXPECT_GT(sequencer.counters().resyncs.get(), 0U);
}

}  // namespace
}  // namespace tapeline::net

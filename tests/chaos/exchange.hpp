#pragma once

// The sending side of a scenario: messages made of the seed, and the packets that each line cuts
// them into.
//
// Thread safety: none.

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "app/simulate/random.hpp"
#include "codec/moldudp64/encoder.hpp"
#include "tests/chaos/scenario.hpp"

namespace tapeline::chaos {

inline const codec::moldudp64::Session kSession = codec::moldudp64::Session::from_text("CHAOS");

inline constexpr std::size_t kMaxMessageBytes = 600;

// All messages of the session, by number from 1 on.
class Tape {
 public:
  Tape(std::uint64_t seed, std::uint32_t messages);

  [[nodiscard]] std::uint64_t size() const noexcept { return offsets_.size() - 1; }
  [[nodiscard]] std::span<const std::byte> message(std::uint64_t sequence) const noexcept {
    assert(sequence >= 1 && sequence <= size());
    const std::size_t first = offsets_[sequence - 1];
    return std::span{bytes_}.subspan(first, offsets_[sequence] - first);
  }

 private:
  std::vector<std::byte> bytes_;
  std::vector<std::size_t> offsets_;
};

// Plays the tape into `link`, an InProcessLink.
template <typename Link>
class Exchange {
 public:
  Exchange(const Scenario& scenario, const Tape& tape, Link& link)
      : scenario_{scenario},
        tape_{tape},
        link_{link},
        random_{scenario.seed ^ 0xC4A05C4A05C4A05U},
        memory_(2'000) {
    for (const LineCut& cut : scenario.lines) lines_.push_back({cut});
  }

  void play() {
    auto now_ns = static_cast<std::int64_t>(link_.now_ns());
    while (published_ < tape_.size()) {
      now_ns = pass(now_ns);
      const std::uint64_t more = 1 + random_.below(scenario_.group_messages);
      published_ = std::min(published_ + more, tape_.size());
      send_group();
    }
    flush();
    for (std::uint32_t i = 0; i < scenario_.end_packets; ++i) {
      now_ns += scenario_.end_interval_ns;
      link_.run_until(now_ns);
      signal(codec::moldudp64::kEndOfSessionCount);
    }
  }

 private:
  struct Line {
    LineCut cut;
    std::uint64_t next = 1;  // message to be sent
    bool kept_back = false;  // of the last group
  };

  // To the time of the next group, with heartbeats on the way. Returns that time.
  std::int64_t pass(std::int64_t now_ns) {
    constexpr std::int64_t kUs = 1'000;
    const std::int64_t longest = scenario_.longest_gap_ns();
    const std::int64_t unit = longest < 1'000 * kUs ? 1 : kUs;
    const std::int64_t until_ns =
        now_ns + unit * random_.below(static_cast<std::uint32_t>(longest / unit));
    for (now_ns += scenario_.heartbeat_ns; now_ns < until_ns; now_ns += scenario_.heartbeat_ns) {
      link_.run_until(now_ns);
      flush();
      signal(codec::moldudp64::kHeartbeatCount);
    }
    link_.run_until(until_ns);
    return until_ns;
  }

  void send_group() {
    for (std::size_t index = 0; index < lines_.size(); ++index) {
      Line& line = lines_[index];
      line.kept_back = !line.kept_back && random_.percent(line.cut.keeps_back_percent);
      while (line.next <= published_) {
        const std::uint32_t wanted = 1 + random_.below(line.cut.packet_messages);
        if (line.kept_back && published_ - line.next < wanted) break;
        send_packet(index, wanted);
      }
    }
  }

  void flush() {
    for (std::size_t index = 0; index < lines_.size(); ++index) {
      while (lines_[index].next <= published_) {
        send_packet(index, lines_[index].cut.packet_messages);
      }
    }
  }

  // At most `wanted` messages of those that are due. Requires: there are some.
  void send_packet(std::size_t index, std::uint32_t wanted) {
    Line& line = lines_[index];
    codec::moldudp64::PacketBuilder builder{std::span{memory_}.first(line.cut.packet_bytes)};
    builder.start(kSession, line.next);
    while (builder.message_count() < wanted && builder.next_sequence() <= published_ &&
           builder.try_add(tape_.message(builder.next_sequence()))) {
    }
    line.next = builder.next_sequence();
    link_.send_on(index, builder.finish());
  }

  // A heartbeat or an end of session on every line.
  void signal(std::uint16_t count) {
    std::array<std::byte, codec::moldudp64::kHeaderBytes> packet{};
    codec::moldudp64::write_header(packet, {kSession, published_ + 1, count});
    for (std::size_t index = 0; index < lines_.size(); ++index) link_.send_on(index, packet);
  }

  const Scenario& scenario_;
  const Tape& tape_;
  Link& link_;
  simulate::Random random_;
  std::vector<Line> lines_;
  std::uint64_t published_ = 0;
  std::vector<std::byte> memory_;
};

}  // namespace tapeline::chaos

#pragma once

// The receiver as the feed process wires it: a sequencer, and what asks for its holes. All that it
// says goes to the oracle.
//
// Thread safety: none.

#include <algorithm>
#include <cstdint>

#include "net/recovery.hpp"
#include "net/sequencer.hpp"
#include "tests/chaos/oracle.hpp"
#include "tests/chaos/scenario.hpp"

namespace tapeline::chaos {

class Receiver {
 public:
  // Not owned; must outlive this.
  Receiver(const Scenario& scenario, net::SerializationPool& pool, Oracle& oracle)
      : sequencer_{scenario.sequencer, pool},
        recovery_{scenario.recovery},
        handler_{oracle, sequencer_},
        oracle_{oracle},
        lines_{scenario.lines.size()} {}

  void on_packet(const net::Packet& packet, std::int64_t now_ns) {
    if (oracle_.is_closed()) return;
    oracle_.on_time(now_ns);
    sequencer_.on_packet(packet, now_ns, handler_);
    if (packet.line >= lines_) recovery_.on_reply(packet, now_ns);
  }

  template <typename Send>
  void poll(std::int64_t now_ns, Send&& send) {
    oracle_.on_time(now_ns);
    if (sequencer_.next_deadline() <= now_ns) sequencer_.on_timer(now_ns, handler_);
    recovery_.poll(sequencer_, now_ns, send);
  }

  [[nodiscard]] std::int64_t next_deadline() const noexcept {
    return std::min(sequencer_.next_deadline(), recovery_.next_deadline());
  }

  void finish(std::int64_t now_ns) {
    oracle_.on_time(now_ns);
    oracle_.on_finishing();
    sequencer_.finish(now_ns, handler_);
    oracle_.finish(sequencer_, recovery_);
  }

 private:
  struct Handler {
    Oracle& oracle;
    const net::Sequencer& sequencer;

    void on_message(std::uint64_t sequence, std::span<const std::byte> message,
                    const net::Packet& packet) const {
      oracle.on_message(sequence, message, packet.line);
    }
    void on_gap(const net::GapRange& gap) const {
      oracle.on_gap(gap, sequencer.counters().hold_overflows.get());
    }
    void on_session(const codec::moldudp64::Session& session, std::uint64_t sequence) const {
      oracle.on_session(session, sequence);
    }
    void on_end_of_session(const codec::moldudp64::Session&) const { oracle.on_end_of_session(); }
    void on_resync(std::uint64_t sequence) const { oracle.on_resync(sequence); }
  };

  net::Sequencer sequencer_;
  net::Recovery recovery_;
  Handler handler_;
  Oracle& oracle_;
  std::size_t lines_;
};

}  // namespace tapeline::chaos

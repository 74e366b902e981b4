#pragma once

// Asks re-request servers for what is missing: the holes of a sequencer, in MoldUDP64 request
// packets ("MoldUDP64 Protocol Specification V 1.00"). Decides what to ask, whom and when; sends
// through a function of the caller, so it knows no socket, and reads no clock.
//
//   on a reply:                 sequencer.on_packet(packet, now, handler);
//                               recovery.on_reply(packet, now);
//   after a batch or a timer:   recovery.poll(sequencer, now, send);
//   the timer is due at:        min(sequencer.next_deadline(), recovery.next_deadline())
//
// A hole is asked for when it is `first_delay_ns` old and no line has filled any of its lower end
// for as long: lowest first, in ranges of at most `max_messages_per_request`. When a reply filled a
// part of a range, the rest is asked for at once. On silence a range is asked for again at the
// next server, after waits that double, until it has been asked for `attempts` times; it is the
// sequencer's clock that then gives the hole up. Nothing is asked for twice within its wait. When
// every server was asked for all of a range, they are asked for its upper half, then a quarter, and
// so on: a server that lacks the first message may have the last, and does not say so.
// All is limited by a rate, the number of ranges, and the number of ranges of one hole: a forged
// hole of any width costs max_ranges_per_hole * attempts requests and no memory. When all ranges
// are taken, a lower one displaces the highest that has met silence, which may be asked for again
// when there is room.
//
// Thread safety: one thread, that of the sequencer; the counters may be read by any.
// Allocation:    none after the constructor.
// Determinism:   the same calls with the same times send the same requests.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "codec/moldudp64/packet.hpp"
#include "net/packet_batch.hpp"
#include "net/sequencer.hpp"
#include "pool/counter.hpp"

namespace tapeline::net {

struct RecoveryConfig {
  std::size_t servers = 0;                     // 0: nothing is ever asked for
  std::int64_t first_delay_ns = 2'000'000;     // for the other line and reordered packets
  std::int64_t resend_ns = 50'000'000;         // first wait for an answer; doubles ...
  std::int64_t max_resend_ns = 1'000'000'000;  // ... up to this
  std::uint32_t attempts = 5;                  // requests for one range
  std::uint16_t max_messages_per_request = 100;
  std::uint32_t max_requests_per_second = 1000;
  std::uint32_t burst = 32;             // requests that may leave at once
  std::size_t max_ranges = 256;         // asked for and still open
  std::size_t max_ranges_per_hole = 8;  // of these
  std::uint64_t seed = 1;               // the order of the servers is drawn from it
};

struct alignas(pool::kCacheLineBytes) RecoveryCounters {
  Counter requests;
  Counter request_bytes;  // UDP payload
  Counter answers;        // replies to something that was asked for
  Counter other_replies;  // without messages, or with none that was being asked for
  Counter reply_bytes;    // UDP payload of both
  Counter timeouts;       // requests that met silence
  Counter exhausted;      // ranges that were asked for `attempts` times in vain
  Counter limited;        // times that the rate made a request wait
  Counter ranges;         // asked for and still open, now
};

struct RecoveryServerCounters {
  Counter requests;
  Counter answers;
  Counter timeouts;
  Counter answer_bytes;
};

class Recovery {
 public:
  static constexpr std::int64_t kNoDeadline = std::numeric_limits<std::int64_t>::max();

  explicit Recovery(const RecoveryConfig& config);

  // Sends what is due: send(std::size_t server, std::span<const std::byte> request), at most
  // `burst` times. Returns at once if nothing has changed and nothing is due.
  template <typename Send>
  void poll(const Sequencer& sequencer, std::int64_t now_ns, Send&& send) {
    if (config_.servers == 0) return;
    if (now_ns < next_ns_ && sequencer.hole_changes() == hole_changes_) return;
    plan(sequencer, now_ns);
    for (const Outgoing& request : outgoing_) {
      send(std::size_t{request.server}, std::span<const std::byte>{request.bytes});
    }
  }

  // Notes a packet that came in on a request line.
  void on_reply(const Packet& packet, std::int64_t now_ns) noexcept;

  // When poll() has something to do, as of the last poll(); kNoDeadline if nothing is missing.
  [[nodiscard]] std::int64_t next_deadline() const noexcept { return next_ns_; }

  [[nodiscard]] const RecoveryConfig& config() const noexcept { return config_; }
  [[nodiscard]] const RecoveryCounters& counters() const noexcept { return counters_; }
  // Requires: server < config().servers.
  [[nodiscard]] const RecoveryServerCounters& server_counters(std::size_t server) const noexcept {
    return servers_[server].counters;
  }

 private:
  struct Server {
    RecoveryServerCounters counters;
    std::int64_t last_answer_ns = std::numeric_limits<std::int64_t>::min();
  };
  struct Outgoing {
    std::uint32_t server;
    std::array<std::byte, codec::moldudp64::kRequestBytes> bytes;
  };
  // A range that was asked for and is not closed.
  struct Asked {
    GapRange range{};
    std::int64_t sent_ns = 0;
    std::int64_t next_ns = 0;    // when silence is noticed; kNoDeadline: not asked for again
    std::uint32_t attempts = 0;  // requests so far
    std::uint32_t place = 0;     // of the server in order_
    bool answered = false;       // a reply came since the last look
    bool silent = false;         // noticed for the last request

    [[nodiscard]] bool is_exhausted() const noexcept { return next_ns == kNoDeadline; }
    [[nodiscard]] bool met_silence() const noexcept { return attempts > 1 || silent; }
  };

  void plan(const Sequencer& sequencer, std::int64_t now_ns);
  void look_at_hole(const GapRange& hole, std::int64_t since_ns, std::int64_t now_ns);
  // Goes on with `left`, the part of an asked range that is still open. Returns false if it is to
  // be asked for as if it were new: a reply filled the rest.
  [[nodiscard]] bool keep(Asked asked, const GapRange& left, std::int64_t now_ns);
  void keep_asked(const Asked& asked, std::int64_t now_ns);
  std::uint64_t ask_new(const GapRange& part, std::size_t& in_hole, std::int64_t now_ns);
  [[nodiscard]] bool make_room(std::uint64_t first);
  [[nodiscard]] std::size_t asked_in(const GapRange& hole) const noexcept;
  void note_silence(const Asked& asked) noexcept;
  void send_request(Asked& asked, std::int64_t now_ns);
  [[nodiscard]] std::int64_t wait_of(std::uint32_t attempts) const noexcept;
  [[nodiscard]] bool has_token(std::int64_t now_ns) noexcept;

  RecoveryConfig config_;
  RecoveryCounters counters_;
  std::unique_ptr<Server[]> servers_;
  std::vector<std::uint32_t> order_;  // of the servers
  std::uint32_t preferred_ = 0;       // place in order_ of the server that is asked first
  codec::moldudp64::Session session_{};
  std::vector<Asked> asked_;  // rising, disjoint
  std::vector<Asked> kept_;   // the same, while plan() builds it
  std::size_t next_asked_ = 0;
  std::vector<Outgoing> outgoing_;
  bool crowded_ = false;                                                // a range found no room
  std::int64_t full_at_ns_ = std::numeric_limits<std::int64_t>::min();  // see has_token()
  std::int64_t interval_ns_;
  std::int64_t next_ns_ = kNoDeadline;
  std::uint64_t hole_changes_ = 0;
};

}  // namespace tapeline::net

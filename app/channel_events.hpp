#pragma once

// Rare things of a channel that belong in the log, handed from the feed thread to the thread that
// writes it. A full ring is counted; nothing waits.
//
// Thread safety: note() by the feed thread, take() by one other; lost() by any.

#include <cstdint>

#include "app/market/symbol_text.hpp"
#include "codec/moldudp64/packet.hpp"
#include "net/spsc_ring.hpp"
#include "pool/counter.hpp"

namespace tapeline {

enum class ChannelEventKind : std::uint8_t {
  gap,             // [first, last_exclusive) declared lost
  recovered,       // a gap [first, last_exclusive) was closed by re-requests, `nanos` after it
  bridged,         // [first, last_exclusive) skipped: the snapshot stands for these
  session,         // begins for us at `first`
  end_of_session,  // before `first`
  resync,          // back to `first`
  line_dead,       // line `index`, which had `count` packets
  line_alive,
  server_silent,        // recovery server `index` does not answer
  server_answers,       // again
  snapshot_wanted,      // from `first` on something is missing
  snapshot_begun,       // server `index`, its session
  snapshot_applied,     // `count` messages of it; goes on with `first`; took `nanos`
  snapshot_failed,      // server `index`: `reason` is a SnapshotFailure
  snapshot_not_waited,  // `reason` is a net::SnapshotEnd
  tcp_connected,        // server `index`
  tcp_disconnected,     // server `index`: `reason` is a net::DisconnectReason, `error` an errno
  tcp_login,            // accepted: its session, goes on with `first`
  tcp_rejected,         // `reason` is the letter of the server
  symbol_gap,           // of `symbol`: `reason` is a feed::JsonGap::Of, `count` from `first` on
};

struct ChannelEvent {
  ChannelEventKind kind = ChannelEventKind::gap;
  std::uint8_t reason = 0;
  std::uint32_t index = 0;  // of a line or server in the configuration
  int error = 0;
  std::uint64_t first = 0;
  std::uint64_t last_exclusive = 0;
  std::uint64_t count = 0;
  std::int64_t nanos = 0;
  codec::moldudp64::Session session{};
  market::SymbolText symbol{};
};

class ChannelEvents {
 public:
  void note(const ChannelEvent& event) noexcept {
    if (!ring_.try_push(ChannelEvent{event})) lost_.add(1);
  }
  [[nodiscard]] bool take(ChannelEvent& event) { return ring_.try_pop(event); }
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_.get(); }

 private:
  static constexpr std::size_t kCapacity = 1024;
  net::SpscRing<ChannelEvent> ring_{kCapacity};
  pool::Counter lost_;
};

}  // namespace tapeline

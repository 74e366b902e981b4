#pragma once

// Rare things of a channel that belong in the log, handed from the feed thread to the thread that
// writes it. A full ring is counted; nothing waits.
//
// Thread safety: note() by the feed thread, take() by one other; lost() by any.

#include <cstdint>

#include "codec/moldudp64/packet.hpp"
#include "net/spsc_ring.hpp"
#include "pool/counter.hpp"

namespace tapeline {

enum class ChannelEventKind : std::uint8_t { gap, session, end_of_session, resync };

struct ChannelEvent {
  ChannelEventKind kind = ChannelEventKind::gap;
  std::uint64_t first = 0;           // gap: first lost; otherwise the next sequence
  std::uint64_t last_exclusive = 0;  // gap only
  codec::moldudp64::Session session{};
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

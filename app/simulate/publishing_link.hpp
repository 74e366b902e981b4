#pragma once

// A link for Player that keeps what was sent in a MessageStore, so that servers have it as soon as
// the lines have. Packets that a fault takes off the lines are kept, too.
//
// Thread safety: none; the store's readers are of other threads.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "app/simulate/message_store.hpp"
#include "codec/moldudp64/decoder.hpp"

namespace tapeline::simulate {

template <typename Link>
class PublishingLink {
 public:
  // Not owned; must outlive this.
  PublishingLink(Link& link, MessageStore& store) noexcept : link_{link}, store_{store} {}

  void send(std::span<const std::span<const std::byte>> packets) {
    using codec::PacketStatus;
    link_.send(packets);
    bool is_end = false;
    for (const std::span<const std::byte> packet : packets) {
      const PacketStatus status = codec::moldudp64::for_each_message(
          packet,
          [this](std::uint64_t, std::span<const std::byte> message) { store_.append(message); });
      assert(!codec::is_malformed(status));
      is_end = status == PacketStatus::end_of_session;
    }
    if (is_end) {
      store_.end();
    } else {
      store_.publish();
    }
  }

  void send_due() { link_.send_due(); }
  [[nodiscard]] std::uint64_t next_due_ns() const { return link_.next_due_ns(); }

 private:
  Link& link_;
  MessageStore& store_;
};

}  // namespace tapeline::simulate

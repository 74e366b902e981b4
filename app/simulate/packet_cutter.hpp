#pragma once

// Puts messages into MoldUDP64 packets of one line, in order, from sequence number 1 on.
//
// Thread safety: none.
// Ownership:     a packet is a view of the cutter's memory, valid until the next try_add().

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/itch/fields.hpp"
#include "codec/moldudp64/encoder.hpp"

namespace tapeline::simulate {

struct CutOptions {
  std::size_t packet_bytes = 1'400;   // most bytes of a UDP payload
  std::uint32_t packet_messages = 0;  // most messages in a packet; 0 = as many as fit
  std::uint64_t linger_ns = 20'000;   // a packet is complete when nothing follows for so long
};

// A packet that carries the longest message.
inline constexpr std::size_t kMinPacketBytes =
    codec::moldudp64::kHeaderBytes + codec::moldudp64::kLengthBytes + codec::itch::kMaxMessageBytes;
inline constexpr std::size_t kMaxPacketBytes = 65'000;

class PacketCutter {
 public:
  // Requires: kMinPacketBytes <= options.packet_bytes <= kMaxPacketBytes.
  PacketCutter(const codec::moldudp64::Session& session, const CutOptions& options)
      : session_{session},
        options_{options},
        memory_(options.packet_bytes),
        builder_{memory_},
        signal_(codec::moldudp64::kHeaderBytes) {
    assert(options.packet_bytes >= kMinPacketBytes && options.packet_bytes <= kMaxPacketBytes);
    builder_.start(session_, 1);
  }

  PacketCutter(const PacketCutter&) = delete;
  PacketCutter& operator=(const PacketCutter&) = delete;

  // True if there are messages that must go before one of `time_ns` is added.
  [[nodiscard]] bool is_due(std::uint64_t time_ns) const noexcept {
    return builder_.message_count() > 0 && time_ns > last_time_ns_ + options_.linger_ns;
  }

  // Returns false, and changes nothing, if the packet is full.
  [[nodiscard]] bool try_add(std::span<const std::byte> message, std::uint64_t time_ns) noexcept {
    if (options_.packet_messages != 0 && builder_.message_count() >= options_.packet_messages) {
      return false;
    }
    if (!builder_.try_add(message)) return false;
    last_time_ns_ = time_ns;
    return true;
  }

  // The packet with what was added since the last one. Requires: !is_empty().
  [[nodiscard]] std::span<const std::byte> finish() noexcept {
    assert(!is_empty());
    const auto packet = builder_.finish();
    builder_.start(session_, builder_.next_sequence());
    return packet;
  }

  // Without messages. Requires: is_empty().
  [[nodiscard]] std::span<const std::byte> heartbeat() noexcept {
    assert(is_empty());
    codec::moldudp64::write_heartbeat(signal_, session_, next_sequence());
    return signal_;
  }
  [[nodiscard]] std::span<const std::byte> end_of_session() noexcept {
    assert(is_empty());
    codec::moldudp64::write_end_of_session(signal_, session_, next_sequence());
    return signal_;
  }

  [[nodiscard]] bool is_empty() const noexcept { return builder_.message_count() == 0; }
  [[nodiscard]] std::uint16_t message_count() const noexcept { return builder_.message_count(); }
  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return builder_.next_sequence(); }
  [[nodiscard]] std::uint64_t last_time_ns() const noexcept { return last_time_ns_; }

 private:
  codec::moldudp64::Session session_;
  CutOptions options_;
  std::vector<std::byte> memory_;
  codec::moldudp64::PacketBuilder builder_;
  std::vector<std::byte> signal_;
  std::uint64_t last_time_ns_ = 0;
};

}  // namespace tapeline::simulate

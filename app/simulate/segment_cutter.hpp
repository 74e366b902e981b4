#pragma once

// Puts messages into IEX-TP segments of one line, in order, from sequence number 1 and offset 0 on.
// As PacketCutter does for MoldUDP64, but each segment says when it is sent.
//
// Thread safety: none.
// Ownership:     a segment is a view of the cutter's memory, valid until the next try_add().

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "app/simulate/packet_cutter.hpp"
#include "codec/iex/fields.hpp"
#include "codec/iextp/encoder.hpp"

namespace tapeline::simulate {

// A segment that carries the longest message.
inline constexpr std::size_t kMinSegmentBytes =
    codec::iextp::kHeaderBytes + codec::iextp::kLengthBytes + codec::iex::kMaxMessageBytes;

class SegmentCutter {
 public:
  // Requires: kMinSegmentBytes <= options.packet_bytes <= kMaxPacketBytes.
  SegmentCutter(const codec::iextp::Session& session, const CutOptions& options)
      : session_{session}, options_{options}, memory_(options.packet_bytes), builder_{memory_} {
    assert(options.packet_bytes >= kMinSegmentBytes && options.packet_bytes <= kMaxPacketBytes);
    builder_.start(session_, 1, 0);
  }

  SegmentCutter(const SegmentCutter&) = delete;
  SegmentCutter& operator=(const SegmentCutter&) = delete;

  // True if there are messages that must go before one of `time_ns` is added.
  [[nodiscard]] bool is_due(std::uint64_t time_ns) const noexcept {
    return !is_empty() && time_ns > last_time_ns_ + options_.linger_ns;
  }

  // Returns false, and changes nothing, if the segment is full.
  [[nodiscard]] bool try_add(std::span<const std::byte> message, std::uint64_t time_ns) noexcept {
    if (options_.packet_messages != 0 && builder_.message_count() >= options_.packet_messages) {
      return false;
    }
    if (!builder_.try_add(message)) return false;
    last_time_ns_ = time_ns;
    return true;
  }

  // What was added since the last one, sent at `unix_ns`. Requires: !is_empty().
  [[nodiscard]] std::span<const std::byte> finish(std::int64_t unix_ns) noexcept {
    assert(!is_empty());
    return send(unix_ns);
  }
  // Without messages. Requires: is_empty().
  [[nodiscard]] std::span<const std::byte> heartbeat(std::int64_t unix_ns) noexcept {
    assert(is_empty());
    return send(unix_ns);
  }
  // IEX-TP has no end of session but the system event: the line goes on beating. As heartbeat().
  [[nodiscard]] std::span<const std::byte> end_of_session(std::int64_t unix_ns) noexcept {
    return heartbeat(unix_ns);
  }

  [[nodiscard]] bool is_empty() const noexcept { return builder_.message_count() == 0; }
  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return builder_.next_sequence(); }
  [[nodiscard]] std::uint64_t last_time_ns() const noexcept { return last_time_ns_; }

 private:
  [[nodiscard]] std::span<const std::byte> send(std::int64_t unix_ns) noexcept {
    const auto segment = builder_.finish(static_cast<std::uint64_t>(unix_ns));
    builder_.start(session_, builder_.next_sequence(), builder_.next_offset());
    return segment;
  }

  codec::iextp::Session session_;
  CutOptions options_;
  std::vector<std::byte> memory_;
  codec::iextp::SegmentBuilder builder_;
  std::uint64_t last_time_ns_ = 0;
};

}  // namespace tapeline::simulate

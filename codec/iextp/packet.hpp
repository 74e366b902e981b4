#pragma once

// The parts of an IEX-TP outbound segment ("IEX Transport Specification", version 1 of the
// transport).
//
// A segment is one UDP payload: a header of 40 bytes, then `count` message blocks, each a 16-bit
// length and that many bytes. Everything is little endian. The i-th block has the sequence number
// `sequence + i`. The blocks of a session, their lengths included, form a stream: stream_offset is
// where in it those of a segment begin, so that a loss shows in two numbers that have to agree.
//
// Thread safety: values.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "codec/bytes.hpp"
#include "codec/packet_status.hpp"

namespace tapeline::codec::iextp {

inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::size_t kHeaderBytes = 40;
inline constexpr std::size_t kSessionBytes = 10;
inline constexpr std::size_t kLengthBytes = 2;
inline constexpr std::size_t kMaxPayloadBytes = 0xFFFF;  // all blocks with their lengths
inline constexpr std::size_t kMaxMessageBytes = kMaxPayloadBytes - kLengthBytes;

// Sequence numbers, offsets and times are signed on the wire, and never negative.
inline constexpr std::uint64_t kMaxNumber = std::numeric_limits<std::int64_t>::max();

// What the messages of a session are. The field may hold any other number.
enum class Protocol : std::uint16_t {
  tops = 0x8003,       // TOPS 1.5 and 1.6
  deep = 0x8004,       // DEEP 1.0
  deep_plus = 0x8005,  // DEEP+ 1.0
};

[[nodiscard]] constexpr bool is_known(Protocol protocol) noexcept {
  return protocol == Protocol::tops || protocol == Protocol::deep ||
         protocol == Protocol::deep_plus;
}

[[nodiscard]] constexpr std::string_view to_string(Protocol protocol) noexcept {
  switch (protocol) {
    case Protocol::tops: return "TOPS";
    case Protocol::deep: return "DEEP";
    case Protocol::deep_plus: return "DEEP+";
  }
  return "unknown";
}

// One sequence space: protocol, channel and session number, as they stand in the header. A new
// day has a new session number; what it says is not defined.
struct Session {
  std::array<char, kSessionBytes> bytes{};

  [[nodiscard]] static Session from(Protocol protocol, std::uint32_t channel,
                                    std::uint32_t number) noexcept {
    std::array<std::byte, kSessionBytes> raw{};
    store_le(raw.data(), static_cast<std::uint16_t>(protocol));
    store_le(raw.data() + 2, channel);
    store_le(raw.data() + 6, number);
    Session session;
    std::memcpy(session.bytes.data(), raw.data(), kSessionBytes);
    return session;
  }

  [[nodiscard]] Protocol protocol() const noexcept { return Protocol{field<std::uint16_t>(0)}; }
  [[nodiscard]] std::uint32_t channel() const noexcept { return field<std::uint32_t>(2); }
  [[nodiscard]] std::uint32_t number() const noexcept { return field<std::uint32_t>(6); }

  [[nodiscard]] friend bool operator==(const Session& a, const Session& b) noexcept {
    return a.field<std::uint64_t>(0) == b.field<std::uint64_t>(0) &&
           a.field<std::uint16_t>(8) == b.field<std::uint16_t>(8);
  }

 private:
  template <typename T>
  [[nodiscard]] T field(std::size_t offset) const noexcept {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
  }
};
static_assert(sizeof(Session) == kSessionBytes);

struct Header {
  Session session;
  std::uint16_t payload_bytes = 0;  // behind the header, as announced
  std::uint16_t count = 0;          // message blocks
  std::uint64_t stream_offset = 0;  // of the first block; of the next one if there is none
  std::uint64_t sequence = 0;       // of the first message; of the next one if there is none
  std::uint64_t send_time_ns = 0;   // since 1970, when the publisher sent the segment

  // Sequence numbers start at 1. A segment with 0 can be decoded, but not put in order.
  [[nodiscard]] constexpr bool is_unsequenced() const noexcept { return sequence == 0; }
  // Those that the next segment of the stream has.
  [[nodiscard]] constexpr std::uint64_t next_sequence() const noexcept { return sequence + count; }
  [[nodiscard]] constexpr std::uint64_t next_offset() const noexcept {
    return stream_offset + payload_bytes;
  }
};

using codec::PacketStatus;

}  // namespace tapeline::codec::iextp

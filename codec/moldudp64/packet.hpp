#pragma once

// The parts of a MoldUDP64 downstream packet ("MoldUDP64 Protocol Specification V 1.00").
//
// A packet is one UDP payload: a header of 20 bytes, then `count` message blocks, each a 16-bit
// length and that many bytes. The i-th block has the sequence number `sequence + i`.
//
// Thread safety: values.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "codec/packet_status.hpp"

namespace tapeline::codec::moldudp64 {

inline constexpr std::size_t kSessionBytes = 10;
inline constexpr std::size_t kHeaderBytes = 20;
inline constexpr std::size_t kRequestBytes = 20;
inline constexpr std::size_t kLengthBytes = 2;
inline constexpr std::size_t kMaxMessageBytes = 0xFFFF;

// Message counts that are not counts.
inline constexpr std::uint16_t kHeartbeatCount = 0;
inline constexpr std::uint16_t kEndOfSessionCount = 0xFFFF;

// The name of a session: an opaque key. It is left-justified ASCII by the specification, but
// anonymised captures carry ten zero bytes.
struct Session {
  std::array<char, kSessionBytes> bytes{};

  // The first ten characters of `text`, padded with spaces.
  [[nodiscard]] static constexpr Session from_text(std::string_view text) noexcept {
    Session session;
    session.bytes.fill(' ');
    std::copy_n(text.begin(), std::min(text.size(), kSessionBytes), session.bytes.begin());
    return session;
  }

  // Without the padding (spaces or zero bytes). May hold any other byte: escape it before printing.
  [[nodiscard]] std::string_view text() const noexcept {
    std::size_t length = kSessionBytes;
    while (length > 0 && (bytes[length - 1] == ' ' || bytes[length - 1] == '\0')) --length;
    return {bytes.data(), length};
  }

  [[nodiscard]] friend bool operator==(const Session& a, const Session& b) noexcept {
    return a.head() == b.head() && a.tail() == b.tail();
  }

 private:
  [[nodiscard]] std::uint64_t head() const noexcept {
    std::uint64_t value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  [[nodiscard]] std::uint16_t tail() const noexcept {
    std::uint16_t value;
    std::memcpy(&value, bytes.data() + sizeof(std::uint64_t), sizeof value);
    return value;
  }
};
static_assert(sizeof(Session) == kSessionBytes);

struct Header {
  Session session;
  std::uint64_t sequence = 0;  // of the first message; of the next one if there is none
  std::uint16_t count = 0;     // message blocks, or one of the two constants above

  // Sequence numbers start at 1. Anonymised captures carry 0: such a packet can be decoded, but
  // not put in order. This is no error of the packet.
  [[nodiscard]] constexpr bool is_unsequenced() const noexcept { return sequence == 0; }
};

// What a client sends to a re-request server, in a packet of kRequestBytes bytes: please send
// `count` messages from `first` on. The answer is a downstream packet, perhaps of fewer messages.
struct Request {
  Session session;
  std::uint64_t first = 0;
  std::uint16_t count = 0;

  friend bool operator==(const Request&, const Request&) = default;
};

using codec::PacketStatus;

}  // namespace tapeline::codec::moldudp64

#pragma once

// The parts of a SoupBinTCP packet ("SoupBinTCP 3.00").
//
// A packet is a 16-bit length, a type byte and a payload; the length counts the type and the
// payload. Packets stand one behind the other in a TCP stream, cut anywhere. A sequenced packet
// carries no number: the receiver counts, from the number that the login was accepted with.
//
// Thread safety: values.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/moldudp64/packet.hpp"

namespace tapeline::codec::soupbintcp {

inline constexpr std::size_t kLengthBytes = 2;
inline constexpr std::size_t kHeaderBytes = kLengthBytes + 1;  // length and type
inline constexpr std::size_t kMaxLength = 0xFFFF;              // of type and payload
inline constexpr std::size_t kMaxPacketBytes = kLengthBytes + kMaxLength;
inline constexpr std::size_t kMaxPayloadBytes = kMaxLength - 1;

inline constexpr std::size_t kUsernameBytes = 6;
inline constexpr std::size_t kPasswordBytes = 10;
inline constexpr std::size_t kSessionBytes = 10;
inline constexpr std::size_t kSequenceBytes = 20;

// Payloads of fixed length; all other types but data and debug have none.
inline constexpr std::size_t kLoginRequestBytes =
    kUsernameBytes + kPasswordBytes + kSessionBytes + kSequenceBytes;
inline constexpr std::size_t kLoginAcceptedBytes = kSessionBytes + kSequenceBytes;
inline constexpr std::size_t kLoginRejectedBytes = 1;

// May hold any other byte, too: it is what stands in the packet.
enum class PacketType : std::uint8_t {
  debug = '+',             // both ways; free text, to be ignored
  login_request = 'L',     // from the client
  login_accepted = 'A',    // from the server
  login_rejected = 'J',    // from the server, which then closes
  sequenced = 'S',         // from the server
  unsequenced = 'U',       // both ways
  server_heartbeat = 'H',  // from the server
  client_heartbeat = 'R',  // from the client
  end_of_session = 'Z',    // from the server, which then closes
  logout_request = 'O',    // from the client
};

// The same ten characters as in MoldUDP64, but padded on the left on the wire. Here they stand as
// Session::from_text() makes them, whichever side the padding was on, so that sessions compare.
using Session = moldudp64::Session;

// In a login request: whichever session is current.
[[nodiscard]] inline bool is_blank(const Session& session) noexcept {
  return session.text().empty();
}

// May hold any other byte, too.
enum class RejectReason : std::uint8_t {
  not_authorized = 'A',
  session_not_available = 'S',
};

enum class FrameStatus : std::uint8_t {
  ok,
  incomplete,  // the packet goes on behind the bytes
  malformed,   // its length is 0: where the next one begins is not known
};

[[nodiscard]] constexpr std::string_view to_string(FrameStatus status) noexcept {
  switch (status) {
    case FrameStatus::ok: return "ok";
    case FrameStatus::incomplete: return "incomplete";
    case FrameStatus::malformed: return "malformed";
  }
  return "invalid";
}

}  // namespace tapeline::codec::soupbintcp

#pragma once

// Writes SoupBinTCP packets ("SoupBinTCP 3.00") of both sides into the caller's memory. Each
// function returns the bytes written.
//
// Thread safety: pure functions.

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "codec/bytes.hpp"
#include "codec/soupbintcp/number.hpp"
#include "codec/soupbintcp/packet.hpp"

namespace tapeline::codec::soupbintcp {

// Length and type alone, for a payload that stands behind them already.
// Requires: out.size() >= kHeaderBytes, payload_bytes <= kMaxPayloadBytes.
inline std::size_t write_header(std::span<std::byte> out, PacketType type,
                                std::size_t payload_bytes) noexcept {
  assert(out.size() >= kHeaderBytes && payload_bytes <= kMaxPayloadBytes);
  store_be(out.data(), static_cast<std::uint16_t>(1 + payload_bytes));
  out[kLengthBytes] = static_cast<std::byte>(type);
  return kHeaderBytes;
}

// Any packet. Requires: room for kHeaderBytes and the payload, payload.size() <= kMaxPayloadBytes.
inline std::size_t write_packet(std::span<std::byte> out, PacketType type,
                                std::span<const std::byte> payload) noexcept {
  assert(out.size() >= kHeaderBytes + payload.size());
  write_header(out, type, payload.size());
  if (!payload.empty()) std::memcpy(out.data() + kHeaderBytes, payload.data(), payload.size());
  return kHeaderBytes + payload.size();
}

inline std::size_t write_sequenced(std::span<std::byte> out,
                                   std::span<const std::byte> message) noexcept {
  return write_packet(out, PacketType::sequenced, message);
}
inline std::size_t write_unsequenced(std::span<std::byte> out,
                                     std::span<const std::byte> message) noexcept {
  return write_packet(out, PacketType::unsequenced, message);
}
inline std::size_t write_debug(std::span<std::byte> out, std::string_view text) noexcept {
  return write_packet(out, PacketType::debug, std::as_bytes(std::span{text}));
}
inline std::size_t write_server_heartbeat(std::span<std::byte> out) noexcept {
  return write_header(out, PacketType::server_heartbeat, 0);
}
inline std::size_t write_client_heartbeat(std::span<std::byte> out) noexcept {
  return write_header(out, PacketType::client_heartbeat, 0);
}
inline std::size_t write_end_of_session(std::span<std::byte> out) noexcept {
  return write_header(out, PacketType::end_of_session, 0);
}
inline std::size_t write_logout_request(std::span<std::byte> out) noexcept {
  return write_header(out, PacketType::logout_request, 0);
}

namespace detail {

enum class Justify : std::uint8_t { left, right };

template <std::size_t Width>
void write_text(std::span<std::byte, Width> field, std::string_view text,
                Justify justify) noexcept {
  assert(text.size() <= Width);
  const std::size_t count = std::min(text.size(), Width);
  std::memset(field.data(), ' ', Width);
  if (count == 0) return;
  std::memcpy(field.data() + (justify == Justify::right ? Width - count : 0), text.data(), count);
}

}  // namespace detail

// Requires: out.size() >= kHeaderBytes + kLoginRequestBytes, username and password not longer
// than their fields. A blank session asks for the current one.
inline std::size_t write_login_request(std::span<std::byte> out, std::string_view username,
                                       std::string_view password, const Session& session,
                                       std::uint64_t sequence) noexcept {
  using detail::Justify;
  assert(out.size() >= kHeaderBytes + kLoginRequestBytes);
  write_header(out, PacketType::login_request, kLoginRequestBytes);
  const auto body = out.subspan<kHeaderBytes, kLoginRequestBytes>();
  constexpr std::size_t kSessionAt = kUsernameBytes + kPasswordBytes;
  detail::write_text(body.first<kUsernameBytes>(), username, Justify::left);
  detail::write_text(body.subspan<kUsernameBytes, kPasswordBytes>(), password, Justify::left);
  detail::write_text(body.subspan<kSessionAt, kSessionBytes>(), session.text(), Justify::right);
  write_number(body.last<kSequenceBytes>(), sequence);
  return kHeaderBytes + kLoginRequestBytes;
}

// `sequence` is the number of the next sequenced packet.
// Requires: out.size() >= kHeaderBytes + kLoginAcceptedBytes.
inline std::size_t write_login_accepted(std::span<std::byte> out, const Session& session,
                                        std::uint64_t sequence) noexcept {
  assert(out.size() >= kHeaderBytes + kLoginAcceptedBytes);
  write_header(out, PacketType::login_accepted, kLoginAcceptedBytes);
  const auto body = out.subspan<kHeaderBytes, kLoginAcceptedBytes>();
  detail::write_text(body.first<kSessionBytes>(), session.text(), detail::Justify::right);
  write_number(body.last<kSequenceBytes>(), sequence);
  return kHeaderBytes + kLoginAcceptedBytes;
}

// Requires: out.size() >= kHeaderBytes + kLoginRejectedBytes.
inline std::size_t write_login_rejected(std::span<std::byte> out, RejectReason reason) noexcept {
  assert(out.size() >= kHeaderBytes + kLoginRejectedBytes);
  write_header(out, PacketType::login_rejected, kLoginRejectedBytes);
  out[kHeaderBytes] = static_cast<std::byte>(reason);
  return kHeaderBytes + kLoginRejectedBytes;
}

}  // namespace tapeline::codec::soupbintcp

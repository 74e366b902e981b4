#pragma once

// Reads SoupBinTCP packets in place ("SoupBinTCP 3.00").
//
// No length is used before it was checked against what is there; nothing is read outside the
// bytes that are given.
//
// Thread safety: pure functions.
// Lifetime:      payloads and fields are views into the bytes that were given.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "codec/bytes.hpp"
#include "codec/soupbintcp/number.hpp"
#include "codec/soupbintcp/packet.hpp"

namespace tapeline::codec::soupbintcp {

// What the length counts: a type and its payload.
struct Packet {
  PacketType type{};
  std::span<const std::byte> payload;
};

// Splits what stands behind the length. Requires: !content.empty().
[[nodiscard]] inline Packet split_content(std::span<const std::byte> content) noexcept {
  assert(!content.empty());
  return {static_cast<PacketType>(content.front()), content.subspan(1)};
}

struct ParsedPacket {
  FrameStatus status = FrameStatus::incomplete;
  PacketType type{};                   // only if ok
  std::span<const std::byte> payload;  // only if ok
  std::size_t bytes = 0;               // of the whole packet with its length; 0 unless ok
};

// The packet that the bytes begin with. The type is not looked at.
[[nodiscard]] inline ParsedPacket next_packet(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < kLengthBytes) return {};
  const std::size_t length = load_be<std::uint16_t>(bytes.data());
  if (length == 0) return {.status = FrameStatus::malformed, .type = {}, .payload = {}};
  if (length > bytes.size() - kLengthBytes) return {};
  const Packet packet = split_content(bytes.subspan(kLengthBytes, length));
  return {FrameStatus::ok, packet.type, packet.payload, kLengthBytes + length};
}

namespace detail {

// Without the padding: spaces on either side, and zero bytes, which Session::text() takes for
// padding, too.
[[nodiscard]] inline std::string_view trimmed(std::span<const std::byte> field) noexcept {
  const auto is_padding = [](char c) { return c == ' ' || c == '\0'; };
  std::string_view text{reinterpret_cast<const char*>(field.data()), field.size()};
  while (!text.empty() && is_padding(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_padding(text.back())) text.remove_suffix(1);
  return text;
}

// Letters compare without their case. The time it takes tells nothing but the lengths.
[[nodiscard]] inline bool same_text(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : int{c}; };
  if (a.size() != b.size()) return false;
  int difference = 0;
  for (std::size_t at = 0; at < a.size(); ++at) difference |= lower(a[at]) ^ lower(b[at]);
  return difference == 0;
}

}  // namespace detail

// What a client asks for. The credentials can be compared, but not read out.
class LoginRequest {
 public:
  using Bytes = std::span<const std::byte, kLoginRequestBytes>;

  LoginRequest(Bytes bytes, std::uint64_t sequence) noexcept : bytes_{bytes}, sequence_{sequence} {}

  // Upper and lower case are the same, as is padding.
  [[nodiscard]] bool is_by(std::string_view username, std::string_view password) const noexcept {
    using detail::same_text;
    using detail::trimmed;
    const bool user = same_text(trimmed(bytes_.first<kUsernameBytes>()), username);
    return same_text(trimmed(bytes_.subspan<kUsernameBytes, kPasswordBytes>()), password) && user;
  }
  // Blank for whichever is current.
  [[nodiscard]] Session session() const noexcept {
    constexpr std::size_t kAt = kUsernameBytes + kPasswordBytes;
    return Session::from_text(detail::trimmed(bytes_.subspan<kAt, kSessionBytes>()));
  }
  // Number of the first message to be sent; 0 for the next one that comes into being.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }

 private:
  Bytes bytes_;
  std::uint64_t sequence_;
};

// Nothing if the length or the sequence number is wrong.
[[nodiscard]] inline std::optional<LoginRequest> parse_login_request(
    std::span<const std::byte> payload) noexcept {
  if (payload.size() != kLoginRequestBytes) return std::nullopt;
  const auto sequence = parse_number(payload.last<kSequenceBytes>());
  if (!sequence) return std::nullopt;
  return LoginRequest{payload.first<kLoginRequestBytes>(), *sequence};
}

struct LoginAccepted {
  Session session;
  std::uint64_t sequence = 0;  // of the next sequenced packet
};

// Nothing if the length or the sequence number is wrong.
[[nodiscard]] inline std::optional<LoginAccepted> parse_login_accepted(
    std::span<const std::byte> payload) noexcept {
  if (payload.size() != kLoginAcceptedBytes) return std::nullopt;
  const auto sequence = parse_number(payload.last<kSequenceBytes>());
  if (!sequence) return std::nullopt;
  return LoginAccepted{Session::from_text(detail::trimmed(payload.first(kSessionBytes))),
                       *sequence};
}

// Nothing if the length is wrong. The reason may be one that the specification does not name.
[[nodiscard]] inline std::optional<RejectReason> parse_login_rejected(
    std::span<const std::byte> payload) noexcept {
  if (payload.size() != kLoginRejectedBytes) return std::nullopt;
  return static_cast<RejectReason>(payload.front());
}

}  // namespace tapeline::codec::soupbintcp

#pragma once

// Reads MoldUDP64 downstream packets and requests in place ("MoldUDP64 Protocol Specification
// V 1.00").
//
// Every length is checked against what is left before it is used: no message that is handed on
// reaches outside the payload. Whole blocks in front of damage are delivered, then the damage is
// reported. One pass, no allocation.
//
// Thread safety: pure functions.
// Lifetime:      messages are views into the payload.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>

#include "codec/bytes.hpp"
#include "codec/moldudp64/packet.hpp"

namespace tapeline::codec::moldudp64 {

struct ParsedHeader {
  Header header;                                  // all zero if too_short
  PacketStatus status = PacketStatus::too_short;  // ok: there are blocks, not yet looked at
};

// What the first 20 bytes say. Damage to the blocks is found by walking them.
[[nodiscard]] inline ParsedHeader parse_header(std::span<const std::byte> payload) noexcept {
  ParsedHeader parsed;
  if (payload.size() < kHeaderBytes) return parsed;
  std::memcpy(parsed.header.session.bytes.data(), payload.data(), kSessionBytes);
  parsed.header.sequence = load_be<std::uint64_t>(payload.data() + 10);
  parsed.header.count = load_be<std::uint16_t>(payload.data() + 18);

  const bool bare = payload.size() == kHeaderBytes;
  if (parsed.header.count == kHeartbeatCount) {
    parsed.status = bare ? PacketStatus::heartbeat : PacketStatus::trailing_bytes;
  } else if (parsed.header.count == kEndOfSessionCount) {
    parsed.status = bare ? PacketStatus::end_of_session : PacketStatus::end_of_session_with_payload;
  } else if (parsed.header.sequence >
             std::numeric_limits<std::uint64_t>::max() - parsed.header.count) {
    parsed.status = PacketStatus::sequence_overflow;
  } else {
    parsed.status = PacketStatus::ok;
  }
  return parsed;
}

// Calls fn(std::uint64_t sequence, std::span<const std::byte> message) for the blocks from the
// `first_block`-th on (0 = all; a number past the last block delivers nothing but still checks).
// Returns ok or what is wrong with the blocks.
// Requires: parse_header(payload) gave `header` with status ok.
template <typename Fn>
[[nodiscard, gnu::always_inline]] inline PacketStatus for_each_block(
    const Header& header, std::span<const std::byte> payload, std::size_t first_block, Fn&& fn) {
  const std::byte* at = payload.data() + kHeaderBytes;
  const std::byte* const end = payload.data() + payload.size();
  const std::size_t count = header.count;
  const std::uint64_t sequence = header.sequence;
  for (std::size_t index = 0; index < count; ++index) {
    const auto left = static_cast<std::size_t>(end - at);
    if (left < kLengthBytes) [[unlikely]] {
      return left == 0 ? PacketStatus::missing_blocks : PacketStatus::truncated_length;
    }
    const std::size_t length = load_be<std::uint16_t>(at);
    if (length > left - kLengthBytes) [[unlikely]]
      return PacketStatus::truncated_block;
    at += kLengthBytes;
    if (index >= first_block) fn(sequence + index, std::span<const std::byte>{at, length});
    at += length;
  }
  return at == end ? PacketStatus::ok : PacketStatus::trailing_bytes;
}

// The whole packet: header, then every block. Delivers nothing unless the header's status is ok,
// and returns that status otherwise.
template <typename Fn>
[[nodiscard, gnu::always_inline]] inline PacketStatus for_each_message(
    std::span<const std::byte> payload, Fn&& fn) {
  const ParsedHeader parsed = parse_header(payload);
  if (parsed.status != PacketStatus::ok) return parsed.status;
  return for_each_block(parsed.header, payload, 0, fn);
}

// A request packet, as a re-request server gets it. Nothing if it is not exactly kRequestBytes
// long, asks for no message, or for numbers that no session has: 0, or past the largest.
[[nodiscard]] inline std::optional<Request> parse_request(
    std::span<const std::byte> payload) noexcept {
  if (payload.size() != kRequestBytes) return std::nullopt;
  Request request;
  std::memcpy(request.session.bytes.data(), payload.data(), kSessionBytes);
  request.first = load_be<std::uint64_t>(payload.data() + 10);
  request.count = load_be<std::uint16_t>(payload.data() + 18);
  if (request.first == 0 || request.count == 0) return std::nullopt;
  if (request.first > std::numeric_limits<std::uint64_t>::max() - request.count) {
    return std::nullopt;
  }
  return request;
}

}  // namespace tapeline::codec::moldudp64

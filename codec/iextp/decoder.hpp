#pragma once

// Reads IEX-TP outbound segments in place ("IEX Transport Specification", version 1).
//
// Every length is checked against what is left before it is used: no message that is handed on
// reaches outside the payload that the header announces, or outside the datagram. Whole blocks in
// front of damage are delivered, then the damage is reported. One pass, no allocation.
//
// Thread safety: pure functions.
// Lifetime:      messages are views into the payload.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "codec/bytes.hpp"
#include "codec/iextp/packet.hpp"

namespace tapeline::codec::iextp {

struct ParsedHeader {
  Header header;                                  // all zero if too_short or wrong_version
  PacketStatus status = PacketStatus::too_short;  // ok: there are blocks, not yet looked at
};

// What the first 40 bytes say. Damage to the blocks is found by walking them.
[[nodiscard]] inline ParsedHeader parse_header(std::span<const std::byte> payload) noexcept {
  ParsedHeader parsed;
  if (payload.size() < kHeaderBytes) return parsed;
  const std::byte* const at = payload.data();
  if (load_le<std::uint8_t>(at) != kVersion) {
    parsed.status = PacketStatus::wrong_version;
    return parsed;
  }
  Header& header = parsed.header;
  std::memcpy(header.session.bytes.data(), at + 2, kSessionBytes);
  header.payload_bytes = load_le<std::uint16_t>(at + 12);
  header.count = load_le<std::uint16_t>(at + 14);
  header.stream_offset = load_le<std::uint64_t>(at + 16);
  header.sequence = load_le<std::uint64_t>(at + 24);
  header.send_time_ns = load_le<std::uint64_t>(at + 32);

  // The largest number has room above it for what a segment can add, so no sum wraps.
  if (header.stream_offset > kMaxNumber || header.next_offset() > kMaxNumber ||
      header.sequence > kMaxNumber || header.next_sequence() > kMaxNumber ||
      header.send_time_ns > kMaxNumber) {
    parsed.status = PacketStatus::number_out_of_range;
  } else if (header.count > 0) {
    parsed.status = PacketStatus::ok;
  } else {
    parsed.status = header.payload_bytes == 0 && payload.size() == kHeaderBytes
                        ? PacketStatus::heartbeat
                        : PacketStatus::trailing_bytes;
  }
  return parsed;
}

// Whether a datagram can be a segment of a protocol that we know, by what has to agree in its
// header. A packet of another transport that passes would have to be made for it.
[[nodiscard]] inline bool is_segment(std::span<const std::byte> payload) noexcept {
  const ParsedHeader parsed = parse_header(payload);
  if (parsed.status != PacketStatus::ok && parsed.status != PacketStatus::heartbeat) return false;
  return is_known(parsed.header.session.protocol()) &&
         payload.size() == kHeaderBytes + parsed.header.payload_bytes;
}

// Calls fn(std::uint64_t sequence, std::span<const std::byte> message) for the blocks from the
// `first_block`-th on (0 = all; a number past the last block delivers nothing but still checks).
// Returns ok or what is wrong with the blocks.
// Requires: parse_header(payload) gave `header` with status ok.
template <typename Fn>
[[nodiscard, gnu::always_inline]] inline PacketStatus for_each_block(
    const Header& header, std::span<const std::byte> payload, std::size_t first_block, Fn&& fn) {
  const std::size_t present = payload.size() - kHeaderBytes;
  const std::byte* at = payload.data() + kHeaderBytes;
  const std::byte* const end = at + std::min<std::size_t>(present, header.payload_bytes);
  const std::size_t count = header.count;
  const std::uint64_t sequence = header.sequence;
  for (std::size_t index = 0; index < count; ++index) {
    const auto left = static_cast<std::size_t>(end - at);
    if (left < kLengthBytes) [[unlikely]] {
      return left == 0 ? PacketStatus::missing_blocks : PacketStatus::truncated_length;
    }
    const std::size_t length = load_le<std::uint16_t>(at);
    if (length > left - kLengthBytes) [[unlikely]]
      return PacketStatus::truncated_block;
    at += kLengthBytes;
    if (index >= first_block) fn(sequence + index, std::span<const std::byte>{at, length});
    at += length;
  }
  if (at != end) [[unlikely]]
    return PacketStatus::trailing_bytes;
  return present == header.payload_bytes ? PacketStatus::ok : PacketStatus::wrong_payload_length;
}

// The whole segment: header, then every block. Delivers nothing unless the header's status is ok,
// and returns that status otherwise.
template <typename Fn>
[[nodiscard, gnu::always_inline]] inline PacketStatus for_each_message(
    std::span<const std::byte> payload, Fn&& fn) {
  const ParsedHeader parsed = parse_header(payload);
  if (parsed.status != PacketStatus::ok) return parsed.status;
  return for_each_block(parsed.header, payload, 0, fn);
}

}  // namespace tapeline::codec::iextp

#include "app/simulate/malformed.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

#include "codec/bytes.hpp"
#include "codec/moldudp64/decoder.hpp"

namespace tapeline::simulate {

namespace {

using codec::load_be;
using codec::store_be;
using codec::moldudp64::kEndOfSessionCount;
using codec::moldudp64::kHeaderBytes;
using codec::moldudp64::kHeartbeatCount;
using codec::moldudp64::kLengthBytes;
using codec::moldudp64::kSessionBytes;
using codec::moldudp64::PacketStatus;

constexpr std::size_t kSequenceOffset = 10;
constexpr std::size_t kCountOffset = 18;

[[nodiscard]] std::uint16_t count_of(std::span<const std::byte> packet) noexcept {
  return load_be<std::uint16_t>(packet.data() + kCountOffset);
}

struct Block {
  std::size_t at;  // of its length
  std::size_t bytes;
};

// Requires: the packet is good and has more than `index` blocks.
[[nodiscard]] Block block_at(std::span<const std::byte> packet, std::uint32_t index) noexcept {
  std::size_t at = kHeaderBytes;
  for (;; --index) {
    const std::size_t bytes = load_be<std::uint16_t>(packet.data() + at);
    if (index == 0) return {at, bytes};
    at += kLengthBytes + bytes;
  }
}

// A block that is not empty, from a random one on; one without bytes if all are empty.
[[nodiscard]] Block block_with_bytes(std::span<const std::byte> packet, Random& random) noexcept {
  const std::uint32_t count = count_of(packet);
  const std::uint32_t first = random.below(count);
  for (std::uint32_t tried = 0; tried < count; ++tried) {
    const Block block = block_at(packet, (first + tried) % count);
    if (block.bytes > 0) return block;
  }
  return block_at(packet, first);
}

[[nodiscard]] std::size_t trail(std::span<std::byte> out, std::size_t bytes,
                                Random& random) noexcept {
  const std::uint32_t more = random.between(1, kMaxTrailingBytes);
  for (std::uint32_t i = 0; i < more; ++i) out[bytes++] = static_cast<std::byte>(random.below(256));
  return bytes;
}

void write_odd_session(std::span<std::byte> out, Random& random) noexcept {
  const bool is_zero = out[0] == std::byte{0};  // as sessions of anonymised captures are
  if (!is_zero && random.one_in(2)) {
    std::memset(out.data(), 0, kSessionBytes);
  } else {
    for (std::size_t i = 0; i < kSessionBytes; ++i) {
      out[i] = static_cast<std::byte>(random.between(0x80, 0xFF));
    }
  }
}

}  // namespace

std::string_view to_string(MalformedKind kind) noexcept {
  switch (kind) {
    case MalformedKind::too_short: return "too_short";
    case MalformedKind::truncated_block: return "truncated_block";
    case MalformedKind::length_too_long: return "length_too_long";
    case MalformedKind::truncated_length: return "truncated_length";
    case MalformedKind::missing_blocks: return "missing_blocks";
    case MalformedKind::trailing_bytes: return "trailing_bytes";
    case MalformedKind::heartbeat_with_blocks: return "heartbeat_with_blocks";
    case MalformedKind::end_with_blocks: return "end_with_blocks";
    case MalformedKind::zero_sequence: return "zero_sequence";
    case MalformedKind::sequence_overflow: return "sequence_overflow";
    case MalformedKind::odd_session: return "odd_session";
    case MalformedKind::conflict: return "conflict";
  }
  return "invalid";
}

PacketStatus decoder_status(MalformedKind kind) noexcept {
  switch (kind) {
    case MalformedKind::too_short: return PacketStatus::too_short;
    case MalformedKind::truncated_block:
    case MalformedKind::length_too_long: return PacketStatus::truncated_block;
    case MalformedKind::truncated_length: return PacketStatus::truncated_length;
    case MalformedKind::missing_blocks: return PacketStatus::missing_blocks;
    case MalformedKind::trailing_bytes:
    case MalformedKind::heartbeat_with_blocks: return PacketStatus::trailing_bytes;
    case MalformedKind::end_with_blocks: return PacketStatus::end_of_session_with_payload;
    case MalformedKind::sequence_overflow: return PacketStatus::sequence_overflow;
    case MalformedKind::zero_sequence:
    case MalformedKind::odd_session:
    case MalformedKind::conflict: break;
  }
  return PacketStatus::ok;
}

std::optional<std::size_t> write_malformed(MalformedKind kind, std::span<const std::byte> packet,
                                           Random& random, std::span<std::byte> out) noexcept {
  assert(packet.size() > kHeaderBytes && out.size() >= packet.size() + kMaxTrailingBytes);
  std::copy(packet.begin(), packet.end(), out.begin());
  const std::uint32_t count = count_of(packet);
  switch (kind) {
    case MalformedKind::too_short: return random.below(kHeaderBytes);
    case MalformedKind::truncated_block: {
      const Block block = block_with_bytes(packet, random);
      if (block.bytes == 0) return std::nullopt;
      return block.at + kLengthBytes + random.below(static_cast<std::uint32_t>(block.bytes));
    }
    case MalformedKind::length_too_long: {
      const Block block = block_at(packet, random.below(count));
      const std::size_t left = packet.size() - block.at - kLengthBytes;
      if (left >= std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
      store_be(out.data() + block.at, static_cast<std::uint16_t>(random.between(
                                          static_cast<std::uint32_t>(left) + 1, 0xFFFF)));
      return packet.size();
    }
    case MalformedKind::truncated_length: return block_at(packet, random.below(count)).at + 1;
    case MalformedKind::missing_blocks: {
      const std::uint32_t most = kEndOfSessionCount - 1U;
      if (count >= most) return std::nullopt;
      store_be(out.data() + kCountOffset,
               static_cast<std::uint16_t>(count + 1 + random.below(std::min(most - count, 20U))));
      return packet.size();
    }
    case MalformedKind::trailing_bytes: return trail(out, packet.size(), random);
    case MalformedKind::heartbeat_with_blocks:
      store_be(out.data() + kCountOffset, kHeartbeatCount);
      return packet.size();
    case MalformedKind::end_with_blocks:
      store_be(out.data() + kCountOffset, kEndOfSessionCount);
      return packet.size();
    case MalformedKind::zero_sequence:
      store_be(out.data() + kSequenceOffset, std::uint64_t{0});
      return packet.size();
    case MalformedKind::sequence_overflow:
      store_be(out.data() + kSequenceOffset,
               std::numeric_limits<std::uint64_t>::max() - random.below(count));
      return packet.size();
    case MalformedKind::odd_session: write_odd_session(out, random); return packet.size();
    case MalformedKind::conflict: {
      const Block block = block_with_bytes(packet, random);
      if (block.bytes == 0) return std::nullopt;
      out[block.at + kLengthBytes + random.below(static_cast<std::uint32_t>(block.bytes))] ^=
          static_cast<std::byte>(random.between(1, 0xFF));
      return packet.size();
    }
  }
  return std::nullopt;
}

}  // namespace tapeline::simulate

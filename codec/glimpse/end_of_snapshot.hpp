#pragma once

// 'G' End of Snapshot: what closes a snapshot of an ITCH session ("GLIMPSE 5.0"). A snapshot comes
// over SoupBinTCP, as ITCH 5.0 messages in sequenced packets, this message last.
//
// Thread safety: pure functions.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "codec/soupbintcp/number.hpp"

namespace tapeline::codec::glimpse {

struct EndOfSnapshot {
  static constexpr char kType = 'G';
  static constexpr std::size_t kBytes = 1 + soupbintcp::kSequenceBytes;

  std::uint64_t next_sequence = 0;  // of the live message to go on with
};

// Whether a message of a snapshot is its end, by the type alone. No ITCH 5.0 message has it.
[[nodiscard]] inline bool is_end_of_snapshot(std::span<const std::byte> message) noexcept {
  return !message.empty() && message.front() == std::byte{EndOfSnapshot::kType};
}

// Nothing if the type, the length or the number is wrong.
[[nodiscard]] inline std::optional<EndOfSnapshot> parse_end_of_snapshot(
    std::span<const std::byte> message) noexcept {
  if (message.size() != EndOfSnapshot::kBytes || !is_end_of_snapshot(message)) return std::nullopt;
  const auto number = soupbintcp::parse_number(message.last<soupbintcp::kSequenceBytes>());
  if (!number) return std::nullopt;
  return EndOfSnapshot{*number};
}

// Requires: out.size() >= EndOfSnapshot::kBytes. Returns the bytes written.
inline std::size_t write_end_of_snapshot(std::span<std::byte> out,
                                         const EndOfSnapshot& end) noexcept {
  assert(out.size() >= EndOfSnapshot::kBytes);
  out[0] = std::byte{EndOfSnapshot::kType};
  soupbintcp::write_number(out.subspan<1, soupbintcp::kSequenceBytes>(), end.next_sequence);
  return EndOfSnapshot::kBytes;
}

}  // namespace tapeline::codec::glimpse

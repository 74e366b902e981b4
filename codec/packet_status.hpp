#pragma once

// What became of one packet of numbered messages, whatever its framing. Bytes from outside never
// throw and never end the process: they are told by one of these values and counted by the caller.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tapeline::codec {

enum class PacketStatus : std::uint8_t {
  ok,                           // blocks and nothing else
  heartbeat,                    // no blocks; `sequence` is the next to be sent
  end_of_session,               // no blocks; `sequence` is the next that would have been sent
  too_short,                    // ends inside the header
  missing_blocks,               // ends after a whole block, but more were announced
  truncated_length,             // ends inside the length of a block
  truncated_block,              // the length of a block exceeds what is left
  trailing_bytes,               // bytes after the last block, or after a heartbeat
  end_of_session_with_payload,  // bytes after the header of an end of session
  sequence_overflow,            // sequence + count passes the largest number; nothing is delivered
  wrong_version,                // another version of the framing; nothing is delivered
  number_out_of_range,          // a number that is none, as a negative one; nothing is delivered
  wrong_payload_length,         // all blocks are there, but the packet is longer than it says
};

inline constexpr std::size_t kPacketStatusCount = 13;

[[nodiscard]] constexpr bool is_malformed(PacketStatus status) noexcept {
  return status > PacketStatus::end_of_session;
}

[[nodiscard]] constexpr std::string_view to_string(PacketStatus status) noexcept {
  switch (status) {
    case PacketStatus::ok: return "ok";
    case PacketStatus::heartbeat: return "heartbeat";
    case PacketStatus::end_of_session: return "end_of_session";
    case PacketStatus::too_short: return "too_short";
    case PacketStatus::missing_blocks: return "missing_blocks";
    case PacketStatus::truncated_length: return "truncated_length";
    case PacketStatus::truncated_block: return "truncated_block";
    case PacketStatus::trailing_bytes: return "trailing_bytes";
    case PacketStatus::end_of_session_with_payload: return "end_of_session_with_payload";
    case PacketStatus::sequence_overflow: return "sequence_overflow";
    case PacketStatus::wrong_version: return "wrong_version";
    case PacketStatus::number_out_of_range: return "number_out_of_range";
    case PacketStatus::wrong_payload_length: return "wrong_payload_length";
  }
  return "invalid";
}

}  // namespace tapeline::codec

#pragma once

// Malformed MoldUDP64 packets, made of a good one: every kind of damage that a receiver has to
// find ("MoldUDP64 Protocol Specification V 1.00"), and only damage that it can find: no message
// that stays readable has other bytes than before, apart from the kind that says so.
//
// Thread safety: pure functions.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "app/simulate/random.hpp"
#include "codec/moldudp64/packet.hpp"

namespace tapeline::simulate {

enum class MalformedKind : std::uint8_t {
  too_short,              // ends inside the header
  truncated_block,        // ends inside a message
  length_too_long,        // the length of a block exceeds what is left
  truncated_length,       // ends inside the length of a block
  missing_blocks,         // more blocks announced than there are
  trailing_bytes,         // bytes behind the last block
  heartbeat_with_blocks,  // no messages announced, yet there are bytes
  end_with_blocks,        // an end of session with a payload
  zero_sequence,          // sequence number 0
  sequence_overflow,      // the numbers of its messages pass 2^64
  odd_session,            // another session, of zero bytes or of no ASCII
  conflict,               // another byte in one message: the same number, other content
};

inline constexpr std::size_t kMalformedKinds = 12;

// How much longer than the good packet a malformed one may be.
inline constexpr std::size_t kMaxTrailingBytes = 16;

[[nodiscard]] std::string_view to_string(MalformedKind kind) noexcept;

// What a decoder says of this kind; ok for those that only a sequencer can tell.
[[nodiscard]] codec::moldudp64::PacketStatus decoder_status(MalformedKind kind) noexcept;

// Writes `packet`, made malformed, to `out` and returns its length, which may be 0. Nothing if this
// packet can not be made so: a conflict needs a message that is not empty.
// Requires: `packet` is good and has at least one message; out.size() >= packet.size() +
// kMaxTrailingBytes.
[[nodiscard]] std::optional<std::size_t> write_malformed(MalformedKind kind,
                                                         std::span<const std::byte> packet,
                                                         Random& random,
                                                         std::span<std::byte> out) noexcept;

}  // namespace tapeline::simulate

#pragma once

// What a segment is to the stream it claims to belong to: its next part, a repetition, a part from
// behind a loss, or a part of another stream, because the publisher began its numbers anew without
// a new session number.
//
// Numbers that go back are what a late copy and a restart have in common. Two things tell them
// apart:
//   - A stream has one offset for each message number, and both rise together: n messages take at
//     least 2 n bytes and at most 65537 n. A segment whose two numbers do not fit to those of the
//     stream is of another one.
//   - A stream is sent once. A copy was sent when its original was, give or take the lag between
//     the lines; a segment that was sent clearly later than what the stream has reached, with
//     numbers behind it, is not a copy.
// Answers to re-requests are exempt: when they were sent says nothing. Do not ask about them.
//
// Thread safety: pure functions.
// Units:         nanoseconds since 1970, on the publisher's clock.

#include <cstdint>
#include <utility>

#include "codec/iextp/packet.hpp"

namespace tapeline::codec::iextp {

// How far a stream has come.
struct StreamPosition {
  std::uint64_t sequence = 0;       // of the next message
  std::uint64_t stream_offset = 0;  // of the next block
  std::uint64_t send_time_ns = 0;   // the latest of all segments of the stream so far

  [[nodiscard]] static constexpr StreamPosition behind(const Header& header) noexcept {
    return {header.next_sequence(), header.next_offset(), header.send_time_ns};
  }
  [[nodiscard]] static constexpr StreamPosition of(const Header& header) noexcept {
    return {header.sequence, header.stream_offset, header.send_time_ns};
  }
};

enum class Continuity : std::uint8_t {
  follows,      // begins where the stream stands
  repeats,      // begins before that: a copy, whole or in part
  skips,        // begins behind that: something is missing
  restarts,     // of another stream that was begun later: follow it
  contradicts,  // of another stream, but no later one: damage, or left over from before a restart
};

// More than two lines of one publisher lie apart; less than it takes a publisher to come back.
inline constexpr std::uint64_t kCopyLagNs = 1'000'000'000;

// Whether two places can lie in one stream.
[[nodiscard]] constexpr bool can_share_stream(std::uint64_t sequence_a, std::uint64_t offset_a,
                                              std::uint64_t sequence_b,
                                              std::uint64_t offset_b) noexcept {
  if (sequence_a > sequence_b) {
    std::swap(sequence_a, sequence_b);
    std::swap(offset_a, offset_b);
  }
  if (offset_a > offset_b) return false;
  const std::uint64_t messages = sequence_b - sequence_a;
  const std::uint64_t bytes = offset_b - offset_a;
  constexpr std::uint64_t kMost = kLengthBytes + 0xFFFF;
  return bytes / kLengthBytes >= messages && bytes / kMost + (bytes % kMost != 0) <= messages;
}

// What a segment that begins at `begin` is. Requires: it is of the stream's session, with status ok
// or heartbeat, and sequenced.
[[nodiscard]] constexpr Continuity continuity(const StreamPosition& stream,
                                              const StreamPosition& begin,
                                              std::uint64_t copy_lag_ns = kCopyLagNs) noexcept {
  const bool later = begin.send_time_ns > stream.send_time_ns;
  if (!can_share_stream(stream.sequence, stream.stream_offset, begin.sequence,
                        begin.stream_offset)) {
    return later ? Continuity::restarts : Continuity::contradicts;
  }
  if (begin.sequence == stream.sequence) return Continuity::follows;
  if (begin.sequence > stream.sequence) return Continuity::skips;
  return later && begin.send_time_ns - stream.send_time_ns > copy_lag_ns ? Continuity::restarts
                                                                         : Continuity::repeats;
}

[[nodiscard]] constexpr Continuity continuity(const StreamPosition& stream,
                                              const Header& header) noexcept {
  return continuity(stream, StreamPosition::of(header));
}

}  // namespace tapeline::codec::iextp

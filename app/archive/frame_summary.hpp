#pragma once

// What the index of an archive says of a frame, gathered packet by packet. A pure function of the
// packets, so that an index that is built again from the frames is the one that was lost.
//
// Thread safety: pure functions.

#include <cstdint>
#include <optional>
#include <span>

#include "codec/archive/frame_index.hpp"
#include "codec/archive/outage_note.hpp"
#include "net/packet_batch.hpp"

namespace tapeline::archive {

using codec::archive::FrameSummary;

// The numbers of the messages in an IP datagram: UDP, with a framing that net/framing.hpp knows
// and whose blocks are whole. `lost_bytes` of its end were cut off.
[[nodiscard]] std::optional<codec::archive::SequenceSpan> numbers_of(
    std::span<const std::byte> datagram, std::uint32_t lost_bytes) noexcept;

// Adds a packet whose record begins in the frame; `numbers` as numbers_of() gives them.
void add_packet(FrameSummary& frame, net::UnixNanos time,
                const std::optional<codec::archive::SequenceSpan>& numbers) noexcept;

// Packets that an archive misses. Ranges of several are put together; numbers are those of the
// first session.
struct Outage {
  std::uint64_t packets = 0;
  net::UnixNanos first_time = 0;
  net::UnixNanos last_time = 0;
  codec::archive::SequenceSpan numbers{};  // next 0: none

  void add_time(net::UnixNanos first, net::UnixNanos last) noexcept;
  void add_numbers(const codec::archive::SequenceSpan& more) noexcept;
  void add(const Outage& other) noexcept;
  // The ranges of a frame; not the count of its packets.
  void add_ranges(const FrameSummary& frame) noexcept;

  [[nodiscard]] codec::archive::OutageNote note() const noexcept;
};

}  // namespace tapeline::archive

#pragma once

// How the packets of a channel carry numbered messages: the framings that the sequencer knows,
// behind one shape.
//
// A framing has parse(payload), and for_each_block(header, payload, first_block, fn), which calls
// fn(std::uint64_t sequence, std::span<const std::byte> message) for the blocks from the
// `first_block`-th on and returns ok or what is wrong with the blocks.
//
// Thread safety: pure functions.
// Lifetime:      messages are views into the payload.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "codec/iextp/decoder.hpp"
#include "codec/iextp/stream_position.hpp"
#include "codec/moldudp64/decoder.hpp"
#include "codec/packet_status.hpp"

namespace tapeline::net {

using codec::PacketStatus;

enum class Framing : std::uint8_t { moldudp64, iextp };

// A session is ten bytes in both; see the codec for what they say.
using Session = codec::moldudp64::Session;
using PacketHeader = codec::moldudp64::Header;

struct ParsedPacket {
  PacketHeader header;
  PacketStatus status = PacketStatus::too_short;  // ok: there are blocks, not yet looked at
  // Where in the stream of its session the packet begins, and where the next does; only of framings
  // with kTellsOffset.
  codec::iextp::StreamPosition begin{};
  codec::iextp::StreamPosition end{};
};

struct MoldUdp64Framing {
  static constexpr bool kTellsOffset = false;

  [[nodiscard]] static ParsedPacket parse(std::span<const std::byte> payload) noexcept {
    const auto parsed = codec::moldudp64::parse_header(payload);
    return {.header = parsed.header, .status = parsed.status};
  }
  template <typename Fn>
  [[nodiscard, gnu::always_inline]] static PacketStatus for_each_block(
      const PacketHeader& header, std::span<const std::byte> payload, std::size_t first_block,
      Fn&& fn) {
    return codec::moldudp64::for_each_block(header, payload, first_block, fn);
  }
};

struct IexTpFraming {
  static constexpr bool kTellsOffset = true;

  [[nodiscard]] static ParsedPacket parse(std::span<const std::byte> payload) noexcept {
    const auto parsed = codec::iextp::parse_header(payload);
    const codec::iextp::Header& header = parsed.header;
    return {.header = {.session = std::bit_cast<Session>(header.session.bytes),
                       .sequence = header.sequence,
                       .count = header.count},
            .status = parsed.status,
            .begin = codec::iextp::StreamPosition::of(header),
            .end = codec::iextp::StreamPosition::behind(header)};
  }
  template <typename Fn>
  [[nodiscard, gnu::always_inline]] static PacketStatus for_each_block(
      const PacketHeader& /*header*/, std::span<const std::byte> payload, std::size_t first_block,
      Fn&& fn) {
    return codec::iextp::for_each_block(codec::iextp::parse_header(payload).header, payload,
                                        first_block, fn);
  }
};

// fn(framing) with the type for `framing`; returns what it returns.
template <typename Fn>
[[gnu::always_inline]] inline decltype(auto) with_framing(Framing framing, Fn&& fn) {
  if (framing == Framing::iextp) return fn(IexTpFraming{});
  return fn(MoldUdp64Framing{});
}

// What a packet says of its own framing. IEX-TP has a version, known protocols and a length that
// has to agree; MoldUDP64 has nothing to know it by, so it is what is left.
[[nodiscard]] inline Framing recognise_framing(std::span<const std::byte> payload) noexcept {
  return codec::iextp::is_segment(payload) ? Framing::iextp : Framing::moldudp64;
}

// Whether it is one from its first byte to its last, with messages, a heartbeat or the end of a
// session. Nothing in it says so: other bytes pass when they happen to fit.
[[nodiscard]] inline bool is_whole_mold_packet(std::span<const std::byte> payload) noexcept {
  return !codec::is_malformed(codec::moldudp64::for_each_message(
      payload, [](std::uint64_t, std::span<const std::byte>) {}));
}

// As people read it: the text of a MoldUDP64 session, "DEEP 1/4495f000" of an IEX-TP one (channel
// and session number). May hold any byte: escape it before printing.
[[nodiscard]] std::string session_name(const Session& session);

}  // namespace tapeline::net

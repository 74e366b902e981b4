#pragma once

// Puts messages into the packets of one line, in the framing that the session chooses: MoldUDP64
// packets or IEX-TP segments, numbered from 1 on.
//
// Thread safety: none.
// Ownership:     a packet is a view of the cutter's memory, valid until the next try_add().

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "app/simulate/packet_cutter.hpp"
#include "app/simulate/segment_cutter.hpp"
#include "net/framing.hpp"

namespace tapeline::simulate {

using LineSession = std::variant<codec::moldudp64::Session, codec::iextp::Session>;

// As people read it.
[[nodiscard]] inline std::string session_name(const LineSession& session) {
  return std::visit(
      [](const auto& of_framing) {
        return net::session_name(std::bit_cast<net::Session>(of_framing.bytes));
      },
      session);
}

class LineCutter {
 public:
  // Requires: options.packet_bytes is from kMinPacketBytes or kMinSegmentBytes to kMaxPacketBytes.
  LineCutter(const LineSession& session, const CutOptions& options)
      : cutter_{make(session, options)} {}

  // See PacketCutter.
  [[nodiscard]] bool is_due(std::uint64_t time_ns) const noexcept {
    return with<bool>(cutter_, [&](const auto& cutter) { return cutter.is_due(time_ns); });
  }
  [[nodiscard]] bool try_add(std::span<const std::byte> message, std::uint64_t time_ns) noexcept {
    return with<bool>(cutter_, [&](auto& cutter) { return cutter.try_add(message, time_ns); });
  }
  [[nodiscard]] bool is_empty() const noexcept {
    return with<bool>(cutter_, [](const auto& cutter) { return cutter.is_empty(); });
  }
  [[nodiscard]] std::uint64_t last_time_ns() const noexcept {
    return with<std::uint64_t>(cutter_, [](const auto& cutter) { return cutter.last_time_ns(); });
  }

  // `unix_ns` is when the packet is sent; those of MoldUDP64 do not say so.
  [[nodiscard]] std::span<const std::byte> finish(std::int64_t unix_ns) noexcept {
    if (auto* mold = std::get_if<PacketCutter>(&cutter_)) return mold->finish();
    return std::get_if<SegmentCutter>(&cutter_)->finish(unix_ns);
  }
  [[nodiscard]] std::span<const std::byte> heartbeat(std::int64_t unix_ns) noexcept {
    if (auto* mold = std::get_if<PacketCutter>(&cutter_)) return mold->heartbeat();
    return std::get_if<SegmentCutter>(&cutter_)->heartbeat(unix_ns);
  }
  [[nodiscard]] std::span<const std::byte> end_of_session(std::int64_t unix_ns) noexcept {
    if (auto* mold = std::get_if<PacketCutter>(&cutter_)) return mold->end_of_session();
    return std::get_if<SegmentCutter>(&cutter_)->end_of_session(unix_ns);
  }

 private:
  using Cutter = std::variant<PacketCutter, SegmentCutter>;

  [[nodiscard]] static Cutter make(const LineSession& session, const CutOptions& options) {
    if (const auto* mold = std::get_if<codec::moldudp64::Session>(&session)) {
      return Cutter{std::in_place_type<PacketCutter>, *mold, options};
    }
    return Cutter{std::in_place_type<SegmentCutter>, std::get<codec::iextp::Session>(session),
                  options};
  }
  // As std::visit, which may throw.
  template <typename Result, typename OneOf, typename Fn>
  [[nodiscard]] static Result with(OneOf& cutter, Fn&& fn) noexcept {
    if (auto* mold = std::get_if<PacketCutter>(&cutter)) return fn(*mold);
    return fn(*std::get_if<SegmentCutter>(&cutter));
  }

  Cutter cutter_;
};

}  // namespace tapeline::simulate

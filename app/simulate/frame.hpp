#pragma once

// A MoldUDP64 packet as a record of a pcap file: record header, Ethernet with or without a VLAN
// tag, IPv4 or IPv6, UDP with its checksum, payload.
//
// Thread safety: pure functions and values.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "codec/capture/encoder.hpp"

namespace tapeline::simulate {

struct FrameFormat {
  codec::capture::TimeUnit unit = codec::capture::TimeUnit::nano;
  std::optional<std::uint16_t> vlan;
};

// One line as its packets show it. Requires: both addresses are of the same family.
struct LinePath {
  codec::capture::Endpoint source;
  codec::capture::Endpoint group;
};

// The sender that a generated line has in captures: line 0 is A.
[[nodiscard]] LinePath make_path(const codec::capture::Endpoint& group, std::uint8_t line) noexcept;

// Bytes of the record with this payload.
[[nodiscard]] std::size_t record_bytes(const FrameFormat& format, const LinePath& path,
                                       std::size_t payload_bytes) noexcept;

// Writes record_bytes(...) bytes and returns how many that are. `time_ns` is since 1970.
std::size_t write_record(std::span<std::byte> out, const FrameFormat& format, const LinePath& path,
                         std::int64_t time_ns, std::uint16_t identification,
                         std::span<const std::byte> payload) noexcept;

}  // namespace tapeline::simulate

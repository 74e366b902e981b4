#pragma once

// Writes pcap files (little endian) and the Ethernet, IPv4, IPv6 and UDP headers of their packets.
//
// A UDP packet in an Ethernet frame is written from the front:
//   write_record_header(...), write_ethernet(...), write_ipv4_udp(...), payload.
// Each function writes at the start of `out`, returns the bytes written, and requires that `out`
// has that many.
//
// Thread safety: pure functions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "codec/bytes.hpp"
#include "codec/capture/address.hpp"
#include "codec/capture/decoder.hpp"
#include "codec/capture/link_type.hpp"

namespace tapeline::codec::capture {

enum class TimeUnit : std::uint8_t { micro, nano };

inline constexpr std::size_t kEthernetHeaderBytes = 14;
inline constexpr std::size_t kVlanTagBytes = 4;
inline constexpr std::size_t kIpv4UdpHeaderBytes = 28;
inline constexpr std::size_t kIpv6UdpHeaderBytes = 48;
inline constexpr std::size_t kMaxUdpPayloadBytes = 65'507;  // over IPv4

using MacAddress = std::array<std::uint8_t, 6>;

// kPcapHeaderBytes.
std::size_t write_file_header(MutableByteSpan out, TimeUnit unit, LinkType link_type,
                              std::uint32_t snaplen = kMaxCapturedBytes) noexcept;

// kRecordHeaderBytes. `time_ns` is since 1970 and not negative; microseconds are rounded down.
std::size_t write_record_header(MutableByteSpan out, TimeUnit unit, std::int64_t time_ns,
                                std::uint32_t captured_bytes,
                                std::uint32_t original_bytes) noexcept;

struct EthernetHeader {
  MacAddress destination{};
  MacAddress source{};
  std::optional<std::uint16_t> vlan;  // tag control information of an 802.1Q tag
  bool ipv6 = false;
};

// kEthernetHeaderBytes, and kVlanTagBytes more with a tag.
std::size_t write_ethernet(MutableByteSpan out, const EthernetHeader& header) noexcept;

// The Ethernet address that packets to this multicast group are sent to.
[[nodiscard]] MacAddress multicast_mac(const Address& group) noexcept;

struct UdpHeader {
  Endpoint source;
  Endpoint destination;
  std::uint8_t hops = 32;            // time to live
  std::uint16_t identification = 0;  // IPv4 only
};

// kIpv4UdpHeaderBytes. Writes the IPv4 checksum; the UDP checksum is left out (zero), as IPv4
// permits. Requires: both addresses are IPv4 and payload_bytes <= kMaxUdpPayloadBytes.
std::size_t write_ipv4_udp(MutableByteSpan out, const UdpHeader& header,
                           std::size_t payload_bytes) noexcept;

// The same with the UDP checksum, for which the payload is read.
std::size_t write_ipv4_udp(MutableByteSpan out, const UdpHeader& header, ByteSpan payload) noexcept;

// kIpv6UdpHeaderBytes, with the UDP checksum. Requires: payload.size() <= 65'527.
std::size_t write_ipv6_udp(MutableByteSpan out, const UdpHeader& header, ByteSpan payload) noexcept;

// The ones' complement sum of RFC 1071 over `bytes`, not yet complemented, added to `sum`.
[[nodiscard]] std::uint32_t add_to_checksum(std::uint32_t sum, ByteSpan bytes) noexcept;
[[nodiscard]] std::uint16_t finish_checksum(std::uint32_t sum) noexcept;

}  // namespace tapeline::codec::capture

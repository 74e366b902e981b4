#pragma once

// Finds the UDP datagram in a captured frame: link layer, IPv4 or IPv6, UDP.
//
// Link layers: Ethernet with up to three VLAN tags (802.1Q, QinQ) and MPLS labels, Linux cooked
// (SLL, SLL2), raw IP, BSD loopback. The lengths in the IP and UDP headers are trusted, never the
// end of the frame: frames are padded and carry check sums and time stamps of capture devices
// behind the IP packet. Checksums are not verified, because network cards fill them in after the
// capture point.
//
// Thread safety: pure functions. Never reads outside the frame, never allocates.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/bytes.hpp"
#include "codec/capture/address.hpp"
#include "codec/capture/link_type.hpp"

namespace tapeline::codec::capture {

// Why a frame gives no datagram.
enum class SkipReason : std::uint8_t {
  none,  // it does
  unknown_link_type,
  non_ip,    // ARP, LLDP, 802.3 and the like
  fragment,  // any fragment, the first one too
  not_udp,
  truncated,   // cut by the capture before the end of the UDP header
  bad_length,  // a length that contradicts another one
};
inline constexpr std::size_t kSkipReasonCount = 7;
[[nodiscard]] std::string_view to_string(SkipReason reason) noexcept;

struct Datagram {
  std::uint32_t ip_offset = 0;       // of the IP header in the frame
  std::uint32_t ip_bytes = 0;        // the IP packet as far as it was captured
  std::uint32_t payload_offset = 0;  // of the UDP payload in the IP packet
  std::uint32_t payload_bytes = 0;   // as far as it was captured
  std::uint32_t lost_bytes = 0;      // of the IP packet, cut off by the capture
  Endpoint source;
  Endpoint destination;
};

// `original_bytes` is the length of the frame on the wire; a captured frame may be shorter. An
// IPv4 total length of zero, which packets have that a network card was left to cut up, stands
// for the rest of the frame. Unless `none` is returned, `datagram` holds no meaning.
[[nodiscard]] SkipReason parse_datagram(LinkType link_type, ByteSpan frame,
                                        std::uint32_t original_bytes, Datagram& datagram) noexcept;

// A TCP segment (RFC 9293) in a captured frame.
struct Segment {
  std::uint32_t payload_offset = 0;  // in the frame
  std::uint32_t payload_bytes = 0;   // as far as it was captured
  std::uint32_t lost_bytes = 0;      // of the payload, cut off by the capture
  std::uint32_t sequence = 0;        // of the first byte of the payload
  Endpoint source;
  Endpoint destination;
};

// The same for TCP. `not_udp` stands for another protocol than TCP, `truncated` for a cut before
// the end of the TCP header.
[[nodiscard]] SkipReason parse_segment(LinkType link_type, ByteSpan frame,
                                       std::uint32_t original_bytes, Segment& segment) noexcept;

}  // namespace tapeline::codec::capture

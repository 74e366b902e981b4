#include "codec/capture/datagram.hpp"

#include <algorithm>

namespace tapeline::codec::capture {
namespace {

constexpr std::uint16_t kEtherIpv4 = 0x0800;
constexpr std::uint16_t kEtherIpv6 = 0x86DD;
constexpr std::uint16_t kEtherMpls = 0x8847;
constexpr std::uint16_t kEtherMplsUpstream = 0x8848;
constexpr int kMaxVlanTags = 3;
constexpr int kMaxMplsLabels = 8;
constexpr int kMaxIpv6Extensions = 8;

constexpr std::size_t kEthernetBytes = 14;
constexpr std::size_t kIpv4Bytes = 20;
constexpr std::size_t kIpv6Bytes = 40;
constexpr std::size_t kUdpBytes = 8;
constexpr std::size_t kTcpBytes = 20;

constexpr std::uint8_t kProtocolTcp = 6;
constexpr std::uint8_t kProtocolUdp = 17;

// A captured frame and how long it was on the wire.
struct Frame {
  ByteSpan bytes;
  std::size_t original;

  // The reason when a header reaches past the captured bytes.
  [[nodiscard]] SkipReason shortage() const noexcept {
    return original > bytes.size() ? SkipReason::truncated : SkipReason::bad_length;
  }
  [[nodiscard]] bool has(std::size_t end) const noexcept { return end <= bytes.size(); }
  [[nodiscard]] std::uint8_t byte(std::size_t at) const noexcept {
    return std::to_integer<std::uint8_t>(bytes[at]);
  }
  [[nodiscard]] std::uint16_t word(std::size_t at) const noexcept {
    return load_be<std::uint16_t>(bytes.data() + at);
  }
};

constexpr bool is_vlan(std::uint16_t type) noexcept {
  return type == 0x8100 || type == 0x88A8 || type == 0x9100;
}

// Goes by the version in the first byte of the IP header at `at`.
SkipReason check_version(const Frame& frame, std::size_t at) noexcept {
  if (!frame.has(at + 1)) return frame.shortage();
  const auto version = frame.byte(at) >> 4U;
  return version == 4 || version == 6 ? SkipReason::none : SkipReason::non_ip;
}

// `type_at` is the offset of an Ethernet type; the IP header follows at `next`, or behind tags.
SkipReason follow_ether_type(const Frame& frame, std::size_t type_at, std::size_t next,
                             std::size_t& ip_offset) noexcept {
  if (!frame.has(next)) return frame.shortage();
  std::uint16_t type = frame.word(type_at);
  for (int tags = 0; is_vlan(type); ++tags) {
    if (tags == kMaxVlanTags) return SkipReason::non_ip;
    if (!frame.has(next + 4)) return frame.shortage();
    type = frame.word(next + 2);
    next += 4;
  }
  if (type == kEtherMpls || type == kEtherMplsUpstream) {
    bool bottom = false;
    for (int labels = 0; !bottom; ++labels, next += 4) {
      if (labels == kMaxMplsLabels) return SkipReason::non_ip;
      if (!frame.has(next + 4)) return frame.shortage();
      bottom = (frame.byte(next + 2) & 1U) != 0;
    }
  } else if (type != kEtherIpv4 && type != kEtherIpv6) {
    return SkipReason::non_ip;
  }
  ip_offset = next;
  return check_version(frame, next);
}

SkipReason follow_loopback(const Frame& frame, std::size_t& ip_offset) noexcept {
  if (!frame.has(4)) return frame.shortage();
  const auto big = load_be<std::uint32_t>(frame.bytes.data());
  const std::uint32_t family = std::min(big, swap_bytes(big));  // either order: see which is small
  if (family != 2 && family != 24 && family != 28 && family != 30) return SkipReason::non_ip;
  ip_offset = 4;
  return check_version(frame, ip_offset);
}

SkipReason find_ip(LinkType link_type, const Frame& frame, std::size_t& ip_offset) noexcept {
  switch (link_type) {
    case LinkType::ethernet: return follow_ether_type(frame, 12, kEthernetBytes, ip_offset);
    case LinkType::linux_sll: return follow_ether_type(frame, 14, 16, ip_offset);
    case LinkType::linux_sll2: return follow_ether_type(frame, 0, 20, ip_offset);
    case LinkType::null:
    case LinkType::loop: return follow_loopback(frame, ip_offset);
    case LinkType::raw_12:
    case LinkType::raw_14:
    case LinkType::raw:
    case LinkType::ipv4:
    case LinkType::ipv6: ip_offset = 0; return check_version(frame, 0);
  }
  return SkipReason::unknown_link_type;
}

// What an IP packet holds: `total` bytes from the IP header on, the header of the protocol asked
// for at `next`, counted from there.
struct IpContent {
  std::size_t total = 0;
  std::size_t next = 0;
};

template <typename Ends>
SkipReason read_ipv4(const Frame& frame, std::size_t ip, std::uint8_t protocol, Ends& ends,
                     IpContent& content) noexcept {
  if (!frame.has(ip + kIpv4Bytes)) return frame.shortage();
  const std::size_t header = std::size_t{frame.byte(ip) & 0x0FU} * 4;
  const std::size_t on_wire = frame.original - ip;
  std::size_t total = frame.word(ip + 2);
  if (total == 0) total = on_wire;
  if (header < kIpv4Bytes || total < header || total > on_wire) return SkipReason::bad_length;
  if ((frame.word(ip + 6) & 0x3FFFU) != 0) return SkipReason::fragment;
  if (frame.byte(ip + 9) != protocol) return SkipReason::not_udp;
  const std::byte* const at = frame.bytes.data() + ip;
  ends.source.address = Address::from_ipv4(load_be<std::uint32_t>(at + 12));
  ends.destination.address = Address::from_ipv4(load_be<std::uint32_t>(at + 16));
  content = {total, header};
  return SkipReason::none;
}

// Finds the header of `wanted` behind extension headers: hop-by-hop, routing, fragment, destination
// options, authentication.
SkipReason skip_ipv6_extensions(const Frame& frame, std::size_t ip, std::uint8_t wanted,
                                IpContent& content) noexcept {
  std::uint8_t protocol = frame.byte(ip + 6);
  std::size_t at = kIpv6Bytes;
  for (int extensions = 0; extensions <= kMaxIpv6Extensions; ++extensions) {
    if (protocol == wanted) {
      content.next = at;
      return SkipReason::none;
    }
    const bool fragment = protocol == 44;
    const bool authentication = protocol == 51;
    if (!fragment && !authentication && protocol != 0 && protocol != 43 && protocol != 60) {
      return SkipReason::not_udp;
    }
    if (at + 8 > content.total) return SkipReason::bad_length;
    if (!frame.has(ip + at + 8)) return frame.shortage();
    // A fragment header with neither offset nor "more" stands in a whole packet.
    if (fragment && (frame.word(ip + at + 2) & 0xFFF9U) != 0) return SkipReason::fragment;
    protocol = frame.byte(ip + at);
    const std::size_t units = frame.byte(ip + at + 1);
    if (fragment) {
      at += 8;
    } else {
      at += authentication ? (units + 2) * 4 : (units + 1) * 8;
    }
  }
  return SkipReason::not_udp;
}

template <typename Ends>
SkipReason read_ipv6(const Frame& frame, std::size_t ip, std::uint8_t protocol, Ends& ends,
                     IpContent& content) noexcept {
  if (!frame.has(ip + kIpv6Bytes)) return frame.shortage();
  const std::size_t payload = frame.word(ip + 4);
  content.total = kIpv6Bytes + payload;
  if (payload == 0 || content.total > frame.original - ip) return SkipReason::bad_length;
  const SkipReason reason = skip_ipv6_extensions(frame, ip, protocol, content);
  if (reason != SkipReason::none) return reason;
  const std::byte* const at = frame.bytes.data() + ip;
  ends.source.address = {load_be<std::uint64_t>(at + 8), load_be<std::uint64_t>(at + 16)};
  ends.destination.address = {load_be<std::uint64_t>(at + 24), load_be<std::uint64_t>(at + 32)};
  return SkipReason::none;
}

// Finds the IP packet in a frame and in it the header of `protocol`. Ends: what has a source and a
// destination.
template <typename Ends>
SkipReason read_ip(LinkType link_type, const Frame& frame, std::uint8_t protocol, Ends& ends,
                   std::size_t& ip, IpContent& content) noexcept {
  const SkipReason reason = find_ip(link_type, frame, ip);
  if (reason != SkipReason::none) return reason;
  return frame.byte(ip) >> 4U == 4 ? read_ipv4(frame, ip, protocol, ends, content)
                                   : read_ipv6(frame, ip, protocol, ends, content);
}

SkipReason finish_udp(const Frame& frame, std::size_t ip, const IpContent& content,
                      Datagram& out) noexcept {
  const auto [total, udp] = content;
  if (udp + kUdpBytes > total) return SkipReason::bad_length;
  const std::size_t there = std::min(total, frame.bytes.size() - ip);
  if (udp + kUdpBytes > there) return frame.shortage();
  const std::size_t length = frame.word(ip + udp + 4);
  if (length < kUdpBytes || length > total - udp) return SkipReason::bad_length;
  out.ip_offset = static_cast<std::uint32_t>(ip);
  out.ip_bytes = static_cast<std::uint32_t>(there);
  out.payload_offset = static_cast<std::uint32_t>(udp + kUdpBytes);
  out.payload_bytes = static_cast<std::uint32_t>(std::min(length, there - udp) - kUdpBytes);
  out.lost_bytes = static_cast<std::uint32_t>(total - there);
  out.source.port = frame.word(ip + udp);
  out.destination.port = frame.word(ip + udp + 2);
  return SkipReason::none;
}

SkipReason finish_tcp(const Frame& frame, std::size_t ip, const IpContent& content,
                      Segment& out) noexcept {
  const auto [total, header] = content;
  if (header + kTcpBytes > total) return SkipReason::bad_length;
  const std::size_t there = std::min(total, frame.bytes.size() - ip);
  if (header + kTcpBytes > there) return frame.shortage();
  const std::size_t tcp_bytes = std::size_t{frame.byte(ip + header + 12)} >> 4U << 2U;
  const std::size_t payload = header + tcp_bytes;
  if (tcp_bytes < kTcpBytes || payload > total) return SkipReason::bad_length;
  if (payload > there) return frame.shortage();
  out.payload_offset = static_cast<std::uint32_t>(ip + payload);
  out.payload_bytes = static_cast<std::uint32_t>(there - payload);
  out.lost_bytes = static_cast<std::uint32_t>(total - there);
  out.sequence = load_be<std::uint32_t>(frame.bytes.data() + ip + header + 4);
  out.source.port = frame.word(ip + header);
  out.destination.port = frame.word(ip + header + 2);
  return SkipReason::none;
}

}  // namespace

std::string_view to_string(SkipReason reason) noexcept {
  switch (reason) {
    case SkipReason::none: return "none";
    case SkipReason::unknown_link_type: return "unknown_link_type";
    case SkipReason::non_ip: return "non_ip";
    case SkipReason::fragment: return "fragment";
    case SkipReason::not_udp: return "not_udp";
    case SkipReason::truncated: return "truncated";
    case SkipReason::bad_length: return "bad_length";
  }
  return "invalid";
}

SkipReason parse_datagram(LinkType link_type, ByteSpan frame, std::uint32_t original_bytes,
                          Datagram& datagram) noexcept {
  // Files exist whose original length is the smaller one; then nothing was cut.
  const Frame whole{frame, std::max<std::size_t>(frame.size(), original_bytes)};
  std::size_t ip = 0;
  IpContent content;
  const SkipReason reason = read_ip(link_type, whole, kProtocolUdp, datagram, ip, content);
  return reason == SkipReason::none ? finish_udp(whole, ip, content, datagram) : reason;
}

SkipReason parse_segment(LinkType link_type, ByteSpan frame, std::uint32_t original_bytes,
                         Segment& segment) noexcept {
  const Frame whole{frame, std::max<std::size_t>(frame.size(), original_bytes)};
  std::size_t ip = 0;
  IpContent content;
  const SkipReason reason = read_ip(link_type, whole, kProtocolTcp, segment, ip, content);
  return reason == SkipReason::none ? finish_tcp(whole, ip, content, segment) : reason;
}

}  // namespace tapeline::codec::capture

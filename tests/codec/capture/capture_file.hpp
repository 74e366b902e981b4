#pragma once

// Makes capture files and frames for tests, in both byte orders.
// It writes the formats from their description and shares no code with what is tested, except the
// writers of IP headers, which have tests of their own.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "codec/capture/encoder.hpp"
#include "codec/capture/link_type.hpp"

namespace tapeline::codec::capture::test {

using Bytes = std::vector<std::byte>;

// Appends integers in a chosen byte order.
class Writer {
 public:
  explicit Writer(bool big_endian) : big_endian_{big_endian} {}

  Writer& u8(std::uint64_t value) { return integer(value, 1); }
  Writer& u16(std::uint64_t value) { return integer(value, 2); }
  Writer& u32(std::uint64_t value) { return integer(value, 4); }
  Writer& u64(std::uint64_t value) { return integer(value, 8); }
  Writer& raw(std::span<const std::byte> data) {
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    return *this;
  }
  Writer& pad() {
    while (bytes_.size() % 4 != 0) bytes_.push_back(std::byte{0});
    return *this;
  }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  Writer& integer(std::uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) {
      const unsigned shift = 8 * (big_endian_ ? size - 1 - i : i);
      bytes_.push_back(static_cast<std::byte>(value >> shift & 0xFFU));
    }
    return *this;
  }

  bool big_endian_;
  Bytes bytes_;
};

inline void append(Bytes& to, std::span<const std::byte> more) {
  to.insert(to.end(), more.begin(), more.end());
}

struct PcapFormat {
  bool big_endian = false;
  bool nano = false;
};
inline constexpr PcapFormat kPcapFormats[] = {
    {false, false}, {false, true}, {true, false}, {true, true}};

inline Bytes pcap_header(PcapFormat format, LinkType link_type) {
  return Writer{format.big_endian}
      .u32(format.nano ? 0xA1B23C4D : 0xA1B2C3D4)
      .u16(2)
      .u16(4)
      .u32(0)
      .u32(0)
      .u32(262144)
      .u32(static_cast<std::uint32_t>(link_type))
      .bytes();
}

// `fraction` in the unit of the format.
inline void add_record(Bytes& file, PcapFormat format, std::uint32_t seconds,
                       std::uint32_t fraction, std::span<const std::byte> data,
                       std::optional<std::uint32_t> original = std::nullopt) {
  append(file, Writer{format.big_endian}
                   .u32(seconds)
                   .u32(fraction)
                   .u32(data.size())
                   .u32(original.value_or(static_cast<std::uint32_t>(data.size())))
                   .raw(data)
                   .bytes());
}

// A pcapng block around `body`, which is padded.
inline Bytes block(bool big_endian, std::uint32_t type, const Bytes& body) {
  const std::size_t length = 12 + (body.size() + 3) / 4 * 4;
  return Writer{big_endian}.u32(type).u32(length).raw(body).pad().u32(length).bytes();
}

inline Bytes section_block(bool big_endian) {
  return block(big_endian, 0x0A0D0D0A,
               Writer{big_endian}.u32(0x1A2B3C4D).u16(1).u16(0).u64(~std::uint64_t{0}).bytes());
}

inline Bytes option(bool big_endian, std::uint16_t code, const Bytes& value) {
  return Writer{big_endian}.u16(code).u16(value.size()).raw(value).pad().bytes();
}

inline Bytes interface_block(bool big_endian, LinkType link_type, const Bytes& options = {},
                             std::uint32_t snaplen = 0) {
  return block(big_endian, 1,
               Writer{big_endian}
                   .u16(static_cast<std::uint16_t>(link_type))
                   .u16(0)
                   .u32(snaplen)
                   .raw(options)
                   .bytes());
}

inline Bytes packet_block(bool big_endian, std::uint32_t interface, std::uint64_t ticks,
                          std::span<const std::byte> data,
                          std::optional<std::uint32_t> original = std::nullopt,
                          const Bytes& options = {}) {
  const auto bytes = static_cast<std::uint32_t>(data.size());
  return block(big_endian, 6,
               Writer{big_endian}
                   .u32(interface)
                   .u32(ticks >> 32U)
                   .u32(ticks)
                   .u32(bytes)
                   .u32(original.value_or(bytes))
                   .raw(data)
                   .pad()
                   .raw(options)
                   .bytes());
}

inline Bytes text(const char* characters) {
  Bytes bytes;
  for (; *characters != '\0'; ++characters) bytes.push_back(static_cast<std::byte>(*characters));
  return bytes;
}

// An IPv4 or IPv6 packet from 10.0.0.1:1000 to 239.0.0.1:26400 (ff02::1) around `payload`.
inline Bytes ip_packet(bool ipv6, std::span<const std::byte> payload, std::uint16_t port = 26400) {
  Bytes packet(ipv6 ? kIpv6UdpHeaderBytes : kIpv4UdpHeaderBytes);
  if (ipv6) {
    write_ipv6_udp(packet,
                   {{*Address::from_text("fe80::1"), 1000}, {*Address::from_text("ff02::1"), port}},
                   payload);
  } else {
    write_ipv4_udp(packet,
                   {{Address::from_ipv4(0x0A000001), 1000}, {Address::from_ipv4(0xEF000001), port}},
                   payload);
  }
  append(packet, payload);
  return packet;
}

// A frame of `link_type` around an IP packet; `vlan_tags` for link layers with an Ethernet type.
inline Bytes frame(LinkType link_type, int vlan_tags, bool ipv6, const Bytes& packet) {
  Writer out{true};
  const std::uint32_t ether = ipv6 ? 0x86DD : 0x0800;
  const auto type_and_tags = [&](auto&& behind_type) {
    out.u16(vlan_tags > 0 ? (vlan_tags > 1 ? 0x88A8 : 0x8100) : ether);
    behind_type();
    const auto tags = static_cast<std::uint64_t>(vlan_tags);
    for (std::uint64_t tag = 1; tag <= tags; ++tag)
      out.u16(100 + tag).u16(tag == tags ? ether : 0x8100);
  };
  switch (link_type) {
    case LinkType::ethernet:
      out.u32(0x01005E00).u32(0x00010200).u32(0x00000001);
      type_and_tags([] {});
      break;
    case LinkType::linux_sll:
      out.u16(0).u16(1).u16(6).u64(0x0200000000010000);
      type_and_tags([] {});
      break;
    case LinkType::linux_sll2:
      type_and_tags([&] { out.u16(0).u32(3).u16(1).u8(0).u8(6).u64(0x0200000000010000); });
      break;
    case LinkType::null: out.raw(Writer{false}.u32(ipv6 ? 30 : 2).bytes()); break;
    case LinkType::loop: out.u32(ipv6 ? 24 : 2); break;
    default: break;
  }
  return out.raw(packet).bytes();
}

inline constexpr LinkType kLinkTypes[] = {
    LinkType::null, LinkType::ethernet,  LinkType::raw_12, LinkType::raw_14, LinkType::raw,
    LinkType::loop, LinkType::linux_sll, LinkType::ipv4,   LinkType::ipv6,   LinkType::linux_sll2};

inline bool has_ether_type(LinkType link_type) {
  return link_type == LinkType::ethernet || link_type == LinkType::linux_sll ||
         link_type == LinkType::linux_sll2;
}

}  // namespace tapeline::codec::capture::test

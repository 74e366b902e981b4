#include "codec/capture/encoder.hpp"

#include <cassert>
#include <cstring>

namespace tapeline::codec::capture {
namespace {

constexpr std::uint8_t kProtocolUdp = 17;
constexpr std::size_t kUdpHeaderBytes = 8;
constexpr std::size_t kIpv4HeaderBytes = 20;
constexpr std::size_t kIpv6HeaderBytes = 40;

template <typename T>
T narrow(std::size_t value) noexcept {
  assert(value <= static_cast<T>(-1));
  return static_cast<T>(value);
}

void write_udp(std::byte* out, const UdpHeader& header, std::size_t payload_bytes) noexcept {
  store_be(out, header.source.port);
  store_be(out + 2, header.destination.port);
  store_be(out + 4, narrow<std::uint16_t>(kUdpHeaderBytes + payload_bytes));
  store_be(out + 6, std::uint16_t{0});
}

// `addresses` are those of the IP header, source and destination side by side.
void write_udp_checksum(std::byte* udp, ByteSpan addresses, ByteSpan payload) noexcept {
  std::uint32_t sum = add_to_checksum(kProtocolUdp, addresses);
  sum += narrow<std::uint16_t>(kUdpHeaderBytes + payload.size());
  sum = add_to_checksum(sum, {udp, kUdpHeaderBytes});
  const std::uint16_t checksum = finish_checksum(add_to_checksum(sum, payload));
  // Zero would say that there is none; its other representation stands for it.
  store_be(udp + 6, checksum == 0 ? std::uint16_t{0xFFFF} : checksum);
}

}  // namespace

std::size_t write_file_header(MutableByteSpan out, TimeUnit unit, LinkType link_type,
                              std::uint32_t snaplen) noexcept {
  assert(out.size() >= kPcapHeaderBytes);
  std::byte* const at = out.data();
  store_le(at, unit == TimeUnit::nano ? std::uint32_t{0xA1B23C4D} : std::uint32_t{0xA1B2C3D4});
  store_le(at + 4, std::uint16_t{2});
  store_le(at + 6, std::uint16_t{4});
  store_le(at + 8, std::uint64_t{0});  // time zone and accuracy: always zero
  store_le(at + 16, snaplen);
  store_le(at + 20, static_cast<std::uint32_t>(link_type));
  return kPcapHeaderBytes;
}

std::size_t write_record_header(MutableByteSpan out, TimeUnit unit, std::int64_t time_ns,
                                std::uint32_t captured_bytes,
                                std::uint32_t original_bytes) noexcept {
  assert(out.size() >= kRecordHeaderBytes && time_ns >= 0);
  const auto time = static_cast<std::uint64_t>(time_ns);
  const std::uint64_t fraction = time % 1'000'000'000;
  std::byte* const at = out.data();
  store_le(at, static_cast<std::uint32_t>(time / 1'000'000'000));
  store_le(at + 4, static_cast<std::uint32_t>(unit == TimeUnit::nano ? fraction : fraction / 1000));
  store_le(at + 8, captured_bytes);
  store_le(at + 12, original_bytes);
  return kRecordHeaderBytes;
}

std::size_t write_ethernet(MutableByteSpan out, const EthernetHeader& header) noexcept {
  const std::size_t bytes = kEthernetHeaderBytes + (header.vlan ? kVlanTagBytes : 0);
  assert(out.size() >= bytes);
  std::memcpy(out.data(), header.destination.data(), header.destination.size());
  std::memcpy(out.data() + 6, header.source.data(), header.source.size());
  if (header.vlan) {
    store_be(out.data() + 12, std::uint16_t{0x8100});
    store_be(out.data() + 14, *header.vlan);
  }
  const auto type = header.ipv6 ? std::uint16_t{0x86DD} : std::uint16_t{0x0800};
  store_be(out.data() + bytes - 2, type);
  return bytes;
}

MacAddress multicast_mac(const Address& group) noexcept {
  const auto low = static_cast<std::uint32_t>(group.low);
  const auto octet = [low](unsigned shift) {
    return static_cast<std::uint8_t>(low >> shift & 0xFFU);
  };
  if (!group.is_ipv4()) return {0x33, 0x33, octet(24), octet(16), octet(8), octet(0)};
  return {0x01, 0x00, 0x5E, static_cast<std::uint8_t>(octet(16) & 0x7FU), octet(8), octet(0)};
}

std::size_t write_ipv4_udp(MutableByteSpan out, const UdpHeader& header,
                           std::size_t payload_bytes) noexcept {
  assert(out.size() >= kIpv4UdpHeaderBytes && payload_bytes <= kMaxUdpPayloadBytes);
  assert(header.source.address.is_ipv4() && header.destination.address.is_ipv4());
  std::byte* const at = out.data();
  store_be(at, std::uint16_t{0x4500});
  store_be(at + 2, narrow<std::uint16_t>(kIpv4UdpHeaderBytes + payload_bytes));
  store_be(at + 4, header.identification);
  store_be(at + 6, std::uint16_t{0x4000});  // do not fragment
  at[8] = std::byte{header.hops};
  at[9] = std::byte{kProtocolUdp};
  store_be(at + 10, std::uint16_t{0});
  store_be(at + 12, header.source.address.ipv4());
  store_be(at + 16, header.destination.address.ipv4());
  store_be(at + 10, finish_checksum(add_to_checksum(0, {at, kIpv4HeaderBytes})));
  write_udp(at + kIpv4HeaderBytes, header, payload_bytes);
  return kIpv4UdpHeaderBytes;
}

std::size_t write_ipv4_udp(MutableByteSpan out, const UdpHeader& header,
                           ByteSpan payload) noexcept {
  write_ipv4_udp(out, header, payload.size());
  write_udp_checksum(out.data() + kIpv4HeaderBytes, out.subspan(12, 8), payload);
  return kIpv4UdpHeaderBytes;
}

std::size_t write_ipv6_udp(MutableByteSpan out, const UdpHeader& header,
                           ByteSpan payload) noexcept {
  assert(out.size() >= kIpv6UdpHeaderBytes);
  std::byte* const at = out.data();
  store_be(at, std::uint32_t{0x6000'0000});
  store_be(at + 4, narrow<std::uint16_t>(kUdpHeaderBytes + payload.size()));
  at[6] = std::byte{kProtocolUdp};
  at[7] = std::byte{header.hops};
  store_be(at + 8, header.source.address.high);
  store_be(at + 16, header.source.address.low);
  store_be(at + 24, header.destination.address.high);
  store_be(at + 32, header.destination.address.low);
  write_udp(at + kIpv6HeaderBytes, header, payload.size());
  write_udp_checksum(at + kIpv6HeaderBytes, out.subspan(8, 32), payload);
  return kIpv6UdpHeaderBytes;
}

std::uint32_t add_to_checksum(std::uint32_t sum, ByteSpan bytes) noexcept {
  std::uint64_t wide = sum;
  std::size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) wide += load_be<std::uint32_t>(bytes.data() + at);
  if (at + 2 <= bytes.size()) {
    wide += load_be<std::uint16_t>(bytes.data() + at);
    at += 2;
  }
  if (at < bytes.size()) wide += std::to_integer<std::uint64_t>(bytes[at]) << 8U;
  while (wide > 0xFFFF) wide = (wide & 0xFFFFU) + (wide >> 16U);
  return static_cast<std::uint32_t>(wide);
}

std::uint16_t finish_checksum(std::uint32_t sum) noexcept {
  while (sum > 0xFFFF) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace tapeline::codec::capture

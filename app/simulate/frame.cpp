#include "app/simulate/frame.hpp"

#include <cassert>
#include <cstring>

namespace tapeline::simulate {

namespace {

namespace capture = codec::capture;

constexpr std::uint8_t kHops = 32;
constexpr std::uint16_t kSourcePort = 30'001;

[[nodiscard]] std::size_t header_bytes(const FrameFormat& format, const LinePath& path) noexcept {
  return capture::kEthernetHeaderBytes + (format.vlan ? capture::kVlanTagBytes : 0) +
         (path.group.address.is_ipv4() ? capture::kIpv4UdpHeaderBytes
                                       : capture::kIpv6UdpHeaderBytes);
}

}  // namespace

LinePath make_path(const capture::Endpoint& group, std::uint8_t line) noexcept {
  const auto number = static_cast<std::uint32_t>(line + 1);
  const capture::Address source =
      group.address.is_ipv4()
          ? capture::Address::from_ipv4(0x0A40'0001U + (number << 8U))  // 10.64.1.1 for line A
          : capture::Address{0xFD00'0000'0000'0000U | number, 0x0000'0001U};
  return {.source = {source, kSourcePort}, .group = group};
}

std::size_t record_bytes(const FrameFormat& format, const LinePath& path,
                         std::size_t payload_bytes) noexcept {
  return capture::kRecordHeaderBytes + header_bytes(format, path) + payload_bytes;
}

std::size_t write_record(std::span<std::byte> out, const FrameFormat& format, const LinePath& path,
                         std::int64_t time_ns, std::uint16_t identification,
                         std::span<const std::byte> payload) noexcept {
  assert(out.size() >= record_bytes(format, path, payload.size()));
  const bool ipv6 = !path.group.address.is_ipv4();
  const auto frame_bytes = static_cast<std::uint32_t>(header_bytes(format, path) + payload.size());
  std::size_t used =
      capture::write_record_header(out, format.unit, time_ns, frame_bytes, frame_bytes);
  used += capture::write_ethernet(out.subspan(used),
                                  {.destination = capture::multicast_mac(path.group.address),
                                   .source = {0x02, 0, 0, 0, 0, 0x01},
                                   .vlan = format.vlan,
                                   .ipv6 = ipv6});
  const capture::UdpHeader header{.source = path.source,
                                  .destination = path.group,
                                  .hops = kHops,
                                  .identification = identification};
  used += ipv6 ? capture::write_ipv6_udp(out.subspan(used), header, payload)
               : capture::write_ipv4_udp(out.subspan(used), header, payload);
  std::memcpy(out.data() + used, payload.data(), payload.size());
  return used + payload.size();
}

}  // namespace tapeline::simulate

#include "net/ip_header.hpp"

#include <netinet/in.h>

#include <cassert>
#include <cstring>

#include "codec/bytes.hpp"

namespace tapeline::net {

namespace {

constexpr std::size_t kV4IpBytes = 20;
constexpr std::size_t kV6IpBytes = 40;
constexpr std::size_t kUdpBytes = 8;

std::uint32_t sum_of_words(const std::byte* bytes, std::size_t count) noexcept {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < count; at += 2) sum += codec::load_be<std::uint16_t>(bytes + at);
  return sum;
}

std::uint16_t fold(std::uint32_t sum) noexcept {
  sum = (sum & 0xFFFFU) + (sum >> 16U);
  sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

IpHeader::IpHeader(const Endpoint& destination) noexcept : v6_{destination.is_v6()} {
  std::byte* const at = header_.data();
  if (v6_) {
    at[0] = std::byte{0x60};
    at[6] = std::byte{IPPROTO_UDP};
    at[7] = std::byte{64};  // hop limit
    std::memcpy(at + 24, &destination.v6(), sizeof(in6_addr));
    codec::store_be(at + kV6IpBytes + 2, destination.port());
  } else {
    at[0] = std::byte{0x45};
    at[8] = std::byte{64};  // time to live
    at[9] = std::byte{IPPROTO_UDP};
    std::memcpy(at + 16, &destination.v4(), sizeof(in_addr));
    v4_sum_ = sum_of_words(at, kV4IpBytes);
    codec::store_be(at + kV4IpBytes + 2, destination.port());
  }
}

void IpHeader::write(std::byte* at, const sockaddr_storage& source,
                     std::size_t payload_bytes) const noexcept {
  assert(payload_bytes <= kMaxPayloadBytes);
  const auto udp_bytes = static_cast<std::uint16_t>(payload_bytes + kUdpBytes);
  if (v6_) {
    sockaddr_in6 from{};
    std::memcpy(&from, &source, sizeof from);
    std::memcpy(at, header_.data(), kV6Bytes);
    codec::store_be(at + 4, udp_bytes);
    std::memcpy(at + 8, &from.sin6_addr, sizeof(in6_addr));
    std::memcpy(at + kV6IpBytes, &from.sin6_port, sizeof from.sin6_port);
    codec::store_be(at + kV6IpBytes + 4, udp_bytes);
    return;
  }
  sockaddr_in from{};
  std::memcpy(&from, &source, sizeof from);
  const auto ip_bytes = static_cast<std::uint16_t>(udp_bytes + kV4IpBytes);
  std::memcpy(at, header_.data(), kV4Bytes);
  codec::store_be(at + 2, ip_bytes);
  std::memcpy(at + 12, &from.sin_addr, sizeof(in_addr));
  codec::store_be(at + 10, fold(v4_sum_ + ip_bytes + sum_of_words(at + 12, sizeof(in_addr))));
  std::memcpy(at + kV4IpBytes, &from.sin_port, sizeof from.sin_port);
  codec::store_be(at + kV4IpBytes + 4, udp_bytes);
}

}  // namespace tapeline::net

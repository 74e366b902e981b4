#include "net/tcp_header.hpp"

#include <netinet/in.h>

#include <cassert>
#include <cstring>

#include "codec/bytes.hpp"

namespace tapeline::net {

namespace {

constexpr std::size_t kV4IpBytes = 20;
constexpr std::size_t kV6IpBytes = 40;
constexpr std::size_t kTcpBytes = 20;
constexpr std::size_t kV4LengthAt = 2;
constexpr std::size_t kV4ChecksumAt = 10;
constexpr std::size_t kV6LengthAt = 4;
constexpr std::size_t kSequenceAt = 4;  // in the TCP header

std::uint16_t fold(std::uint32_t sum) noexcept {
  sum = (sum & 0xFFFFU) + (sum >> 16U);
  sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

void write_tcp(std::byte* at, std::uint16_t source_port, std::uint16_t destination_port) noexcept {
  codec::store_be(at, source_port);
  codec::store_be(at + 2, destination_port);
  codec::store_be(at + 8, std::uint32_t{1});  // acknowledged
  at[12] = std::byte{kTcpBytes / 4 * 16};
  at[13] = std::byte{0x18};  // PSH, ACK
  codec::store_be(at + 14, std::uint16_t{0xFFFF});
}

}  // namespace

TcpHeader::TcpHeader(const Endpoint& source, const Endpoint& destination,
                     std::uint32_t first_sequence) noexcept
    : v6_{source.is_v6()}, sequence_{first_sequence} {
  assert(source.family() == destination.family());
  std::byte* const at = header_.data();
  if (v6_) {
    at[0] = std::byte{0x60};
    at[6] = std::byte{IPPROTO_TCP};
    at[7] = std::byte{64};  // hop limit
    std::memcpy(at + 8, &source.v6(), sizeof(in6_addr));
    std::memcpy(at + 24, &destination.v6(), sizeof(in6_addr));
    write_tcp(at + kV6IpBytes, source.port(), destination.port());
    return;
  }
  at[0] = std::byte{0x45};
  at[8] = std::byte{64};  // time to live
  at[9] = std::byte{IPPROTO_TCP};
  std::memcpy(at + 12, &source.v4(), sizeof(in_addr));
  std::memcpy(at + 16, &destination.v4(), sizeof(in_addr));
  for (std::size_t word = 0; word < kV4IpBytes; word += 2) {
    v4_sum_ += codec::load_be<std::uint16_t>(at + word);
  }
  write_tcp(at + kV4IpBytes, source.port(), destination.port());
}

void TcpHeader::write(std::byte* at, std::size_t payload_bytes) noexcept {
  assert(payload_bytes <= kMaxPayloadBytes);
  std::memcpy(at, header_.data(), bytes());
  const auto tcp_bytes = static_cast<std::uint16_t>(kTcpBytes + payload_bytes);
  if (v6_) {
    codec::store_be(at + kV6LengthAt, tcp_bytes);
  } else {
    const auto ip_bytes = static_cast<std::uint16_t>(kV4IpBytes + tcp_bytes);
    codec::store_be(at + kV4LengthAt, ip_bytes);
    codec::store_be(at + kV4ChecksumAt, fold(v4_sum_ + ip_bytes));
  }
  codec::store_be(at + bytes() - kTcpBytes + kSequenceAt, sequence_);
  sequence_ += static_cast<std::uint32_t>(payload_bytes);
}

}  // namespace tapeline::net

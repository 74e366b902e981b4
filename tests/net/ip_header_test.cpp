#include "net/ip_header.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace tapeline::net {
namespace {

sockaddr_storage source_of(const Endpoint& endpoint) {
  sockaddr_storage storage{};
  std::memcpy(&storage, endpoint.data(), endpoint.size());
  return storage;
}

template <std::size_t N>
void expect_bytes(const std::byte* got, const std::array<unsigned, N>& expected) {
  for (std::size_t at = 0; at < N; ++at) {
    EXPECT_EQ(std::to_integer<unsigned>(got[at]), expected[at]) << at;
  }
}

TEST(IpHeader, WritesIpv4WithItsChecksum) {
  const IpHeader header{Endpoint{"239.1.2.3", 26400}};
  ASSERT_EQ(header.bytes(), 28U);
  std::array<std::byte, 28> bytes{};
  header.write(bytes.data(), source_of(Endpoint{"10.0.0.7", 5000}), 100);
  expect_bytes<28>(bytes.data(),
                   {0x45, 0, 0,   128, 0, 0, 0,    0,    64,   17,   0x7F, 0x62, 10, 0,
                    0,    7, 239, 1,   2, 3, 0x13, 0x88, 0x67, 0x20, 0,    108,  0,  0});
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < 20; at += 2) {
    sum += (std::to_integer<std::uint32_t>(bytes[at]) << 8U) |
           std::to_integer<std::uint32_t>(bytes[at + 1]);
  }
  EXPECT_EQ((sum & 0xFFFFU) + (sum >> 16U), 0xFFFFU);  // as RFC 1071 checks it
}

TEST(IpHeader, WritesIpv6) {
  const IpHeader header{Endpoint{"ff15::1", 26400}};
  ASSERT_EQ(header.bytes(), 48U);
  std::array<std::byte, 48> bytes{};
  header.write(bytes.data(), source_of(Endpoint{"::1", 5000}), 1000);
  expect_bytes<48>(bytes.data(),
                   {0x60, 0, 0, 0, 0x03, 0xF0, 17, 64, 0,    0,    0,    0,    0,    0,    0, 0,
                    0,    0, 0, 0, 0,    0,    0,  1,  0xFF, 0x15, 0,    0,    0,    0,    0, 0,
                    0,    0, 0, 0, 0,    0,    0,  1,  0x13, 0x88, 0x67, 0x20, 0x03, 0xF0, 0, 0});
}

TEST(IpHeader, LargestPayloadFitsTheLengthField) {
  const IpHeader header{Endpoint{"239.1.2.3", 1}};
  std::array<std::byte, 28> bytes{};
  header.write(bytes.data(), source_of(Endpoint{"255.255.255.255", 65535}),
               IpHeader::kMaxPayloadBytes);
  EXPECT_EQ(bytes[2], std::byte{0xFF});
  EXPECT_EQ(bytes[3], std::byte{0xFF});
}

}  // namespace
}  // namespace tapeline::net

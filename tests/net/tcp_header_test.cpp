#include "net/tcp_header.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "codec/bytes.hpp"

namespace tapeline::net {
namespace {

using codec::load_be;

std::uint32_t sum_of_words(const std::byte* at, std::size_t bytes) {
  std::uint32_t sum = 0;
  for (std::size_t word = 0; word < bytes; word += 2) sum += load_be<std::uint16_t>(at + word);
  while (sum > 0xFFFF) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return sum;
}

TEST(TcpHeader, WritesIpv4AndTcp) {
  TcpHeader header{Endpoint{"192.0.2.1", 26400}, Endpoint{"198.51.100.7", 51234}, 1000};
  std::array<std::byte, TcpHeader::kV6Bytes> out{};
  ASSERT_EQ(header.bytes(), TcpHeader::kV4Bytes);
  header.write(out.data(), 500);
  EXPECT_EQ(out[0], std::byte{0x45});
  EXPECT_EQ(load_be<std::uint16_t>(&out[2]), 540U);
  EXPECT_EQ(out[9], std::byte{6});
  EXPECT_EQ(sum_of_words(out.data(), 20), 0xFFFFU);  // RFC 791: right if the sum is all ones
  EXPECT_EQ(load_be<std::uint32_t>(&out[12]), 0xC0000201U);
  EXPECT_EQ(load_be<std::uint32_t>(&out[16]), 0xC6336407U);
  EXPECT_EQ(load_be<std::uint16_t>(&out[20]), 26400U);
  EXPECT_EQ(load_be<std::uint16_t>(&out[22]), 51234U);
  EXPECT_EQ(load_be<std::uint32_t>(&out[24]), 1000U);
  EXPECT_EQ(out[32], std::byte{0x50});  // 20 bytes of header
  EXPECT_EQ(out[33], std::byte{0x18});
}

TEST(TcpHeader, SequenceNumbersCountThePayloadAndWrap) {
  TcpHeader header{Endpoint{"192.0.2.1", 1}, Endpoint{"192.0.2.2", 2}, 0xFFFF'FFF0U};
  std::array<std::byte, TcpHeader::kV6Bytes> out{};
  for (const std::uint32_t expected : {0xFFFF'FFF0U, 0xFFFF'FFFAU, 0x4U}) {
    header.write(out.data(), 10);
    EXPECT_EQ(load_be<std::uint32_t>(&out[24]), expected);
  }
}

TEST(TcpHeader, LargestPayloadFillsAnIpv4Datagram) {
  TcpHeader header{Endpoint{"255.255.255.255", 65535}, Endpoint{"255.255.255.255", 65535}, 0};
  std::array<std::byte, TcpHeader::kV6Bytes> out{};
  header.write(out.data(), TcpHeader::kMaxPayloadBytes);
  EXPECT_EQ(load_be<std::uint16_t>(&out[2]), 65535U);
  EXPECT_EQ(sum_of_words(out.data(), 20), 0xFFFFU);
}

TEST(TcpHeader, WritesIpv6AndTcp) {
  TcpHeader header{Endpoint{"2001:db8::1", 26400}, Endpoint{"2001:db8::2", 51234}, 77};
  std::array<std::byte, TcpHeader::kV6Bytes> out{};
  ASSERT_EQ(header.bytes(), out.size());
  header.write(out.data(), TcpHeader::kMaxPayloadBytes);
  EXPECT_EQ(out[0], std::byte{0x60});
  EXPECT_EQ(load_be<std::uint16_t>(&out[4]), 20U + TcpHeader::kMaxPayloadBytes);
  EXPECT_EQ(out[6], std::byte{6});
  EXPECT_EQ(out[8 + 15], std::byte{1});
  EXPECT_EQ(out[24 + 15], std::byte{2});
  EXPECT_EQ(load_be<std::uint16_t>(&out[40]), 26400U);
  EXPECT_EQ(load_be<std::uint16_t>(&out[42]), 51234U);
  EXPECT_EQ(load_be<std::uint32_t>(&out[44]), 77U);
}

}  // namespace
}  // namespace tapeline::net

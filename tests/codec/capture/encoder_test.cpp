#include "codec/capture/encoder.hpp"

#include <gtest/gtest.h>

#include "codec/capture/datagram.hpp"
#include "tests/codec/capture/capture_file.hpp"
#include "tests/codec/capture/chunked_reader.hpp"

namespace tapeline::codec::capture {
namespace {

using test::append;
using test::Bytes;
using test::read_in_chunks;
using test::Reading;
using test::text;

Bytes from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return bytes;
}

TEST(CaptureEncoder, WritesGoldenFileHeaders) {
  Bytes out(kPcapHeaderBytes);
  EXPECT_EQ(write_file_header(out, TimeUnit::micro, LinkType::ethernet), kPcapHeaderBytes);
  EXPECT_EQ(out, from_hex("D4C3B2A1020004000000000000000000"
                          "0000040001000000"));
  write_file_header(out, TimeUnit::nano, LinkType::raw, 65535);
  EXPECT_EQ(out, from_hex("4D3CB2A1020004000000000000000000"
                          "FFFF000065000000"));
}

TEST(CaptureEncoder, WritesFileThatDecoderReads) {
  for (const TimeUnit unit : {TimeUnit::micro, TimeUnit::nano}) {
    Bytes file(kPcapHeaderBytes + kRecordHeaderBytes + 3);
    std::span<std::byte> out{file};
    out = out.subspan(write_file_header(out, unit, LinkType::raw));
    out = out.subspan(write_record_header(out, unit, 1'700'000'000'123'456'789, 3, 9));
    const Reading reading = read_in_chunks(file, 10);
    ASSERT_TRUE(reading.clean);
    ASSERT_EQ(reading.records.size(), 1U);
    EXPECT_EQ(reading.records[0].time_ns,
              unit == TimeUnit::nano ? 1'700'000'000'123'456'789 : 1'700'000'000'123'456'000);
    EXPECT_EQ(reading.records[0].original_bytes, 9U);
    EXPECT_EQ(reading.records[0].link_type, LinkType::raw);
  }
}

TEST(CaptureEncoder, WritesGoldenUdpPacket) {
  // From RFC 791 and 768 by hand: header sum 0x4500+0x0020+0x0001+0x4000+0x4011+0xC0A8+0x0001+
  // 0xEF01+0x0203 = 0x276DF, folded 0x76E1, complement 0x891E.
  Bytes out(kIpv4UdpHeaderBytes);
  const UdpHeader header{{*Address::from_text("192.168.0.1"), 0x1111},
                         {*Address::from_text("239.1.2.3"), 0x2222},
                         64,
                         1};
  EXPECT_EQ(write_ipv4_udp(out, header, std::size_t{4}), kIpv4UdpHeaderBytes);
  EXPECT_EQ(out, from_hex("450000200001400040"
                          "11891EC0A80001EF010203"
                          "11112222000C0000"));
}

TEST(CaptureEncoder, ChecksumsOfWrittenHeadersVerify) {
  for (const std::size_t size : {0U, 1U, 2U, 3U, 7U, 1400U}) {
    Bytes payload(size);
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::byte>(i * 37 + 11);
    const Bytes ipv4 = test::ip_packet(false, payload);
    const std::span<const std::byte> v4{ipv4};
    EXPECT_EQ(finish_checksum(add_to_checksum(0, v4.first(20))), 0);
    std::uint32_t sum = add_to_checksum(17, v4.subspan(12, 8));
    sum += static_cast<std::uint32_t>(8 + size);
    EXPECT_EQ(finish_checksum(add_to_checksum(sum, v4.subspan(20))), 0) << size;

    const Bytes ipv6 = test::ip_packet(true, payload);
    const std::span<const std::byte> v6{ipv6};
    sum = add_to_checksum(17, v6.subspan(8, 32));
    sum += static_cast<std::uint32_t>(8 + size);
    EXPECT_EQ(finish_checksum(add_to_checksum(sum, v6.subspan(40))), 0) << size;
  }
}

TEST(CaptureEncoder, WritesEthernetWithAndWithoutTag) {
  EthernetHeader header{
      multicast_mac(*Address::from_text("239.129.2.3")), {2, 0, 0, 0, 0, 1}, {}, false};
  Bytes out(18);
  EXPECT_EQ(write_ethernet(out, header), 14U);
  EXPECT_EQ(Bytes(out.begin(), out.begin() + 14), from_hex("01005E0102030200000000010800"));
  header.vlan = 0x2064;
  EXPECT_EQ(write_ethernet(out, header), 18U);
  EXPECT_EQ(out, from_hex("01005E010203020000000001"
                          "81002064"
                          "0800"));
  EXPECT_EQ(multicast_mac(*Address::from_text("ff02::1:2")), (MacAddress{0x33, 0x33, 0, 1, 0, 2}));
}

TEST(CaptureEncoder, WritesFramesThatDatagramReads) {
  const Bytes payload = text("market data");
  for (const bool tagged : {false, true}) {
    Bytes out(64);
    EthernetHeader ethernet;
    if (tagged) ethernet.vlan = 5;
    std::size_t size = write_ethernet(out, ethernet);
    const UdpHeader header{{Address::from_ipv4(1), 2}, {Address::from_ipv4(3), 4}};
    size += write_ipv4_udp(std::span{out}.subspan(size), header, payload);
    out.resize(size);
    append(out, payload);
    Datagram datagram;
    ASSERT_EQ(
        parse_datagram(LinkType::ethernet, out, static_cast<std::uint32_t>(out.size()), datagram),
        SkipReason::none);
    EXPECT_EQ(datagram.payload_bytes, payload.size());
    EXPECT_EQ(datagram.source, header.source);
    EXPECT_EQ(datagram.destination, header.destination);
  }
}

}  // namespace
}  // namespace tapeline::codec::capture

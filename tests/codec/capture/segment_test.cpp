#include <gtest/gtest.h>

#include <optional>

#include "codec/capture/datagram.hpp"
#include "tests/codec/capture/capture_file.hpp"

namespace tapeline::codec::capture {
namespace {

using test::append;
using test::Bytes;
using test::text;
using test::Writer;

constexpr std::uint32_t kSequence = 0x01020304;

struct Parsed {
  SkipReason reason;
  Segment segment;
};

Parsed parse(const Bytes& bytes, LinkType link_type,
             std::optional<std::size_t> original = std::nullopt) {
  Parsed parsed{};
  parsed.reason =
      parse_segment(link_type, bytes, static_cast<std::uint32_t>(original.value_or(bytes.size())),
                    parsed.segment);
  return parsed;
}

void set(Bytes& bytes, std::size_t at, std::initializer_list<int> values) {
  for (const int value : values) bytes[at++] = static_cast<std::byte>(value);
}

// RFC 9293, section 3.1: from port 15000 to 40000, with `option_words` words of options.
Bytes tcp(const Bytes& payload, unsigned option_words = 0) {
  Writer header{true};
  header.u16(15000).u16(40000).u32(kSequence).u32(7).u8((5 + option_words) << 4U).u8(0x18);
  header.u16(500).u16(0).u16(0);
  for (unsigned i = 0; i < option_words; ++i) header.u32(0x01010101);
  return header.raw(payload).bytes();
}

// RFC 791, section 3.1: from 10.0.0.1 to 10.0.0.2.
Bytes in_ipv4(const Bytes& content, std::uint8_t protocol = 6) {
  return Writer{true}
      .u16(0x4500)
      .u16(20 + content.size())
      .u32(0)
      .u8(64)
      .u8(protocol)
      .u16(0)
      .u32(0x0A000001)
      .u32(0x0A000002)
      .raw(content)
      .bytes();
}

// RFC 8200, section 3: from fe80::1 to fe80::2.
Bytes in_ipv6(const Bytes& content, std::uint8_t next = 6) {
  return Writer{true}
      .u32(0x60000000)
      .u16(content.size())
      .u8(next)
      .u8(64)
      .u64(0xFE80000000000000)
      .u64(1)
      .u64(0xFE80000000000000)
      .u64(2)
      .raw(content)
      .bytes();
}

TEST(Segment, GivesEndpointsSequenceAndPayload) {
  const Parsed parsed = parse(in_ipv4(tcp(text("payload"))), LinkType::ipv4);
  ASSERT_EQ(parsed.reason, SkipReason::none);
  EXPECT_EQ(parsed.segment.payload_offset, 40U);
  EXPECT_EQ(parsed.segment.payload_bytes, 7U);
  EXPECT_EQ(parsed.segment.lost_bytes, 0U);
  EXPECT_EQ(parsed.segment.sequence, kSequence);
  EXPECT_EQ(parsed.segment.source.text(), "10.0.0.1:15000");
  EXPECT_EQ(parsed.segment.destination.text(), "10.0.0.2:40000");
}

TEST(Segment, CountsItsOffsetFromTheFrame) {
  const Bytes packet = in_ipv6(tcp(text("payload")));
  const Parsed parsed = parse(test::frame(LinkType::ethernet, 1, true, packet), LinkType::ethernet);
  ASSERT_EQ(parsed.reason, SkipReason::none);
  EXPECT_EQ(parsed.segment.payload_offset, 14U + 4 + 40 + 20);
  EXPECT_EQ(parsed.segment.source.text(), "[fe80::1]:15000");
}

TEST(Segment, ReadsOptions) {
  const Parsed parsed = parse(in_ipv4(tcp(text("payload"), 10)), LinkType::ipv4);
  ASSERT_EQ(parsed.reason, SkipReason::none);
  EXPECT_EQ(parsed.segment.payload_offset, 80U);
  EXPECT_EQ(parsed.segment.payload_bytes, 7U);
}

TEST(Segment, WalksIpv6Extensions) {
  Bytes extension(8);
  extension[0] = std::byte{6};
  append(extension, tcp(text("payload")));
  const Parsed parsed = parse(in_ipv6(extension, 60), LinkType::ipv6);
  ASSERT_EQ(parsed.reason, SkipReason::none);
  EXPECT_EQ(parsed.segment.payload_offset, 40U + 8 + 20);
}

TEST(Segment, MayBeWithoutPayload) {
  for (const Parsed& parsed :
       {parse(in_ipv4(tcp({})), LinkType::ipv4), parse(in_ipv6(tcp({})), LinkType::ipv6)}) {
    EXPECT_EQ(parsed.reason, SkipReason::none);
    EXPECT_EQ(parsed.segment.payload_bytes, 0U);
  }
}

TEST(Segment, IsNotFoundInOtherProtocols) {
  EXPECT_EQ(parse(in_ipv4(tcp(text("payload")), 17), LinkType::ipv4).reason, SkipReason::not_udp);
  EXPECT_EQ(parse(in_ipv6(tcp(text("payload")), 17), LinkType::ipv6).reason, SkipReason::not_udp);
}

TEST(Segment, HeaderLengthThatLiesIsRefused) {
  Bytes packet = in_ipv4(tcp(text("payload")));
  set(packet, 20 + 12, {0x40});  // 16 bytes: less than a header
  EXPECT_EQ(parse(packet, LinkType::ipv4).reason, SkipReason::bad_length);
  set(packet, 20 + 12, {0x70});  // 28: into a payload of 7
  EXPECT_EQ(parse(packet, LinkType::ipv4).reason, SkipReason::bad_length);
  set(packet, 20 + 12, {0x60});
  EXPECT_EQ(parse(packet, LinkType::ipv4).reason, SkipReason::none);
}

TEST(Segment, PacketLengthThatLiesIsRefused) {
  Bytes packet = in_ipv4(tcp(text("payload")));
  set(packet, 2, {0, 39});
  EXPECT_EQ(parse(packet, LinkType::ipv4).reason, SkipReason::bad_length);
  set(packet, 2, {0, 48});
  EXPECT_EQ(parse(packet, LinkType::ipv4).reason, SkipReason::bad_length);
}

TEST(Segment, RefusesEveryTruncationThatWasNotCut) {
  for (const bool ipv6 : {false, true}) {
    const Bytes content = tcp(text("payload"), 2);
    const Bytes whole = ipv6 ? in_ipv6(content) : in_ipv4(content);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      ASSERT_EQ(parse(part, LinkType::raw).reason, SkipReason::bad_length) << length;
    }
  }
}

TEST(Segment, DeliversWhatSnaplenLeft) {
  for (const bool ipv6 : {false, true}) {
    const Bytes content = tcp(Bytes(200), 2);
    const Bytes whole = ipv6 ? in_ipv6(content) : in_ipv4(content);
    const std::size_t headers = whole.size() - 200;
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
      const Bytes captured(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
      const Parsed parsed = parse(captured, LinkType::raw, whole.size());
      if (cut < headers) {
        ASSERT_EQ(parsed.reason, SkipReason::truncated) << cut;
      } else {
        ASSERT_EQ(parsed.reason, SkipReason::none) << cut;
        ASSERT_EQ(parsed.segment.payload_bytes, cut - headers);
        ASSERT_EQ(parsed.segment.lost_bytes, whole.size() - cut);
      }
    }
  }
}

}  // namespace
}  // namespace tapeline::codec::capture

#include "codec/capture/datagram.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/codec/capture/capture_file.hpp"

namespace tapeline::codec::capture {
namespace {

using test::append;
using test::Bytes;
using test::frame;
using test::ip_packet;
using test::text;
using test::Writer;

constexpr std::size_t kEthernet = 14;

struct Parsed {
  SkipReason reason;
  Datagram datagram;
};

Parsed parse(const Bytes& bytes, LinkType link_type = LinkType::ethernet,
             std::optional<std::size_t> original = std::nullopt) {
  Parsed parsed{};
  parsed.reason =
      parse_datagram(link_type, bytes, static_cast<std::uint32_t>(original.value_or(bytes.size())),
                     parsed.datagram);
  return parsed;
}

Bytes plain(bool ipv6 = false) {
  return frame(LinkType::ethernet, 0, ipv6, ip_packet(ipv6, text("payload")));
}

void set(Bytes& bytes, std::size_t at, std::initializer_list<int> values) {
  for (const int value : values) bytes[at++] = static_cast<std::byte>(value);
}

TEST(Datagram, GivesEndpointsAndExtent) {
  const Parsed parsed = parse(plain());
  ASSERT_EQ(parsed.reason, SkipReason::none);
  EXPECT_EQ(parsed.datagram.ip_offset, kEthernet);
  EXPECT_EQ(parsed.datagram.ip_bytes, 35U);
  EXPECT_EQ(parsed.datagram.payload_offset, 28U);
  EXPECT_EQ(parsed.datagram.payload_bytes, 7U);
  EXPECT_EQ(parsed.datagram.lost_bytes, 0U);
  EXPECT_EQ(parsed.datagram.source, (Endpoint{Address::from_ipv4(0x0A000001), 1000}));
  EXPECT_EQ(parsed.datagram.destination.text(), "239.0.0.1:26400");
}

TEST(Datagram, TrustsIpLengthAndNotFrameEnd) {
  for (const bool ipv6 : {false, true}) {
    Bytes padded = plain(ipv6);
    append(padded, text("padding, checksum and the time stamp of a switch"));
    const Parsed parsed = parse(padded);
    ASSERT_EQ(parsed.reason, SkipReason::none);
    EXPECT_EQ(parsed.datagram.payload_bytes, 7U);
  }
}

TEST(Datagram, TrustsUdpLengthInsideIpPacket) {
  Bytes bytes = plain();
  set(bytes, kEthernet + 20 + 4, {0, 12});
  const Parsed parsed = parse(bytes);
  ASSERT_EQ(parsed.reason, SkipReason::none);
  EXPECT_EQ(parsed.datagram.payload_bytes, 4U);
  EXPECT_EQ(parsed.datagram.ip_bytes, 35U);
}

TEST(Datagram, AcceptsEmptyPayload) {
  const Parsed parsed = parse(ip_packet(false, {}), LinkType::raw);
  EXPECT_EQ(parsed.reason, SkipReason::none);
  EXPECT_EQ(parsed.datagram.payload_bytes, 0U);
}

TEST(Datagram, FollowsVlanTagsUpToThree) {
  for (int tags = 0; tags <= 4; ++tags) {
    const Parsed parsed =
        parse(frame(LinkType::ethernet, tags, false, ip_packet(false, text("x"))));
    EXPECT_EQ(parsed.reason, tags <= 3 ? SkipReason::none : SkipReason::non_ip) << tags;
  }
}

TEST(Datagram, FollowsMplsLabels) {
  for (int labels = 1; labels <= 9; ++labels) {
    Writer out{true};
    out.u64(0).u32(0).u16(0x8847);
    for (int i = 1; i <= labels; ++i) out.u16(1).u8(i == labels ? 1 : 0).u8(64);
    const Parsed parsed = parse(out.raw(ip_packet(true, text("x"))).bytes());
    EXPECT_EQ(parsed.reason, labels <= 8 ? SkipReason::none : SkipReason::non_ip) << labels;
  }
}

TEST(Datagram, DetectsLoopbackFamilyInEitherByteOrder) {
  for (const bool big : {false, true}) {
    for (const std::uint32_t family : {2U, 24U, 28U, 30U, 7U}) {
      const bool ipv6 = family != 2;
      Writer out{big};
      out.u32(family).raw(ip_packet(ipv6, text("x")));
      EXPECT_EQ(parse(out.bytes(), LinkType::null).reason,
                family == 7 ? SkipReason::non_ip : SkipReason::none);
    }
  }
}

TEST(Datagram, SkipsOtherLinkTypesAndProtocols) {
  EXPECT_EQ(parse(plain(), static_cast<LinkType>(147)).reason, SkipReason::unknown_link_type);
  Bytes arp = plain();
  set(arp, 12, {0x08, 0x06});
  EXPECT_EQ(parse(arp).reason, SkipReason::non_ip);
  Bytes length_field = plain();
  set(length_field, 12, {0x00, 0x30});
  EXPECT_EQ(parse(length_field).reason, SkipReason::non_ip);
  Bytes version = plain();
  set(version, kEthernet, {0x55});
  EXPECT_EQ(parse(version).reason, SkipReason::non_ip);
  Bytes tcp = plain();
  set(tcp, kEthernet + 9, {6});
  EXPECT_EQ(parse(tcp).reason, SkipReason::not_udp);
  Bytes icmp6 = plain(true);
  set(icmp6, kEthernet + 6, {58});
  EXPECT_EQ(parse(icmp6).reason, SkipReason::not_udp);
}

TEST(Datagram, SkipsEveryFragment) {
  Bytes first = plain();
  set(first, kEthernet + 6, {0x20, 0x00});
  EXPECT_EQ(parse(first).reason, SkipReason::fragment);
  Bytes later = plain();
  set(later, kEthernet + 6, {0x00, 0x01});
  EXPECT_EQ(parse(later).reason, SkipReason::fragment);
  Bytes whole = plain();
  set(whole, kEthernet + 6, {0x40, 0x00});
  EXPECT_EQ(parse(whole).reason, SkipReason::none);
}

TEST(Datagram, RefusesLengthsThatLie) {
  const auto with = [](std::size_t at, std::initializer_list<int> values) {
    Bytes bytes = plain();
    set(bytes, kEthernet + at, values);
    return parse(bytes).reason;
  };
  EXPECT_EQ(with(0, {0x44}), SkipReason::bad_length);   // header of 16 bytes
  EXPECT_EQ(with(0, {0x4F}), SkipReason::bad_length);   // header longer than the packet
  EXPECT_EQ(with(2, {0, 19}), SkipReason::bad_length);  // packet shorter than its header
  EXPECT_EQ(with(2, {0, 27}), SkipReason::bad_length);  // no room for the UDP header
  EXPECT_EQ(with(2, {0, 36}), SkipReason::bad_length);  // past the end of the frame
  EXPECT_EQ(with(2, {0xFF, 0xFF}), SkipReason::bad_length);
  EXPECT_EQ(with(24, {0, 0}), SkipReason::bad_length);  // UDP
  EXPECT_EQ(with(24, {0, 7}), SkipReason::bad_length);
  EXPECT_EQ(with(24, {0, 16}), SkipReason::bad_length);
  EXPECT_EQ(with(24, {0, 8}), SkipReason::none);

  Bytes jumbo = plain(true);
  set(jumbo, kEthernet + 4, {0, 0});
  EXPECT_EQ(parse(jumbo).reason, SkipReason::bad_length);
  set(jumbo, kEthernet + 4, {0, 16});
  EXPECT_EQ(parse(jumbo).reason, SkipReason::bad_length);
}

TEST(Datagram, TakesRestOfFrameForIpv4LengthOfZero) {
  Bytes bytes = plain();
  set(bytes, kEthernet + 2, {0, 0});
  const Parsed parsed = parse(bytes);
  ASSERT_EQ(parsed.reason, SkipReason::none);
  EXPECT_EQ(parsed.datagram.ip_bytes, 35U);
  EXPECT_EQ(parsed.datagram.payload_bytes, 7U);
}

TEST(Datagram, ReadsIpv4Options) {
  Bytes packet = ip_packet(false, text("payload"));
  packet.insert(packet.begin() + 20, 40, std::byte{1});
  set(packet, 0, {0x4F});
  set(packet, 2, {0, 75});
  const Parsed parsed = parse(packet, LinkType::ipv4);
  ASSERT_EQ(parsed.reason, SkipReason::none);
  EXPECT_EQ(parsed.datagram.payload_offset, 68U);
  EXPECT_EQ(parsed.datagram.payload_bytes, 7U);
}

// An IPv6 packet with these extension headers in front of UDP; the first byte of each is the type.
Bytes with_extensions(const std::vector<Bytes>& extensions) {
  Bytes packet = ip_packet(true, text("payload"));
  std::size_t next_at = 6;
  std::size_t at = 40;
  for (Bytes extension : extensions) {
    packet[next_at] = extension[0];
    extension[0] = std::byte{17};
    packet.insert(packet.begin() + static_cast<std::ptrdiff_t>(at), extension.begin(),
                  extension.end());
    next_at = at;
    at += extension.size();
  }
  set(packet, 4,
      {static_cast<int>((packet.size() - 40) >> 8U),
       static_cast<int>((packet.size() - 40) & 0xFFU)});
  return packet;
}

Bytes extension(std::uint8_t type, std::uint8_t length, std::size_t bytes) {
  Bytes header(bytes);
  header[0] = std::byte{type};
  header[1] = std::byte{length};
  return header;
}

TEST(Datagram, WalksIpv6Extensions) {
  const Bytes packet =
      with_extensions({extension(0, 1, 16), extension(43, 0, 8), extension(60, 2, 24),
                       extension(51, 4, 24), extension(44, 0, 8)});
  const Parsed parsed = parse(packet, LinkType::ipv6);
  ASSERT_EQ(parsed.reason, SkipReason::none);
  EXPECT_EQ(parsed.datagram.payload_offset, 40U + 16 + 8 + 24 + 24 + 8 + 8);
  EXPECT_EQ(parsed.datagram.payload_bytes, 7U);
}

TEST(Datagram, SkipsIpv6Fragments) {
  Bytes more = extension(44, 0, 8);
  more[3] = std::byte{1};
  EXPECT_EQ(parse(with_extensions({more}), LinkType::raw).reason, SkipReason::fragment);
  Bytes later = extension(44, 0, 8);
  later[2] = std::byte{1};
  EXPECT_EQ(parse(with_extensions({later}), LinkType::raw).reason, SkipReason::fragment);
}

TEST(Datagram, BoundsIpv6Extensions) {
  const std::vector<Bytes> eight(8, extension(60, 0, 8));
  const std::vector<Bytes> nine(9, extension(60, 0, 8));
  EXPECT_EQ(parse(with_extensions(eight), LinkType::raw).reason, SkipReason::none);
  EXPECT_EQ(parse(with_extensions(nine), LinkType::raw).reason, SkipReason::not_udp);
  EXPECT_EQ(parse(with_extensions({extension(60, 255, 8)}), LinkType::raw).reason,
            SkipReason::bad_length);
}

TEST(Datagram, DeliversWhatSnaplenLeft) {
  for (const bool ipv6 : {false, true}) {
    const Bytes payload(200);
    const Bytes whole = frame(LinkType::ethernet, 1, ipv6, ip_packet(ipv6, payload));
    const std::size_t headers = whole.size() - payload.size();
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
      const Bytes captured(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
      const Parsed parsed = parse(captured, LinkType::ethernet, whole.size());
      if (cut < headers) {
        ASSERT_EQ(parsed.reason, SkipReason::truncated) << cut;
      } else {
        ASSERT_EQ(parsed.reason, SkipReason::none) << cut;
        ASSERT_EQ(parsed.datagram.payload_bytes, cut - headers);
        ASSERT_EQ(parsed.datagram.lost_bytes, whole.size() - cut);
      }
    }
  }
}

TEST(Datagram, RefusesEveryTruncationThatWasNotCut) {
  for (const LinkType link_type : test::kLinkTypes) {
    for (const bool ipv6 : {false, true}) {
      const Bytes whole = frame(link_type, 2, ipv6, ip_packet(ipv6, text("payload")));
      for (std::size_t length = 0; length < whole.size(); ++length) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        ASSERT_EQ(parse(part, link_type).reason, SkipReason::bad_length) << length;
      }
    }
  }
}

TEST(Datagram, TakesOriginalLengthShorterThanCapturedAsUncut) {
  const Parsed parsed = parse(plain(), LinkType::ethernet, 5);
  EXPECT_EQ(parsed.reason, SkipReason::none);
  EXPECT_EQ(parsed.datagram.payload_bytes, 7U);
}

TEST(Datagram, StaysInsideDamagedFrames) {
  std::mt19937 random{7};  // NOLINT: a fixed seed, so that a failure can be repeated
  for (int round = 0; round < 20'000; ++round) {
    const LinkType link_type = test::kLinkTypes[random() % std::size(test::kLinkTypes)];
    Bytes bytes =
        frame(link_type, static_cast<int>(random() % 3), random() % 2 == 0,
              random() % 2 == 0 ? ip_packet(false, text("payload"))
                                : with_extensions({extension(0, 1, 16), extension(44, 0, 8)}));
    for (auto flips = random() % 6; flips > 0; --flips) {
      bytes[random() % bytes.size()] ^= static_cast<std::byte>(1U << (random() % 8));
    }
    bytes.resize(random() % (bytes.size() + 1));
    const Parsed parsed = parse(bytes, link_type, random() % 300);
    if (parsed.reason != SkipReason::none) continue;
    const Datagram& datagram = parsed.datagram;
    ASSERT_LE(std::size_t{datagram.ip_offset} + datagram.ip_bytes, bytes.size());
    ASSERT_LE(std::size_t{datagram.payload_offset} + datagram.payload_bytes, datagram.ip_bytes);
  }
}

TEST(Address, RoundTripsText) {
  for (const char* address :
       {"239.0.0.1", "0.0.0.0", "255.255.255.255", "ff02::1", "::", "fe80::1:2"}) {
    const auto parsed = Address::from_text(address);
    ASSERT_TRUE(parsed.has_value()) << address;
    EXPECT_EQ(parsed->text(), address);
  }
  for (const char* wrong : {"", "239.0.0", "239.0.0.256", "239.0.0.1:5", "localhost", "ff02:::1"}) {
    EXPECT_FALSE(Address::from_text(wrong).has_value()) << wrong;
  }
  EXPECT_NE(Address::from_ipv4(1), *Address::from_text("::1"));
}

}  // namespace
}  // namespace tapeline::codec::capture

#include "codec/soupbintcp/decoder.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tests/codec/soupbintcp/packet_text.hpp"

namespace tapeline::codec::soupbintcp {
namespace {

using test::Bytes;
using test::bytes_of;
using test::kLoginAccepted;
using test::kLoginRequest;
using test::packet;

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The bytes lie in memory of exactly their size, so that the sanitizer sees a read past the end.
void expect_status(std::span<const std::byte> bytes, FrameStatus status) {
  const Bytes exact(bytes.begin(), bytes.end());
  const ParsedPacket parsed = next_packet(exact);
  EXPECT_EQ(parsed.status, status) << bytes.size();
  EXPECT_EQ(parsed.bytes, 0U);
  EXPECT_TRUE(parsed.payload.empty());
}

TEST(SoupBinTcpDecoder, ReadsTheFirstPacketOfAStream) {
  Bytes stream = packet("Sfirst");
  const Bytes second = packet("H");
  stream.insert(stream.end(), second.begin(), second.end());
  const ParsedPacket first = next_packet(stream);
  EXPECT_EQ(first.status, FrameStatus::ok);
  EXPECT_EQ(first.type, PacketType::sequenced);
  EXPECT_EQ(text(first.payload), "first");
  EXPECT_EQ(first.bytes, 8U);
  EXPECT_EQ(first.payload.data(), stream.data() + kHeaderBytes);

  const ParsedPacket next = next_packet(std::span{stream}.subspan(first.bytes));
  EXPECT_EQ(next.status, FrameStatus::ok);
  EXPECT_EQ(next.type, PacketType::server_heartbeat);
  EXPECT_TRUE(next.payload.empty());
  EXPECT_EQ(next.bytes, 3U);
}

TEST(SoupBinTcpDecoder, EveryTruncationIsIncomplete) {
  for (const std::string_view content :
       {std::string_view{"H"}, std::string_view{"Sabc"}, kLoginRequest, kLoginAccepted}) {
    const Bytes whole = packet(content);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      expect_status(std::span{whole}.first(length), FrameStatus::incomplete);
    }
    EXPECT_EQ(next_packet(whole).status, FrameStatus::ok);
  }
}

TEST(SoupBinTcpDecoder, LengthOfZeroIsMalformed) {
  expect_status(Bytes(2), FrameStatus::malformed);
  expect_status(bytes_of(std::string_view{"\0\0S", 3}), FrameStatus::malformed);
}

TEST(SoupBinTcpDecoder, ReadsTheLongestPacket) {
  const Bytes whole = packet("S" + std::string(kMaxPayloadBytes, 'x'));
  ASSERT_EQ(whole.size(), kMaxPacketBytes);
  const ParsedPacket parsed = next_packet(whole);
  EXPECT_EQ(parsed.status, FrameStatus::ok);
  EXPECT_EQ(parsed.payload.size(), kMaxPayloadBytes);
  EXPECT_EQ(parsed.bytes, kMaxPacketBytes);
  expect_status(std::span{whole}.first(kMaxPacketBytes - 1), FrameStatus::incomplete);
}

TEST(SoupBinTcpDecoder, LengthThatLiesNeverReachesPastTheEnd) {
  Bytes bytes = packet("Sabc");
  bytes[1] = std::byte{5};  // one more than there is
  expect_status(bytes, FrameStatus::incomplete);
  bytes[0] = std::byte{0xFF};
  bytes[1] = std::byte{0xFF};
  expect_status(bytes, FrameStatus::incomplete);
  bytes[0] = std::byte{0};
  bytes[1] = std::byte{2};  // fewer than there are: the rest is the next packet's
  const ParsedPacket parsed = next_packet(bytes);
  EXPECT_EQ(parsed.status, FrameStatus::ok);
  EXPECT_EQ(text(parsed.payload), "a");
  EXPECT_EQ(parsed.bytes, 4U);
}

TEST(SoupBinTcpDecoder, PassesUnknownTypesOn) {
  for (unsigned type = 0; type < 256; ++type) {
    const ParsedPacket parsed = next_packet(packet(std::string(1, static_cast<char>(type))));
    EXPECT_EQ(parsed.status, FrameStatus::ok);
    EXPECT_EQ(static_cast<unsigned>(parsed.type), type);
  }
}

TEST(SoupBinTcpDecoder, ReadsLoginAccepted) {
  const Bytes whole = packet(kLoginAccepted);
  const ParsedPacket parsed = next_packet(whole);
  ASSERT_EQ(parsed.type, PacketType::login_accepted);
  const auto accepted = parse_login_accepted(parsed.payload);
  ASSERT_TRUE(accepted.has_value());
  EXPECT_EQ(accepted->session, Session::from_text("000010059"));
  EXPECT_EQ(accepted->sequence, 14'757'721U);
}

TEST(SoupBinTcpDecoder, SessionsCompareWhicheverSideIsPadded) {
  const auto left = parse_login_accepted(bytes_of("     TODAY                   1"));
  const auto right = parse_login_accepted(bytes_of("TODAY                        1"));
  ASSERT_TRUE(left && right);
  EXPECT_EQ(left->session, right->session);
  EXPECT_EQ(left->session.text(), "TODAY");
  EXPECT_FALSE(is_blank(left->session));
  const auto blank = parse_login_accepted(bytes_of("                             1"));
  ASSERT_TRUE(blank);
  EXPECT_TRUE(is_blank(blank->session));
}

TEST(SoupBinTcpDecoder, SessionPaddedWithZeroBytesIsTheSame) {
  const std::string_view zeros{"\0TODAY\0\0 \0                   1", 30};
  const auto accepted = parse_login_accepted(bytes_of(zeros));
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->session, Session::from_text("TODAY"));
}

TEST(SoupBinTcpDecoder, RejectsLoginAcceptedOfWrongLengthOrNumber) {
  const Bytes whole = bytes_of(kLoginAccepted.substr(1));
  ASSERT_EQ(whole.size(), kLoginAcceptedBytes);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Bytes exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_FALSE(parse_login_accepted(exact)) << length;
  }
  Bytes longer = whole;
  longer.push_back(std::byte{'1'});
  EXPECT_FALSE(parse_login_accepted(longer));
  EXPECT_FALSE(parse_login_accepted(bytes_of("0000010059          1475772x  ")));
  EXPECT_FALSE(parse_login_accepted(bytes_of("000001005999999999999999999999")));
  EXPECT_FALSE(parse_login_accepted(bytes_of("0000010059                    ")));
}

TEST(SoupBinTcpDecoder, ReadsLoginRequest) {
  const Bytes payload = bytes_of(kLoginRequest.substr(1));
  const auto request = parse_login_request(payload);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->sequence(), 42U);
  EXPECT_EQ(request->session(), Session::from_text("0000010059"));
  EXPECT_TRUE(request->is_by("ABC", "secret"));
  EXPECT_TRUE(request->is_by("abc", "SECRET"));
  EXPECT_FALSE(request->is_by("ABC", "secre"));
  EXPECT_FALSE(request->is_by("ABC", "secrets"));
  EXPECT_FALSE(request->is_by("AB", "secret"));
  EXPECT_FALSE(request->is_by("", ""));
}

TEST(SoupBinTcpDecoder, RejectsLoginRequestOfWrongLengthOrNumber) {
  const Bytes whole = bytes_of(kLoginRequest.substr(1));
  ASSERT_EQ(whole.size(), kLoginRequestBytes);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Bytes exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_FALSE(parse_login_request(exact)) << length;
  }
  Bytes longer = whole;
  longer.push_back(std::byte{'1'});
  EXPECT_FALSE(parse_login_request(longer));
  Bytes junk = whole;
  junk.back() = std::byte{'?'};
  EXPECT_FALSE(parse_login_request(junk));
}

TEST(SoupBinTcpDecoder, ReadsLoginRejected) {
  EXPECT_EQ(parse_login_rejected(bytes_of("A")), RejectReason::not_authorized);
  EXPECT_EQ(parse_login_rejected(bytes_of("S")), RejectReason::session_not_available);
  EXPECT_EQ(parse_login_rejected(bytes_of("?")), RejectReason{'?'});
  EXPECT_EQ(parse_login_rejected({}), std::nullopt);
  EXPECT_EQ(parse_login_rejected(bytes_of("AA")), std::nullopt);
}

}  // namespace
}  // namespace tapeline::codec::soupbintcp

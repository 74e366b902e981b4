#include "codec/moldudp64/encoder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/moldudp64/decoder.hpp"

namespace tapeline::codec::moldudp64 {
namespace {

const Session kSession = Session::from_text("TAPE");

std::vector<std::byte> message_of(std::size_t bytes, std::uint8_t fill) {
  return std::vector<std::byte>(bytes, std::byte{fill});
}

TEST(MoldUdp64Encoder, WritesTheBytesOfTheSpecification) {
  std::array<std::byte, 64> out{};
  PacketBuilder builder{out};
  builder.start(kSession, 0x0102030405060708U);
  ASSERT_TRUE(builder.try_add(message_of(3, 0xAA)));
  ASSERT_TRUE(builder.try_add({}));
  const std::array<std::uint8_t, 27> expected{'T', 'A', 'P', 'E', ' ',  ' ',  ' ',  ' ', ' ',
                                              ' ', 1,   2,   3,   4,    5,    6,    7,   8,
                                              0,   2,   0,   3,   0xAA, 0xAA, 0xAA, 0,   0};
  const auto packet = builder.finish();
  ASSERT_EQ(packet.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(packet[i], std::byte{expected[i]}) << i;
  }
  EXPECT_EQ(packet.data(), out.data());
}

TEST(MoldUdp64Encoder, DecodesToWhatWasAdded) {
  std::array<std::byte, 1472> out{};
  PacketBuilder builder{out};
  for (const std::uint64_t first : {std::uint64_t{1}, std::uint64_t{500}}) {
    builder.start(kSession, first);
    for (std::uint8_t i = 0; i < 10; ++i)
      ASSERT_TRUE(builder.try_add(message_of(std::size_t{i} * 5, i)));
    EXPECT_EQ(builder.message_count(), 10U);
    EXPECT_EQ(builder.next_sequence(), first + 10);
    const auto packet = builder.finish();
    EXPECT_EQ(packet.size(), builder.bytes());
    std::uint64_t expected = first;
    const PacketStatus status =
        for_each_message(packet, [&](std::uint64_t sequence, std::span<const std::byte> message) {
          const auto index = static_cast<std::uint8_t>(expected - first);
          EXPECT_EQ(sequence, expected++);
          EXPECT_EQ(std::vector<std::byte>(message.begin(), message.end()),
                    message_of(std::size_t{index} * 5, index));
        });
    EXPECT_EQ(status, PacketStatus::ok);
    EXPECT_EQ(expected, first + 10);
  }
}

TEST(MoldUdp64Encoder, RefusesWhatDoesNotFitAndKeepsTheRest) {
  std::array<std::byte, 33> out{};
  out.fill(std::byte{0xEE});
  PacketBuilder builder{std::span{out}.first(32)};
  builder.start(kSession, 1);
  EXPECT_FALSE(builder.try_add(message_of(11, 1)));
  EXPECT_TRUE(builder.try_add(message_of(8, 2)));
  EXPECT_FALSE(builder.try_add(message_of(1, 3)));
  EXPECT_TRUE(builder.try_add({}));
  EXPECT_FALSE(builder.try_add({}));
  EXPECT_EQ(builder.finish().size(), 32U);
  EXPECT_EQ(builder.message_count(), 2U);
  EXPECT_EQ(out.back(), std::byte{0xEE});
}

TEST(MoldUdp64Encoder, RefusesMessagesWithoutALengthOnTheWire) {
  std::vector<std::byte> out(200'000);
  PacketBuilder builder{out};
  builder.start(kSession, 1);
  EXPECT_FALSE(builder.try_add(message_of(kMaxMessageBytes + 1, 1)));
  EXPECT_TRUE(builder.try_add(message_of(kMaxMessageBytes, 1)));
  EXPECT_EQ(builder.finish().size(), kHeaderBytes + 2 + kMaxMessageBytes);
}

TEST(MoldUdp64Encoder, NeverReachesTheCountOfEndOfSession) {
  std::vector<std::byte> out(kHeaderBytes + 140'000);
  PacketBuilder builder{out};
  builder.start(kSession, 1);
  std::size_t added = 0;
  while (builder.try_add({})) ++added;
  EXPECT_EQ(added, 0xFFFEU);
  std::size_t seen = 0;
  EXPECT_EQ(for_each_message(builder.finish(), [&](auto, auto) { ++seen; }), PacketStatus::ok);
  EXPECT_EQ(seen, added);
}

TEST(MoldUdp64Encoder, WritesHeartbeatAndEndOfSession) {
  std::array<std::byte, kHeaderBytes> out{};
  ASSERT_EQ(write_heartbeat(out, kSession, 42), kHeaderBytes);
  ParsedHeader parsed = parse_header(out);
  EXPECT_EQ(parsed.status, PacketStatus::heartbeat);
  EXPECT_EQ(parsed.header.session, kSession);
  EXPECT_EQ(parsed.header.sequence, 42U);

  ASSERT_EQ(write_end_of_session(out, kSession, 43), kHeaderBytes);
  parsed = parse_header(out);
  EXPECT_EQ(parsed.status, PacketStatus::end_of_session);
  EXPECT_EQ(parsed.header.sequence, 43U);
}

TEST(MoldUdp64Encoder, PacketWithoutMessagesIsAHeartbeat) {
  std::array<std::byte, 100> out{};
  PacketBuilder builder{out};
  builder.start(kSession, 7);
  EXPECT_EQ(parse_header(builder.finish()).status, PacketStatus::heartbeat);
}

TEST(MoldUdp64Encoder, WritesARequestAsTheSpecificationHasIt) {
  std::array<std::byte, kRequestBytes> out{};
  const Request request{.session = kSession, .first = 0x0102030405060708U, .count = 0x0A0B};
  EXPECT_EQ(write_request(out, request), kRequestBytes);
  const std::array<std::uint8_t, kRequestBytes> expected{
      'T', 'A', 'P', 'E', ' ', ' ', ' ', ' ', ' ', ' ', 1, 2, 3, 4, 5, 6, 7, 8, 0x0A, 0x0B};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(out[i], std::byte{expected[i]}) << i;
  }
  EXPECT_EQ(parse_request(out), request);
}

}  // namespace
}  // namespace tapeline::codec::moldudp64

#include "codec/moldudp64/decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/bytes.hpp"

namespace tapeline::codec::moldudp64 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr std::uint64_t kMaxSequence = std::numeric_limits<std::uint64_t>::max();

using Packet = std::vector<std::byte>;
using Delivered = std::vector<std::pair<std::uint64_t, std::string>>;

void append(Packet& packet, std::string_view text) {
  for (const char c : text) packet.push_back(static_cast<std::byte>(c));
}

template <typename T>
void append_be(Packet& packet, T value) {
  packet.resize(packet.size() + sizeof value);
  store_be(packet.data() + packet.size() - sizeof value, value);
}

Packet header(std::uint64_t sequence, std::uint16_t count,
              std::string_view session = "000010059B") {
  Packet packet;
  append(packet, session);
  append_be(packet, sequence);
  append_be(packet, count);
  return packet;
}

Packet with_blocks(std::uint64_t sequence, std::initializer_list<std::string_view> messages) {
  Packet packet = header(sequence, static_cast<std::uint16_t>(messages.size()));
  for (const std::string_view message : messages) {
    append_be(packet, static_cast<std::uint16_t>(message.size()));
    append(packet, message);
  }
  return packet;
}

struct Walk {
  PacketStatus status;
  Delivered delivered;
};

auto recorder(Delivered& delivered) {
  return [&delivered](std::uint64_t sequence, std::span<const std::byte> message) {
    std::string text;
    for (const std::byte byte : message) text.push_back(static_cast<char>(byte));
    delivered.emplace_back(sequence, text);
  };
}

// The bytes lie in memory of exactly their size, so that the sanitizer sees a read past the end.
Walk walk(std::span<const std::byte> payload) {
  const Packet exact(payload.begin(), payload.end());
  Delivered delivered;
  const PacketStatus status = for_each_message(exact, recorder(delivered));
  return {status, delivered};
}

TEST(MoldUdp64Decoder, ReadsHeader) {
  const ParsedHeader parsed = parse_header(with_blocks(14757721, {"x"}));
  EXPECT_EQ(parsed.status, PacketStatus::ok);
  EXPECT_EQ(parsed.header.session.text(), "000010059B");
  EXPECT_EQ(parsed.header.sequence, 14757721U);
  EXPECT_EQ(parsed.header.count, 1U);
  EXPECT_FALSE(parsed.header.is_unsequenced());
}

TEST(MoldUdp64Decoder, NumbersMessagesFromTheHeadersSequence) {
  const Walk seen = walk(with_blocks(19009117, {"first", "", "third"}));
  EXPECT_EQ(seen.status, PacketStatus::ok);
  EXPECT_THAT(seen.delivered,
              ElementsAre(Pair(19009117, "first"), Pair(19009118, ""), Pair(19009119, "third")));
}

TEST(MoldUdp64Decoder, DeliversLongestMessage) {
  const std::string longest(kMaxMessageBytes, 'm');
  const Walk seen = walk(with_blocks(1, {longest, "z"}));
  EXPECT_EQ(seen.status, PacketStatus::ok);
  EXPECT_THAT(seen.delivered, ElementsAre(Pair(1, longest), Pair(2, "z")));
}

TEST(MoldUdp64Decoder, TellsHeartbeatAndEndOfSession) {
  const ParsedHeader heartbeat = parse_header(header(77, 0));
  EXPECT_EQ(heartbeat.status, PacketStatus::heartbeat);
  EXPECT_EQ(heartbeat.header.sequence, 77U);
  EXPECT_EQ(walk(header(77, 0)).status, PacketStatus::heartbeat);

  const ParsedHeader end = parse_header(header(78, 0xFFFF));
  EXPECT_EQ(end.status, PacketStatus::end_of_session);
  EXPECT_EQ(end.header.sequence, 78U);
  EXPECT_EQ(walk(header(78, 0xFFFF)).status, PacketStatus::end_of_session);
}

TEST(MoldUdp64Decoder, RejectsPayloadOfHeartbeatAndEndOfSession) {
  Packet heartbeat = header(77, 0);
  append(heartbeat, std::string_view{"\0\1A", 3});
  EXPECT_EQ(walk(heartbeat).status, PacketStatus::trailing_bytes);
  EXPECT_THAT(walk(heartbeat).delivered, IsEmpty());

  Packet end = header(77, 0xFFFF);
  append(end, std::string_view{"\0\1A", 3});
  EXPECT_EQ(walk(end).status, PacketStatus::end_of_session_with_payload);
  EXPECT_THAT(walk(end).delivered, IsEmpty());
}

TEST(MoldUdp64Decoder, ReportsEveryTruncationAfterWholeBlocks) {
  const Packet whole = with_blocks(5, {"abc", "", "de"});
  // Where a prefix of the packet ends: header 0-19, then lengths and bodies of the three blocks.
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Walk seen = walk(std::span{whole}.first(length));
    PacketStatus expected = PacketStatus::truncated_block;
    if (length < 20) expected = PacketStatus::too_short;
    if (length == 20 || length == 25 || length == 27) expected = PacketStatus::missing_blocks;
    if (length == 21 || length == 26 || length == 28) expected = PacketStatus::truncated_length;
    EXPECT_EQ(seen.status, expected) << length;
    const std::size_t blocks = length < 25 ? 0 : (length < 27 ? 1 : 2);
    ASSERT_EQ(seen.delivered.size(), blocks) << length;
    if (blocks > 0) {
      EXPECT_EQ(seen.delivered[0].second, "abc");
    }
  }
  EXPECT_EQ(walk(whole).status, PacketStatus::ok);
}

TEST(MoldUdp64Decoder, RejectsBlockLongerThanWhatIsLeft) {
  for (const std::uint16_t lie : {std::uint16_t{4}, std::uint16_t{0x8000}, std::uint16_t{0xFFFF}}) {
    Packet packet = with_blocks(9, {"good", "bad"});
    store_be(packet.data() + packet.size() - 5, lie);
    const Walk seen = walk(packet);
    EXPECT_EQ(seen.status, PacketStatus::truncated_block) << lie;
    EXPECT_THAT(seen.delivered, ElementsAre(Pair(9, "good")));
  }
}

TEST(MoldUdp64Decoder, ReportsBytesLeftByShortBlockLength) {
  Packet packet = with_blocks(9, {"good", "bad"});
  store_be(packet.data() + packet.size() - 5, std::uint16_t{2});
  const Walk seen = walk(packet);
  EXPECT_EQ(seen.status, PacketStatus::trailing_bytes);
  EXPECT_THAT(seen.delivered, ElementsAre(Pair(9, "good"), Pair(10, "ba")));
}

TEST(MoldUdp64Decoder, ReportsCountThatIsTooHighOrTooLow) {
  Packet packet = with_blocks(1, {"a", "b"});
  store_be(packet.data() + 18, std::uint16_t{3});
  EXPECT_EQ(walk(packet).status, PacketStatus::missing_blocks);
  EXPECT_EQ(walk(packet).delivered.size(), 2U);
  store_be(packet.data() + 18, std::uint16_t{1});
  EXPECT_EQ(walk(packet).status, PacketStatus::trailing_bytes);
  EXPECT_EQ(walk(packet).delivered.size(), 1U);
  store_be(packet.data() + 18, std::uint16_t{0xFFFE});
  EXPECT_EQ(walk(packet).status, PacketStatus::missing_blocks);
}

TEST(MoldUdp64Decoder, RejectsSequenceOverflow) {
  EXPECT_EQ(walk(with_blocks(kMaxSequence - 2, {"a", "b"})).status, PacketStatus::ok);
  const Walk seen = walk(with_blocks(kMaxSequence - 1, {"a", "b"}));
  EXPECT_EQ(seen.status, PacketStatus::sequence_overflow);
  EXPECT_THAT(seen.delivered, IsEmpty());
  EXPECT_EQ(walk(with_blocks(kMaxSequence, {"a"})).status, PacketStatus::sequence_overflow);
  EXPECT_EQ(walk(header(kMaxSequence, 0)).status, PacketStatus::heartbeat);
  EXPECT_EQ(walk(header(kMaxSequence, 0xFFFF)).status, PacketStatus::end_of_session);
}

TEST(MoldUdp64Decoder, DecodesUnsequencedPackets) {
  const Packet packet = with_blocks(0, {"a", "b"});
  EXPECT_TRUE(parse_header(packet).header.is_unsequenced());
  const Walk seen = walk(packet);
  EXPECT_EQ(seen.status, PacketStatus::ok);
  EXPECT_THAT(seen.delivered, ElementsAre(Pair(0, "a"), Pair(1, "b")));
}

TEST(MoldUdp64Decoder, StartsAtTheGivenBlock) {
  const Packet packet = with_blocks(40, {"a", "bb", "ccc"});
  const ParsedHeader parsed = parse_header(packet);
  ASSERT_EQ(parsed.status, PacketStatus::ok);
  Delivered from_second;
  EXPECT_EQ(for_each_block(parsed.header, packet, 1, recorder(from_second)), PacketStatus::ok);
  EXPECT_THAT(from_second, ElementsAre(Pair(41, "bb"), Pair(42, "ccc")));

  Delivered none;
  EXPECT_EQ(for_each_block(parsed.header, packet, 3, recorder(none)), PacketStatus::ok);
  EXPECT_EQ(for_each_block(parsed.header, packet, 1000, recorder(none)), PacketStatus::ok);
  EXPECT_THAT(none, IsEmpty());
}

TEST(MoldUdp64Decoder, ReportsDamageInSkippedBlocks) {
  const Packet packet = with_blocks(40, {"a", "bb", "ccc"});
  const std::span<const std::byte> cut{packet.data(), packet.size() - 7};  // inside "bb"
  Delivered none;
  EXPECT_EQ(for_each_block(parse_header(cut).header, cut, 2, recorder(none)),
            PacketStatus::truncated_block);
  EXPECT_THAT(none, IsEmpty());
}

TEST(MoldUdp64Session, ComparesAllTenBytes) {
  const Session session = Session::from_text("000010059B");
  EXPECT_EQ(session, Session::from_text("000010059B"));
  for (std::size_t i = 0; i < kSessionBytes; ++i) {
    Session other = session;
    other.bytes.at(i) = static_cast<char>(other.bytes.at(i) ^ 1);
    EXPECT_NE(session, other) << i;
  }
}

TEST(MoldUdp64Session, IsAnOpaqueKey) {
  const Packet zeros = header(1, 0, std::string_view{"\0\0\0\0\0\0\0\0\0\0", 10});
  EXPECT_EQ(parse_header(zeros).header.session, Session{});
  EXPECT_EQ(parse_header(zeros).header.session.text(), "");
  const Packet high = header(1, 0, "\xFF\x80 a\x01 \xC3\x28  ");
  EXPECT_EQ(parse_header(high).header.session.text(), "\xFF\x80 a\x01 \xC3\x28");
  EXPECT_NE(parse_header(high).header.session, Session{});
}

TEST(MoldUdp64Session, PadsAndCutsText) {
  EXPECT_EQ(Session::from_text("AB").bytes,
            (std::array<char, 10>{'A', 'B', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '}));
  EXPECT_EQ(Session::from_text("0123456789X"), Session::from_text("0123456789"));
  EXPECT_EQ(Session::from_text("AB").text(), "AB");
}

TEST(MoldUdp64Status, NamesEachStatusAndKnowsTheMalformed) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kPacketStatusCount; ++i) {
    const auto status = static_cast<PacketStatus>(i);
    names.push_back(to_string(status));
    EXPECT_EQ(is_malformed(status), i > 2) << names.back();
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
  EXPECT_EQ(std::count(names.begin(), names.end(), "invalid"), 0);
}

TEST(MoldUdp64Decoder, ReadsARequest) {
  const auto request = parse_request(header(500, 100));
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->session, Session::from_text("000010059B"));
  EXPECT_EQ(request->first, 500U);
  EXPECT_EQ(request->count, 100U);
}

TEST(MoldUdp64Decoder, RejectsRequestsOfAnotherLengthAndForImpossibleNumbers) {
  Packet whole = header(500, 100);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(parse_request(std::span{whole}.first(length)).has_value()) << length;
  }
  whole.push_back(std::byte{0});
  EXPECT_FALSE(parse_request(whole).has_value());
  EXPECT_FALSE(parse_request(header(0, 1)).has_value());
  EXPECT_FALSE(parse_request(header(1, 0)).has_value());
  EXPECT_FALSE(parse_request(header(kMaxSequence - 1, 2)).has_value());
  EXPECT_TRUE(parse_request(header(kMaxSequence - 1, 1)).has_value());
}

}  // namespace
}  // namespace tapeline::codec::moldudp64

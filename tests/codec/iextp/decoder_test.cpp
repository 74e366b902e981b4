#include "codec/iextp/decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/bytes.hpp"
#include "tests/codec/iex/vectors.hpp"
#include "tests/codec/iextp/segment_text.hpp"

namespace tapeline::codec::iextp {
namespace {

using test::Bytes;
using test::Delivered;
using test::header;
using test::recorder;
using test::segment;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr std::uint64_t kNegative = ~std::uint64_t{0};

struct Walk {
  PacketStatus status;
  Delivered delivered;
};

// The bytes lie in memory of exactly their size, so that the sanitizer sees a read past the end.
Walk walk(std::span<const std::byte> payload) {
  const Bytes exact(payload.begin(), payload.end());
  Delivered delivered;
  const PacketStatus status = for_each_message(exact, recorder(delivered));
  return {status, delivered};
}

template <typename T>
Bytes with(Bytes bytes, std::size_t offset, T value) {
  store_le(bytes.data() + offset, value);
  return bytes;
}

// The segment of a real session (DEEP, 2021-01-26) that holds one price level update.
const Bytes kReal = iex::test::from_hex(
    "01000480010000000000dd4820000100918eab00000000005e6b0500000000006d1c16353ae25d16"
    "1e003801be7f13353ae25d165620202020202020be000000b4f01e0000000000");

TEST(IexTpDecoder, ReadsTheHeaderOfARealSegment) {
  const ParsedHeader parsed = parse_header(kReal);
  EXPECT_EQ(parsed.status, PacketStatus::ok);
  EXPECT_EQ(parsed.header.session.protocol(), Protocol::deep);
  EXPECT_EQ(parsed.header.session.channel(), 1U);
  EXPECT_EQ(parsed.header.session.number(), 1'222'443'008U);
  EXPECT_EQ(parsed.header.payload_bytes, 32U);
  EXPECT_EQ(parsed.header.count, 1U);
  EXPECT_EQ(parsed.header.stream_offset, 11'243'153U);
  EXPECT_EQ(parsed.header.sequence, 355'166U);
  EXPECT_EQ(parsed.header.send_time_ns, 1'611'692'981'295'127'661U);
  EXPECT_EQ(parsed.header.next_sequence(), 355'167U);
  EXPECT_EQ(parsed.header.next_offset(), 11'243'185U);
  EXPECT_FALSE(parsed.header.is_unsequenced());
  EXPECT_TRUE(is_segment(kReal));

  const Walk seen = walk(kReal);
  EXPECT_EQ(seen.status, PacketStatus::ok);
  ASSERT_THAT(seen.delivered, SizeIs(1));
  EXPECT_EQ(seen.delivered.front().first, 355'166U);
  EXPECT_EQ(std::as_bytes(std::span{seen.delivered.front().second}).size(), 30U);
}

TEST(IexTpDecoder, ReadsARealHeartbeat) {
  const Bytes heartbeat = iex::test::from_hex(
      "01000480010000000000dd480000000000000000000000000100000000000000af326a0223e05d16");
  const ParsedHeader parsed = parse_header(heartbeat);
  EXPECT_EQ(parsed.status, PacketStatus::heartbeat);
  EXPECT_EQ(parsed.header.sequence, 1U);
  EXPECT_EQ(parsed.header.stream_offset, 0U);
  EXPECT_TRUE(is_segment(heartbeat));
  EXPECT_EQ(walk(heartbeat).status, PacketStatus::heartbeat);
  EXPECT_THAT(walk(heartbeat).delivered, IsEmpty());
}

TEST(IexTpDecoder, NumbersMessagesFromTheHeadersSequence) {
  const Walk seen = walk(segment({.sequence = 19'009'117}, {"first", "", "third"}));
  EXPECT_EQ(seen.status, PacketStatus::ok);
  EXPECT_THAT(seen.delivered, ElementsAre(Pair(19'009'117, "first"), Pair(19'009'118, ""),
                                          Pair(19'009'119, "third")));
}

TEST(IexTpDecoder, DeliversLongestMessage) {
  const std::string longest(kMaxMessageBytes, 'm');
  const Walk seen = walk(segment({}, {longest}));
  EXPECT_EQ(seen.status, PacketStatus::ok);
  EXPECT_THAT(seen.delivered, ElementsAre(Pair(1, longest)));
}

TEST(IexTpDecoder, RejectsOtherVersions) {
  for (const std::uint8_t version : {std::uint8_t{0}, std::uint8_t{2}, std::uint8_t{0xFF}}) {
    const Walk seen = walk(with(kReal, 0, version));
    EXPECT_EQ(seen.status, PacketStatus::wrong_version);
    EXPECT_THAT(seen.delivered, IsEmpty());
  }
}

TEST(IexTpDecoder, IgnoresTheReservedByte) {
  EXPECT_EQ(walk(with(kReal, 1, std::uint8_t{0xAB})).status, PacketStatus::ok);
}

TEST(IexTpDecoder, ReadsUnknownProtocols) {
  const Bytes unknown = with(kReal, 2, std::uint16_t{0x8009});
  EXPECT_EQ(walk(unknown).status, PacketStatus::ok);
  EXPECT_FALSE(is_known(parse_header(unknown).header.session.protocol()));
  EXPECT_FALSE(is_segment(unknown));
}

TEST(IexTpDecoder, ReportsEveryTruncationAfterWholeBlocks) {
  const Bytes whole = segment({.sequence = 5}, {"abc", "", "de"});
  // Where a prefix of the segment ends: header 0-39, then lengths and bodies of the three blocks.
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Walk seen = walk(std::span{whole}.first(length));
    PacketStatus expected = PacketStatus::truncated_block;
    if (length < 40) expected = PacketStatus::too_short;
    if (length == 40 || length == 45 || length == 47) expected = PacketStatus::missing_blocks;
    if (length == 41 || length == 46 || length == 48) expected = PacketStatus::truncated_length;
    EXPECT_EQ(seen.status, expected) << length;
    const std::size_t blocks = length < 45 ? 0 : (length < 47 ? 1 : 2);
    ASSERT_THAT(seen.delivered, SizeIs(blocks)) << length;
    if (blocks > 0) {
      EXPECT_EQ(seen.delivered[0].second, "abc");
    }
  }
  EXPECT_EQ(walk(whole).status, PacketStatus::ok);
}

TEST(IexTpDecoder, RejectsBlockLongerThanWhatIsLeft) {
  for (const std::uint16_t lie : {std::uint16_t{4}, std::uint16_t{0x8000}, std::uint16_t{0xFFFF}}) {
    Bytes bytes = segment({.sequence = 9}, {"good", "bad"});
    store_le(bytes.data() + bytes.size() - 5, lie);
    const Walk seen = walk(bytes);
    EXPECT_EQ(seen.status, PacketStatus::truncated_block) << lie;
    EXPECT_THAT(seen.delivered, ElementsAre(Pair(9, "good")));
  }
}

TEST(IexTpDecoder, ReportsBytesLeftByShortBlockLength) {
  Bytes bytes = segment({.sequence = 9}, {"good", "bad"});
  store_le(bytes.data() + bytes.size() - 5, std::uint16_t{2});
  const Walk seen = walk(bytes);
  EXPECT_EQ(seen.status, PacketStatus::trailing_bytes);
  EXPECT_THAT(seen.delivered, ElementsAre(Pair(9, "good"), Pair(10, "ba")));
}

TEST(IexTpDecoder, ReportsCountThatIsTooHighOrTooLow) {
  const Bytes bytes = segment({}, {"a", "b"});
  EXPECT_EQ(walk(with(bytes, 14, std::uint16_t{3})).status, PacketStatus::missing_blocks);
  EXPECT_THAT(walk(with(bytes, 14, std::uint16_t{3})).delivered, SizeIs(2));
  EXPECT_EQ(walk(with(bytes, 14, std::uint16_t{1})).status, PacketStatus::trailing_bytes);
  EXPECT_THAT(walk(with(bytes, 14, std::uint16_t{1})).delivered, SizeIs(1));
  EXPECT_EQ(walk(with(bytes, 14, std::uint16_t{0xFFFF})).status, PacketStatus::missing_blocks);
}

TEST(IexTpDecoder, ReadsNothingPastTheAnnouncedPayload) {
  const Bytes bytes = segment({.sequence = 7}, {"a", "bb"});  // 7 bytes of payload
  const Walk shorter = walk(with(bytes, 12, std::uint16_t{3}));
  EXPECT_EQ(shorter.status, PacketStatus::missing_blocks);
  EXPECT_THAT(shorter.delivered, ElementsAre(Pair(7, "a")));
  EXPECT_EQ(walk(with(bytes, 12, std::uint16_t{6})).status, PacketStatus::truncated_block);
  EXPECT_EQ(walk(with(bytes, 12, std::uint16_t{0})).status, PacketStatus::missing_blocks);
}

TEST(IexTpDecoder, ReportsAPayloadLengthThatTheDatagramDoesNotHave) {
  const Bytes bytes = segment({.sequence = 7}, {"a", "bb"});
  const Walk longer = walk(with(bytes, 12, std::uint16_t{8}));
  EXPECT_EQ(longer.status, PacketStatus::wrong_payload_length);
  EXPECT_THAT(longer.delivered, SizeIs(2));
  Bytes padded = bytes;
  padded.push_back(std::byte{0});
  EXPECT_EQ(walk(padded).status, PacketStatus::wrong_payload_length);
  EXPECT_FALSE(is_segment(padded));
}

TEST(IexTpDecoder, RejectsCountAndPayloadThatContradict) {
  EXPECT_EQ(walk(header({}, 3, 0)).status, PacketStatus::trailing_bytes);
  EXPECT_EQ(walk(header({}, 0, 1)).status, PacketStatus::missing_blocks);
  Bytes heartbeat = header({}, 0, 0);
  heartbeat.push_back(std::byte{0});
  EXPECT_EQ(walk(heartbeat).status, PacketStatus::trailing_bytes);
}

TEST(IexTpDecoder, RejectsNegativeNumbersAndThoseThatRunOut) {
  for (const std::size_t offset : {std::size_t{16}, std::size_t{24}, std::size_t{32}}) {
    for (const std::uint64_t number : {kNegative, kMaxNumber + 1}) {
      EXPECT_EQ(walk(with(kReal, offset, number)).status, PacketStatus::number_out_of_range)
          << offset;
      EXPECT_THAT(walk(with(kReal, offset, number)).delivered, IsEmpty());
      EXPECT_EQ(walk(with(header({}, 0, 0), offset, number)).status,
                PacketStatus::number_out_of_range);
    }
  }
  const Bytes two = segment({}, {"a", "b"});  // 6 bytes of payload
  EXPECT_EQ(walk(with(two, 24, kMaxNumber - 2)).status, PacketStatus::ok);
  EXPECT_EQ(walk(with(two, 24, kMaxNumber - 1)).status, PacketStatus::number_out_of_range);
  EXPECT_EQ(walk(with(two, 16, kMaxNumber - 6)).status, PacketStatus::ok);
  EXPECT_EQ(walk(with(two, 16, kMaxNumber - 5)).status, PacketStatus::number_out_of_range);
}

TEST(IexTpDecoder, DecodesUnsequencedSegments) {
  const Bytes bytes = segment({.sequence = 0}, {"a", "b"});
  EXPECT_TRUE(parse_header(bytes).header.is_unsequenced());
  EXPECT_THAT(walk(bytes).delivered, ElementsAre(Pair(0, "a"), Pair(1, "b")));
}

TEST(IexTpDecoder, StartsAtTheGivenBlock) {
  const Bytes bytes = segment({.sequence = 40}, {"a", "bb", "ccc"});
  const ParsedHeader parsed = parse_header(bytes);
  Delivered from_second;
  EXPECT_EQ(for_each_block(parsed.header, bytes, 1, recorder(from_second)), PacketStatus::ok);
  EXPECT_THAT(from_second, ElementsAre(Pair(41, "bb"), Pair(42, "ccc")));
  Delivered none;
  EXPECT_EQ(for_each_block(parsed.header, bytes, 3, recorder(none)), PacketStatus::ok);
  EXPECT_EQ(for_each_block(parsed.header, bytes, 1000, recorder(none)), PacketStatus::ok);
  EXPECT_THAT(none, IsEmpty());
}

TEST(IexTpDecoder, DoesNotTakeOtherPacketsForSegments) {
  EXPECT_FALSE(is_segment({}));
  Bytes mold;
  test::append(mold, "000010059B");
  mold.resize(120);
  EXPECT_FALSE(is_segment(mold));
  EXPECT_FALSE(is_segment(Bytes(120)));
  EXPECT_FALSE(is_segment(std::span{kReal}.first(kReal.size() - 1)));
}

TEST(IexTpSession, IsMadeOfProtocolChannelAndNumber) {
  const Session session = Session::from(Protocol::deep, 1, 1'222'443'008);
  EXPECT_EQ(session, parse_header(kReal).header.session);
  EXPECT_NE(session, Session::from(Protocol::tops, 1, 1'222'443'008));
  EXPECT_NE(session, Session::from(Protocol::deep, 2, 1'222'443'008));
  EXPECT_NE(session, Session::from(Protocol::deep, 1, 1'222'443'009));
  for (std::size_t i = 0; i < kSessionBytes; ++i) {
    Session other = session;
    other.bytes.at(i) = static_cast<char>(other.bytes.at(i) ^ 1);
    EXPECT_NE(session, other) << i;
  }
}

TEST(IexTpStatus, NamesEachStatusAndKnowsTheMalformed) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kPacketStatusCount; ++i) {
    const auto status = static_cast<PacketStatus>(i);
    names.insert(to_string(status));
    EXPECT_EQ(is_malformed(status), status > PacketStatus::end_of_session) << to_string(status);
  }
  EXPECT_THAT(names, SizeIs(kPacketStatusCount));
  EXPECT_EQ(names.count("invalid"), 0U);
}

}  // namespace
}  // namespace tapeline::codec::iextp

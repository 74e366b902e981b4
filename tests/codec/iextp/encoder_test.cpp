#include "codec/iextp/encoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/iextp/decoder.hpp"
#include "tests/codec/iextp/segment_text.hpp"

namespace tapeline::codec::iextp {
namespace {

using test::Bytes;
using test::Delivered;
using ::testing::ElementsAre;
using ::testing::Pair;

const Session kSession = Session::from(Protocol::deep, 1, 1'222'443'008);
constexpr std::uint64_t kTime = 1'611'690'682'637'497'007;

Bytes copy(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }
Bytes message_of(std::size_t bytes, std::uint8_t fill) { return Bytes(bytes, std::byte{fill}); }
Bytes text(std::string_view characters) {
  Bytes bytes;
  test::append(bytes, characters);
  return bytes;
}

TEST(IexTpEncoder, WritesTheBytesOfTheSpecification) {
  std::array<std::byte, 100> out{};
  out.fill(std::byte{0xEE});
  SegmentBuilder builder{out};
  builder.start(kSession, 0x0102030405060708, 0x1112131415161718);
  ASSERT_TRUE(builder.try_add(text("abc")));
  ASSERT_TRUE(builder.try_add({}));
  EXPECT_EQ(builder.next_sequence(), 0x010203040506070AU);
  EXPECT_EQ(builder.next_offset(), 0x111213141516171FU);
  const auto written = builder.finish(kTime);
  EXPECT_EQ(copy(written),
            test::segment({0x0102030405060708, 0x1112131415161718, kTime}, {"abc", ""}));
  EXPECT_EQ(written.data(), out.data());
}

TEST(IexTpEncoder, ContinuesTheStream) {
  std::array<std::byte, 60> out{};
  SegmentBuilder builder{out};
  Delivered delivered;
  std::uint64_t sequence = 1;
  std::uint64_t offset = 0;
  for (const char* const word : {"one", "four", ""}) {
    builder.start(kSession, sequence, offset);
    ASSERT_TRUE(builder.try_add(text(word)));
    const auto segment = builder.finish(kTime);
    EXPECT_EQ(parse_header(segment).header.stream_offset, offset);
    EXPECT_EQ(for_each_message(segment, test::recorder(delivered)), PacketStatus::ok);
    sequence = builder.next_sequence();
    offset = builder.next_offset();
  }
  EXPECT_THAT(delivered, ElementsAre(Pair(1, "one"), Pair(2, "four"), Pair(3, "")));
  EXPECT_EQ(offset, 13U);
}

TEST(IexTpEncoder, RefusesWhatDoesNotFitAndKeepsTheRest) {
  std::array<std::byte, 53> out{};
  out.fill(std::byte{0xEE});
  SegmentBuilder builder{std::span{out}.first(52)};
  builder.start(kSession, 1, 0);
  EXPECT_FALSE(builder.try_add(message_of(11, 1)));
  EXPECT_TRUE(builder.try_add(message_of(8, 2)));
  EXPECT_FALSE(builder.try_add(message_of(1, 3)));
  EXPECT_TRUE(builder.try_add({}));
  EXPECT_FALSE(builder.try_add({}));
  EXPECT_EQ(builder.finish(kTime).size(), 52U);
  EXPECT_EQ(builder.message_count(), 2U);
  EXPECT_EQ(out.back(), std::byte{0xEE});
}

TEST(IexTpEncoder, KeepsThePayloadWithinItsField) {
  Bytes out(200'000);
  SegmentBuilder builder{out};
  builder.start(kSession, 1, 0);
  EXPECT_FALSE(builder.try_add(message_of(kMaxMessageBytes + 1, 1)));
  EXPECT_TRUE(builder.try_add(message_of(kMaxMessageBytes, 1)));
  EXPECT_FALSE(builder.try_add({}));
  EXPECT_EQ(builder.finish(kTime).size(), kHeaderBytes + kMaxPayloadBytes);
  EXPECT_TRUE(is_segment(builder.finish(kTime)));

  builder.start(kSession, 1, 0);
  std::size_t added = 0;
  while (builder.try_add({})) ++added;
  EXPECT_EQ(added, kMaxPayloadBytes / 2);
  std::size_t seen = 0;
  EXPECT_EQ(for_each_message(builder.finish(kTime), [&](auto, auto) { ++seen; }), PacketStatus::ok);
  EXPECT_EQ(seen, added);
}

TEST(IexTpEncoder, SegmentWithoutMessagesIsAHeartbeat) {
  std::array<std::byte, kHeaderBytes> out{};
  SegmentBuilder builder{out};
  builder.start(kSession, 7, 300);
  const auto segment = builder.finish(kTime);
  EXPECT_EQ(copy(segment), test::header({7, 300, kTime}, 0, 0));
  EXPECT_EQ(parse_header(segment).status, PacketStatus::heartbeat);
}

}  // namespace
}  // namespace tapeline::codec::iextp

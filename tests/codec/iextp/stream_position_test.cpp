#include "codec/iextp/stream_position.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace tapeline::codec::iextp {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kNoon = 1'611'680'400 * kSecond;

// 1,000 messages of 30 bytes were sent until noon.
constexpr StreamPosition kStream{1'001, 32'000, kNoon};

Header at(std::uint64_t sequence, std::uint64_t offset, std::uint64_t send_time_ns) {
  return {.session = {},
          .payload_bytes = 64,
          .count = 2,
          .stream_offset = offset,
          .sequence = sequence,
          .send_time_ns = send_time_ns};
}

TEST(IexTpStreamPosition, FollowsItsNextSegment) {
  const Header next = at(1'001, 32'000, kNoon + 1);
  EXPECT_EQ(continuity(kStream, next), Continuity::follows);
  EXPECT_EQ(continuity(StreamPosition::behind(next), at(1'003, 32'064, kNoon + 1)),
            Continuity::follows);
}

TEST(IexTpStreamPosition, SkipsOverALoss) {
  EXPECT_EQ(continuity(kStream, at(1'011, 32'320, kNoon + 1)), Continuity::skips);
}

TEST(IexTpStreamPosition, TakesTheOtherLineForACopy) {
  EXPECT_EQ(continuity(kStream, at(999, 31'936, kNoon)), Continuity::repeats);
  EXPECT_EQ(continuity(kStream, at(999, 31'936, kNoon + kCopyLagNs)), Continuity::repeats);
  EXPECT_EQ(continuity(kStream, at(1, 0, kNoon - 3'600 * kSecond)), Continuity::repeats);
}

TEST(IexTpStreamPosition, RecognisesNumbersThatBeginAnew) {
  EXPECT_EQ(continuity(kStream, at(1, 0, kNoon + kCopyLagNs + 1)), Continuity::restarts);
  // Joined late: the numbers have come far again, and fit to the old stream by chance.
  EXPECT_EQ(continuity(kStream, at(500, 16'000, kNoon + 60 * kSecond)), Continuity::restarts);
  // A heartbeat shows it as well.
  Header heartbeat = at(1, 0, kNoon + 5 * kSecond);
  heartbeat.count = 0;
  heartbeat.payload_bytes = 0;
  EXPECT_EQ(continuity(kStream, heartbeat), Continuity::restarts);
}

TEST(IexTpStreamPosition, RecognisesAnOffsetThatBeginsAnewAtOnce) {
  EXPECT_EQ(continuity(kStream, at(1'001, 0, kNoon + 1)), Continuity::restarts);
  EXPECT_EQ(continuity(kStream, at(2'000, 100, kNoon + 1)), Continuity::restarts);
  EXPECT_EQ(continuity(kStream, at(1'001, 32'001, kNoon + 1)), Continuity::restarts);
}

TEST(IexTpStreamPosition, RecognisesMessageNumbersThatBeginAnewAtOnce) {
  EXPECT_EQ(continuity(kStream, at(1, 32'000, kNoon + 1)), Continuity::restarts);
}

TEST(IexTpStreamPosition, DoesNotGoBackToTheFormerStream) {
  const StreamPosition anew{3, 64, kNoon + 10 * kSecond};
  EXPECT_EQ(continuity(anew, at(3, 32'064, kNoon)), Continuity::contradicts);
  // Its number lies ahead and could be of the new stream; the hole that it opens is all it costs.
  EXPECT_EQ(continuity(anew, at(1'001, 32'000, kNoon)), Continuity::skips);
}

TEST(IexTpStreamPosition, KnowsWhatMessagesCanWeigh) {
  EXPECT_TRUE(can_share_stream(1, 0, 1, 0));
  EXPECT_FALSE(can_share_stream(1, 0, 1, 1));
  EXPECT_TRUE(can_share_stream(1, 0, 11, 20));  // messages of no bytes
  EXPECT_FALSE(can_share_stream(1, 0, 11, 19));
  EXPECT_TRUE(can_share_stream(1, 0, 3, 2 * 65'537));
  EXPECT_FALSE(can_share_stream(1, 0, 3, 2 * 65'537 + 1));
  EXPECT_TRUE(can_share_stream(11, 320, 1, 0));
  EXPECT_FALSE(can_share_stream(11, 0, 1, 320));
  EXPECT_FALSE(can_share_stream(0, 0, kMaxNumber, kMaxNumber));
}

}  // namespace
}  // namespace tapeline::codec::iextp

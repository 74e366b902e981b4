#include "app/simulate/packet_cutter.hpp"

#include <gtest/gtest.h>

#include <array>

#include "codec/moldudp64/decoder.hpp"

namespace tapeline::simulate {
namespace {

namespace moldudp64 = codec::moldudp64;

const moldudp64::Session kSession = moldudp64::Session::from_text("TEST");
constexpr std::array<std::byte, 36> kMessage{};

TEST(PacketCutter, PacketsFollowOneAnother) {
  PacketCutter cutter{kSession, {}};
  ASSERT_TRUE(cutter.try_add(kMessage, 1));
  ASSERT_TRUE(cutter.try_add(kMessage, 2));
  const auto first = moldudp64::parse_header(cutter.finish());
  EXPECT_EQ(first.header.sequence, 1U);
  EXPECT_EQ(first.header.count, 2);
  EXPECT_EQ(first.header.session, kSession);
  ASSERT_TRUE(cutter.try_add(kMessage, 3));
  EXPECT_EQ(moldudp64::parse_header(cutter.finish()).header.sequence, 3U);
}

TEST(PacketCutter, NeverExceedsItsBytes) {
  PacketCutter cutter{kSession, {.packet_bytes = 100}};
  EXPECT_TRUE(cutter.try_add(kMessage, 1));
  EXPECT_TRUE(cutter.try_add(kMessage, 1));
  EXPECT_FALSE(cutter.try_add(kMessage, 1));
  EXPECT_EQ(cutter.finish().size(), 20U + 2 * 38U);
}

TEST(PacketCutter, NeverExceedsItsMessages) {
  PacketCutter cutter{kSession, {.packet_messages = 3}};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(cutter.try_add(kMessage, 1));
  EXPECT_FALSE(cutter.try_add(kMessage, 1));
}

TEST(PacketCutter, IsDueWhenNothingFollowsInTime) {
  PacketCutter cutter{kSession, {.linger_ns = 10}};
  EXPECT_FALSE(cutter.is_due(1'000));
  ASSERT_TRUE(cutter.try_add(kMessage, 100));
  EXPECT_FALSE(cutter.is_due(110));
  EXPECT_TRUE(cutter.is_due(111));
}

TEST(PacketCutter, SignalsCarryTheNextNumber) {
  PacketCutter cutter{kSession, {}};
  ASSERT_TRUE(cutter.try_add(kMessage, 1));
  (void)cutter.finish();
  const auto heartbeat = moldudp64::parse_header(cutter.heartbeat());
  EXPECT_EQ(heartbeat.status, moldudp64::PacketStatus::heartbeat);
  EXPECT_EQ(heartbeat.header.sequence, 2U);
  const auto end = moldudp64::parse_header(cutter.end_of_session());
  EXPECT_EQ(end.status, moldudp64::PacketStatus::end_of_session);
  EXPECT_EQ(end.header.sequence, 2U);
}

}  // namespace
}  // namespace tapeline::simulate

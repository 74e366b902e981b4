#include "net/udp_sender.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/net/loopback.hpp"
#include "tests/net/mold_packet.hpp"

namespace tapeline::net {
namespace {

using testing::receive;
using testing::send_texts;

class UdpSenderTest : public ::testing::Test {
 protected:
  [[nodiscard]] UdpSenderConfig config(bool segment = true) const {
    return {.address = "127.0.0.1", .port = source.port(0), .segment = segment};
  }

  pool::LockFreeBufferPool pool{testing::small_pool(8, std::size_t{128} * 1024)};
  UdpSource source{{.lines = {{"A", "127.0.0.1", 0, "", {}}}}, pool.serialization()};
};

std::vector<std::string> mixed_texts() {
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < 300; ++at) {
    texts.emplace_back(100 + (at / 7) % 5 * 50, static_cast<char>('a' + at % 26));
  }
  texts.emplace_back("");
  texts.emplace_back("end");
  return texts;
}

TEST_F(UdpSenderTest, SegmentsArriveAsTheDatagramsTheyWere) {
  UdpSender sender{config()};
  const auto texts = mixed_texts();
  EXPECT_EQ(send_texts(sender, texts), texts.size());
  EXPECT_EQ(receive(source, 0, texts.size()), texts);
  EXPECT_EQ(sender.counters().packets.get(), texts.size());
  EXPECT_EQ(sender.counters().errors.get(), 0U);
  EXPECT_TRUE(sender.segments());
  EXPECT_GT(sender.counters().segmented.get(), 0U);
}

TEST_F(UdpSenderTest, PlainSendsArriveTheSame) {
  UdpSender sender{config(false)};
  const auto texts = mixed_texts();
  EXPECT_EQ(send_texts(sender, texts), texts.size());
  EXPECT_EQ(receive(source, 0, texts.size()), texts);
  EXPECT_EQ(sender.counters().segmented.get(), 0U);
}

TEST_F(UdpSenderTest, OneCallSendsManyEqualPackets) {
  UdpSender sender{config()};
  const std::vector<std::string> texts(640, std::string(50, 'x'));
  EXPECT_EQ(send_texts(sender, texts), 640U);
  EXPECT_EQ(sender.counters().syscalls.get(), 1U);
  EXPECT_EQ(sender.counters().segmented.get(), 10U);
  EXPECT_EQ(sender.counters().bytes.get(), 640U * 50U);
  EXPECT_EQ(receive(source, 0, texts.size()), texts);
}

TEST_F(UdpSenderTest, ShorterPacketEndsItsRun) {
  UdpSender sender{config()};
  const std::vector<std::string> texts{"aaaa", "bbbb", "cc", "dddd", "eeee"};
  EXPECT_EQ(send_texts(sender, texts), 5U);
  EXPECT_EQ(sender.counters().segmented.get(), 2U);
  EXPECT_EQ(receive(source, 0, texts.size()), texts);
}

TEST_F(UdpSenderTest, PacketThatCanNotBeSentIsCountedAndSkipped) {
  UdpSender sender{config()};
  EXPECT_EQ(send_texts(sender, {"a", std::string(70'000, 'x'), "b"}), 2U);
  EXPECT_EQ(sender.counters().errors.get(), 1U);
  EXPECT_THAT(receive(source, 0, 2), ::testing::ElementsAre("a", "b"));
}

TEST(UdpSender, StartUpErrorsAreClear) {
  EXPECT_THROW(UdpSender({.address = "nowhere", .port = 1}), std::runtime_error);
  EXPECT_THROW(UdpSender({.address = "239.1.1.1", .port = 0}), std::runtime_error);
  EXPECT_THROW(UdpSender({.address = "239.1.1.1", .port = 1, .interface = "nosuch0"}),
               std::runtime_error);
}

TEST(UdpSender, NobodyListeningIsNoError) {
  UdpSender sender{{.address = "127.0.0.1", .port = testing::free_port()}};
  for (int repeat = 0; repeat < 5; ++repeat) {
    EXPECT_EQ(send_texts(sender, {"x"}), 1U);
  }
  EXPECT_EQ(sender.counters().errors.get(), 0U);
}

}  // namespace
}  // namespace tapeline::net

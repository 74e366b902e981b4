#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "codec/bytes.hpp"
#include "net/udp_source.hpp"
#include "tests/net/loopback.hpp"
#include "tests/net/mold_packet.hpp"

namespace tapeline::net {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::poll_until;
using testing::receive;
using testing::receive_batch;
using testing::receive_waiting;
using testing::send_texts;
using namespace std::chrono_literals;

UdpLineConfig line(const std::string& address, std::uint16_t port) {
  return {"A", address, port, "lo", {}};
}

class UdpTrainsTest : public ::testing::Test {
 protected:
  pool::LockFreeBufferPool pool{testing::small_pool(8, std::size_t{128} * 1024)};
};

// Sent with UDP_SEGMENT, datagrams of one length pass loopback as one.
TEST_F(UdpTrainsTest, TakesTrainsOfDatagramsApart) {
  UdpSource source{{.lines = {line("127.0.0.1", 0)}}, pool.serialization()};
  UdpSender sender{{.address = "127.0.0.1", .port = source.port(0)}};
  std::vector<std::string> texts{"alone"};
  for (std::size_t at = 0; at < 150; ++at) texts.emplace_back(1400, static_cast<char>(at + 33));
  texts.emplace_back(17, 'e');  // the shorter end of a train
  for (std::size_t at = 0; at < 100; ++at) texts.emplace_back(3, static_cast<char>(at + 33));
  texts.emplace_back("");
  texts.emplace_back(1968, 'l');
  ASSERT_EQ(send_texts(sender, texts), texts.size());
  ASSERT_GT(sender.counters().segmented.get(), 0U);
  std::vector<std::string> received;
  std::size_t batches = 0;
  EXPECT_TRUE(poll_until([&] {
    PacketBatch batch;
    if (source.receive(0, batch) == UdpSource::Received::packets) ++batches;
    EXPECT_LE(batch.packets().size(), 64U);
    for (const Packet& packet : batch.packets()) {
      received.emplace_back(testing::text_of(packet.payload()));
      EXPECT_EQ(packet.payload_offset, 28U);
      EXPECT_EQ(codec::load_be<std::uint16_t>(packet.datagram + 20), sender.local_port());
      EXPECT_EQ(codec::load_be<std::uint16_t>(packet.datagram + 24), 8 + packet.payload_bytes);
      EXPECT_GT(packet.rx_time, 0);
    }
    return received.size() >= texts.size();
  }));
  EXPECT_EQ(received, texts);
  EXPECT_EQ(source.counters(0).packets.get(), texts.size());
  EXPECT_EQ(source.counters(0).batches.get(), batches);
  EXPECT_GT(source.counters(0).trains.get(), 0U);
}

TEST_F(UdpTrainsTest, TakesNoTrainsUnlessItShall) {
  UdpSource source{{.lines = {line("127.0.0.1", 0)}, .gro = false}, pool.serialization()};
  UdpSender sender{{.address = "127.0.0.1", .port = source.port(0)}};
  const std::vector<std::string> texts(100, "same length");
  send_texts(sender, texts);
  EXPECT_EQ(receive(source, 0, texts.size()), texts);
  EXPECT_EQ(source.counters(0).trains.get(), 0U);
}

TEST_F(UdpTrainsTest, CutsAndCountsEachDatagramOfATrainThatIsTooLong) {
  UdpSource source{{.lines = {line("127.0.0.1", 0)}, .max_datagram_bytes = 100},
                   pool.serialization()};
  UdpSender sender{{.address = "127.0.0.1", .port = source.port(0)}};
  send_texts(sender, std::vector<std::string>(5, std::string(90, 'a') + std::string(40, 'b')));
  EXPECT_EQ(receive(source, 0, 5),
            std::vector<std::string>(5, std::string(90, 'a') + std::string(10, 'b')));
  EXPECT_EQ(source.counters(0).truncated.get(), 5U);
}

TEST_F(UdpTrainsTest, DropsTrainsOfSendersThatAreNotPermitted) {
  UdpLineConfig config = line("127.0.0.1", 0);
  config.sources = {"192.0.2.1"};
  UdpSource source{{.lines = {config}}, pool.serialization()};
  UdpSender sender{{.address = "127.0.0.1", .port = source.port(0)}};
  send_texts(sender, std::vector<std::string>(100, "train"));
  std::vector<std::string> texts;
  EXPECT_TRUE(poll_until([&] {
    receive_waiting(source, 0, texts);
    return source.counters(0).filtered.get() >= 100;
  }));
  EXPECT_EQ(source.counters(0).filtered.get(), 100U);
  EXPECT_THAT(texts, IsEmpty());
}

TEST_F(UdpTrainsTest, AnEmptyPoolDelaysTheRestOfATrain) {
  UdpSource source{{.lines = {line("127.0.0.1", 0)}}, pool.serialization()};
  UdpSender sender{{.address = "127.0.0.1", .port = source.port(0)}};
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < 200; ++at) texts.push_back(std::to_string(1000 + at));
  send_texts(sender, texts);
  const PacketBatch kept = receive_batch(source, 0);
  std::vector<pool::SerializationGuard> taken;
  while (pool::SerializationGuard guard = pool.serialization().try_acquire()) {
    taken.push_back(std::move(guard));
  }
  PacketBatch none;
  EXPECT_EQ(source.receive(0, none), UdpSource::Received::no_buffer);
  taken.clear();
  std::vector<std::string> received;
  for (const Packet& packet : kept.packets()) {
    received.emplace_back(testing::text_of(packet.payload()));
  }
  for (std::string& text : receive(source, 0, texts.size() - received.size())) {
    received.push_back(std::move(text));
  }
  EXPECT_EQ(received, texts);
}

TEST_F(UdpTrainsTest, WaitingModeServesOtherLinesInTheMiddleOfATrain) {
  UdpSource source{{.lines = {line("127.0.0.1", 0), line("127.0.0.1", 0)}, .reads_per_wakeup = 1},
                   pool.serialization()};
  const std::string text(20, 'x');
  const std::vector<std::span<const std::byte>> packets(300, std::as_bytes(std::span{text}));
  for (std::size_t at = 0; at < 2; ++at) {
    UdpSender sender{{.address = "127.0.0.1", .port = source.port(at)}};
    ASSERT_EQ(sender.send(packets), packets.size());
  }
  asio::io_context io;
  std::array<std::size_t, 2> received{};
  std::vector<std::uint16_t> order;
  source.start(io, [&](PacketBatch&& batch) {
    received.at(batch.packets()[0].line) += batch.packets().size();
    order.push_back(batch.packets()[0].line);
    if (received[0] == 300 && received[1] == 300) source.stop();
  });
  io.run_for(5s);
  EXPECT_THAT(received, ElementsAre(300, 300));
  ASSERT_GT(order.size(), 4U);
  EXPECT_EQ(std::count(order.begin(), order.begin() + 4, order[0]), 2);
}

}  // namespace
}  // namespace tapeline::net

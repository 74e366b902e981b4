// Connections and reads of a TCP source, seen through one of lines.

#include "net/tcp_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "codec/bytes.hpp"
#include "net/stream_source.hpp"
#include "net/tcp_header.hpp"
#include "tests/net/loopback.hpp"
#include "tests/net/source_reading.hpp"
#include "tests/net/stream_log.hpp"
#include "tests/net/tcp_server.hpp"

namespace tapeline::net {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using testing::run_until;
using testing::StreamLog;
using testing::TcpPeer;
using testing::TcpServer;

constexpr std::int64_t kMilli = 1'000'000;

using Config = StreamSourceConfig<LineFraming>;
using Lines = LineSource<StreamLog>;

Config config(std::uint16_t port, const std::string& host = "127.0.0.1") {
  Config config;
  config.tcp.servers = {{host, port}};
  config.tcp.backoff = {.first_ns = kMilli, .longest_ns = 4 * kMilli};
  return config;
}

// A port that nobody listens on: a UDP socket's free port says nothing about TCP, so one that a
// server had and left.
std::uint16_t closed_port() { return TcpServer{{}}.port(); }

class TcpSourceTest : public ::testing::Test {
 protected:
  std::string error_of(const Config& bad, std::size_t buffer_bytes = std::size_t{128} * 1024) {
    test::SerializationPool other{test::small_pool(buffer_bytes, 2)};
    try {
      const Lines source{bad, other, log};
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  }

  test::SerializationPool pool{test::small_pool(std::size_t{128} * 1024, 8)};
  asio::io_context io;
  StreamLog log;
};

std::uint32_t be32(const std::string& bytes, std::size_t at) {
  return codec::load_be<std::uint32_t>(reinterpret_cast<const std::byte*>(bytes.data() + at));
}
std::uint16_t be16(const std::string& bytes, std::size_t at) {
  return codec::load_be<std::uint16_t>(reinterpret_cast<const std::byte*>(bytes.data() + at));
}

TEST_F(TcpSourceTest, DatagramsPutTheStreamTogetherAgain) {
  std::string stream;
  for (int i = 0; i < 40'000; ++i) stream += "line " + std::to_string(i) + "\n";
  TcpServer server{{[&](TcpPeer& peer) {
    peer.send(stream);
    peer.wait_for_close();
  }}};
  Config lines = config(server.port());
  lines.tcp.line = 3;
  Lines source{lines, pool, log};
  source.start(io);
  ASSERT_TRUE(run_until(io, [&] { return log.messages.size() == 40'000; }));
  source.stop();
  EXPECT_EQ(log.received, stream);
  EXPECT_EQ(log.last_packet.line, 3U);
  EXPECT_GT(log.last_packet.rx_time, 1'600'000'000LL * 1'000 * kMilli);  // Unix time

  const std::uint32_t first = be32(log.datagrams.front(), 24);
  std::uint32_t offset = 0;
  for (const std::string& datagram : log.datagrams) {
    ASSERT_GE(datagram.size(), TcpHeader::kV4Bytes);
    EXPECT_EQ(be16(datagram, 2), datagram.size());
    EXPECT_EQ(datagram[9], 6);
    EXPECT_EQ(be16(datagram, 20), server.port());
    ASSERT_EQ(be32(datagram, 24), first + offset);
    ASSERT_EQ(datagram.substr(TcpHeader::kV4Bytes),
              stream.substr(offset, datagram.size() - TcpHeader::kV4Bytes));
    offset += static_cast<std::uint32_t>(datagram.size() - TcpHeader::kV4Bytes);
  }
  EXPECT_EQ(offset, stream.size());
  EXPECT_EQ(source.tcp_counters().bytes.get(), stream.size());
  EXPECT_EQ(source.tcp_counters().packets.get(), log.datagrams.size());
}

TEST_F(TcpSourceTest, OneReadFillsAWholeBuffer) {
  std::atomic<bool> sent{false};
  const std::string stream(200'000, 'x');
  TcpServer server{{[&](TcpPeer& peer) {
    peer.send(stream);
    sent = true;
    peer.wait_for_close();
  }}};
  Lines source{config(server.port()), pool, log};
  source.start(io, TcpSource::Mode::polling);
  ASSERT_TRUE(run_until(io, [&] { return sent && source.tcp_counters().is_connected.get() != 0; }));
  EXPECT_EQ(source.poll_once(), 1U);
  EXPECT_EQ(log.datagrams.size(), 2U);
  EXPECT_GE(log.received.size(), std::size_t{64} * 1024);
  EXPECT_THAT(log.datagrams, Each(::testing::SizeIs(::testing::Le(65'535U))));
  ASSERT_TRUE(run_until(io, [&] {
    source.poll_once();
    return log.received.size() == stream.size();
  }));
  source.stop();
}

TEST_F(TcpSourceTest, SmallBuffersGiveTheSameStream) {
  std::string stream;
  for (int i = 0; i < 5'000; ++i) stream += "line " + std::to_string(i) + "\n";
  TcpServer server{{[&](TcpPeer& peer) {
    peer.send(stream);
    peer.wait_for_close();
  }}};
  test::SerializationPool small{test::small_pool(1024, 8)};
  Config lines = config(server.port());
  lines.framing.max_bytes = 100;
  Lines source{lines, small, log};
  source.start(io);
  ASSERT_TRUE(run_until(io, [&] { return log.messages.size() == 5'000; }));
  source.stop();
  EXPECT_EQ(log.received, stream);
}

TEST_F(TcpSourceTest, ConnectsOverIpv6) {
  TcpServer server{{[](TcpPeer& peer) {
                     peer.send("hello\n");
                     peer.wait_for_close();
                   }},
                   "::1"};
  Lines source{config(server.port(), "::1"), pool, log};
  source.start(io);
  ASSERT_TRUE(run_until(io, [&] { return log.messages.size() == 1; }));
  source.stop();
  ASSERT_EQ(log.datagrams.size(), 1U);
  EXPECT_EQ(log.datagrams[0][0], 0x60);
  EXPECT_EQ(be16(log.datagrams[0], 4), 20 + 6);
  EXPECT_EQ(log.datagrams[0].substr(TcpHeader::kV6Bytes), "hello\n");
}

TEST_F(TcpSourceTest, NamesAreResolved) {
  TcpServer server{{[](TcpPeer& peer) {
    peer.send("hello\n");
    peer.wait_for_close();
  }}};
  Lines source{config(server.port(), "localhost"), pool, log};
  source.start(io);
  ASSERT_TRUE(run_until(io, [&] { return log.messages.size() == 1; }));
  source.stop();
}

TEST_F(TcpSourceTest, NameThatIsNoneIsTriedAgain) {
  Lines source{config(1, "no such host"), pool, log};
  source.start(io);
  ASSERT_TRUE(run_until(io, [&] { return log.events.size() >= 2; }));
  source.stop();
  EXPECT_THAT(std::vector(log.events.begin(), log.events.begin() + 2), Each("resolve_failed"));
}

TEST_F(TcpSourceTest, ServersAreTriedInTurn) {
  TcpServer server{{[](TcpPeer& peer) { peer.send("one\n"); },
                    [](TcpPeer& peer) {
                      peer.send("two\n");
                      peer.wait_for_close();
                    }}};
  Config lines = config(closed_port());
  lines.tcp.servers.push_back({"127.0.0.1", server.port()});
  Lines source{lines, pool, log};
  source.start(io);
  ASSERT_TRUE(run_until(io, [&] { return log.messages.size() == 2; }));
  source.stop();
  EXPECT_THAT(log.messages, ElementsAre("one", "two"));
  EXPECT_THAT(log.numbers, ElementsAre(1, 2));
  // A connection that had worked is made again with the same server.
  EXPECT_THAT(log.events, ElementsAre("connect_failed", "closed_by_peer", "stopped"));
  EXPECT_EQ(log.errors[0], std::errc::connection_refused);
  EXPECT_THAT(log.servers, ElementsAre(1, 1));
  EXPECT_EQ(source.tcp_counters().tries.get(), 3U);
  EXPECT_EQ(source.tcp_counters().connections.get(), 2U);
}

TEST_F(TcpSourceTest, SilentStreamIsConnectedAgainIfConfigured) {
  TcpServer server{{[](TcpPeer& peer) {
                      peer.send("one\nunfin");
                      peer.wait_for_close();
                    },
                    [](TcpPeer& peer) {
                      peer.send("ished\ntwo\n");
                      peer.wait_for_close();
                    }}};
  Config lines = config(server.port());
  lines.watchdog_ns = 300 * kMilli;
  Lines source{lines, pool, log};
  source.start(io);
  ASSERT_TRUE(run_until(io, [&] { return log.messages.size() == 3; }));
  source.stop();
  EXPECT_THAT(log.messages, ElementsAre("one", "ished", "two"));
  EXPECT_THAT(log.events, ElementsAre("silent", "stopped"));
  EXPECT_EQ(source.framer_counters().cut_short.get(), 1U);
}

TEST_F(TcpSourceTest, LengthOutOfBoundsEndsTheConnection) {
  TcpServer server{{[](TcpPeer& peer) {
                      peer.send(std::string{"\0\0\0\3one\0\0\1\0", 11});
                      peer.wait_for_close();
                    },
                    [](TcpPeer& peer) {
                      peer.send(std::string{"\0\0\0\3two", 7});
                      peer.wait_for_close();
                    }}};
  StreamSourceConfig<LengthFraming> lengths;
  lengths.tcp = config(server.port()).tcp;
  lengths.framing.max_bytes = 255;
  LengthSource<std::uint32_t, StreamLog> source{lengths, pool, log};
  source.start(io);
  ASSERT_TRUE(run_until(io, [&] { return log.messages.size() == 2; }));
  source.stop();
  EXPECT_THAT(log.messages, ElementsAre("one", "two"));
  EXPECT_THAT(log.events, ElementsAre("malformed", "stopped"));
  EXPECT_EQ(source.framer_counters().malformed.get(), 1U);
}

TEST_F(TcpSourceTest, StopsWhileItWaitsForItsNextTry) {
  Lines source{config(closed_port()), pool, log};
  source.start(io);
  ASSERT_TRUE(run_until(io, [&] { return !log.events.empty(); }));
  source.stop();
  io.run();  // returns: nothing is under way any more
  const std::size_t tries = log.events.size();
  EXPECT_EQ(source.tcp_counters().tries.get(), tries);
}

TEST_F(TcpSourceTest, ConfigurationsThatCanNotWorkAreRefused) {
  EXPECT_EQ(error_of({}), "a TCP source needs a server");
  EXPECT_EQ(error_of(config(0)), "server \"127.0.0.1\" needs a host and a port");
  Config tiny = config(1);
  tiny.framing.max_bytes = 16;
  EXPECT_EQ(error_of(tiny, 512),
            "serialization buffers of 512 bytes are too small for a TCP source");
  EXPECT_EQ(error_of(config(1), 65'536),
            "a message of 65535 bytes does not fit into a "
            "serialization buffer of 65536 bytes");
}

}  // namespace
}  // namespace tapeline::net

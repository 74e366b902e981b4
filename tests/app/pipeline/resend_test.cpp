// Captured packets over loopback: what a socket receives is what the capture holds.

#include "app/resend.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/config.hpp"
#include "net/open_capture.hpp"
#include "tests/app/pipeline/generated_capture.hpp"
#include "tests/app/pipeline/replay_files.hpp"
#include "tests/net/loopback.hpp"

namespace tapeline {
namespace {

using codec::capture::Address;
using codec::capture::Endpoint;
using net::testing::free_port;
using test::kLineA;
using test::kLineB;

constexpr std::uint32_t kLoopback = 0x7F000001;

// The payloads of one line, or of all.
std::vector<std::string> payloads_of(const std::string& path,
                                     const std::optional<Endpoint>& line = std::nullopt) {
  pool::LockFreeBufferPool pools{pool::LockFreeBufferPoolConfig{}};
  net::CaptureOptions options;
  if (line) options.filter.matches.push_back({line->address, line->port, 0});
  const auto opened = net::open_capture(path, pools.serialization(), options);
  std::vector<std::string> payloads;
  for (;;) {
    const net::PacketBatch batch = opened.source->next();
    if (batch.empty()) return payloads;
    for (const net::Packet& packet : batch.packets()) {
      payloads.emplace_back(net::testing::text_of(packet.payload()));
    }
  }
}

// A socket with room for everything that a test sends.
class Receiver {
 public:
  Receiver() : port_{free_port()}, source_{config(port_), pools_.serialization()} {}

  [[nodiscard]] Endpoint endpoint() const { return {Address::from_ipv4(kLoopback), port_}; }
  [[nodiscard]] std::vector<std::string> take(std::size_t count) {
    return net::testing::receive(source_, 0, count);
  }

 private:
  [[nodiscard]] static net::UdpSourceConfig config(std::uint16_t port) {
    net::UdpSourceConfig config;
    net::UdpLineConfig line;
    line.address = "127.0.0.1";
    line.port = port;
    config.lines.push_back(line);
    return config;
  }

  std::uint16_t port_;
  pool::LockFreeBufferPool pools_{pool::LockFreeBufferPoolConfig{}};
  net::UdpSource source_;
};

// The first hours of a session of two lines: no more than a socket has room for.
const test::TemporaryFile& capture() {
  static const test::TemporaryFile kCapture = [] {
    constexpr net::UnixNanos kEnd =
        GeneratedCapture::kMidnight + net::UnixNanos{4} * 3'600 * 1'000'000'000;
    const GeneratedCapture session{
        {.seed = 21, .messages = 2'000, .instruments = 20, .keep_bars = false}, true};
    return test::TemporaryFile{test::packets_of(
        session.path(),
        [](const net::Packet& packet, const Endpoint&) { return packet.rx_time < kEnd; })};
  }();
  return kCapture;
}

ResendOptions with_routes(std::vector<ResendRoute> routes) {
  ResendOptions options;
  options.routes = std::move(routes);
  return options;
}

TEST(Resend, SendsEveryPayloadAsItWas) {
  Receiver receiver;
  const auto expected = payloads_of(capture().path(), kLineA);
  ASSERT_GT(expected.size(), 100U);
  Resend resend{{capture().path()}, with_routes({{kLineA, receiver.endpoint()}})};
  resend.run();
  EXPECT_EQ(receiver.take(expected.size()), expected);
  EXPECT_EQ(resend.packets(), expected.size());
  EXPECT_EQ(resend.errors(), 0U);
  EXPECT_EQ(resend.unrouted(), payloads_of(capture().path(), kLineB).size());
}

TEST(Resend, KeepsTheOrderAtAPace) {
  Receiver receiver;
  const auto expected = payloads_of(capture().path());
  ResendOptions options = with_routes({{std::nullopt, receiver.endpoint()}});
  options.speed = 1e6;
  Resend resend{{capture().path()}, options};
  resend.run();
  EXPECT_EQ(receiver.take(expected.size()), expected);
  EXPECT_EQ(resend.pacer().lateness().count(), expected.size());
}

TEST(Resend, MapsEachLineToItsOwnTarget) {
  Receiver a;
  Receiver b;
  Resend resend{{capture().path()}, with_routes({{kLineA, a.endpoint()}, {kLineB, b.endpoint()}})};
  resend.run();
  EXPECT_EQ(a.take(1), payloads_of(capture().path(), kLineA));
  EXPECT_EQ(b.take(1), payloads_of(capture().path(), kLineB));
  ASSERT_EQ(resend.counts().size(), 2U);
  EXPECT_EQ(resend.counts()[0].target, a.endpoint());
}

TEST(Resend, PlaysAgainAsOftenAsAsked) {
  Receiver receiver;
  ResendOptions options = with_routes({{kLineA, receiver.endpoint()}});
  options.input.loops = 3;
  Resend resend{{capture().path()}, options};
  resend.run();
  const std::size_t once = payloads_of(capture().path(), kLineA).size();
  EXPECT_EQ(receiver.take(3 * once).size(), 3 * once);
}

TEST(Resend, DoesNotSendToCapturedHostsUnlessTheyAreNamed) {
  const Endpoint host{Address::from_ipv4(0x0A000001), 26400};
  EXPECT_FALSE(Resend::may_send_as_captured(host));
  EXPECT_TRUE(Resend::may_send_as_captured(kLineA));
  EXPECT_TRUE(Resend::may_send_as_captured({Address::from_ipv4(kLoopback), 1}));
  EXPECT_FALSE(Resend::may_send_as_captured({Address::from_ipv4(kLoopback), 0}));
}

TEST(Resend, RefusesWhatCanNotBeSentTo) {
  ResendOptions options = with_routes({{std::nullopt, kLineA}});
  options.interface = "no-such-interface";
  EXPECT_THROW(Resend({capture().path()}, options), ConfigError);
}

}  // namespace
}  // namespace tapeline

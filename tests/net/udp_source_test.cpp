#include "net/udp_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "codec/bytes.hpp"
#include "tests/net/allocation_count.hpp"
#include "tests/net/loopback.hpp"
#include "tests/net/mold_packet.hpp"

namespace tapeline::net {
namespace {

using ::testing::ElementsAre;
using testing::free_port;
using ::testing::IsEmpty;
using testing::poll_until;
using testing::receive;
using testing::receive_batch;
using testing::receive_waiting;
using testing::send_texts;
using namespace std::chrono_literals;

constexpr std::size_t kBufferBytes = std::size_t{128} * 1024;

UdpLineConfig line(const std::string& address, std::uint16_t port,
                   const std::string& interface = "lo") {
  return {"A", address, port, interface, {}};
}

class UdpSourceTest : public ::testing::Test {
 protected:
  std::string error_of(const UdpLineConfig& config) {
    try {
      const UdpSource source{{.lines = {config}}, pool.serialization()};
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }

  pool::LockFreeBufferPool pool{testing::small_pool(8, kBufferBytes)};
};

TEST_F(UdpSourceTest, ReceivesIpv4Multicast) {
  const std::uint16_t port = free_port();
  UdpSource source{{.lines = {line("239.255.77.1", port)}}, pool.serialization()};
  UdpSender sender{{.address = "239.255.77.1", .port = port, .interface = "lo"}};
  EXPECT_EQ(send_texts(sender, {"one", "two", ""}), 3U);
  EXPECT_THAT(receive(source, 0, 3), ElementsAre("one", "two", ""));
  EXPECT_EQ(source.counters(0).packets.get(), 3U);
  EXPECT_EQ(source.counters(0).bytes.get(), 6U);
}

// The kernel routes no IPv6 multicast over lo: any other interface will do, with 0 hops.
TEST_F(UdpSourceTest, ReceivesIpv6Multicast) {
  const UdpSource joins_on_lo{{.lines = {line("ff15::7701", free_port())}}, pool.serialization()};
  const char* const group = "ff12::7701";
  const std::uint16_t port = free_port();
  struct if_nameindex* const all = ::if_nameindex();
  std::vector<std::string> names;
  for (const struct if_nameindex* at = all; at->if_index != 0; ++at)
    names.emplace_back(at->if_name);
  ::if_freenameindex(all);
  for (const std::string& name : names) {
    UdpSource source{{.lines = {line(group, port, name)}}, pool.serialization()};
    UdpSender sender{{.address = group, .port = port, .interface = name, .hops = 0}};
    if (send_texts(sender, {"six"}) == 0) continue;
    EXPECT_THAT(receive(source, 0, 1), ElementsAre("six"));
    return;
  }
  GTEST_SKIP() << "no interface here takes IPv6 multicast";
}

TEST_F(UdpSourceTest, ForeignGroupsOnTheSamePortDoNotArrive) {
  const std::uint16_t port = free_port();
  UdpSource source{{.lines = {line("239.255.77.1", port), line("239.255.77.2", port)}},
                   pool.serialization()};
  UdpSender a{{.address = "239.255.77.1", .port = port, .interface = "lo"}};
  UdpSender b{{.address = "239.255.77.2", .port = port, .interface = "lo"}};
  send_texts(a, {"a"});
  send_texts(b, {"b"});
  EXPECT_THAT(receive(source, 0, 1), ElementsAre("a"));
  EXPECT_THAT(receive(source, 1, 1), ElementsAre("b"));
}

TEST_F(UdpSourceTest, TwoSourcesMayListenToOneGroup) {
  const std::uint16_t port = free_port();
  const UdpSourceConfig config{.lines = {line("239.255.77.1", port)}};
  UdpSource first{config, pool.serialization()};
  UdpSource second{config, pool.serialization()};
  UdpSender sender{{.address = "239.255.77.1", .port = port, .interface = "lo"}};
  send_texts(sender, {"x"});
  EXPECT_THAT(receive(first, 0, 1), ElementsAre("x"));
  EXPECT_THAT(receive(second, 0, 1), ElementsAre("x"));
}

TEST_F(UdpSourceTest, WritesTheHeadersADatagramArrivedWith) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    UdpSource source{{.lines = {line(address, 0)}}, pool.serialization()};
    const std::uint16_t port = source.port(0);
    ASSERT_NE(port, 0);
    UdpSender sender{{.address = address, .port = port}};
    send_texts(sender, {"payload"});
    const PacketBatch batch = receive_batch(source, 0);
    ASSERT_EQ(batch.packets().size(), 1U);
    const Packet& packet = batch.packets()[0];
    const bool v6 = std::string{address} == "::1";
    const std::size_t ip_bytes = v6 ? 40 : 20;
    EXPECT_EQ(packet.payload_offset, ip_bytes + 8);
    EXPECT_EQ(packet.datagram_bytes, ip_bytes + 8 + 7);
    EXPECT_EQ(testing::text_of(packet.payload()), "payload");
    EXPECT_EQ(packet.datagram[0], v6 ? std::byte{0x60} : std::byte{0x45});
    EXPECT_EQ(packet.datagram[ip_bytes - 1], std::byte{1});  // 127.0.0.1 or ::1, the destination
    const std::byte* const udp = packet.datagram + ip_bytes;
    EXPECT_EQ(codec::load_be<std::uint16_t>(udp), sender.local_port());
    EXPECT_EQ(codec::load_be<std::uint16_t>(udp + 2), port);
    EXPECT_EQ(codec::load_be<std::uint16_t>(udp + 4), 8 + 7);
  }
}

TEST_F(UdpSourceTest, TakesTheKernelsTimeStamp) {
  UdpSource source{{.lines = {line("127.0.0.1", 0)}}, pool.serialization()};
  UdpSender sender{{.address = "127.0.0.1", .port = source.port(0)}};
  const auto nanos = [] {
    return std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds{1};
  };
  // A stamp of the receiving call is always later than `sent`. One of the kernel usually is not,
  // unless it is busy or has just begun to take stamps.
  EXPECT_TRUE(poll_until([&] {
    const std::int64_t before = nanos();
    send_texts(sender, {"x"});
    const std::int64_t sent = nanos();
    const PacketBatch batch = receive_batch(source, 0);
    const std::int64_t stamp = batch.packets()[0].rx_time;
    return before <= stamp && stamp <= sent;
  }));
}

TEST_F(UdpSourceTest, FillsBatchesOf64) {
  UdpSource source{{.lines = {line("127.0.0.1", 0)}}, pool.serialization()};
  ASSERT_EQ(source.batch_packets(), 64U);
  UdpSender sender{{.address = "127.0.0.1", .port = source.port(0)}};
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < 100; ++at)
    texts.emplace_back(1968 - at, static_cast<char>('a' + at % 26));
  send_texts(sender, texts);
  std::vector<PacketBatch> batches;  // kept: their bytes must stay
  std::size_t received = 0;
  while (received < texts.size()) {
    batches.push_back(receive_batch(source, 0));
    ASSERT_FALSE(batches.back().empty());
    ASSERT_LE(batches.back().packets().size(), 64U);
    for (const Packet& packet : batches.back().packets()) {
      ASSERT_EQ(testing::text_of(packet.payload()), texts[received]);
      ++received;
    }
  }
  EXPECT_EQ(source.counters(0).batches.get(), batches.size());
  for (const Packet& packet : batches.front().packets()) {
    EXPECT_EQ(testing::text_of(packet.payload()),
              texts[static_cast<std::size_t>(&packet - batches.front().packets().data())]);
  }
  PacketBatch none;
  EXPECT_EQ(source.receive(0, none), UdpSource::Received::drained);
  EXPECT_TRUE(none.empty());
}

TEST_F(UdpSourceTest, LargerDatagramsMakeSmallerBatches) {
  UdpSource source{{.lines = {line("127.0.0.1", 0)}, .max_datagram_bytes = 9000},
                   pool.serialization()};
  EXPECT_EQ(source.batch_packets(), 14U);
  UdpSender sender{{.address = "127.0.0.1", .port = source.port(0)}};
  const std::vector<std::string> texts(20, std::string(9000, 'j'));
  send_texts(sender, texts);
  EXPECT_EQ(receive(source, 0, texts.size()), texts);
}

TEST_F(UdpSourceTest, CutsAndCountsWhatIsTooLong) {
  UdpSource source{{.lines = {line("127.0.0.1", 0)}, .max_datagram_bytes = 100},
                   pool.serialization()};
  UdpSender sender{{.address = "127.0.0.1", .port = source.port(0)}};
  send_texts(sender, {std::string(130, 'x')});
  const PacketBatch batch = receive_batch(source, 0);
  ASSERT_FALSE(batch.empty());
  EXPECT_EQ(batch.packets()[0].payload_bytes, 100U);
  EXPECT_EQ(batch.packets()[0].lost_bytes, 30U);
  EXPECT_EQ(testing::text_of(batch.packets()[0].payload()), std::string(100, 'x'));
  EXPECT_EQ(source.counters(0).truncated.get(), 1U);
}

TEST_F(UdpSourceTest, DropsAndCountsSendersThatAreNotPermitted) {
  UdpLineConfig config = line("127.0.0.1", 0);
  config.sources = {"192.0.2.1"};
  UdpSource closed{{.lines = {config}}, pool.serialization()};
  UdpSender sender{{.address = "127.0.0.1", .port = closed.port(0)}};
  send_texts(sender, {"x", "y"});
  std::vector<std::string> texts;
  EXPECT_TRUE(poll_until([&] {
    receive_waiting(closed, 0, texts);
    return closed.counters(0).filtered.get() == 2;
  }));
  EXPECT_THAT(texts, IsEmpty());
  EXPECT_EQ(closed.counters(0).packets.get(), 0U);

  config.sources.emplace_back("127.0.0.1");
  UdpSource open{{.lines = {config}}, pool.serialization()};
  UdpSender other{{.address = "127.0.0.1", .port = open.port(0)}};
  send_texts(other, {"x"});
  EXPECT_THAT(receive(open, 0, 1), ElementsAre("x"));
}

// A re-request server on loopback: gets requests and answers to where they came from.
class Server {
 public:
  explicit Server(const char* address = "127.0.0.1") : socket_{Endpoint{address, 0}.family()} {
    const Endpoint any{address, 0};
    if (::bind(socket_.fd(), any.data(), any.size()) != 0) Socket::throw_errno("bind");
  }
  [[nodiscard]] UdpServer where(const char* address = "127.0.0.1") const {
    return {address, socket_.local().port()};
  }
  // The next request; the answers go to its sender.
  std::string request() {
    std::array<char, 100> bytes{};
    ssize_t length = -1;
    static_cast<void>(poll_until([&] {
      socklen_t name_length = sizeof client_;
      length = ::recvfrom(socket_.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT,
                          reinterpret_cast<sockaddr*>(&client_), &name_length);
      return length >= 0;
    }));
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0))};
  }
  void answer(const std::string& text) { answer_to(text, client_); }
  void answer_to(const std::string& text, const sockaddr_storage& client) {
    const Endpoint to{client};
    EXPECT_EQ(::sendto(socket_.fd(), text.data(), text.size(), 0, to.data(), to.size()),
              static_cast<ssize_t>(text.size()));
  }
  [[nodiscard]] const sockaddr_storage& client() const { return client_; }

 private:
  Socket socket_;
  sockaddr_storage client_{};
};

TEST_F(UdpSourceTest, ARequestLineSendsToItsServersAndHearsTheirAnswers) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    Server one{address};
    Server two{address};
    UdpSource source{
        {.lines = {line(address, 0),
                   {.name = "requests", .servers = {one.where(address), two.where(address)}}}},
        pool.serialization()};
    const std::string text = "a request of 20 byte";
    EXPECT_TRUE(source.send_request(1, 1, std::as_bytes(std::span{text})));
    EXPECT_EQ(two.request(), text);
    two.answer("answer");
    const PacketBatch batch = receive_batch(source, 1);
    ASSERT_EQ(batch.packets().size(), 1U);
    const Packet& packet = batch.packets()[0];
    EXPECT_EQ(testing::text_of(packet.payload()), "answer");
    EXPECT_EQ(packet.line, 1);
    // The header that an archive keeps: from the server to the address that this host has for it.
    const std::byte* const udp = packet.datagram + packet.payload_offset - 8;
    EXPECT_EQ(codec::load_be<std::uint16_t>(udp), two.where(address).port);
    EXPECT_EQ(codec::load_be<std::uint16_t>(udp + 2), source.port(1));
    EXPECT_EQ(udp[-1], std::byte{1});  // the end of 127.0.0.1 or ::1
    EXPECT_EQ(source.counters(1).requests.get(), 1U);
    EXPECT_EQ(source.counters(1).send_errors.get(), 0U);
  }
}

TEST_F(UdpSourceTest, ARequestLineDropsAndCountsWhatDoesNotComeFromAServer) {
  Server server;
  Server stranger;  // on the same address, but another port
  UdpSource source{{.lines = {{.name = "requests", .servers = {server.where()}}}},
                   pool.serialization()};
  const std::string text = "request";
  ASSERT_TRUE(source.send_request(0, 0, std::as_bytes(std::span{text})));
  EXPECT_EQ(server.request(), text);
  stranger.answer_to("forged", server.client());
  std::vector<std::string> texts;
  EXPECT_TRUE(poll_until([&] {
    receive_waiting(source, 0, texts);
    return source.counters(0).filtered.get() == 1;
  }));
  server.answer("real");
  EXPECT_TRUE(poll_until([&] {
    receive_waiting(source, 0, texts);
    return !texts.empty();
  }));
  EXPECT_THAT(texts, ElementsAre("real"));
  EXPECT_EQ(source.counters(0).packets.get(), 1U);
}

TEST_F(UdpSourceTest, ARequestLineMayBeBoundToOneAddressAndPort) {
  Server server;
  const std::uint16_t port = free_port();
  UdpSource source{{.lines = {{.name = "requests",
                               .address = "127.0.0.1",
                               .port = port,
                               .servers = {server.where()}}}},
                   pool.serialization()};
  EXPECT_EQ(source.port(0), port);
}

TEST_F(UdpSourceTest, RequestsThatTheKernelDoesNotTakeAreCounted) {
  Server server;
  UdpSource source{{.lines = {{.name = "requests", .servers = {server.where()}}}},
                   pool.serialization()};
  const std::string huge(100'000, 'x');
  EXPECT_FALSE(source.send_request(0, 0, std::as_bytes(std::span{huge})));
  EXPECT_EQ(source.counters(0).send_errors.get(), 1U);
  EXPECT_EQ(source.counters(0).requests.get(), 0U);
}

TEST_F(UdpSourceTest, RequestLineErrorsNameTheLine) {
  using ::testing::HasSubstr;
  const auto error = [&](UdpLineConfig config) {
    config.name = "R";
    return error_of(config);
  };
  EXPECT_EQ(error({.servers = {{"239.1.1.1", 5}}}),
            "line R: server 239.1.1.1:5 is no address to send requests to");
  EXPECT_THAT(error({.servers = {{"127.0.0.1", 0}}}), HasSubstr("is no address to send"));
  EXPECT_THAT(error({.servers = {{"127.0.0.1", 5}, {"::1", 5}}}),
              HasSubstr("are not of one IP version"));
  EXPECT_THAT(error({.address = "::1", .servers = {{"127.0.0.1", 5}}}),
              HasSubstr("is no address to reach server 127.0.0.1:5 from"));
  EXPECT_THAT(error({.sources = {"127.0.0.1"}, .servers = {{"127.0.0.1", 5}}}),
              HasSubstr("can not have sources"));
}

TEST_F(UdpSourceTest, AsksTheKernelForDrops) {
  UdpSource source{{.lines = {line("127.0.0.1", 0)}, .receive_buffer_bytes = 4096, .gro = false},
                   pool.serialization()};
  UdpSender sender{{.address = "127.0.0.1", .port = source.port(0)}};
  const std::size_t sent =
      send_texts(sender, std::vector<std::string>(200, std::string(1000, 'x')));
  std::vector<std::string> texts;
  EXPECT_TRUE(poll_until([&] {
    receive_waiting(source, 0, texts);
    source.refresh_kernel_drops();
    return texts.size() + source.counters(0).kernel_drops.get() >= sent;
  }));
  EXPECT_EQ(texts.size() + source.counters(0).kernel_drops.get(), sent);
  EXPECT_GT(source.counters(0).kernel_drops.get(), 0U);
}

TEST_F(UdpSourceTest, ReadsTheReceiveBufferBack) {
  const UdpSource source{{.lines = {line("127.0.0.1", 0)}, .receive_buffer_bytes = 200'000},
                         pool.serialization()};
  EXPECT_EQ(source.receive_buffer_bytes(0), 200'000U);
}

TEST_F(UdpSourceTest, EmptyPoolLeavesDatagramsInTheKernel) {
  UdpSource source{{.lines = {line("127.0.0.1", 0)}}, pool.serialization()};
  UdpSender sender{{.address = "127.0.0.1", .port = source.port(0)}};
  std::vector<pool::SerializationGuard> taken;
  while (pool::SerializationGuard guard = pool.serialization().try_acquire()) {
    taken.push_back(std::move(guard));
  }
  send_texts(sender, {"x"});
  PacketBatch batch;
  EXPECT_EQ(source.receive(0, batch), UdpSource::Received::no_buffer);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(source.counters(0).no_buffer.get(), 1U);
  taken.clear();
  EXPECT_THAT(receive(source, 0, 1), ElementsAre("x"));
}

TEST_F(UdpSourceTest, WaitingModeResumesAfterAnEmptyPoolWithoutSpinning) {
  UdpSource source{{.lines = {line("127.0.0.1", 0)}}, pool.serialization()};
  UdpSender sender{{.address = "127.0.0.1", .port = source.port(0)}};
  std::vector<pool::SerializationGuard> taken;
  while (pool::SerializationGuard guard = pool.serialization().try_acquire()) {
    taken.push_back(std::move(guard));
  }
  asio::io_context io;
  std::vector<std::string> texts;
  source.start(io, [&](PacketBatch&& batch) {
    for (const Packet& packet : batch.packets()) {
      texts.emplace_back(testing::text_of(packet.payload()));
    }
    source.stop();
  });
  send_texts(sender, {"x"});
  io.run_for(20ms);  // the time that the pool stays empty
  EXPECT_THAT(texts, IsEmpty());
  const std::uint64_t tries = source.counters(0).no_buffer.get();
  EXPECT_GE(tries, 1U);
  EXPECT_LE(tries, 25U);  // once a millisecond, not as fast as it can
  taken.clear();
  io.run();  // ends because the sink stops the source
  EXPECT_THAT(texts, ElementsAre("x"));
}

TEST_F(UdpSourceTest, WaitingModeServesAllLinesAndStops) {
  UdpSource source{{.lines = {line("127.0.0.1", 0), line("127.0.0.1", 0)}, .reads_per_wakeup = 2},
                   pool.serialization()};
  UdpSender a{{.address = "127.0.0.1", .port = source.port(0)}};
  UdpSender b{{.address = "127.0.0.1", .port = source.port(1)}};
  send_texts(a, std::vector<std::string>(1000, "a"));
  send_texts(b, std::vector<std::string>(1000, "b"));
  asio::io_context io;
  std::vector<std::size_t> per_line(2);
  std::vector<std::uint16_t> order;
  source.start(io, [&](PacketBatch&& batch) {
    const PacketBatch own = std::move(batch);
    for (const Packet& packet : own.packets()) ++per_line[packet.line];
    order.push_back(own.packets()[0].line);
    if (per_line[0] + per_line[1] == 2000) source.stop();
  });
  io.run();
  EXPECT_THAT(per_line, ElementsAre(1000, 1000));
  ASSERT_GT(order.size(), 4U);
  EXPECT_EQ(std::count(order.begin(), order.begin() + 4, order[0]), 2);  // turns of two reads
}

TEST_F(UdpSourceTest, PollingAsksEveryLineOnce) {
  UdpSource source{{.lines = {line("127.0.0.1", 0), line("127.0.0.1", 0)}}, pool.serialization()};
  UdpSender a{{.address = "127.0.0.1", .port = source.port(0)}};
  UdpSender b{{.address = "127.0.0.1", .port = source.port(1)}};
  send_texts(a, {"a"});
  send_texts(b, {"b"});
  std::vector<std::string> texts;
  const UdpSource::Sink sink = [&](PacketBatch&& batch) {
    for (const Packet& packet : batch.packets()) {
      texts.emplace_back(testing::text_of(packet.payload()));
    }
  };
  std::size_t batches = 0;
  EXPECT_TRUE(poll_until([&] { return (batches += source.poll_once(sink)) >= 2; }));
  EXPECT_EQ(batches, 2U);
  EXPECT_EQ(source.poll_once(sink), 0U);
  EXPECT_THAT(texts, ::testing::UnorderedElementsAre("a", "b"));
}

TEST_F(UdpSourceTest, SteadyStateAllocatesNothing) {
  if (!testing::counts_allocations()) GTEST_SKIP() << "a sanitizer owns operator new";
  UdpSource source{{.lines = {line("127.0.0.1", 0)}}, pool.serialization()};
  UdpSender sender{{.address = "127.0.0.1", .port = source.port(0)}};
  const std::string text(200, 'x');
  const std::vector<std::span<const std::byte>> packets(10, std::as_bytes(std::span{text}));
  asio::io_context io;
  std::size_t received = 0;
  source.start(io, [&](PacketBatch&& batch) { received += batch.packets().size(); });
  const auto exchange = [&](std::size_t until) {
    while (received < until) {
      sender.send(packets);
      io.run_one();
    }
  };
  exchange(200);
  const std::uint64_t before = testing::allocations();
  exchange(5000);
  EXPECT_EQ(testing::allocations() - before, 0U);
  source.stop();
}

TEST_F(UdpSourceTest, StartUpErrorsNameTheLine) {
  using ::testing::AllOf;
  using ::testing::HasSubstr;
  using ::testing::StartsWith;
  EXPECT_THAT(error_of(line("239.1.1.1", 5000, "nosuch0")),
              StartsWith("line A: no network interface named \"nosuch0\" (there are: "));
  EXPECT_EQ(error_of(line("localhost", 5000)), "line A: \"localhost\" is no IPv4 or IPv6 address");
  EXPECT_THAT(error_of(line("0.0.0.0", 5000)), StartsWith("line A: \"0.0.0.0\" stands for every"));
  EXPECT_EQ(error_of(line("239.1.1.1", 0)), "line A: a multicast line needs a port");
  EXPECT_THAT(error_of(line("192.0.2.77", 5000)),
              StartsWith("line A: cannot bind to 192.0.2.77:5000: "));
  UdpLineConfig mixed = line("127.0.0.1", 0);
  mixed.sources = {"::1"};
  EXPECT_THAT(error_of(mixed), HasSubstr("not of one IP version"));

  const UdpSource first{{.lines = {line("127.0.0.1", 0)}}, pool.serialization()};
  EXPECT_THAT(error_of(line("127.0.0.1", first.port(0))),
              AllOf(StartsWith("line A: cannot bind to "), HasSubstr("in use")));
}

TEST_F(UdpSourceTest, RefusesDatagramsLargerThanABuffer) {
  pool::LockFreeBufferPool tiny{testing::small_pool(2, 1024)};
  EXPECT_THROW(UdpSource({.lines = {}}, tiny.serialization()), std::runtime_error);
}

}  // namespace
}  // namespace tapeline::net

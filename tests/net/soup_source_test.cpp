// A SoupBinTCP client against a scripted server, over loopback.

#include "net/soup_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/net/allocation_count.hpp"
#include "tests/net/loopback.hpp"
#include "tests/net/source_reading.hpp"
#include "tests/net/stream_log.hpp"
#include "tests/net/stream_text.hpp"
#include "tests/net/tcp_server.hpp"

namespace tapeline::net {
namespace {

using testing::accepted;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using testing::run_until;
using testing::soup;
using testing::StreamLog;
using testing::TcpPeer;
using testing::TcpServer;

constexpr std::int64_t kMilli = 1'000'000;

std::string message(std::uint64_t number) {
  return std::string(number % 60, 'm') + std::to_string(number);
}

// Sequenced packets [first, last_exclusive), one behind the other.
std::string packets(std::uint64_t first, std::uint64_t last_exclusive) {
  std::string stream;
  for (std::uint64_t number = first; number < last_exclusive; ++number) {
    stream += soup("S" + message(number));
  }
  return stream;
}

SoupSourceConfig config(std::uint16_t port) {
  SoupSourceConfig config;
  config.tcp.servers = {{"127.0.0.1", port}};
  config.tcp.backoff = {.first_ns = kMilli, .longest_ns = 4 * kMilli};
  return config;
}

class SoupSourceTest : public ::testing::Test {
 protected:
  // Every message once, in order, with its own bytes.
  void expect_messages(std::uint64_t first, std::uint64_t last_exclusive) {
    ASSERT_EQ(log.messages.size(), last_exclusive - first);
    for (std::uint64_t number = first; number < last_exclusive; ++number) {
      ASSERT_EQ(log.numbers[number - first], number);
      ASSERT_EQ(log.messages[number - first], message(number));
    }
  }

  test::SerializationPool pool{test::small_pool(std::size_t{128} * 1024, 8)};
  asio::io_context io;
  StreamLog log;
};

TEST_F(SoupSourceTest, PlaysASessionToItsEndAndDoesNotComeBack) {
  std::string asked;
  TcpServer server{{[&](TcpPeer& peer) {
    asked = peer.read_login();
    peer.send(accepted("TODAY", 1) + packets(1, 1000) + soup("Z"));
    peer.wait_for_close();
  }}};
  SoupSource source{config(server.port()), Credentials{}, pool, log};
  source.start(io);
  io.run();  // ends by itself: there is nothing left to wait for
  expect_messages(1, 1000);
  EXPECT_EQ(asked, " 1");
  EXPECT_THAT(log.events, ElementsAre("login 1", "session TODAY 1", "end", "end_of_session"));
  EXPECT_EQ(source.counters().sequenced.get(), 999U);
  EXPECT_EQ(source.tcp_counters().connections.get(), 1U);
  EXPECT_FALSE(source.tcp_counters().is_connected.get());
}

TEST_F(SoupSourceTest, OneByteAtATimeGivesTheSameMessages) {
  const std::string stream = accepted("TODAY", 1) + packets(1, 70) + soup("Z");
  const TcpCounters* counters = nullptr;
  TcpServer server{{[&](TcpPeer& peer) {
    peer.read_login();
    // Each byte only when the one before it was read.
    for (std::size_t sent = 0; sent < stream.size(); ++sent) {
      if (!testing::poll_until([&] { return counters->bytes.get() == sent; })) break;
      peer.send(stream.substr(sent, 1));
    }
    peer.wait_for_close();
  }}};
  SoupSource source{config(server.port()), Credentials{}, pool, log};
  counters = &source.tcp_counters();
  source.start(io);
  io.run();
  expect_messages(1, 70);
  EXPECT_EQ(source.tcp_counters().reads.get(), stream.size());
  EXPECT_EQ(source.framer_counters().carried.get(), 1 + 69 + 1U);
}

TEST_F(SoupSourceTest, ManyPacketsInOneReadAndLongestPackets) {
  std::string stream = accepted("TODAY", 1) + packets(1, 50'000);
  for (int i = 0; i < 20; ++i) stream += soup("S" + std::string(0xFFFE, 'L'));
  stream += packets(50'020, 50'100) + soup("Z");
  TcpServer server{{[&](TcpPeer& peer) {
    peer.read_login();
    peer.send(stream);
    peer.wait_for_close();
  }}};
  SoupSource source{config(server.port()), Credentials{}, pool, log};
  source.start(io);
  io.run();
  ASSERT_EQ(log.messages.size(), 50'099U);
  for (std::size_t at = 49'999; at < 50'019; ++at) EXPECT_EQ(log.messages[at].size(), 0xFFFEU);
  log.messages.erase(log.messages.begin() + 49'999, log.messages.begin() + 50'019);
  log.numbers.erase(log.numbers.begin() + 49'999, log.numbers.begin() + 50'019);
  for (std::size_t at = 0; at < log.messages.size(); ++at) {
    ASSERT_EQ(log.messages[at], message(log.numbers[at]));
  }
  EXPECT_EQ(log.received, stream);  // what an archive gets is the stream, whole
  EXPECT_LT(source.tcp_counters().reads.get(), 1000U);
}

TEST_F(SoupSourceTest, ResetInMidPacketResumesAtTheNextMessage) {
  std::vector<std::string> asked;
  TcpServer server{{[&](TcpPeer& peer) {
                      asked.push_back(peer.read_login());
                      std::string stream = accepted("TODAY", 1) + packets(1, 101);
                      stream.resize(stream.size() - 2);  // 100 is never whole
                      peer.send(stream);
                      peer.read_packet();  // the first heartbeat: all was taken
                      peer.reset();
                    },
                    [&](TcpPeer& peer) {
                      asked.push_back(peer.read_login());
                      peer.send(accepted("TODAY", 100) + packets(100, 201) + soup("Z"));
                      peer.wait_for_close();
                    }}};
  SoupSourceConfig quick = config(server.port());
  quick.session.heartbeat_ns = 5 * kMilli;
  SoupSource source{quick, Credentials{}, pool, log};
  source.start(io);
  io.run();
  expect_messages(1, 201);
  EXPECT_THAT(asked, ElementsAre(" 1", "TODAY 100"));
  EXPECT_EQ(log.events[2], "connection_error");
  EXPECT_EQ(source.framer_counters().cut_short.get(), 1U);
  EXPECT_TRUE(log.gaps.empty());
}

TEST_F(SoupSourceTest, RestartedServerIsFoundAgain) {
  const auto serve = [](std::uint64_t first, std::uint64_t last_exclusive) {
    return [=](TcpPeer& peer) {
      const std::string asked = peer.read_login();
      EXPECT_TRUE(asked.ends_with(" " + std::to_string(first))) << asked;
      peer.send(accepted("TODAY", first) + packets(first, last_exclusive));
      if (last_exclusive > 400) {
        peer.send(soup("Z"));
        peer.wait_for_close();
      }
    };
  };
  TcpServer server{{serve(1, 101), serve(101, 201), serve(201, 301), serve(301, 401)}};
  SoupSource source{config(server.port()), Credentials{}, pool, log};
  source.start(io);
  io.run();
  expect_messages(1, 401);
  EXPECT_EQ(server.connections(), 4U);
  EXPECT_EQ(log.events.size(), 4 + 1 + 3 + 2U);  // logins, session, disconnects, end
}

TEST_F(SoupSourceTest, SilentServerIsLeftByTheWatchdog) {
  TcpServer server{{[](TcpPeer& peer) {
                      peer.read_login();
                      peer.send(accepted("TODAY", 1) + packets(1, 11));
                      peer.wait_for_close();  // takes our heartbeats, sends none
                    },
                    [](TcpPeer& peer) {
                      EXPECT_EQ(peer.read_login(), "TODAY 11");
                      peer.send(accepted("TODAY", 11) + packets(11, 21) + soup("Z"));
                      peer.wait_for_close();
                    }}};
  SoupSourceConfig quick = config(server.port());
  quick.session.heartbeat_ns = 5 * kMilli;
  quick.session.watchdog_ns = 500 * kMilli;
  SoupSource source{quick, Credentials{}, pool, log};
  source.start(io);
  io.run();
  expect_messages(1, 21);
  EXPECT_THAT(log.events, Contains("silent"));
  EXPECT_EQ(source.counters().watchdog.get(), 1U);
  EXPECT_GT(source.counters().heartbeats_sent.get(), 0U);
}

TEST_F(SoupSourceTest, HeartbeatsKeepBothSidesAlive) {
  std::vector<std::string> from_client;
  TcpServer server{{[&](TcpPeer& peer) {
    peer.read_login();
    peer.send(accepted("TODAY", 1));
    for (int i = 0; i < 10; ++i) {
      from_client.push_back(peer.read_packet());
      peer.send(soup("H"));
    }
    peer.send(packets(1, 2) + soup("Z"));
    peer.wait_for_close();
  }}};
  SoupSourceConfig quick = config(server.port());
  quick.session.heartbeat_ns = 5 * kMilli;
  SoupSource source{quick, Credentials{}, pool, log};
  source.start(io);
  io.run();
  EXPECT_EQ(from_client, std::vector<std::string>(10, "R"));
  expect_messages(1, 2);
  EXPECT_EQ(source.counters().heartbeats.get(), 10U);
}

TEST_F(SoupSourceTest, RejectedNameIsNotTriedAgainInATightLoop) {
  const TcpServer::Script reject = [](TcpPeer& peer) {
    peer.read_login();
    peer.send(soup("JA"));
    peer.wait_for_close();
  };
  TcpServer server{{reject, reject, reject}};
  SoupSourceConfig slow = config(server.port());
  slow.tcp.backoff = {.first_ns = 1, .longest_ns = 50 * kMilli, .jitter = 0};
  SoupSource source{slow, Credentials{}, pool, log};
  source.start(io);
  ASSERT_TRUE(run_until(io, [&] { return log.times.size() == 3; }));
  source.stop();
  EXPECT_THAT(log.events, ElementsAre("rejected A", "rejected", "rejected A", "rejected",
                                      "rejected A", "rejected"));
  EXPECT_GE(log.times[1] - log.times[0], std::chrono::milliseconds{50});
  EXPECT_GE(log.times[2] - log.times[1], std::chrono::milliseconds{50});
}

TEST_F(SoupSourceTest, SessionThatIsNotAvailableIsAskedForAgainByTheCurrentOne) {
  std::vector<std::string> asked;
  TcpServer server{{[&](TcpPeer& peer) {
                      asked.push_back(peer.read_login());
                      peer.send(accepted("MONDAY", 1) + packets(1, 11));
                    },
                    [&](TcpPeer& peer) {
                      asked.push_back(peer.read_login());
                      peer.send(soup("JS"));
                      peer.wait_for_close();
                    },
                    [&](TcpPeer& peer) {
                      asked.push_back(peer.read_login());
                      peer.send(accepted("TUESDAY", 1) + packets(1, 3) + soup("Z"));
                      peer.wait_for_close();
                    }}};
  SoupSource source{config(server.port()), Credentials{}, pool, log};
  source.start(io);
  io.run();
  EXPECT_THAT(asked, ElementsAre(" 1", "MONDAY 11", " 1"));
  EXPECT_EQ(log.numbers.size(), 12U);
  EXPECT_EQ(log.numbers.back(), 2U);
  EXPECT_THAT(log.events, Contains("session TUESDAY 1"));
}

TEST_F(SoupSourceTest, DamageEndsTheConnectionAndLosesNothing) {
  const auto after = [](std::uint64_t first, const std::string& damage) {
    return [=](TcpPeer& peer) {
      peer.read_login();
      peer.send(accepted("TODAY", first) + packets(first, first + 10) + damage);
      peer.wait_for_close();
    };
  };
  TcpServer server{{after(1, std::string{"\0\0", 2}), after(11, std::string{"\0\2ZZ", 4}),
                    [](TcpPeer& peer) {
                      peer.read_login();
                      peer.send(packets(1, 2));  // data before the login
                      peer.wait_for_close();
                    },
                    after(21, soup("Z"))}};
  SoupSource source{config(server.port()), Credentials{}, pool, log};
  source.start(io);
  io.run();
  expect_messages(1, 31);
  EXPECT_EQ(source.counters().malformed.get(), 2U);
  EXPECT_EQ(source.counters().early_data.get(), 1U);
  EXPECT_EQ(source.framer_counters().malformed.get(), 1U);
  EXPECT_EQ(server.connections(), 4U);
}

TEST_F(SoupSourceTest, StopLogsOut) {
  std::vector<std::string> last;
  TcpServer server{{[&](TcpPeer& peer) {
    peer.read_login();
    peer.send(accepted("TODAY", 1) + packets(1, 4));
    last.push_back(peer.read_packet());
    last.push_back(peer.read_packet());
  }}};
  SoupSource source{config(server.port()), Credentials{}, pool, log};
  source.start(io);
  ASSERT_TRUE(run_until(io, [&] { return log.messages.size() == 3; }));
  source.stop();
  io.run();
  EXPECT_THAT(log.events, ElementsAre("login 1", "session TODAY 1", "stopped"));
  ASSERT_TRUE(run_until(io, [&] { return server.connections() == 1; }));
  source.stop();  // again: nothing happens
}

TEST_F(SoupSourceTest, HandlerMayStopInMidStretch) {
  TcpServer server{{[](TcpPeer& peer) {
    peer.read_login();
    peer.send(accepted("TODAY", 1) + packets(1, 1001));
    peer.wait_for_close();
  }}};
  SoupSource source{config(server.port()), Credentials{}, pool, log};
  log.after_message = [&] {
    if (log.messages.size() == 5) source.stop();
  };
  source.start(io);
  io.run();
  expect_messages(1, 6);
  EXPECT_EQ(log.events.back(), "stopped");
}

TEST_F(SoupSourceTest, HandlerMayStopWhenConnected) {
  TcpServer server{{[](TcpPeer& peer) { peer.wait_for_close(); }}};
  SoupSource source{config(server.port()), Credentials{}, pool, log};
  log.after_connect = [&] { source.stop(); };
  source.start(io);
  io.run();
  EXPECT_THAT(log.events, ElementsAre("stopped"));
}

TEST_F(SoupSourceTest, SecretsAreNeitherInBatchesNorInEvents) {
  ::setenv("TAPELINE_TEST_USER", "PIGEON", 1);       // NOLINT(concurrency-mt-unsafe)
  ::setenv("TAPELINE_TEST_PASSWORD", "hunter2", 1);  // NOLINT(concurrency-mt-unsafe)
  const auto credentials =
      Credentials::from_environment("TAPELINE_TEST_USER", "TAPELINE_TEST_PASSWORD");
  bool known = false;
  TcpServer server{{[&](TcpPeer& peer) {
    const std::string login = peer.read_packet();
    known = login.find("PIGEON") == 1 && login.find("hunter2") == 7;
    peer.send(accepted("TODAY", 1) + packets(1, 100) + soup("Z"));
    peer.wait_for_close();
  }}};
  SoupSource source{config(server.port()), credentials, pool, log};
  source.start(io);
  io.run();
  EXPECT_TRUE(known);
  for (const std::string& datagram : log.datagrams) {
    EXPECT_EQ(datagram.find("hunter2"), std::string::npos);
    EXPECT_EQ(datagram.find("PIGEON"), std::string::npos);
  }
  EXPECT_THAT(log.events, Not(Contains(::testing::HasSubstr("hunter2"))));
}

TEST_F(SoupSourceTest, PollingGivesTheSameMessages) {
  TcpServer server{{[](TcpPeer& peer) {
    peer.read_login();
    peer.send(accepted("TODAY", 1) + packets(1, 20'000) + soup("Z"));
    peer.wait_for_close();
  }}};
  SoupSource source{config(server.port()), Credentials{}, pool, log};
  source.start(io, TcpSource::Mode::polling);
  std::size_t batches = 0;
  ASSERT_TRUE(run_until(io, [&] {
    batches += source.poll_once();
    io.poll();
    return !log.events.empty() && log.events.back() == "end_of_session";
  }));
  expect_messages(1, 20'000);
  EXPECT_EQ(batches, source.tcp_counters().reads.get());
  EXPECT_EQ(source.poll_once(), 0U);
}

TEST_F(SoupSourceTest, EmptyPoolDelaysButLosesNothingAndIsNoSilence) {
  TcpServer server{{[](TcpPeer& peer) {
    peer.read_login();
    peer.send(accepted("TODAY", 1) + packets(1, 5'000));
    peer.send(soup("Z"));
    peer.wait_for_close();
  }}};
  SoupSourceConfig quick = config(server.port());
  quick.session.watchdog_ns = 500 * kMilli;
  quick.session.heartbeat_ns = 5 * kMilli;
  SoupSource source{quick, Credentials{}, pool, log};
  std::vector<pool::SerializationGuard> taken;
  while (pool::SerializationGuard guard = pool.try_acquire()) taken.push_back(std::move(guard));
  source.start(io);
  ASSERT_TRUE(run_until(io, [&] { return source.tcp_counters().no_buffer.get() > 600; }));
  EXPECT_EQ(log.messages.size(), 0U);
  taken.clear();
  io.run();
  expect_messages(1, 5'000);
  EXPECT_EQ(source.counters().watchdog.get(), 0U);
}

TEST_F(SoupSourceTest, SteadyStateAllocatesNothing) {
  if (!testing::counts_allocations()) GTEST_SKIP() << "a sanitizer owns operator new";
  constexpr std::uint64_t kRounds = 2000;
  constexpr std::uint64_t kMessagesPerRound = 10;
  struct Counting {
    void on_message(std::uint64_t number, std::span<const std::byte>, const Packet&) {
      messages.store(number);
      if (number == kRounds) before = testing::allocations();
      if (number == kRounds * kMessagesPerRound) after = testing::allocations();
    }
    void on_gap(const GapRange&) {}
    void on_batch(PacketBatch&&) {}
    std::atomic<std::uint64_t> messages{0};
    std::uint64_t before = 0;
    std::uint64_t after = 1;
  };
  Counting counting;
  std::string round;
  for (std::uint64_t i = 0; i < kMessagesPerRound; ++i) round += soup("S" + std::string(49, 'x'));
  // Round by round, so that the client waits and wakes for each.
  TcpServer server{{[&](TcpPeer& peer) {
    peer.read_login();
    peer.send(accepted("TODAY", 1));
    for (std::uint64_t sent = 0; sent < kRounds; ++sent) {
      if (!testing::poll_until([&] { return counting.messages >= sent * kMessagesPerRound; }))
        break;
      peer.send(round);
    }
    peer.send(soup("Z"));
    peer.wait_for_close();
  }}};
  SoupSource source{config(server.port()), Credentials{}, pool, counting};
  source.start(io);
  io.run();  // once: what Asio keeps for the next handler lives as long as this call
  EXPECT_EQ(counting.messages, kRounds * kMessagesPerRound);
  EXPECT_EQ(counting.after - counting.before, 0U);
}

}  // namespace
}  // namespace tapeline::net

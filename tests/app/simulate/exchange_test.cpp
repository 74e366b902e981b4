#include "app/simulate/exchange.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "app/simulate/live_link.hpp"
#include "app/simulate/player.hpp"
#include "app/simulate/publishing_link.hpp"
#include "codec/glimpse/end_of_snapshot.hpp"
#include "codec/moldudp64/decoder.hpp"
#include "tests/app/simulate/exchange_client.hpp"
#include "tests/app/simulate/market_oracle.hpp"

namespace tapeline::simulate {
namespace {

namespace moldudp64 = codec::moldudp64;
using codec::soupbintcp::PacketType;
using testing::Message;
using testing::Messages;
using testing::RequestClient;
using testing::SoupClient;

constexpr std::size_t kAll = ~std::size_t{0};

// A server's counters are written by its thread, perhaps after the client saw the effect.
template <typename Done>
[[nodiscard]] bool wait_for(Done&& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

class ExchangeTest : public ::testing::Test {
 protected:
  ExchangeTest() {
    const codec::capture::Endpoint any{codec::capture::Address::from_ipv4(0x7F000001), 0};
    config_.session = moldudp64::Session::from_text("TODAY");
    config_.history_bytes = std::size_t{4} << 20U;
    config_.requests.emplace().listen = any;
    config_.soup.emplace().listen = any;
    config_.glimpse.emplace().listen = any;
  }

  void open() {
    exchange_ = std::make_unique<Exchange>(config_);
    exchange_->start();
  }
  void send(std::size_t first, std::size_t end) {
    testing::append(exchange_->store(), std::span{messages_}.subspan(first - 1, end - first));
  }
  // Stops at the first message that was not answered for.
  Messages ask_for(std::uint64_t first, std::uint64_t last_exclusive) {
    RequestClient client{exchange_->request_port()};
    Messages got;
    while (first + got.size() < last_exclusive) {
      const std::uint64_t next = first + got.size();
      const auto count =
          static_cast<std::uint16_t>(std::min<std::uint64_t>(last_exclusive - next, 1'000));
      client.ask({config_.session, next, count});
      const auto packet = client.answer();
      const std::size_t before = got.size();
      static_cast<void>(
          moldudp64::for_each_message(packet, [&](std::uint64_t sequence, auto bytes) {
            EXPECT_EQ(sequence, first + got.size());
            got.push_back(testing::as_message(bytes));
          }));
      if (got.size() == before) break;
    }
    return got;
  }

  Messages messages_ = testing::generate({.seed = 4, .messages = 20'000, .instruments = 60});
  ExchangeConfig config_;
  std::unique_ptr<Exchange> exchange_;
};

TEST_F(ExchangeTest, RequestsForARangeGetAllOfIt) {
  open();
  send(1, 5'001);
  EXPECT_EQ(ask_for(1, 5'001), Messages(messages_.begin(), messages_.begin() + 5'000));
  EXPECT_GE(exchange_->requests()->counters().answers.get(), 100U);
}

TEST_F(ExchangeTest, RequestsAreAnsweredAfterTheEndOfTheSession) {
  open();
  send(1, 101);
  exchange_->store().end();
  EXPECT_EQ(ask_for(90, 101).size(), 11U);
}

TEST_F(ExchangeTest, RequestForWhatIsNotHeldMeetsSilence) {
  open();
  send(1, 101);
  RequestClient client{exchange_->request_port()};
  client.ask({config_.session, 101, 1});
  client.ask({config_.session, 7, 1});
  // Answers come in the order of the requests: the first datagram is that of the second request.
  EXPECT_EQ(moldudp64::parse_header(client.answer()).header.sequence, 7U);
  EXPECT_EQ(exchange_->requests()->counters().not_held.get(), 1U);
}

TEST_F(ExchangeTest, AnswersThatAreDelayedOnPurposeComeInOrder) {
  config_.requests->faults.delay_ns = 2'000'000;
  open();
  send(1, 101);
  RequestClient client{exchange_->request_port()};
  for (std::uint64_t first = 1; first <= 20; ++first) client.ask({config_.session, first, 1});
  for (std::uint64_t first = 1; first <= 20; ++first) {
    EXPECT_EQ(moldudp64::parse_header(client.answer()).header.sequence, first);
  }
}

TEST_F(ExchangeTest, StreamGrowsWithTheSessionAndEndsWithIt) {
  open();
  send(1, 10'001);
  SoupClient client{exchange_->soup()->port()};
  client.log_in(1);
  EXPECT_EQ(client.accepted(), 1U);
  Messages got;
  client.read_messages(got, 10'000);
  send(10'001, 20'001);
  exchange_->store().end();
  EXPECT_EQ(client.read_messages(got, kAll), PacketType::end_of_session);
  EXPECT_EQ(got, messages_);
  EXPECT_FALSE(client.was_reset());
}

TEST_F(ExchangeTest, StreamThatIsResetInMidPacketIsResumedWithoutLossOrDuplicate) {
  config_.soup->faults = parse_soup_faults("reset=3000");
  open();
  send(1, 20'001);
  exchange_->store().end();
  Messages got;
  int connections = 0;
  PacketType last{};
  while (last != PacketType::end_of_session && connections < 20) {
    SoupClient client{exchange_->soup()->port()};
    client.log_in(got.size() + 1, "TODAY");
    ASSERT_EQ(client.accepted(), got.size() + 1);
    last = client.read_messages(got, kAll);
    ++connections;
    EXPECT_EQ(client.was_reset(), last != PacketType::end_of_session);
  }
  EXPECT_EQ(got, messages_);
  EXPECT_EQ(connections, 7);
}

TEST_F(ExchangeTest, StreamComesByteByByteWhenItTrickles) {
  config_.soup->faults.trickle = true;
  open();
  send(1, 201);
  exchange_->store().end();
  SoupClient client{exchange_->soup()->port()};
  client.log_in(1);
  EXPECT_EQ(client.accepted(), 1U);
  Messages got;
  EXPECT_EQ(client.read_messages(got, kAll), PacketType::end_of_session);
  EXPECT_EQ(got, Messages(messages_.begin(), messages_.begin() + 200));
}

TEST_F(ExchangeTest, LoginsOfTheWrongKindAreRejectedAndClosed) {
  config_.soup->accounts = Accounts::from_text("trader secret", "accounts");
  open();
  SoupClient thief{exchange_->soup()->port()};
  thief.log_in(1, "", "trader", "guess");
  const auto answer = thief.next();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->type, PacketType::login_rejected);
  EXPECT_EQ(answer->payload, Message{std::byte{'A'}});
  EXPECT_FALSE(thief.next().has_value());
  SoupClient late{exchange_->soup()->port()};
  late.log_in(1, "YESTERDAY");
  EXPECT_EQ(late.next().value().payload, Message{std::byte{'S'}});
}

TEST_F(ExchangeTest, ClientsBeyondTheBoundAreTurnedAway) {
  config_.soup->max_clients = 2;
  open();
  SoupClient first{exchange_->soup()->port()};
  SoupClient second{exchange_->soup()->port()};
  first.log_in(0);
  second.log_in(0);
  EXPECT_EQ(first.accepted(), 1U);
  EXPECT_EQ(second.accepted(), 1U);
  SoupClient third{exchange_->soup()->port()};
  EXPECT_FALSE(third.next().has_value());
  EXPECT_TRUE(wait_for([&] { return exchange_->soup()->counters().turned_away.get() == 1; }));
}

TEST_F(ExchangeTest, ClientThatDoesNotReadIsClosedWhenItIsTooFarBehind) {
  config_.history_bytes = MessageStore::kMinHistoryBytes;
  open();
  SoupClient idle{exchange_->soup()->port()};
  idle.log_in(1);
  ASSERT_EQ(idle.accepted(), 1U);
  const Message filler(10'000, std::byte{1});
  EXPECT_TRUE(wait_for([&] {  // more than the kernel's buffers take
    for (int i = 0; i < 100; ++i) exchange_->store().append(filler);
    exchange_->store().publish();
    return exchange_->soup()->counters().slow_clients.get() == 1;
  }));
}

// The whole of a late join: the state that the snapshot tells, then the live messages from its
// number on, make the market that all messages make.
TEST_F(ExchangeTest, SnapshotAndWhatFollowsMakeTheMarketOfAllMessages) {
  open();
  testing::MarketOracle all;
  for (const Message& message : messages_) all.apply(message);
  std::size_t sent = 0;
  for (const std::size_t until : {0U, 777U, 8'192U, 15'000U, 20'000U}) {
    send(sent + 1, until + 1);
    sent = until;
    SoupClient client{exchange_->glimpse()->port()};
    client.log_in(1);
    ASSERT_EQ(client.accepted(), 1U);
    Messages told;
    EXPECT_EQ(client.read_messages(told, kAll), PacketType::end_of_session);
    const auto end = codec::glimpse::parse_end_of_snapshot(told.back());
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(end->next_sequence, until + 1);
    testing::MarketOracle joined;
    told.pop_back();
    for (const Message& message : told) joined.apply(message);
    testing::MarketOracle followed;
    for (std::size_t at = 0; at < until; ++at) followed.apply(messages_[at]);
    EXPECT_EQ(testing::expect_same_books(followed.market(), joined.market()) > 0, until > 0);
    for (std::size_t at = until; at < messages_.size(); ++at) joined.apply(messages_[at]);
    testing::expect_same_books(all.market(), joined.market());
  }
}

TEST_F(ExchangeTest, PortInUseIsToldByAddress) {
  open();
  ExchangeConfig second;
  second.soup.emplace().listen = {codec::capture::Address::from_ipv4(0x7F000001),
                                  exchange_->soup()->port()};
  try {
    const Exchange refused{second};
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string{error.what()},
              "cannot listen on 127.0.0.1:" + std::to_string(exchange_->soup()->port()) +
                  ": Address already in use");
  }
}

TEST_F(ExchangeTest, PlayedSessionIsHeldFromTheFirstToTheLastMessage) {
  open();
  Session session{{.seed = 4, .messages = 20'000, .instruments = 60}};
  GeneratedFeed feed{session};
  LiveLink lines{{}, {}, nullptr};
  PublishingLink link{lines, exchange_->store()};
  SteadyClock clock;
  struct {
    [[nodiscard]] bool keep_going(std::uint64_t) const { return true; }
  } watch;
  const PlayOptions options{
      .session = config_.session, .rate = 0, .end_packets = 2, .end_interval_ns = 1'000};
  Player player{options, feed, clock, link, watch};
  EXPECT_EQ(player.play().messages, messages_.size());
  EXPECT_EQ(ask_for(1, 20'001), messages_);
  EXPECT_TRUE(exchange_->store().marks().has_ended);
}

TEST_F(ExchangeTest, StopClosesConnectionsAndMayComeTwice) {
  open();
  SoupClient client{exchange_->soup()->port()};
  client.log_in(0);
  EXPECT_EQ(client.accepted(), 1U);
  exchange_->stop();
  exchange_->stop();
  EXPECT_FALSE(client.next().has_value());
  EXPECT_EQ(exchange_->failure(), "");
}

}  // namespace
}  // namespace tapeline::simulate

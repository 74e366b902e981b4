// IEX over sockets, as `tapeline run` receives it, with nobody naming the protocol: a generated day
// on two lines of loopback, held against its ledger at every event boundary; losses, and a
// publisher that begins again.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/channel_status.hpp"
#include "app/pipeline.hpp"
#include "app/simulate/iex_session.hpp"
#include "app/simulate/packet_cutter.hpp"
#include "app/simulate/segment_cutter.hpp"
#include "app/udp_input.hpp"
#include "net/udp_sender.hpp"
#include "tests/net/loopback.hpp"

namespace tapeline {
namespace {

namespace iextp = codec::iextp;
using net::testing::poll_until;
using simulate::IexSession;
using simulate::SegmentCutter;

constexpr std::int64_t kMidnight = 1'767'571'200'000'000'000;  // 2026-01-05
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr simulate::SessionConfig kDay{.seed = 31, .messages = 12'000, .instruments = 60};
constexpr std::uint32_t kSessionNumber = 7;

[[nodiscard]] ChannelConfig channel_config() {
  ChannelConfig config;
  config.name = "iex";
  for (const char* name : {"A", "B"}) {
    LineConfig& line = config.lines.emplace_back();
    line.name = name;
    line.group = "127.0.0.1";
    line.port = net::testing::free_port();
  }
  config.hold_ms = 1;
  config.receive_buffer_bytes = 1 << 20;
  return config;
}

[[nodiscard]] PipelineConfig pipeline_config(const ChannelConfig& channel) {
  PipelineConfig config;
  config.feed = feed::FeedKind::unknown;
  config.lines = 2;
  config.live = true;
  config.channel = channel;
  return config;
}

// What a publisher sends on one line.
struct PublishedLine {
  PublishedLine(iextp::Protocol protocol, std::size_t packet_bytes)
      : cutter{iextp::Session::from(protocol, 1, kSessionNumber), {.packet_bytes = packet_bytes}} {}

  SegmentCutter cutter;
  bool is_cut = false;  // what is published is lost on it
};

class IexLiveTest : public ::testing::TestWithParam<iextp::Protocol> {
 protected:
  void SetUp() override { begin(); }

  // A publisher begins with the first number of the session.
  void begin() {
    lines_[0] = std::make_unique<PublishedLine>(GetParam(), 1'400);
    lines_[1] = std::make_unique<PublishedLine>(GetParam(), 300);
    truth_ = std::make_unique<simulate::Session>(kDay);
    day_ = std::make_unique<IexSession>(*truth_, GetParam(), kMidnight);
  }

  void send(std::size_t line, std::span<const std::byte> packet) {
    if (!lines_[line]->is_cut) sent_ += senders_[line]->send(std::span{&packet, 1});
  }
  // Sends the messages of the act on both lines and waits until they are received.
  void publish_act() {
    const std::int64_t unix_ns =
        kMidnight + restart_ns_ + static_cast<std::int64_t>(day_->time_ns());
    for (std::size_t line = 0; line < lines_.size(); ++line) {
      SegmentCutter& cutter = lines_[line]->cutter;
      for (const auto& message : day_->messages()) {
        if (cutter.try_add(message.bytes(), day_->time_ns())) continue;
        send(line, cutter.finish(unix_ns));
        ASSERT_TRUE(cutter.try_add(message.bytes(), day_->time_ns()));
      }
      if (!cutter.is_empty()) send(line, cutter.finish(unix_ns));
    }
    receive();
  }
  void receive() {
    ASSERT_TRUE(poll_until([&] {
      input_.poll_once();
      return input_.packets() == sent_;
    }));
  }
  // Plays up to `acts` more acts; false when the day is over.
  [[nodiscard]] bool publish(std::uint64_t acts) {
    for (; acts > 0 && day_->next(); --acts) publish_act();
    return acts == 0;
  }

  [[nodiscard]] const market::Instrument* find(std::uint16_t instrument) const {
    const auto id =
        pipeline_.iex().symbols().find(truth_->instruments()[instrument].symbol.trimmed());
    return id ? &pipeline_.market().instrument(*id) : nullptr;
  }
  void expect_book(std::uint16_t instrument) const {
    for (const auto& [of_truth, of_book] : {std::pair{simulate::Side::buy, market::Side::buy},
                                            std::pair{simulate::Side::sell, market::Side::sell}}) {
      auto truth = truth_->books().levels(instrument, of_truth);
      if (GetParam() == iextp::Protocol::tops && truth.size() > 1) truth = truth.last(1);
      const market::Instrument* of = find(instrument);
      const auto levels =
          of == nullptr ? std::span<const market::Level>{} : of->book.levels(of_book);
      ASSERT_EQ(levels.size(), truth.size()) << instrument;
      for (std::size_t i = 0; i < truth.size(); ++i) {
        ASSERT_EQ(market::raw(levels[i].price), std::int64_t{truth[i].price}) << instrument;
        ASSERT_EQ(levels[i].shares, truth[i].shares) << instrument;
      }
    }
  }
  // The rest of the day, every event of it.
  void expect_the_rest_as_the_ledger() {
    while (day_->next()) {
      publish_act();
      for (const std::uint16_t instrument : day_->touched()) expect_book(instrument);
      if (HasFatalFailure()) return;
    }
    for (std::uint16_t i = 0; i < kDay.instruments; ++i) {
      expect_book(i);
      const auto id = pipeline_.iex().symbols().find(truth_->instruments()[i].symbol.trimmed());
      ASSERT_TRUE(id.has_value());
      const market::SessionTotals totals = pipeline_.market().totals(*id);
      const simulate::InstrumentTruth& truth = truth_->ledger().truths()[i + 1U];
      ASSERT_EQ(totals.volume, truth.volume) << i;
      ASSERT_EQ(totals.trades, truth.trades) << i;
      ASSERT_EQ(totals.broken_trades, truth.broken) << i;
      ASSERT_TRUE(totals.notional.exact() == static_cast<market::Int128>(truth.notional)) << i;
    }
  }
  [[nodiscard]] status::ChannelStatus status() const {
    status::ChannelStatus channel = read_channel(pipeline_, Transport::moldudp64);
    input_.read(channel);
    return channel;
  }
  [[nodiscard]] static std::uint64_t count_of(const std::vector<status::NamedCount>& counts,
                                              const std::string& name) {
    for (const status::NamedCount& count : counts) {
      if (count.name == name) return count.count;
    }
    ADD_FAILURE() << name;
    return 0;
  }
  [[nodiscard]] std::size_t stale_books() const {
    std::size_t stale = 0;
    for (const simulate::Instrument& instrument : truth_->instruments()) {
      const auto id = pipeline_.iex().symbols().find(instrument.symbol.trimmed());
      stale += id && !pipeline_.market().is_book_whole(*id) ? 1U : 0U;
    }
    return stale;
  }

  ChannelConfig channel_ = channel_config();
  pool::LockFreeBufferPool pools_{pool::LockFreeBufferPoolConfig{}};
  Pipeline pipeline_{pipeline_config(channel_), pools_, nullptr, nullptr};
  UdpInput input_{channel_, pipeline_, pools_.serialization(), [] {}};
  std::array<std::unique_ptr<net::UdpSender>, 2> senders_{
      std::make_unique<net::UdpSender>(
          net::UdpSenderConfig{.address = "127.0.0.1", .port = channel_.lines[0].port}),
      std::make_unique<net::UdpSender>(
          net::UdpSenderConfig{.address = "127.0.0.1", .port = channel_.lines[1].port})};
  std::array<std::unique_ptr<PublishedLine>, 2> lines_;
  std::unique_ptr<simulate::Session> truth_;
  std::unique_ptr<IexSession> day_;
  std::int64_t restart_ns_ = 0;  // what the publisher's clock is later by
  std::uint64_t sent_ = 0;
};

TEST_P(IexLiveTest, BooksAndTotalsOfTwoLinesAreTheLedgersAtEveryEventBoundary) {
  expect_the_rest_as_the_ledger();
  EXPECT_EQ(pipeline_.feed_kind(), feed::FeedKind::iex);
  EXPECT_FALSE(pipeline_.is_stale());
  EXPECT_FALSE(pipeline_.is_incomplete());
  const status::ChannelStatus channel = status();
  EXPECT_EQ(channel.session, std::string{to_string(GetParam())} + " 1/00000007");
  EXPECT_EQ(channel.messages, channel.expected_sequence - 1);
  EXPECT_EQ(channel.duplicates, channel.messages);
  EXPECT_EQ(channel.gaps, 0U);
  EXPECT_EQ(count_of(channel.messages_by_type, "S"), 6U);
  EXPECT_EQ(channel.unknown_types, 0U);
  for (const status::NamedCount& malformed : channel.malformed) {
    EXPECT_EQ(malformed.count, 0U) << malformed.name;
  }
  for (const char* name : {"unrecognised_packets", "foreign_packets", "restarted_sessions",
                           "contradicting_offsets", "late_joins", "broken_events"}) {
    EXPECT_EQ(count_of(channel.anomalies, name), 0U) << name;
  }
}

TEST_P(IexLiveTest, LossOfOneLineIsNoGap) {
  ASSERT_TRUE(publish(2'000));
  for (std::size_t cut = 0; day_->next(); cut = (cut + 1) % 7) {
    lines_[0]->is_cut = cut < 3;
    lines_[1]->is_cut = cut >= 3 && cut < 6;
    publish_act();
    for (const std::uint16_t instrument : day_->touched()) expect_book(instrument);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(status().gaps, 0U);
  EXPECT_EQ(stale_books(), 0U);
  EXPECT_FALSE(pipeline_.is_stale());
}

// There is no way known to ask IEX again.
TEST_P(IexLiveTest, LossOfBothLinesIsDeclaredAndLeavesBooksStale) {
  ASSERT_TRUE(publish(3'000));
  ASSERT_FALSE(pipeline_.is_stale());
  const std::uint64_t first_lost = lines_[0]->cutter.next_sequence();
  for (auto& line : lines_) line->is_cut = true;
  ASSERT_TRUE(publish(10));
  const std::uint64_t next = lines_[0]->cutter.next_sequence();
  for (auto& line : lines_) line->is_cut = false;
  ASSERT_TRUE(publish(1));
  ASSERT_TRUE(poll_until([&] {
    input_.poll_once();
    return status().gaps == 1;
  }));
  const status::ChannelStatus channel = status();
  EXPECT_EQ(channel.lost_messages, next - first_lost);
  EXPECT_TRUE(pipeline_.is_stale());
  EXPECT_TRUE(pipeline_.is_incomplete());
  EXPECT_GT(stale_books(), 0U);

  // It goes on; each quote of TOPS makes its book whole, what DEEP and DEEP+ lost is not told
  // again.
  EXPECT_FALSE(publish(~std::uint64_t{0}));
  EXPECT_EQ(status().gaps, 1U);
  if (GetParam() == iextp::Protocol::tops) {
    EXPECT_LT(stale_books(), kDay.instruments / 2);
  } else {
    EXPECT_TRUE(pipeline_.is_stale());
  }
}

TEST_P(IexLiveTest, PublisherThatBeginsItsSessionAgainIsFollowed) {
  ASSERT_TRUE(publish(3'000));
  const std::uint64_t duplicates = status().duplicates;
  begin();
  restart_ns_ = std::int64_t{20 * 3'600} * kSecond;  // its clock has gone on
  expect_the_rest_as_the_ledger();
  const status::ChannelStatus channel = status();
  EXPECT_EQ(count_of(channel.anomalies, "restarted_sessions"), 1U);
  EXPECT_EQ(channel.gaps, 0U);
  EXPECT_EQ(channel.duplicates - duplicates, channel.expected_sequence - 1);  // those of line B
  EXPECT_FALSE(pipeline_.is_stale());
  std::size_t sessions = 0;
  for (ChannelEvent event; pipeline_.events().take(event);) {
    sessions += event.kind == ChannelEventKind::session ? 1U : 0U;
  }
  EXPECT_EQ(sessions, 2U);
}

TEST_P(IexLiveTest, PacketsOfNoKnownFramingDecideNothingAndAreCounted) {
  constexpr std::array<std::byte, 30> kNoise{std::byte{9}, std::byte{9}};
  std::array<std::byte, 30> noise = kNoise;
  noise[18] = std::byte{1};  // as MoldUDP64: 256 messages, and not one is there
  send(0, noise);
  receive();
  EXPECT_EQ(pipeline_.feed_kind(), feed::FeedKind::unknown);
  EXPECT_EQ(count_of(status().anomalies, "unrecognised_packets"), 1U);
  ASSERT_TRUE(publish(500));
  EXPECT_EQ(pipeline_.feed_kind(), feed::FeedKind::iex);
  EXPECT_EQ(status().messages, lines_[0]->cutter.next_sequence() - 1);
}

INSTANTIATE_TEST_SUITE_P(Protocols, IexLiveTest,
                         ::testing::Values(iextp::Protocol::tops, iextp::Protocol::deep,
                                           iextp::Protocol::deep_plus),
                         [](const auto& of_test) {
                           switch (of_test.param) {
                             case iextp::Protocol::tops: return "Tops";
                             case iextp::Protocol::deep: return "Deep";
                             case iextp::Protocol::deep_plus: return "DeepPlus";
                           }
                           return "Unknown";
                         });

}  // namespace
}  // namespace tapeline

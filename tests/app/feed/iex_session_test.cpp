// A generated day of TOPS, DEEP and DEEP+ through the feed: the books equal the ledger's at every
// event boundary, and of DEEP are never seen in between.

#include "app/simulate/iex_session.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/feed/iex_feed.hpp"
#include "app/simulate/capture_writer.hpp"
#include "app/simulate/output_file.hpp"
#include "codec/iextp/decoder.hpp"
#include "net/open_capture.hpp"
#include "tests/app/market/market_fixture.hpp"

namespace tapeline::feed {
namespace {

namespace iextp = codec::iextp;
using market::InstrumentId;
using simulate::IexSession;
using simulate::Session;

constexpr std::int64_t kMidnight = 1'767'571'200'000'000'000;  // 2026-01-05
constexpr simulate::SessionConfig kConfig{.seed = 20, .messages = 60'000, .instruments = 200};

using Levels = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

// Best level last, as both sides keep them.
Levels truth_levels(const Session& session, std::uint16_t instrument, simulate::Side side) {
  Levels levels;
  for (const simulate::Level& level : session.books().levels(instrument, side)) {
    levels.emplace_back(level.price, level.shares);
  }
  return levels;
}

struct IexSessionTest : ::testing::Test, market::testing::Fixture {
  [[nodiscard]] Levels levels(InstrumentId id, market::Side side) const {
    Levels all;
    for (const market::Level& level : market.book(id).levels(side)) {
      all.emplace_back(raw(level.price), level.shares);
    }
    return all;
  }
  // An instrument that was not named yet has no number; then its book is empty.
  [[nodiscard]] Levels levels(const Session& session, std::uint16_t instrument,
                              market::Side side) const {
    const auto id = feed.symbols().find(session.instruments()[instrument].symbol.trimmed());
    return id ? levels(*id, side) : Levels{};
  }
  void expect_truth(const Session& session, std::uint16_t instrument) const {
    ASSERT_EQ(levels(session, instrument, market::Side::buy),
              truth_levels(session, instrument, simulate::Side::buy))
        << instrument;
    ASSERT_EQ(levels(session, instrument, market::Side::sell),
              truth_levels(session, instrument, simulate::Side::sell))
        << instrument;
  }
  void expect_totals(const Session& session) const {
    for (std::uint16_t i = 0; i < session.instruments().size(); ++i) {
      const auto id = feed.symbols().find(session.instruments()[i].symbol.trimmed());
      ASSERT_TRUE(id.has_value()) << i;
      const simulate::InstrumentTruth& truth = session.ledger().truths()[i + 1U];
      const market::SessionTotals totals = market.totals(*id);
      ASSERT_EQ(totals.volume, truth.volume) << i;
      ASSERT_EQ(totals.trades, truth.trades) << i;
      ASSERT_EQ(totals.broken_trades, truth.broken) << i;
      ASSERT_TRUE(totals.notional.exact() == static_cast<market::Int128>(truth.notional)) << i;
      ASSERT_TRUE(market.is_book_whole(*id)) << i;
    }
  }
  void expect_nothing_odd() const {
    EXPECT_EQ(feed.counts().unknown_values.get(), 0U);
    EXPECT_EQ(feed.counts().unknown_types.get() + feed.counts().wrong_lengths.get() +
                  feed.counts().longer.get() + feed.counts().bad_timestamps.get(),
              0U);
    EXPECT_EQ(market.counts().unknown_orders.get() + market.counts().duplicate_orders.get() +
                  market.counts().oversized_takes.get() + market.counts().unknown_breaks.get(),
              0U);
    EXPECT_GT(market.counts().breaks.get(), 0U);
  }

  IexFeed feed{market};
};

TEST_F(IexSessionTest, BooksEqualTheLedgersAtEveryEventBoundary) {
  Session session{kConfig};
  IexSession deep{session, iextp::Protocol::deep, kMidnight};
  std::uint64_t events = 0;
  std::uint64_t longer_events = 0;
  std::vector<std::pair<Levels, Levels>> before(kConfig.instruments);
  while (deep.next()) {
    std::size_t pending = 0;
    for (const IexSession::Message& message : deep.messages()) {
      feed.apply(message.bytes());
      // Half an event is never seen.
      for (const std::uint16_t instrument : deep.touched()) {
        const auto id = feed.symbols().find(session.instruments()[instrument].symbol.trimmed());
        if (!id || !feed.is_in_event(*id)) continue;
        ++pending;
        ASSERT_EQ(levels(*id, market::Side::buy), before[instrument].first);
        ASSERT_EQ(levels(*id, market::Side::sell), before[instrument].second);
      }
    }
    longer_events += pending > 0 ? 1U : 0U;
    for (const std::uint16_t instrument : deep.touched()) {
      expect_truth(session, instrument);
      if (HasFatalFailure()) return;
      before[instrument] = {levels(session, instrument, market::Side::buy),
                            levels(session, instrument, market::Side::sell)};
      ++events;
    }
  }
  for (std::uint16_t i = 0; i < kConfig.instruments; ++i) expect_truth(session, i);
  expect_totals(session);
  EXPECT_EQ(feed.counts().events.get(), events);
  EXPECT_GT(events, 30'000U);
  EXPECT_GT(longer_events, 1'000U);
  EXPECT_EQ(feed.counts().oversized_events.get(), 0U);
  expect_nothing_odd();
  for (const char type : {'S', 'D', 'H', 'I', 'O', 'P', 'E', '8', '5', 'T', 'B', 'X', 'A'}) {
    EXPECT_GT(feed.counts().by_type.at(static_cast<unsigned char>(type)).get(), 0U) << type;
  }
}

TEST_F(IexSessionTest, OrdersOfDeepPlusGiveTheBooksOfTheLedgerAfterEveryEvent) {
  Session session{kConfig};
  IexSession day{session, iextp::Protocol::deep_plus, kMidnight};
  std::uint64_t events = 0;
  std::uint64_t last_ns = 0;
  while (day.next()) {
    ASSERT_GT(day.time_ns(), last_ns);  // an event is known by its time
    last_ns = day.time_ns();
    for (const IexSession::Message& message : day.messages()) feed.apply(message.bytes());
    for (const std::uint16_t instrument : day.touched()) {
      expect_truth(session, instrument);
      if (HasFatalFailure()) return;
      ++events;
    }
  }
  for (std::uint16_t i = 0; i < kConfig.instruments; ++i) expect_truth(session, i);
  expect_totals(session);
  expect_nothing_odd();
  EXPECT_GT(events, 30'000U);
  for (const char type : {'S', 'D', 'H', 'I', 'O', 'P', 'E', 'a', 'M', 'R', 'L', 'T', 'B', 'C'}) {
    EXPECT_GT(feed.counts().by_type.at(static_cast<unsigned char>(type)).get(), 0U) << type;
  }
  for (const char type : {'8', '5', 'X', 'A', 'Q'}) {  // no words of DEEP+
    EXPECT_EQ(feed.counts().by_type.at(static_cast<unsigned char>(type)).get(), 0U) << type;
  }
}

TEST_F(IexSessionTest, QuotesOfTopsAreTheTopOfTheLedgersBooks) {
  Session session{kConfig};
  IexSession day{session, iextp::Protocol::tops, kMidnight};
  std::uint64_t quotes = 0;
  const auto expect_top = [&](std::uint16_t instrument) {
    for (const auto& [of_truth, of_market] :
         {std::pair{simulate::Side::buy, market::Side::buy},
          std::pair{simulate::Side::sell, market::Side::sell}}) {
      Levels truth = truth_levels(session, instrument, of_truth);
      if (truth.size() > 1) truth.erase(truth.begin(), truth.end() - 1);
      ASSERT_EQ(levels(session, instrument, of_market), truth) << instrument;
    }
  };
  while (day.next()) {
    for (const IexSession::Message& message : day.messages()) feed.apply(message.bytes());
    for (const std::uint16_t instrument : day.touched()) {
      expect_top(instrument);
      if (HasFatalFailure()) return;
      ++quotes;
    }
  }
  // Also of those that were not told again, since their top had not changed.
  for (std::uint16_t i = 0; i < kConfig.instruments; ++i) expect_top(i);
  expect_totals(session);
  expect_nothing_odd();
  EXPECT_EQ(feed.counts().by_type.at('Q').get(), quotes);
  EXPECT_GT(quotes, 10'000U);
  for (const char type : {'S', 'D', 'H', 'I', 'O', 'P', 'Q', 'T', 'B', 'X', 'A'}) {
    EXPECT_GT(feed.counts().by_type.at(static_cast<unsigned char>(type)).get(), 0U) << type;
  }
}

class EveryIexProtocol : public ::testing::TestWithParam<iextp::Protocol> {};

TEST_P(EveryIexProtocol, SameSeedGivesTheSameMessages) {
  Session one{kConfig};
  Session other{kConfig};
  IexSession first{one, GetParam(), kMidnight};
  IexSession second{other, GetParam(), kMidnight};
  while (first.next()) {
    ASSERT_TRUE(second.next());
    ASSERT_EQ(first.messages().size(), second.messages().size());
    for (std::size_t i = 0; i < first.messages().size(); ++i) {
      ASSERT_TRUE(std::ranges::equal(first.messages()[i].bytes(), second.messages()[i].bytes()));
    }
  }
  EXPECT_FALSE(second.next());
}

TEST_P(EveryIexProtocol, FeedGivesTheMessagesOneByOneAndSettlesBetweenActs) {
  Session one{kConfig};
  Session other{kConfig};
  IexSession day{one, GetParam(), kMidnight};
  IexSession again{other, GetParam(), kMidnight};
  simulate::IexSessionFeed feed{again};
  EXPECT_TRUE(feed.is_settled());
  while (day.next()) {
    for (std::size_t i = 0; i < day.messages().size(); ++i) {
      const auto message = feed.next();
      ASSERT_TRUE(message.has_value());
      ASSERT_TRUE(std::ranges::equal(message->bytes, day.messages()[i].bytes()));
      ASSERT_EQ(message->time_ns, day.time_ns());
      ASSERT_EQ(feed.is_settled(), i + 1 == day.messages().size());
    }
  }
  EXPECT_FALSE(feed.next().has_value());
  EXPECT_FALSE(feed.next().has_value());
  EXPECT_TRUE(feed.is_settled());
}

INSTANTIATE_TEST_SUITE_P(IexSession, EveryIexProtocol,
                         ::testing::Values(iextp::Protocol::tops, iextp::Protocol::deep,
                                           iextp::Protocol::deep_plus));

// What the ledger says of every event, from the books of the feed.
class Digests {
 public:
  void note(const market::Market& market, InstrumentId id) {
    std::uint64_t& digest =
        digests_.try_emplace(id, simulate::IexTruth{}.books_digest).first->second;
    const auto add = [&](std::uint64_t word) { digest = (digest ^ word) * 0x100'0000'01B3; };
    for (const market::Side side : {market::Side::buy, market::Side::sell}) {
      const auto levels = market.book(id).levels(side);
      for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
        add(static_cast<std::uint64_t>(raw(level->price)));
        add(level->shares);
      }
      add(0);
    }
  }
  [[nodiscard]] std::uint64_t of(InstrumentId id) const {
    const auto found = digests_.find(id);
    return found == digests_.end() ? simulate::IexTruth{}.books_digest : found->second;
  }

 private:
  std::map<InstrumentId, std::uint64_t> digests_;
};

TEST_F(IexSessionTest, CaptureHoldsTheDayInSegmentsOfOneStream) {
  const std::string path = ::testing::TempDir() + "iex_session_test.pcap";
  Session session{kConfig};
  IexSession deep{session, iextp::Protocol::deep, kMidnight};
  std::uint64_t sent = 0;
  {
    simulate::OutputFile file{path, true};
    simulate::CaptureOptions options;
    options.session = iextp::Session::from(iextp::Protocol::deep, 1, 7);
    options.midnight_ns = kMidnight;
    options.lines.push_back({.group = {codec::capture::Address::from_ipv4(0xE9D71504), 10'378}});
    simulate::CaptureWriter writer{options, file};
    while (deep.next()) {
      for (const auto& message : deep.messages()) writer.add(message.bytes(), deep.time_ns());
      sent += deep.messages().size();
    }
    writer.finish();
    file.close();
  }

  pool::BufferPool<pool::SerializationKind> buffers{{.buffer_count = 8}};
  const net::OpenedCapture opened = net::open_capture(path, buffers);
  ASSERT_TRUE(opened.source) << opened.error;
  Digests digests;
  std::uint64_t received = 0;
  std::uint64_t heartbeats = 0;
  iextp::Header last;
  last.sequence = 1;
  for (;;) {
    const net::PacketBatch batch = opened.source->next();
    for (const net::Packet& packet : batch.packets()) {
      ASSERT_TRUE(iextp::is_segment(packet.payload()));
      const iextp::ParsedHeader parsed = iextp::parse_header(packet.payload());
      ASSERT_EQ(parsed.header.sequence, last.next_sequence());
      ASSERT_EQ(parsed.header.stream_offset, last.next_offset());
      ASSERT_GE(parsed.header.send_time_ns, last.send_time_ns);
      ASSERT_EQ(parsed.header.send_time_ns, static_cast<std::uint64_t>(packet.rx_time));
      last = parsed.header;
      heartbeats += parsed.status == iextp::PacketStatus::heartbeat ? 1U : 0U;
      static_cast<void>(iextp::for_each_message(packet.payload(), [&](auto, auto message) {
        const std::uint64_t events = feed.counts().events.get();
        feed.apply(message);
        ++received;
        if (feed.counts().events.get() == events) return;
        std::string symbol;
        for (const std::byte byte : message.subspan(10, 8)) symbol += static_cast<char>(byte);
        digests.note(market, feed.symbols().find(symbol).value());
      }));
    }
    if (batch.empty() && opened.source->state() != net::SourceState::would_block) break;
  }
  std::filesystem::remove(path);
  EXPECT_EQ(received, sent);
  EXPECT_GT(heartbeats, 100U);
  expect_totals(session);
  for (std::uint16_t i = 0; i < kConfig.instruments; ++i) {
    const auto id = feed.symbols().find(session.instruments()[i].symbol.trimmed()).value();
    EXPECT_EQ(digests.of(id), deep.truths()[i].books_digest) << i;
  }
}

}  // namespace
}  // namespace tapeline::feed

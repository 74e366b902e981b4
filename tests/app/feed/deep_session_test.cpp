// A generated DEEP day through the feed: the books equal the ledger's at every event boundary, and
// are never seen in between.

#include "app/simulate/deep_session.hpp"

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
using simulate::DeepSession;
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

struct DeepSessionTest : ::testing::Test, market::testing::Fixture {
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

  IexFeed feed{market};
};

TEST_F(DeepSessionTest, BooksEqualTheLedgersAtEveryEventBoundary) {
  Session session{kConfig};
  DeepSession deep{session, kMidnight};
  std::uint64_t events = 0;
  std::uint64_t longer_events = 0;
  std::vector<std::pair<Levels, Levels>> before(kConfig.instruments);
  while (deep.next()) {
    std::size_t pending = 0;
    for (const DeepSession::Message& message : deep.messages()) {
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
  EXPECT_EQ(feed.counts().unknown_values.get(), 0U);
  EXPECT_EQ(feed.counts().unknown_types.get() + feed.counts().wrong_lengths.get() +
                feed.counts().longer.get() + feed.counts().bad_timestamps.get(),
            0U);
  EXPECT_EQ(market.counts().unknown_breaks.get(), 0U);
  EXPECT_GT(market.counts().breaks.get(), 0U);
  for (const char type : {'S', 'D', 'H', 'I', 'O', 'P', 'E', '8', '5', 'T', 'B', 'X', 'A'}) {
    EXPECT_GT(feed.counts().by_type.at(static_cast<unsigned char>(type)).get(), 0U) << type;
  }
}

TEST_F(DeepSessionTest, SameSeedGivesTheSameMessages) {
  Session one{kConfig};
  Session other{kConfig};
  DeepSession first{one, kMidnight};
  DeepSession second{other, kMidnight};
  while (first.next()) {
    ASSERT_TRUE(second.next());
    ASSERT_EQ(first.messages().size(), second.messages().size());
    for (std::size_t i = 0; i < first.messages().size(); ++i) {
      ASSERT_TRUE(std::ranges::equal(first.messages()[i].bytes(), second.messages()[i].bytes()));
    }
  }
  EXPECT_FALSE(second.next());
}

// What the ledger says of every event, from the books of the feed.
class Digests {
 public:
  void note(const market::Market& market, InstrumentId id) {
    std::uint64_t& digest =
        digests_.try_emplace(id, simulate::DeepTruth{}.books_digest).first->second;
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
    return found == digests_.end() ? simulate::DeepTruth{}.books_digest : found->second;
  }

 private:
  std::map<InstrumentId, std::uint64_t> digests_;
};

TEST_F(DeepSessionTest, CaptureHoldsTheDayInSegmentsOfOneStream) {
  const std::string path = ::testing::TempDir() + "deep_session_test.pcap";
  Session session{kConfig};
  DeepSession deep{session, kMidnight};
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

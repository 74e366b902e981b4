// The JSON feed over recordings of the venues (TAPELINE_CAPTURES/json; skipped without): nothing is
// left unexplained, books do not cross, and volumes and notionals are those of an independent sum.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "codec/json/recorded_line.hpp"
#include "net/open_capture.hpp"
#include "tests/app/feed/json_feed_fixture.hpp"

namespace tapeline::feed {
namespace {

namespace json = codec::json;
using testing::JsonFixture;

__extension__ using Int128 = __int128;

// Price, size and their products in units of 10^-8 and 10^-16, summed in integers.
struct ExactTotals {
  std::uint64_t trades = 0;
  Int128 volume = 0;
  Int128 notional = 0;
};

[[nodiscard]] Int128 units_of(const std::string& text) {
  const std::size_t point = text.find('.');
  std::string digits = text.substr(0, point);
  std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
  fraction.resize(std::max<std::size_t>(fraction.size(), 8), '0');
  Int128 units = 0;
  for (const char c : digits + fraction.substr(0, 8)) units = units * 10 + (c - '0');
  EXPECT_EQ(fraction.find_first_not_of('0', 8), std::string::npos) << text;
  return units;
}

// By the words of the venues alone: every match, trade or aggTrade counts once, last_match does
// not.
class Ledger {
 public:
  void add_line(std::string_view line) {
    const std::size_t brace = line.find('{');
    if (brace == std::string_view::npos || line.substr(0, brace).find("<-") != line.npos) return;
    const nlohmann::json parsed = nlohmann::json::parse(line.substr(brace), nullptr, false);
    if (!parsed.is_object()) return;
    const nlohmann::json& message = parsed.contains("data") ? parsed["data"] : parsed;
    if (message.value("type", "") == "match") {
      add(message, "product_id", "price", "size");
    } else if (const std::string event = message.value("e", ""); event == "trade") {
      add(message, "s", "p", "q");
    } else if (event == "aggTrade") {
      add(message, "s", "p", "q");
    }
  }
  [[nodiscard]] const std::map<std::string, ExactTotals>& totals() const { return totals_; }

 private:
  void add(const nlohmann::json& message, const char* symbol, const char* price, const char* size) {
    ExactTotals& totals = totals_[message[symbol].get<std::string>()];
    const Int128 shares = units_of(message[size].get<std::string>());
    ++totals.trades;
    totals.volume += shares;
    totals.notional += units_of(message[price].get<std::string>()) * shares;
  }

  std::map<std::string, ExactTotals> totals_;
};

// Recordings of one venue, merged by receive time, line by line.
struct Recording : JsonFixture {
  explicit Recording(const std::vector<std::string>& names, const JsonFeedConfig& config = {})
      : JsonFixture{config} {
    const char* captures = std::getenv("TAPELINE_CAPTURES");
    if (captures == nullptr) return;
    for (const std::string& name : names) {
      const auto path = std::filesystem::path{captures} / "json" / name;
      if (!std::filesystem::exists(path)) return;
      paths.push_back(path.string());
    }
    is_there = true;
    for (const std::string& path : paths) read(path);
    std::stable_sort(lines.begin(), lines.end(),
                     [](const Line& a, const Line& b) { return a.time_ns < b.time_ns; });
    for (const Line& line : lines) {
      ledger.add_line(line.text);
      feed.on_line(testing::Padded{line.text}.view(), line.time_ns);
      look_for_crossed();
    }
    feed.finish();
  }

  void read(const std::string& path) {
    pool::BufferPool<pool::SerializationKind> buffers{{.buffer_bytes = std::size_t{128} * 1024,
                                                       .buffer_count = 4,
                                                       .overflow_buffers = 0,
                                                       .huge_pages = false}};
    const net::OpenedCapture opened = net::open_capture(path, buffers);
    ASSERT_TRUE(opened.source) << opened.error;
    ASSERT_EQ(opened.kind, net::CaptureKind::json_lines);
    for (;;) {
      const net::PacketBatch batch = opened.source->next();
      if (batch.empty()) break;
      for (const net::Packet& packet : batch.packets()) {
        const auto payload = packet.payload();
        lines.push_back(
            {packet.rx_time, {reinterpret_cast<const char*>(payload.data()), payload.size()}});
      }
    }
    ASSERT_EQ(opened.source->state(), net::SourceState::ended) << opened.source->error();
    large += opened.source->counters().get(net::SourceCounter::large_records);
  }

  void look_for_crossed() {
    for (std::size_t i = 0; i < feed.symbols().size(); ++i) {
      const market::InstrumentId id{static_cast<std::uint16_t>(i)};
      if (market.instrument(id).book_kind != market::BookKind::levels) continue;
      if (market.is_book_whole(id) && market.book(id).is_crossed()) ++crossed;
    }
  }

  void expect_totals_of_the_ledger() const {
    for (const auto& [symbol, exact] : ledger.totals()) {
      const market::SessionTotals totals = this->totals(symbol);
      EXPECT_EQ(totals.trades, exact.trades) << symbol;
      EXPECT_TRUE(Int128{totals.volume} == exact.volume) << symbol;
      EXPECT_TRUE(totals.notional.exact() == exact.notional) << symbol;
      EXPECT_EQ(totals.vwap(),
                static_cast<double>(exact.notional) / static_cast<double>(exact.volume))
          << symbol;
    }
  }

  void expect_nothing_unexplained() const {
    EXPECT_EQ(counts().refused(), 0U);
    EXPECT_EQ(counts().no_venue.get(), 0U);
    EXPECT_EQ(counts().no_symbol.get(), 0U);
    EXPECT_EQ(counts().unknown_lines.get(), 0U);
    EXPECT_EQ(counts().bad_prices.get(), 0U);
    EXPECT_EQ(counts().bad_sizes.get(), 0U);
    EXPECT_EQ(counts().bad_times.get(), 0U);
    EXPECT_EQ(counts().bad_updates.get(), 0U);
    EXPECT_EQ(counts().crossed_books.get(), 0U);
    EXPECT_EQ(crossed, 0U);
    EXPECT_EQ(market.counts().refused_levels.get(), 0U);
  }

  void print(const char* title) const {
    std::printf("%-16s %6zu lines, %zu outside of the pool\n ", title, lines.size(), large);
    for (std::size_t i = 0; i < json::kKindCount; ++i) {
      const std::uint64_t count = counts().by_kind[i].get();
      if (count == 0) continue;
      const std::string_view name = to_string(static_cast<json::Kind>(i));
      std::printf(" %.*s %llu", static_cast<int>(name.size()), name.data(),
                  static_cast<unsigned long long>(count));
    }
    const auto show = [](const char* name, const Counter& counter) {
      if (counter.get() != 0) {
        std::printf(" %s %llu", name, static_cast<unsigned long long>(counter.get()));
      }
    };
    std::printf("\n ");
    show("trades", counts().trades);
    show("replayed", counts().replayed_trades);
    show("lost trades", counts().lost_trades);
    show("quotes", counts().quotes);
    show("old quotes", counts().old_quotes);
    show("snapshots", counts().snapshots);
    show("updates", counts().updates);
    show("old updates", counts().old_updates);
    show("early updates", counts().early_updates);
    show("buffered", counts().buffered_updates);
    show("buffer drops", counts().buffer_drops);
    show("update gaps", counts().update_gaps);
    show("checksums good", counts().good_checksums);
    show("bad", counts().bad_checksums);
    std::printf("\n  %zu symbols:", feed.symbols().size());
    for (std::size_t i = 0; i < feed.symbols().size(); ++i) {
      const market::InstrumentId id{static_cast<std::uint16_t>(i)};
      const std::string_view symbol = feed.symbols().symbol(id);
      std::printf(" %.*s %zu+%zu%s", static_cast<int>(symbol.size()), symbol.data(),
                  market.book(id).depth(market::Side::buy),
                  market.book(id).depth(market::Side::sell),
                  market.is_book_whole(id) ? "" : " (stale)");
    }
    std::printf("\n");
  }

  struct Line {
    std::int64_t time_ns;
    std::string text;
  };

  bool is_there = false;
  std::vector<std::string> paths;
  std::vector<Line> lines;
  Ledger ledger;
  std::size_t large = 0;
  std::size_t crossed = 0;
};

TEST(JsonCapture, CoinbaseIsFollowed) {
  const Recording recording{{"COINBASE.ws.28.0"}};
  if (!recording.is_there) GTEST_SKIP() << "no TAPELINE_CAPTURES";
  recording.print("Coinbase");
  recording.expect_nothing_unexplained();
  recording.expect_totals_of_the_ledger();
  EXPECT_EQ(recording.feed.venue(), json::Venue::coinbase);
  EXPECT_EQ(recording.counts().updates.get(), 9719U);
  EXPECT_EQ(recording.counts().snapshots.get(), 10U);
  EXPECT_EQ(recording.counts().trades.get(), 97U);
  EXPECT_EQ(recording.counts().replayed_trades.get(), 10U);
  EXPECT_EQ(recording.counts().trade_gaps.get(), 0U);
  EXPECT_EQ(recording.counts().early_updates.get(), 0U);
  EXPECT_EQ(recording.feed.symbols().size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_TRUE(recording.market.is_book_whole(market::InstrumentId(i)));
  }
}

TEST(JsonCapture, EveryKrakenChecksumMatches) {
  const Recording recording{{"KRAKEN.ws.50.0"}};
  if (!recording.is_there) GTEST_SKIP() << "no TAPELINE_CAPTURES";
  recording.print("Kraken v1");
  recording.expect_nothing_unexplained();
  EXPECT_EQ(recording.counts().good_checksums.get(), 4269U);
  EXPECT_EQ(recording.counts().bad_checksums.get(), 0U);
  EXPECT_EQ(recording.counts().snapshots.get(), 10U);
  for (std::size_t i = 0; i < recording.feed.symbols().size(); ++i) {
    const market::InstrumentId id{static_cast<std::uint16_t>(i)};
    EXPECT_LE(recording.market.book(id).depth(market::Side::buy), 1000U);
    EXPECT_LE(recording.market.book(id).depth(market::Side::sell), 1000U);
  }
}

// Each recording of the REST answers holds the snapshots of four symbols.
void expect_synchronised(const Recording& recording) {
  recording.expect_nothing_unexplained();
  recording.expect_totals_of_the_ledger();
  EXPECT_EQ(recording.counts().answers.get(), 4U);
  EXPECT_EQ(recording.counts().snapshots.get(), 4U);
  EXPECT_EQ(recording.counts().stale_snapshots.get(), 0U);
  EXPECT_EQ(recording.counts().update_gaps.get(), 0U);
  EXPECT_EQ(recording.counts().buffer_drops.get(), 0U);
  EXPECT_EQ(recording.counts().trade_gaps.get(), 0U);
  const std::uint64_t updates =
      recording.counts().by_kind[static_cast<std::size_t>(json::Kind::book_update)].get();
  // All were applied at once or from the buffer, or were older than their snapshot.
  EXPECT_EQ(recording.counts().updates.get() + recording.counts().old_updates.get(), updates);
  EXPECT_GT(recording.counts().updates.get(), 100U);
  EXPECT_GT(recording.counts().old_updates.get(), 0U);
  for (std::size_t i = 0; i < recording.feed.symbols().size(); ++i) {
    EXPECT_TRUE(recording.market.is_book_whole(market::InstrumentId(i)));
  }
}

TEST(JsonCapture, BinanceSpotIsSynchronisedWithItsSnapshots) {
  const Recording recording{{"BINANCE.ws.1.0", "BINANCE.http.0.0"}};
  if (!recording.is_there) GTEST_SKIP() << "no TAPELINE_CAPTURES";
  recording.print("Binance spot");
  expect_synchronised(recording);
}

TEST(JsonCapture, BinanceFuturesAreSynchronisedWithTheirSnapshots) {
  const Recording recording{{"BINANCE_FUTURES.ws.1.0", "BINANCE_FUTURES.http.0.0"}};
  if (!recording.is_there) GTEST_SKIP() << "no TAPELINE_CAPTURES";
  recording.print("Binance futures");
  expect_synchronised(recording);
}

TEST(JsonCapture, BinanceWithoutSnapshotKeepsQuotesAndBoundedUpdates) {
  const Recording recording{{"spot_btcusdt_20240809.gz"}};
  if (!recording.is_there) GTEST_SKIP() << "no TAPELINE_CAPTURES";
  recording.print("Binance spot, no snapshot");
  recording.expect_nothing_unexplained();
  recording.expect_totals_of_the_ledger();
  EXPECT_EQ(recording.feed.symbols().size(), 1U);
  EXPECT_EQ(recording.counts().trade_gaps.get(), 0U);
  EXPECT_EQ(recording.counts().updates.get(), 0U);
  EXPECT_EQ(recording.counts().snapshots.get(), 0U);
  const market::InstrumentId id{0};
  EXPECT_EQ(recording.market.instrument(id).book_kind, market::BookKind::quotes);
  EXPECT_EQ(recording.market.book(id).depth(market::Side::buy), 1U);
}

}  // namespace
}  // namespace tapeline::feed

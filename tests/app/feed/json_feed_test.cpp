#include "app/feed/json_feed.hpp"

#include <gtest/gtest.h>

#include <string>

#include "net/open_capture.hpp"
#include "tests/app/feed/json_feed_fixture.hpp"
#include "tests/net/source_reading.hpp"
#include "tests/net/temporary_file.hpp"

namespace tapeline::feed {
namespace {

using codec::json::Kind;
using codec::json::Venue;
using market::Side;
using testing::JsonFixture;

using Best = std::pair<std::int64_t, std::uint64_t>;

constexpr std::int64_t kOne = 100'000'000;  // in units of 10^-8

JsonFeedConfig config_of(Venue venue) {
  JsonFeedConfig config;
  config.venue = venue;
  return config;
}

struct Coinbase : ::testing::Test, JsonFixture {
  Coinbase() : JsonFixture{config_of(Venue::coinbase)} {}

  void match(std::uint64_t id, const char* type = "match", const char* size = "0.5",
             const char* price = "100.25") {
    tell(std::string{R"({"type":")"} + type + R"(","trade_id":)" + std::to_string(id) +
         R"(,"maker_order_id":"m","taker_order_id":"t","side":"sell","size":")" + size +
         R"(","price":")" + price +
         R"(","product_id":"BTC-USD","sequence":7,"time":"2024-08-09T00:00:00.116787Z"})");
  }
  void heartbeat(std::uint64_t last_trade_id) {
    tell(R"({"type":"heartbeat","sequence":90,"last_trade_id":)" + std::to_string(last_trade_id) +
         R"(,"product_id":"BTC-USD","time":"2024-08-09T00:00:01.000000Z"})");
  }
  void snapshot() {
    tell(R"({"type":"snapshot","product_id":"BTC-USD","bids":[["10","1"],["9","2"]],)"
         R"("asks":[["11","3"],["12","4"]]})");
  }
  void update(const char* changes) {
    tell(std::string{R"({"type":"l2update","product_id":"BTC-USD","changes":[)"} + changes +
         R"(],"time":"2024-08-09T00:00:02.000000Z"})");
  }
};

TEST_F(Coinbase, ReplayedMatchIsNoVolume) {
  match(10, "last_match");
  match(11);
  match(12);
  EXPECT_EQ(totals("BTC-USD").trades, 2U);
  EXPECT_EQ(totals("BTC-USD").volume, static_cast<std::uint64_t>(kOne));
  EXPECT_EQ(totals("BTC-USD").last, market::Price{10'025'000'000});
  EXPECT_EQ(counts().replayed_trades.get(), 1U);
  EXPECT_FALSE(totals("BTC-USD").incomplete);
  EXPECT_EQ(market.symbol(id("BTC-USD")), "BTC-USD");
  EXPECT_EQ(market.instrument(id("BTC-USD")).size_decimals, 8);
}

TEST_F(Coinbase, HoleInTradeIdsIsALossOfThatSymbol) {
  match(10);
  match(13);
  match(13);
  EXPECT_EQ(counts().trade_gaps.get(), 1U);
  EXPECT_EQ(counts().lost_trades.get(), 2U);
  EXPECT_EQ(counts().duplicate_trades.get(), 1U);
  EXPECT_EQ(totals("BTC-USD").trades, 2U);
  EXPECT_TRUE(totals("BTC-USD").incomplete);
  EXPECT_FALSE(market.totals_incomplete());
  const auto noted = gaps();
  ASSERT_EQ(noted.size(), 1U);
  EXPECT_EQ(noted[0].of, JsonGap::Of::trades);
  EXPECT_EQ(noted[0].first, 11U);
  EXPECT_EQ(noted[0].count, 2U);
  EXPECT_TRUE(gaps().empty());
}

TEST_F(Coinbase, HeartbeatShowsAMissingTail) {
  match(10);
  heartbeat(10);
  heartbeat(12);
  EXPECT_EQ(counts().lost_trades.get(), 0U);  // they may have been overtaken
  heartbeat(12);
  EXPECT_EQ(counts().lost_trades.get(), 2U);
  EXPECT_EQ(counts().missing_tails.get(), 1U);
  EXPECT_TRUE(totals("BTC-USD").incomplete);
  heartbeat(13);
  feed.finish();
  EXPECT_EQ(counts().lost_trades.get(), 3U);
}

TEST_F(Coinbase, BookIsThatOfSnapshotAndUpdates) {
  update(R"(["buy","8","1"])");
  EXPECT_EQ(counts().early_updates.get(), 1U);
  EXPECT_FALSE(is_whole("BTC-USD"));
  snapshot();
  EXPECT_TRUE(is_whole("BTC-USD"));
  EXPECT_EQ(best("BTC-USD", Side::buy), Best(10 * kOne, kOne));
  EXPECT_EQ(best("BTC-USD", Side::sell), Best(11 * kOne, 3 * kOne));
  update(R"(["buy","10","0.00000000"],["sell","10.5","0.00000001"])");
  EXPECT_EQ(best("BTC-USD", Side::buy), Best(9 * kOne, 2 * kOne));
  EXPECT_EQ(best("BTC-USD", Side::sell), Best(1'050'000'000, 1));
  EXPECT_EQ(counts().crossed_books.get(), 0U);
}

TEST_F(Coinbase, CrossedBookIsCounted) {
  snapshot();
  update(R"(["buy","11","1"])");
  EXPECT_EQ(counts().crossed_books.get(), 1U);
}

TEST_F(Coinbase, ValueFinerThanTheScaleIsRefusedAndDoubted) {
  snapshot();
  update(R"(["buy","10.000000001","1"])");
  EXPECT_EQ(counts().bad_prices.get(), 1U);
  EXPECT_FALSE(is_whole("BTC-USD"));
  EXPECT_EQ(best("BTC-USD", Side::buy), Best(10 * kOne, kOne));
  snapshot();
  EXPECT_TRUE(is_whole("BTC-USD"));
  update(R"(["buy","10.1000000000","1.0000000000"])");
  EXPECT_TRUE(is_whole("BTC-USD"));
  EXPECT_EQ(best("BTC-USD", Side::buy), Best(1'010'000'000, kOne));
  update(R"(["buy","10.2","0.000000001"])");
  EXPECT_EQ(counts().bad_sizes.get(), 1U);
  EXPECT_FALSE(is_whole("BTC-USD"));
}

TEST_F(Coinbase, TradeThatCanNotBeCountedLeavesTheVolumeIncomplete) {
  match(10, "match", "0.5", "100000000000");
  match(11, "match", "-1");
  EXPECT_EQ(totals("BTC-USD").trades, 0U);
  EXPECT_TRUE(totals("BTC-USD").incomplete);
}

TEST_F(Coinbase, TickerIsAQuoteUntilLevelsAreTold) {
  const char* ticker =
      R"({"type":"ticker","sequence":5,"product_id":"BTC-USD","price":"10","open_24h":"1",)"
      R"("volume_24h":"1","low_24h":"1","high_24h":"1","volume_30d":"1","best_bid":"9.5",)"
      R"("best_bid_size":"2","best_ask":"10.5","best_ask_size":"3","side":"buy",)"
      R"("time":"2024-08-09T00:00:00.1Z","trade_id":5,"last_size":"1"})";
  tell(ticker);
  EXPECT_EQ(best("BTC-USD", Side::buy), Best(950'000'000, 2 * kOne));
  EXPECT_EQ(best("BTC-USD", Side::sell), Best(1'050'000'000, 3 * kOne));
  EXPECT_EQ(totals("BTC-USD").trades, 0U);
  snapshot();
  tell(ticker);
  EXPECT_EQ(best("BTC-USD", Side::buy), Best(10 * kOne, kOne));
  EXPECT_EQ(market.counts().hidden_quotes.get(), 1U);
}

TEST_F(Coinbase, LossOfTheStreamMakesBooksStaleUntilTheirSnapshot) {
  snapshot();
  match(10);
  feed.on_loss();
  EXPECT_FALSE(is_whole("BTC-USD"));
  update(R"(["buy","9.5","1"])");
  EXPECT_EQ(counts().early_updates.get(), 1U);
  snapshot();
  EXPECT_TRUE(is_whole("BTC-USD"));
  EXPECT_EQ(counts().resyncs.get(), 1U);
  match(13, "last_match");
  EXPECT_EQ(counts().lost_trades.get(), 3U);
}

TEST_F(Coinbase, DocumentsThatCanNotBeReadAreCountedAndTheNextOneIsFine) {
  tell("{\"type\":\"match\"");
  tell("nothing");
  tell("");
  match(10);
  EXPECT_EQ(counts().refused(), 3U);
  EXPECT_EQ(counts().documents(), 4U);
  EXPECT_EQ(counts().trades.get(), 1U);
}

TEST_F(Coinbase, DocumentThatCanNotBeReadMayHaveBeenAnUpdate) {
  snapshot();
  tell(R"({"type":"a new kind"})");
  EXPECT_TRUE(is_whole("BTC-USD"));
  tell(R"({"type":"l2update","product_id":"BTC-USD","chan)");
  EXPECT_FALSE(is_whole("BTC-USD"));
  update(R"(["buy","10","5"])");
  EXPECT_EQ(best("BTC-USD", Side::buy), Best(10 * kOne, 5 * kOne));
  EXPECT_FALSE(is_whole("BTC-USD"));
  snapshot();
  EXPECT_TRUE(is_whole("BTC-USD"));
  tell("{");
  EXPECT_FALSE(is_whole("BTC-USD"));
}

TEST_F(Coinbase, WrongTimeDoesNotStopTheBars) {
  match(10);
  const market::ExchangeNanos now = market.now();
  tell(R"({"type":"heartbeat","sequence":90,"last_trade_id":10,"product_id":"BTC-USD",)"
       R"("time":"2200-01-01T00:00:00.000000Z"})");
  EXPECT_EQ(market.now(), now);
  EXPECT_EQ(counts().bad_times.get(), 1U);
}

TEST(JsonFeed, NewSymbolsBeyondTheBoundAreRefused) {
  JsonFeedConfig config = config_of(Venue::coinbase);
  config.max_symbols = 2;
  JsonFixture f{config};
  for (const char* symbol : {"A-B", "C-D", "E-F", "A-B"}) {
    f.tell(std::string{R"({"type":"snapshot","product_id":")"} + symbol +
           R"(","bids":[["10","1"]],"asks":[]})");
  }
  EXPECT_EQ(f.feed.symbols().size(), 2U);
  EXPECT_EQ(f.counts().no_symbol.get(), 1U);
  EXPECT_EQ(f.counts().snapshots.get(), 3U);
}

struct Binance : ::testing::Test, JsonFixture {
  Binance() : JsonFixture{config_of(Venue::binance)} {}

  void update(std::uint64_t first, std::uint64_t last, const char* bid = "100", int size = 1) {
    tell(R"({"e":"depthUpdate","E":1723161601273,"s":"BNBBTC","U":)" + std::to_string(first) +
         R"(,"u":)" + std::to_string(last) + R"(,"b":[[")" + bid + R"(",")" + std::to_string(size) +
         R"("]],"a":[]})");
  }
  void futures(std::uint64_t first, std::uint64_t last, std::uint64_t previous, int size = 1) {
    tell(R"({"e":"depthUpdate","E":1723161601273,"T":1723161601270,"s":"BNBBTC","U":)" +
         std::to_string(first) + R"(,"u":)" + std::to_string(last) + R"(,"pu":)" +
         std::to_string(previous) + R"(,"b":[["100",")" + std::to_string(size) + R"("]],"a":[]})");
  }
  void snapshot(std::uint64_t last) {
    tell_line(
        "https://api.binance.com/api/v3/depth?symbol=BNBBTC&limit=1000 -> 1723161601.5: "
        R"({"lastUpdateId":)" +
        std::to_string(last) + R"(,"bids":[["100","50"],["99","1"]],"asks":[["101","1"]]})");
  }
  void trade(std::uint64_t id) {
    tell(R"({"e":"trade","E":1782030435506,"s":"BNBBTC","t":)" + std::to_string(id) +
         R"(,"p":"64060.00000000","q":"0.00033000","T":1782030435506,"m":false,"M":true})");
  }
  [[nodiscard]] std::uint64_t bid_size() const { return best("BNBBTC", Side::buy).second / kOne; }
};

TEST_F(Binance, UpdatesBeforeTheSnapshotAreKeptAndAppliedInOrder) {
  update(5, 8, "100", 1);
  update(9, 12, "100", 2);
  update(13, 14, "100", 3);
  EXPECT_FALSE(is_whole("BNBBTC"));
  EXPECT_EQ(counts().buffered_updates.get(), 3U);
  snapshot(10);
  EXPECT_TRUE(is_whole("BNBBTC"));
  EXPECT_EQ(bid_size(), 3U);
  EXPECT_EQ(counts().old_updates.get(), 1U);
  EXPECT_EQ(counts().updates.get(), 2U);
  update(15, 15, "100", 4);
  EXPECT_EQ(bid_size(), 4U);
  EXPECT_TRUE(is_whole("BNBBTC"));
}

TEST_F(Binance, SnapshotMayComeFirst) {
  snapshot(10);
  EXPECT_EQ(bid_size(), 50U);
  update(9, 12, "100", 2);
  EXPECT_EQ(bid_size(), 2U);
  EXPECT_EQ(counts().update_gaps.get(), 0U);
}

TEST_F(Binance, SnapshotOlderThanTheFirstUpdateIsNotEnough) {
  update(20, 22);
  update(23, 24, "100", 7);
  snapshot(10);
  EXPECT_FALSE(is_whole("BNBBTC"));
  EXPECT_EQ(counts().stale_snapshots.get(), 1U);
  snapshot(21);
  EXPECT_TRUE(is_whole("BNBBTC"));
  EXPECT_EQ(bid_size(), 7U);
  EXPECT_EQ(counts().resyncs.get(), 1U);
}

TEST_F(Binance, LostUpdateMakesTheBookStaleUntilASnapshotSpansIt) {
  snapshot(10);
  update(11, 11, "100", 2);
  update(13, 13, "100", 3);
  EXPECT_FALSE(is_whole("BNBBTC"));
  EXPECT_EQ(bid_size(), 2U);
  EXPECT_EQ(counts().update_gaps.get(), 1U);
  EXPECT_EQ(counts().lost_updates.get(), 1U);
  const auto noted = gaps();
  ASSERT_EQ(noted.size(), 1U);
  EXPECT_EQ(noted[0].of, JsonGap::Of::updates);
  EXPECT_EQ(noted[0].first, 12U);
  EXPECT_EQ(noted[0].count, 1U);
  update(14, 14, "100", 4);
  snapshot(12);
  EXPECT_TRUE(is_whole("BNBBTC"));
  EXPECT_EQ(bid_size(), 4U);
}

TEST_F(Binance, RepeatedUpdateAndOldSnapshotChangeNothing) {
  snapshot(10);
  update(11, 12, "100", 2);
  update(11, 12, "100", 9);
  snapshot(11);
  EXPECT_EQ(bid_size(), 2U);
  EXPECT_EQ(counts().old_updates.get(), 1U);
  EXPECT_EQ(counts().old_snapshots.get(), 1U);
}

TEST_F(Binance, FuturesFollowThePreviousUpdate) {
  futures(80, 90, 70, 1);
  futures(95, 110, 90, 2);
  futures(130, 140, 110, 3);
  snapshot(100);
  EXPECT_TRUE(is_whole("BNBBTC"));
  EXPECT_EQ(bid_size(), 3U);
  futures(141, 150, 139, 4);
  EXPECT_FALSE(is_whole("BNBBTC"));
  EXPECT_EQ(bid_size(), 3U);
}

TEST_F(Binance, QuotesStandInUntilTheBookIsThere) {
  update(11, 12);
  tell(R"({"u":400,"s":"BNBBTC","b":"25.35","B":"31","a":"25.37","A":"40.66"})");
  EXPECT_EQ(best("BNBBTC", Side::buy), Best(2'535'000'000, 31 * kOne));
  tell(R"({"u":399,"s":"BNBBTC","b":"1","B":"1","a":"2","A":"1"})");
  EXPECT_EQ(best("BNBBTC", Side::buy), Best(2'535'000'000, 31 * kOne));
  EXPECT_EQ(counts().old_quotes.get(), 1U);
  tell(R"({"u":401,"s":"BNBBTC","b":"0.00000000","B":"0.00000000","a":"2","A":"1"})");
  EXPECT_EQ(market.book(id("BNBBTC")).best(Side::buy), nullptr);
  snapshot(11);
  EXPECT_EQ(best("BNBBTC", Side::buy).first, 100 * kOne);
}

TEST_F(Binance, TradesFollowByNumberAndAggregatesOfThemDoNotCount) {
  trade(100);
  trade(101);
  tell(R"({"e":"aggTrade","E":1782030435506,"s":"BNBBTC","a":5,"p":"64060","q":"1","f":100,)"
       R"("l":101,"T":1782030435506,"m":false,"M":true})");
  trade(103);
  EXPECT_EQ(totals("BNBBTC").trades, 3U);
  EXPECT_EQ(counts().parallel_trades.get(), 1U);
  EXPECT_EQ(counts().lost_trades.get(), 1U);
}

TEST_F(Binance, EachHostileDocumentIsCountedAndTheNextOneIsFine) {
  using codec::json::DocumentStatus;
  const std::string good =
      R"({"e":"trade","E":1782030435506,"s":"BNBBTC","t":100,"p":"64060.0","q":"0.5",)"
      R"("T":1782030435506,"m":false,"M":true})";
  const auto with = [&good](const std::string& part, const std::string& other) {
    std::string text = good;
    return text.replace(text.find(part), part.size(), other);
  };
  const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
  const std::vector<std::pair<std::string, DocumentStatus>> hostile{
      {with("true", deep), DocumentStatus::too_deep},
      {with(":100,", ":99999999999999999999,"), DocumentStatus::out_of_range},
      {with(R"("64060.0")", "1e400"), DocumentStatus::out_of_range},
      {with(":100,", ":-0,"), DocumentStatus::out_of_range},
      {with("BNB", "\xC3\x28"), DocumentStatus::invalid_utf8},
      {with(R"("t":100)", R"("t":100,"t":100)"), DocumentStatus::duplicate_field},
      {with(R"("q":)", R"("Q":)"), DocumentStatus::missing_field},  // of the wrong case
      {with("64060.0", std::string(65'536, '7')), DocumentStatus::out_of_range},
      {good + good, DocumentStatus::trailing_text},
  };
  std::uint64_t id = 100;
  for (const auto& [text, status] : hostile) {
    const std::uint64_t before = counts().by_refusal[static_cast<std::size_t>(status)].get();
    tell(text);
    EXPECT_EQ(counts().by_refusal[static_cast<std::size_t>(status)].get(), before + 1)
        << to_string(status) << " for " << text.substr(0, 200);
    trade(++id);
    EXPECT_EQ(counts().trades.get(), id - 100);
  }
  EXPECT_EQ(counts().refused(), hostile.size());
  EXPECT_EQ(counts().duplicate_trades.get() + counts().lost_trades.get(), 0U);
  // A text of 64 KiB that nobody uses is no fault, and a price of nothing no trade.
  tell(with(R"("M":true)", R"("M":")" + std::string(65'536, 'x') + '"'));
  EXPECT_EQ(counts().duplicate_trades.get(), 1U);
  tell(with(R"("t":100,"p":"64060.0")", R"("t":110,"p":"-0")"));
  EXPECT_EQ(counts().bad_prices.get(), 1U);
  EXPECT_EQ(counts().refused(), hostile.size());
}

TEST_F(Binance, KeptUpdatesAreBounded) {
  for (std::uint64_t i = 1; i <= 100'000; ++i) update(i, i);
  EXPECT_EQ(counts().buffered_updates.get(), 100'000U);
  EXPECT_EQ(counts().buffer_drops.get(), 100'000U - (1U << 16U) / 2);
  snapshot(80'000);
  EXPECT_TRUE(is_whole("BNBBTC"));
  EXPECT_EQ(counts().updates.get(), 20'000U);
}

struct Kraken : ::testing::Test, JsonFixture {
  Kraken() : JsonFixture{config_of(Venue::kraken)} {}

  void snapshot(const char* checksum = "3310070434") {
    tell(std::string{R"({"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[)"
                     R"({"price":45283.5,"qty":0.10000000},{"price":45283.4,"qty":1.54582015},)"
                     R"({"price":45282.1,"qty":0.10000000},{"price":45281.0,"qty":0.10000000},)"
                     R"({"price":45280.3,"qty":1.54592586},{"price":45279.0,"qty":0.07990000},)"
                     R"({"price":45277.6,"qty":0.03310103},{"price":45277.5,"qty":0.30000000},)"
                     R"({"price":45277.3,"qty":1.54602737},{"price":45276.6,"qty":0.15445238}],)"
                     R"("asks":[)"
                     R"({"price":45285.2,"qty":0.00100000},{"price":45286.4,"qty":1.54571953},)"
                     R"({"price":45286.6,"qty":1.54571109},{"price":45289.6,"qty":1.54560911},)"
                     R"({"price":45290.2,"qty":0.15890660},{"price":45291.8,"qty":1.54553491},)"
                     R"({"price":45294.7,"qty":0.04454749},{"price":45296.1,"qty":0.35380000},)"
                     R"({"price":45297.5,"qty":0.09945542},{"price":45299.5,"qty":0.18772827}],)"
                     R"("checksum":)"} +
         checksum + R"(}]})");
  }
  void update(const char* sides, const char* checksum) {
    tell(std::string{R"({"channel":"book","type":"update","data":[{"symbol":"BTC/USD",)"} + sides +
         R"(,"checksum":)" + checksum + R"(,"timestamp":"2024-08-09T00:00:00.440295Z"}]})");
  }
  void trades(const char* type, std::initializer_list<int> ids) {
    std::string data;
    for (const int id : ids) {
      data += std::string{data.empty() ? "" : ","} +
              R"({"symbol":"BTC/USD","side":"sell","price":45283.4,"qty":0.50000000,)"
              R"("ord_type":"market","trade_id":)" +
              std::to_string(id) + R"(,"timestamp":"2024-08-09T00:00:00.440295Z"})";
    }
    tell(std::string{R"({"channel":"trade","type":")"} + type + R"(","data":[)" + data + "]}");
  }
};

TEST_F(Kraken, GoldenBookHasItsChecksum) {
  snapshot();
  EXPECT_EQ(counts().good_checksums.get(), 1U);
  EXPECT_EQ(counts().bad_checksums.get(), 0U);
  EXPECT_TRUE(is_whole("BTC/USD"));
  EXPECT_EQ(best("BTC/USD", Side::buy), Best(4'528'350'000'000, 10'000'000));
}

TEST_F(Kraken, WrongChecksumMakesTheBookStaleUntilTheNextSnapshot) {
  snapshot();
  update(R"("bids":[{"price":45283.5,"qty":0.20000000}],"asks":[])", "3310070434");
  EXPECT_EQ(counts().bad_checksums.get(), 1U);
  EXPECT_FALSE(is_whole("BTC/USD"));
  const auto noted = gaps();
  ASSERT_EQ(noted.size(), 1U);
  EXPECT_EQ(noted[0].of, JsonGap::Of::checksum);
  update(R"("bids":[{"price":45283.5,"qty":0.10000000}],"asks":[])", "3310070434");
  EXPECT_EQ(counts().early_updates.get(), 1U);
  EXPECT_FALSE(is_whole("BTC/USD"));
  snapshot();
  EXPECT_TRUE(is_whole("BTC/USD"));
  EXPECT_EQ(counts().resyncs.get(), 1U);
}

// An eleventh level is beyond the depth of ten that the snapshot shows: it goes, and the checksum
// is that of the book without it.
TEST_F(Kraken, BookIsCutToItsDepthAfterEachUpdate) {
  snapshot();
  update(R"("bids":[{"price":45200.0,"qty":1.00000000}],"asks":[])", "3310070434");
  EXPECT_EQ(counts().good_checksums.get(), 2U);
  EXPECT_EQ(market.book(id("BTC/USD")).depth(Side::buy), 10U);
  EXPECT_EQ(market.book(id("BTC/USD")).depth(Side::sell), 10U);
}

TEST_F(Kraken, SnapshotOfTradesIsNoVolume) {
  trades("snapshot", {1, 2, 3});
  trades("update", {4, 5});
  trades("update", {7});
  EXPECT_EQ(totals("BTC/USD").trades, 3U);
  EXPECT_EQ(counts().replayed_trades.get(), 3U);
  EXPECT_EQ(counts().lost_trades.get(), 1U);
  trades("snapshot", {6, 7, 8, 9, 10});
  EXPECT_EQ(totals("BTC/USD").trades, 3U);
  EXPECT_EQ(counts().lost_trades.get(), 4U);
  EXPECT_EQ(counts().trade_gaps.get(), 2U);
  const auto noted = gaps();
  ASSERT_EQ(noted.size(), 2U);
  EXPECT_EQ(noted[1].first, 8U);
  EXPECT_EQ(noted[1].count, 3U);
}

TEST(JsonFeed, VenueIsThatOfTheFirstUrlOrDocument) {
  JsonFixture by_url{JsonFeedConfig{}};
  by_url.tell_line("wss://ws.kraken.com <-> 1618678132.3858151");
  EXPECT_EQ(by_url.feed.venue(), Venue::kraken);
  EXPECT_EQ(by_url.counts().connections.get(), 1U);
  JsonFixture by_shape{JsonFeedConfig{}};
  by_shape.tell(R"({"e":"trade","E":1,"s":"A","t":1,"p":"1","q":"1","T":1,"m":true,"M":true})");
  EXPECT_EQ(by_shape.feed.venue(), Venue::binance);
  JsonFixture unknown{JsonFeedConfig{}};
  unknown.tell("[]");
  EXPECT_EQ(unknown.feed.venue(), std::nullopt);
  EXPECT_EQ(unknown.counts().no_venue.get(), 1U);
}

TEST(JsonFeed, SnapshotLargerThanAPooledBufferIsApplied) {
  std::string snapshot = R"({"type":"snapshot","product_id":"A-B","bids":[)";
  const auto add_side = [&snapshot](int first, int step) {
    for (int i = 0; i < 30'000; ++i) {
      snapshot += std::string{i == 0 ? "" : ","} + R"([")" + std::to_string(first + i * step) +
                  R"(.25","1.)" + std::to_string(i) + R"("])";
    }
  };
  add_side(50'000, -1);
  snapshot += R"(],"asks":[)";
  add_side(50'001, 1);
  snapshot += "]}";
  ASSERT_GT(snapshot.size(), 1'000'000U);
  const net::test::TemporaryFile file{net::test::text(snapshot + "\n{\"type\":\"unknown\"}\n")};
  net::test::SerializationPool buffers{net::test::small_pool()};
  const net::OpenedCapture opened = net::open_capture(file.path(), buffers);
  ASSERT_TRUE(opened.source) << opened.error;
  JsonFixture f{config_of(Venue::coinbase)};
  for (;;) {
    const net::PacketBatch batch = opened.source->next();
    if (batch.empty()) break;
    for (const net::Packet& packet : batch.packets())
      f.feed.on_message(0, packet.payload(), packet);
  }
  EXPECT_EQ(opened.source->counters().get(net::SourceCounter::large_records), 1U);
  EXPECT_EQ(f.counts().snapshots.get(), 1U);
  EXPECT_EQ(f.market.book(f.id("A-B")).depth(Side::buy), 30'000U);
  EXPECT_EQ(f.best("A-B", Side::buy), Best(50'000 * kOne + kOne / 4, kOne));
  EXPECT_EQ(f.best("A-B", Side::sell), Best(50'001 * kOne + kOne / 4, kOne));
  EXPECT_TRUE(f.is_whole("A-B"));
}

TEST(JsonFeed, SecondConnectionToAUrlIsALossOfTheFirst) {
  JsonFixture f{config_of(Venue::coinbase)};
  const char* snapshot = R"({"type":"snapshot","product_id":"A-B","bids":[["1","1"]],"asks":[]})";
  f.tell_line("wss://a.example <-> 1618678132.3");
  f.tell(snapshot);
  f.tell_line("wss://b.example <-> 1618678133.3");
  EXPECT_TRUE(f.is_whole("A-B"));
  f.tell_line("wss://a.example <-> 1618678134.3");
  EXPECT_FALSE(f.is_whole("A-B"));
}

TEST(JsonFeed, PricesOfMoreDecimalsSetTheScaleOfTheirInstrument) {
  JsonFixture f{config_of(Venue::coinbase)};
  f.tell(R"({"type":"snapshot","product_id":"A-B","bids":[["0.000012345","1"]],"asks":[]})");
  EXPECT_EQ(f.market.instrument(f.id("A-B")).price_decimals, 9);
  EXPECT_EQ(f.best("A-B", Side::buy).first, 12'345);
  EXPECT_EQ(f.market.symbol(f.id("A-B")), "A-B");
}

}  // namespace
}  // namespace tapeline::feed

#include "codec/json/decoder.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/codec/json/decoder_fixture.hpp"
#include "tests/codec/json/golden.hpp"

namespace tapeline::codec::json {
namespace {

class JsonDecoder : public ::testing::Test {
 protected:
  Document decode(Venue venue, std::string_view text) {
    Document document;
    EXPECT_EQ(decoder_.decode_copy(venue, text, document), DocumentStatus::ok) << text;
    EXPECT_EQ(document.venue, venue);
    return document;
  }

  Trade only_trade(Venue venue, std::string_view text) {
    const Document document = decode(venue, text);
    EXPECT_EQ(document.kind, Kind::trades);
    EXPECT_EQ(document.trades.size(), 1U);
    return document.trades.empty() ? Trade{} : document.trades.front();
  }

  static void expect_level(const Level& level, Side side, Decimal price, Decimal size) {
    EXPECT_EQ(level.side, side);
    EXPECT_EQ(level.price, price);
    EXPECT_EQ(level.size, size);
  }

  Decoder decoder_;
};

TEST_F(JsonDecoder, TellsTheKindOfEveryGoldenDocument) {
  for (const test::Golden& golden : test::kGolden) {
    const Document document = decode(golden.venue, golden.text);
    EXPECT_EQ(document.kind, golden.kind) << golden.name;
    EXPECT_EQ(!document.trades.empty(), golden.kind == Kind::trades) << golden.name;
    EXPECT_EQ(!document.levels.empty(),
              golden.kind == Kind::book_snapshot || golden.kind == Kind::book_update)
        << golden.name;
  }
}

TEST_F(JsonDecoder, GuessesTheVenueOfEveryGoldenDocument) {
  for (const test::Golden& golden : test::kGolden) {
    EXPECT_EQ(decoder_.guess_venue(golden.text), golden.venue) << golden.name;
  }
  for (const std::string_view text : {"", "{}", "[]", "17", R"({"a":1})", R"({"type":"x"})"}) {
    EXPECT_EQ(decoder_.guess_venue(text), std::nullopt) << text;
  }
}

TEST_F(JsonDecoder, CoinbaseMatchNamesTheSideOfTheMaker) {
  const Document document = decode(Venue::coinbase, test::kCoinbaseMatch);
  EXPECT_EQ(document.type, "match");
  EXPECT_EQ(document.symbol, "SKL-BTC");
  EXPECT_TRUE(document.has_sequence);
  EXPECT_EQ(document.sequence, 177100030U);
  EXPECT_EQ(document.exchange_time_ns, 1618677817089723000);
  const Trade trade = only_trade(Venue::coinbase, test::kCoinbaseMatch);
  EXPECT_EQ(trade.symbol, "SKL-BTC");
  EXPECT_TRUE(trade.has_id);
  EXPECT_EQ(trade.trade_id, 280232U);
  EXPECT_EQ(trade.price, (Decimal{1305, 8}));
  EXPECT_EQ(trade.size, (Decimal{985, 0}));
  EXPECT_EQ(trade.time_ns, 1618677817089723000);
  EXPECT_EQ(trade.aggressor, Side::buy);
  EXPECT_FALSE(trade.is_replayed);
  EXPECT_FALSE(trade.is_aggregate);
  EXPECT_TRUE(only_trade(Venue::coinbase, test::kCoinbaseLastMatch).is_replayed);
}

TEST_F(JsonDecoder, CoinbaseTickerIsAQuoteWithTheLastTrade) {
  const Document document = decode(Venue::coinbase, test::kCoinbaseTicker);
  EXPECT_EQ(document.quote.bid, (Decimal{8413841, 2}));
  EXPECT_EQ(document.quote.bid_size, (Decimal{2880000, 8}));
  EXPECT_EQ(document.quote.ask, (Decimal{8414691, 2}));
  EXPECT_EQ(document.quote.ask_size, (Decimal{949200, 8}));
  EXPECT_EQ(document.quote.last_price, (Decimal{8414083, 2}));
  EXPECT_EQ(document.quote.last_size, (Decimal{4104, 8}));
  EXPECT_TRUE(document.quote.has_sizes && document.quote.has_last && document.quote.has_last_size);
  EXPECT_EQ(document.last_trade_id, 1099995623U);
  EXPECT_EQ(document.sequence, 136967652357U);
  EXPECT_FALSE(decode(Venue::coinbase, test::kCoinbaseOldTicker).quote.has_sizes);
}

TEST_F(JsonDecoder, CoinbaseHeartbeatTellsTheLastTrade) {
  const Document document = decode(Venue::coinbase, test::kCoinbaseHeartbeat);
  EXPECT_EQ(document.symbol, "BTC-USD");
  EXPECT_TRUE(document.has_last_trade_id);
  EXPECT_EQ(document.last_trade_id, 20U);
  EXPECT_EQ(document.sequence, 90U);
  EXPECT_EQ(document.exchange_time_ns, 1415348368464459000);
}

TEST_F(JsonDecoder, CoinbaseLevelsComeInTheOrderOfTheDocument) {
  const Document snapshot = decode(Venue::coinbase, test::kCoinbaseSnapshot);
  EXPECT_EQ(snapshot.symbol, "BAND-GBP");
  ASSERT_EQ(snapshot.levels.size(), 3U);
  expect_level(snapshot.levels[0], Side::sell, {148024, 4}, {1277, 2});
  expect_level(snapshot.levels[2], Side::buy, {147551, 4}, {310, 2});
  const Document update = decode(Venue::coinbase, test::kCoinbaseUpdate);
  ASSERT_EQ(update.levels.size(), 2U);
  expect_level(update.levels[0], Side::buy, {187279, 2}, {0, 8});
  expect_level(update.levels[1], Side::sell, {187229, 2}, {99689463, 8});
  EXPECT_EQ(update.exchange_time_ns, 1618677817075687000);
  const Document rest = decode(Venue::coinbase, test::kCoinbaseRestBook);
  EXPECT_EQ(rest.symbol, "");
  EXPECT_EQ(rest.sequence, 71591801U);
  EXPECT_EQ(rest.levels.size(), 2U);
}

TEST_F(JsonDecoder, BinanceTradeTellsWhetherTheBuyerMadeIt) {
  const Trade trade = only_trade(Venue::binance, test::kBinanceTrade);
  EXPECT_EQ(trade.symbol, "BTCUSDT");
  EXPECT_EQ(trade.trade_id, 6427631900U);
  EXPECT_EQ(trade.price, (Decimal{6406000000000, 8}));
  EXPECT_EQ(trade.size, (Decimal{33000, 8}));
  EXPECT_EQ(trade.aggressor, Side::buy);
  EXPECT_EQ(trade.time_ns, 1782030435507000000);
  EXPECT_EQ(only_trade(Venue::binance, test::kBinanceOldTrade).aggressor, Side::sell);
  const Document document = decode(Venue::binance, test::kBinanceTrade);
  EXPECT_EQ(document.exchange_time_ns, 1782030435507000000);
  EXPECT_EQ(document.sent_time_ns, 1782030435506000000);
}

TEST_F(JsonDecoder, BinanceTimesOfSixteenDigitsAreMicroseconds) {
  const Document document = decode(Venue::binance, test::kBinanceMicrosecondTrade);
  EXPECT_EQ(document.exchange_time_ns, 1782030435506001000);
  EXPECT_EQ(document.sent_time_ns, 1782030435506123000);
}

TEST_F(JsonDecoder, BinanceAggregateNamesItsFirstAndLastTrade) {
  const Trade trade = only_trade(Venue::binance, test::kBinanceAggTrade);
  EXPECT_TRUE(trade.is_aggregate);
  EXPECT_EQ(trade.trade_id, 15683430U);
  EXPECT_EQ(trade.first_trade_id, 19862788U);
  EXPECT_EQ(trade.last_trade_id, 19862790U);
  EXPECT_EQ(trade.aggressor, Side::sell);
}

TEST_F(JsonDecoder, BinanceKeysDifferByCase) {
  const Document document = decode(Venue::binance, test::kBinanceBookTicker);
  EXPECT_EQ(document.type, "bookTicker");
  EXPECT_EQ(document.symbol, "BNBUSDT");
  EXPECT_EQ(document.last_update_id, 400900217U);
  EXPECT_EQ(document.quote.bid, (Decimal{2535190000, 8}));
  EXPECT_EQ(document.quote.bid_size, (Decimal{3121000000, 8}));
  EXPECT_EQ(document.quote.ask, (Decimal{2536520000, 8}));
  EXPECT_EQ(document.quote.ask_size, (Decimal{4066000000, 8}));
  EXPECT_TRUE(document.quote.has_sizes);
  EXPECT_FALSE(document.quote.has_last);
  EXPECT_EQ(document.exchange_time_ns, 0);
}

TEST_F(JsonDecoder, BinanceUpdatesCarryTheirIds) {
  const Document spot = decode(Venue::binance, test::kBinanceUpdate);
  EXPECT_TRUE(spot.has_update_ids);
  EXPECT_FALSE(spot.has_previous_update_id);
  EXPECT_EQ(spot.first_update_id, 157U);
  EXPECT_EQ(spot.last_update_id, 160U);
  ASSERT_EQ(spot.levels.size(), 3U);
  expect_level(spot.levels[0], Side::buy, {24, 4}, {10, 0});
  expect_level(spot.levels[2], Side::sell, {27, 4}, {0, 0});
  const Document futures = decode(Venue::binance, test::kFuturesUpdate);
  EXPECT_TRUE(futures.has_previous_update_id);
  EXPECT_EQ(futures.previous_update_id, 600859598061U);
  EXPECT_EQ(futures.exchange_time_ns, 1626992741024000000);
  EXPECT_EQ(futures.sent_time_ns, 1626992741037000000);
}

TEST_F(JsonDecoder, BinanceSnapshotNamesNoSymbolExceptInAStream) {
  const Document snapshot = decode(Venue::binance, test::kBinanceSnapshot);
  EXPECT_EQ(snapshot.symbol, "");
  EXPECT_EQ(snapshot.last_update_id, 499869752U);
  EXPECT_EQ(snapshot.levels.size(), 3U);
  EXPECT_EQ(decode(Venue::binance, test::kFuturesSnapshot).exchange_time_ns, 1626992741261000000);
  EXPECT_EQ(decode(Venue::binance, test::kBinancePartialBook).symbol, "BNBBTC");
}

TEST_F(JsonDecoder, KrakenTradesOfSeveralSymbolsComeInOneDocument) {
  const Document document = decode(Venue::kraken, test::kKrakenTrades);
  EXPECT_EQ(document.symbol, "");
  ASSERT_EQ(document.trades.size(), 2U);
  EXPECT_EQ(document.trades[0].symbol, "BTC/USD");
  EXPECT_EQ(document.trades[0].size, (Decimal{50, 5}));
  EXPECT_EQ(document.trades[0].aggressor, Side::sell);
  EXPECT_EQ(document.trades[0].time_ns, 1696613755440295000);
  EXPECT_EQ(document.trades[1].symbol, "ETH/USD");
  EXPECT_EQ(document.trades[1].price, (Decimal{1000, 0}));
  EXPECT_EQ(document.trades[1].size, (Decimal{5, 7}));
  EXPECT_EQ(document.trades[1].trade_id, 4665906U);
  EXPECT_FALSE(document.trades[1].is_replayed);
  const Document snapshot = decode(Venue::kraken, test::kKrakenTradeSnapshot);
  EXPECT_EQ(snapshot.symbol, "BTC/USD");
  EXPECT_TRUE(snapshot.trades[0].is_replayed);
}

TEST_F(JsonDecoder, KrakenBookCarriesAChecksum) {
  const Document snapshot = decode(Venue::kraken, test::kKrakenBookSnapshot);
  EXPECT_EQ(snapshot.symbol, "MATIC/USD");
  EXPECT_TRUE(snapshot.has_checksum);
  EXPECT_EQ(snapshot.checksum, 2439117997U);
  ASSERT_EQ(snapshot.levels.size(), 3U);
  expect_level(snapshot.levels[2], Side::sell, {5668, 4}, {441079769741, 8});
  const Document update = decode(Venue::kraken, test::kKrakenBookUpdate);
  ASSERT_EQ(update.levels.size(), 1U);
  expect_level(update.levels[0], Side::buy, {5657, 4}, {109839470, 5});
  EXPECT_EQ(update.exchange_time_ns, 1696613755440295000);
}

TEST_F(JsonDecoder, KrakenAcknowledgementsTellTheDepth) {
  const Document second = decode(Venue::kraken, test::kKrakenAcknowledgement);
  EXPECT_EQ(second.depth, 10U);
  EXPECT_EQ(second.symbol, "BTC/USD");
  const Document first = decode(Venue::kraken, test::kKrakenV1Subscribed);
  EXPECT_EQ(first.depth, 1000U);
  EXPECT_EQ(first.symbol, "WAVES/EUR");
  EXPECT_EQ(first.type, "book-1000");
}

TEST_F(JsonDecoder, KrakenReadsDataInFrontOfItsChannel) {
  const std::string_view text =
      R"({"data":[{"symbol":"A/B","side":"buy","price":1.0,"qty":2,"trade_id":3,"timestamp":"2023-10-06T17:35:55Z"}],"type":"update","channel":"trade"})";
  EXPECT_EQ(only_trade(Venue::kraken, text).trade_id, 3U);
}

TEST_F(JsonDecoder, KrakenFirstVersionReadsBothPayloads) {
  const Document update = decode(Venue::kraken, test::kKrakenV1TwoSides);
  EXPECT_EQ(update.type, "book-1000");
  EXPECT_EQ(update.symbol, "SC/EUR");
  EXPECT_EQ(update.depth, 1000U);
  EXPECT_EQ(update.checksum, 4105471083U);
  EXPECT_EQ(update.exchange_time_ns, 1618678145920708000);
  ASSERT_EQ(update.levels.size(), 2U);
  expect_level(update.levels[0], Side::sell, {42990, 6}, {36463028272081, 8});
  expect_level(update.levels[1], Side::buy, {42990, 6}, {0, 8});
  const Document snapshot = decode(Venue::kraken, test::kKrakenV1Snapshot);
  EXPECT_FALSE(snapshot.has_checksum);
  ASSERT_EQ(snapshot.levels.size(), 3U);
  expect_level(snapshot.levels[0], Side::sell, {22900, 9}, {1335587450757, 8});
  EXPECT_EQ(decode(Venue::kraken, test::kKrakenV1Update).levels.size(), 2U);
}

TEST_F(JsonDecoder, KrakenFirstVersionNumbersNoTrades) {
  const Document document = decode(Venue::kraken, test::kKrakenV1Trades);
  ASSERT_EQ(document.trades.size(), 2U);
  EXPECT_EQ(document.trades[0].symbol, "XBT/USD");
  EXPECT_FALSE(document.trades[0].has_id);
  EXPECT_EQ(document.trades[0].aggressor, Side::sell);
  EXPECT_EQ(document.trades[0].price, (Decimal{554120000, 5}));
  EXPECT_EQ(document.trades[1].aggressor, Side::buy);
  EXPECT_EQ(document.trades[1].time_ns, 1534614057324998000);
}

TEST_F(JsonDecoder, KrakenQuotesComeInThreeShapes) {
  const Quote second = decode(Venue::kraken, test::kKrakenTicker).quote;
  EXPECT_EQ(second.bid, (Decimal{10025, 5}));
  EXPECT_EQ(second.bid_size, (Decimal{7400, 1}));
  EXPECT_EQ(second.last_price, (Decimal{10035, 5}));
  const Document spread = decode(Venue::kraken, test::kKrakenV1Spread);
  EXPECT_EQ(spread.quote.bid, (Decimal{569840000, 5}));
  EXPECT_EQ(spread.quote.ask_size, (Decimal{98765432, 8}));
  EXPECT_EQ(spread.exchange_time_ns, 1542057299545897000);
  const Quote ticker = decode(Venue::kraken, test::kKrakenV1Ticker).quote;
  EXPECT_EQ(ticker.ask, (Decimal{552540000, 5}));
  EXPECT_EQ(ticker.ask_size, (Decimal{1000, 3}));
  EXPECT_EQ(ticker.bid_size, (Decimal{2000, 3}));
  EXPECT_EQ(ticker.last_size, (Decimal{398963, 8}));
}

TEST_F(JsonDecoder, TheOrderOfFieldsDoesNotMatter) {
  const Trade trade = only_trade(
      Venue::binance,
      R"({"data":{"M":true,"m":true,"T":1672515782136,"q":"100","p":"0.001","t":12345,"s":"BNBBTC","E":1672515782136,"e":"trade"},"stream":"x"})");
  EXPECT_EQ(trade.trade_id, 12345U);
  EXPECT_EQ(trade.aggressor, Side::sell);
  EXPECT_EQ(
      only_trade(
          Venue::coinbase,
          R"({"time":"2021-04-17T16:43:37Z","sequence":1,"product_id":"A-B","price":"2","size":"3","side":"buy","trade_id":4,"type":"match"})")
          .trade_id,
      4U);
  EXPECT_EQ(decode(Venue::binance, R"({"asks":[["2","1"]],"bids":[],"lastUpdateId":7})").kind,
            Kind::book_snapshot);
}

TEST_F(JsonDecoder, UnknownFieldsAreCheckedAndPassedOver) {
  const std::string text = test::replaced(test::kBinanceTrade, "{",
                                          R"({"new":{"a":[1,-2.5e3,null,"x\n"]},"X":"LIMIT",)");
  EXPECT_EQ(only_trade(Venue::binance, text).trade_id, 6427631900U);
}

TEST_F(JsonDecoder, EscapesAreReadAsWhatTheyMean) {
  const std::string text = test::replaced(test::kKrakenV1Update, "XMR/USD", R"(XMR\/\u0055SD)");
  EXPECT_EQ(decode(Venue::kraken, text).symbol, "XMR/USD");
  const std::string key = test::replaced(test::kCoinbaseMatch, "\"type\"", R"("t\u0079pe")");
  EXPECT_EQ(only_trade(Venue::coinbase, key).trade_id, 280232U);
}

TEST_F(JsonDecoder, WhiteSpaceDoesNotMatter) {
  EXPECT_EQ(
      decode(Venue::binance,
             " { \"lastUpdateId\" : 7 , \"bids\" : [ [ \"1\" , \"2\" ] ] ,\t\"asks\" : [ ] }\r\n")
          .levels.size(),
      1U);
}

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields fields_of(Decoder& decoder, std::string_view text) {
  Fields out;
  EXPECT_EQ(decoder.for_each_field(
                text, [&out](const Field& field) { out.emplace_back(field.name, field.text); }),
            DocumentStatus::ok)
      << text;
  return out;
}

TEST_F(JsonDecoder, WalksTheFieldsOfAnEnvelope) {
  EXPECT_EQ(
      fields_of(decoder_,
                R"({"stream":"x@y","data":{"e":"trade", "p":"1.50" ,"b":[[1, 2]],"m":true}})"),
      (Fields{{"stream", "x@y"}, {"e", "trade"}, {"p", "1.50"}, {"b", "[[1, 2]]"}, {"m", "true"}}));
}

TEST_F(JsonDecoder, NumbersTheFieldsOfAnArray) {
  EXPECT_EQ(fields_of(decoder_, R"([992,{"b":[]},"book-1000","a\/b"])"),
            (Fields{{"0", "992"}, {"1", R"({"b":[]})"}, {"2", "book-1000"}, {"3", R"(a\/b)"}}));
}

TEST_F(JsonDecoder, WalksTheFieldsOfEveryGoldenDocument) {
  for (const test::Golden& golden : test::kGolden) {
    EXPECT_FALSE(fields_of(decoder_, golden.text).empty()) << golden.name;
  }
}

}  // namespace
}  // namespace tapeline::codec::json

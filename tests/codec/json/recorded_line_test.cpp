#include "codec/json/recorded_line.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace tapeline::codec::json {
namespace {

void expect_line(std::string_view text, LineKind kind, std::int64_t time_ns, std::string_view url,
                 std::string_view document) {
  const RecordedLine line = parse_recorded_line(text);
  EXPECT_EQ(line.kind, kind) << text;
  EXPECT_EQ(line.receive_time_ns, time_ns) << text;
  EXPECT_EQ(line.url, url) << text;
  EXPECT_EQ(line.document, document) << text;
}

TEST(RecordedLine, KnowsEveryForm) {
  expect_line("wss://ws.kraken.com <-> 1618678132.3858151", LineKind::connected,
              1618678132385815100, "wss://ws.kraken.com", "");
  expect_line("wss://ws.kraken.com <- 1618678132.8253062: {\"event\":\"subscribe\"}",
              LineKind::sent, 1618678132825306200, "wss://ws.kraken.com",
              "{\"event\":\"subscribe\"}");
  expect_line(
      "https://api.binance.com/api/v3/depth?symbol=NKNUSDT&limit=1000 -> "
      "1633998512.320639: {\"lastUpdateId\":1}",
      LineKind::answer, 1633998512320639000,
      "https://api.binance.com/api/v3/depth?symbol=NKNUSDT&limit=1000", "{\"lastUpdateId\":1}");
  expect_line("1618678133.37: [1,2]", LineKind::received, 1618678133370000000, "", "[1,2]");
  expect_line("1618678133: {}", LineKind::received, 1618678133000000000, "", "{}");
  expect_line("1723161600001658384 {\"a\":1}", LineKind::received, 1723161600001658384, "",
              "{\"a\":1}");
  expect_line("{\"a\": 1}", LineKind::received, 0, "", "{\"a\": 1}");
}

TEST(RecordedLine, TakesTheTimeFromItsDigits) {
  // As a double this fraction would lose its last two digits.
  expect_line("1618678133.123456789: {}", LineKind::received, 1618678133123456789, "", "{}");
  expect_line("1618678133.1234567899: {}", LineKind::received, 1618678133123456789, "", "{}");
  expect_line("9223372036.854775807: {}", LineKind::received, 9223372036854775807, "", "{}");
}

TEST(RecordedLine, DropsTheLineEnd) {
  expect_line("1.5: {} \r\n", LineKind::received, 1500000000, "", "{}");
  for (const std::string_view text : {"", "\n", " \t\r\n"}) {
    expect_line(text, LineKind::empty, 0, "", "");
  }
}

TEST(RecordedLine, RefusesWhatIsNoneOfTheForms) {
  for (const std::string_view text : {"hello",
                                      "1.5:{}",
                                      "1.5: ",
                                      "1.5: text",
                                      "1.: {}",
                                      ".5: {}",
                                      "-1.5: {}",
                                      "1.5x: {}",
                                      "9223372036.854775808: {}",
                                      "92233720368547758080 {}",
                                      "1.5e3: {}",
                                      "1 text",
                                      "17",
                                      "ws://x <-> ",
                                      "ws://x <-> soon",
                                      "ws://x <- 1.5",
                                      "ws://x <- 1.5: text",
                                      "ws://x",
                                      "ws://x ",
                                      "ws://x => 1.5: {}",
                                      "ws://x <- {}",
                                      "x <- 1.5: {}",
                                      "\"text\""}) {
    expect_line(text, LineKind::unknown, 0, "", "");
  }
}

TEST(RecordedLine, EveryTruncationIsNoLineOrHasAShorterDocument) {
  const std::string whole = "https://h/p?symbol=A -> 1633998512.320639: {\"lastUpdateId\":1}";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const RecordedLine line = parse_recorded_line(std::string_view{whole}.substr(0, length));
    if (line.kind == LineKind::answer) {
      EXPECT_LT(line.document.size(), parse_recorded_line(whole).document.size());
    } else {
      EXPECT_EQ(line.kind, length == 0 ? LineKind::empty : LineKind::unknown) << length;
    }
  }
}

TEST(RecordedLine, FindsTheVenueByTheHost) {
  EXPECT_EQ(venue_of_url("wss://ws-feed.pro.coinbase.com"), Venue::coinbase);
  EXPECT_EQ(venue_of_url("wss://stream.binance.com:9443/stream?streams=a"), Venue::binance);
  EXPECT_EQ(venue_of_url("https://fapi.binance.com/fapi/v1/depth?symbol=X"), Venue::binance);
  EXPECT_EQ(venue_of_url("https://kraken.com"), Venue::kraken);
  for (const std::string_view url : {"", "kraken.com", "https://notkraken.com/",
                                     "https://example.org/kraken.com", "https://kraken.com.x/"}) {
    EXPECT_EQ(venue_of_url(url), std::nullopt) << url;
  }
}

TEST(RecordedLine, FindsTheSymbolInTheUrl) {
  EXPECT_EQ(symbol_of_url("https://api.binance.com/api/v3/depth?symbol=NKNUSDT&limit=1000"),
            "NKNUSDT");
  EXPECT_EQ(symbol_of_url("https://api.binance.com/api/v3/depth?limit=5&symbol=X"), "X");
  EXPECT_EQ(symbol_of_url("https://api.kraken.com/0/public/Depth?pair=XBTUSD"), "XBTUSD");
  EXPECT_EQ(symbol_of_url("https://api.exchange.coinbase.com/products/BTC-USD/book?level=2"),
            "BTC-USD");
  for (const std::string_view url : {"", "https://x/", "https://x/?", "https://x/?symbols=A",
                                     "https://x/?a=symbol", "https://x/?symbol"}) {
    EXPECT_EQ(symbol_of_url(url), "") << url;
  }
}

}  // namespace
}  // namespace tapeline::codec::json

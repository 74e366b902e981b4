// Claim: what is read directly is what the kernel reads, and the two ways never disagree on whether
// a document is good.

#include "codec/json/direct_reader.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "codec/json/cursor.hpp"
#include "codec/json/decoder.hpp"
#include "codec/json/time.hpp"
#include "tests/codec/json/decoder_fixture.hpp"
#include "tests/codec/json/golden.hpp"

namespace tapeline::codec::json {
namespace {

class DirectReader : public ::testing::Test {
 protected:
  // Both ways; true if the document is good.
  bool expect_agreement(Venue venue, std::string_view text) {
    Document usual;
    Document plain;
    const DocumentStatus status = usual_.decode_copy(venue, text, usual);
    EXPECT_EQ(to_string(status), to_string(plain_.decode_copy(venue, text, plain))) << text;
    EXPECT_TRUE(test::equal(usual, plain)) << text;
    return status == DocumentStatus::ok;
  }

  // True if the text needs no kernel.
  bool is_direct(Venue venue, std::string_view text) {
    const std::string padded = std::string{text} + std::string(kPaddingBytes, '\0');
    detail::DecoderState state;
    Document document;
    const bool is_read = detail::read_directly(
        state, venue, std::string_view{padded}.substr(0, text.size()), document);
    delete[] state.levels.items;
    delete[] state.trades.items;
    return is_read;
  }

  Decoder usual_;
  Decoder plain_{Limits{}, detail::chosen_kernel()};
};

TEST_F(DirectReader, ReadsTheUsualSpellingOfTheCommonestMessages) {
  for (const std::string_view text :
       {test::kBinanceTrade, test::kBinanceAggTrade, test::kBinanceBookTicker,
        test::kFuturesBookTicker, test::kBinanceUpdate, test::kFuturesUpdate}) {
    EXPECT_TRUE(is_direct(Venue::binance, text)) << text;
    EXPECT_FALSE(is_direct(Venue::coinbase, text)) << text;
    EXPECT_FALSE(is_direct(Venue::kraken, text)) << text;
  }
  EXPECT_TRUE(is_direct(
      Venue::binance,
      R"({"e":"aggTrade","E":1626992741575,"a":16599292,"s":"CTKUSDT","p":"1.01100","q":"10","f":23961322,"l":23961322,"T":1626992741421,"m":false})"));
  for (const std::string_view text :
       {test::kCoinbaseMatch, test::kCoinbaseLastMatch, test::kCoinbaseUpdate}) {
    EXPECT_TRUE(is_direct(Venue::coinbase, text)) << text;
    EXPECT_FALSE(is_direct(Venue::binance, text)) << text;
  }
}

TEST_F(DirectReader, AgreesOnEveryGoldenDocument) {
  for (const test::Golden& golden : test::kGolden) {
    for (const Venue venue : test::kVenues) expect_agreement(venue, golden.text);
  }
}

TEST_F(DirectReader, AgreesOnNumbersOfEveryLength) {
  for (const std::string_view digits : {"",
                                        "0",
                                        "7",
                                        "00",
                                        "01",
                                        "123456789012345",
                                        "1234567890123456",
                                        "123456789012345678",
                                        "1234567890123456789",
                                        "12345678901234567890",
                                        "-1",
                                        "1.5",
                                        "0.5",
                                        "00.5",
                                        "1.",
                                        ".5",
                                        "0.123456789012345",
                                        "0.1234567890123456",
                                        "999.123456789012345",
                                        "9999.123456789012345",
                                        "1e3",
                                        "1 ",
                                        "x"}) {
    const std::string number{digits};
    expect_agreement(Venue::binance, test::replaced(test::kBinanceTrade, "64060.00000000", number));
    expect_agreement(Venue::binance, test::replaced(test::kBinanceTrade, "6427631900", number));
    expect_agreement(Venue::binance, test::replaced(test::kBinanceTrade, "1782030435507", number));
    expect_agreement(Venue::coinbase, test::replaced(test::kCoinbaseUpdate, "1872.79", number));
  }
  for (const std::string_view time : {"9223372036854", "9223372036855", "9999999999999"}) {
    expect_agreement(Venue::binance, test::replaced(test::kBinanceTrade, "1782030435507", time));
  }
}

TEST_F(DirectReader, AgreesOnNamesOfEveryKind) {
  for (const std::string_view name : {"", "A", "a b", "A\\u0042", "\\\"", "\xC3\xA9", "\xFF",
                                      "\x01", "0123456789ABCDEF", "0123456789ABCDEF0", "\x7F"}) {
    expect_agreement(Venue::binance, test::replaced(test::kBinanceTrade, "BTCUSDT", name));
    expect_agreement(Venue::coinbase, test::replaced(test::kCoinbaseMatch, "2a0da34e", name));
    expect_agreement(Venue::binance, test::replaced(test::kBinanceAggTrade, "nknusdt@", name));
  }
}

TEST_F(DirectReader, AgreesOnDocumentsChangedAtRandom) {
  constexpr std::string_view kBytes = "0123456789.-+eE\",:[]{}tfnbBaAuUsSTmM \\\x80";
  std::mt19937_64 random{11};
  unsigned good = 0;
  for (int i = 0; i < 40'000; ++i) {
    const test::Golden& golden = test::kGolden[random() % test::kGolden.size()];
    std::string text{golden.text};
    for (auto changes = 1 + random() % 2; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0: text[at] = kBytes[random() % kBytes.size()]; break;
        case 1: text.erase(at, 1 + random() % 3); break;
        default: text.insert(at, 1, kBytes[random() % kBytes.size()]); break;
      }
      if (text.empty()) break;
    }
    good += expect_agreement(golden.venue, text) ? 1U : 0U;
  }
  EXPECT_GT(good, 1'000U);
}

TEST_F(DirectReader, KeepsTheLimits) {
  Decoder decoder{Limits{.document_bytes = 400, .levels = 2, .trades = 0}};
  Document document;
  EXPECT_EQ(decoder.decode_copy(Venue::binance, test::kBinanceUpdate, document),
            DocumentStatus::too_many_levels);
  EXPECT_EQ(decoder.decode_copy(Venue::binance, test::kBinanceTrade, document),
            DocumentStatus::too_many_trades);
}

TEST(DirectDigits, AreReadToTheFirstThatIsNone) {
  const std::string text = "1234567890123456";
  std::uint64_t value = 0;
  for (unsigned count = 0; count <= 16; ++count) {
    for (const char behind : {'"', '/', ':', '\0', '\xFF', '.'}) {
      const std::string padded = text.substr(0, count) + std::string(16, behind);
      const detail::Digits digits = detail::read_16_digits(padded.data());
      EXPECT_EQ(digits.count, count);
      EXPECT_EQ(digits.value, value);
    }
    if (count < 16) value = value * 10 + static_cast<std::uint64_t>(text[count] - '0');
  }
}

void expect_time(std::string_view text, std::int64_t expected) {
  std::int64_t time_ns = -1;
  EXPECT_EQ(detail::parse_iso_time(text, time_ns), detail::TimeStatus::ok) << text;
  EXPECT_EQ(time_ns, expected) << text;
}

TEST(JsonTime, IsReadToTheNanosecond) {
  expect_time("1970-01-01T00:00:00Z", 0);
  expect_time("1970-01-01T00:00:00.000000001Z", 1);
  expect_time("2000-02-29T23:59:59.5Z", 951868799500000000);
  expect_time("2016-12-31T23:59:60Z", 1483228800000000000);
  expect_time("2024-03-01T00:00:00.123Z", 1709251200123000000);
  expect_time("2261-12-31T23:59:59.999999999Z", 9214646399999999999);
}

}  // namespace
}  // namespace tapeline::codec::json

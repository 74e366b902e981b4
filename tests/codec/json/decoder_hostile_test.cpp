// Documents that are broken, cut off, or built to break a reader: each is an error, and the next
// document is read as if nothing had been.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json/decoder.hpp"
#include "tests/codec/json/decoder_fixture.hpp"
#include "tests/codec/json/golden.hpp"

namespace tapeline::codec::json {
namespace {

using test::replaced;

// Decodes as usual and with every kernel alone, and a good document behind it.
class HostileJson : public ::testing::Test {
 protected:
  HostileJson() {
    decoders_.push_back(std::make_unique<Decoder>());
    for (const detail::Kernel* const kernel : test::kernels()) {
      decoders_.push_back(std::make_unique<Decoder>(Limits{}, *kernel));
    }
  }

  void expect(Venue venue, std::string_view text, DocumentStatus status) {
    for (const auto& decoder : decoders_) {
      Document document;
      document.symbol = "old";
      EXPECT_EQ(to_string(decoder->decode_copy(venue, text, document)), to_string(status))
          << text.substr(0, 120);
      if (status != DocumentStatus::ok) {
        EXPECT_EQ(document.symbol, "");
        EXPECT_TRUE(document.levels.empty() && document.trades.empty());
      }
      ASSERT_EQ(decoder->decode_copy(Venue::binance, test::kBinanceTrade, document),
                DocumentStatus::ok);
      ASSERT_EQ(document.trades.front().trade_id, 6427631900U);
    }
  }

  std::vector<std::unique_ptr<Decoder>> decoders_;
};

// What stands behind the text must not matter, whatever it is.
TEST_F(HostileJson, EveryTruncationOfEveryGoldenDocumentIsAnError) {
  for (const test::Golden& golden : test::kGolden) {
    for (const char behind : {'\0', '}', ']', '"', ',', '0', ' '}) {
      std::string padded{golden.text};
      for (std::size_t length = golden.text.size(); length-- > 0;) {
        padded.resize(length);
        padded.append(kPaddingBytes, behind);
        Document document;
        for (const auto& decoder : decoders_) {
          const DocumentStatus status =
              decoder->decode(golden.venue, std::string_view{padded}.substr(0, length), document);
          EXPECT_NE(status, DocumentStatus::ok) << golden.name << ' ' << length << ' ' << behind;
        }
        padded.resize(length);
      }
    }
  }
}

TEST_F(HostileJson, WhatStandsBehindTheTextIsNotRead) {
  for (const test::Golden& golden : test::kGolden) {
    for (const char behind : {'\0', '}', ']', '"', ',', '0', '\\', '\xFF'}) {
      const std::string padded = std::string{golden.text} + std::string(kPaddingBytes, behind);
      for (const auto& decoder : decoders_) {
        Document document;
        EXPECT_EQ(decoder->decode(golden.venue,
                                  std::string_view{padded}.substr(0, golden.text.size()), document),
                  DocumentStatus::ok)
            << golden.name << ' ' << behind;
        EXPECT_EQ(document.kind, golden.kind);
      }
    }
  }
}

TEST_F(HostileJson, EveryFieldCutOutIsHandled) {
  for (const test::Golden& golden : test::kGolden) {
    for (std::size_t at = golden.text.find(','); at != std::string_view::npos;
         at = golden.text.find(',', at + 1)) {
      std::string text{golden.text};
      const std::size_t next = golden.text.find_first_of(",]}", at + 1);
      text.erase(at, next - at);
      for (const auto& decoder : decoders_) {
        Document document;
        static_cast<void>(decoder->decode_copy(golden.venue, text, document));
        EXPECT_EQ(decoder->decode_copy(golden.venue, golden.text, document), DocumentStatus::ok);
      }
    }
  }
}

TEST_F(HostileJson, NoDocumentIsNotJson) {
  for (const Venue venue : test::kVenues) {
    for (const std::string_view text : {"", " ", "\n", "{", "}", "[", "]", "nul", "{]", "[}",
                                        "{{}}", "{\"a\"}", "{\"a\":}", "{,}", "[,]", "\"", "tru"}) {
      Document document;
      for (const auto& decoder : decoders_) {
        EXPECT_NE(decoder->decode_copy(venue, text, document), DocumentStatus::ok) << text;
      }
    }
    expect(venue, "", DocumentStatus::not_json);
    expect(venue, "{}", DocumentStatus::unknown_shape);
    expect(venue, "[]", DocumentStatus::unknown_shape);
    expect(venue, "17", DocumentStatus::unknown_shape);
    expect(venue, "\"text\"", DocumentStatus::unknown_shape);
    expect(venue, "null", DocumentStatus::unknown_shape);
  }
}

TEST_F(HostileJson, DepthTenThousandIsTooDeep) {
  const std::string open(10'000, '[');
  const std::string close(10'000, ']');
  for (const Venue venue : test::kVenues) {
    expect(venue, "{\"x\":" + open + close + "}", DocumentStatus::too_deep);
    std::string objects;
    for (int i = 0; i < 10'000; ++i) objects += "{\"x\":";
    expect(venue, objects + "1" + std::string(10'000, '}'), DocumentStatus::too_deep);
    Document document;
    for (const auto& decoder : decoders_) {
      EXPECT_NE(decoder->decode_copy(venue, open + close, document), DocumentStatus::ok);
      EXPECT_NE(decoder->decode_copy(venue, open, document), DocumentStatus::ok);
    }
  }
  expect(Venue::binance,
         replaced(test::kBinanceTrade, "true", std::string(31, '[') + std::string(31, ']')),
         DocumentStatus::ok);
}

TEST_F(HostileJson, NumbersThatDoNotFitAreOutOfRange) {
  const auto with_id = [](std::string_view id) {
    return replaced(test::kBinanceTrade, "6427631900", id);
  };
  expect(Venue::binance, with_id("18446744073709551615"), DocumentStatus::ok);
  expect(Venue::binance, with_id("18446744073709551616"), DocumentStatus::out_of_range);
  expect(Venue::binance, with_id("99999999999999999999"), DocumentStatus::out_of_range);
  expect(Venue::binance, with_id(std::string(65'536, '9')), DocumentStatus::out_of_range);
  expect(Venue::binance, with_id("-1"), DocumentStatus::out_of_range);
  const auto with_price = [](std::string_view price) {
    return replaced(test::kKrakenBookUpdate, "0.5657", price);
  };
  expect(Venue::kraken, with_price("1e400"), DocumentStatus::out_of_range);
  expect(Venue::kraken, with_price("12345678901234567890"), DocumentStatus::out_of_range);
  expect(Venue::kraken, with_price("-0"), DocumentStatus::ok);
  expect(Venue::kraken, with_price("\"0.5657\""), DocumentStatus::ok);
  expect(Venue::kraken, replaced(test::kKrakenBookUpdate, "2114181697", "4294967296"),
         DocumentStatus::out_of_range);
  expect(Venue::binance, replaced(test::kBinanceTrade, "1782030435507", "99999999999999999"),
         DocumentStatus::out_of_range);
  expect(Venue::coinbase, replaced(test::kCoinbaseMatch, "2021-", "2262-"),
         DocumentStatus::out_of_range);
}

TEST_F(HostileJson, TextsWhereNumbersShouldBeAreBadNumbers) {
  for (const std::string_view price :
       {"\"\"", "\"abc\"", "\"1.\"", "\"01\"", "\"1,5\"", "\" 1\"", "01", "1.", "-"}) {
    expect(Venue::kraken, replaced(test::kKrakenBookUpdate, "0.5657", price),
           DocumentStatus::bad_number);
  }
  for (const std::string_view id : {"1.5", "01", "1e3", "-", "1x"}) {
    expect(Venue::binance, replaced(test::kBinanceTrade, "6427631900", id),
           DocumentStatus::bad_number);
  }
  for (const std::string_view time :
       {"", "2021-04-17", "2021-04-17T16:43:37", "2021-13-17T16:43:37Z", "2021-02-29T16:43:37Z",
        "2021-04-17T24:43:37Z", "2021-04-17T16:43:37.Z", "2021-04-17T16:43:37.0123456789Z",
        "2021-04-17T16:43:37.12x456Z", "2021-04-17 16:43:37.123456Z",
        "2021-04-17T16:43:37+02:00"}) {
    expect(Venue::coinbase, replaced(test::kCoinbaseMatch, "2021-04-17T16:43:37.089723Z", time),
           DocumentStatus::bad_number);
  }
}

TEST_F(HostileJson, NullIsOfTheWrongType) {
  expect(Venue::binance, replaced(test::kBinanceTrade, "\"64060.00000000\"", "null"),
         DocumentStatus::wrong_type);
  expect(Venue::coinbase, replaced(test::kCoinbaseMatch, "\"0.00001305\"", "null"),
         DocumentStatus::wrong_type);
  expect(Venue::kraken, replaced(test::kKrakenTrades, "45283.4", "null"),
         DocumentStatus::wrong_type);
  expect(Venue::kraken, replaced(test::kKrakenV1Update, "\"354.15000000\"", "null"),
         DocumentStatus::wrong_type);
  expect(Venue::binance, replaced(test::kBinanceTrade, "6427631900", "\"6427631900\""),
         DocumentStatus::wrong_type);
  expect(Venue::binance, replaced(test::kBinanceUpdate, "[[\"0.0024\",\"10\"]]", "\"1\""),
         DocumentStatus::wrong_type);
}

TEST_F(HostileJson, MissingFieldsAreTold) {
  const std::vector<std::pair<Venue, std::string>> cases{
      {Venue::binance, replaced(test::kBinanceTrade, "\"p\":\"64060.00000000\",", "")},
      {Venue::binance, replaced(test::kBinanceTrade, "\"s\":\"BTCUSDT\",", "")},
      {Venue::binance, replaced(test::kBinanceTrade, "\"s\":\"BTCUSDT\",", "\"s\":\"\",")},
      {Venue::binance, replaced(test::kBinanceUpdate, "\"U\":157,", "")},
      {Venue::binance, replaced(test::kBinanceUpdate, "[\"0.0024\",\"10\"]", "[\"0.0024\"]")},
      {Venue::coinbase, replaced(test::kCoinbaseMatch, "\"sequence\":177100030,", "")},
      {Venue::coinbase, replaced(test::kCoinbaseUpdate, ",\"0.00000000\"", "")},
      {Venue::coinbase, replaced(test::kCoinbaseUpdate, "\"changes\"", "\"change\"")},
      {Venue::kraken, replaced(test::kKrakenBookUpdate, "\"checksum\":2114181697,", "")},
      {Venue::kraken, replaced(test::kKrakenBookUpdate, ",\"qty\":1098.39470", "")},
      {Venue::kraken, R"({"channel":"trade","type":"update","data":[]})"},
      {Venue::kraken, replaced(test::kKrakenV1Update, ",\"1618678133.365913\"", "")},
  };
  for (const auto& [venue, text] : cases) expect(venue, text, DocumentStatus::missing_field);
}

TEST_F(HostileJson, AFieldThatComesTwiceIsAnError) {
  const std::vector<std::pair<Venue, std::string>> cases{
      {Venue::binance, replaced(test::kBinanceTrade, "{", "{\"p\":\"1\",")},
      {Venue::binance, replaced(test::kBinanceUpdate, "\"a\":", "\"b\":[],\"a\":")},
      {Venue::binance, R"({"data":{},"data":{}})"},
      {Venue::binance, R"({"data":{"data":{}}})"},
      {Venue::coinbase, replaced(test::kCoinbaseMatch, "{", "{\"type\":\"match\",")},
      {Venue::kraken, replaced(test::kKrakenBookUpdate, "{", "{\"channel\":\"book\",")},
      {Venue::kraken, replaced(test::kKrakenBookUpdate, "0.5657,", "0.5657,\"price\":1,")},
      {Venue::kraken,
       replaced(test::kKrakenBookUpdate, "\"asks\":[],", "\"asks\":[],\"asks\":[],")},
      {Venue::kraken, replaced(test::kKrakenV1Update, "\"c\":", "\"c\":\"1\",\"c\":")},
  };
  for (const auto& [venue, text] : cases) expect(venue, text, DocumentStatus::duplicate_field);
}

TEST_F(HostileJson, KeysInTheWrongCaseAreOtherKeys) {
  expect(Venue::binance, replaced(test::kBinanceBookTicker, "\"B\":", "\"b\":"),
         DocumentStatus::duplicate_field);
  expect(Venue::binance, replaced(test::kBinanceTrade, "\"p\":", "\"P\":"),
         DocumentStatus::missing_field);
  expect(Venue::coinbase, replaced(test::kCoinbaseMatch, "\"price\":", "\"Price\":"),
         DocumentStatus::missing_field);
  expect(Venue::kraken, replaced(test::kKrakenBookUpdate, "\"channel\":", "\"Channel\":"),
         DocumentStatus::unknown_shape);
}

TEST_F(HostileJson, InvalidUtf8IsAnErrorAnywhere) {
  for (const std::string_view bytes :
       {"\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82"}) {
    expect(Venue::binance, replaced(test::kBinanceTrade, "BTCUSDT", bytes),
           DocumentStatus::invalid_utf8);
    expect(Venue::coinbase, replaced(test::kCoinbaseMatch, "2a0da34e", bytes),
           DocumentStatus::invalid_utf8);
  }
}

TEST_F(HostileJson, StringsOf64KibAreRead) {
  const std::string text(65'536, 'x');
  expect(Venue::binance, replaced(test::kBinanceTrade, "BTCUSDT", text), DocumentStatus::ok);
  expect(Venue::binance, replaced(test::kBinanceTrade, "{", "{\"" + text + "\":1,"),
         DocumentStatus::ok);
  expect(Venue::coinbase, replaced(test::kCoinbaseMatch, "2a0da34e", text), DocumentStatus::ok);
  expect(Venue::coinbase, replaced(test::kCoinbaseMatch, "0.00001305", text),
         DocumentStatus::bad_number);
  expect(Venue::coinbase, replaced(test::kCoinbaseMatch, "match", text),
         DocumentStatus::unknown_shape);
  std::string escapes;
  for (int i = 0; i < 20'000; ++i) escapes += "\\n\\\"";
  expect(Venue::coinbase, replaced(test::kCoinbaseMatch, "2a0da34e", escapes), DocumentStatus::ok);
}

TEST_F(HostileJson, BadEscapesAreNotJsonEvenWhereNobodyReads) {
  for (const std::string_view escape : {"\\q", "\\u12", "\\ud800", "\\u00zz"}) {
    expect(Venue::coinbase, replaced(test::kCoinbaseMatch, "2a0da34e", escape),
           DocumentStatus::not_json);
    expect(Venue::coinbase,
           replaced(test::kCoinbaseMatch, "{", "{\"" + std::string{escape} + "\":1,"),
           DocumentStatus::not_json);
  }
}

TEST_F(HostileJson, UnreadValuesMustBeJson) {
  for (const std::string_view value :
       {"tru", "truee",   "nul",         "falsey", "1e",        "01",         "+1",      ".5",
        "1.",  "--1",     "[1,]",        "[1 2]",  "{\"a\" 1}", "{\"a\":1,}", "[1,{]}",  "abc",
        "'x'", "\"a\":1", "\"a\" \"b\"", "1 2",    "1\x01",     "1\u00E9",    "true\x7F"}) {
    for (const std::string_view key : {"{\"unknown\":", "{\"X\":", "{\"Z\":"}) {
      Document document;
      const std::string text =
          replaced(test::kBinanceTrade, "{", std::string{key} + std::string{value} + ",");
      for (const auto& decoder : decoders_) {
        EXPECT_EQ(decoder->decode_copy(Venue::binance, text, document), DocumentStatus::not_json)
            << text;
      }
    }
  }
}

TEST_F(HostileJson, SeveralDocumentsInATextAreAnError) {
  for (const test::Golden& golden : test::kGolden) {
    for (const std::string_view between : {"", " ", "\n"}) {
      std::string text{golden.text};
      text += between;
      text += golden.text;
      expect(golden.venue, text, DocumentStatus::trailing_text);
    }
    for (const std::string_view rest : {"x", ",", "}", "]"}) {
      Document document;
      const std::string text = std::string{golden.text} + std::string{rest};
      for (const auto& decoder : decoders_) {
        EXPECT_NE(decoder->decode_copy(golden.venue, text, document), DocumentStatus::ok) << text;
      }
    }
  }
}

TEST_F(HostileJson, ShapesThatContradictThemselvesAreUnknown) {
  expect(Venue::binance, replaced(test::kBinanceUpdate, "{", "{\"bids\":[[\"1\",\"1\"]],"),
         DocumentStatus::unknown_shape);
  expect(Venue::coinbase,
         replaced(test::kCoinbaseSnapshot, "{", "{\"changes\":[[\"buy\",\"1\",\"1\"]],"),
         DocumentStatus::unknown_shape);
  expect(Venue::kraken, replaced(test::kKrakenV1Update, "book-1000", "trade"),
         DocumentStatus::unknown_shape);
  expect(Venue::kraken, replaced(test::kKrakenV1Trades, "\"trade\"", "\"book-10\""),
         DocumentStatus::unknown_shape);
  expect(Venue::kraken, replaced(test::kKrakenV1Update, "\"b\":", "\"as\":[],\"b\":"),
         DocumentStatus::unknown_shape);
  expect(Venue::kraken, replaced(test::kKrakenV1Update, ",\"book-1000\",\"XMR/USD\"", ""),
         DocumentStatus::unknown_shape);
  expect(Venue::kraken, replaced(test::kKrakenTrades, "\"update\"", "\"other\""),
         DocumentStatus::unknown_shape);
  expect(Venue::coinbase, replaced(test::kCoinbaseMatch, "\"sell\"", "\"Sell\""),
         DocumentStatus::unknown_shape);
}

TEST(JsonLimits, AreKept) {
  Decoder decoder{Limits{.document_bytes = 400, .levels = 2, .trades = 1}};
  Document document;
  EXPECT_EQ(decoder.decode_copy(Venue::binance, test::kBinanceUpdate, document),
            DocumentStatus::too_many_levels);
  EXPECT_EQ(decoder.decode_copy(Venue::kraken, test::kKrakenTrades, document),
            DocumentStatus::too_many_trades);
  EXPECT_EQ(decoder.decode_copy(Venue::kraken, test::kKrakenV1Update, document),
            DocumentStatus::ok);
  EXPECT_EQ(decoder.decode_copy(Venue::binance, std::string(401, ' '), document),
            DocumentStatus::too_long);
  EXPECT_EQ(decoder.for_each_field(std::string(401, ' '), [](const Field&) {}),
            DocumentStatus::too_long);
}

TEST(JsonLimits, LongDocumentsAreRead) {
  Decoder decoder;
  std::string text = R"({"type":"snapshot","product_id":"A-B","bids":[],"asks":[["1.50","0"])";
  constexpr std::size_t kLevels = 100'000;
  for (std::size_t i = 1; i < kLevels; ++i) text += R"(,["64060.12","0.00033000"])";
  text += "]}";
  Document document;
  EXPECT_EQ(decoder.decode_copy(Venue::coinbase, text, document), DocumentStatus::ok);
  ASSERT_EQ(document.levels.size(), kLevels);
  EXPECT_EQ(document.levels.back().size, (Decimal{33000, 8}));
}

}  // namespace
}  // namespace tapeline::codec::json

#include "app/decode/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <string>

namespace tapeline::decode {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Schema schema_of(std::string_view name) {
  constexpr std::array<std::string_view, 3> kFields{"type", "price", "type"};
  return {SchemaName::parse(name), kFields};
}

template <typename Make>
std::string refusal(Make&& make) {
  try {
    make();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Schema, HasTheColumnsThatAreDocumented) {
  EXPECT_THAT(schema_of("messages").columns(),
              ElementsAre("feed", "channel", "sequence", "receive_time", "exchange_time", "symbol",
                          "type", "price"));
  EXPECT_THAT(schema_of("trades").columns().subspan(6),
              ElementsAre("kind", "price", "shares", "match_number", "printable"));
  EXPECT_THAT(schema_of("bbo").columns().subspan(6),
              ElementsAre("bid_price", "bid_shares", "bid_orders", "ask_price", "ask_shares",
                          "ask_orders", "stale"));
  EXPECT_THAT(schema_of("levels:2").columns().subspan(6),
              ElementsAre("bid_price_1", "bid_shares_1", "bid_orders_1", "ask_price_1",
                          "ask_shares_1", "ask_orders_1", "bid_price_2", "bid_shares_2",
                          "bid_orders_2", "ask_price_2", "ask_shares_2", "ask_orders_2", "stale"));
  EXPECT_THAT(
      schema_of("bars:1s").columns().subspan(6),
      ElementsAre("start", "open", "high", "low", "close", "volume", "trades", "vwap", "complete"));
  EXPECT_THAT(schema_of("vwap").columns().subspan(6),
              ElementsAre("vwap", "volume", "trades", "broken_trades", "open", "high", "low",
                          "last", "complete"));
}

TEST(Schema, FitsIntoARowAtItsLargest) {
  EXPECT_EQ(schema_of("levels:50").columns().size(), 6U + 300 + 1);
  EXPECT_LE(schema_of("levels:50").columns().size(), kMaxColumns);
}

TEST(SchemaName, ReadsNumbersAndIntervals) {
  EXPECT_EQ(SchemaName::parse("levels:7").levels, 7U);
  EXPECT_EQ(SchemaName::parse("bars").interval_ns, 1'000'000'000U);
  EXPECT_EQ(SchemaName::parse("bars:5m").interval_ns, 300'000'000'000U);
  EXPECT_EQ(SchemaName::parse("bars:24h").interval_ns, 86'400'000'000'000U);
  EXPECT_EQ(SchemaName::parse("vwap").interval_ns, 0U);
  EXPECT_EQ(SchemaName::parse("vwap:1m").interval_ns, 60'000'000'000U);
}

TEST(SchemaName, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"",
                           "message",
                           "Messages:1",
                           "levels",
                           "levels:",
                           "levels:0",
                           "levels:51",
                           "levels:x",
                           "levels:-1",
                           "bars:",
                           "bars:0s",
                           "bars:7s",
                           "bars:1",
                           "bars:1d",
                           "bars:25h",
                           "bars:m",
                           "bars:99999999999999999999s",
                           "vwap:",
                           "vwap:1",
                           "bbo:2",
                           "trades:",
                           "messages:"}) {
    EXPECT_NE(refusal([&] { static_cast<void>(SchemaName::parse(text)); }), "accepted") << text;
  }
  EXPECT_THAT(refusal([] { static_cast<void>(SchemaName::parse("mesages")); }),
              HasSubstr("did you mean 'messages'?"));
}

TEST(Selection, TakesAllColumnsOrThoseThatAreNamed) {
  const Schema schema = schema_of("trades");
  const Selection all{schema, ""};
  EXPECT_EQ(all.names().size(), schema.columns().size());
  EXPECT_EQ(all.places()[10], 10U);
  const Selection two{schema, "price, symbol"};
  EXPECT_THAT(two.names(), ElementsAre("price", "symbol"));
  EXPECT_EQ(two.places()[static_cast<std::size_t>(schema.column("price"))], 0U);
  EXPECT_EQ(two.places()[static_cast<std::size_t>(kSymbol)], 1U);
  EXPECT_EQ(two.places()[static_cast<std::size_t>(kFeed)], Row::kUnwanted);
}

TEST(Selection, RefusesNamesThatAreNotThereAndRepetitions) {
  const Schema schema = schema_of("trades");
  const auto refused = [&](std::string_view fields) {
    return refusal([&] { Selection{schema, fields}; });
  };
  EXPECT_EQ(refused("prise"), "--fields: the schema has no column 'prise'; did you mean 'price'?");
  EXPECT_THAT(refused("zzzzzz"), HasSubstr("; there is feed, channel,"));
  EXPECT_EQ(refused("price,price"), "--fields: 'price' comes twice");
  EXPECT_NE(refused("price,"), "accepted");
}

TEST(SplitList, CutsAtCommas) {
  EXPECT_THAT(split_list("a, b ,c"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_list(""), ElementsAre(""));
  EXPECT_THAT(split_list(","), ElementsAre("", ""));
}

}  // namespace
}  // namespace tapeline::decode

#include "codec/json/checksum.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>
#include <vector>

namespace tapeline::codec::json {
namespace {

using Rows = std::vector<std::pair<std::string_view, std::string_view>>;

std::vector<Level> levels(Side side, const Rows& rows) {
  std::vector<Level> out;
  for (const auto& [price, size] : rows) {
    Level level;
    level.side = side;
    EXPECT_EQ(parse_decimal(price, level.price), DecimalStatus::ok);
    EXPECT_EQ(parse_decimal(size, level.size), DecimalStatus::ok);
    out.push_back(level);
  }
  return out;
}

// docs.kraken.com, guide "Book checksum (v2)"
const Rows kAsks{{"45285.2", "0.00100000"}, {"45286.4", "1.54571953"}, {"45286.6", "1.54571109"},
                 {"45289.6", "1.54560911"}, {"45290.2", "0.15890660"}, {"45291.8", "1.54553491"},
                 {"45294.7", "0.04454749"}, {"45296.1", "0.35380000"}, {"45297.5", "0.09945542"},
                 {"45299.5", "0.18772827"}};
const Rows kBids{{"45283.5", "0.10000000"}, {"45283.4", "1.54582015"}, {"45282.1", "0.10000000"},
                 {"45281.0", "0.10000000"}, {"45280.3", "1.54592586"}, {"45279.0", "0.07990000"},
                 {"45277.6", "0.03310103"}, {"45277.5", "0.30000000"}, {"45277.3", "1.54602737"},
                 {"45276.6", "0.15445238"}};

TEST(KrakenChecksum, MatchesThePublishedBook) {
  EXPECT_EQ(kraken_checksum(levels(Side::sell, kAsks), levels(Side::buy, kBids)), 3310070434U);
}

TEST(KrakenChecksum, CountsTenLevelsOfASide) {
  auto asks = levels(Side::sell, kAsks);
  asks.push_back(asks.back());
  EXPECT_EQ(kraken_checksum(asks, levels(Side::buy, kBids)), 3310070434U);
  asks.resize(9);
  EXPECT_NE(kraken_checksum(asks, levels(Side::buy, kBids)), 3310070434U);
}

TEST(KrakenChecksum, OfNothingIsZero) { EXPECT_EQ(kraken_checksum({}, {}), 0U); }

TEST(KrakenChecksum, TakesTheLongestMantissas) {
  const std::vector<Level> longest(
      kChecksumLevels,
      Level{Side::buy, {999'999'999'999'999'999, 0}, {999'999'999'999'999'999, 9}});
  EXPECT_NE(kraken_checksum(longest, longest), 0U);
}

}  // namespace
}  // namespace tapeline::codec::json

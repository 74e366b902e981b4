#pragma once

// A market that messages were applied to, to be compared with another one: the books, names and
// states of all instruments.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>

#include "app/feed/itch_feed.hpp"
#include "app/market/market.hpp"
#include "pool/buffer_pool.hpp"
#include "tests/app/market/market_fixture.hpp"

namespace tapeline::simulate::testing {

class MarketOracle {
 public:
  void apply(std::span<const std::byte> message) { feed_.apply(message); }
  [[nodiscard]] const market::Market& market() const { return fixture_.market; }

 private:
  market::testing::Fixture fixture_;
  feed::ItchFeed feed_{fixture_.market};
};

// Returns how many orders rest in the books.
inline std::uint64_t expect_same_books(const market::Market& expected,
                                       const market::Market& found) {
  std::uint64_t orders = 0;
  for (std::uint32_t id = 0; id <= 0xFFFF; ++id) {
    const market::InstrumentId instrument{static_cast<std::uint16_t>(id)};
    const market::Instrument& left = expected.instrument(instrument);
    const market::Instrument& right = found.instrument(instrument);
    EXPECT_EQ(expected.symbol(instrument), found.symbol(instrument)) << id;
    EXPECT_EQ(left.round_lot, right.round_lot) << id;
    EXPECT_EQ(left.trading_state, right.trading_state) << id;
    EXPECT_EQ(left.halt_reason, right.halt_reason) << id;
    EXPECT_EQ(left.short_sale_test, right.short_sale_test) << id;
    for (const market::Side side : {market::Side::buy, market::Side::sell}) {
      const auto levels = left.book.levels(side);
      const auto others = right.book.levels(side);
      EXPECT_TRUE(std::equal(levels.begin(), levels.end(), others.begin(), others.end())) << id;
      for (const market::Level& level : levels) orders += level.orders;
    }
  }
  return orders;
}

}  // namespace tapeline::simulate::testing

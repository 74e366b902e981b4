// Calls of Market that only some venues need: clearing a book's orders, prints by what they count
// for, auctions.

#include <gtest/gtest.h>

#include <vector>

#include "app/market/market.hpp"
#include "tests/app/market/market_fixture.hpp"

namespace tapeline::market {
namespace {

using testing::kInstrument;
using testing::kOther;
using testing::match;
using testing::price;
using testing::ref;
using testing::seconds;

struct MarketVenueTest : ::testing::Test, testing::Fixture {
  [[nodiscard]] std::size_t depth(InstrumentId id) const {
    return market.book(id).depth(Side::buy) + market.book(id).depth(Side::sell);
  }
};

TEST_F(MarketVenueTest, ClearedOrdersAreGone) {
  market.add_order(kInstrument, ref(1), Side::buy, 100, price(10));
  market.add_order(kInstrument, ref(2), Side::sell, 100, price(12));
  market.add_order(kOther, ref(3), Side::buy, 100, price(10));
  market.clear_orders(kInstrument);
  EXPECT_EQ(depth(kInstrument), 0U);
  EXPECT_EQ(depth(kOther), 1U);
  EXPECT_EQ(market.find_order(ref(1)), nullptr);
  EXPECT_NE(market.find_order(ref(3)), nullptr);
  EXPECT_TRUE(market.is_book_whole(kInstrument));

  market.remove(kInstrument, ref(2));
  EXPECT_EQ(market.counts().unknown_orders.get(), 1U);
  EXPECT_EQ(market.order_counts().orders.get(), 1U);  // those that were looked for were taken out
}

TEST_F(MarketVenueTest, ClearedReferenceCanBeUsedAgain) {
  market.add_order(kInstrument, ref(1), Side::buy, 100, price(10));
  market.clear_orders(kInstrument);
  market.add_order(kInstrument, ref(1), Side::sell, 30, price(11));
  EXPECT_EQ(market.counts().duplicate_orders.get(), 0U);
  ASSERT_NE(market.book(kInstrument).best(Side::sell), nullptr);
  market.cancel(kInstrument, ref(1), 10);
  EXPECT_EQ(market.book(kInstrument).best(Side::sell)->shares, 20U);
  EXPECT_EQ(market.counts().doubtful_books.get(), 0U);
}

TEST_F(MarketVenueTest, BookThatWasClearedTooOftenTakesNoMoreOrders) {
  for (int i = 0; i < 300; ++i) {
    market.add_order(kInstrument, ref(1), Side::buy, 100, price(10));
    market.clear_orders(kInstrument);
  }
  EXPECT_EQ(depth(kInstrument), 0U);
  market.add_order(kInstrument, ref(2), Side::buy, 100, price(10));
  EXPECT_EQ(depth(kInstrument), 0U);
  EXPECT_FALSE(market.is_book_whole(kInstrument));
  EXPECT_EQ(market.counts().refused_orders.get(), 46U);
  market.start_session();
  market.add_order(kInstrument, ref(2), Side::buy, 100, price(10));
  EXPECT_EQ(depth(kInstrument), 1U);
}

TEST_F(MarketVenueTest, OrdersAndLevelsOfOneInstrumentNeverMix) {
  market.add_order(kInstrument, ref(1), Side::buy, 100, price(10));
  market.set_level(kInstrument, Side::buy, price(10), 40);
  ASSERT_EQ(depth(kInstrument), 1U);
  market.remove(kInstrument, ref(1));  // the order went with its book
  EXPECT_EQ(market.counts().unknown_orders.get(), 1U);
  EXPECT_EQ(market.book(kInstrument).best(Side::buy)->shares, 40U);
  market.add_order(kInstrument, ref(2), Side::buy, 7, price(10));
  EXPECT_EQ(market.book(kInstrument).best(Side::buy)->shares, 7U);
  market.remove(kInstrument, ref(2));
  EXPECT_EQ(depth(kInstrument), 0U);
}

TEST_F(MarketVenueTest, ModifiedOrderMovesToItsNewPrice) {
  market.add_order(kInstrument, ref(1), Side::buy, 100, price(10));
  market.modify(kInstrument, ref(1), 60, price(9));
  ASSERT_EQ(depth(kInstrument), 1U);
  EXPECT_EQ(market.book(kInstrument).best(Side::buy)->price, price(9));
  EXPECT_EQ(market.book(kInstrument).best(Side::buy)->shares, 60U);
  EXPECT_TRUE(market.is_book_whole(kInstrument));
  market.modify(kInstrument, ref(1), 0, price(9));
  EXPECT_EQ(depth(kInstrument), 0U);
  EXPECT_EQ(market.counts().zero_shares.get(), 1U);
  market.modify(kInstrument, ref(1), 10, price(9));
  EXPECT_EQ(market.counts().unknown_orders.get(), 1U);
}

TEST_F(MarketVenueTest, PrintThatSetsNoPriceCountsInVolumeOnly) {
  market.advance(seconds(60));
  market.report_trade(kInstrument, 5, price(99), match(1), {.sets_price = false});
  EXPECT_FALSE(market.totals(kInstrument).traded);
  market.report_trade(kInstrument, 100, price(20), match(2), {});
  market.report_trade(kInstrument, 100, price(22), match(3), {});
  market.report_trade(kInstrument, 5, price(1), match(4), {.sets_price = false});
  const SessionTotals totals = market.totals(kInstrument);
  EXPECT_EQ(totals.volume, 210U);
  EXPECT_EQ(totals.trades, 4U);
  EXPECT_TRUE(totals.notional.exact() == 5 * 99 + 2000 + 2200 + 5);
  EXPECT_EQ(totals.open, price(20));
  EXPECT_EQ(totals.high, price(22));
  EXPECT_EQ(totals.low, price(20));
  EXPECT_EQ(totals.last, price(22));

  market.close_all();
  ASSERT_EQ(sink.bars.size(), 2U);
  for (const Bar& bar : sink.bars) {
    EXPECT_TRUE(bar.priced);
    EXPECT_EQ(bar.open, price(20));
    EXPECT_EQ(bar.high, price(22));
    EXPECT_EQ(bar.low, price(20));
    EXPECT_EQ(bar.close, price(22));
    EXPECT_EQ(bar.volume, 210U);
    EXPECT_EQ(bar.trades, 4U);
  }
}

TEST_F(MarketVenueTest, BarWithoutAPriceSaysSo) {
  market.advance(seconds(60));
  market.report_trade(kInstrument, 5, price(99), match(1), {.sets_price = false});
  market.advance(seconds(61));
  market.report_trade(kInstrument, 7, price(50), match(2), {});
  market.advance(seconds(62));
  market.report_trade(kInstrument, 1, price(10), match(3), {.sets_price = false});
  market.close_all();
  std::vector<bool> priced;
  for (const Bar& bar : sink.bars) priced.push_back(bar.priced);
  EXPECT_EQ(priced, (std::vector<bool>{false, true, false, true}));
  EXPECT_EQ(sink.bars[0].open, Price{});
  EXPECT_EQ(sink.bars[0].vwap, 99.0);
  EXPECT_EQ(sink.bars[3].open, price(50));
  EXPECT_EQ(sink.bars[3].low, price(50));
  EXPECT_EQ(sink.bars[3].volume, 13U);
}

TEST_F(MarketVenueTest, PrintOutOfVolumeIsRememberedForItsBreak) {
  market.report_trade(kInstrument, 5, price(99), match(1), {.in_volume = false});
  market.break_trade(kInstrument, match(1));
  EXPECT_EQ(market.totals(kInstrument).volume, 0U);
  EXPECT_EQ(market.counts().unprintable_breaks.get(), 1U);
  EXPECT_EQ(market.counts().unknown_breaks.get(), 0U);
}

TEST_F(MarketVenueTest, ReportedPrintCanBeBroken) {
  market.report_trade(kInstrument, 5, price(99), match(1), {.sets_price = false});
  market.report_trade(kInstrument, 9, price(50), match(2), {});
  market.break_trade(kInstrument, match(1));
  EXPECT_EQ(market.totals(kInstrument).volume, 9U);
  EXPECT_TRUE(market.totals(kInstrument).notional.exact() == 450);
}

TEST_F(MarketVenueTest, KeepsTheLatestAuctionAndTheOfficialPrices) {
  EXPECT_EQ(market.auctions(kInstrument).latest.kind, AuctionKind::none);
  market.set_auction(kInstrument, {.reference_price = price(7), .kind = AuctionKind::opening});
  market.set_official_price(kInstrument, OfficialPrice::opening, price(8));
  market.set_official_price(kInstrument, OfficialPrice::closing, price(9));
  market.set_auction(kInstrument, {.reference_price = price(6), .kind = AuctionKind::closing});
  const AuctionRecord& record = market.auctions(kInstrument);
  EXPECT_EQ(record.latest.kind, AuctionKind::closing);
  EXPECT_EQ(record.latest.reference_price, price(6));
  EXPECT_EQ(record.official_opening, price(8));
  EXPECT_EQ(record.official_closing, price(9));
  market.start_session();
  EXPECT_EQ(market.auctions(kInstrument).latest.kind, AuctionKind::none);
  EXPECT_EQ(market.auctions(kInstrument).official_closing, Price{});
}

}  // namespace
}  // namespace tapeline::market

#include "app/market/market.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "tests/app/market/market_fixture.hpp"

namespace tapeline::market {
namespace {

using testing::Fixture;
using testing::kInstrument;
using testing::kOther;
using testing::match;
using testing::price;
using testing::ref;

struct MarketTest : ::testing::Test, Fixture {
  void add(std::uint64_t number, std::uint32_t shares, std::int64_t units, Side side = Side::buy) {
    market.add_order(kInstrument, ref(number), side, shares, price(units));
  }
  [[nodiscard]] std::uint64_t volume() const { return market.totals(kInstrument).volume; }
  [[nodiscard]] std::uint64_t open_shares(std::uint64_t number) {
    const Order* order = market.find_order(ref(number));
    return order == nullptr ? 0 : order->shares;
  }
  [[nodiscard]] std::uint64_t level_shares(Side side = Side::buy) const {
    const Level* best = market.book(kInstrument).best(side);
    return best == nullptr ? 0 : best->shares;
  }
};

TEST_F(MarketTest, AddPlacesOrderInBook) {
  add(1, 100, 500);
  add(2, 50, 510, Side::sell);
  EXPECT_EQ(market.book(kInstrument).best(Side::buy)->price, price(500));
  EXPECT_EQ(market.book(kInstrument).best(Side::sell)->price, price(510));
  EXPECT_EQ(open_shares(1), 100U);
  EXPECT_EQ(market.instrument_bound(), 8U);
  EXPECT_TRUE(market.is_book_whole(kInstrument));
  EXPECT_EQ(market.instrument(kInstrument).price_decimals, 4);
}

TEST_F(MarketTest, ExecutionPrintsAtThePriceOfTheRestingOrder) {
  add(1, 100, 500);
  market.execute(kInstrument, ref(1), 30, match(1));
  EXPECT_EQ(open_shares(1), 70U);
  EXPECT_EQ(level_shares(), 70U);
  EXPECT_EQ(volume(), 30U);
  EXPECT_EQ(market.totals(kInstrument).vwap(), 500.0);
}

TEST_F(MarketTest, ExecutionsAddUpUntilTheOrderIsGone) {
  add(1, 100, 500);
  market.execute(kInstrument, ref(1), 30, match(1));
  market.cancel(kInstrument, ref(1), 30);
  market.execute(kInstrument, ref(1), 40, match(2));
  EXPECT_EQ(market.find_order(ref(1)), nullptr);
  EXPECT_EQ(market.book(kInstrument).depth(Side::buy), 0U);
  EXPECT_EQ(volume(), 70U);
  market.remove(kInstrument, ref(1));
  EXPECT_EQ(market.counts().unknown_orders.get(), 1U);
}

TEST_F(MarketTest, PrintableExecutionAtPriceCountsAtItsOwnPrice) {
  add(1, 100, 500);
  market.execute_at_price(kInstrument, ref(1), 40, match(1), true, price(490));
  EXPECT_EQ(market.totals(kInstrument).vwap(), 490.0);
  EXPECT_EQ(volume(), 40U);
  // The remainder stays at the price it was shown at.
  EXPECT_EQ(market.book(kInstrument).best(Side::buy)->price, price(500));
  EXPECT_EQ(level_shares(), 60U);
}

TEST_F(MarketTest, UnprintableExecutionTakesSharesButPrintsNothing) {
  add(1, 100, 500);
  market.execute_at_price(kInstrument, ref(1), 40, match(1), false, price(490));
  EXPECT_EQ(volume(), 0U);
  EXPECT_EQ(open_shares(1), 60U);
  market.break_trade(kInstrument, match(1));
  EXPECT_EQ(market.counts().unprintable_breaks.get(), 1U);
  EXPECT_EQ(market.counts().unknown_breaks.get(), 0U);
}

TEST_F(MarketTest, CancelPrintsNothing) {
  add(1, 100, 500);
  market.cancel(kInstrument, ref(1), 40);
  EXPECT_EQ(open_shares(1), 60U);
  EXPECT_EQ(volume(), 0U);
}

TEST_F(MarketTest, RemoveTakesWhatIsLeft) {
  add(1, 100, 500);
  add(2, 10, 500);
  market.cancel(kInstrument, ref(1), 40);
  market.remove(kInstrument, ref(1));
  EXPECT_EQ(level_shares(), 10U);
  EXPECT_EQ(market.book(kInstrument).best(Side::buy)->orders, 1U);
}

TEST_F(MarketTest, ReplacementInheritsSideAndInstrument) {
  add(1, 100, 500, Side::sell);
  market.replace(kInstrument, ref(1), ref(2), 30, price(510));
  EXPECT_EQ(market.find_order(ref(1)), nullptr);
  const Order* order = market.find_order(ref(2));
  ASSERT_NE(order, nullptr);
  EXPECT_EQ(order->side, Side::sell);
  EXPECT_EQ(order->instrument, kInstrument);
  EXPECT_EQ(order->shares, 30U);
  ASSERT_EQ(market.book(kInstrument).depth(Side::sell), 1U);
  EXPECT_EQ(market.book(kInstrument).best(Side::sell)->price, price(510));
}

TEST_F(MarketTest, TradesCrossesAndBreaksLeaveTheBookAlone) {
  add(1, 100, 500);
  market.trade(kInstrument, 10, price(500), match(1));
  market.cross_trade(kInstrument, 20, price(500), match(2));
  market.break_trade(kInstrument, match(1));
  EXPECT_EQ(level_shares(), 100U);
  EXPECT_EQ(volume(), 20U);
}

TEST_F(MarketTest, UnknownOrderMakesBookAndVwapDoubtful) {
  market.execute(kInstrument, ref(99), 10, match(1));
  EXPECT_EQ(market.counts().unknown_orders.get(), 1U);
  EXPECT_FALSE(market.is_book_whole(kInstrument));
  EXPECT_TRUE(market.totals(kInstrument).incomplete);
  EXPECT_TRUE(market.is_book_whole(kOther));
  EXPECT_FALSE(market.totals(kOther).incomplete);
}

TEST_F(MarketTest, UnknownOrderWithAPricePrintsAllTheSame) {
  market.execute_at_price(kInstrument, ref(99), 10, match(1), true, price(40));
  EXPECT_EQ(volume(), 10U);
  EXPECT_FALSE(market.totals(kInstrument).incomplete);
  EXPECT_FALSE(market.is_book_whole(kInstrument));
}

TEST_F(MarketTest, CancelRemoveReplaceOfUnknownOrdersChangeNothing) {
  market.cancel(kInstrument, ref(99), 10);
  market.remove(kInstrument, ref(99));
  market.replace(kInstrument, ref(99), ref(100), 10, price(5));
  EXPECT_EQ(market.counts().unknown_orders.get(), 3U);
  EXPECT_EQ(market.counts().doubtful_books.get(), 1U);
  EXPECT_EQ(market.find_order(ref(100)), nullptr);
}

TEST_F(MarketTest, TakingMoreThanIsLeftEndsTheOrder) {
  add(1, 100, 500);
  add(2, 10, 500);
  market.execute(kInstrument, ref(1), 150, match(1));
  EXPECT_EQ(market.find_order(ref(1)), nullptr);
  EXPECT_EQ(level_shares(), 10U);
  EXPECT_EQ(volume(), 150U);  // the venue's word
  market.cancel(kInstrument, ref(2), 11);
  EXPECT_EQ(market.book(kInstrument).depth(Side::buy), 0U);
  EXPECT_EQ(market.counts().oversized_takes.get(), 2U);
  EXPECT_FALSE(market.is_book_whole(kInstrument));
}

TEST_F(MarketTest, SecondAddOfAReferenceIsIgnored) {
  add(1, 100, 500);
  add(1, 70, 600, Side::sell);
  EXPECT_EQ(market.counts().duplicate_orders.get(), 1U);
  EXPECT_EQ(open_shares(1), 100U);
  EXPECT_EQ(market.book(kInstrument).depth(Side::sell), 0U);
}

TEST_F(MarketTest, ReplaceOntoAnOpenReferenceRemovesTheOriginalOnly) {
  add(1, 100, 500);
  add(2, 70, 400);
  market.replace(kInstrument, ref(1), ref(2), 30, price(510));
  EXPECT_EQ(market.counts().replaced_onto_open.get(), 1U);
  EXPECT_EQ(market.find_order(ref(1)), nullptr);
  EXPECT_EQ(open_shares(2), 70U);
  EXPECT_EQ(market.book(kInstrument).depth(Side::buy), 1U);
}

TEST_F(MarketTest, ReplaceOntoItselfChangesTheOrder) {
  add(1, 100, 500);
  market.replace(kInstrument, ref(1), ref(1), 30, price(510));
  EXPECT_EQ(market.counts().replaced_onto_open.get(), 1U);
  EXPECT_EQ(open_shares(1), 30U);
  EXPECT_EQ(market.book(kInstrument).best(Side::buy)->price, price(510));
}

TEST_F(MarketTest, OrderKnowsItsInstrumentBetterThanTheMessage) {
  add(1, 100, 500);
  market.execute(kOther, ref(1), 30, match(1));
  EXPECT_EQ(market.counts().wrong_instruments.get(), 1U);
  EXPECT_EQ(level_shares(), 70U);
  EXPECT_EQ(volume(), 30U);
  EXPECT_EQ(market.totals(kOther).volume, 0U);
}

TEST_F(MarketTest, ZeroSharesAreCountedAndChangeNothing) {
  add(1, 0, 500);
  EXPECT_EQ(market.find_order(ref(1)), nullptr);
  add(2, 10, 500);
  market.execute(kInstrument, ref(2), 0, match(1));
  market.execute_at_price(kInstrument, ref(2), 0, match(2), true, price(5));
  market.cancel(kInstrument, ref(2), 0);
  EXPECT_EQ(open_shares(2), 10U);
  EXPECT_EQ(volume(), 0U);
  EXPECT_EQ(market.counts().zero_shares.get(), 4U);
  market.replace(kInstrument, ref(2), ref(3), 0, price(5));
  EXPECT_EQ(market.counts().zero_shares.get(), 5U);
  EXPECT_EQ(market.book(kInstrument).depth(Side::buy), 0U);
}

TEST_F(MarketTest, ZeroPriceIsCountedAndApplied) {
  add(1, 100, 0);
  market.execute(kInstrument, ref(1), 10, match(1));
  EXPECT_EQ(market.counts().zero_prices.get(), 2U);
  EXPECT_EQ(volume(), 10U);
  EXPECT_EQ(level_shares(), 90U);
}

TEST_F(MarketTest, OrderWithoutASideIsRefused) {
  add(1, 100, 500, Side::unknown);
  EXPECT_EQ(market.counts().bad_sides.get(), 1U);
  EXPECT_EQ(market.find_order(ref(1)), nullptr);
  EXPECT_FALSE(market.is_book_whole(kInstrument));
}

TEST_F(MarketTest, LevelBeyondTheBoundIsRefusedTogetherWithItsOrder) {
  for (std::uint32_t i = 0; i <= LevelArena::kMaxCapacity; ++i) add(i + 1, 1, i + 1);
  EXPECT_EQ(market.counts().refused_levels.get(), 1U);
  EXPECT_EQ(market.find_order(ref(LevelArena::kMaxCapacity + 1)), nullptr);
  EXPECT_EQ(market.book(kInstrument).depth(Side::buy), LevelArena::kMaxCapacity);
  EXPECT_FALSE(market.is_book_whole(kInstrument));
}

TEST_F(MarketTest, SparseReferencesAreRefusedAtTheBound) {
  for (std::uint64_t i = 0; i < 100'000; ++i) add(i << 32U, 1, 5);
  EXPECT_GT(market.counts().refused_orders.get(), 0U);
  EXPECT_LE(market.order_counts().committed_bytes.get(), std::uint64_t{64} << 20U);
  EXPECT_EQ(market.order_counts().orders.get() + market.counts().refused_orders.get(), 100'000U);
  EXPECT_EQ(level_shares(), market.order_counts().orders.get());
  add(std::numeric_limits<std::uint64_t>::max(), 1, 5);
}

TEST_F(MarketTest, GapMakesEveryBookDoubtful) {
  add(1, 100, 500);
  market.on_gap();
  EXPECT_EQ(market.counts().gaps.get(), 1U);
  EXPECT_FALSE(market.is_book_whole(kInstrument));
  EXPECT_FALSE(market.is_book_whole(kOther));
  EXPECT_EQ(level_shares(), 100U);
}

TEST_F(MarketTest, BooksAreStaleFromAGapToTheEndOfASnapshot) {
  add(1, 100, 500);
  market.trade(kInstrument, 10, price(505), match(1));
  market.on_gap();
  market.begin_snapshot();
  EXPECT_EQ(open_shares(1), 0U);
  EXPECT_EQ(level_shares(), 0U);
  add(2, 40, 490);
  EXPECT_TRUE(market.books_stale());
  market.end_snapshot();
  EXPECT_FALSE(market.books_stale());
  EXPECT_TRUE(market.is_book_whole(kInstrument));
  EXPECT_TRUE(market.is_book_whole(kOther));
  EXPECT_EQ(level_shares(), 40U);
  EXPECT_TRUE(market.totals_incomplete());
  EXPECT_EQ(market.totals(kInstrument).volume, 10U);
  EXPECT_TRUE(market.totals(kInstrument).incomplete);
}

TEST_F(MarketTest, SnapshotMakesADoubtfulBookWhole) {
  market.remove(kInstrument, ref(5));
  EXPECT_FALSE(market.is_book_whole(kInstrument));
  market.begin_snapshot();
  market.end_snapshot();
  EXPECT_TRUE(market.is_book_whole(kInstrument));
  EXPECT_FALSE(market.totals_incomplete());
}

TEST_F(MarketTest, ContradictionInASnapshotLeavesItsBookDoubtful) {
  market.begin_snapshot();
  add(1, 100, 500);
  add(1, 100, 500);
  market.end_snapshot();
  EXPECT_FALSE(market.is_book_whole(kInstrument));
  EXPECT_TRUE(market.is_book_whole(kOther));
}

TEST_F(MarketTest, AbandonedSnapshotLeavesStaleEmptyBooks) {
  add(1, 100, 500);
  market.abandon_snapshot();  // none was begun
  EXPECT_EQ(open_shares(1), 100U);
  EXPECT_FALSE(market.books_stale());
  market.begin_snapshot();
  add(2, 100, 500);
  market.abandon_snapshot();
  EXPECT_EQ(open_shares(2), 0U);
  EXPECT_TRUE(market.books_stale());
  market.end_snapshot();
  EXPECT_TRUE(market.books_stale());
  market.start_session();
  EXPECT_FALSE(market.books_stale());
}

TEST_F(MarketTest, InstrumentKeepsWhatItIsTold) {
  EXPECT_FALSE(market.instrument(kInstrument).is_trading());
  market.list(kInstrument, {.symbol = "ABC     ", .round_lot = 40});
  market.set_trading_state(kInstrument, TradingState::trading, {' ', ' ', ' ', ' '});
  EXPECT_TRUE(market.instrument(kInstrument).is_trading());
  market.set_operational_halt(kInstrument, 1, true);
  market.set_operational_halt(kInstrument, 2, true);
  market.set_operational_halt(kInstrument, 1, false);
  EXPECT_FALSE(market.instrument(kInstrument).is_trading());
  market.set_operational_halt(kInstrument, 2, false);
  EXPECT_TRUE(market.instrument(kInstrument).is_trading());
  market.set_short_sale_test(kInstrument, ShortSaleTest::in_force_today);
  EXPECT_EQ(market.instrument(kInstrument).short_sale_test, ShortSaleTest::in_force_today);
  EXPECT_EQ(market.instrument(kInstrument).round_lot, 40U);
  EXPECT_EQ(market.symbol(kInstrument), "ABC");
}

TEST_F(MarketTest, PrefetchOfAnythingIsHarmless) {
  for (const std::uint64_t number :
       {std::uint64_t{0}, std::uint64_t{1} << 63U, std::numeric_limits<std::uint64_t>::max()}) {
    market.prefetch(ref(number));
  }
  market.prefetch(InstrumentId{0});
  market.prefetch(InstrumentId{65535});
  add(1, 1, 1);
  market.prefetch(ref(1));
  market.prefetch(kInstrument);
  EXPECT_EQ(open_shares(1), 1U);
}

}  // namespace
}  // namespace tapeline::market

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <random>
#include <vector>

#include "app/market/market.hpp"
#include "tests/app/market/market_fixture.hpp"

namespace tapeline::market {
namespace {

using testing::Fixture;
using testing::kInstrument;
using testing::kOther;
using testing::match;
using testing::price;
using testing::seconds;

// A side as the simplest container would hold it, worst level first.
class SideModel {
 public:
  explicit SideModel(Side side) : side_{side} {}

  void set(std::int64_t units, std::uint64_t size) {
    if (size == 0) {
      sizes_.erase(key(units));
    } else {
      sizes_[key(units)] = size;
    }
  }
  void cut(std::size_t depth) {
    while (sizes_.size() > depth) sizes_.erase(sizes_.begin());
  }
  void clear() { sizes_.clear(); }
  [[nodiscard]] std::vector<Level> levels() const {
    std::vector<Level> levels;
    for (const auto& [key_of_level, size] : sizes_) {
      levels.push_back({.price = price(key(key_of_level)), .shares = size, .orders = 0});
    }
    return levels;
  }

 private:
  [[nodiscard]] std::int64_t key(std::int64_t units) const {
    return side_ == Side::buy ? units : -units;
  }

  Side side_;
  std::map<std::int64_t, std::uint64_t> sizes_;
};

struct MarketLevelsTest : ::testing::Test, Fixture {
  [[nodiscard]] std::vector<Level> levels(Side side, InstrumentId id = kInstrument) const {
    const auto span = market.book(id).levels(side);
    return {span.begin(), span.end()};
  }
  void snapshot(std::int64_t bid, std::int64_t ask, InstrumentId id = kInstrument) {
    market.begin_book(id);
    market.load_level(id, Side::buy, price(bid), 1);
    market.load_level(id, Side::sell, price(ask), 1);
    market.end_book(id);
  }
};

TEST_F(MarketLevelsTest, BookEqualsAMapAfterAnyChanges) {
  std::mt19937_64 random{20240809};
  SideModel models[] = {SideModel{Side::buy}, SideModel{Side::sell}};
  const auto pick = [&](std::uint64_t below) { return random() % below; };
  for (int step = 0; step < 60'000; ++step) {
    const Side side = pick(2) == 0 ? Side::buy : Side::sell;
    SideModel& model = models[static_cast<std::size_t>(side)];
    const std::uint64_t action = pick(2000);
    if (action == 0) {
      market.begin_book(kInstrument);
      for (SideModel& one : models) one.clear();
      const std::uint64_t count = pick(300);
      for (std::uint64_t i = 0; i < count; ++i) {
        const Side at = pick(2) == 0 ? Side::buy : Side::sell;
        const auto units = static_cast<std::int64_t>(pick(400));
        const std::uint64_t size = pick(10);
        market.load_level(kInstrument, at, price(units), size);
        models[static_cast<std::size_t>(at)].set(units, size);
      }
      market.end_book(kInstrument);
    } else if (action < 40) {
      const auto depth = static_cast<std::uint32_t>(10 + pick(100));
      market.cut_book(kInstrument, depth);
      for (SideModel& one : models) one.cut(depth);
    } else {
      const auto units = static_cast<std::int64_t>(pick(400)) - 50;
      const std::uint64_t size = pick(3) == 0 ? 0 : 1 + pick(1000);
      market.set_level(kInstrument, side, price(units), size);
      model.set(units, size);
    }
    if (step % 16 == 0 || action < 40) {
      ASSERT_EQ(levels(Side::buy), models[0].levels()) << step;
      ASSERT_EQ(levels(Side::sell), models[1].levels()) << step;
    }
  }
  EXPECT_GT(market.counts().absent_levels.get(), 0U);
  EXPECT_GT(market.counts().repeated_levels.get(), 0U);
  EXPECT_EQ(market.counts().refused_levels.get(), 0U);
}

TEST_F(MarketLevelsTest, SnapshotOfFiftyThousandLevelsIsSortedFromAnyOrder) {
  constexpr std::int64_t kLevels = 50'000;
  std::vector<std::int64_t> order(kLevels);
  std::iota(order.begin(), order.end(), 1);
  std::mt19937_64 random{7};
  for (int round = 0; round < 3; ++round) {
    if (round == 1) std::reverse(order.begin(), order.end());
    if (round == 2) std::shuffle(order.begin(), order.end(), random);
    market.begin_book(kInstrument);
    for (const std::int64_t units : order) {
      market.load_level(kInstrument, Side::buy, price(units), static_cast<std::uint64_t>(units));
      market.load_level(kInstrument, Side::sell, price(kLevels + units), 1);
    }
    market.end_book(kInstrument);
    ASSERT_EQ(market.book(kInstrument).depth(Side::buy), 50'000U);
    const auto bids = levels(Side::buy);
    for (std::size_t i = 0; i < bids.size(); ++i) {
      ASSERT_EQ(bids[i], (Level{.price = price(static_cast<std::int64_t>(i) + 1),
                                .shares = static_cast<std::uint64_t>(i) + 1}));
    }
    EXPECT_EQ(market.book(kInstrument).best(Side::sell)->price, price(kLevels + 1));
    EXPECT_FALSE(market.book(kInstrument).is_crossed());
  }
}

TEST_F(MarketLevelsTest, OrdersPerLevelAreKeptWhereTheyAreTold) {
  market.set_level(kInstrument, Side::buy, price(10), 500, 3);
  EXPECT_EQ(market.book(kInstrument).best(Side::buy)->orders, 3U);
  market.set_level(kInstrument, Side::buy, price(10), 400);
  EXPECT_EQ(market.book(kInstrument).best(Side::buy)->orders, 0U);
  EXPECT_EQ(market.book(kInstrument).best(Side::buy)->shares, 400U);
}

TEST_F(MarketLevelsTest, LostUpdateOfOneSymbolLeavesTheOthersGood) {
  snapshot(10, 11);
  snapshot(20, 21, kOther);
  market.mark_stale(kInstrument);
  market.mark_stale(kInstrument);
  EXPECT_FALSE(market.is_book_whole(kInstrument));
  EXPECT_TRUE(market.is_book_whole(kOther));
  EXPECT_EQ(market.counts().stale_books.get(), 1U);
  snapshot(10, 12);
  EXPECT_TRUE(market.is_book_whole(kInstrument));
  EXPECT_EQ(market.counts().stale_books.get(), 0U);
}

TEST_F(MarketLevelsTest, LostConnectionMakesAllToldBooksStale) {
  snapshot(10, 11);
  market.set_quote(kOther, {price(1), 1, true}, {});
  market.list(InstrumentId{9}, {.symbol = "TRADES-ONLY"});
  market.mark_all_stale();
  EXPECT_FALSE(market.is_book_whole(kInstrument));
  EXPECT_FALSE(market.is_book_whole(kOther));
  EXPECT_TRUE(market.is_book_whole(InstrumentId{9}));
  EXPECT_EQ(market.counts().stale_books.get(), 2U);
  market.start_session();
  EXPECT_EQ(market.counts().stale_books.get(), 0U);
}

TEST_F(MarketLevelsTest, BookIsStaleWhileItsSnapshotIsTold) {
  market.begin_book(kInstrument);
  market.load_level(kInstrument, Side::buy, price(1), 1);
  EXPECT_FALSE(market.is_book_whole(kInstrument));
  market.end_book(kInstrument);
  EXPECT_TRUE(market.is_book_whole(kInstrument));
}

TEST_F(MarketLevelsTest, LevelWithoutASideIsRefusedAndDoubted) {
  market.set_level(kInstrument, Side::unknown, price(1), 1);
  EXPECT_FALSE(market.is_book_whole(kInstrument));
  EXPECT_EQ(market.counts().bad_sides.get(), 1U);
  market.begin_book(kInstrument);
  market.load_level(kInstrument, Side::unknown, price(1), 1);
  market.end_book(kInstrument);
  EXPECT_FALSE(market.is_book_whole(kInstrument));
  snapshot(1, 2);
  EXPECT_TRUE(market.is_book_whole(kInstrument));
}

TEST_F(MarketLevelsTest, MoreLevelsThanABookHoldsAreRefusedAndDoubted) {
  for (std::int64_t units = 0; units <= LevelArena::kMaxCapacity; ++units) {
    market.set_level(kInstrument, Side::buy, price(units), 1);
  }
  EXPECT_EQ(market.book(kInstrument).depth(Side::buy), LevelArena::kMaxCapacity);
  EXPECT_EQ(market.counts().refused_levels.get(), 1U);
  EXPECT_FALSE(market.is_book_whole(kInstrument));
}

TEST_F(MarketLevelsTest, QuoteIsABookOfOneLevel) {
  market.set_quote(kInstrument, {price(10), 5, true}, {price(11), 0, true});
  EXPECT_EQ(market.book(kInstrument).best(Side::buy)->shares, 5U);
  EXPECT_EQ(market.book(kInstrument).best(Side::sell)->price, price(11));
  market.set_quote(kInstrument, {price(9), 4, true}, {});
  EXPECT_EQ(market.book(kInstrument).depth(Side::buy), 1U);
  EXPECT_EQ(market.book(kInstrument).best(Side::buy)->price, price(9));
  EXPECT_EQ(market.book(kInstrument).best(Side::sell), nullptr);
}

TEST_F(MarketLevelsTest, LevelsWinOverQuotes) {
  market.set_quote(kInstrument, {price(10), 5, true}, {price(11), 5, true});
  market.set_level(kInstrument, Side::buy, price(8), 1);
  EXPECT_EQ(market.book(kInstrument).depth(Side::sell), 0U);
  market.set_quote(kInstrument, {price(10), 5, true}, {price(11), 5, true});
  EXPECT_EQ(market.book(kInstrument).best(Side::buy)->price, price(8));
  EXPECT_EQ(market.counts().hidden_quotes.get(), 1U);
}

TEST_F(MarketLevelsTest, ReportedTradesOfTwoSymbolsMayShareANumber) {
  market.advance(seconds(1));
  market.list(kInstrument, {.symbol = "BTC-USD", .price_decimals = 8, .size_decimals = 8});
  market.report_trade(kInstrument, 4104, price(8'414'083'000'000), match(1));
  market.report_trade(kOther, 100, price(5), match(1));
  EXPECT_EQ(market.counts().duplicate_matches.get(), 0U);
  EXPECT_EQ(market.totals(kInstrument).volume, 4104U);
  EXPECT_EQ(market.totals(kInstrument).vwap(), 8'414'083'000'000.0);
  EXPECT_EQ(market.instrument(kInstrument).size_decimals, 8);
  EXPECT_EQ(market.instrument(kInstrument).price_decimals, 8);
  EXPECT_EQ(market.instrument(kOther).price_decimals, 4);
}

TEST_F(MarketLevelsTest, LongSymbolsAreKeptAndForgottenWithTheSession) {
  market.list(kInstrument, {.symbol = "1000SHIBUSDT"});
  EXPECT_EQ(market.symbol(kInstrument), "1000SHIBUSDT");
  market.start_session();
  EXPECT_EQ(market.symbol(kInstrument), "");
}

}  // namespace
}  // namespace tapeline::market

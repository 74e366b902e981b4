#include "app/market/order_book.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "tests/app/market/market_fixture.hpp"

namespace tapeline::market {
namespace {

using testing::price;

constexpr std::size_t kMebibyte = std::size_t{1} << 20U;

TEST(OrderBook, StartsEmpty) {
  const OrderBook book;
  EXPECT_EQ(book.best(Side::buy), nullptr);
  EXPECT_EQ(book.best(Side::sell), nullptr);
  EXPECT_EQ(book.depth(Side::buy), 0U);
}

TEST(OrderBook, BestBidIsHighestAndBestAskIsLowest) {
  LevelArena arena{0, kMebibyte};
  OrderBook book;
  for (const int units : {100, 120, 110}) {
    ASSERT_TRUE(book.add(Side::buy, price(units), 10, arena));
    ASSERT_TRUE(book.add(Side::sell, price(units + 100), 10, arena));
  }
  EXPECT_EQ(book.best(Side::buy)->price, price(120));
  EXPECT_EQ(book.best(Side::sell)->price, price(200));
  EXPECT_EQ(book.levels(Side::buy).front().price, price(100));
  EXPECT_EQ(book.levels(Side::sell).front().price, price(220));
}

TEST(OrderBook, OrdersOfOnePriceShareALevel) {
  LevelArena arena{0, kMebibyte};
  OrderBook book;
  ASSERT_TRUE(book.add(Side::buy, price(100), 10, arena));
  ASSERT_TRUE(book.add(Side::buy, price(100), 5, arena));
  EXPECT_EQ(*book.best(Side::buy), (Level{.price = price(100), .shares = 15, .orders = 2}));
  book.reduce(Side::buy, price(100), 3);
  EXPECT_EQ(*book.best(Side::buy), (Level{.price = price(100), .shares = 12, .orders = 2}));
  book.remove(Side::buy, price(100), 7);
  EXPECT_EQ(*book.best(Side::buy), (Level{.price = price(100), .shares = 5, .orders = 1}));
  book.remove(Side::buy, price(100), 5);
  EXPECT_EQ(book.depth(Side::buy), 0U);
}

TEST(OrderBook, SumsMoreSharesThan32Bits) {
  LevelArena arena{0, kMebibyte};
  OrderBook book;
  const std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(book.add(Side::sell, price(1), most, arena));
  EXPECT_EQ(book.best(Side::sell)->shares, std::uint64_t{most} * 3);
}

TEST(OrderBook, TakesPricesOfBothEnds) {
  LevelArena arena{0, kMebibyte};
  OrderBook book;
  const std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  const std::int64_t highest = std::numeric_limits<std::int64_t>::max();
  for (const Side side : {Side::buy, Side::sell}) {
    for (const std::int64_t units : {std::int64_t{0}, highest, lowest, std::int64_t{-5}}) {
      ASSERT_TRUE(book.add(side, price(units), 1, arena));
    }
  }
  EXPECT_EQ(book.best(Side::buy)->price, price(highest));
  EXPECT_EQ(book.best(Side::sell)->price, price(lowest));
}

TEST(OrderBook, RefusesLevelsBeyondItsBoundAndStaysRight) {
  LevelArena arena{0, 8 * kMebibyte};
  OrderBook book;
  for (std::int64_t i = 0; i < LevelArena::kMaxCapacity; ++i) {
    ASSERT_TRUE(book.add(Side::buy, price(i), 1, arena));
  }
  EXPECT_FALSE(book.add(Side::buy, price(1'000'000), 1, arena));
  EXPECT_TRUE(book.add(Side::buy, price(77), 1, arena));
  EXPECT_EQ(book.depth(Side::buy), LevelArena::kMaxCapacity);
}

TEST(OrderBook, RefusesLevelsWhenTheArenaIsUsedUp) {
  LevelArena arena{0, 1};  // one step of memory
  std::vector<OrderBook> books(20'000);
  std::size_t refused = 0;
  for (OrderBook& book : books) {
    if (!book.add(Side::buy, price(1), 1, arena)) ++refused;
  }
  EXPECT_GT(refused, 0U);
  EXPECT_LT(refused, books.size());
  EXPECT_EQ(arena.counts().refusals.get(), refused);
}

TEST(LevelArena, HandsOutBlocksThatCameBack) {
  LevelArena arena{0, kMebibyte};
  Level* first = arena.take(8);
  Level* second = arena.take(8);
  Level* large = arena.take(16);
  arena.give_back(first, 8);
  arena.give_back(second, 8);
  EXPECT_EQ(arena.take(8), second);
  EXPECT_EQ(arena.take(8), first);
  EXPECT_NE(arena.take(16), large);
}

using Bids = std::map<std::int64_t, Level>;

void expect_same(const OrderBook& book, Side side, const Bids& model) {
  const std::span<const Level> levels = book.levels(side);
  ASSERT_EQ(levels.size(), model.size());
  std::vector<Level> expected;
  for (const auto& [units, level] : model) expected.push_back(level);
  if (side == Side::sell) std::reverse(expected.begin(), expected.end());
  ASSERT_TRUE(std::equal(levels.begin(), levels.end(), expected.begin()));
}

TEST(OrderBook, AgreesWithAMapNearAndFarFromTheBest) {
  LevelArena arena{0, 4 * kMebibyte};
  OrderBook book;
  std::map<Side, Bids> model;
  std::mt19937_64 random{5};
  for (int step = 0; step < 100'000; ++step) {
    const Side side = random() % 2 == 0 ? Side::buy : Side::sell;
    Bids& levels = model[side];
    const auto units = static_cast<std::int64_t>(random() % 300);
    const auto found = levels.find(units);
    if (found != levels.end() && random() % 2 == 0) {
      Level& level = found->second;
      const auto shares = static_cast<std::uint32_t>(level.shares / level.orders);
      book.remove(side, price(units),
                  level.orders == 1 ? static_cast<std::uint32_t>(level.shares) : shares);
      level.shares -= shares;
      if (--level.orders == 0) levels.erase(found);
    } else {
      const auto shares = static_cast<std::uint32_t>(random() % 500 + 1);
      ASSERT_TRUE(book.add(side, price(units), shares, arena));
      Level& level = levels[units];
      level.price = price(units);
      level.shares += shares;
      ++level.orders;
    }
    if (step % 97 == 0) {
      ASSERT_NO_FATAL_FAILURE(expect_same(book, side, levels));
    }
  }
}

}  // namespace
}  // namespace tapeline::market

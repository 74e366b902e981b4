#include "app/simulate/order_books.hpp"

#include <gtest/gtest.h>

namespace tapeline::simulate {
namespace {

TEST(OrderBooks, BestLevelIsLastAndHoldsOrdersInTurn) {
  OrderBooks books{2};
  const auto first = books.add(1, Side::buy, 10, 100, 500);
  books.add(1, Side::buy, 11, 200, 400);
  const auto second = books.add(1, Side::buy, 12, 300, 500);
  const auto levels = books.levels(1, Side::buy);
  ASSERT_EQ(levels.size(), 2U);
  EXPECT_EQ(levels.back().price, 500U);
  EXPECT_EQ(levels.back().shares, 400U);
  EXPECT_EQ(levels.back().orders, 2U);
  EXPECT_EQ(books.front(1, Side::buy), first);
  books.remove(first);
  EXPECT_EQ(books.front(1, Side::buy), second);
  books.remove(second);
  EXPECT_EQ(books.best_price(1, Side::buy), 400U);
  EXPECT_EQ(books.open_orders(), 1U);
}

TEST(OrderBooks, SellLevelsAreSortedTheOtherWay) {
  OrderBooks books{1};
  for (const std::uint32_t price : {700U, 500U, 900U, 600U}) {
    books.add(0, Side::sell, price, 1, price);
  }
  std::uint32_t last = 1'000;
  for (const Level& level : books.levels(0, Side::sell)) {
    EXPECT_LT(level.price, last);
    last = level.price;
  }
  EXPECT_EQ(books.best_price(0, Side::sell), 500U);
}

TEST(OrderBooks, OrderIsGoneWhenNothingIsLeft) {
  OrderBooks books{1};
  const auto slot = books.add(0, Side::sell, 1, 300, 500);
  books.reduce(slot, 100);
  EXPECT_EQ(books.order(slot).shares, 200U);
  EXPECT_EQ(books.levels(0, Side::sell).back().shares, 200U);
  books.reduce(slot, 200);
  EXPECT_TRUE(books.orders_of(0).empty());
  EXPECT_EQ(books.front(0, Side::sell), OrderBooks::kNoSlot);
  EXPECT_EQ(books.best_price(0, Side::sell), 0U);
}

TEST(OrderBooks, MiddleOfQueueCanLeave) {
  OrderBooks books{1};
  const auto a = books.add(0, Side::buy, 1, 1, 500);
  const auto b = books.add(0, Side::buy, 2, 1, 500);
  const auto c = books.add(0, Side::buy, 3, 1, 500);
  books.remove(b);
  EXPECT_EQ(books.order(a).behind, c);
  EXPECT_EQ(books.order(c).before, a);
  books.remove(c);
  books.remove(a);
  EXPECT_EQ(books.open_orders(), 0U);
}

TEST(OrderBooks, SlotsAreUsedAgain) {
  OrderBooks books{1};
  const auto slot = books.add(0, Side::buy, 1, 1, 500);
  books.remove(slot);
  EXPECT_EQ(books.add(0, Side::buy, 2, 1, 500), slot);
}

}  // namespace
}  // namespace tapeline::simulate

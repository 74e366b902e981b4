#include "app/market/order_table.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <unordered_map>
#include <vector>

#include "tests/app/market/market_fixture.hpp"

namespace tapeline::market {
namespace {

using Insertion = OrderTable::Insertion;
using testing::ref;

constexpr std::size_t kMebibyte = std::size_t{1} << 20U;

Order order_of(std::uint32_t shares) {
  return {.price = Price{std::int64_t{shares} * 10},
          .shares = shares,
          .instrument = InstrumentId{3},
          .side = Side::sell,
          .epoch = 0};
}

TEST(OrderTable, FindsWhatWasInserted) {
  OrderTable table{0, 4 * kMebibyte};
  EXPECT_EQ(table.find(ref(5)), nullptr);
  EXPECT_EQ(table.insert(ref(5), order_of(100)), Insertion::inserted);
  const Order* order = table.find(ref(5));
  ASSERT_NE(order, nullptr);
  EXPECT_EQ(order->shares, 100U);
  EXPECT_EQ(order->price, Price{1000});
  EXPECT_EQ(order->instrument, InstrumentId{3});
  EXPECT_EQ(order->side, Side::sell);
  EXPECT_EQ(table.find(ref(4)), nullptr);
  EXPECT_EQ(table.find(ref(6)), nullptr);
  EXPECT_EQ(table.find(ref(5 + 256)), nullptr);
}

TEST(OrderTable, KeepsFirstOfTwoOrdersWithOneReference) {
  OrderTable table{0, 4 * kMebibyte};
  EXPECT_EQ(table.insert(ref(5), order_of(100)), Insertion::inserted);
  EXPECT_EQ(table.insert(ref(5), order_of(200)), Insertion::duplicate);
  EXPECT_EQ(table.find(ref(5))->shares, 100U);
  EXPECT_EQ(table.counts().orders.get(), 1U);
}

TEST(OrderTable, ForgetsErasedOrderAndFreesEmptyPage) {
  OrderTable table{0, 4 * kMebibyte};
  ASSERT_EQ(table.insert(ref(1), order_of(1)), Insertion::inserted);
  ASSERT_EQ(table.insert(ref(2), order_of(2)), Insertion::inserted);
  EXPECT_EQ(table.counts().pages.get(), 1U);
  table.erase(ref(1), table.find(ref(1)));
  EXPECT_EQ(table.find(ref(1)), nullptr);
  EXPECT_NE(table.find(ref(2)), nullptr);
  table.erase(ref(2), table.find(ref(2)));
  EXPECT_EQ(table.counts().pages.get(), 0U);
  EXPECT_EQ(table.counts().orders.get(), 0U);
}

TEST(OrderTable, TakesReferencesOfBothEnds) {
  OrderTable table{0, 4 * kMebibyte};
  const std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t number : {std::uint64_t{0}, last, last - 255, last / 2}) {
    EXPECT_EQ(table.find(ref(number)), nullptr);
    EXPECT_EQ(table.insert(ref(number), order_of(9)), Insertion::inserted);
    EXPECT_NE(table.find(ref(number)), nullptr);
    table.prefetch(ref(number));
  }
  table.erase(ref(last), table.find(ref(last)));
  EXPECT_EQ(table.find(ref(last)), nullptr);
  EXPECT_NE(table.find(ref(last - 255)), nullptr);
}

TEST(OrderTable, RisingReferencesReuseThePagesThatBecameEmpty) {
  OrderTable table{2 * kMebibyte, 2 * kMebibyte};
  constexpr std::uint64_t kLive = 10'000;
  for (std::uint64_t number = 1; number < 3'000'000; ++number) {
    ASSERT_EQ(table.insert(ref(number), order_of(1)), Insertion::inserted) << number;
    if (number > kLive) table.erase(ref(number - kLive), table.find(ref(number - kLive)));
  }
  EXPECT_EQ(table.counts().orders.get(), kLive);
  EXPECT_LE(table.counts().pages.get(), kLive / OrderTable::kOrdersPerPage + 2);
  EXPECT_EQ(table.counts().growths.get(), 0U);
}

TEST(OrderTable, SparseReferencesStopAtTheBoundOnMemory) {
  OrderTable table{0, 2 * kMebibyte};
  constexpr std::uint64_t kStride = 1024;  // a page and a set of its own for each
  std::uint64_t refused = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    if (table.insert(ref(i * kStride), order_of(1)) == Insertion::refused) ++refused;
  }
  EXPECT_GT(refused, 99'000U);
  EXPECT_EQ(table.counts().refused_by_memory.get(), refused);
  EXPECT_EQ(table.counts().committed_bytes.get(), 2 * kMebibyte);
  EXPECT_NE(table.find(ref(0)), nullptr);
}

TEST(OrderTable, CollidingReferencesStopAtEightPages) {
  OrderTable table{0, 4 * kMebibyte};
  std::vector<std::uint64_t> colliding;
  for (std::uint64_t i = 0; i < 1000; ++i) colliding.push_back(i << 40U);
  for (std::size_t i = 0; i < colliding.size(); ++i) {
    EXPECT_EQ(table.insert(ref(colliding[i]), order_of(1)),
              i < OrderTable::kWays ? Insertion::inserted : Insertion::refused);
  }
  EXPECT_EQ(table.counts().refused_by_set.get(), colliding.size() - OrderTable::kWays);
  for (std::size_t i = 0; i < colliding.size(); ++i) {
    EXPECT_EQ(table.find(ref(colliding[i])) != nullptr, i < OrderTable::kWays);
  }
  table.erase(ref(colliding[3]), table.find(ref(colliding[3])));
  EXPECT_EQ(table.insert(ref(colliding[500]), order_of(1)), Insertion::inserted);
  EXPECT_NE(table.find(ref(colliding[500])), nullptr);
  EXPECT_EQ(table.find(ref(colliding[3])), nullptr);
}

TEST(OrderTable, GrowsInCountedStepsUpToItsBound) {
  OrderTable table{0, 4 * kMebibyte};
  for (std::uint64_t number = 0; number < 200'000; ++number) {
    ASSERT_EQ(table.insert(ref(number), order_of(1)), Insertion::inserted);
  }
  EXPECT_EQ(table.counts().growths.get(), 2U);
  EXPECT_EQ(table.counts().committed_bytes.get(), 4 * kMebibyte);
}

TEST(OrderTable, AgreesWithAMapOnRandomReferences) {
  OrderTable table{0, 64 * kMebibyte};
  std::unordered_map<std::uint64_t, std::uint32_t> model;
  std::mt19937_64 random{11};
  const int steps = testing::kSanitized ? 200'000 : 1'000'000;
  for (int step = 0; step < steps; ++step) {
    // Few pages, spread over the whole range, and some far ones.
    const std::uint64_t number = (random() % 64 << 50U) + (random() % 16 << 18U) + random() % 512;
    Order* order = table.find(ref(number));
    const auto known = model.find(number);
    ASSERT_EQ(order != nullptr, known != model.end());
    if (order != nullptr) {
      ASSERT_EQ(order->shares, known->second);
      table.erase(ref(number), order);
      model.erase(known);
    } else {
      const auto shares = static_cast<std::uint32_t>(random() % 1000 + 1);
      if (table.insert(ref(number), order_of(shares)) == Insertion::inserted) {
        model.emplace(number, shares);
      }
    }
  }
  EXPECT_EQ(table.counts().orders.get(), model.size());
}

}  // namespace
}  // namespace tapeline::market

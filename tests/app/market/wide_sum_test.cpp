#include "app/market/wide_sum.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>

namespace tapeline::market {
namespace {

TEST(WideSum, StartsAtZero) {
  EXPECT_EQ(WideSum{}.value(), 0.0);
  EXPECT_TRUE(WideSum{}.exact() == 0);
}

TEST(WideSum, KeepsWhatADoubleRoundsAway) {
  WideSum sum;
  sum.add(0x1p100);
  sum.add(1.0);
  EXPECT_TRUE(sum.exact() == (Int128{1} << 100U) + 1);
  sum.add(-0x1p100);
  EXPECT_EQ(sum.value(), 1.0);
}

TEST(WideSum, SumsProductsOfAnySizeExactly) {
  std::mt19937_64 random{3};
  WideSum sum;
  Int128 exact = 0;
  for (int i = 0; i < 100'000; ++i) {
    const auto price = static_cast<std::int64_t>(random() >> (33U + random() % 30U));
    const std::uint64_t shares = random() >> (20U + random() % 44U);
    sum.add_product(Price{price}, shares);
    exact += Int128{price} * shares;
  }
  EXPECT_TRUE(sum.exact() == exact);
}

TEST(WideSum, TakesBackWhatWasAddedExactly) {
  WideSum sum;
  sum.add_product(Price{3}, 7);
  sum.add_product(Price{2'000'000'000}, std::numeric_limits<std::uint64_t>::max());
  sum.subtract_product(Price{2'000'000'000}, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(sum.value(), 21.0);
}

}  // namespace
}  // namespace tapeline::market

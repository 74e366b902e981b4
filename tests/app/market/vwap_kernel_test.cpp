#include "app/market/vwap_kernel.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "app/market/wide_sum.hpp"

namespace tapeline::market {
namespace {

constexpr std::size_t kRows = 256;

struct Column {
  alignas(64) std::array<double, kRows> prices{};
  alignas(64) std::array<double, kRows> shares{};
};

bool has_avx2() { return choose_fold_kernel(false) != fold_scalar; }

void fill(Column& column, std::mt19937_64& random, std::size_t rows) {
  for (std::size_t row = 0; row < rows; ++row) {
    column.prices[row] = static_cast<double>(random() % 2'000'000'000 + 1);
    column.shares[row] = static_cast<double>(random() >> (32U + random() % 32U));
  }
  // What lies behind the rows must not matter.
  for (std::size_t row = rows; row < kRows; ++row) {
    column.prices[row] = std::numeric_limits<double>::quiet_NaN();
    column.shares[row] = std::numeric_limits<double>::infinity();
  }
}

// Holds one fold against integers: exact sums, lowest and highest price.
void expect_exact(const Column& column, std::size_t rows, FoldKernel kernel) {
  FoldLanes lanes;
  kernel(column.prices.data(), column.shares.data(), rows, lanes);
  const Fold fold = join_lanes(lanes);
  Int128 notional = 0;
  std::uint64_t shares = 0;
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (std::size_t row = 0; row < rows; ++row) {
    notional += Int128{static_cast<std::int64_t>(column.prices[row])} *
                static_cast<std::int64_t>(column.shares[row]);
    shares += static_cast<std::uint64_t>(column.shares[row]);
    low = std::fmin(low, column.prices[row]);
    high = std::fmax(high, column.prices[row]);
  }
  WideSum sum;
  sum.add(fold.notional, fold.notional_errors);
  EXPECT_TRUE(sum.exact() == notional) << rows;
  EXPECT_EQ(static_cast<std::uint64_t>(fold.shares), shares) << rows;
  EXPECT_EQ(fold.low, low);
  EXPECT_EQ(fold.high, high);
}

TEST(VwapKernel, ScalarIsExactForEveryNumberOfRows) {
  std::mt19937_64 random{1};
  Column column;
  for (std::size_t rows = 0; rows <= kRows; ++rows) {
    fill(column, random, rows);
    expect_exact(column, rows, fold_scalar);
  }
}

TEST(VwapKernel, Avx2IsExactForEveryNumberOfRows) {
  if (!has_avx2()) GTEST_SKIP() << "no AVX2";
  std::mt19937_64 random{1};
  Column column;
  for (std::size_t rows = 0; rows <= kRows; ++rows) {
    fill(column, random, rows);
    expect_exact(column, rows, fold_avx2);
  }
}

TEST(VwapKernel, BothKernelsGiveTheSameBits) {
  if (!has_avx2()) GTEST_SKIP() << "no AVX2";
  std::mt19937_64 random{2};
  Column column;
  for (int round = 0; round < 2000; ++round) {
    const std::size_t rows = random() % (kRows + 1);
    for (std::size_t row = 0; row < kRows; ++row) {
      // Also numbers that no product or sum holds exactly.
      column.prices[row] =
          std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 90) - 45);
      column.shares[row] =
          std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 90) - 45);
    }
    FoldLanes scalar;
    FoldLanes avx2;
    fold_scalar(column.prices.data(), column.shares.data(), rows, scalar);
    fold_avx2(column.prices.data(), column.shares.data(), rows, avx2);
    using Bits = std::array<std::uint64_t, sizeof(FoldLanes) / sizeof(std::uint64_t)>;
    ASSERT_EQ(std::bit_cast<Bits>(scalar), std::bit_cast<Bits>(avx2)) << rows;
  }
}

TEST(VwapKernel, EmptyColumnFoldsToNothing) {
  const Column column;
  for (const FoldKernel kernel : {FoldKernel{fold_scalar}, choose_fold_kernel(false)}) {
    FoldLanes lanes;
    kernel(column.prices.data(), column.shares.data(), 0, lanes);
    const Fold fold = join_lanes(lanes);
    EXPECT_EQ(fold.notional, 0.0);
    EXPECT_EQ(fold.notional_errors, 0.0);
    EXPECT_EQ(fold.shares, 0.0);
    EXPECT_GT(fold.low, fold.high);
  }
}

TEST(VwapKernel, LargestPricesAndSharesStayExact) {
  Column column;
  column.prices.fill(2'000'000'000.0);
  column.shares.fill(4'294'967'295.0);
  expect_exact(column, kRows, fold_scalar);
  if (has_avx2()) expect_exact(column, kRows, fold_avx2);
}

TEST(VwapKernel, ForcedScalarIsChosen) {
  EXPECT_EQ(choose_fold_kernel(true), FoldKernel{fold_scalar});
}

}  // namespace
}  // namespace tapeline::market

#pragma once

// Folds a column of trades: the sum of price * shares, the sum of shares, lowest and highest price.
//
// Two kernels do the same arithmetic in the same order and give the same bits: one with AVX2 and
// FMA, one for any processor. Row i goes to lane i % 4. Each product is split into its rounded
// value and its rounding error, and the errors are collected beside the sums (see wide_sum.hpp).
//
// This header is compiled with AVX2 too, so it holds declarations and plain structs only: an
// inline function here could reach processors that do not have it.
//
// Thread safety: pure functions.
// Units:         price units, shares.

#include <cstddef>

namespace tapeline::market {

// Lane by lane.
struct alignas(32) FoldLanes {
  double notional[4];
  double notional_errors[4];
  double shares[4];
  double low[4];
  double high[4];
};

struct Fold {
  double notional;
  double notional_errors;
  double shares;
  double low;   // +infinity when there are no rows
  double high;  // -infinity when there are no rows
};

// Requires: both columns are aligned to 32 bytes and hold `rows` values; the shares of all rows
// add up to at most 2^53.
using FoldKernel = void (*)(const double* prices, const double* shares, std::size_t rows,
                            FoldLanes& lanes) noexcept;

void fold_scalar(const double* prices, const double* shares, std::size_t rows,
                 FoldLanes& lanes) noexcept;
// Requires: the processor has AVX2 and FMA.
void fold_avx2(const double* prices, const double* shares, std::size_t rows,
               FoldLanes& lanes) noexcept;

// The fastest kernel that this processor runs; the scalar one when it is forced.
[[nodiscard]] FoldKernel choose_fold_kernel(bool force_scalar) noexcept;

// Adds up the lanes, always in the same order.
[[nodiscard]] Fold join_lanes(const FoldLanes& lanes) noexcept;

}  // namespace tapeline::market

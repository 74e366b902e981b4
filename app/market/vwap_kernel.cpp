#include "app/market/vwap_kernel.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tapeline::market {

namespace {

constexpr std::size_t kLanes = 4;

// Adds `term` to `sum` and what the addition rounded away to `errors`.
void add_with_error(double& sum, double& errors, double term) noexcept {
  const double total = sum + term;
  const double other = total - sum;
  errors += (sum - (total - other)) + (term - other);
  sum = total;
}

}  // namespace

void fold_scalar(const double* prices, const double* shares, std::size_t rows,
                 FoldLanes& lanes) noexcept {
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    lanes.notional[lane] = 0.0;
    lanes.notional_errors[lane] = 0.0;
    lanes.shares[lane] = 0.0;
    lanes.low[lane] = std::numeric_limits<double>::infinity();
    lanes.high[lane] = -std::numeric_limits<double>::infinity();
  }
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t lane = row % kLanes;
    const double price = prices[row];
    const double product = price * shares[row];
    const double product_error = std::fma(price, shares[row], -product);
    add_with_error(lanes.notional[lane], lanes.notional_errors[lane], product);
    lanes.notional_errors[lane] += product_error;
    lanes.shares[lane] += shares[row];
    lanes.low[lane] = std::min(lanes.low[lane], price);
    lanes.high[lane] = std::max(lanes.high[lane], price);
  }
}

FoldKernel choose_fold_kernel(bool force_scalar) noexcept {
  const bool has_avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  return has_avx2 && !force_scalar ? fold_avx2 : fold_scalar;
}

Fold join_lanes(const FoldLanes& lanes) noexcept {
  Fold fold{.notional = lanes.notional[0],
            .notional_errors = lanes.notional_errors[0],
            .shares = lanes.shares[0],
            .low = lanes.low[0],
            .high = lanes.high[0]};
  for (std::size_t lane = 1; lane < kLanes; ++lane) {
    add_with_error(fold.notional, fold.notional_errors, lanes.notional[lane]);
    fold.notional_errors += lanes.notional_errors[lane];
    fold.shares += lanes.shares[lane];
    fold.low = std::min(fold.low, lanes.low[lane]);
    fold.high = std::max(fold.high, lanes.high[lane]);
  }
  return fold;
}

}  // namespace tapeline::market

#pragma once

// A sum of products price * shares that keeps what a plain double would round away.
//
// Two doubles: the rounded sum and the sum of all rounding errors (Knuth's two-sum, Neumaier's
// way of collecting). All terms are whole numbers, so while the collected errors stay below 2^53,
// which takes totals beyond 2^100, nothing is lost and value() is the exact total rounded once.
// That makes the result independent of the order of the terms.
//
// All bits zero is the empty sum.
//
// Thread safety: none; a value.
// Units:         price units times shares.

#include <cstdint>

#include "app/market/price.hpp"

namespace tapeline::market {

__extension__ typedef __int128 Int128;  // NOLINT(modernize-use-using): needs __extension__

class WideSum {
 public:
  void add(double term) noexcept {
    const double sum = sum_ + term;
    const double other = sum - sum_;
    errors_ += (sum_ - (sum - other)) + (term - other);
    sum_ = sum;
  }
  void add(double sum, double errors) noexcept {
    add(sum);
    errors_ += errors;
  }
  void add(const WideSum& other) noexcept { add(other.sum_, other.errors_); }

  // The product is formed in integers.
  void add_product(Price price, std::uint64_t shares) noexcept {
    add_exact(Int128{raw(price)} * shares);
  }
  void subtract_product(Price price, std::uint64_t shares) noexcept {
    add_exact(-(Int128{raw(price)} * shares));
  }

  [[nodiscard]] double value() const noexcept { return sum_ + errors_; }

  // Exact while the collected errors are (see above). Requires: the total fits.
  [[nodiscard]] Int128 exact() const noexcept {
    return static_cast<Int128>(sum_) + static_cast<Int128>(errors_);
  }

 private:
  void add_exact(Int128 term) noexcept {
    const auto rounded = static_cast<double>(term);
    add(rounded, static_cast<double>(term - static_cast<Int128>(rounded)));
  }

  double sum_ = 0.0;
  double errors_ = 0.0;
};

}  // namespace tapeline::market

#pragma once

// A price as a whole number of the instrument's smallest decimal unit: 0.0001 for four decimals.
// How many decimals an instrument has is the instrument's business (Instrument::price_decimals).
//
// Thread safety: values.

#include <cstdint>

namespace tapeline::market {

enum class Price : std::int64_t {};

inline constexpr std::uint8_t kMaxPriceDecimals = 18;
inline constexpr std::uint8_t kMaxSizeDecimals = 18;

[[nodiscard]] constexpr std::int64_t raw(Price price) noexcept {
  return static_cast<std::int64_t>(price);
}

// How many units make one. Requires: decimals <= kMaxPriceDecimals.
[[nodiscard]] constexpr double units_per_one(std::uint8_t decimals) noexcept {
  double units = 1.0;
  for (std::uint8_t i = 0; i < decimals; ++i) units *= 10.0;
  return units;
}

// For output only.
[[nodiscard]] constexpr double to_double(Price price, std::uint8_t decimals) noexcept {
  return static_cast<double>(raw(price)) / units_per_one(decimals);
}

}  // namespace tapeline::market

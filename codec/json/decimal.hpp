#pragma once

// A decimal number exactly as its token spells it: value = mantissa / 10^decimals.
//
// Trailing zeros are kept ("0.10" is {10, 2}), because what Kraken puts under a checksum is the
// spelling. Nothing passes through floating point and nothing is rounded.
//
// Thread safety: pure functions.

#include <cstdint>
#include <optional>
#include <string_view>

namespace tapeline::codec::json {

struct Decimal {
  std::int64_t mantissa = 0;
  std::uint8_t decimals = 0;  // 0 to kMaxDecimals

  friend bool operator==(const Decimal&, const Decimal&) = default;
};

// Digits of a mantissa, leading zeros not counted; all of them fit into 64 bits.
inline constexpr int kMaxSignificantDigits = 18;
inline constexpr int kMaxDecimals = 18;

enum class DecimalStatus : std::uint8_t {
  ok,
  bad_number,    // not a number as JSON spells it (RFC 8259, section 6)
  out_of_range,  // more significant digits or decimals than fit
};

// Reads a number in the grammar of JSON, with sign and exponent; "-0" is 0, "1.50e1" is {150, 1}.
// Sets `out` only when it returns ok.
[[nodiscard]] DecimalStatus parse_decimal(std::string_view text, Decimal& out) noexcept;

// The value in units of 10^-decimals, or nothing if that is not a whole number of them or does not
// fit. Requires: decimals <= kMaxDecimals.
[[nodiscard]] std::optional<std::int64_t> rescale(Decimal value, std::uint8_t decimals) noexcept;

}  // namespace tapeline::codec::json

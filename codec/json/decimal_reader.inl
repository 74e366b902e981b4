// Digits -> Decimal, for decimal.cpp and kernel.inl: each compiles its own copy with its own flags,
// hence the unnamed namespace.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "codec/json/decimal.hpp"

namespace tapeline::codec::json::detail {

namespace {

inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Adds the digits at `at` to `value`, wrapping, and returns the first that is none.
inline const char* read_digits(const char* at, const char* end, std::uint64_t& value) noexcept {
  for (; at != end && is_digit(*at); ++at) {
    value = value * 10 + static_cast<std::uint64_t>(*at - '0');
  }
  return at;
}

// Reads "e-7" from behind the e; `exponent` is cut off far outside of what fits anything.
inline bool read_exponent(const char* at, const char* end, int& exponent) noexcept {
  constexpr int kFar = 1'000'000;
  bool is_negative = false;
  if (at != end && (*at == '+' || *at == '-')) is_negative = *at++ == '-';
  if (at == end) return false;
  int value = 0;
  for (; at != end; ++at) {
    if (!is_digit(*at)) return false;
    if (value < kFar) value = value * 10 + (*at - '0');
  }
  exponent = is_negative ? -value : value;
  return true;
}

// mantissa * 10^power, or nothing if that does not fit.
inline std::optional<std::int64_t> scale_up(std::int64_t mantissa, int power) noexcept {
  if (mantissa == 0) return 0;
  if (power > kMaxSignificantDigits) return {};
  for (; power > 0; --power) {
    if (__builtin_mul_overflow(mantissa, 10, &mantissa)) return {};
  }
  return mantissa;
}

inline DecimalStatus apply_exponent(std::int64_t mantissa, int decimals, int exponent,
                                    Decimal& out) noexcept {
  const int left = decimals - exponent;
  if (left > kMaxDecimals) return DecimalStatus::out_of_range;
  if (left >= 0) {
    out = {mantissa, static_cast<std::uint8_t>(left)};
    return DecimalStatus::ok;
  }
  constexpr std::int64_t kTooLarge = 1'000'000'000'000'000'000;  // 19 digits
  const std::optional<std::int64_t> scaled = scale_up(mantissa, -left);
  if (!scaled || *scaled >= kTooLarge || *scaled <= -kTooLarge) return DecimalStatus::out_of_range;
  out = {*scaled, 0};
  return DecimalStatus::ok;
}

inline bool has_too_many_digits(const char* first, const char* last) noexcept {
  while (first != last && (*first == '0' || *first == '.')) ++first;
  std::ptrdiff_t digits = 0;
  for (; first != last; ++first) digits += *first != '.' ? 1 : 0;
  return digits > kMaxSignificantDigits;
}

inline DecimalStatus read_decimal(const char* at, const char* end, Decimal& out) noexcept {
  const bool is_negative = at != end && *at == '-';
  if (is_negative) ++at;
  const char* const first = at;
  std::uint64_t digits = 0;
  at = read_digits(at, end, digits);
  if (at == first || (*first == '0' && at - first > 1)) return DecimalStatus::bad_number;
  std::ptrdiff_t decimals = 0;
  if (at != end && *at == '.') {
    const char* const point = at;
    at = read_digits(at + 1, end, digits);
    decimals = at - point - 1;
    if (decimals == 0) return DecimalStatus::bad_number;
  }
  const char* const last = at;
  int exponent = 0;
  if (at != end && ((*at != 'e' && *at != 'E') || !read_exponent(at + 1, end, exponent))) {
    return DecimalStatus::bad_number;
  }
  // At most one point among kMaxSignificantDigits: the usual number needs no count.
  if (last - first > kMaxSignificantDigits && has_too_many_digits(first, last)) {
    return DecimalStatus::out_of_range;
  }
  const auto magnitude = static_cast<std::int64_t>(digits);
  const std::int64_t mantissa = is_negative ? -magnitude : magnitude;
  if (exponent == 0 && decimals <= kMaxDecimals) {
    out = {mantissa, static_cast<std::uint8_t>(decimals)};
    return DecimalStatus::ok;
  }
  if (decimals > kMaxDecimals) return DecimalStatus::out_of_range;
  return apply_exponent(mantissa, static_cast<int>(decimals), exponent, out);
}

inline std::optional<std::int64_t> rescale_decimal(Decimal value, int decimals) noexcept {
  if (value.decimals <= decimals) return scale_up(value.mantissa, decimals - value.decimals);
  std::int64_t mantissa = value.mantissa;
  for (int left = value.decimals - decimals; left > 0; --left) {
    if (mantissa % 10 != 0) return {};
    mantissa /= 10;
  }
  return mantissa;
}

}  // namespace

}  // namespace tapeline::codec::json::detail

#pragma once

// Walks over the bytes of a document of known spelling, for direct_reader.cpp.
//
// Every step says whether it found what it wants; after one that did not, where the cursor stands
// is of no meaning.

#include <smmintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "codec/json/decoder_state.hpp"

namespace tapeline::codec::json::detail {

inline constexpr std::array<std::uint64_t, kMaxSignificantDigits + 1> kPowersOfTen = [] {
  std::array<std::uint64_t, kMaxSignificantDigits + 1> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

struct Digits {
  std::uint64_t value;
  unsigned count;  // 16: there may be more
};

// The digits at `text`, at most sixteen. Requires: 16 readable bytes.
[[nodiscard]] inline Digits read_16_digits(const char* text) noexcept {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  // '0' to '9' become their values; all others, as unsigned bytes, are above nine.
  const __m128i values = _mm_xor_si128(bytes, _mm_set1_epi8('0'));
  const __m128i is_digit =
      _mm_cmpeq_epi8(_mm_subs_epu8(values, _mm_set1_epi8(9)), _mm_setzero_si128());
  const auto mask = static_cast<unsigned>(_mm_movemask_epi8(is_digit));
  const auto count = static_cast<unsigned>(__builtin_ctz(~mask));
  // Moves the digits to the right end; bytes taken from a negative place are zero.
  const __m128i places = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const auto shift = static_cast<char>(16 - count);
  const __m128i aligned = _mm_shuffle_epi8(values, _mm_subs_epi8(places, _mm_set1_epi8(shift)));
  // Pairs, fours and eights of digits, as polynomials in ten.
  const __m128i pairs = _mm_maddubs_epi16(
      aligned, _mm_setr_epi8(10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1));
  const __m128i fours = _mm_madd_epi16(pairs, _mm_setr_epi16(100, 1, 100, 1, 100, 1, 100, 1));
  const __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours),
                                        _mm_setr_epi16(10000, 1, 10000, 1, 10000, 1, 10000, 1));
  const auto both = static_cast<std::uint64_t>(_mm_cvtsi128_si64(eights));
  return {(both & 0xFFFF'FFFFU) * 100'000'000 + (both >> 32U), count};
}

class Cursor {
 public:
  // Requires: kPaddingBytes readable bytes behind `text`.
  explicit Cursor(std::string_view text) noexcept
      : at_{text.data()}, end_{text.data() + text.size()} {}

  [[nodiscard]] bool is_at_end() const noexcept { return at_ == end_; }

  // Takes `wanted` if it is next.
  template <std::size_t Size>
  [[nodiscard]] bool skip(const char (&wanted)[Size]) noexcept {  // NOLINT: of a literal
    constexpr std::size_t kLength = Size - 1;
    if (static_cast<std::size_t>(end_ - at_) < kLength) return false;
    if (std::memcmp(at_, wanted, kLength) != 0) return false;
    at_ += kLength;
    return true;
  }

  // Characters of plain ASCII up to a quote, which is not taken. A name can be empty.
  [[nodiscard]] bool name(std::string_view& out) noexcept {
    const char* const first = at_;
    for (; at_ < end_; at_ += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at_));
      // Below the space, as signed bytes, are control characters and all beyond ASCII.
      const __m128i strange = _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(' ')),
                                           _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
      const __m128i stops = _mm_or_si128(strange, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
      const int found = _mm_movemask_epi8(stops);
      if (found == 0) continue;
      at_ += __builtin_ctz(static_cast<unsigned>(found));
      out = {first, static_cast<std::size_t>(at_ - first)};
      return at_ < end_ && *at_ == '"';
    }
    return false;
  }

  // At least one digit, at most fifteen, no zero in front.
  [[nodiscard]] bool number(std::uint64_t& out) noexcept {
    const Digits digits = read_16_digits(at_);
    if (digits.count == 0 || digits.count == 16 || (digits.count > 1 && *at_ == '0')) return false;
    out = digits.value;
    at_ += digits.count;
    return at_ <= end_;
  }

  // As number(), in front of a quote and with an optional fraction of at most fifteen digits.
  [[nodiscard]] bool decimal(Decimal& out) noexcept {
    std::uint64_t whole = 0;
    if (!number(whole)) return false;
    if (*at_ == '"') {
      out = {static_cast<std::int64_t>(whole), 0};
      return at_ < end_;
    }
    if (*at_ != '.') return false;
    const Digits fraction = read_16_digits(at_ + 1);
    if (fraction.count == 0 || fraction.count == 16) return false;
    at_ += 1 + fraction.count;
    if (at_ >= end_ || *at_ != '"') return false;
    const std::uint64_t unit = kPowersOfTen[fraction.count];
    if (whole >= kPowersOfTen[kMaxSignificantDigits] / unit) return false;
    out = {static_cast<std::int64_t>(whole * unit + fraction.value),
           static_cast<std::uint8_t>(fraction.count)};
    return true;
  }

  // Milliseconds since 1970, in thirteen digits.
  [[nodiscard]] bool milliseconds(std::int64_t& out) noexcept {
    const char* const first = at_;
    constexpr std::uint64_t kNsPerMs = 1'000'000;
    constexpr auto kLast =
        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / kNsPerMs;
    std::uint64_t value = 0;
    if (!number(value) || at_ - first != 13 || value > kLast) return false;
    out = static_cast<std::int64_t>(value * kNsPerMs);
    return true;
  }

  [[nodiscard]] bool boolean(bool& out) noexcept {
    out = *at_ == 't';
    return out ? skip("true") : skip("false");
  }

 private:
  const char* at_;
  const char* end_;
};

}  // namespace tapeline::codec::json::detail

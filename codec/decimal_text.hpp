#pragma once

// Scaled integers written out as decimals, digit by digit: nothing is rounded.
//
// Thread safety: values.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tapeline::codec {

class DecimalText {
 public:
  // value / 10^decimals with all its decimals: 12345 with 2 is "123.45", 5 with 3 is "0.005".
  // Requires: decimals <= 19.
  constexpr DecimalText(std::uint64_t value, std::uint8_t decimals) noexcept {
    std::size_t at = kMaxBytes;
    std::size_t left = decimals;
    for (; left > 0; --left, value /= 10) put(at, digit_of(value));
    if (decimals > 0) put(at, '.');
    do {
      put(at, digit_of(value));
      value /= 10;
    } while (value > 0);
    begin_ = at;
  }

  [[nodiscard]] constexpr std::string_view view() const noexcept {
    return {chars_.data() + begin_, kMaxBytes - begin_};
  }

 private:
  static constexpr std::size_t kMaxBytes = 22;  // 20 digits and a point, or "0." and 19

  static constexpr char digit_of(std::uint64_t value) noexcept {
    return static_cast<char>('0' + value % 10);
  }
  constexpr void put(std::size_t& at, char c) noexcept {
    if (at == 0) return;  // never so; the compiler can not know it and warns
    chars_[--at] = c;
  }

  std::array<char, kMaxBytes> chars_{};
  std::size_t begin_ = 0;
};

}  // namespace tapeline::codec

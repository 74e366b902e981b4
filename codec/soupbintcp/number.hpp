#pragma once

// Numbers as SoupBinTCP writes them: ASCII decimal in a field of 20 characters, right-justified,
// padded with spaces on the left ("SoupBinTCP 3.00", Data Types).
//
// Thread safety: pure functions.

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>

#include "codec/soupbintcp/packet.hpp"

namespace tapeline::codec::soupbintcp {

// Nothing unless the field is spaces followed by digits alone, at least one, and the number is
// below 2^64. Leading zeros are digits.
[[nodiscard]] inline std::optional<std::uint64_t> parse_number(
    std::span<const std::byte, kSequenceBytes> field) noexcept {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  std::size_t at = 0;
  while (at < kSequenceBytes && field[at] == std::byte{' '}) ++at;
  if (at == kSequenceBytes) return std::nullopt;
  std::uint64_t number = 0;
  for (; at < kSequenceBytes; ++at) {
    const auto digit = static_cast<std::uint64_t>(field[at]) - std::uint64_t{'0'};
    if (digit > 9 || number > (kMax - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

inline void write_number(std::span<std::byte, kSequenceBytes> field,
                         std::uint64_t number) noexcept {
  std::array<char, kSequenceBytes> digits;  // 2^64 - 1 has twenty
  const char* const end = std::to_chars(digits.begin(), digits.end(), number).ptr;
  const auto count = static_cast<std::size_t>(end - digits.data());
  std::memset(field.data(), ' ', kSequenceBytes - count);
  std::memcpy(field.data() + (kSequenceBytes - count), digits.data(), count);
}

}  // namespace tapeline::codec::soupbintcp

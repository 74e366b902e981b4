#pragma once

// Bytes for the tests of the tables of an archive.

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace tapeline::codec::archive::test {

using Bytes = std::vector<std::byte>;

// The pieces that a builder gives out, one behind the other.
inline Bytes joined(std::span<const std::span<const std::byte>> pieces) {
  Bytes bytes;
  for (const auto piece : pieces) bytes.insert(bytes.end(), piece.begin(), piece.end());
  return bytes;
}

// Hexadecimal digits, spaces between them ignored.
inline Bytes from_hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  Bytes bytes;
  std::size_t digits = 0;
  for (const char c : text) {
    const std::size_t value = kDigits.find(c);
    if (value == std::string_view::npos) continue;
    if (digits++ % 2 == 0) {
      bytes.push_back(static_cast<std::byte>(value << 4U));
    } else {
      bytes.back() |= static_cast<std::byte>(value);
    }
  }
  return bytes;
}

}  // namespace tapeline::codec::archive::test

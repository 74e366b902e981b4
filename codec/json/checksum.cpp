#include "codec/json/checksum.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tapeline::codec::json {

namespace {

constexpr std::size_t kMaxMantissaDigits = 19;
constexpr std::size_t kTextBytes = 2 * kChecksumLevels * 2 * kMaxMantissaDigits;

char* write_digits(char* at, char* end, std::int64_t mantissa) noexcept {
  return mantissa > 0 ? std::to_chars(at, end, mantissa).ptr : at;
}

char* write_side(char* at, char* end, std::span<const Level> levels) noexcept {
  for (const Level& level : levels.first(std::min(levels.size(), kChecksumLevels))) {
    at = write_digits(at, end, level.price.mantissa);
    at = write_digits(at, end, level.size.mantissa);
  }
  return at;
}

}  // namespace

std::uint32_t kraken_checksum(std::span<const Level> asks, std::span<const Level> bids) noexcept {
  std::array<char, kTextBytes> text;
  char* const end = text.data() + text.size();
  const char* const last = write_side(write_side(text.data(), end, asks), end, bids);
  const auto length = static_cast<uInt>(last - text.data());
  return static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(text.data()), length));
}

}  // namespace tapeline::codec::json

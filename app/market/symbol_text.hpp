#pragma once

// The name of an instrument, as its venue writes it, in a place of fixed size.
//
// All bits zero is the empty name. What lies behind the name is zero, so equal names are equal in
// all bytes. May hold any byte: escape it before printing.
//
// Thread safety: value.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tapeline::market {

struct SymbolText {
  static constexpr std::size_t kMaxBytes = 31;

  std::uint8_t size = 0;
  std::array<char, kMaxBytes> chars{};

  // Without the spaces and zeros that pad it; cuts what is longer than kMaxBytes.
  [[nodiscard]] static constexpr SymbolText from(std::string_view text) noexcept {
    const std::size_t last = text.find_last_not_of(std::string_view{" \0", 2});
    text = text.substr(0, std::min(last + 1, kMaxBytes));  // npos + 1 is 0
    SymbolText symbol;
    symbol.size = static_cast<std::uint8_t>(text.size());
    std::copy_n(text.begin(), text.size(), symbol.chars.begin());
    return symbol;
  }

  [[nodiscard]] constexpr std::string_view view() const noexcept { return {chars.data(), size}; }

  friend constexpr bool operator==(const SymbolText&, const SymbolText&) noexcept = default;
};
static_assert(sizeof(SymbolText) == 32);

}  // namespace tapeline::market

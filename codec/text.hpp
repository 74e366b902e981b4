#pragma once

// Characters of a fixed width, left-justified, padded with spaces: symbols, reasons, participants.
//
// Thread safety: values.

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <string_view>

namespace tapeline::codec {

template <std::size_t Width>
struct Text {
  std::array<char, Width> chars{};

  // The first Width characters of `text`, padded.
  [[nodiscard]] static constexpr Text from(std::string_view text) noexcept {
    Text result;
    result.chars.fill(' ');
    std::copy_n(text.begin(), std::min(text.size(), Width), result.chars.begin());
    return result;
  }

  // Without the padding. A view of this object; may hold any byte: escape it before printing.
  [[nodiscard]] constexpr std::string_view trimmed() const noexcept {
    std::size_t length = Width;
    while (length > 0 && chars[length - 1] == ' ') --length;
    return {chars.data(), length};
  }

  friend constexpr bool operator==(const Text&, const Text&) noexcept = default;
  // NOLINTNEXTLINE(modernize-use-nullptr): the check takes the generated comparison for a 0
  friend constexpr auto operator<=>(const Text&, const Text&) noexcept = default;
};

}  // namespace tapeline::codec

// So that symbols can be keys. Not for the path of a packet: use the venue's number there, or a
// table of its own where the venue has none.
template <std::size_t Width>
struct std::hash<tapeline::codec::Text<Width>> {
  [[nodiscard]] std::size_t operator()(const tapeline::codec::Text<Width>& text) const noexcept {
    return std::hash<std::string_view>{}(std::string_view{text.chars.data(), Width});
  }
};

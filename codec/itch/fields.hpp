#pragma once

// Types of the fields of Nasdaq TotalView-ITCH 5.0 (section 3, Data Types).
//
// Units:         prices are integers: Price4 in 1/10,000, Price8 in 1/100,000,000 of a dollar.
//                Time stamps are nanoseconds since midnight US Eastern of the session day.
// Thread safety: values.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace tapeline::codec::itch {

enum class OrderRef : std::uint64_t {};     // unique in a day, not guaranteed to rise
enum class MatchNumber : std::uint64_t {};  // unique in a day
enum class Locate : std::uint16_t {};       // of a security in this day; 0 = not of a security

using Price4 = std::uint32_t;
using Price8 = std::uint64_t;

// The highest price that the specification allows: $200,000.0000.
inline constexpr Price4 kMaxPrice4 = 2'000'000'000;

// Characters of a fixed width, left-justified, padded with spaces.
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

using Symbol = Text<8>;
using Mpid = Text<4>;
using Reason = Text<4>;
using SubType = Text<2>;

// What follows the type byte in every message.
struct Prefix {
  Locate stock_locate{};
  std::uint16_t tracking_number = 0;
  std::uint64_t timestamp_ns = 0;  // 48 bits on the wire

  friend constexpr bool operator==(const Prefix&, const Prefix&) noexcept = default;
};

inline constexpr std::size_t kPrefixBytes = 11;      // with the type byte
inline constexpr std::size_t kMaxMessageBytes = 50;  // of the longest layout, 'I'

}  // namespace tapeline::codec::itch

// So that symbols can be keys. Not for the path of a packet: use the locate there.
template <std::size_t Width>
struct std::hash<tapeline::codec::itch::Text<Width>> {
  [[nodiscard]] std::size_t operator()(
      const tapeline::codec::itch::Text<Width>& text) const noexcept {
    return std::hash<std::string_view>{}(std::string_view{text.chars.data(), Width});
  }
};

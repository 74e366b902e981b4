#pragma once

// Types of the fields of Nasdaq TotalView-ITCH 5.0 (section 3, Data Types).
//
// Units:         prices are integers: Price4 in 1/10,000, Price8 in 1/100,000,000 of a dollar.
//                Time stamps are nanoseconds since midnight US Eastern of the session day.
// Thread safety: values.

#include <cstddef>
#include <cstdint>

#include "codec/text.hpp"

namespace tapeline::codec::itch {

enum class OrderRef : std::uint64_t {};     // unique in a day, not guaranteed to rise
enum class MatchNumber : std::uint64_t {};  // unique in a day
enum class Locate : std::uint16_t {};       // of a security in this day; 0 = not of a security

using Price4 = std::uint32_t;
using Price8 = std::uint64_t;

// The highest price that the specification allows: $200,000.0000.
inline constexpr Price4 kMaxPrice4 = 2'000'000'000;

using codec::Text;

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

#pragma once

// The words of the market: who, which order, which match, which side, when.
//
// Units:         ExchangeNanos are nanoseconds on the exchange's clock since a start that the feed
//                chooses once (midnight of the session day for ITCH).
// Thread safety: values.

#include <cstddef>
#include <cstdint>

namespace tapeline::market {

enum class OrderRef : std::uint64_t {};
enum class MatchNumber : std::uint64_t {};
enum class InstrumentId : std::uint16_t {};  // index of the instrument in its channel

using ExchangeNanos = std::uint64_t;

inline constexpr std::size_t kMaxInstruments = 65536;
inline constexpr ExchangeNanos kNanosPerSecond = 1'000'000'000;

// `unknown` is what a feed passes when the venue named neither side.
enum class Side : std::uint8_t { buy, sell, unknown };

[[nodiscard]] constexpr std::size_t index_of(InstrumentId id) noexcept {
  return static_cast<std::size_t>(id);
}

}  // namespace tapeline::market

#pragma once

// The checksum of a Kraken book, v1 and v2 (docs.kraken.com, "book checksum").
//
// Thread safety: pure functions.

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/json/document.hpp"

namespace tapeline::codec::json {

// Levels of a side that count.
inline constexpr std::size_t kChecksumLevels = 10;

// CRC-32 (IEEE 802.3) over the digits of price and size, leading zeros and point left out, of the
// first kChecksumLevels of `asks`, then of `bids`. Requires: both best first. Sides are not looked
// at; a mantissa that is zero or negative (no book holds one) adds no digits.
[[nodiscard]] std::uint32_t kraken_checksum(std::span<const Level> asks,
                                            std::span<const Level> bids) noexcept;

}  // namespace tapeline::codec::json

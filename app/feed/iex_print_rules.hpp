#pragma once

// Which trades of IEX count in what, by their sale conditions.
//
// Thread safety: values.

#include <cstdint>

#include "codec/iex/fields.hpp"

namespace tapeline::feed {

// Sale conditions (bits, codec/iex/fields.hpp) that keep a trade out. The defaults are IEX's own
// rule: every trade counts in volume, and so in VWAP; a trade of the extended hours or of an odd
// lot sets no price: it is neither last sale, nor high or low (TOPS and DEEP specifications, sale
// condition flags).
struct IexPrintRules {
  std::uint8_t not_in_volume = 0;
  std::uint8_t not_in_price = codec::iex::kExtendedHours | codec::iex::kOddLot;
};

}  // namespace tapeline::feed

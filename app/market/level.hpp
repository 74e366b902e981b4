#pragma once

// One price level of a book.
//
// Thread safety: value.

#include <cstdint>

#include "app/market/price.hpp"

namespace tapeline::market {

struct Level {
  Price price{};
  std::uint64_t shares = 0;   // of all orders at this price
  std::uint32_t orders = 0;   // 0: the venue tells levels, and not how many orders they have
  std::uint32_t arrival = 0;  // place in a load that is going on (BookSide), otherwise 0

  friend constexpr bool operator==(const Level&, const Level&) noexcept = default;
};
static_assert(sizeof(Level) == 24);

}  // namespace tapeline::market

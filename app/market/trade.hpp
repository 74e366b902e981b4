#pragma once

// One print of the tape, by value.
//
// Thread safety: value.

#include <cstdint>

#include "app/market/identifiers.hpp"
#include "app/market/price.hpp"

namespace tapeline::market {

enum class TradeKind : std::uint8_t {
  execution,           // a resting order, at its own price
  execution_at_price,  // a resting order, at a price of the message
  hidden,              // orders that were never displayed
  cross,               // an auction, all shares in one print
};

struct Trade {
  Price price{};
  std::uint64_t shares = 0;
  MatchNumber match_number{};
  ExchangeNanos time_ns = 0;  // of the message that told it
  InstrumentId instrument{};
  TradeKind kind = TradeKind::execution;
  bool printable = true;  // false: the same shares come again in a print of a cross
};

}  // namespace tapeline::market

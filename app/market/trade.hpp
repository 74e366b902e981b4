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
  report,              // told by itself; what it did to the book is told as levels
};

// What a print counts for, by the sale conditions of its venue.
struct PrintUse {
  TradeKind kind = TradeKind::report;
  bool in_volume = true;   // Trade::printable
  bool sets_price = true;  // Trade::sets_price
};

struct Trade {
  Price price{};
  std::uint64_t shares = 0;  // in units of Instrument::size_decimals
  MatchNumber match_number{};
  ExchangeNanos time_ns = 0;  // of the message that told it
  InstrumentId instrument{};
  TradeKind kind = TradeKind::execution;
  // False: not in volume; the same shares come again in a print of a cross, or the venue's sale
  // conditions leave them out.
  bool printable = true;
  bool sets_price = true;  // false: in volume and VWAP, but neither open, high, low nor last
  // False: the venue takes no print back, and its match numbers need not be those of a channel.
  bool breakable = true;
};

// Told of every print with shares, and of every break, as the feed told them, on the thread that
// feeds the market.
class TradeSink {
 public:
  TradeSink() = default;
  TradeSink(const TradeSink&) = delete;
  TradeSink& operator=(const TradeSink&) = delete;
  virtual ~TradeSink() = default;

  // Before it is in the totals.
  virtual void on_trade(const Trade& trade) noexcept = 0;
  // `told` is the instrument that the message named.
  virtual void on_break(InstrumentId told, MatchNumber match) noexcept = 0;
};

}  // namespace tapeline::market

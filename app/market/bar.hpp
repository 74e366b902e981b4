#pragma once

// Bars: what was traded in one second or one minute of exchange time, and who is told of them.
//
// Units: prices in the instrument's units; shares; vwap in units of the price, not rounded.

#include <cstdint>

#include "app/market/identifiers.hpp"
#include "app/market/price.hpp"

namespace tapeline::market {

enum class BarPeriod : std::uint8_t { second, minute };

struct Bar {
  ExchangeNanos start_ns = 0;  // a whole second or minute
  BarPeriod period = BarPeriod::second;
  InstrumentId instrument{};
  bool complete = true;  // false: messages were lost, or a print's order was not known
  bool priced = true;    // false: none of its prints may set a price; the four are 0
  // Prices as they traded: a print that was broken later still counts here.
  Price open{};
  Price high{};
  Price low{};
  Price close{};
  // Without the prints that were broken while the bar was open.
  std::uint64_t volume = 0;
  std::uint64_t trades = 0;
  double vwap = 0.0;
};

// Told of every bar once, when it closes, on the thread that feeds the market: seconds in the
// order of their first trade, the minute after its seconds. A bar with no volume is not told.
class BarSink {
 public:
  BarSink() = default;
  BarSink(const BarSink&) = delete;
  BarSink& operator=(const BarSink&) = delete;
  virtual ~BarSink() = default;

  virtual void on_bar(const Bar& bar) noexcept = 0;
};

}  // namespace tapeline::market

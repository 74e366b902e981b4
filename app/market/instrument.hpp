#pragma once

// What is known of one instrument beside its trades (see vwap.hpp for those): name, state, book.
// One cache line, since every message about an order touches it.
//
// All bits zero is an instrument that was never heard of, so instruments may lie in memory that
// was never written.
//
// Thread safety: none; one thread.

#include <array>
#include <cstdint>

#include "app/market/order_book.hpp"

namespace tapeline::market {

// An instrument whose state was never told is to be treated as halted.
enum class TradingState : std::uint8_t { untold, halted, paused, quote_only, trading, other };

enum class ShortSaleTest : std::uint8_t { none, in_force_today, still_in_force, other };

struct alignas(64) Instrument {
  OrderBook book;
  std::array<char, 8> symbol{};  // padded with spaces; zeros until it was told
  std::uint32_t round_lot = 0;
  std::array<char, 4> halt_reason{};
  TradingState trading_state = TradingState::untold;
  ShortSaleTest short_sale_test = ShortSaleTest::none;
  std::uint8_t halted_markets = 0;  // operational halts, one bit per market of the venue
  std::uint8_t price_decimals = 0;
  bool seen = false;      // some message named it
  bool doubtful = false;  // the book misses orders, or holds some that are gone

  [[nodiscard]] bool is_trading() const noexcept {
    return trading_state == TradingState::trading && halted_markets == 0;
  }
};
static_assert(sizeof(Instrument) == 64);

// What a directory of instruments tells of one.
struct Listing {
  std::array<char, 8> symbol{};
  std::uint32_t round_lot = 0;
};

}  // namespace tapeline::market

#pragma once

// What is known of one instrument beside its trades (vwap.hpp) and its name (Market::symbol()):
// state and book. One cache line, since every message about an order touches it.
//
// All bits zero is an instrument that was never heard of, so instruments may lie in memory that
// was never written.
//
// Thread safety: none; one thread.

#include <array>
#include <cstdint>
#include <string_view>

#include "app/market/order_book.hpp"

namespace tapeline::market {

// An instrument whose state was never told is to be treated as halted.
enum class TradingState : std::uint8_t { untold, halted, paused, quote_only, trading, other };

enum class ShortSaleTest : std::uint8_t { none, in_force_today, still_in_force, other };

// How the venue tells the book.
enum class BookKind : std::uint8_t {
  orders,  // each by itself, or not at all
  quotes,  // the best bid and offer only: one level on each side
  levels,
};

struct alignas(64) Instrument {
  OrderBook book;
  std::uint32_t round_lot = 0;
  std::array<char, 4> halt_reason{};
  TradingState trading_state = TradingState::untold;
  ShortSaleTest short_sale_test = ShortSaleTest::none;
  std::uint8_t halted_markets = 0;  // operational halts, one bit per market of the venue
  std::uint8_t price_decimals = 0;
  std::uint8_t size_decimals = 0;  // sizes and volumes count units of 10^-size_decimals
  BookKind book_kind = BookKind::orders;
  bool seen = false;      // some message named it
  bool doubtful = false;  // the book misses orders, or holds some that are gone
  bool stale = false;     // updates of this book were lost; a snapshot of it is needed
  // Rises when all orders of the book are cleared at once: those of an earlier epoch are gone.
  std::uint8_t epoch = 0;

  [[nodiscard]] bool is_trading() const noexcept {
    return trading_state == TradingState::trading && halted_markets == 0;
  }
};
static_assert(sizeof(Instrument) == 64);

// What a directory of instruments tells of one.
struct Listing {
  static constexpr std::uint8_t kDecimalsOfMarket = 0xFF;  // MarketConfig::price_decimals

  std::string_view symbol;  // padding is cut off; see SymbolText for its bound
  std::uint32_t round_lot = 0;
  std::uint8_t price_decimals = kDecimalsOfMarket;  // at most kMaxPriceDecimals
  std::uint8_t size_decimals = 0;                   // at most kMaxSizeDecimals
};

// One side of a quote.
struct QuoteSide {
  Price price{};
  std::uint64_t size = 0;  // 0: not told
  bool is_there = false;   // false: nobody is on this side
};

}  // namespace tapeline::market

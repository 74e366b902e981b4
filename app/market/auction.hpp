#pragma once

// What a venue tells of its auctions in one instrument, and the official prices they made.
//
// All bits zero is nothing told, so records may lie in memory that was never written.
//
// Thread safety: values.
// Units:         prices in the instrument's units, 0 for none; shares; seconds since 1970 UTC.

#include <cstdint>

#include "app/market/identifiers.hpp"
#include "app/market/price.hpp"

namespace tapeline::market {

enum class AuctionKind : std::uint8_t { none, opening, closing, ipo, halt, volatility, other };

// The last that was told before, or of, an auction.
struct Auction {
  ExchangeNanos time_ns = 0;  // of the message
  Price reference_price{};
  Price indicative_price{};  // at which most shares would trade
  Price book_price{};        // the same, of the auction's own orders alone
  Price collar_reference_price{};
  Price lower_collar{};
  Price upper_collar{};
  std::uint64_t paired_shares = 0;
  std::uint64_t imbalance_shares = 0;
  std::uint32_t scheduled_time_s = 0;
  AuctionKind kind = AuctionKind::none;
  Side imbalance_side = Side::buy;  // `unknown`: there is none
  std::uint8_t extensions = 0;
};

enum class OfficialPrice : std::uint8_t { opening, closing };

struct AuctionRecord {
  Auction latest;
  Price official_opening{};
  Price official_closing{};
};

}  // namespace tapeline::market

#pragma once

// What a JSON feed knows of one symbol beside what the market knows of its instrument.
//
// All bits zero is a symbol that was just met.
//
// Thread safety: none; a value.

#include <cstdint>

#include "app/feed/json/depth_sync.hpp"
#include "app/feed/json/trade_ids.hpp"
#include "app/feed/json/update_buffer.hpp"

namespace tapeline::feed {

struct alignas(64) SymbolState {
  TradeIds trades;
  DepthSync depth;                          // Binance
  UpdateBuffer::Queue held;                 // Binance: updates that wait for a snapshot
  std::uint64_t quote_id = 0;               // Binance: of the last quote
  std::uint32_t cut_depth = 0;              // Kraken: levels per side that are told
  std::uint8_t spelled_price_decimals = 0;  // Kraken: of prices and sizes since the snapshot
  std::uint8_t spelled_size_decimals = 0;
  std::uint8_t price_decimals = 0;  // of the instrument
  bool is_scaled = false;           // a price was told: price_decimals stay
  bool has_book = false;            // a snapshot was told and nothing lost since
  bool had_book = false;            // there was one before
  bool has_unnumbered_trades = false;
};

}  // namespace tapeline::feed

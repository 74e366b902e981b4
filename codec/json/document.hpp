#pragma once

// What one JSON document of a crypto venue says, flattened: no field of it needs a second parse.
//
// Spellings, ids and sides are those of protocols Coinbase Exchange WebSocket feed, Binance spot
// and futures WebSocket streams and REST depth, Kraken WebSocket v2 and v1. A level of size zero
// deletes.
//
// Lifetime: every view and span of a Document points into the text that was decoded or into the
// Decoder (decoder.hpp), and ends with the next call of that decoder or with the text.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "codec/json/decimal.hpp"

namespace tapeline::codec::json {

enum class Venue : std::uint8_t { coinbase, binance, kraken };

inline constexpr std::size_t kVenueCount = 3;

enum class Kind : std::uint8_t {
  trades,           // at least one trade
  quote,            // best bid and ask
  book_snapshot,    // the levels are the whole book
  book_update,      // the levels are changes
  heartbeat,        // the venue is alive; may tell the last trade id
  acknowledgement,  // of a subscription or another request
  status,           // of the venue or the connection
  venue_error,      // the venue refuses something
  instruments,      // a list of what is traded
  request,          // what a client sends; recordings hold it
  other_known,      // a known message that says nothing of trades, quotes or books (candles, ...)
};

inline constexpr std::size_t kKindCount = 11;

enum class Side : std::uint8_t { buy, sell };

struct Level {
  Side side = Side::buy;  // buy: a bid, sell: an ask
  Decimal price;
  Decimal size;  // absolute; zero: no such level any more
};

struct Trade {
  std::string_view symbol;
  std::uint64_t trade_id = 0;        // Binance aggTrade: id of the aggregate
  std::uint64_t first_trade_id = 0;  // equal to trade_id except in an aggTrade
  std::uint64_t last_trade_id = 0;
  Decimal price;
  Decimal size;
  std::int64_t time_ns = 0;    // since 1970, 0: not told
  Side aggressor = Side::buy;  // the side of the taker, whatever the venue tells
  bool has_id = false;         // Kraken v1 numbers no trades
  bool is_aggregate = false;   // Binance aggTrade
  bool is_replayed = false;    // an old trade told again: not to be added to a volume
};

struct Quote {
  Decimal bid;
  Decimal bid_size;
  Decimal ask;
  Decimal ask_size;
  Decimal last_price;
  Decimal last_size;
  bool has_sizes = false;  // of bid and ask; older Coinbase tickers lack them
  bool has_last = false;   // last_price is told
  bool has_last_size = false;
};

struct Document {
  Venue venue = Venue::coinbase;
  Kind kind = Kind::other_known;
  // As the venue spells it; empty if the document names none or several. Of a Binance partial book
  // it is taken from the name of the stream and put into capitals.
  std::string_view symbol;
  // The venue's own word for what this is: "l2update", "aggTrade", "book-1000", "ticker"; may be
  // empty.
  std::string_view type;
  std::int64_t exchange_time_ns = 0;  // of the event, since 1970; 0: not told
  std::int64_t sent_time_ns = 0;      // when the venue sent it (Binance "E"); 0: not told

  std::uint64_t first_update_id = 0;     // Binance "U"; of a snapshot equal to last_update_id
  std::uint64_t last_update_id = 0;      // Binance "u" or lastUpdateId; also of a bookTicker
  std::uint64_t previous_update_id = 0;  // Binance futures "pu"
  std::uint64_t sequence = 0;            // Coinbase
  std::uint64_t last_trade_id = 0;       // Coinbase heartbeat and ticker
  std::uint32_t checksum = 0;            // Kraken book
  std::uint32_t depth = 0;               // Kraken: 1000 of "book-1000"; 0: not told
  bool has_update_ids = false;
  bool has_previous_update_id = false;
  bool has_sequence = false;
  bool has_last_trade_id = false;
  bool has_checksum = false;

  std::span<const Level> levels;  // in the order of the document
  std::span<const Trade> trades;  // in the order of the document
  Quote quote;                    // of kind quote
};

// The name as reports spell it ("book_update").
[[nodiscard]] std::string_view to_string(Venue venue) noexcept;
[[nodiscard]] std::string_view to_string(Kind kind) noexcept;

}  // namespace tapeline::codec::json

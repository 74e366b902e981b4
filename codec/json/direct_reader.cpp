#include "codec/json/direct_reader.hpp"

#include "codec/json/cursor.hpp"
#include "codec/json/time.hpp"

namespace tapeline::codec::json::detail {

namespace {

bool add(DecoderState& state, const Trade& trade) noexcept {
  auto& trades = state.trades;
  if (trades.size >= state.limits.trades) return false;
  if (trades.size == trades.capacity && !grow(trades, state.limits.trades)) return false;
  trades.items[trades.size++] = trade;
  return true;
}

bool add(DecoderState& state, const Level& level) noexcept {
  auto& levels = state.levels;
  if (levels.size >= state.limits.levels) return false;
  if (levels.size == levels.capacity && !grow(levels, state.limits.levels)) return false;
  levels.items[levels.size++] = level;
  return true;
}

bool symbol(Cursor& at, Document& out) noexcept {
  return at.name(out.symbol) && !out.symbol.empty();
}

// Behind the symbol and the id, the same in all of Binance's trades.
bool finish_trade(DecoderState& state, Cursor& at, Trade& trade, Document& out) noexcept {
  bool buyer_is_maker = false;
  if (!at.milliseconds(trade.time_ns) || !at.skip(",\"m\":") || !at.boolean(buyer_is_maker)) {
    return false;
  }
  if (bool unused = false; at.skip(",\"M\":") && !at.boolean(unused)) return false;
  trade.symbol = out.symbol;
  trade.aggressor = buyer_is_maker ? Side::sell : Side::buy;
  trade.has_id = true;
  out.kind = Kind::trades;
  out.exchange_time_ns = trade.time_ns;
  return add(state, trade);
}

// Behind {"e":"trade","E":
bool read_trade(DecoderState& state, Cursor& at, Document& out) noexcept {
  Trade trade;
  out.type = "trade";
  const bool is_read = at.milliseconds(out.sent_time_ns) && at.skip(",\"s\":\"") &&
                       symbol(at, out) && at.skip("\",\"t\":") && at.number(trade.trade_id) &&
                       at.skip(",\"p\":\"") && at.decimal(trade.price) && at.skip("\",\"q\":\"") &&
                       at.decimal(trade.size) && at.skip("\",\"T\":");
  trade.first_trade_id = trade.last_trade_id = trade.trade_id;
  return is_read && finish_trade(state, at, trade, out);
}

// Behind {"e":"aggTrade","E":
bool read_aggregate(DecoderState& state, Cursor& at, Document& out) noexcept {
  Trade trade;
  trade.is_aggregate = true;
  out.type = "aggTrade";
  if (!at.milliseconds(out.sent_time_ns)) return false;
  // Futures put the id in front of the symbol.
  const bool is_named = at.skip(",\"s\":\"")
                            ? symbol(at, out) && at.skip("\",\"a\":") && at.number(trade.trade_id)
                            : at.skip(",\"a\":") && at.number(trade.trade_id) &&
                                  at.skip(",\"s\":\"") && symbol(at, out) && at.skip("\"");
  return is_named && at.skip(",\"p\":\"") && at.decimal(trade.price) && at.skip("\",\"q\":\"") &&
         at.decimal(trade.size) && at.skip("\",\"f\":") && at.number(trade.first_trade_id) &&
         at.skip(",\"l\":") && at.number(trade.last_trade_id) && at.skip(",\"T\":") &&
         finish_trade(state, at, trade, out);
}

// [["1.5","2"],...]
bool read_levels(DecoderState& state, Cursor& at, Side side) noexcept {
  if (at.skip("[]")) return true;
  if (!at.skip("[")) return false;
  do {
    Level level;
    level.side = side;
    const bool is_read = at.skip("[\"") && at.decimal(level.price) && at.skip("\",\"") &&
                         at.decimal(level.size) && at.skip("\"]") && add(state, level);
    if (!is_read) return false;
  } while (at.skip(","));
  return at.skip("]");
}

// Behind {"e":"depthUpdate","E":
bool read_update(DecoderState& state, Cursor& at, Document& out) noexcept {
  out.kind = Kind::book_update;
  out.type = "depthUpdate";
  if (!at.milliseconds(out.sent_time_ns)) return false;
  out.exchange_time_ns = out.sent_time_ns;
  if (at.skip(",\"T\":") && !at.milliseconds(out.exchange_time_ns)) return false;
  if (!at.skip(",\"s\":\"") || !symbol(at, out) || !at.skip("\",\"U\":") ||
      !at.number(out.first_update_id) || !at.skip(",\"u\":") || !at.number(out.last_update_id)) {
    return false;
  }
  out.has_update_ids = true;
  out.has_previous_update_id = at.skip(",\"pu\":");
  if (out.has_previous_update_id && !at.number(out.previous_update_id)) return false;
  return at.skip(",\"b\":") && read_levels(state, at, Side::buy) && at.skip(",\"a\":") &&
         read_levels(state, at, Side::sell);
}

// Behind {"u": or {"e":"bookTicker","u":
bool read_quote(Cursor& at, Document& out) noexcept {
  Quote& quote = out.quote;
  const bool is_read = at.number(out.last_update_id) && at.skip(",\"s\":\"") && symbol(at, out) &&
                       at.skip("\",\"b\":\"") && at.decimal(quote.bid) && at.skip("\",\"B\":\"") &&
                       at.decimal(quote.bid_size) && at.skip("\",\"a\":\"") &&
                       at.decimal(quote.ask) && at.skip("\",\"A\":\"") &&
                       at.decimal(quote.ask_size) && at.skip("\"");
  if (!is_read) return false;
  out.kind = Kind::quote;
  out.type = "bookTicker";
  out.first_update_id = out.last_update_id;
  out.has_update_ids = true;
  quote.has_sizes = true;
  if (!at.skip(",\"T\":")) return true;
  return at.milliseconds(out.exchange_time_ns) && at.skip(",\"E\":") &&
         at.milliseconds(out.sent_time_ns);
}

bool read_binance(DecoderState& state, Cursor& at, Document& out) noexcept {
  std::string_view stream;
  const bool is_enveloped = at.skip("{\"stream\":\"");
  if (is_enveloped && (!at.name(stream) || !at.skip("\",\"data\":"))) return false;
  bool is_read = false;
  if (at.skip("{\"u\":") || at.skip("{\"e\":\"bookTicker\",\"u\":")) {
    is_read = read_quote(at, out);
  } else if (!at.skip("{\"e\":\"")) {
    return false;
  } else if (at.skip("trade\",\"E\":")) {
    is_read = read_trade(state, at, out);
  } else if (at.skip("depthUpdate\",\"E\":")) {
    is_read = read_update(state, at, out);
  } else if (at.skip("aggTrade\",\"E\":")) {
    is_read = read_aggregate(state, at, out);
  }
  return is_read && at.skip("}") && (!is_enveloped || at.skip("}"));
}

bool iso_time(Cursor& at, std::int64_t& out) noexcept {
  std::string_view text;
  return at.name(text) && parse_iso_time(text, out) == TimeStatus::ok;
}

// "buy" or "sell", with the quote behind it.
bool side(Cursor& at, Side& out) noexcept {
  out = Side::buy;
  if (at.skip("buy\"")) return true;
  out = Side::sell;
  return at.skip("sell\"");
}

// Behind {"type":"match", or {"type":"last_match",
bool read_match(DecoderState& state, Cursor& at, bool is_replayed, Document& out) noexcept {
  Trade trade;
  Side maker = Side::buy;
  std::string_view unused;
  out.kind = Kind::trades;
  out.type = is_replayed ? "last_match" : "match";
  const bool is_read = at.skip("\"trade_id\":") && at.number(trade.trade_id) &&
                       at.skip(",\"maker_order_id\":\"") && at.name(unused) &&
                       at.skip("\",\"taker_order_id\":\"") && at.name(unused) &&
                       at.skip("\",\"side\":\"") && side(at, maker) && at.skip(",\"size\":\"") &&
                       at.decimal(trade.size) && at.skip("\",\"price\":\"") &&
                       at.decimal(trade.price) && at.skip("\",\"product_id\":\"") &&
                       symbol(at, out) && at.skip("\",\"sequence\":") && at.number(out.sequence) &&
                       at.skip(",\"time\":\"") && iso_time(at, trade.time_ns) && at.skip("\"}");
  out.has_sequence = true;
  out.exchange_time_ns = trade.time_ns;
  trade.symbol = out.symbol;
  trade.first_trade_id = trade.last_trade_id = trade.trade_id;
  trade.aggressor = maker == Side::buy ? Side::sell : Side::buy;
  trade.has_id = true;
  trade.is_replayed = is_replayed;
  return is_read && add(state, trade);
}

// Behind {"type":"l2update",
bool read_changes(DecoderState& state, Cursor& at, Document& out) noexcept {
  out.kind = Kind::book_update;
  out.type = "l2update";
  if (!at.skip("\"product_id\":\"") || !symbol(at, out) || !at.skip("\",\"changes\":[")) {
    return false;
  }
  do {
    Level level;
    const bool is_read = at.skip("[\"") && side(at, level.side) && at.skip(",\"") &&
                         at.decimal(level.price) && at.skip("\",\"") && at.decimal(level.size) &&
                         at.skip("\"]") && add(state, level);
    if (!is_read) return false;
  } while (at.skip(","));
  return at.skip("],\"time\":\"") && iso_time(at, out.exchange_time_ns) && at.skip("\"}");
}

bool read_coinbase(DecoderState& state, Cursor& at, Document& out) noexcept {
  if (!at.skip("{\"type\":\"")) return false;
  if (at.skip("l2update\",")) return read_changes(state, at, out);
  if (at.skip("match\",")) return read_match(state, at, false, out);
  return at.skip("last_match\",") && read_match(state, at, true, out);
}

}  // namespace

bool read_directly(DecoderState& state, Venue venue, std::string_view text,
                   Document& out) noexcept {
  if (venue == Venue::kraken) return false;
  state.levels.size = 0;
  state.trades.size = 0;
  out = {};
  out.venue = venue;
  Cursor at{text};
  const bool is_read =
      venue == Venue::binance ? read_binance(state, at, out) : read_coinbase(state, at, out);
  if (!is_read || !at.is_at_end()) return false;
  out.levels = {state.levels.items, state.levels.size};
  out.trades = {state.trades.items, state.trades.size};
  return true;
}

}  // namespace tapeline::codec::json::detail

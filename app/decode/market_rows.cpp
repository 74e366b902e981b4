#include "app/decode/market_rows.hpp"

#include <algorithm>
#include <string>

#include "app/market/price.hpp"

namespace tapeline::decode {

namespace {

using market::index_of;
using market::raw;

constexpr std::uint64_t kNanosPerMinute = 60 * market::kNanosPerSecond;
constexpr std::uint8_t kAverageDigits = 4;  // of an average, behind those of the price

[[nodiscard]] std::string_view name_of(market::TradeKind kind) noexcept {
  switch (kind) {
    case market::TradeKind::execution: return "execution";
    case market::TradeKind::execution_at_price: return "execution_at_price";
    case market::TradeKind::hidden: return "hidden";
    case market::TradeKind::cross: return "cross";
    case market::TradeKind::report: return "report";
  }
  return "other";
}

[[nodiscard]] std::uint64_t start_of(std::uint64_t time_ns, std::uint64_t interval_ns) noexcept {
  return time_ns / interval_ns * interval_ns;
}

void set_average(Row& row, Column column, double units, std::uint8_t decimals) noexcept {
  row.real(column, units / market::units_per_one(decimals),
           static_cast<std::uint8_t>(decimals + kAverageDigits));
}

}  // namespace

MarketRows::MarketRows(const Schema& schema, Table& table, const SymbolNames& names)
    : schema_{schema.name()},
      table_{table},
      names_{names},
      shows_books_{schema_.kind == SchemaKind::bbo || schema_.kind == SchemaKind::levels} {
  const auto find = [&schema](Column& column, const std::string& name) {
    column = schema.column(name);
  };
  switch (schema_.kind) {
    case SchemaKind::trades:
      find(kind_, "kind");
      find(price_, "price");
      find(shares_, "shares");
      find(match_, "match_number");
      find(printable_, "printable");
      break;
    case SchemaKind::bars:
      find(start_, "start");
      find(close_, "close");
      break;
    case SchemaKind::vwap:
      find(close_, "last");
      find(broken_, "broken_trades");
      break;
    default:
      find(stale_, "stale");
      for (std::size_t level = 1; level <= schema_.levels; ++level) {
        const std::string number =
            schema_.kind == SchemaKind::bbo ? "" : "_" + std::to_string(level);
        std::array<LevelColumns, 2>& columns = level_columns_.emplace_back();
        for (const std::size_t side : {0U, 1U}) {
          const std::string_view prefix = side == 0 ? "bid_" : "ask_";
          const auto name = [&](std::string_view what) {
            return std::string{prefix}.append(what).append(number);
          };
          find(columns[side].price, name("price"));
          find(columns[side].shares, name("shares"));
          find(columns[side].orders, name("orders"));
        }
      }
  }
  if (schema_.kind == SchemaKind::bars || schema_.kind == SchemaKind::vwap) {
    find(open_, "open");
    find(high_, "high");
    find(low_, "low");
    find(volume_, "volume");
    find(trades_, "trades");
    find(vwap_, "vwap");
    find(complete_, "complete");
  }
  if (shows_books_) shown_at_.resize(market::kMaxInstruments);
  if (schema_.kind == SchemaKind::bars) open_bar_of_.resize(market::kMaxInstruments);
  if (schema_.kind == SchemaKind::vwap) is_traded_.resize(market::kMaxInstruments);
  now_.resize(2 * schema_.levels);
}

void MarketRows::attach(market::Market& market) noexcept {
  market_ = &market;
  if (schema_.kind == SchemaKind::trades || schema_.kind == SchemaKind::vwap) {
    market.tell_trades(this);
  }
}

void MarketRows::before(const MessageHead& head) {
  head_ = head;
  reach(head.exchange.since_zero);
}

// Tells the VWAPs of the interval that is over.
void MarketRows::reach(std::uint64_t since_zero) {
  if (schema_.kind != SchemaKind::vwap || schema_.interval_ns == 0) return;
  if (since_zero < vwap_end_) return;
  if (vwap_end_ != 0) write_traded(vwap_end_);
  vwap_end_ = start_of(since_zero, schema_.interval_ns) + schema_.interval_ns;
}

Row* MarketRows::begin_row(market::InstrumentId id, const Moment& shown, const Moment& asked) {
  if (table_.is_done() || !table_.wants_time(asked)) return nullptr;
  const std::string_view symbol = names_.symbol(id);
  if (!table_.wants_symbol(symbol)) return nullptr;
  Row& row = table_.begin_row();
  set_head(row, head_, shown, symbol);
  return &row;
}

void MarketRows::on_trade(const market::Trade& trade) noexcept {
  if (schema_.kind == SchemaKind::vwap) {
    reach(trade.time_ns);
    return note_traded(trade.instrument);
  }
  const Moment moment = at(trade.time_ns);
  Row* const row = begin_row(trade.instrument, moment, moment);
  if (row == nullptr) return;
  row->text(kind_, name_of(trade.kind));
  row->signed_decimal(price_, raw(trade.price), decimals(trade.instrument));
  row->decimal(shares_, trade.shares, size_decimals(trade.instrument));
  row->number(match_, static_cast<std::uint64_t>(trade.match_number));
  row->boolean(printable_, trade.printable);
  table_.end_row();
}

void MarketRows::on_break(market::InstrumentId told, market::MatchNumber match) noexcept {
  if (schema_.kind == SchemaKind::vwap) return note_traded(told);
  Row* const row = begin_row(told, head_.exchange, head_.exchange);
  if (row == nullptr) return;
  row->text(kind_, "break");
  row->number(match_, static_cast<std::uint64_t>(match));
  table_.end_row();
}

void MarketRows::compare_book(market::InstrumentId id) {
  const market::OrderBook& book = market_->book(id);
  const std::size_t depth = schema_.levels;
  for (const std::size_t side : {0U, 1U}) {
    const auto levels = book.levels(side == 0 ? market::Side::buy : market::Side::sell);
    for (std::size_t i = 0; i < depth; ++i) {
      now_[side * depth + i] =
          i < levels.size() ? levels[levels.size() - 1 - i] : market::Level{};  // best is last
    }
  }
  const bool stale = !market_->is_book_whole(id);
  std::uint32_t& place = shown_at_[index_of(id)];
  if (place == 0) {
    const bool empty = std::all_of(now_.begin(), now_.end(), [](const market::Level& level) {
      return level == market::Level{};
    });
    if (empty) return;
    place = static_cast<std::uint32_t>(shown_.size() / now_.size()) + 1;
    shown_.resize(shown_.size() + now_.size());
    shown_stale_.push_back(stale);
  }
  const std::size_t which = place - 1;
  const auto last = shown_.begin() + static_cast<std::ptrdiff_t>(which * now_.size());
  if (shown_stale_[which] == stale && std::equal(now_.begin(), now_.end(), last)) return;
  std::copy(now_.begin(), now_.end(), last);
  shown_stale_[which] = stale;

  Row* const row = begin_row(id, head_.exchange, head_.exchange);
  if (row == nullptr) return;
  for (std::size_t i = 0; i < depth; ++i) {
    for (const std::size_t side : {0U, 1U}) {
      const market::Level& level = now_[side * depth + i];
      if (level == market::Level{}) continue;
      const LevelColumns& columns = level_columns_[i][side];
      row->signed_decimal(columns.price, raw(level.price), decimals(id));
      row->decimal(columns.shares, level.shares, size_decimals(id));
      if (level.orders != 0) row->number(columns.orders, level.orders);
    }
  }
  row->boolean(stale_, stale);
  table_.end_row();
}

void MarketRows::on_bar(const market::Bar& bar) noexcept {
  if (schema_.kind != SchemaKind::bars) return;
  const std::uint64_t interval = schema_.interval_ns;
  const bool by_minute = interval % kNanosPerMinute == 0;
  if (by_minute != (bar.period == market::BarPeriod::minute)) return;
  if (start_of(bar.start_ns, interval) != bucket_) close_bars();
  bucket_ = start_of(bar.start_ns, interval);
  std::uint32_t& place = open_bar_of_[index_of(bar.instrument)];
  const double notional = bar.vwap * static_cast<double>(bar.volume);
  if (interval == kNanosPerMinute || interval == market::kNanosPerSecond) return write_bar(bar);
  if (place == 0) {
    open_bars_.push_back({bar, notional});
    open_bars_.back().sum.start_ns = bucket_;
    place = static_cast<std::uint32_t>(open_bars_.size());
    return;
  }
  OpenBar& open = open_bars_[place - 1];
  open.notional += notional;
  if (bar.priced) {
    if (!open.sum.priced) open.sum.open = bar.open;
    open.sum.high = open.sum.priced ? std::max(open.sum.high, bar.high) : bar.high;
    open.sum.low = open.sum.priced ? std::min(open.sum.low, bar.low) : bar.low;
    open.sum.close = bar.close;
    open.sum.priced = true;
  }
  open.sum.volume += bar.volume;
  open.sum.trades += bar.trades;
  open.sum.complete = open.sum.complete && bar.complete;
  open.sum.vwap = open.notional / static_cast<double>(open.sum.volume);
}

void MarketRows::close_bars() {
  for (const OpenBar& open : open_bars_) {
    open_bar_of_[index_of(open.sum.instrument)] = 0;
    write_bar(open.sum);
  }
  open_bars_.clear();
}

void MarketRows::write_bar(const market::Bar& bar) {
  const Moment start = at(bar.start_ns);
  Row* const row = begin_row(bar.instrument, at(bar.start_ns + schema_.interval_ns), start);
  if (row == nullptr) return;
  const std::uint8_t digits = decimals(bar.instrument);
  set_moment(*row, start_, start);
  if (bar.priced) {
    row->signed_decimal(open_, raw(bar.open), digits);
    row->signed_decimal(high_, raw(bar.high), digits);
    row->signed_decimal(low_, raw(bar.low), digits);
    row->signed_decimal(close_, raw(bar.close), digits);
  }
  row->decimal(volume_, bar.volume, size_decimals(bar.instrument));
  row->number(trades_, bar.trades);
  set_average(*row, vwap_, bar.vwap, digits);
  row->boolean(complete_, bar.complete);
  table_.end_row();
}

void MarketRows::note_traded(market::InstrumentId id) {
  if (is_traded_[index_of(id)]) return;
  is_traded_[index_of(id)] = true;
  traded_.push_back(id);
}

// Those that traded in the interval that ends at `until`, by their number.
void MarketRows::write_traded(std::uint64_t until) {
  std::sort(traded_.begin(), traded_.end());
  for (const market::InstrumentId id : traded_) {
    is_traded_[index_of(id)] = false;
    write_vwap(id, at(until));
  }
  traded_.clear();
}

void MarketRows::write_vwap(market::InstrumentId id, const Moment& moment) {
  const market::SessionTotals totals = market_->totals(id);
  Row* const row = begin_row(id, moment, moment);
  if (row == nullptr) return;
  const std::uint8_t digits = decimals(id);
  if (totals.volume != 0) set_average(*row, vwap_, totals.vwap(), digits);
  row->decimal(volume_, totals.volume, size_decimals(id));
  row->number(trades_, totals.trades);
  row->number(broken_, totals.broken_trades);
  if (totals.traded) {
    row->signed_decimal(open_, raw(totals.open), digits);
    row->signed_decimal(high_, raw(totals.high), digits);
    row->signed_decimal(low_, raw(totals.low), digits);
    row->signed_decimal(close_, raw(totals.last), digits);
  }
  row->boolean(complete_, !totals.incomplete && !totals.breaks_missing);
  table_.end_row();
}

void MarketRows::finish() {
  if (schema_.kind == SchemaKind::bars) {
    market_->close_all();
    close_bars();
  }
  if (schema_.kind == SchemaKind::vwap) {
    write_traded(schema_.interval_ns == 0 ? head_.exchange.since_zero : vwap_end_);
  }
}

}  // namespace tapeline::decode

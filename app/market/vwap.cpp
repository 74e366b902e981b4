#include "app/market/vwap.hpp"

#include <algorithm>
#include <limits>

namespace tapeline::market {

namespace {

constexpr std::uint64_t kSecondsPerMinute = 60;
constexpr std::uint32_t kRowsPerCacheLine = 8;

// What a row of a column may hold: whole numbers that a double holds, and so few shares that the
// sum of a column stays whole.
[[nodiscard]] bool fits_column(const Trade& trade) noexcept {
  constexpr std::int64_t kExactIntegers = std::int64_t{1} << 53U;
  return trade.shares <= std::numeric_limits<std::uint32_t>::max() &&
         raw(trade.price) <= kExactIntegers && raw(trade.price) >= -kExactIntegers;
}

[[nodiscard]] Price to_price(double whole) noexcept {
  return Price{static_cast<std::int64_t>(whole)};
}

}  // namespace

void Vwap::Sums::set_price(Price price) noexcept {
  if (!priced) open = high = low = price;
  priced = true;
  close = price;
}

void Vwap::Sums::widen(Price lowest, Price highest) noexcept {
  low = std::min(low, lowest);
  high = std::max(high, highest);
}

void Vwap::Sums::take_back(const Print& print) noexcept {
  volume -= print.shares;
  --trades;
  notional.subtract_product(print.price, print.shares);
}

Vwap::Vwap(const MarketConfig& config, ColumnPool& columns, BarSink* sink, MarketCounts& counts)
    : columns_{columns},
      sink_{sink},
      counts_{counts},
      kernel_{choose_fold_kernel(config.scalar_kernels)},
      column_rows_{static_cast<std::uint32_t>(columns.buffer_bytes() / (2 * sizeof(double)) /
                                              kRowsPerCacheLine * kRowsPerCacheLine)},
      sessions_{kMaxInstruments},
      history_{config.print_history} {
  seconds_.reserve(kMaxInstruments);
  minutes_.reserve(kMaxInstruments);
}

void Vwap::on_trade(const Trade& trade) noexcept {
  if (!trade.printable) {
    counts_.unprintable.add();
    if (history_.remember(trade, second_, PrintState::unprintable)) counts_.duplicate_matches.add();
    return;
  }
  if (trade.shares == 0) return counts_.empty_prints.add();
  Session& session = sessions_[index_of(trade.instrument)];
  SessionTotals& totals = session.totals;
  std::uint64_t volume = 0;
  if (__builtin_add_overflow(totals.volume, trade.shares, &volume)) [[unlikely]] {
    counts_.volume_overflows.add();
    return mark_incomplete(trade.instrument);
  }
  totals.volume = volume;
  ++totals.trades;
  if (totals.trades == 1) [[unlikely]] {
    highest_instrument_ =
        std::max(highest_instrument_, static_cast<std::uint32_t>(trade.instrument));
  }
  Second& second = second_of(session, trade);
  if (trade.sets_price) [[likely]] {
    if (!totals.traded) totals.open = totals.high = totals.low = trade.price;
    totals.traded = true;
    totals.last = trade.price;
    second.sums.set_price(trade.price);
  }
  if (second.prices != nullptr && trade.sets_price && fits_column(trade)) [[likely]] {
    second.prices[second.rows] = static_cast<double>(raw(trade.price));
    second.shares[second.rows] = static_cast<double>(trade.shares);
    if (++second.rows == column_rows_) fold(session, second);
  } else {
    add_single(session, second, trade);
  }
  counts_.prints.add();
  if (!trade.breakable) return;
  if (history_.remember(trade, second_, PrintState::counted)) counts_.duplicate_matches.add();
}

Vwap::Second& Vwap::second_of(Session& session, const Trade& trade) noexcept {
  if (session.second != 0) return seconds_[session.second - 1];
  // At most one per instrument, and room for all was reserved: this does not allocate.
  if (second_count_ == seconds_.size()) seconds_.emplace_back();
  Second& second = seconds_[second_count_];
  session.second = ++second_count_;
  second.sums = {};
  second.sums.instrument = trade.instrument;
  open_column(second);
  return second;
}

void Vwap::open_column(Second& second) noexcept {
  second.rows = 0;
  second.prices = nullptr;
  if (column_rows_ == 0) return counts_.refused_columns.add();
  second.column = columns_.try_acquire();
  if (!second.column) return counts_.refused_columns.add();
  second.prices = reinterpret_cast<double*>(second.column.data());
  second.shares = second.prices + column_rows_;
}

void Vwap::add_single(Session& session, Second& second, const Trade& trade) noexcept {
  SessionTotals& totals = session.totals;
  totals.notional.add_product(trade.price, trade.shares);
  second.sums.notional.add_product(trade.price, trade.shares);
  second.sums.volume += trade.shares;
  ++second.sums.trades;
  if (!trade.sets_price) return;
  totals.low = std::min(totals.low, trade.price);
  totals.high = std::max(totals.high, trade.price);
  second.sums.widen(trade.price, trade.price);
}

Fold Vwap::fold_column(const Second& second) const noexcept {
  FoldLanes lanes;
  kernel_(second.prices, second.shares, second.rows, lanes);
  return join_lanes(lanes);
}

void Vwap::fold(Session& session, Second& second) noexcept {
  if (second.rows == 0) return;
  const Fold fold = fold_column(second);
  SessionTotals& totals = session.totals;
  totals.notional.add(fold.notional, fold.notional_errors);
  totals.low = std::min(totals.low, to_price(fold.low));
  totals.high = std::max(totals.high, to_price(fold.high));
  second.sums.notional.add(fold.notional, fold.notional_errors);
  second.sums.volume += static_cast<std::uint64_t>(fold.shares);
  second.sums.trades += second.rows;
  second.sums.widen(to_price(fold.low), to_price(fold.high));
  second.rows = 0;
  counts_.folds.add();
}

void Vwap::break_trade(InstrumentId told, MatchNumber match) noexcept {
  Print* print = history_.find(match);
  if (print == nullptr) {
    counts_.unknown_breaks.add();
    sessions_[index_of(told)].totals.breaks_missing = true;
    return;
  }
  if (print->instrument != told) counts_.wrong_instruments.add();
  if (print->state == PrintState::unprintable) return counts_.unprintable_breaks.add();
  if (print->state == PrintState::broken) return counts_.repeated_breaks.add();
  print->state = PrintState::broken;
  Session& session = sessions_[index_of(print->instrument)];
  session.totals.volume -= print->shares;
  --session.totals.trades;
  ++session.totals.broken_trades;
  session.totals.notional.subtract_product(print->price, print->shares);
  counts_.breaks.add();
  if (print->second == static_cast<std::uint32_t>(second_) && session.second != 0) {
    seconds_[session.second - 1].sums.take_back(*print);
    return;
  }
  counts_.breaks_after_close.add();
  const bool same_minute =
      print->second / kSecondsPerMinute == static_cast<std::uint32_t>(second_) / kSecondsPerMinute;
  if (same_minute && session.minute != 0) minutes_[session.minute - 1].take_back(*print);
}

void Vwap::mark_incomplete(InstrumentId instrument) noexcept {
  Session& session = sessions_[index_of(instrument)];
  session.totals.incomplete = true;
  session.missing_second = second_ + 1;
}

// What was lost may reach up to the time of the next message, so that one must pass by roll().
void Vwap::on_gap() noexcept {
  gap_second_ = second_ + 1;
  gap_lasts_ = true;
  second_end_ = 0;
}

void Vwap::roll(ExchangeNanos time_ns) noexcept {
  const std::uint64_t reached = std::max(time_ns / kNanosPerSecond, second_);
  if (reached != second_) {
    close_seconds();
    if (reached / kSecondsPerMinute != second_ / kSecondsPerMinute) close_minutes();
    second_ = reached;
  }
  if (gap_lasts_) gap_second_ = reached + 1;
  gap_lasts_ = false;
  second_end_ = reached >= std::numeric_limits<ExchangeNanos>::max() / kNanosPerSecond
                    ? std::numeric_limits<ExchangeNanos>::max()
                    : (reached + 1) * kNanosPerSecond;
}

void Vwap::close_all() noexcept {
  close_seconds();
  close_minutes();
}

void Vwap::start_session() noexcept {
  close_all();
  sessions_.clear();
  history_.clear();
  highest_instrument_ = 0;
  second_ = 0;
  second_end_ = kNanosPerSecond;
  gap_second_ = 0;
  gap_lasts_ = false;
}

void Vwap::close_seconds() noexcept {
  for (std::uint32_t i = 0; i < second_count_; ++i) {
    Second& second = seconds_[i];
    Session& session = sessions_[index_of(second.sums.instrument)];
    fold(session, second);
    second.column.release();
    session.second = 0;
    if (second.sums.trades == 0) continue;  // all of them were broken
    merge_into_minute(session, second.sums);
    tell(second.sums, BarPeriod::second);
  }
  second_count_ = 0;
}

void Vwap::merge_into_minute(Session& session, const Sums& second) noexcept {
  if (session.minute == 0) {
    minutes_.push_back(second);  // room for one per instrument was reserved
    session.minute = static_cast<std::uint32_t>(minutes_.size());
    return;
  }
  Sums& minute = minutes_[session.minute - 1];
  minute.notional.add(second.notional);
  minute.volume += second.volume;
  minute.trades += second.trades;
  if (!second.priced) return;
  if (!minute.priced) {
    minute.priced = true;
    minute.open = second.open;
    minute.low = second.low;
    minute.high = second.high;
  }
  minute.widen(second.low, second.high);
  minute.close = second.close;
}

void Vwap::close_minutes() noexcept {
  for (const Sums& sums : minutes_) {
    sessions_[index_of(sums.instrument)].minute = 0;
    if (sums.trades != 0) tell(sums, BarPeriod::minute);
  }
  minutes_.clear();
}

void Vwap::tell(const Sums& sums, BarPeriod period) noexcept {
  const bool is_second = period == BarPeriod::second;
  (is_second ? counts_.second_bars : counts_.minute_bars).add();
  if (sink_ == nullptr) return;
  const std::uint64_t start = is_second ? second_ : second_ / kSecondsPerMinute * kSecondsPerMinute;
  const Session& session = sessions_[index_of(sums.instrument)];
  sink_->on_bar({.start_ns = start * kNanosPerSecond,
                 .period = period,
                 .instrument = sums.instrument,
                 .complete = session.missing_second <= start && gap_second_ <= start,
                 .priced = sums.priced,
                 .open = sums.open,
                 .high = sums.high,
                 .low = sums.low,
                 .close = sums.close,
                 .volume = sums.volume,
                 .trades = sums.trades,
                 .vwap = sums.notional.value() / static_cast<double>(sums.volume)});
}

SessionTotals Vwap::totals(InstrumentId instrument) const noexcept {
  const Session& session = sessions_[index_of(instrument)];
  SessionTotals totals = session.totals;
  totals.incomplete = totals.incomplete || is_incomplete();
  if (session.second == 0) return totals;
  const Second& second = seconds_[session.second - 1];
  if (second.rows == 0) return totals;
  const Fold fold = fold_column(second);
  totals.notional.add(fold.notional, fold.notional_errors);
  totals.low = std::min(totals.low, to_price(fold.low));
  totals.high = std::max(totals.high, to_price(fold.high));
  return totals;
}

std::size_t Vwap::top_by_volume(std::span<VolumeRank> out) const noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i <= highest_instrument_; ++i) {
    const std::uint64_t volume = sessions_[i].totals.volume;
    if (volume == 0 || out.empty()) continue;
    if (count == out.size() && volume <= out[count - 1].volume) continue;
    std::size_t place = count < out.size() ? count++ : count - 1;
    for (; place > 0 && out[place - 1].volume < volume; --place) out[place] = out[place - 1];
    out[place] = {.instrument = static_cast<InstrumentId>(i), .volume = volume};
  }
  return count;
}

}  // namespace tapeline::market

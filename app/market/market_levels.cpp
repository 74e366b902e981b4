// The calls of Market for venues that tell books by levels or quotes.

#include "app/market/market.hpp"

namespace tapeline::market {

namespace {

[[nodiscard]] bool is_a_side(Side side) noexcept { return side == Side::buy || side == Side::sell; }

}  // namespace

Instrument& Market::told_by(BookKind kind, InstrumentId id) noexcept {
  Instrument& instrument = named(id);
  if (instrument.book_kind != kind) [[unlikely]] {
    instrument.book.clear();
    // Orders that are left in the table must not be looked for in the levels.
    if (instrument.book_kind == BookKind::orders && instrument.epoch < kLastEpoch) {
      ++instrument.epoch;
    }
    instrument.book_kind = kind;
  }
  return instrument;
}

void Market::set_level(InstrumentId id, Side side, Price price, std::uint64_t size,
                       std::uint32_t orders) noexcept {
  Instrument& instrument = told_by(BookKind::levels, id);
  if (!is_a_side(side)) [[unlikely]] {
    counts_.bad_sides.add();
    return doubt(id);
  }
  switch (instrument.book.set(side, price, size, orders, levels_)) {
    case LevelChange::placed:
    case LevelChange::changed:
    case LevelChange::removed: return;
    case LevelChange::absent: return counts_.absent_levels.add();
    case LevelChange::refused: counts_.refused_levels.add(); return doubt(id);
  }
}

void Market::clear_book(InstrumentId id) noexcept { named(id).book.clear(); }

void Market::begin_book(InstrumentId id) noexcept {
  Instrument& instrument = told_by(BookKind::levels, id);
  if (!instrument.stale) counts_.stale_books.add();
  instrument.stale = true;
  instrument.book.clear();
  instrument.doubtful = false;
}

void Market::load_level(InstrumentId id, Side side, Price price, std::uint64_t size,
                        std::uint32_t orders) noexcept {
  if (!is_a_side(side)) [[unlikely]] {
    counts_.bad_sides.add();
    return doubt(id);
  }
  if (!named(id).book.load(side, price, size, orders, levels_)) [[unlikely]] {
    counts_.refused_levels.add();
    doubt(id);
  }
}

void Market::end_book(InstrumentId id) noexcept {
  Instrument& instrument = named(id);
  counts_.repeated_levels.add(instrument.book.settle());
  const bool doubtful = instrument.doubtful;
  mark_whole(id);
  instrument.doubtful = doubtful;  // by what was told in the snapshot
}

void Market::mark_stale(InstrumentId id) noexcept {
  Instrument& instrument = named(id);
  if (instrument.stale) return;
  instrument.stale = true;
  counts_.stale_marks.add();
  counts_.stale_books.add();
}

void Market::mark_whole(InstrumentId id) noexcept {
  Instrument& instrument = named(id);
  if (instrument.stale) counts_.stale_books.set(counts_.stale_books.get() - 1);
  instrument.stale = false;
  instrument.doubtful = false;
}

void Market::mark_all_stale() noexcept {
  for (std::uint32_t i = 0; i < instrument_bound_; ++i) {
    const Instrument& instrument = instruments_[i];
    if (instrument.seen && instrument.book_kind != BookKind::orders) {
      mark_stale(InstrumentId{static_cast<std::uint16_t>(i)});
    }
  }
}

void Market::set_quote(InstrumentId id, const QuoteSide& bid, const QuoteSide& ask) noexcept {
  if (named(id).book_kind == BookKind::levels) return counts_.hidden_quotes.add();
  Instrument& instrument = told_by(BookKind::quotes, id);
  mark_whole(id);
  const auto set_side = [&](Side side, const QuoteSide& quote) noexcept {
    instrument.book.clear(side);
    if (!quote.is_there || instrument.book.load(side, quote.price, quote.size, 0, levels_)) return;
    counts_.refused_levels.add();
    doubt(id);
  };
  set_side(Side::buy, bid);
  set_side(Side::sell, ask);
}

void Market::report_trade(InstrumentId id, std::uint64_t size, Price price,
                          MatchNumber match) noexcept {
  static_cast<void>(named(id));
  print({.price = price,
         .shares = size,
         .match_number = match,
         .time_ns = now_,
         .instrument = id,
         .kind = TradeKind::report,
         .breakable = false});
}

void Market::report_trade(InstrumentId id, std::uint64_t size, Price price, MatchNumber match,
                          const PrintUse& use) noexcept {
  static_cast<void>(named(id));
  print({.price = price,
         .shares = size,
         .match_number = match,
         .time_ns = now_,
         .instrument = id,
         .kind = use.kind,
         .printable = use.in_volume,
         .sets_price = use.sets_price});
}

}  // namespace tapeline::market

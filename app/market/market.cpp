#include "app/market/market.hpp"

#include <algorithm>

namespace tapeline::market {

namespace {

constexpr std::size_t kMebibyte = std::size_t{1024} * 1024;

}  // namespace

Market::Market(const MarketConfig& config, ColumnPool& columns, BarSink* sink)
    : price_decimals_{std::min(config.price_decimals, kMaxPriceDecimals)},
      orders_{config.preallocated_orders_mib * kMebibyte, config.max_orders_mib * kMebibyte},
      levels_{config.preallocated_levels_mib * kMebibyte, config.max_levels_mib * kMebibyte},
      instruments_{kMaxInstruments},
      symbols_{kMaxInstruments},
      auctions_{kMaxInstruments},
      vwap_{config, columns, sink, counts_} {}

void Market::start_session() noexcept {
  vwap_.start_session();
  orders_.clear();
  instruments_.clear();
  symbols_.clear();
  auctions_.clear();
  levels_.clear();
  counts_.stale_books.set(0);
  instrument_bound_ = 0;
  books_stale_ = false;
  snapshot_ = Snapshot::none;
  now_ = 0;
}

void Market::meet(InstrumentId id, Instrument& instrument) noexcept {
  instrument.seen = true;
  instrument.price_decimals = price_decimals_;
  instrument_bound_ = std::max(instrument_bound_, static_cast<std::uint32_t>(id) + 1);
}

void Market::doubt(InstrumentId id) noexcept {
  Instrument& instrument = named(id);
  if (!instrument.doubtful) counts_.doubtful_books.add();
  instrument.doubtful = true;
}

Order* Market::find_order(OrderRef ref) noexcept {
  Order* order = orders_.find(ref);
  if (order == nullptr) return nullptr;
  const Instrument& instrument = instruments_[index_of(order->instrument)];
  if (order->epoch == instrument.epoch && instrument.epoch != kLastEpoch) [[likely]]
    return order;
  orders_.erase(ref, order);
  return nullptr;
}

Order* Market::find_named(InstrumentId id, OrderRef ref) noexcept {
  Order* order = find_order(ref);
  if (order == nullptr) [[unlikely]] {
    counts_.unknown_orders.add();
    doubt(id);
    return nullptr;
  }
  if (order->instrument != id) [[unlikely]]
    counts_.wrong_instruments.add();
  return order;
}

void Market::take_all(OrderRef ref, Order& order) noexcept {
  instruments_[index_of(order.instrument)].book.remove(order.side, order.price, order.shares);
  orders_.erase(ref, &order);
}

void Market::take(OrderRef ref, Order& order, std::uint32_t shares) noexcept {
  if (shares < order.shares) {
    instruments_[index_of(order.instrument)].book.reduce(order.side, order.price, shares);
    order.shares -= shares;
    return;
  }
  if (shares > order.shares) [[unlikely]] {
    counts_.oversized_takes.add();
    doubt(order.instrument);
  }
  take_all(ref, order);
}

void Market::place(OrderRef ref, Order order) noexcept {
  if (raw(order.price) == 0) [[unlikely]]
    counts_.zero_prices.add();
  if (order.shares == 0) [[unlikely]]
    return counts_.zero_shares.add();
  Instrument& instrument = told_by(BookKind::orders, order.instrument);
  order.epoch = instrument.epoch;
  if (order.epoch == kLastEpoch) [[unlikely]] {
    counts_.refused_orders.add();
    return doubt(order.instrument);
  }
  switch (insert(ref, order)) {
    case OrderTable::Insertion::inserted: break;
    case OrderTable::Insertion::duplicate:
      counts_.duplicate_orders.add();
      return doubt(order.instrument);
    case OrderTable::Insertion::refused:
      counts_.refused_orders.add();
      return doubt(order.instrument);
  }
  if (!instrument.book.add(order.side, order.price, order.shares, levels_)) [[unlikely]] {
    counts_.refused_levels.add();
    orders_.erase(ref, orders_.find(ref));
    doubt(order.instrument);
  }
}

OrderTable::Insertion Market::insert(OrderRef ref, const Order& order) noexcept {
  const OrderTable::Insertion insertion = orders_.insert(ref, order);
  if (insertion != OrderTable::Insertion::duplicate) [[likely]]
    return insertion;
  // The place may be taken by an order that was cleared with its book.
  return find_order(ref) == nullptr ? orders_.insert(ref, order) : insertion;
}

void Market::clear_orders(InstrumentId id) noexcept {
  Instrument& instrument = told_by(BookKind::orders, id);
  instrument.book.clear();
  if (instrument.epoch < kLastEpoch) ++instrument.epoch;
}

void Market::add_order(InstrumentId id, OrderRef ref, Side side, std::uint32_t shares,
                       Price price) noexcept {
  if (side != Side::buy && side != Side::sell) [[unlikely]] {
    counts_.bad_sides.add();
    return doubt(id);
  }
  place(ref, {.price = price, .shares = shares, .instrument = id, .side = side, .epoch = 0});
}

void Market::execute(InstrumentId id, OrderRef ref, std::uint32_t shares,
                     MatchNumber match) noexcept {
  Order* order = find_named(id, ref);
  // Only the order knows the price, so the print is lost with it.
  if (order == nullptr) [[unlikely]]
    return vwap_.mark_incomplete(id);
  if (shares == 0) [[unlikely]]
    return counts_.zero_shares.add();
  const Trade trade{.price = order->price,
                    .shares = shares,
                    .match_number = match,
                    .time_ns = now_,
                    .instrument = order->instrument,
                    .kind = TradeKind::execution};
  take(ref, *order, shares);
  print(trade);
}

void Market::execute_at_price(InstrumentId id, OrderRef ref, std::uint32_t shares,
                              MatchNumber match, bool printable, Price price,
                              bool sets_price) noexcept {
  if (shares == 0) [[unlikely]]
    return counts_.zero_shares.add();
  Order* order = find_named(id, ref);
  const InstrumentId traded = order == nullptr ? id : order->instrument;
  if (order != nullptr) take(ref, *order, shares);
  print({.price = price,
         .shares = shares,
         .match_number = match,
         .time_ns = now_,
         .instrument = traded,
         .kind = TradeKind::execution_at_price,
         .printable = printable,
         .sets_price = sets_price});
}

void Market::cancel(InstrumentId id, OrderRef ref, std::uint32_t shares) noexcept {
  Order* order = find_named(id, ref);
  if (order == nullptr) [[unlikely]]
    return;
  if (shares == 0) [[unlikely]]
    return counts_.zero_shares.add();
  take(ref, *order, shares);
}

void Market::remove(InstrumentId id, OrderRef ref) noexcept {
  Order* order = find_named(id, ref);
  if (order != nullptr) [[likely]]
    take_all(ref, *order);
}

void Market::replace(InstrumentId id, OrderRef original, OrderRef replacement, std::uint32_t shares,
                     Price price) noexcept {
  Order* order = find_named(id, original);
  if (order == nullptr) [[unlikely]]
    return;
  const Order next{.price = price,
                   .shares = shares,
                   .instrument = order->instrument,
                   .side = order->side,
                   .epoch = 0};
  if (find_order(replacement) != nullptr) [[unlikely]]
    counts_.replaced_onto_open.add();
  take_all(original, *order);
  place(replacement, next);
}

void Market::modify(InstrumentId id, OrderRef ref, std::uint32_t shares, Price price) noexcept {
  Order* order = find_named(id, ref);
  if (order == nullptr) [[unlikely]]
    return;
  Order next = *order;
  next.shares = shares;
  next.price = price;
  take_all(ref, *order);
  place(ref, next);
}

void Market::print(const Trade& trade) noexcept {
  if (raw(trade.price) == 0 && trade.shares != 0) [[unlikely]]
    counts_.zero_prices.add();
  if (trade_sink_ != nullptr && trade.shares != 0) [[unlikely]]
    trade_sink_->on_trade(trade);
  vwap_.on_trade(trade);
}

void Market::trade(InstrumentId id, std::uint64_t shares, Price price, MatchNumber match) noexcept {
  static_cast<void>(named(id));
  print({.price = price,
         .shares = shares,
         .match_number = match,
         .time_ns = now_,
         .instrument = id,
         .kind = TradeKind::hidden});
}

void Market::cross_trade(InstrumentId id, std::uint64_t shares, Price price,
                         MatchNumber match) noexcept {
  static_cast<void>(named(id));
  print({.price = price,
         .shares = shares,
         .match_number = match,
         .time_ns = now_,
         .instrument = id,
         .kind = TradeKind::cross});
}

void Market::break_trade(InstrumentId id, MatchNumber match) noexcept {
  static_cast<void>(named(id));
  vwap_.break_trade(id, match);
  if (trade_sink_ != nullptr) [[unlikely]]
    trade_sink_->on_break(id, match);
}

void Market::list(InstrumentId id, const Listing& listing) noexcept {
  Instrument& instrument = named(id);
  symbols_[index_of(id)] = SymbolText::from(listing.symbol);
  instrument.round_lot = listing.round_lot;
  instrument.size_decimals = std::min(listing.size_decimals, kMaxSizeDecimals);
  if (listing.price_decimals != Listing::kDecimalsOfMarket) {
    instrument.price_decimals = std::min(listing.price_decimals, kMaxPriceDecimals);
  }
}

void Market::set_auction(InstrumentId id, const Auction& auction) noexcept {
  static_cast<void>(named(id));
  auctions_[index_of(id)].latest = auction;
}

void Market::set_official_price(InstrumentId id, OfficialPrice which, Price price) noexcept {
  static_cast<void>(named(id));
  AuctionRecord& record = auctions_[index_of(id)];
  (which == OfficialPrice::opening ? record.official_opening : record.official_closing) = price;
}

void Market::set_trading_state(InstrumentId id, TradingState state,
                               const std::array<char, 4>& reason) noexcept {
  Instrument& instrument = named(id);
  instrument.trading_state = state;
  instrument.halt_reason = reason;
}

void Market::set_short_sale_test(InstrumentId id, ShortSaleTest test) noexcept {
  named(id).short_sale_test = test;
}

void Market::set_operational_halt(InstrumentId id, std::uint8_t market_bit, bool halted) noexcept {
  std::uint8_t& markets = named(id).halted_markets;
  markets = static_cast<std::uint8_t>(halted ? markets | market_bit : markets & ~market_bit);
}

void Market::on_gap() noexcept {
  books_stale_ = true;
  if (snapshot_ == Snapshot::open) snapshot_ = Snapshot::spoiled;
  counts_.gaps.add();
  vwap_.on_gap();
}

void Market::forget_books() noexcept {
  orders_.clear();
  for (std::size_t i = 0; i < instrument_bound_; ++i) {
    instruments_[i].book = {};
    instruments_[i].doubtful = false;
    instruments_[i].stale = false;
  }
  levels_.clear();
  counts_.stale_books.set(0);
  books_stale_ = true;
}

void Market::begin_snapshot() noexcept {
  forget_books();
  snapshot_ = Snapshot::open;
}

void Market::end_snapshot() noexcept {
  if (snapshot_ == Snapshot::open) books_stale_ = false;
  snapshot_ = Snapshot::none;
}

void Market::abandon_snapshot() noexcept {
  if (snapshot_ == Snapshot::none) return;
  forget_books();
  snapshot_ = Snapshot::none;
}

}  // namespace tapeline::market

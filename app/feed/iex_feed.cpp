#include "app/feed/iex_feed.hpp"

#include <algorithm>
#include <string_view>

#include "codec/decode_status.hpp"
#include "codec/iex/decoder.hpp"

namespace tapeline::feed {

namespace {

namespace iex = codec::iex;

// IEX is the only market whose operational halts it tells.
constexpr std::uint8_t kMarketBit = 1;

[[nodiscard]] market::OrderRef order(iex::OrderId id) noexcept {
  return market::OrderRef{static_cast<std::uint64_t>(id)};
}
[[nodiscard]] market::MatchNumber match(iex::TradeId id) noexcept {
  return market::MatchNumber{static_cast<std::uint64_t>(id)};
}

[[nodiscard]] market::Side order_side(char side) noexcept {
  switch (side) {
    case '8': return market::Side::buy;
    case '5': return market::Side::sell;
    default: return market::Side::unknown;
  }
}

[[nodiscard]] market::Side imbalance_side(char side) noexcept {
  switch (side) {
    case 'B': return market::Side::buy;
    case 'S': return market::Side::sell;
    default: return market::Side::unknown;
  }
}

// In an order acceptance period orders are taken and nothing trades.
[[nodiscard]] market::TradingState trading_state(char status) noexcept {
  using market::TradingState;
  switch (status) {
    case 'H': return TradingState::halted;
    case 'O': return TradingState::quote_only;
    case 'P': return TradingState::paused;
    case 'T': return TradingState::trading;
    default: return TradingState::other;
  }
}

// In effect without a word of since when counts as from today.
[[nodiscard]] market::ShortSaleTest short_sale_test(std::uint8_t status, char detail) noexcept {
  using market::ShortSaleTest;
  if (status == 0) return ShortSaleTest::none;
  if (status != 1) return ShortSaleTest::other;
  return detail == 'C' ? ShortSaleTest::still_in_force : ShortSaleTest::in_force_today;
}

[[nodiscard]] market::AuctionKind auction_kind(char type) noexcept {
  using market::AuctionKind;
  switch (type) {
    case 'O': return AuctionKind::opening;
    case 'C': return AuctionKind::closing;
    case 'I': return AuctionKind::ipo;
    case 'H': return AuctionKind::halt;
    case 'V': return AuctionKind::volatility;
    default: return AuctionKind::other;
  }
}

[[nodiscard]] market::QuoteSide quote_side(iex::Price price, std::uint32_t size) noexcept {
  return {.price = market::Price{price}, .size = size, .is_there = size != 0};
}

[[nodiscard]] std::string_view text(const iex::Symbol& symbol) noexcept {
  return {symbol.chars.data(), symbol.chars.size()};
}

}  // namespace

// What each message does. Called by the decoder with a view of the message.
struct IexFeed::Applier {
  IexFeed& feed;
  market::Market& market;
  IexFeedCounts& counts;

  void operator()(const iex::SystemEvent& event) const noexcept {
    feed.advance(event.timestamp_ns());
    counts.last_system_event.set(static_cast<unsigned char>(event.event()));
    switch (event.event()) {
      case 'C': return market.close_all();
      case 'O':
      case 'S':
      case 'R':
      case 'M':
      case 'E': return;
      default: return counts.unknown_values.add();
    }
  }
  // Everything else is of one security.
  template <typename View>
  void operator()(const View& view) const noexcept {
    feed.advance(view.timestamp_ns());
    if (const auto id = feed.instrument(view.symbol())) on(*id, view);
  }

  void on(market::InstrumentId id, const iex::QuoteUpdate& quote) const noexcept {
    if (market.instrument(id).stale) market.mark_whole(id);
    market.set_quote(id, quote_side(quote.bid_price(), quote.bid_size()),
                     quote_side(quote.ask_price(), quote.ask_size()));
  }
  void on(market::InstrumentId id, const iex::BuyLevelUpdate& update) const noexcept {
    on_level(id, market::Side::buy, update);
  }
  void on(market::InstrumentId id, const iex::SellLevelUpdate& update) const noexcept {
    on_level(id, market::Side::sell, update);
  }
  template <typename Update>
  void on_level(market::InstrumentId id, market::Side side, const Update& update) const noexcept {
    feed.note_deep_book();
    feed.set_level({.price = market::Price{update.price()},
                    .size = update.size(),
                    .instrument = id,
                    .side = side},
                   (update.flags() & iex::kEventComplete) != 0);
  }

  void on(market::InstrumentId id, const iex::AddOrder& add) const noexcept {
    feed.note_deep_book();
    market.add_order(id, order(add.order_id()), order_side(add.side()), add.size(),
                     market::Price{add.price()});
  }
  void on(market::InstrumentId id, const iex::OrderModify& modify) const noexcept {
    feed.note_deep_book();
    market.modify(id, order(modify.order_id()), modify.size(), market::Price{modify.price()});
  }
  void on(market::InstrumentId id, const iex::OrderDelete& removed) const noexcept {
    feed.note_deep_book();
    market.remove(id, order(removed.order_id()));
  }
  void on(market::InstrumentId id, const iex::OrderExecuted& executed) const noexcept {
    feed.note_deep_book();
    const market::PrintUse use = feed.use_of(executed.conditions());
    market.execute_at_price(id, order(executed.order_id()), executed.size(),
                            match(executed.trade_id()), use.in_volume,
                            market::Price{executed.price()}, use.sets_price);
  }
  void on(market::InstrumentId id, const iex::ClearBook& /*clear*/) const noexcept {
    feed.note_deep_book();
    market.clear_orders(id);
  }

  void on(market::InstrumentId id, const iex::TradeReport& trade) const noexcept {
    market.report_trade(id, trade.size(), market::Price{trade.price()}, match(trade.trade_id()),
                        feed.use_of(trade.conditions()));
  }
  void on(market::InstrumentId id, const iex::TradeBreak& broken) const noexcept {
    market.break_trade(id, match(broken.trade_id()));
  }
  void on(market::InstrumentId id, const iex::OfficialPrice& official) const noexcept {
    const char type = official.price_type();
    if (type != 'Q' && type != 'M') return counts.unknown_values.add();
    market.set_official_price(
        id, type == 'Q' ? market::OfficialPrice::opening : market::OfficialPrice::closing,
        market::Price{official.price()});
  }
  void on(market::InstrumentId id, const iex::AuctionInformation& auction) const noexcept {
    const market::AuctionKind kind = auction_kind(auction.auction_type());
    if (kind == market::AuctionKind::other) counts.unknown_values.add();
    market.set_auction(id,
                       {.time_ns = market.now(),
                        .reference_price = market::Price{auction.reference_price()},
                        .indicative_price = market::Price{auction.indicative_clearing_price()},
                        .book_price = market::Price{auction.auction_book_clearing_price()},
                        .collar_reference_price = market::Price{auction.collar_reference_price()},
                        .lower_collar = market::Price{auction.lower_collar()},
                        .upper_collar = market::Price{auction.upper_collar()},
                        .paired_shares = auction.paired_shares(),
                        .imbalance_shares = auction.imbalance_shares(),
                        .scheduled_time_s = auction.scheduled_time_s(),
                        .kind = kind,
                        .imbalance_side = imbalance_side(auction.imbalance_side()),
                        .extensions = auction.extension_number()});
  }

  void on(market::InstrumentId id, const iex::SecurityDirectory& security) const noexcept {
    market.list(id, {.symbol = feed.symbols_.symbol(id), .round_lot = security.round_lot_size()});
  }
  void on(market::InstrumentId id, const iex::TradingStatus& status) const noexcept {
    const market::TradingState state = trading_state(status.status());
    if (state == market::TradingState::other) counts.unknown_values.add();
    market.set_trading_state(id, state, status.reason().chars);
  }
  void on(market::InstrumentId id, const iex::ShortSalePriceTest& test) const noexcept {
    const market::ShortSaleTest value = short_sale_test(test.status(), test.detail());
    if (value == market::ShortSaleTest::other) counts.unknown_values.add();
    market.set_short_sale_test(id, value);
  }
  void on(market::InstrumentId id, const iex::OperationalHalt& halt) const noexcept {
    if (halt.status() != 'O' && halt.status() != 'N') return counts.unknown_values.add();
    market.set_operational_halt(id, kMarketBit, halt.status() == 'O');
  }
  void on(market::InstrumentId /*id*/, const iex::RetailLiquidity& /*interest*/) const noexcept {}
  void on(market::InstrumentId /*id*/, const iex::SecurityEvent& /*event*/) const noexcept {}
};

IexFeed::IexFeed(market::Market& market, const IexPrintRules& rules)
    : market_{market},
      rules_{rules},
      named_{std::size_t{1} << kNamedBits},
      pending_{std::make_unique<PendingLevel[]>(kMaxPending)},
      pending_of_{market::kMaxInstruments} {}

void IexFeed::apply(std::span<const std::byte> message) noexcept {
  if (message.empty()) [[unlikely]] {
    counts_.empty.add();
    return counts_.wrong_lengths.add();
  }
  counts_.by_type[std::to_integer<std::size_t>(message.front())].add();
  switch (iex::decode(message, Applier{*this, market_, counts_})) {
    case codec::DecodeStatus::ok: return;
    case codec::DecodeStatus::ok_longer: return counts_.longer.add();
    case codec::DecodeStatus::wrong_length: return counts_.wrong_lengths.add();
    case codec::DecodeStatus::unknown_type: return counts_.unknown_types.add();
  }
}

void IexFeed::start_session() noexcept {
  if (session_seen_ || counts_.messages() > 0) {
    counts_.session_changes.add();
    market_.start_session();
    symbols_.clear();
    named_.clear();
    forget_pending();
  }
  session_seen_ = true;
  lost_ = false;
  deep_book_ = false;
  latest_ns_ = 0;
}

void IexFeed::lose() noexcept {
  lost_ = true;
  forget_pending();
  if (deep_book_) return market_.on_gap();
  market_.on_missed_prints();
  market_.mark_all_stale();
}

void IexFeed::note_deep_book() noexcept {
  if (deep_book_) [[likely]]
    return;
  deep_book_ = true;
  if (lost_) market_.on_gap();
}

void IexFeed::advance(std::int64_t timestamp_ns) noexcept {
  const auto time_ns = static_cast<std::uint64_t>(timestamp_ns);
  if (timestamp_ns < 0 || (latest_ns_ != 0 && time_ns > latest_ns_ + kMaxStepNs)) [[unlikely]]
    return counts_.bad_timestamps.add();
  latest_ns_ = std::max(latest_ns_, time_ns);
  market_.advance(time_ns);
}

std::optional<market::InstrumentId> IexFeed::look_up(const iex::Symbol& symbol) noexcept {
  const auto found = symbols_.find_or_add(text(symbol));
  if (!found) [[unlikely]] {
    counts_.refused_symbols.add();
    return std::nullopt;
  }
  if (found->is_new) [[unlikely]]
    market_.list(found->id, {.symbol = symbols_.symbol(found->id)});
  const auto on_wire = std::bit_cast<std::uint64_t>(symbol);
  named_[place_of(on_wire)] = {.symbol = on_wire, .id = found->id, .is_known = true};
  return found->id;
}

void IexFeed::set_level(const PendingLevel& level, bool complete) noexcept {
  if (!complete) return keep_back(level);
  if (is_in_event(level.instrument)) apply_pending(level.instrument);
  market_.set_level(level.instrument, level.side, level.price, level.size);
  counts_.events.add();
}

void IexFeed::keep_back(const PendingLevel& level) noexcept {
  if (pending_count_ == kMaxPending) [[unlikely]] {
    counts_.oversized_events.add();
    // What is kept back of others makes room only when they complete, so this one goes in parts.
    apply_pending(level.instrument);
    if (pending_count_ == kMaxPending) {
      return market_.set_level(level.instrument, level.side, level.price, level.size);
    }
  }
  pending_[pending_count_++] = level;
  ++pending_of_[market::index_of(level.instrument)];
}

void IexFeed::apply_pending(market::InstrumentId id) noexcept {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < pending_count_; ++i) {
    const PendingLevel& level = pending_[i];
    if (level.instrument == id) {
      market_.set_level(id, level.side, level.price, level.size);
    } else {
      pending_[kept++] = level;
    }
  }
  pending_count_ = kept;
  pending_of_[market::index_of(id)] = 0;
}

void IexFeed::forget_pending() noexcept {
  for (std::size_t i = 0; i < pending_count_; ++i) {
    std::uint16_t& of_instrument = pending_of_[market::index_of(pending_[i].instrument)];
    if (of_instrument != 0) counts_.broken_events.add();
    of_instrument = 0;
  }
  pending_count_ = 0;
}

market::PrintUse IexFeed::use_of(std::uint8_t conditions) const noexcept {
  return {.kind = (conditions & iex::kSinglePriceCross) != 0 ? market::TradeKind::cross
                                                             : market::TradeKind::report,
          .in_volume = (conditions & rules_.not_in_volume) == 0,
          .sets_price = (conditions & rules_.not_in_price) == 0};
}

}  // namespace tapeline::feed

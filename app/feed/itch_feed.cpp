#include "app/feed/itch_feed.hpp"

#include "codec/decode_status.hpp"
#include "codec/glimpse/end_of_snapshot.hpp"
#include "codec/itch/decoder.hpp"

namespace tapeline::feed {

namespace {

namespace itch = codec::itch;

constexpr std::uint64_t kNanosPerDay = 86'400'000'000'000;

[[nodiscard]] market::InstrumentId instrument(itch::Locate locate) noexcept {
  return market::InstrumentId{static_cast<std::uint16_t>(locate)};
}
[[nodiscard]] market::OrderRef order(itch::OrderRef ref) noexcept {
  return market::OrderRef{static_cast<std::uint64_t>(ref)};
}
[[nodiscard]] market::MatchNumber match(itch::MatchNumber number) noexcept {
  return market::MatchNumber{static_cast<std::uint64_t>(number)};
}
[[nodiscard]] market::Price price(itch::Price4 price) noexcept {
  return market::Price{std::int64_t{price}};
}

[[nodiscard]] market::Side side(char side) noexcept {
  switch (side) {
    case 'B': return market::Side::buy;
    case 'S': return market::Side::sell;
    default: return market::Side::unknown;
  }
}

[[nodiscard]] market::TradingState trading_state(char state) noexcept {
  using market::TradingState;
  switch (state) {
    case 'H': return TradingState::halted;
    case 'P': return TradingState::paused;
    case 'Q': return TradingState::quote_only;
    case 'T': return TradingState::trading;
    default: return TradingState::other;
  }
}

[[nodiscard]] market::ShortSaleTest short_sale_test(char action) noexcept {
  using market::ShortSaleTest;
  switch (action) {
    case '0': return ShortSaleTest::none;
    case '1': return ShortSaleTest::in_force_today;
    case '2': return ShortSaleTest::still_in_force;
    default: return ShortSaleTest::other;
  }
}

// Nasdaq, BX (or Texas), PSX; all markets that are not known share a bit.
[[nodiscard]] std::uint8_t market_bit(char market) noexcept {
  switch (market) {
    case 'Q': return 1;
    case 'B': return 2;
    case 'X': return 4;
    default: return 128;
  }
}

}  // namespace

// What each message does. Called by the decoder with a view of the message.
struct ItchFeed::Applier {
  market::Market& market;
  ItchFeedCounts& counts;

  template <typename View>
  void operator()(const View& view) const noexcept {
    const std::uint64_t time_ns = view.timestamp_ns();
    if (time_ns < kNanosPerDay) [[likely]] {
      market.advance(time_ns);
    } else {
      counts.bad_timestamps.add();
    }
    on(view);
  }

  void on(const itch::AddOrder& add) const noexcept {
    market.add_order(instrument(add.stock_locate()), order(add.order_ref()), side(add.side()),
                     add.shares(), price(add.price()));
  }
  void on(const itch::AddOrderMpid& add) const noexcept {
    market.add_order(instrument(add.stock_locate()), order(add.order_ref()), side(add.side()),
                     add.shares(), price(add.price()));
  }
  void on(const itch::OrderExecuted& executed) const noexcept {
    market.execute(instrument(executed.stock_locate()), order(executed.order_ref()),
                   executed.shares(), match(executed.match_number()));
  }
  void on(const itch::OrderExecutedWithPrice& executed) const noexcept {
    const char printable = executed.printable();
    if (printable != 'Y' && printable != 'N') counts.unknown_values.add();
    market.execute_at_price(instrument(executed.stock_locate()), order(executed.order_ref()),
                            executed.shares(), match(executed.match_number()), printable == 'Y',
                            price(executed.price()));
  }
  void on(const itch::OrderCancel& cancel) const noexcept {
    market.cancel(instrument(cancel.stock_locate()), order(cancel.order_ref()), cancel.shares());
  }
  void on(const itch::OrderDelete& removed) const noexcept {
    market.remove(instrument(removed.stock_locate()), order(removed.order_ref()));
  }
  void on(const itch::OrderReplace& replace) const noexcept {
    market.replace(instrument(replace.stock_locate()), order(replace.original_order_ref()),
                   order(replace.new_order_ref()), replace.shares(), price(replace.price()));
  }

  void on(const itch::Trade& trade) const noexcept {
    market.trade(instrument(trade.stock_locate()), trade.shares(), price(trade.price()),
                 match(trade.match_number()));
  }
  void on(const itch::CrossTrade& trade) const noexcept {
    market.cross_trade(instrument(trade.stock_locate()), trade.shares(), price(trade.price()),
                       match(trade.match_number()));
  }
  void on(const itch::BrokenTrade& broken) const noexcept {
    market.break_trade(instrument(broken.stock_locate()), match(broken.match_number()));
  }

  void on(const itch::SystemEvent& event) const noexcept {
    counts.last_system_event.set(static_cast<unsigned char>(event.event()));
    switch (event.event()) {
      case 'C': return market.close_all();
      case 'O':
      case 'S':
      case 'Q':
      case 'M':
      case 'E': return;
      default: return counts.unknown_values.add();
    }
  }
  void on(const itch::StockDirectory& stock) const noexcept {
    market.list(instrument(stock.stock_locate()),
                {.symbol = stock.stock().trimmed(), .round_lot = stock.round_lot_size()});
  }
  void on(const itch::TradingAction& action) const noexcept {
    const market::TradingState state = trading_state(action.trading_state());
    if (state == market::TradingState::other) counts.unknown_values.add();
    market.set_trading_state(instrument(action.stock_locate()), state, action.reason().chars);
  }
  void on(const itch::RegShoRestriction& restriction) const noexcept {
    const market::ShortSaleTest test = short_sale_test(restriction.action());
    if (test == market::ShortSaleTest::other) counts.unknown_values.add();
    market.set_short_sale_test(instrument(restriction.stock_locate()), test);
  }
  void on(const itch::OperationalHalt& halt) const noexcept {
    const char action = halt.action();
    if (action != 'H' && action != 'T') return counts.unknown_values.add();
    market.set_operational_halt(instrument(halt.stock_locate()), market_bit(halt.market_code()),
                                action == 'H');
  }
  void on(const itch::MwcbStatus& status) const noexcept {
    const char level = status.breached_level();
    if (level < '1' || level > '3') return counts.unknown_values.add();
    counts.breached_level.set(static_cast<std::uint64_t>(level - '0'));
  }

  void on(const itch::MarketParticipantPosition& /*position*/) const noexcept {}
  void on(const itch::MwcbDeclineLevel& /*levels*/) const noexcept {}
  void on(const itch::IpoQuotingPeriod& /*period*/) const noexcept {}
  void on(const itch::LuldAuctionCollar& /*collar*/) const noexcept {}
  void on(const itch::NetOrderImbalance& /*imbalance*/) const noexcept {}
  void on(const itch::RetailInterest& /*interest*/) const noexcept {}
  void on(const itch::DirectListing& /*listing*/) const noexcept {}
};

// What a snapshot may tell: orders and states. Messages that change an order or print are refused.
struct ItchFeed::SnapshotApplier {
  Applier live;
  bool& refused;

  void operator()(const itch::SystemEvent& event) const noexcept {
    live.counts.last_system_event.set(static_cast<unsigned char>(event.event()));
  }
  void operator()(const itch::OrderExecuted& /*view*/) const noexcept { refused = true; }
  void operator()(const itch::OrderExecutedWithPrice& /*view*/) const noexcept { refused = true; }
  void operator()(const itch::OrderCancel& /*view*/) const noexcept { refused = true; }
  void operator()(const itch::OrderDelete& /*view*/) const noexcept { refused = true; }
  void operator()(const itch::OrderReplace& /*view*/) const noexcept { refused = true; }
  void operator()(const itch::Trade& /*view*/) const noexcept { refused = true; }
  void operator()(const itch::CrossTrade& /*view*/) const noexcept { refused = true; }
  void operator()(const itch::BrokenTrade& /*view*/) const noexcept { refused = true; }
  template <typename State>
  void operator()(const State& state) const noexcept {
    live.on(state);
  }
};

SnapshotResult ItchFeed::apply_snapshot(std::span<const std::byte> message) noexcept {
  counts_.snapshot_messages.add();
  if (codec::glimpse::is_end_of_snapshot(message)) {
    const auto end = codec::glimpse::parse_end_of_snapshot(message);
    if (end && end->next_sequence != 0) return {SnapshotStep::complete, end->next_sequence};
    counts_.snapshot_refusals.add();
    return {SnapshotStep::broken, 0};
  }
  bool refused = false;
  const codec::DecodeStatus status =
      itch::decode(message, SnapshotApplier{{market_, counts_}, refused});
  if (status == codec::DecodeStatus::unknown_type) counts_.unknown_types.add();
  if (!refused && status != codec::DecodeStatus::wrong_length) return {};
  counts_.snapshot_refusals.add();
  return {SnapshotStep::broken, 0};
}

void ItchFeed::apply(std::span<const std::byte> message) noexcept {
  if (message.empty()) [[unlikely]] {
    counts_.empty.add();
    return counts_.wrong_lengths.add();
  }
  counts_.by_type[std::to_integer<std::size_t>(message.front())].add();
  switch (itch::decode(message, Applier{market_, counts_})) {
    case codec::DecodeStatus::ok: return;
    case codec::DecodeStatus::ok_longer: return counts_.longer.add();
    case codec::DecodeStatus::wrong_length: return counts_.wrong_lengths.add();
    case codec::DecodeStatus::unknown_type: return counts_.unknown_types.add();
  }
}

}  // namespace tapeline::feed

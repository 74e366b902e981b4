#include "app/simulate/iex_session.hpp"

#include <algorithm>
#include <cassert>

#include "app/simulate/timetable.hpp"
#include "codec/itch/decoder.hpp"

namespace tapeline::simulate {

namespace {

namespace iex = codec::iex;
namespace itch = codec::itch;

constexpr std::uint32_t kOddLotBelow = 100;

[[nodiscard]] char system_event(char itch_event) noexcept {
  return itch_event == 'Q' ? 'R' : itch_event;  // start of the market hours
}

// "Quotation only" is what IEX calls an order acceptance period.
[[nodiscard]] char trading_status(char itch_state) noexcept {
  return itch_state == 'Q' ? 'O' : itch_state;
}

[[nodiscard]] std::uint64_t number(itch::OrderRef ref) noexcept {
  return static_cast<std::uint64_t>(ref);
}
[[nodiscard]] std::uint64_t number(itch::MatchNumber match) noexcept {
  return static_cast<std::uint64_t>(match);
}

}  // namespace

// Makes items of the ITCH messages of one act.
struct IexSession::Translator {
  IexSession& to;
  std::int64_t timestamp_ns;
  std::uint8_t hours;  // the sale condition of the time

  [[nodiscard]] bool is(Protocol protocol) const noexcept { return to.protocol_ == protocol; }

  template <typename Encode>
  void put(Encode&& encode) {
    Item item;
    item.message.size = encode(std::span<std::byte>{item.message.data});
    to.items_.push_back(item);
  }
  [[nodiscard]] static std::uint16_t instrument(itch::Locate locate) noexcept {
    return static_cast<std::uint16_t>(static_cast<std::uint16_t>(locate) - 1);
  }
  [[nodiscard]] const iex::Symbol& symbol(std::uint16_t of) const noexcept {
    return to.session_.instruments()[of].symbol;
  }
  [[nodiscard]] const iex::Symbol& symbol(itch::Locate locate) const noexcept {
    return symbol(instrument(locate));
  }

  void touch(std::uint16_t of) {
    if (std::ranges::count(to.touched_, of) == 0) to.touched_.push_back(of);
  }
  // A level is told once in an event, where it changed last.
  void touch(const Resting& order) {
    touch(order.instrument);
    if (!is(Protocol::deep)) return;
    std::erase_if(to.items_, [&](const Item& item) {
      return item.is_level && item.instrument == order.instrument && item.side == order.side &&
             item.price == order.price;
    });
    Item item;
    item.is_level = true;
    item.instrument = order.instrument;
    item.side = order.side;
    item.price = order.price;
    to.items_.push_back(item);
  }

  // What becomes of an order: entered, left with fewer shares or none, replaced.
  void tell_added(const Resting& order) {
    touch(order);
    if (!is(Protocol::deep_plus)) return;
    put([&](auto out) {
      return iex::encode_add_order(out, order.side == Side::buy ? '8' : '5', timestamp_ns,
                                   symbol(order.instrument), order.id, order.shares, order.price);
    });
  }
  void tell_changed(const Resting& order) {
    if (!is(Protocol::deep_plus)) return;
    put([&](auto out) {
      if (order.shares == 0) {
        return iex::encode_order_delete(out, ' ', timestamp_ns, symbol(order.instrument), order.id);
      }
      return iex::encode_order_modify(out, 0, timestamp_ns, symbol(order.instrument), order.id,
                                      order.shares, order.price);
    });
  }
  void reduce(itch::OrderRef ref, std::uint32_t shares) {
    const Resting left = take(ref, shares);
    touch(left);
    tell_changed(left);
  }
  // Returns the order as it is then; without shares it is gone.
  Resting take(itch::OrderRef ref, std::uint32_t shares) {
    const auto found = to.orders_.find(number(ref));
    assert(found != to.orders_.end() && found->second.shares >= shares);
    found->second.shares -= shares;
    const Resting left = found->second;
    if (left.shares == 0) to.orders_.erase(found);
    return left;
  }
  [[nodiscard]] std::uint32_t shares_of(itch::OrderRef ref) const {
    return to.orders_.at(number(ref)).shares;
  }

  [[nodiscard]] std::uint8_t note_trade(itch::MatchNumber match, std::uint32_t shares,
                                        std::uint32_t price, std::uint8_t conditions) {
    conditions |= hours;
    if (shares < kOddLotBelow) conditions |= iex::kOddLot;
    to.trades_[number(match)] = {shares, price, conditions};
    return conditions;
  }
  void trade(itch::Locate locate, itch::MatchNumber match, std::uint32_t shares,
             std::uint32_t price, std::uint8_t conditions = 0) {
    conditions = note_trade(match, shares, price, conditions);
    put([&](auto out) {
      return iex::encode_trade<iex::TradeReport>(out, conditions, timestamp_ns, symbol(locate),
                                                 {shares, price, iex::TradeId{number(match)}});
    });
  }
  // A trade of a displayed order, of which `left` stays.
  void execute(const Resting& left, itch::Locate locate, itch::MatchNumber match,
               std::uint32_t shares, std::uint32_t price, std::uint8_t conditions = 0) {
    if (is(Protocol::deep_plus)) {
      conditions = note_trade(match, shares, price, conditions);
      put([&](auto out) {
        return iex::encode_order_executed(out, conditions, timestamp_ns, symbol(locate), left.id,
                                          shares, price, iex::TradeId{number(match)});
      });
    } else {
      trade(locate, match, shares, price, conditions);
    }
    touch(left);
  }

  void operator()(const itch::SystemEvent& m) {
    put([&](auto out) {
      return iex::encode_system_event(out, system_event(m.event()), timestamp_ns);
    });
  }
  void operator()(const itch::StockDirectory& m) {
    const Instrument& of = to.session_.instruments()[instrument(m.stock_locate())];
    const std::uint8_t flags = of.is_fund ? iex::kExchangeTradedProduct : 0;
    const auto tier = static_cast<std::uint8_t>(m.luld_tier() - '0');
    put([&](auto out) {
      return iex::encode_security_directory(
          out, timestamp_ns, of.symbol,
          {flags, m.round_lot_size(), iex::Price{of.price_ticks} * 100, tier});
    });
    if (!is(Protocol::deep_plus)) return;
    put([&](auto out) { return iex::encode_clear_book(out, ' ', timestamp_ns, of.symbol); });
  }
  void operator()(const itch::TradingAction& m) {
    put([&](auto out) {
      return iex::encode_trading_status(out, trading_status(m.trading_state()), timestamp_ns,
                                        symbol(m.stock_locate()), m.reason());
    });
  }
  void operator()(const itch::RegShoRestriction& m) {
    const char action = m.action();
    const char detail = action == '0' ? ' ' : (action == '1' ? 'A' : 'C');
    put([&](auto out) {
      return iex::encode_short_sale_price_test(out, action == '0' ? 0 : 1, timestamp_ns,
                                               symbol(m.stock_locate()), detail);
    });
  }
  void operator()(const itch::OperationalHalt& m) {
    put([&](auto out) {
      return iex::encode_operational_halt(out, m.action() == 'H' ? 'O' : 'N', timestamp_ns,
                                          symbol(m.stock_locate()));
    });
  }
  void operator()(const itch::RetailInterest& m) {
    const char said = m.interest();
    const char interest = said == 'N' ? ' ' : (said == 'B' ? 'A' : (said == 'S' ? 'B' : 'C'));
    put([&](auto out) {
      return iex::encode_retail_liquidity(out, interest, timestamp_ns, symbol(m.stock_locate()));
    });
  }
  void operator()(const itch::NetOrderImbalance& m) {
    if (is(Protocol::deep_plus)) return;
    const char direction = m.imbalance_direction();
    put([&](auto out) {
      return iex::encode_auction_information(
          out, m.cross_type(), timestamp_ns, symbol(m.stock_locate()),
          {.paired_shares = static_cast<std::uint32_t>(m.paired_shares()),
           .reference_price = m.reference_price(),
           .indicative_clearing_price = m.near_price(),
           .imbalance_shares = static_cast<std::uint32_t>(m.imbalance_shares()),
           .imbalance_side = direction == 'B' || direction == 'S' ? direction : 'N',
           .auction_book_clearing_price = m.far_price()});
    });
  }

  void operator()(const itch::AddOrder& m) { on_add(m); }
  void operator()(const itch::AddOrderMpid& m) { on_add(m); }
  template <typename Add>
  void on_add(const Add& m) {
    const Resting order{.id = iex::OrderId{number(m.order_ref())},
                        .shares = m.shares(),
                        .price = m.price(),
                        .instrument = instrument(m.stock_locate()),
                        .side = m.side() == 'B' ? Side::buy : Side::sell};
    to.orders_[number(m.order_ref())] = order;
    tell_added(order);
  }
  void operator()(const itch::OrderCancel& m) { reduce(m.order_ref(), m.shares()); }
  void operator()(const itch::OrderDelete& m) { reduce(m.order_ref(), shares_of(m.order_ref())); }
  void operator()(const itch::OrderReplace& m) {
    const itch::OrderRef old = m.original_order_ref();
    Resting order = take(old, shares_of(old));
    touch(order);
    order.shares = m.shares();
    order.price = m.price();
    to.orders_[number(m.new_order_ref())] = order;
    touch(order);
    tell_changed(order);
  }
  void operator()(const itch::OrderExecuted& m) {
    const Resting left = take(m.order_ref(), m.shares());
    execute(left, m.stock_locate(), m.match_number(), m.shares(), left.price);
  }
  void operator()(const itch::OrderExecutedWithPrice& m) {
    if (m.printable() != 'Y') return reduce(m.order_ref(), m.shares());
    const Resting left = take(m.order_ref(), m.shares());
    execute(left, m.stock_locate(), m.match_number(), m.shares(), m.price(),
            iex::kIntermarketSweep);
  }
  void operator()(const itch::Trade& m) {
    trade(m.stock_locate(), m.match_number(), m.shares(), m.price());
  }
  void operator()(const itch::CrossTrade& m) {
    if (m.shares() == 0) return;
    assert(m.shares() <= 0xFFFF'FFFF);
    trade(m.stock_locate(), m.match_number(), static_cast<std::uint32_t>(m.shares()), m.price(),
          iex::kSinglePriceCross);
    const bool opening = m.cross_type() == 'O';
    if (!opening && m.cross_type() != 'C') return;
    if (!is(Protocol::deep_plus)) {
      put([&](auto out) {
        return iex::encode_official_price(out, opening ? 'Q' : 'M', timestamp_ns,
                                          symbol(m.stock_locate()), m.price());
      });
    }
    if (is(Protocol::tops)) return;
    put([&](auto out) {
      return iex::encode_security_event(out, opening ? 'O' : 'C', timestamp_ns,
                                        symbol(m.stock_locate()));
    });
  }
  void operator()(const itch::BrokenTrade& m) {
    const Trade& broken = to.trades_.at(number(m.match_number()));
    put([&](auto out) {
      return iex::encode_trade<iex::TradeBreak>(
          out, broken.conditions, timestamp_ns, symbol(m.stock_locate()),
          {broken.shares, broken.price, iex::TradeId{number(m.match_number())}});
    });
  }
  // No protocol of IEX has a word for these.
  void operator()(const itch::MarketParticipantPosition& /*m*/) {}
  void operator()(const itch::MwcbDeclineLevel& /*m*/) {}
  void operator()(const itch::MwcbStatus& /*m*/) {}
  void operator()(const itch::IpoQuotingPeriod& /*m*/) {}
  void operator()(const itch::LuldAuctionCollar& /*m*/) {}
  void operator()(const itch::DirectListing& /*m*/) {}
};

IexSession::IexSession(Session& session, Protocol protocol, std::int64_t midnight_ns)
    : session_{session},
      protocol_{protocol},
      midnight_ns_{midnight_ns},
      truths_(session.instruments().size()),
      quotes_(session.instruments().size()) {
  assert(codec::iextp::is_known(protocol));
}

bool IexSession::next() {
  std::array<std::byte, itch::kMaxMessageBytes> message;
  std::size_t count = 0;
  do {
    const std::size_t bytes = session_.next(message);
    if (bytes == 0) break;
    if (count == act_.size()) act_.emplace_back();
    act_[count++].assign(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(bytes));
  } while (!session_.is_settled());
  if (count == 0) return false;

  time_ns_ = std::max(session_.time_ns(), time_ns_ + 1);
  const std::uint64_t second = time_ns_ / kNanosPerSecond;
  const bool regular = second >= kStartOfMarketHours && second < kEndOfMarketHours;
  items_.clear();
  touched_.clear();
  Translator translator{.to = *this,
                        .timestamp_ns = timestamp_ns(),
                        .hours = regular ? std::uint8_t{0} : iex::kExtendedHours};
  for (std::size_t i = 0; i < count; ++i) {
    [[maybe_unused]] const codec::DecodeStatus status = itch::decode(act_[i], translator);
    assert(status == codec::DecodeStatus::ok);
  }
  complete_events();
  messages_.clear();
  for (Item& item : items_) {
    if (item.is_level) tell_level(item);
    messages_.push_back(item.message);
  }
  if (protocol_ == Protocol::tops) tell_quotes(regular ? std::uint8_t{0} : iex::kQuoteOutOfHours);
  for (const std::uint16_t instrument : touched_) note_truth(instrument);
  return true;
}

// The last level of each instrument completes its event.
void IexSession::complete_events() noexcept {
  for (const std::uint16_t instrument : touched_) {
    const auto last = std::find_if(items_.rbegin(), items_.rend(), [&](const Item& item) {
      return item.is_level && item.instrument == instrument;
    });
    if (last != items_.rend()) last->is_last = true;
  }
}

void IexSession::tell_level(Item& item) const noexcept {
  const auto levels = session_.books().levels(item.instrument, item.side);
  const auto level = std::ranges::find(levels, item.price, &Level::price);
  const std::uint64_t shares = level == levels.end() ? 0 : level->shares;
  assert(shares <= 0xFFFF'FFFF);
  const std::uint8_t flags = item.is_last ? iex::kEventComplete : 0;
  const auto encode = item.side == Side::buy ? iex::encode_level_update<iex::BuyLevelUpdate>
                                             : iex::encode_level_update<iex::SellLevelUpdate>;
  item.message.size = encode(item.message.data, flags, timestamp_ns(),
                             session_.instruments()[item.instrument].symbol,
                             static_cast<std::uint32_t>(shares), item.price);
}

IexSession::Quote IexSession::quote_of(std::uint16_t instrument) const noexcept {
  Quote quote;
  const auto best = [&](Side side, iex::Price& price, std::uint32_t& size) {
    const auto levels = session_.books().levels(instrument, side);
    if (levels.empty()) return;
    assert(levels.back().shares <= 0xFFFF'FFFF);
    price = levels.back().price;
    size = static_cast<std::uint32_t>(levels.back().shares);
  };
  best(Side::buy, quote.bid_price, quote.bid_size);
  best(Side::sell, quote.ask_price, quote.ask_size);
  return quote;
}

// Leaves in touched_ whose quote is another one.
void IexSession::tell_quotes(std::uint8_t flags) {
  std::erase_if(touched_, [&](std::uint16_t instrument) {
    const Quote quote = quote_of(instrument);
    if (quote == quotes_[instrument]) return true;
    quotes_[instrument] = quote;
    Message& message = messages_.emplace_back();
    message.size = iex::encode_quote_update(message.data, flags, timestamp_ns(),
                                            session_.instruments()[instrument].symbol, quote);
    return false;
  });
}

void IexSession::note_truth(std::uint16_t instrument) {
  IexTruth& truth = truths_[instrument];
  ++truth.events;
  const auto add = [&](std::uint64_t word) {
    truth.books_digest = (truth.books_digest ^ word) * 0x100'0000'01B3;
  };
  for (const Side side : {Side::buy, Side::sell}) {
    auto levels = session_.books().levels(instrument, side);
    if (protocol_ == Protocol::tops) levels = levels.last(std::min<std::size_t>(levels.size(), 1));
    for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
      add(level->price);
      add(level->shares);
    }
    add(0);
  }
}

}  // namespace tapeline::simulate

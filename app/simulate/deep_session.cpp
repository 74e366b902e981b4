#include "app/simulate/deep_session.hpp"

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
struct DeepSession::Translator {
  DeepSession& to;
  std::int64_t timestamp_ns;
  std::uint8_t hours;  // the sale condition of the time

  template <typename Encode>
  void put(Encode&& encode) {
    Item item;
    item.message.size = encode(std::span<std::byte>{item.message.data});
    to.items_.push_back(item);
  }
  [[nodiscard]] static std::uint16_t instrument(itch::Locate locate) noexcept {
    return static_cast<std::uint16_t>(static_cast<std::uint16_t>(locate) - 1);
  }
  [[nodiscard]] const iex::Symbol& symbol(itch::Locate locate) const noexcept {
    return to.session_.instruments()[instrument(locate)].symbol;
  }

  // A level is told once in an event, where it changed last.
  void touch(std::uint16_t of, Side side, std::uint32_t price) {
    std::erase_if(to.items_, [&](const Item& item) {
      return item.is_level && item.instrument == of && item.side == side && item.price == price;
    });
    Item item;
    item.is_level = true;
    item.instrument = of;
    item.side = side;
    item.price = price;
    to.items_.push_back(item);
  }
  void add(itch::OrderRef ref, itch::Locate locate, Side side, std::uint32_t shares,
           std::uint32_t price) {
    to.orders_[number(ref)] = {
        .shares = shares, .price = price, .instrument = instrument(locate), .side = side};
    touch(instrument(locate), side, price);
  }
  // Returns the order as it was.
  Resting take(itch::OrderRef ref, std::uint32_t shares) {
    const auto found = to.orders_.find(number(ref));
    assert(found != to.orders_.end() && found->second.shares >= shares);
    const Resting order = found->second;
    found->second.shares -= shares;
    if (found->second.shares == 0) to.orders_.erase(found);
    return order;
  }
  void touch(const Resting& order) { touch(order.instrument, order.side, order.price); }
  void trade(itch::Locate locate, itch::MatchNumber match, std::uint32_t shares,
             std::uint32_t price, std::uint8_t conditions = 0) {
    conditions |= hours;
    if (shares < kOddLotBelow) conditions |= iex::kOddLot;
    to.trades_[number(match)] = {shares, price, conditions};
    put([&](auto out) {
      return iex::encode_trade<iex::TradeReport>(out, conditions, timestamp_ns, symbol(locate),
                                                 {shares, price, iex::TradeId{number(match)}});
    });
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
    add(m.order_ref(), m.stock_locate(), m.side() == 'B' ? Side::buy : Side::sell, m.shares(),
        m.price());
  }
  void operator()(const itch::OrderCancel& m) { touch(take(m.order_ref(), m.shares())); }
  void operator()(const itch::OrderDelete& m) {
    touch(take(m.order_ref(), to.orders_[number(m.order_ref())].shares));
  }
  void operator()(const itch::OrderReplace& m) {
    const Resting old =
        take(m.original_order_ref(), to.orders_[number(m.original_order_ref())].shares);
    touch(old);
    add(m.new_order_ref(), m.stock_locate(), old.side, m.shares(), m.price());
  }
  void operator()(const itch::OrderExecuted& m) {
    const Resting order = take(m.order_ref(), m.shares());
    trade(m.stock_locate(), m.match_number(), m.shares(), order.price);
    touch(order);
  }
  void operator()(const itch::OrderExecutedWithPrice& m) {
    const Resting order = take(m.order_ref(), m.shares());
    if (m.printable() == 'Y') {
      trade(m.stock_locate(), m.match_number(), m.shares(), m.price(), iex::kIntermarketSweep);
    }
    touch(order);
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
    put([&](auto out) {
      return iex::encode_official_price(out, opening ? 'Q' : 'M', timestamp_ns,
                                        symbol(m.stock_locate()), m.price());
    });
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
  // DEEP has no word for these.
  void operator()(const itch::MarketParticipantPosition& /*m*/) {}
  void operator()(const itch::MwcbDeclineLevel& /*m*/) {}
  void operator()(const itch::MwcbStatus& /*m*/) {}
  void operator()(const itch::IpoQuotingPeriod& /*m*/) {}
  void operator()(const itch::LuldAuctionCollar& /*m*/) {}
  void operator()(const itch::DirectListing& /*m*/) {}
};

DeepSession::DeepSession(Session& session, std::int64_t midnight_ns)
    : session_{session}, midnight_ns_{midnight_ns}, truths_(session.instruments().size()) {}

bool DeepSession::next() {
  std::array<std::byte, itch::kMaxMessageBytes> message;
  std::size_t count = 0;
  do {
    const std::size_t bytes = session_.next(message);
    if (bytes == 0) break;
    if (count == act_.size()) act_.emplace_back();
    act_[count++].assign(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(bytes));
  } while (!session_.is_settled());
  if (count == 0) return false;

  time_ns_ = session_.time_ns();
  const std::uint64_t second = time_ns_ / kNanosPerSecond;
  const bool regular = second >= kStartOfMarketHours && second < kEndOfMarketHours;
  items_.clear();
  Translator translator{.to = *this,
                        .timestamp_ns = midnight_ns_ + static_cast<std::int64_t>(time_ns_),
                        .hours = regular ? std::uint8_t{0} : iex::kExtendedHours};
  for (std::size_t i = 0; i < count; ++i) {
    [[maybe_unused]] const codec::DecodeStatus status = itch::decode(act_[i], translator);
    assert(status == codec::DecodeStatus::ok);
  }
  tell_items();
  return true;
}

void DeepSession::tell_items() {
  touched_.clear();
  for (auto item = items_.rbegin(); item != items_.rend(); ++item) {
    if (!item->is_level || std::ranges::count(touched_, item->instrument) > 0) continue;
    item->is_last = true;
    touched_.push_back(item->instrument);
  }
  messages_.clear();
  for (Item& item : items_) {
    if (item.is_level) tell_level(item);
    messages_.push_back(item.message);
  }
  for (const std::uint16_t instrument : touched_) note_truth(instrument);
}

void DeepSession::tell_level(Item& item) const noexcept {
  const auto levels = session_.books().levels(item.instrument, item.side);
  const auto level = std::ranges::find(levels, item.price, &Level::price);
  const std::uint64_t shares = level == levels.end() ? 0 : level->shares;
  assert(shares <= 0xFFFF'FFFF);
  const std::uint8_t flags = item.is_last ? iex::kEventComplete : 0;
  const auto encode = item.side == Side::buy ? iex::encode_level_update<iex::BuyLevelUpdate>
                                             : iex::encode_level_update<iex::SellLevelUpdate>;
  item.message.size =
      encode(item.message.data, flags, midnight_ns_ + static_cast<std::int64_t>(time_ns_),
             session_.instruments()[item.instrument].symbol, static_cast<std::uint32_t>(shares),
             item.price);
}

void DeepSession::note_truth(std::uint16_t instrument) {
  DeepTruth& truth = truths_[instrument];
  ++truth.events;
  const auto add = [&](std::uint64_t word) {
    truth.books_digest = (truth.books_digest ^ word) * 0x100'0000'01B3;
  };
  for (const Side side : {Side::buy, Side::sell}) {
    const auto levels = session_.books().levels(instrument, side);
    for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
      add(level->price);
      add(level->shares);
    }
    add(0);
  }
}

}  // namespace tapeline::simulate

#include "naive_market.hpp"

#include <algorithm>

namespace tapeline::simulate {

namespace {

namespace itch = codec::itch;

constexpr std::uint64_t kSecondNs = 1'000'000'000;

template <typename Id>
[[nodiscard]] std::uint64_t number(Id id) {
  return static_cast<std::uint64_t>(id);
}

}  // namespace

void NaiveMarket::take(std::span<const std::byte> message) {
  ++messages;
  if (codec::itch::decode(message, *this) != codec::DecodeStatus::ok) {
    return fault("does not decode");
  }
  const std::uint64_t time_ns = codec::load_be48(message.data() + 5);
  if (time_ns < last_time_ns) fault("time goes back");
  last_time_ns = time_ns;
  ++by_type[{codec::load_be<std::uint16_t>(message.data() + 1),
             static_cast<char>(message.front())}];
}

void NaiveMarket::fault(const std::string& text) {
  ++fault_count;
  if (faults.size() < 10) faults.push_back("message " + std::to_string(messages) + ": " + text);
}

template <typename View>
void NaiveMarket::add(const View& view) {
  const auto locate = static_cast<std::uint16_t>(view.stock_locate());
  if (symbols[locate] != std::string{view.stock().trimmed()}) fault("other symbol");
  if (view.side() != 'B' && view.side() != 'S') fault("no side");
  enter(number(view.order_ref()), {locate, view.side(), view.shares(), view.price()});
}

void NaiveMarket::operator()(const itch::AddOrder& view) { add(view); }
void NaiveMarket::operator()(const itch::AddOrderMpid& view) { add(view); }

void NaiveMarket::enter(std::uint64_t ref, const Order& order) {
  if (!refs_.insert(ref).second) fault("reference used again");
  if (ref <= last_ref_) fault("reference does not rise");
  ref_gaps += ref > last_ref_ + 1 ? 1 : 0;
  last_ref_ = ref;
  if (order.shares == 0 || order.price == 0) fault("nothing offered");
  if (order.price % 100 != 0 || order.price > itch::kMaxPrice4) fault("price off the tick");
  orders_[ref] = order;
  Level& level = levels_[{order.locate, order.side}][order.price];
  level.shares += order.shares;
  ++level.orders;
  const Levels& bids = levels_[{order.locate, 'B'}];
  const Levels& asks = levels_[{order.locate, 'S'}];
  if (!bids.empty() && !asks.empty() && bids.rbegin()->first >= asks.begin()->first) {
    fault("crossed book");
  }
}

NaiveMarket::Order* NaiveMarket::find(itch::OrderRef ref, itch::Locate locate,
                                      std::uint64_t shares) {
  const auto found = orders_.find(number(ref));
  if (found == orders_.end()) {
    fault("no such order");
    return nullptr;
  }
  if (found->second.locate != static_cast<std::uint16_t>(locate)) fault("other locate");
  if (shares == 0 || found->second.shares < shares) {
    fault("not so many shares");
    return nullptr;
  }
  return &found->second;
}

void NaiveMarket::leave(const Order& order, std::uint32_t shares) {
  Levels& levels = levels_[{order.locate, order.side}];
  Level& level = levels[order.price];
  level.shares -= shares;
  if (order.shares == shares && --level.orders == 0) levels.erase(order.price);
}

void NaiveMarket::reduce(itch::OrderRef ref, std::uint32_t shares) {
  Order& order = orders_[number(ref)];
  leave(order, shares);
  order.shares -= shares;
  if (order.shares == 0) orders_.erase(number(ref));
}

void NaiveMarket::print(itch::MatchNumber match, const Print& print) {
  require_trading(print.locate);
  if (!prints_.emplace(number(match), print).second) fault("match number used again");
}

void NaiveMarket::require_trading(std::uint16_t locate) {
  if (halted_.contains(locate)) fault("trades while halted");
}

void NaiveMarket::operator()(const itch::OrderExecuted& view) {
  const Order* order = find(view.order_ref(), view.stock_locate(), view.shares());
  if (order == nullptr) return;
  // Price and time: nothing better may rest on this side.
  const Levels& side = levels_[{order->locate, order->side}];
  const std::uint32_t best = order->side == 'B' ? side.rbegin()->first : side.begin()->first;
  if (best != order->price) fault("executed behind a better price");
  print(view.match_number(), {order->locate, view.timestamp_ns(), view.shares(), order->price, 0});
  reduce(view.order_ref(), view.shares());
}

void NaiveMarket::operator()(const itch::OrderExecutedWithPrice& view) {
  const Order* order = find(view.order_ref(), view.stock_locate(), view.shares());
  if (order == nullptr) return;
  if (view.printable() == 'Y') {
    print(view.match_number(),
          {order->locate, view.timestamp_ns(), view.shares(), view.price(), 0});
  } else {
    ++unprinted_executions;
  }
  reduce(view.order_ref(), view.shares());
}

void NaiveMarket::operator()(const itch::OrderCancel& view) {
  const Order* order = find(view.order_ref(), view.stock_locate(), view.shares());
  if (order == nullptr) return;
  if (order->shares == view.shares()) fault("cancels all");
  reduce(view.order_ref(), view.shares());
}

void NaiveMarket::operator()(const itch::OrderDelete& view) {
  const Order* order = find(view.order_ref(), view.stock_locate(), 1);
  if (order != nullptr) reduce(view.order_ref(), order->shares);
}

void NaiveMarket::operator()(const itch::OrderReplace& view) {
  const Order* order = find(view.original_order_ref(), view.stock_locate(), 1);
  if (order == nullptr) return;
  const Order original = *order;
  reduce(view.original_order_ref(), original.shares);
  enter(number(view.new_order_ref()),
        {original.locate, original.side, view.shares(), view.price()});
}

void NaiveMarket::operator()(const itch::Trade& view) {
  if (number(view.order_ref()) != 0 || view.shares() == 0) fault("odd hidden trade");
  print(view.match_number(), {static_cast<std::uint16_t>(view.stock_locate()), view.timestamp_ns(),
                              view.shares(), view.price(), 0});
}

void NaiveMarket::operator()(const itch::CrossTrade& view) {
  const auto locate = static_cast<std::uint16_t>(view.stock_locate());
  if (view.cross_type() == 'H' || view.cross_type() == 'I') halted_.erase(locate);
  if (view.shares() == 0) {
    ++zero_share_crosses;
    return;
  }
  print(view.match_number(), {locate, view.timestamp_ns(), view.shares(), view.price(), 0});
}

void NaiveMarket::operator()(const itch::BrokenTrade& view) {
  const auto found = prints_.find(number(view.match_number()));
  if (found == prints_.end()) return fault("breaks no print");
  if (found->second.broken_ns != 0) return fault("broken again");
  if (found->second.locate != static_cast<std::uint16_t>(view.stock_locate())) {
    fault("broken in another instrument");
  }
  found->second.broken_ns = view.timestamp_ns();
}

void NaiveMarket::operator()(const itch::StockDirectory& view) {
  const auto locate = static_cast<std::uint16_t>(view.stock_locate());
  if (!symbols.emplace(locate, view.stock().trimmed()).second) fault("locate used again");
}

void NaiveMarket::operator()(const itch::TradingAction& view) {
  const auto locate = static_cast<std::uint16_t>(view.stock_locate());
  if (view.trading_state() == 'T') {
    halted_.erase(locate);
  } else {
    halted_.insert(locate);
  }
}

void NaiveMarket::operator()(const itch::OperationalHalt& view) {
  const auto locate = static_cast<std::uint16_t>(view.stock_locate());
  if (view.action() == 'T') {
    halted_.erase(locate);
  } else {
    halted_.insert(locate);
  }
}

void NaiveMarket::operator()(const itch::SystemEvent& view) { events += view.event(); }

NaiveMarket::Totals NaiveMarket::totals(std::uint16_t locate) const {
  Totals totals;
  for (const auto& [match, print] : prints_) {
    if (print.locate != locate) continue;
    if (print.broken_ns != 0) {
      ++totals.broken;
      continue;
    }
    ++totals.trades;
    totals.volume += print.shares;
    totals.notional += Notional{print.price} * print.shares;
  }
  return totals;
}

NaiveMarket::Levels NaiveMarket::levels(std::uint16_t locate, char side) const {
  const auto found = levels_.find({locate, side});
  return found == levels_.end() ? Levels{} : found->second;
}

namespace {

using Prints = std::vector<NaiveMarket::Print>;

// One bar of these prints, in their order; those broken before `end_ns` have no volume.
[[nodiscard]] NaiveMarket::Bar bar_of(const Prints& prints, std::uint64_t end_ns) {
  NaiveMarket::Bar bar;
  bar.open = prints.front().price;
  bar.close = prints.back().price;
  bar.low = bar.high = bar.open;
  for (const NaiveMarket::Print& print : prints) {
    bar.low = std::min(bar.low, print.price);
    bar.high = std::max(bar.high, print.price);
    if (print.broken_ns != 0 && print.broken_ns < end_ns) continue;
    ++bar.trades;
    bar.volume += print.shares;
    bar.notional += NaiveMarket::Notional{print.price} * print.shares;
  }
  return bar;
}

[[nodiscard]] NaiveMarket::Bars bars_of(const std::map<std::uint64_t, Prints>& by_bar,
                                        std::uint64_t width_ns) {
  NaiveMarket::Bars bars;
  for (const auto& [start, prints] : by_bar) {
    const NaiveMarket::Bar bar = bar_of(prints, (start + 1) * width_ns);
    if (bar.trades > 0) bars[start] = bar;
  }
  return bars;
}

}  // namespace

NaiveMarket::Bars NaiveMarket::seconds(std::uint16_t locate) const {
  std::map<std::uint64_t, Prints> by_second;
  for (const auto& [match, print] : prints_) {
    if (print.locate == locate) by_second[print.time_ns / kSecondNs].push_back(print);
  }
  return bars_of(by_second, kSecondNs);
}

NaiveMarket::Bars NaiveMarket::minutes(std::uint16_t locate) const {
  const Bars kept_seconds = seconds(locate);
  std::map<std::uint64_t, Prints> by_minute;
  for (const auto& [match, print] : prints_) {
    const std::uint64_t second = print.time_ns / kSecondNs;
    if (print.locate == locate && kept_seconds.contains(second)) {
      by_minute[second / 60].push_back(print);
    }
  }
  return bars_of(by_minute, 60 * kSecondNs);
}

}  // namespace tapeline::simulate

#include "app/simulate/order_flow.hpp"

#include <algorithm>
#include <utility>

namespace tapeline::simulate {

namespace {

namespace itch = codec::itch;
using Out = std::span<std::byte>;
using itch::MatchNumber;
using itch::OrderRef;
using itch::Prefix;

enum class Act : std::uint8_t {
  add_or_drop,
  replace,
  execute,
  cancel,
  hidden,
  priced,
  notice,
  broken
};

// Of about 100,000 acts; an execution makes more than one message on average.
constexpr std::array<std::uint32_t, 8> kActWeights{86'000, 8'250, 1'600, 1'550, 830, 130, 180, 3};

// The parts of adding and deleting in the flow, of 85.
constexpr std::uint64_t kAddParts = 45;
constexpr std::uint64_t kDropParts = 40;

constexpr std::uint32_t kLowestTicks = 50;
constexpr std::uint32_t kHighestTicks = 5'000'000;

[[nodiscard]] char letter_of(Side side) noexcept { return side == Side::buy ? 'B' : 'S'; }

}  // namespace

OrderFlow::OrderFlow(const std::vector<Instrument>& instruments, std::uint32_t orders_kept,
                     std::size_t most_orders, OrderBooks& books, Tape& tape, Ledger& ledger,
                     Random& random)
    : instruments_{instruments},
      books_{books},
      tape_{tape},
      ledger_{ledger},
      random_{random},
      actors_(instruments.size()),
      acts_{kActWeights},
      orders_kept_{orders_kept},
      most_orders_{most_orders} {
  for (std::size_t i = 0; i < actors_.size(); ++i) {
    actors_[i].fair_ticks = std::clamp(instruments[i].price_ticks, kLowestTicks, kHighestTicks);
  }
}

void OrderFlow::act(std::uint16_t instrument, bool single) {
  if (single) return add_or_drop(instrument);
  const bool trades = actors_[instrument].state == TradingState::trading;
  bool done = false;
  switch (Act{static_cast<std::uint8_t>(acts_.draw(random_))}) {
    case Act::add_or_drop: break;
    case Act::replace: done = replace(instrument); break;
    case Act::execute: done = trades && execute(instrument); break;
    case Act::cancel: done = cancel(instrument); break;
    case Act::hidden: done = trades && trade_hidden(instrument); break;
    case Act::priced: done = trades && execute_at_price(instrument); break;
    case Act::notice: notice(instrument); return;
    case Act::broken: done = break_trade(); break;
  }
  if (!done) add_or_drop(instrument);
}

void OrderFlow::walk(std::uint16_t instrument) noexcept {
  std::uint32_t& fair = actors_[instrument].fair_ticks;
  if (random_.below(40'000) >= std::min(fair, 10'000U)) return;
  const std::uint32_t step = 1 + fair / 20'000;
  fair = random_.one_in(2) ? std::min(fair + step, kHighestTicks)
                           : std::max(fair - step, kLowestTicks);
}

void OrderFlow::add_or_drop(std::uint16_t instrument) {
  const bool too_many = books_.open_orders() >= most_orders_;
  const bool behind = dropped_ * kAddParts < added_ * kDropParts;
  const bool wants_drop = too_many || random_.percent(behind ? 75 : 20);
  if (wants_drop && (too_many || books_.orders_of(instrument).size() > orders_kept_) &&
      drop(instrument)) {
    return;
  }
  add(instrument);
}

// Requires: the instrument is not closed.
void OrderFlow::add(std::uint16_t instrument) {
  const Side side = random_.one_in(2) ? Side::buy : Side::sell;
  const std::uint32_t price = place(instrument, side);
  const std::uint32_t shares = make_shares();
  const OrderRef ref{next_ref()};
  const itch::Symbol& symbol = instruments_[instrument].symbol;
  books_.add(instrument, side, static_cast<std::uint64_t>(ref), shares, price);
  ++added_;
  if (random_.one_in(20)) {
    const itch::Mpid by = mpid(random_.below(16));
    tape_.put('F', locate(instrument), [&](Out out, const Prefix& prefix) {
      return itch::encode_add_order_mpid(out, prefix, ref, letter_of(side), shares, symbol, price,
                                         by);
    });
  } else {
    tape_.put('A', locate(instrument), [&](Out out, const Prefix& prefix) {
      return itch::encode_add_order(out, prefix, ref, letter_of(side), shares, symbol, price);
    });
  }
}

bool OrderFlow::drop(std::uint16_t instrument) {
  const auto orders = books_.orders_of(instrument);
  if (orders.empty()) return false;
  auto slot = orders[random_.below(static_cast<std::uint32_t>(orders.size()))];
  // Orders on the wrong side of the price are withdrawn first.
  const std::uint32_t fair = price(instrument);
  const std::uint32_t ask = books_.best_price(instrument, Side::sell);
  if (ask != 0 && ask <= fair && random_.percent(70)) {
    slot = books_.front(instrument, Side::sell);
  } else if (books_.best_price(instrument, Side::buy) >= fair && random_.percent(70)) {
    slot = books_.front(instrument, Side::buy);
  }
  const OrderRef ref{books_.order(slot).ref};
  books_.remove(slot);
  ++dropped_;
  tape_.put('D', locate(instrument), [&](Out out, const Prefix& prefix) {
    return itch::encode_order_delete(out, prefix, ref);
  });
  return true;
}

bool OrderFlow::replace(std::uint16_t instrument) {
  const auto orders = books_.orders_of(instrument);
  if (orders.empty()) return false;
  const auto slot = orders[random_.below(static_cast<std::uint32_t>(orders.size()))];
  const Order original = books_.order(slot);
  books_.remove(slot);
  const std::uint32_t price = place(instrument, original.side);
  const std::uint32_t shares = random_.one_in(3) ? make_shares() : original.shares;
  const OrderRef ref{next_ref()};
  books_.add(instrument, original.side, static_cast<std::uint64_t>(ref), shares, price);
  tape_.put('U', locate(instrument), [&](Out out, const Prefix& prefix) {
    return itch::encode_order_replace(out, prefix, OrderRef{original.ref}, ref, shares, price);
  });
  return true;
}

bool OrderFlow::cancel(std::uint16_t instrument) {
  const auto orders = books_.orders_of(instrument);
  if (orders.empty()) return false;
  const auto slot = orders[random_.below(static_cast<std::uint32_t>(orders.size()))];
  const Order& order = books_.order(slot);
  if (order.shares < 2) return false;
  std::uint32_t shares = 1 + random_.below(order.shares - 1);
  if (shares > 100) shares -= shares % 100;
  const OrderRef ref{order.ref};
  books_.reduce(slot, shares);
  tape_.put('X', locate(instrument), [&](Out out, const Prefix& prefix) {
    return itch::encode_order_cancel(out, prefix, ref, shares);
  });
  return true;
}

// An incoming order takes up to four resting ones, the best first.
bool OrderFlow::execute(std::uint16_t instrument) {
  const Side side = side_to_hit(instrument);
  std::uint32_t wanted = make_shares() * (1 + random_.heads());
  int fills = 0;
  for (; fills < 4 && wanted > 0; ++fills) {
    const auto slot = books_.front(instrument, side);
    if (slot == OrderBooks::kNoSlot) break;
    const Order& order = books_.order(slot);
    const OrderRef ref{order.ref};
    const std::uint32_t price = order.price;
    const std::uint32_t shares = std::min(order.shares, wanted);
    const std::uint64_t match = next_match();
    wanted -= shares;
    books_.reduce(slot, shares);
    tape_.put('E', locate(instrument), [&](Out out, const Prefix& prefix) {
      return itch::encode_order_executed(out, prefix, ref, shares, MatchNumber{match});
    });
    print(instrument, match, shares, price);
    tape_.advance(random_.below(200));
  }
  return fills > 0;
}

// Half a tick better for the incoming order than the resting order's price.
bool OrderFlow::execute_at_price(std::uint16_t instrument) {
  const Side side = side_to_hit(instrument);
  const auto slot = books_.front(instrument, side);
  if (slot == OrderBooks::kNoSlot) return false;
  const Order& order = books_.order(slot);
  const OrderRef ref{order.ref};
  const std::uint32_t price = side == Side::buy ? order.price + kTick / 2 : order.price - kTick / 2;
  const std::uint32_t shares = std::min(order.shares, make_shares());
  const bool printable = random_.percent(85);
  const std::uint64_t match = next_match();
  books_.reduce(slot, shares);
  tape_.put('C', locate(instrument), [&](Out out, const Prefix& prefix) {
    return itch::encode_order_executed_with_price(out, prefix, ref, shares, MatchNumber{match},
                                                  printable ? 'Y' : 'N', price);
  });
  if (printable) print(instrument, match, shares, price);
  return true;
}

// Against an order that is not displayed: half way between the sides if there are two.
bool OrderFlow::trade_hidden(std::uint16_t instrument) {
  const std::uint32_t bid = books_.best_price(instrument, Side::buy);
  const std::uint32_t ask = books_.best_price(instrument, Side::sell);
  const std::uint32_t at = bid != 0 && ask != 0 ? (bid + ask) / 2 : price(instrument);
  const std::uint32_t shares = make_shares();
  const std::uint64_t match = next_match();
  tape_.put('P', locate(instrument), [&](Out out, const Prefix& prefix) {
    return itch::encode_trade(out, prefix, OrderRef{0}, 'B', shares,
                              instruments_[instrument].symbol, at, MatchNumber{match});
  });
  print(instrument, match, shares, at);
  return true;
}

void OrderFlow::notice(std::uint16_t instrument) {
  const itch::Symbol& symbol = instruments_[instrument].symbol;
  if (random_.percent(70)) {
    const char interest = "BSAN"[random_.below(4)];
    tape_.put('N', locate(instrument), [&](Out out, const Prefix& prefix) {
      return itch::encode_retail_interest(out, prefix, symbol, interest);
    });
  } else {
    const itch::Mpid by = mpid(random_.below(16));
    const char mode = "NPS"[random_.below(3)];
    const char state = "AEWSD"[random_.below(5)];
    tape_.put('L', locate(instrument), [&](Out out, const Prefix& prefix) {
      return itch::encode_market_participant_position(out, prefix, by, symbol, 'Y', mode, state);
    });
  }
}

bool OrderFlow::break_trade() {
  Print& earlier = recent_prints_[random_.below(kRecentPrints)];
  const bool takes_newest = random_.one_in(2) || earlier.match_number == 0;
  Print& broken = takes_newest ? newest_print_ : earlier;
  const Print print = std::exchange(broken, Print{});
  if (print.match_number == 0) return false;
  tape_.put('B', print.locate, [&](Out out, const Prefix& prefix) {
    return itch::encode_broken_trade(out, prefix, MatchNumber{print.match_number});
  });
  ledger_.take_back(print);
  return true;
}

void OrderFlow::print(std::uint16_t instrument, std::uint64_t match, std::uint64_t shares,
                      std::uint32_t price) {
  const Print made{.match_number = match,
                   .time_ns = tape_.now_ns(),
                   .shares = shares,
                   .price = price,
                   .locate = locate(instrument)};
  ledger_.add(made);
  if (newest_print_.match_number != 0 && random_.one_in(8)) {
    recent_prints_[random_.below(kRecentPrints)] = newest_print_;
  }
  newest_print_ = made;
}

// The side whose best order the price has reached, else either.
Side OrderFlow::side_to_hit(std::uint16_t instrument) noexcept {
  const std::uint32_t fair = price(instrument);
  const std::uint32_t ask = books_.best_price(instrument, Side::sell);
  if (ask != 0 && ask <= fair) return Side::sell;
  if (books_.best_price(instrument, Side::buy) >= fair) return Side::buy;
  return random_.one_in(2) ? Side::buy : Side::sell;
}

// Where a new order goes: most near the best price, few far away, none across the other side.
std::uint32_t OrderFlow::place(std::uint16_t instrument, Side side) noexcept {
  const std::uint32_t fair = actors_[instrument].fair_ticks;
  const std::uint32_t unit = 1 + fair / 20'000;
  std::uint32_t distance = instruments_[instrument].half_spread_ticks + random_.heads() * unit;
  const std::uint32_t far = random_.below(100);
  if (far < 30) distance += random_.below(12) * unit;
  if (far < 2) distance += random_.below(1 + fair / 10);
  if (side == Side::buy) {
    std::uint32_t ticks = fair > distance ? fair - distance : 1;
    const std::uint32_t ask = books_.best_price(instrument, Side::sell) / kTick;
    if (ask != 0) ticks = std::min(ticks, ask - 1);
    return ticks * kTick;
  }
  const std::uint32_t bid = books_.best_price(instrument, Side::buy) / kTick;
  return std::max({fair + distance, bid + 1, 2U}) * kTick;
}

std::uint32_t OrderFlow::make_shares() noexcept {
  const std::uint32_t kind = random_.below(100);
  if (kind < 55) return 100;
  if (kind < 72) return random_.between(1, 99);
  if (kind < 94) return 100 * random_.between(2, 10);
  return 100 * random_.between(10, 100);
}

std::uint64_t OrderFlow::next_ref() noexcept { return ref_ += 1 + random_.heads(); }
std::uint64_t OrderFlow::next_match() noexcept { return match_ += 1 + random_.heads(); }

}  // namespace tapeline::simulate

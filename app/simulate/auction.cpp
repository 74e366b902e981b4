// Crosses and imbalances of OrderFlow.

#include <algorithm>

#include "app/simulate/order_flow.hpp"

namespace tapeline::simulate {

namespace {

namespace itch = codec::itch;
using Out = std::span<std::byte>;
using itch::Prefix;

}  // namespace

void OrderFlow::cross(std::uint16_t instrument, char type, bool takes_place, std::uint64_t budget) {
  std::uint64_t shares = 0;
  std::uint32_t at = 0;
  if (takes_place) {
    at = price(instrument);
    shares = execute_in_cross(instrument, std::min<std::uint64_t>(budget - 1, 4), at);
    shares += std::uint64_t{100} * random_.below(50) * (1 + random_.heads() * random_.heads());
    if (shares == 0) at = 0;
  }
  const std::uint64_t match = next_match();
  tape_.put('Q', locate(instrument), [&](Out out, const Prefix& prefix) {
    return itch::encode_cross_trade(out, prefix, shares, instruments_[instrument].symbol, at,
                                    itch::MatchNumber{match}, type);
  });
  if (shares > 0) print(instrument, match, shares, at);
}

// Executes up to `most` orders of one side, all at the price of the last of them, which is
// returned in `price`. Returns the shares.
std::uint64_t OrderFlow::execute_in_cross(std::uint16_t instrument, std::uint64_t most,
                                          std::uint32_t& price) {
  const Side side = side_to_hit(instrument);
  // The price is that of the worst order that takes part, so it is looked up before.
  std::uint64_t orders = random_.below(static_cast<std::uint32_t>(most + 1));
  std::uint64_t found = 0;
  const auto levels = books_.levels(instrument, side);
  for (auto level = levels.rbegin(); level != levels.rend() && found < orders; ++level) {
    price = level->price;
    found += level->orders;
  }
  orders = std::min(orders, found);
  std::uint64_t total = 0;
  for (; orders > 0; --orders) {
    const auto slot = books_.front(instrument, side);
    const Order& order = books_.order(slot);
    const itch::OrderRef ref{order.ref};
    const bool partly = orders == 1 && order.shares > 1 && random_.one_in(2);
    const std::uint32_t shares = partly ? 1 + random_.below(order.shares - 1) : order.shares;
    const itch::MatchNumber match{next_match()};
    total += shares;
    books_.reduce(slot, shares);
    tape_.put('C', locate(instrument), [&](Out out, const Prefix& prefix) {
      return itch::encode_order_executed_with_price(out, prefix, ref, shares, match, 'N', price);
    });
    tape_.advance(random_.below(100));
  }
  return total;
}

void OrderFlow::imbalance(std::uint16_t instrument, char cross_type) {
  const std::uint32_t reference = price(instrument);
  itch::NetOrderImbalanceFields fields;
  fields.stock = instruments_[instrument].symbol;
  fields.cross_type = cross_type;
  fields.paired_shares = std::uint64_t{100} * random_.below(2'000);
  fields.imbalance_shares = random_.percent(20) ? 0 : std::uint64_t{100} * random_.below(500);
  fields.imbalance_direction = fields.imbalance_shares == 0 ? 'N' : "BS"[random_.below(2)];
  fields.reference_price = reference;
  fields.near_price = reference + kTick * random_.below(3);
  fields.far_price = reference + kTick * random_.below(5);
  fields.price_variation = "L123"[random_.below(4)];
  tape_.put('I', locate(instrument), [&](Out out, const Prefix& prefix) {
    return itch::encode_net_order_imbalance(out, prefix, fields);
  });
}

}  // namespace tapeline::simulate

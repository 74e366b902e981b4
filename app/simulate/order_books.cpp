#include "app/simulate/order_books.hpp"

#include <iterator>

namespace tapeline::simulate {

namespace {

// True if a price comes later in the sorted levels of a side, that is nearer to the other side.
[[nodiscard]] bool is_better(Side side, std::uint32_t a, std::uint32_t b) noexcept {
  return side == Side::buy ? a > b : a < b;
}

// The level of this price, or the one in front of which it belongs. Most orders are near the best
// price, which is last, so the search begins there.
template <typename Levels>
[[nodiscard]] auto find_level(Levels& levels, Side side, std::uint32_t price) noexcept {
  auto at = levels.end();
  while (at != levels.begin() && !is_better(side, price, std::prev(at)->price)) --at;
  return at;
}

}  // namespace

OrderBooks::Slot OrderBooks::take_slot() {
  if (free_.empty()) {
    orders_.emplace_back();
    return static_cast<Slot>(orders_.size() - 1);
  }
  const Slot slot = free_.back();
  free_.pop_back();
  return slot;
}

OrderBooks::Slot OrderBooks::add(std::uint16_t instrument, Side side, std::uint64_t ref,
                                 std::uint32_t shares, std::uint32_t price) {
  assert(shares > 0);
  [[maybe_unused]] const std::uint32_t opposite = best_price(instrument, other_side(side));
  assert(opposite == 0 || is_better(side, opposite, price));
  const Slot slot = take_slot();
  std::vector<Slot>& of_instrument = books_[instrument].orders;
  orders_[slot] = Order{.ref = ref,
                        .shares = shares,
                        .price = price,
                        .before = kNoSlot,
                        .behind = kNoSlot,
                        .position = static_cast<std::uint32_t>(of_instrument.size()),
                        .instrument = instrument,
                        .side = side};
  of_instrument.push_back(slot);
  enter_level(slot);
  return slot;
}

void OrderBooks::enter_level(Slot slot) {
  Order& order = orders_[slot];
  Levels& levels = levels_of(order);
  auto level = find_level(levels, order.side, order.price);
  if (level == levels.end() || level->price != order.price) {
    level = levels.insert(
        level, Level{.price = order.price, .orders = 0, .shares = 0, .first = slot, .last = slot});
  } else {
    order.before = level->last;
    orders_[level->last].behind = slot;
    level->last = slot;
  }
  ++level->orders;
  level->shares += order.shares;
}

void OrderBooks::reduce(Slot slot, std::uint32_t shares) {
  Order& order = orders_[slot];
  assert(shares <= order.shares);
  Levels& levels = levels_of(order);
  const auto level = find_level(levels, order.side, order.price);
  assert(level != levels.end() && level->price == order.price);
  order.shares -= shares;
  level->shares -= shares;
  if (order.shares > 0) return;

  leave_level(levels, level, order);
  std::vector<Slot>& of_instrument = books_[order.instrument].orders;
  const Slot moved = of_instrument.back();
  of_instrument[order.position] = moved;
  orders_[moved].position = order.position;
  of_instrument.pop_back();
  free_.push_back(slot);
}

void OrderBooks::leave_level(Levels& levels, Levels::iterator level, const Order& order) {
  if (order.before != kNoSlot) orders_[order.before].behind = order.behind;
  if (order.behind != kNoSlot) orders_[order.behind].before = order.before;
  if (order.before == kNoSlot) level->first = order.behind;
  if (order.behind == kNoSlot) level->last = order.before;
  if (--level->orders == 0) levels.erase(level);
}

}  // namespace tapeline::simulate

#pragma once

// The open orders of the generated session: price levels with a queue of orders each, for every
// instrument. The generator picks from it the orders that its messages refer to.
//
// Thread safety: none.
// Memory:        grows with the number of open orders; closed ones are used again.
// Units:         prices in 1/10,000 dollar.

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace tapeline::simulate {

enum class Side : std::uint8_t { buy, sell };

[[nodiscard]] constexpr Side other_side(Side side) noexcept {
  return side == Side::buy ? Side::sell : Side::buy;
}

struct Order {
  std::uint64_t ref = 0;
  std::uint32_t shares = 0;
  std::uint32_t price = 0;
  std::uint32_t before = 0;  // neighbours in the queue of the level
  std::uint32_t behind = 0;
  std::uint32_t position = 0;  // in the list of the instrument's orders
  std::uint16_t instrument = 0;
  Side side = Side::buy;
};

struct Level {
  std::uint32_t price = 0;
  std::uint32_t orders = 0;
  std::uint64_t shares = 0;
  std::uint32_t first = 0;  // the order to be executed next
  std::uint32_t last = 0;
};

class OrderBooks {
 public:
  using Slot = std::uint32_t;  // names an open order
  static constexpr Slot kNoSlot = std::numeric_limits<Slot>::max();

  explicit OrderBooks(std::size_t instruments) : books_(instruments) {}

  // Requires: shares > 0 and the order does not cross the other side.
  Slot add(std::uint16_t instrument, Side side, std::uint64_t ref, std::uint32_t shares,
           std::uint32_t price);

  // Takes shares off an order; at 0 it is gone. Requires: shares <= order(slot).shares.
  void reduce(Slot slot, std::uint32_t shares);
  void remove(Slot slot) { reduce(slot, orders_[slot].shares); }

  [[nodiscard]] const Order& order(Slot slot) const noexcept { return orders_[slot]; }
  [[nodiscard]] std::size_t open_orders() const noexcept { return orders_.size() - free_.size(); }

  // The open orders of an instrument, in no particular order.
  [[nodiscard]] std::span<const Slot> orders_of(std::uint16_t instrument) const noexcept {
    return books_[instrument].orders;
  }

  // The levels of a side, the best one last.
  [[nodiscard]] std::span<const Level> levels(std::uint16_t instrument, Side side) const noexcept {
    return books_[instrument].sides[static_cast<std::size_t>(side)];
  }

  // Returns 0 if the side is empty.
  [[nodiscard]] std::uint32_t best_price(std::uint16_t instrument, Side side) const noexcept {
    const auto of_side = levels(instrument, side);
    return of_side.empty() ? 0 : of_side.back().price;
  }

  // The order that an execution meets first, or kNoSlot if the side is empty.
  [[nodiscard]] Slot front(std::uint16_t instrument, Side side) const noexcept {
    const auto of_side = levels(instrument, side);
    return of_side.empty() ? kNoSlot : of_side.back().first;
  }

 private:
  using Levels = std::vector<Level>;

  struct Book {
    std::array<Levels, 2> sides;
    std::vector<Slot> orders;
  };

  [[nodiscard]] Levels& levels_of(const Order& order) noexcept {
    return books_[order.instrument].sides[static_cast<std::size_t>(order.side)];
  }
  [[nodiscard]] Slot take_slot();
  void enter_level(Slot slot);
  void leave_level(Levels& levels, Levels::iterator level, const Order& order);

  std::vector<Book> books_;
  std::vector<Order> orders_;
  std::vector<Slot> free_;
};

}  // namespace tapeline::simulate

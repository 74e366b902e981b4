#pragma once

// The book of one instrument: the price levels of both sides, without the orders behind them
// (OrderTable has those). It is told either by orders (add, reduce, remove) or by levels (set,
// load, cut), never by both.
//
// A side is one sorted array with the best level at the end, since that is where nearly all
// changes are: they are found by a short walk from the end and move few levels.
//
// All bits zero is an empty book, so books may lie in memory that was never written.
//
// Thread safety: none; one thread.
// Ownership:     the arrays belong to the LevelArena that every growing call is given; always the
//                same one. A book does not give its arrays back: it lives as long as the arena.
// Units:         prices in the instrument's units, shares.

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "app/market/identifiers.hpp"
#include "app/market/level.hpp"
#include "app/market/level_arena.hpp"
#include "app/market/prefetch.hpp"

namespace tapeline::market {

enum class LevelChange : std::uint8_t {
  placed,   // a level that was not there
  changed,  // of a level that was there
  removed,
  absent,   // was to be removed and was not there
  refused,  // no room; nothing is changed
};

// Levels of one side. `Mirror` is 0 for bids and -1 for asks: a price is compared after an
// exclusive or with it, which turns the order of the asks round, so that the best one is last.
class BookSide {
 public:
  // Returns false, and changes nothing, when the level is new and there is no room for it.
  [[nodiscard]] bool add(std::int64_t mirror, Price price, std::uint32_t shares,
                         LevelArena& arena) noexcept {
    const std::uint32_t above = end_of(mirror, price);
    if (above > 0 && levels_[above - 1].price == price) {
      Level& level = levels_[above - 1];
      level.shares += shares;
      ++level.orders;
      return true;
    }
    if (size_ == capacity_ && !grow(arena)) return false;
    move_levels(above + 1, above, size_ - above);
    levels_[above] = {.price = price, .shares = shares, .orders = 1, .arrival = 0};
    ++size_;
    return true;
  }

  // Takes shares off the level of `price`, and one order when that order is gone; a level without
  // orders disappears. Requires: the level exists and has them. Returns false if it does not exist.
  bool take(std::int64_t mirror, Price price, std::uint32_t shares, bool order_gone) noexcept {
    const std::uint32_t above = end_of(mirror, price);
    if (above == 0 || levels_[above - 1].price != price) [[unlikely]] {
      assert(false && "an open order without a level");
      return false;
    }
    Level& level = levels_[above - 1];
    assert(level.shares >= shares && level.orders > 0);
    level.shares -= shares;
    if (!order_gone || --level.orders > 0) return true;
    move_levels(above - 1, above, size_ - above);
    --size_;
    return true;
  }

  // The level of `price` has `size` from now on; none with size 0.
  [[nodiscard]] LevelChange set(std::int64_t mirror, Price price, std::uint64_t size,
                                std::uint32_t orders, LevelArena& arena) noexcept;

  // A whole side in any order, without a search for each level: load() all, then settle(), and
  // nothing in between. load() returns false when there is no room. settle() sorts, lets the last
  // level told of a price stand, drops those of size 0, and returns how many prices came again.
  [[nodiscard]] bool load(Price price, std::uint64_t size, std::uint32_t orders,
                          LevelArena& arena) noexcept {
    if (size_ == capacity_ && !grow(arena)) return false;
    levels_[size_] = {.price = price, .shares = size, .orders = orders, .arrival = size_};
    ++size_;
    return true;
  }
  std::uint32_t settle(std::int64_t mirror) noexcept;

  // Leaves the best `depth` levels.
  void cut(std::uint32_t depth) noexcept {
    if (size_ <= depth) return;
    move_levels(0, size_ - depth, depth);
    size_ = depth;
  }
  void clear() noexcept { size_ = 0; }

  [[nodiscard]] std::span<const Level> levels() const noexcept { return {levels_, size_}; }
  [[nodiscard]] const Level* best() const noexcept {
    return size_ == 0 ? nullptr : &levels_[size_ - 1];
  }
  void prefetch() const noexcept {
    if (size_ == 0) return;
    prefetch_line(levels_ + size_ - 1);
    prefetch_line(levels_ + (size_ > 4 ? size_ - 4 : 0));
  }

 private:
  static constexpr std::uint32_t kLinearSteps = 8;
  static constexpr std::uint32_t kInlineMove = 8;

  // The number of levels that are no better than `price`: the level of `price`, if there is one,
  // is the last of them.
  [[nodiscard]] std::uint32_t end_of(std::int64_t mirror, Price price) const noexcept {
    const std::int64_t key = raw(price) ^ mirror;
    std::uint32_t above = size_;
    const std::uint32_t stop = size_ > kLinearSteps ? size_ - kLinearSteps : 0;
    while (above > stop) {
      if ((raw(levels_[above - 1].price) ^ mirror) <= key) return above;
      --above;
    }
    const auto* end = std::upper_bound(levels_, levels_ + above, key,
                                       [mirror](std::int64_t wanted, const Level& level) {
                                         return wanted < (raw(level.price) ^ mirror);
                                       });
    return static_cast<std::uint32_t>(end - levels_);
  }

  void move_levels(std::uint32_t to, std::uint32_t from, std::uint32_t count) noexcept {
    if (count == 0) return;
    std::memmove(static_cast<void*>(levels_ + to), static_cast<const void*>(levels_ + from),
                 count * sizeof(Level));
  }

  [[nodiscard]] bool grow(LevelArena& arena) noexcept;

  Level* levels_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

class OrderBook {
 public:
  // Adds an order. Returns false, and changes nothing, when there is no room for its level.
  // Requires: side is buy or sell.
  [[nodiscard]] bool add(Side side, Price price, std::uint32_t shares, LevelArena& arena) noexcept {
    return side_of(side).add(mirror_of(side), price, shares, arena);
  }
  // Takes shares off an order that stays. Requires: it was added and has more shares than that.
  void reduce(Side side, Price price, std::uint32_t shares) noexcept {
    side_of(side).take(mirror_of(side), price, shares, false);
  }
  // Takes an order out with its last `shares`. Requires: it was added and has them.
  void remove(Side side, Price price, std::uint32_t shares) noexcept {
    side_of(side).take(mirror_of(side), price, shares, true);
  }

  // Books told by levels; see BookSide. Requires: side is buy or sell.
  [[nodiscard]] LevelChange set(Side side, Price price, std::uint64_t size, std::uint32_t orders,
                                LevelArena& arena) noexcept {
    return side_of(side).set(mirror_of(side), price, size, orders, arena);
  }
  [[nodiscard]] bool load(Side side, Price price, std::uint64_t size, std::uint32_t orders,
                          LevelArena& arena) noexcept {
    return side_of(side).load(price, size, orders, arena);
  }
  std::uint32_t settle() noexcept {
    return sides_[0].settle(mirror_of(Side::buy)) + sides_[1].settle(mirror_of(Side::sell));
  }
  void cut(std::uint32_t depth) noexcept {
    for (BookSide& side : sides_) side.cut(depth);
  }
  void clear(Side side) noexcept { side_of(side).clear(); }
  void clear() noexcept {
    for (BookSide& side : sides_) side.clear();
  }

  // A bid is not below every ask: what no continuous market shows.
  [[nodiscard]] bool is_crossed() const noexcept {
    const Level* bid = best(Side::buy);
    const Level* ask = best(Side::sell);
    return bid != nullptr && ask != nullptr && bid->price >= ask->price;
  }

  // Best level last. Valid until the book changes.
  [[nodiscard]] std::span<const Level> levels(Side side) const noexcept {
    return sides_[index(side)].levels();
  }
  [[nodiscard]] std::size_t depth(Side side) const noexcept { return levels(side).size(); }
  // Returns nullptr when the side is empty. Valid until the book changes.
  [[nodiscard]] const Level* best(Side side) const noexcept { return sides_[index(side)].best(); }

  void prefetch(Side side) const noexcept { sides_[index(side)].prefetch(); }

 private:
  [[nodiscard]] static std::size_t index(Side side) noexcept {
    assert(side == Side::buy || side == Side::sell);
    return static_cast<std::size_t>(side);
  }
  [[nodiscard]] static std::int64_t mirror_of(Side side) noexcept {
    return -static_cast<std::int64_t>(side);
  }
  [[nodiscard]] BookSide& side_of(Side side) noexcept { return sides_[index(side)]; }

  BookSide sides_[2];
};
static_assert(sizeof(OrderBook) == 32);

}  // namespace tapeline::market

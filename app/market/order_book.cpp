#include "app/market/order_book.hpp"

namespace tapeline::market {

bool BookSide::grow(LevelArena& arena) noexcept {
  const std::uint32_t capacity = capacity_ == 0 ? LevelArena::kMinCapacity : capacity_ * 2;
  if (capacity > LevelArena::kMaxCapacity) return false;
  Level* block = arena.take(capacity);
  if (block == nullptr) return false;
  if (capacity_ != 0) {
    std::copy_n(levels_, size_, block);
    arena.give_back(levels_, capacity_);
  }
  levels_ = block;
  capacity_ = capacity;
  return true;
}

LevelChange BookSide::set(std::int64_t mirror, Price price, std::uint64_t size,
                          std::uint32_t orders, LevelArena& arena) noexcept {
  const std::uint32_t above = end_of(mirror, price);
  if (above > 0 && levels_[above - 1].price == price) {
    if (size != 0) {
      levels_[above - 1].shares = size;
      levels_[above - 1].orders = orders;
      return LevelChange::changed;
    }
    move_levels(above - 1, above, size_ - above);
    --size_;
    return LevelChange::removed;
  }
  if (size == 0) return LevelChange::absent;
  if (size_ == capacity_ && !grow(arena)) return LevelChange::refused;
  move_levels(above + 1, above, size_ - above);
  levels_[above] = {.price = price, .shares = size, .orders = orders, .arrival = 0};
  ++size_;
  return LevelChange::placed;
}

std::uint32_t BookSide::settle(std::int64_t mirror) noexcept {
  if (size_ == 0) return 0;
  Level* const end = levels_ + size_;
  const auto key = [mirror](const Level& level) { return raw(level.price) ^ mirror; };
  const Level* const turn = std::adjacent_find(
      levels_, end, [&](const Level& a, const Level& b) { return key(a) <= key(b); });
  if (turn == end) {
    std::reverse(levels_, end);  // best first, and no price twice: what venues send
  } else {
    std::sort(levels_, end, [&](const Level& a, const Level& b) {
      return key(a) != key(b) ? key(a) < key(b) : a.arrival < b.arrival;
    });
  }
  std::uint32_t repeated = 0;
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < size_; ++i) {
    if (i + 1 < size_ && levels_[i + 1].price == levels_[i].price) {
      ++repeated;
      continue;
    }
    if (levels_[i].shares == 0) continue;
    levels_[kept] = levels_[i];
    levels_[kept++].arrival = 0;
  }
  size_ = kept;
  return repeated;
}

}  // namespace tapeline::market

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

}  // namespace tapeline::market

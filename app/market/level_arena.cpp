#include "app/market/level_arena.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace tapeline::market {

namespace {

[[nodiscard]] std::size_t class_of(std::uint32_t capacity) noexcept {
  assert(std::has_single_bit(capacity));
  assert(capacity >= LevelArena::kMinCapacity && capacity <= LevelArena::kMaxCapacity);
  return static_cast<std::size_t>(std::countr_zero(capacity) -
                                  std::countr_zero(LevelArena::kMinCapacity));
}

}  // namespace

LevelArena::LevelArena(std::size_t preallocated_bytes, std::size_t max_bytes)
    : memory_{std::max(max_bytes, std::size_t{1})} {
  if (!memory_.commit(std::min(preallocated_bytes, memory_.reserved_bytes()))) {
    throw_out_of_memory();
  }
  memory_.populate(memory_.committed_bytes());
  counts_.committed_bytes.set(memory_.committed_bytes());
}

Level* LevelArena::take(std::uint32_t capacity) noexcept {
  Level*& first_free = free_[class_of(capacity)];
  if (first_free != nullptr) {
    Level* block = first_free;
    std::memcpy(&first_free, static_cast<const void*>(block), sizeof(void*));
    return block;
  }
  const std::size_t bytes = capacity * sizeof(Level);
  if (used_bytes_ + bytes > memory_.committed_bytes()) {
    if (!memory_.commit(used_bytes_ + bytes)) {
      counts_.refusals.add();
      return nullptr;
    }
    counts_.growths.add();
    counts_.committed_bytes.set(memory_.committed_bytes());
  }
  auto* block = reinterpret_cast<Level*>(memory_.data() + used_bytes_);
  used_bytes_ += bytes;
  return block;
}

void LevelArena::give_back(Level* block, std::uint32_t capacity) noexcept {
  Level*& first_free = free_[class_of(capacity)];
  std::memcpy(static_cast<void*>(block), &first_free, sizeof(void*));
  first_free = block;
}

}  // namespace tapeline::market

#pragma once

// Memory for the level arrays of all books: blocks of 8, 16, 32 ... 65,536 levels, each size with
// its own list of free blocks. Blocks come from one mapped range; none goes back to the kernel.
//
// Thread safety: none; one thread. The counters may be read by any thread.
// Ownership:     of all blocks; they end with the arena.
// Units:         capacities in levels.

#include <array>
#include <cstddef>
#include <cstdint>

#include "app/market/level.hpp"
#include "app/market/mapped_region.hpp"
#include "pool/counter.hpp"

namespace tapeline::market {

using pool::Counter;

struct alignas(64) LevelArenaCounts {
  Counter committed_bytes;
  Counter growths;   // times memory was added after the start
  Counter refusals;  // blocks refused because the bound on memory was reached
};

class LevelArena {
 public:
  static constexpr std::uint32_t kMinCapacity = 8;
  static constexpr std::uint32_t kMaxCapacity = 65536;

  // The first `preallocated_bytes` are faulted in now. Throws std::system_error when memory can
  // not be had.
  LevelArena(std::size_t preallocated_bytes, std::size_t max_bytes);

  // Returns a block for `capacity` levels, its content undefined, or nullptr when the bound is
  // reached. Requires: capacity is a power of two from kMinCapacity to kMaxCapacity.
  [[nodiscard]] Level* take(std::uint32_t capacity) noexcept;

  // Requires: `block` came from take(capacity) and is not used any more.
  void give_back(Level* block, std::uint32_t capacity) noexcept;

  // Takes all blocks back at once. Requires: none is used any more.
  void clear() noexcept {
    used_bytes_ = 0;
    free_ = {};
  }

  [[nodiscard]] const LevelArenaCounts& counts() const noexcept { return counts_; }

 private:
  static constexpr std::size_t kClasses = 14;  // 8 << 13 is kMaxCapacity

  LevelArenaCounts counts_;
  MappedRegion memory_;
  std::size_t used_bytes_ = 0;
  std::array<Level*, kClasses> free_{};  // a free block begins with the pointer to the next one
};

}  // namespace tapeline::market

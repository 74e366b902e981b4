#pragma once

// Numbers for the pools of a process, so that a buffer is named by 32 bits: {pool:12, slot:20}.
//
// Thread safety: pools are numbered by any thread. pool_of() is for who has a name from the pool:
//                its number is given before the first name and comes free after the last one.

#include <atomic>
#include <cstdint>

#include "pool/free_stack.hpp"

namespace tapeline::pool {

class PoolCore;

inline constexpr std::uint32_t kMaxPools = (1U << (32 - kSlotBits)) - 1;  // number 0 is no pool

// Read through pool_of().
extern constinit std::atomic<PoolCore*> pools_by_number[kMaxPools + 1];

// A buffer of any pool of the process. 0 is none.
using BufferName = std::uint32_t;

[[nodiscard]] constexpr std::uint32_t pool_number(BufferName name) noexcept {
  return name >> kSlotBits;
}
[[nodiscard]] constexpr std::uint32_t slot_of(BufferName name) noexcept { return name & kNoSlot; }
[[nodiscard]] inline PoolCore* pool_of(BufferName name) noexcept {
  // relaxed: the name came from the pool, in an order of its own.
  return pools_by_number[pool_number(name)].load(std::memory_order_relaxed);
}

// The number of one pool, as long as this lives.
class PoolNumber {
 public:
  // Throws std::length_error when the process has kMaxPools pools.
  explicit PoolNumber(PoolCore* core);
  ~PoolNumber();
  PoolNumber(const PoolNumber&) = delete;
  PoolNumber& operator=(const PoolNumber&) = delete;

  [[nodiscard]] std::uint32_t get() const noexcept { return pool_number(first_); }
  [[nodiscard]] BufferName buffer_name(std::uint32_t slot) const noexcept { return first_ | slot; }

 private:
  BufferName first_;
};

}  // namespace tapeline::pool

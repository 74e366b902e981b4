#pragma once

// Numbers for the pools of a process, so that a buffer is named by 32 bits: {pool:12, slot:20}.
//
// Thread safety: pools are numbered by any thread. What a name leads to is for whom the pool gave
//                it: the number is there before the first name and comes free after the last.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "pool/free_stack.hpp"

namespace tapeline::pool {

class PoolCore;

inline constexpr std::uint32_t kMaxPools = (1U << (32 - kSlotBits)) - 1;  // number 0 is no pool

// A pool, and what its guards ask for most.
struct NumberedPool {
  std::atomic<PoolCore*> core{nullptr};
  std::byte* base = nullptr;  // of the buffer of slot 0
  std::size_t stride = 0;
  std::size_t buffer_bytes = 0;
};
extern constinit NumberedPool pools_by_number[kMaxPools + 1];

// A buffer of any pool of the process. 0 is none.
using BufferName = std::uint32_t;

[[nodiscard]] constexpr std::uint32_t pool_number(BufferName name) noexcept {
  return name >> kSlotBits;
}
[[nodiscard]] constexpr std::uint32_t slot_of(BufferName name) noexcept { return name & kNoSlot; }
[[nodiscard]] inline const NumberedPool& numbered_pool(BufferName name) noexcept {
  return pools_by_number[pool_number(name)];
}
[[nodiscard]] inline PoolCore* pool_of(BufferName name) noexcept {
  // relaxed: the name came from the pool, in an order of its own.
  return numbered_pool(name).core.load(std::memory_order_relaxed);
}
[[nodiscard]] inline std::byte* buffer_of(BufferName name) noexcept {
  const NumberedPool& pool = numbered_pool(name);
  return pool.base + slot_of(name) * pool.stride;
}

// The number of one pool, as long as this lives.
class PoolNumber {
 public:
  // Throws std::length_error when the process has kMaxPools pools.
  explicit PoolNumber(PoolCore* core);
  ~PoolNumber();
  PoolNumber(const PoolNumber&) = delete;
  PoolNumber& operator=(const PoolNumber&) = delete;

  // Before the first name is given away.
  void set_buffers(std::byte* base, std::size_t stride, std::size_t buffer_bytes) const noexcept;

  [[nodiscard]] std::uint32_t get() const noexcept { return pool_number(first_); }
  [[nodiscard]] BufferName buffer_name(std::uint32_t slot) const noexcept { return first_ | slot; }

 private:
  BufferName first_;
};

}  // namespace tapeline::pool

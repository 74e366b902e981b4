#include "pool/pool_numbers.hpp"

#include <stdexcept>
#include <string>

namespace tapeline::pool {

constinit NumberedPool pools_by_number[kMaxPools + 1]{};

namespace {

constinit std::atomic<std::uint32_t> next_number{0};

// Goes round, so that a number that came free stays free for long. Without a lock: a child may
// have been forked while another thread was here.
std::uint32_t take_number(PoolCore* core) {
  for (std::uint32_t tried = 0; tried < kMaxPools; ++tried) {
    // relaxed: any order of numbers will do.
    const std::uint32_t number =
        next_number.fetch_add(1, std::memory_order_relaxed) % kMaxPools + 1;
    PoolCore* none = nullptr;
    // acquire: what is written for this pool comes after what was read for the last one of the
    // number.
    if (pools_by_number[number].core.compare_exchange_strong(none, core, std::memory_order_acquire,
                                                             std::memory_order_relaxed)) {
      return number;
    }
  }
  throw std::length_error{"a process can have " + std::to_string(kMaxPools) + " pools at a time"};
}

}  // namespace

PoolNumber::PoolNumber(PoolCore* core) : first_{take_number(core) << kSlotBits} {}

PoolNumber::~PoolNumber() {
  // release: see take_number(). The pool has seen its last guard released.
  pools_by_number[get()].core.store(nullptr, std::memory_order_release);
}

void PoolNumber::set_buffers(std::byte* base, std::size_t stride,
                             std::size_t buffer_bytes) const noexcept {
  NumberedPool& pool = pools_by_number[get()];
  pool.base = base;
  pool.stride = stride;
  pool.buffer_bytes = buffer_bytes;
}

}  // namespace tapeline::pool

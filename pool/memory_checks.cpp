#include "pool/memory_checks.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace tapeline::pool {
namespace {

constexpr std::byte kRedZone{0xDB};

#if defined(TAPELINE_POOL_ASAN)
#define TAPELINE_POOL_READS_POISON __attribute__((no_sanitize("address")))
#else
#define TAPELINE_POOL_READS_POISON
#endif

}  // namespace

void fill_red_zone(std::byte* zone, std::size_t bytes) noexcept {
  std::memset(zone, std::to_integer<int>(kRedZone), bytes);
}

// Loops, not memcmp: AddressSanitizer watches memcmp, and the zone is poisoned. The first has no
// way out, so that it becomes vector code.
TAPELINE_POOL_READS_POISON void check_red_zone(const std::byte* zone, std::size_t bytes,
                                               const char* pool_name, std::uint32_t slot) noexcept {
  std::byte changed{0};
  for (std::size_t at = 0; at < bytes; ++at) changed |= zone[at] ^ kRedZone;
  if (changed == std::byte{0}) [[likely]]
    return;
  std::size_t first = 0;
  while (zone[first] == kRedZone) ++first;
  std::fprintf(stderr, "tapeline: %s pool: buffer %u was written to behind its end, at byte %zu\n",
               pool_name, slot, first);
  std::abort();
}

void SlotOwners::track(std::uint32_t slots) {
  out_ = std::make_unique<std::atomic<bool>[]>(slots);
  slots_ = slots;
}

// relaxed: only the slot itself is asked for, and its changes have one order.
void SlotOwners::hand_out(std::uint32_t slot, const char* pool_name) noexcept {
  if (out_ == nullptr) return;
  if (slot < slots_ && !out_[slot].exchange(true, std::memory_order_relaxed)) [[likely]]
    return;
  std::fprintf(stderr, "tapeline: %s pool: buffer %u was handed out twice\n", pool_name, slot);
  std::abort();
}

void SlotOwners::take_back(std::uint32_t slot, const char* pool_name) noexcept {
  if (out_ == nullptr) return;
  if (slot < slots_ && out_[slot].exchange(false, std::memory_order_relaxed)) [[likely]]
    return;
  std::fprintf(stderr, "tapeline: %s pool: buffer %u was released but is not in use\n", pool_name,
               slot);
  std::abort();
}

}  // namespace tapeline::pool

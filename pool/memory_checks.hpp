#pragma once

// Catches misuse of buffer memory in test builds; does nothing in others.
//
// Under AddressSanitizer a free buffer and the gap behind every buffer are poisoned. With
// TAPELINE_CHECKS the gap holds a pattern that is looked at when the buffer comes back; that finds
// what AddressSanitizer does not see, such as a system call that wrote too much. They also keep
// book of which buffers are out, which finds a copy of a guard that is released as well.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#if defined(TAPELINE_POOL_PLAIN)
// The installed library was built without AddressSanitizer. Headers that poison what it does not
// know of would make it hand out poisoned buffers.
#elif defined(__SANITIZE_ADDRESS__)
#define TAPELINE_POOL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TAPELINE_POOL_ASAN 1
#endif
#endif

#if defined(TAPELINE_POOL_ASAN)
#include <sanitizer/asan_interface.h>
#endif

namespace tapeline::pool {

inline void poison([[maybe_unused]] const std::byte* data,
                   [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(TAPELINE_POOL_ASAN)
  __asan_poison_memory_region(data, bytes);
#endif
}

inline void unpoison([[maybe_unused]] const std::byte* data,
                     [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(TAPELINE_POOL_ASAN)
  __asan_unpoison_memory_region(data, bytes);
#endif
}

// Fills a red zone. Requires: not poisoned.
void fill_red_zone(std::byte* zone, std::size_t bytes) noexcept;

// Aborts with a message naming the pool and the slot when the zone has been written to.
void check_red_zone(const std::byte* zone, std::size_t bytes, const char* pool_name,
                    std::uint32_t slot) noexcept;

// Which slots are handed out. Aborts with a message on a slot that has two owners, is released
// twice or was never there. Any thread. Watches nothing until track() is called.
class SlotOwners {
 public:
  void track(std::uint32_t slots);
  void hand_out(std::uint32_t slot, const char* pool_name) noexcept;
  void take_back(std::uint32_t slot, const char* pool_name) noexcept;

 private:
  std::unique_ptr<std::atomic<bool>[]> out_;
  std::uint32_t slots_ = 0;
};

}  // namespace tapeline::pool

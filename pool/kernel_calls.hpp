#pragma once

// Three services of the Linux kernel that the standard library does not offer in this form.
//
// Thread safety: any thread. Nothing throws.

#include <atomic>
#include <chrono>
#include <cstdint>

namespace tapeline::pool {

// Sleeps while `word` is `expected`, until woken or until the deadline. May wake for no reason.
void sleep_on(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
              std::chrono::steady_clock::time_point deadline) noexcept;
inline constexpr auto kNoDeadline = std::chrono::steady_clock::time_point::max();

// Wakes all threads that sleep on `word`.
void wake_all(const std::atomic<std::uint32_t>& word) noexcept;

// Returns when every running thread of the process has passed a full barrier, so that the other
// side of a store-then-load handshake needs none. Returns false when the kernel refuses; then only
// this thread has.
bool barrier_in_all_threads() noexcept;

}  // namespace tapeline::pool

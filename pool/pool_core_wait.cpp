// The part of PoolCore for threads that wait until a buffer comes back.
//
// A waiter sets a bit in state_, which every release reads anyway. A release that sees it puts
// all that its thread has parked on the shared stack and wakes the waiters; so does whatever else
// puts slots there. A release that does not see it came before the wait began, and its buffer is
// parked with its thread like any other.

#include <algorithm>

#include "pool/kernel_calls.hpp"
#include "pool/pool_core.hpp"

namespace tapeline::pool {
namespace {

// How long to sleep at most where the kernel has no barrier for all threads.
constexpr std::chrono::milliseconds kNapWithoutBarrier{1};

}  // namespace

BufferName PoolCore::acquire_until(ThreadCache* cache, Deadline deadline) noexcept {
  BufferName name = attempt(cache);
  if (name == kNoSlot) [[unlikely]]
    name = wait_for_buffer(cache, deadline);
  return handed_out_or_refused(name, cache);
}

BufferName PoolCore::wait_for_buffer(ThreadCache* cache, Deadline deadline) noexcept {
  using Clock = std::chrono::steady_clock;
  if (!of_this_process() || Clock::now() >= deadline) return kNoSlot;
  const bool woken_for_sure = begin_wait(cache);
  BufferName name = kNoSlot;
  for (;;) {
    // acquire: a slot pushed before the word was raised is seen below. One pushed later raises the
    // word, and the sleep ends or does not begin.
    const std::uint32_t wake_ups = wake_ups_.load(std::memory_order_acquire);
    name = attempt(cache);
    if (name != kNoSlot) break;
    const Deadline now = Clock::now();
    if (now >= deadline) break;
    sleep_on(wake_ups_, wake_ups,
             woken_for_sure ? deadline : std::min(deadline, now + kNapWithoutBarrier));
  }
  end_wait(cache, name != kNoSlot);
  return name;
}

// Returns whether every push from now on wakes this thread.
bool PoolCore::begin_wait(ThreadCache* cache) noexcept {
  {
    const std::lock_guard lock{mutex_};
    // relaxed: the barrier below orders it.
    if (waiters_++ == 0) state_.fetch_or(kWaiting, std::memory_order_relaxed);
    // release: whoever reads the count and then releases a buffer sees the bit.
    if (cache == nullptr) unattached_.waits.add_release(1);
  }
  // A push either is seen by the attempts from here on, or its thread sees the bit after it.
  const bool passed = barrier_in_all_threads();
  if (cache != nullptr) cache->waits.add_release(1);
  return passed;
}

void PoolCore::end_wait(ThreadCache* cache, bool served) noexcept {
  bool others = false;
  {
    const std::lock_guard lock{mutex_};
    others = --waiters_ != 0;
    // relaxed: nothing is read on the strength of its absence.
    if (!others) state_.fetch_and(~kWaiting, std::memory_order_relaxed);
    if (!served && cache == nullptr) unattached_.timeouts.add(1);
  }
  if (!served && cache != nullptr) cache->timeouts.add(1);
  // The rest of the batch that served this thread is for the others.
  if (served && others && cache != nullptr && cache->parked() != 0) {
    flush_all(*cache);
    wake_waiters();
  }
}

void PoolCore::wake_waiters() noexcept {
  // release: pairs with the load in wait_for_buffer().
  wake_ups_.fetch_add(1, std::memory_order_release);
  wake_all(wake_ups_);
}

}  // namespace tapeline::pool

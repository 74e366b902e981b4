// The part of PoolCore that gets more memory, up to the bound, and gives it back.
//
// A thread of the pool sleeps on growth_.wish. An acquire that finds few buffers on the shared
// stack writes `asked` there and wakes it, once: while the word is not `idle` nobody writes or
// wakes.

#include <pthread.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "pool/kernel_calls.hpp"
#include "pool/pool_core.hpp"

namespace tapeline::pool {
namespace {

// How long growth rests when the system has no memory.
constexpr std::chrono::milliseconds kPauseAfterFailure{100};

}  // namespace

BufferMemory::Stretch PoolCore::stretch_of(SlotRange slots) const noexcept {
  return {slots.begin * stride_, slots.end * stride_};
}

// Puts memory behind the slots and makes their buffers as free ones are.
int PoolCore::commit(SlotRange slots) noexcept {
  const BufferMemory::Stretch stretch = stretch_of(slots);
  if (const int error = memory_->commit(stretch); error != 0) return error;
  for (std::uint32_t slot = slots.begin; slot < slots.end; ++slot) {
    fill_red_zone(buffer(slot) + buffer_bytes_, stride_ - buffer_bytes_);
  }
  poison(base_ + stretch.begin, stretch.end - stretch.begin);
  growth_.bytes_now.set(memory_->bytes());
  growth_.bytes_peak.set(std::max(growth_.bytes_peak.get(), growth_.bytes_now.get()));
  return 0;
}

// The slabs that growth may add lie behind the buffers that are there from the start.
void PoolCore::prepare_growth(const PoolConfig& config) {
  const std::uint32_t room = first_overflow_ - buffer_count_;
  if (room == 0) return;
  const std::uint32_t share = std::max(buffer_count_ / 8, batch_);
  growth_.slab_buffers = std::min(config.slab_buffers != 0 ? config.slab_buffers : share, room);
  growth_.slab_count = (room - 1) / growth_.slab_buffers + 1;
  growth_.present.resize(growth_.slab_count);
  growth_.free.resize(growth_.slab_count);
  growth_.scratch = std::make_unique<std::uint32_t[]>(first_overflow_);
  if (!config.growth_thread) return;
  low_watermark_ =
      config.low_watermark != 0 ? config.low_watermark : std::min(share, buffer_count_);
}

PoolCore::SlotRange PoolCore::slab(std::uint32_t index) const noexcept {
  const std::uint32_t begin = buffer_count_ + index * growth_.slab_buffers;
  return {begin, begin + std::min(growth_.slab_buffers, first_overflow_ - begin)};
}

void PoolCore::start_growth_thread() {
  // Signals are for the threads of the program.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    growth_.thread = std::thread{[this] { serve_growth(); }};
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_setname_np(growth_.thread.native_handle(), "pool-growth");
}

void PoolCore::stop_growth_thread() noexcept {
  if (!growth_.thread.joinable()) return;
  // relaxed: the word carries nothing but itself; join() orders the rest.
  growth_.wish.store(Wish::stop, std::memory_order_relaxed);
  wake_all(growth_.wish);
  growth_.thread.join();
}

// Called when few buffers are left; costs one load when growth is under way or has reached its end.
void PoolCore::ask_for_growth() noexcept {
  // relaxed, here and wherever the word changes: it carries nothing but itself. What the thread
  // does next it decides by the depth of the stack.
  if (growth_.wish.load(std::memory_order_relaxed) != Wish::idle) return;
  std::uint32_t expected = Wish::idle;
  if (growth_.wish.compare_exchange_strong(expected, Wish::asked, std::memory_order_relaxed)) {
    wake_all(growth_.wish);
  }
}

void PoolCore::serve_growth() noexcept {
  for (;;) {
    const std::uint32_t wish = growth_.wish.load(std::memory_order_relaxed);
    if (wish == Wish::stop) return;
    if (wish != Wish::asked) {
      sleep_on(growth_.wish, wish, kNoDeadline);
      continue;
    }
    if (stack_.depth() >= low_watermark_) {
      change_wish(Wish::asked, Wish::idle);
      // Whoever took buffers after the look, and saw the word before the change, has not asked.
      static_cast<void>(barrier_in_all_threads());
      if (stack_.depth() < low_watermark_) ask_for_growth();
      continue;
    }
    Grown grown = Grown::yes;
    {
      const std::lock_guard lock{growth_.mutex};
      // Again, since trim(), which holds the mutex, may have had all slots in its hands.
      if (stack_.depth() < low_watermark_) grown = grow_slab();
      // Under the mutex, so that trim(), which makes room, finds it.
      if (grown == Grown::at_bound) change_wish(Wish::asked, Wish::at_bound);
    }
    if (grown == Grown::no_memory) {
      sleep_on(growth_.wish, Wish::asked, std::chrono::steady_clock::now() + kPauseAfterFailure);
    }
  }
}

// Does nothing when the word has become something else, such as `stop`.
void PoolCore::change_wish(std::uint32_t from, std::uint32_t to) noexcept {
  growth_.wish.compare_exchange_strong(from, to, std::memory_order_relaxed);
}

// Adds the first slab that is not there. Requires: growth_.mutex is held.
PoolCore::Grown PoolCore::grow_slab() noexcept {
  const auto absent = std::find(growth_.present.begin(), growth_.present.end(), false);
  if (absent == growth_.present.end()) return Grown::at_bound;
  const SlotRange slots = slab(static_cast<std::uint32_t>(absent - growth_.present.begin()));
  if (commit(slots) != 0) {
    growth_.failures.add(1);
    return Grown::no_memory;
  }
  *absent = true;
  growth_.slabs_grown.add(1);
  growth_.buffers.add(slots.end - slots.begin);
  circulate(slots);
  wake_if_waiting();
  return Grown::yes;
}

// For an acquire that found nothing. Returns whether it may find something now.
bool PoolCore::make_room() noexcept {
  if (growth_.slab_count == 0 || !of_this_process()) return false;
  const std::lock_guard lock{growth_.mutex};
  if (stack_.depth() != 0) return true;  // another thread was faster
  return grow_slab() == Grown::yes;
}

// Puts the slots on the shared stack in whole batches, the lowest on top.
void PoolCore::circulate(SlotRange slots) noexcept {
  std::array<std::uint32_t, kMaxBatch> batch{};
  std::uint32_t end = slots.end;
  while (end != slots.begin) {
    const std::uint32_t left = (end - slots.begin) % batch_;
    const std::uint32_t moved = left == 0 ? batch_ : left;
    // The last of a batch is taken first.
    for (std::uint32_t i = 0; i < moved; ++i) batch[i] = end - 1 - i;
    circulate(batch.data(), moved);
    end -= moved;
  }
}

// Requires: as grow_slab(), once there are other threads; 1 <= count <= batch_.
void PoolCore::circulate(const std::uint32_t* slots, std::uint32_t count) noexcept {
  // Before they can be taken, so that buffers in use are never counted too low. relaxed: a counter.
  circulating_.fetch_add(count, std::memory_order_relaxed);
  const FreeStack::Pushed pushed = stack_.push(slots, count);
  if (pushed.retries != 0) growth_.cas_retries_push.add(pushed.retries);
}

// Moves all slots of the shared stack to growth_.scratch, the top first. Returns their number.
std::uint32_t PoolCore::empty_stack() noexcept {
  std::array<std::uint32_t, kMaxBatch> batch{};
  std::uint32_t taken = 0;
  for (;;) {
    const FreeStack::Popped popped = stack_.pop(batch.data());
    if (popped.retries != 0) growth_.cas_retries_pop.add(popped.retries);
    if (popped.count == 0) return taken;
    circulating_.fetch_sub(popped.count, std::memory_order_relaxed);  // relaxed: a counter
    std::copy_n(batch.begin(), popped.count, growth_.scratch.get() + taken);
    taken += popped.count;
  }
}

std::size_t PoolCore::trim() noexcept {
  if (growth_.slab_count == 0 || !of_this_process()) return 0;
  const std::lock_guard lock{growth_.mutex};
  if (growth_.buffers.get() == 0) return 0;
  std::uint32_t* const slots = growth_.scratch.get();
  const std::uint32_t taken = empty_stack();
  std::fill(growth_.free.begin(), growth_.free.end(), 0);
  for (std::uint32_t i = 0; i < taken; ++i) {
    if (slots[i] >= buffer_count_) ++growth_.free[slab_of(slots[i])];
  }
  const auto is_whole = [this](std::uint32_t index) {
    return growth_.free[index] == slab(index).end - slab(index).begin;
  };
  const auto kept = static_cast<std::uint32_t>(std::remove_if(slots, slots + taken,
                                                              [&](std::uint32_t slot) {
                                                                return slot >= buffer_count_ &&
                                                                       is_whole(slab_of(slot));
                                                              }) -
                                               slots);
  // Back first, since other threads are short of them. The top comes last.
  for (std::uint32_t end = kept; end != 0;) {
    const std::uint32_t begin = (end - 1) / batch_ * batch_;
    circulate(slots + begin, end - begin);
    end = begin;
  }
  wake_if_waiting();
  std::size_t bytes = 0;
  for (std::uint32_t index = 0; index < growth_.slab_count; ++index) {
    if (is_whole(index)) bytes += drop_slab(index);
  }
  change_wish(Wish::at_bound, Wish::idle);
  return bytes;
}

// Requires: as grow_slab(); the slab is there and nobody else has a slot of it.
std::size_t PoolCore::drop_slab(std::uint32_t index) noexcept {
  const SlotRange slots = slab(index);
  const std::size_t bytes = memory_->decommit(stretch_of(slots));
  growth_.present[index] = false;
  growth_.buffers.set(growth_.buffers.get() - (slots.end - slots.begin));
  growth_.slabs_trimmed.add(1);
  growth_.bytes_now.set(memory_->bytes());
  return bytes;
}

BufferName PoolCore::acquire_or_grow(ThreadCache* cache) noexcept {
  BufferName name = attempt(cache);
  while (name == kNoSlot && make_room()) name = attempt(cache);
  return handed_out_or_refused(name, cache);
}

}  // namespace tapeline::pool

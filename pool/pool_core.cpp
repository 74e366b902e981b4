#include "pool/pool_core.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>

namespace tapeline::pool {

namespace {

constexpr std::size_t kMaxBufferBytes = std::numeric_limits<std::uint32_t>::max();

constinit std::atomic<std::uint32_t> next_pool{0};

// Returns when every running thread of the process has passed a full barrier. It lets release()
// do without one. When the kernel refuses, the memory of a pool destroyed too early may stay until
// the threads that used it end.
void barrier_in_all_threads() noexcept {
  ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
  ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

std::uint64_t difference(std::uint64_t larger, std::uint64_t smaller) noexcept {
  return larger > smaller ? larger - smaller : 0;  // the counters were read at different times
}

void check(bool good, const char* name, const char* requirement) {
  if (!good) throw std::invalid_argument(std::string{name} + " pool: " + requirement);
}

const PoolConfig& checked(const PoolConfig& config, const char* name, std::size_t bytes_step) {
  check(config.buffer_bytes >= 1 && config.buffer_bytes <= kMaxBufferBytes, name,
        "buffer_bytes must be at least 1 and less than 4 GiB");
  check(config.buffer_bytes % bytes_step == 0, name, "buffer_bytes must be a multiple of 64");
  check(config.buffer_count >= 1, name, "buffer_count must be at least 1");
  check(std::uint64_t{config.buffer_count} + config.overflow_buffers <= kNoSlot, name,
        "buffer_count and overflow_buffers must not exceed 1048575 together");
  check(config.batch <= kMaxBatch, name, "batch must be at most 31");
  check(config.threads >= 1, name, "threads must be at least 1");
  return config;
}

std::uint32_t choose_batch(const PoolConfig& config) noexcept {
  if (config.batch != 0) return config.batch;
  const std::uint64_t share = config.buffer_count / (std::uint64_t{8} * config.threads);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(share, 1, kMaxBatch));
}

std::size_t choose_stride(const PoolConfig& config) noexcept {
  const std::size_t lines = (config.buffer_bytes + kCacheLineBytes - 1) / kCacheLineBytes;
  return lines * kCacheLineBytes + PoolCore::kGapBytes;
}

// Puts the slots [0, count) on the stack in whole batches, the lowest on top.
void fill(FreeStack& stack, std::uint32_t count, std::uint32_t batch) noexcept {
  std::array<std::uint32_t, kMaxBatch> slots{};
  std::uint32_t end = count;
  while (end != 0) {
    const std::uint32_t moved = end % batch == 0 ? batch : end % batch;
    // The last of a batch is taken first.
    for (std::uint32_t i = 0; i < moved; ++i) slots[i] = end - 1 - i;
    stack.push(slots.data(), moved);
    end -= moved;
  }
}

}  // namespace

PoolCore* PoolCore::create(const PoolConfig& config, const char* name, std::size_t bytes_step) {
  return new PoolCore{checked(config, name, bytes_step), name};
}

PoolCore::PoolCore(const PoolConfig& config, const char* name)
    : stride_{choose_stride(config)},
      buffer_bytes_{config.buffer_bytes},
      buffer_count_{config.buffer_count},
      // relaxed: only spreads the pools over the places.
      current_index_{next_pool.fetch_add(1, std::memory_order_relaxed) % kCurrentCaches},
      overflow_count_{config.overflow_buffers},
      batch_{choose_batch(config)},
      fork_generation_{watch_for_forks()},
      name_{name},
      stack_{config.buffer_count},
      overflow_{config.overflow_buffers},
      unattached_{batch_} {
  const std::uint32_t total = buffer_count_ + overflow_count_;
  slab_ = std::make_unique<Slab>(total * stride_, config.huge_pages);
  base_ = slab_->data();
  slab_bytes_ = slab_->bytes();
  for (std::uint32_t slot = 0; slot < total; ++slot) {
    fill_red_zone(buffer(slot) + buffer_bytes_, stride_ - buffer_bytes_);
  }
  poison(base_, slab_->bytes());
  fill(stack_, buffer_count_, batch_);
  fill(overflow_, overflow_count_, 1);
}

PoolCore::~PoolCore() {
  Attachment* attachment = all_.load(std::memory_order_relaxed);  // relaxed: nobody else is here
  while (attachment != nullptr) {
    const Attachment* const done = attachment;
    attachment = attachment->next_in_pool;
    delete done;
  }
}

// Tells the cache how many buffers are outside the stacks, after this thread has moved some.
void PoolCore::note_outside(ThreadCache& cache, std::uint32_t depth) const noexcept {
  cache.set_outside(buffer_count_ - depth + overflow_count_ - overflow_.depth());
}

std::uint32_t PoolCore::acquire_slow(ThreadCache& cache) noexcept {
  // relaxed: acquiring while another thread closes the pool is not allowed.
  if (state_.load(std::memory_order_relaxed) == State::open) {
    const std::uint32_t depth = cache.refill(stack_);
    if (cache.parked() != 0) {
      note_outside(cache, depth);
      cache.stack_hits.add(1);
      return cache.take();
    }
    std::array<std::uint32_t, kMaxBatch> slot{};
    const FreeStack::Popped popped = overflow_.pop(slot.data());
    if (popped.retries != 0) cache.cas_retries_pop.add(popped.retries);
    if (popped.count != 0) {
      note_outside(cache, depth);
      cache.fallbacks.add(1);
      cache.note_acquired(cache.outside());
      return buffer_count_ + slot[0];
    }
  }
  cache.refusals.add(1);
  return kNoSlot;
}

void PoolCore::release_overflow(ThreadCache& cache, std::uint32_t slot) noexcept {
  const std::uint32_t overflow_slot = slot - buffer_count_;
  const FreeStack::Pushed pushed = overflow_.push(&overflow_slot, 1);
  if (pushed.retries != 0) cache.cas_retries_push.add(pushed.retries);
  note_outside(cache, stack_.depth());
  cache.note_released();
}

void PoolCore::flush_batch(ThreadCache& cache) noexcept {
  note_outside(cache, cache.flush_oldest(stack_));
}

void PoolCore::flush_all(ThreadCache& cache) noexcept {
  std::uint32_t depth = stack_.depth();
  while (cache.parked() != 0) depth = cache.flush_oldest(stack_);
  note_outside(cache, depth);
}

// A guard came back after close(), or in a child of the pool's process.
void PoolCore::released_late(ThreadCache& cache) noexcept {
  cache.drop();
  // relaxed: written before this thread went on after fork().
  if (state_.load(std::memory_order_relaxed) == State::forked) return;
  if (free_buffers_if_unused()) unreference(1);
}

void PoolCore::close() noexcept {
  if (!of_this_process()) return;  // the memory is the parent's; the child's copy goes with it
  references_.fetch_add(1, std::memory_order_relaxed);  // relaxed: the owner's keeps it alive
  // release: a thread that sees it sees, in its sum, the acquires that came before.
  state_.store(State::closed, std::memory_order_release);
  bool freed = free_buffers_if_unused();
  if (const std::uint64_t left = outstanding(); left != 0) {
    std::fprintf(stderr,
                 "tapeline: %s pool destroyed while %llu of its buffers are in use; their memory "
                 "stays until they are released\n",
                 name_, static_cast<unsigned long long>(left));
  }
  if (!freed) {
    // A release either sees the new state or has been counted before the next sum.
    barrier_in_all_threads();
    freed = free_buffers_if_unused();
  }
  unreference(freed ? 2 : 1);
  detach_closed();  // this thread's own cache of this pool, and of others that are gone
}

// Frees the buffers of a closed pool once no guard holds one. Returns true to the one caller that
// did; it has to give back the reference that the owner left behind, besides its own.
bool PoolCore::free_buffers_if_unused() noexcept {
  const std::lock_guard lock{mutex_};
  if (slab_ == nullptr || outstanding() != 0) return false;
  unpoison(base_, slab_->bytes());
  slab_.reset();
  stack_.discard();
  overflow_.discard();
  return true;
}

void PoolCore::unreference(std::uint32_t count) noexcept {
  // acq_rel: the last one sees all that the others did here.
  if (references_.fetch_sub(count, std::memory_order_acq_rel) == count) delete this;
}

std::uint64_t PoolCore::releases() const noexcept {
  std::uint64_t sum = unattached_.releases.get_acquire();
  // acquire: as in take_idle_or_new(); for the releases, see ThreadCache::note_released().
  for (const Attachment* at = all_.load(std::memory_order_acquire); at != nullptr;
       at = at->next_in_pool) {
    sum += at->cache.releases.get_acquire();
  }
  return sum;
}

// Buffers in guards. Never less than there are: a counted release has its acquire counted, because
// the releases are summed first.
std::uint64_t PoolCore::outstanding() const noexcept {
  const std::uint64_t released = releases();
  std::uint64_t acquired = unattached_.acquires.get();
  // acquire: as in take_idle_or_new(). From the front again: a thread whose release was counted
  // may have acquired through a cache that is newer than the walk above.
  for (const Attachment* at = all_.load(std::memory_order_acquire); at != nullptr;
       at = at->next_in_pool) {
    acquired += at->cache.acquires.get();
  }
  return acquired - released;
}

BufferCounts PoolCore::counts() const noexcept {
  BufferCounts counts;
  std::int32_t peak = 0;
  const auto add = [&counts, &peak](const ThreadCache& cache) {
    counts.acquires += cache.acquires.get();
    counts.stack_hits += cache.stack_hits.get();
    counts.fallback_allocations += cache.fallbacks.get();
    counts.refusals += cache.refusals.get();
    counts.cas_retries_pop += cache.cas_retries_pop.get();
    counts.cas_retries_push += cache.cas_retries_push.get();
    counts.parked += cache.parked();
    peak = std::max(peak, cache.peak_in_use());
  };
  // Releases first, and acquire: see outstanding().
  counts.releases = releases();
  add(unattached_);
  for (const Attachment* at = all_.load(std::memory_order_acquire); at != nullptr;
       at = at->next_in_pool) {
    add(at->cache);
  }
  // relaxed: a counter.
  counts.refusals += refusals_after_fork_.load(std::memory_order_relaxed);
  counts.cache_hits = difference(counts.acquires, counts.stack_hits + counts.fallback_allocations);
  counts.misses = counts.stack_hits + counts.fallback_allocations + counts.refusals;
  counts.in_use = difference(counts.acquires, counts.releases);
  counts.peak_in_use = static_cast<std::uint64_t>(peak);
  counts.available = stack_.depth();
  counts.buffers = buffer_count_;
  counts.buffer_bytes = buffer_bytes_;
  counts.bytes_now = slab_bytes_;
  counts.bytes_peak = slab_bytes_;
  counts.overflow_buffers = overflow_count_;
  counts.overflow_in_use = overflow_count_ - overflow_.depth();
  return counts;
}

}  // namespace tapeline::pool

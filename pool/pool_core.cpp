#include "pool/pool_core.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>

#include "pool/kernel_calls.hpp"

namespace tapeline::pool {

namespace {

constexpr std::size_t kMaxBufferBytes = std::numeric_limits<std::uint32_t>::max();
constexpr std::int32_t kMaxNumaNode = 1023;

constinit std::array<std::atomic<bool>, kKindPlaces> place_taken{};
constinit std::atomic<std::uint32_t> next_pool{0};

// relaxed: which pool has which place decides how fast a thread finds its cache, and nothing else.
std::uint32_t take_place(std::uint32_t of_kind) noexcept {
  if (!place_taken[of_kind].exchange(true, std::memory_order_relaxed)) return of_kind;
  return kKindPlaces +
         next_pool.fetch_add(1, std::memory_order_relaxed) % (kCurrentCaches - kKindPlaces);
}
void give_place_back(std::uint32_t place) noexcept {
  if (place < kKindPlaces) place_taken[place].store(false, std::memory_order_relaxed);
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
  check(config.max_buffers <= kNoSlot, name, "max_buffers must not exceed 1048575");
  check(config.max_buffers == 0 ||
            config.max_buffers >= config.buffer_count + config.overflow_buffers,
        name, "max_buffers must be 0, or at least buffer_count and overflow_buffers together");
  check(config.low_watermark <= config.buffer_count, name,
        "low_watermark must not exceed buffer_count");
  check(config.batch <= kMaxBatch, name, "batch must be at most 127");
  check(config.threads >= 1, name, "threads must be at least 1");
  check(config.numa_node >= -1 && config.numa_node <= kMaxNumaNode, name,
        "numa_node must be -1 or a node from 0 to 1023");
  return config;
}

std::uint32_t choose_batch(const PoolConfig& config) noexcept {
  if (config.batch != 0) return config.batch;
  const std::uint64_t share = config.buffer_count / (std::uint64_t{8} * config.threads);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(share, 1, kUsualBatch));
}

std::size_t choose_stride(const PoolConfig& config) noexcept {
  const std::size_t lines = (config.buffer_bytes + kCacheLineBytes - 1) / kCacheLineBytes;
  return lines * kCacheLineBytes + PoolCore::kGapBytes;
}

std::uint32_t bound_of(const PoolConfig& config) noexcept {
  return std::max(config.max_buffers, config.buffer_count + config.overflow_buffers);
}

}  // namespace

PoolCore* PoolCore::create(const PoolConfig& config, const KindOfPool& kind) {
  return new PoolCore{checked(config, kind.name, kind.bytes_step), kind};
}

PoolCore::PoolCore(const PoolConfig& config, const KindOfPool& kind)
    : stride_{choose_stride(config)},
      first_overflow_{bound_of(config) - config.overflow_buffers},
      batch_{choose_batch(config)},
      buffer_bytes_{config.buffer_bytes},
      overflow_count_{config.overflow_buffers},
      buffer_count_{config.buffer_count},
      fork_generation_{watch_for_forks()},
      name_{kind.name},
      stack_{first_overflow_, batch_},
      overflow_{config.overflow_buffers, 1},
      unattached_{batch_, number_.buffer_name(0)} {
  first_overflow_name_ = number_.buffer_name(first_overflow_);
  prepare_growth(config);
  const std::uint32_t bound = bound_of(config);
#if defined(TAPELINE_CHECKS)
  owners_.track(bound);
#endif
  memory_ = std::make_unique<BufferMemory>(
      bound * stride_, BufferMemory::Options{.max_stretches = growth_.slab_count + std::size_t{2},
                                             .huge_pages = config.huge_pages,
                                             .numa_node = config.numa_node});
  base_ = memory_->data();
  number_.set_buffers(base_, stride_, buffer_bytes_);
  commit_or_throw(SlotRange{0, buffer_count_}, config);
  commit_or_throw(SlotRange{first_overflow_, bound}, config);
  circulate(SlotRange{0, buffer_count_});
  for (std::uint32_t slot = overflow_count_; slot-- != 0;) overflow_.push(&slot, 1);
  if (low_watermark_ != 0) start_growth_thread();
  place_ = take_place(kind.place);  // last, since a constructor that throws does not give it back
}

void PoolCore::commit_or_throw(SlotRange slots, const PoolConfig& config) {
  if (slots.begin == slots.end) return;
  const int error = commit(slots);
  if (error == 0) return;
  std::string what = std::string{name_} + " pool: cannot get memory for " +
                     std::to_string(slots.end - slots.begin) + " buffers";
  if (config.numa_node >= 0) what += " on NUMA node " + std::to_string(config.numa_node);
  throw std::system_error(error, std::generic_category(), what);
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
  // relaxed: while the pool grows the sum may be too high by one batch, which is documented.
  const std::uint32_t circulating = circulating_.load(std::memory_order_relaxed);
  cache.set_outside(circulating - std::min(depth, circulating) + overflow_count_ -
                    overflow_.depth());
}

BufferName PoolCore::acquire_slow(ThreadCache& cache) noexcept {
  const BufferName name = fetch(cache);
  if (name == kNoSlot) cache.refusals.add(1);
  return name;
}

// A buffer from a shared stack, for a cache that is empty. A refusal is not counted.
BufferName PoolCore::fetch(ThreadCache& cache) noexcept {
  // relaxed: acquiring while another thread closes the pool is not allowed.
  if ((state_.load(std::memory_order_relaxed) & (kClosed | kForked)) != 0) return kNoSlot;
  const std::uint32_t depth = cache.refill(stack_);
  if (depth < low_watermark_) ask_for_growth();
  if (cache.parked() != 0) {
    note_outside(cache, depth);
    cache.stack_hits.add(1);
    return cache.take();
  }
  std::array<std::uint32_t, kMaxBatch> slot{};
  const FreeStack::Popped popped = overflow_.pop(slot.data());
  if (popped.retries != 0) cache.cas_retries_pop.add(popped.retries);
  if (popped.count == 0) return kNoSlot;
  note_outside(cache, depth);
  cache.fallbacks.add(1);
  cache.note_acquired(cache.outside());
  return number_.buffer_name(first_overflow_ + slot[0]);
}

// What any acquire tries, without counting a refusal. `cache` is null for a thread without one.
BufferName PoolCore::attempt(ThreadCache* cache) noexcept {
  if (cache != nullptr) {
    const BufferName name = cache->take();
    return name != kNoSlot ? name : fetch(*cache);
  }
  if (!of_this_process()) return kNoSlot;
  const std::lock_guard lock{mutex_};
  const BufferName name = fetch(unattached_);
  flush_all(unattached_);
  wake_if_waiting();
  return name;
}

// Ends what attempt() began, once for each acquire.
BufferName PoolCore::handed_out_or_refused(BufferName name, ThreadCache* cache) noexcept {
  if (name == kNoSlot) {
    if (cache != nullptr) {
      cache->refusals.add(1);
    } else if (of_this_process()) {
      const std::lock_guard lock{mutex_};
      unattached_.refusals.add(1);
    } else {
      refusals_after_fork_.fetch_add(1, std::memory_order_relaxed);  // relaxed: a counter
    }
  }
  return handed_out(name);
}

// The cache is full, or the buffer is not for caches.
void PoolCore::release_slow(ThreadCache& cache, BufferName name) noexcept {
  if (!in_circulation(name)) return release_overflow(cache, slot_of(name));
  note_outside(cache, cache.flush_oldest(stack_));
  cache.put(name);
}

void PoolCore::release_overflow(ThreadCache& cache, std::uint32_t slot) noexcept {
  const std::uint32_t overflow_slot = slot - first_overflow_;
  const FreeStack::Pushed pushed = overflow_.push(&overflow_slot, 1);
  if (pushed.retries != 0) cache.cas_retries_push.add(pushed.retries);
  note_outside(cache, stack_.depth());
  cache.note_released();
}

void PoolCore::flush_all(ThreadCache& cache) noexcept {
  std::uint32_t depth = stack_.depth();
  while (cache.parked() != 0) depth = cache.flush_oldest(stack_);
  note_outside(cache, depth);
}

// A guard came back while somebody waits for it, after close(), or in a child of the pool's
// process.
void PoolCore::released_oddly(ThreadCache& cache) noexcept {
  // relaxed: the caller has read it in the order that matters; what comes with fork() was written
  // before this thread went on.
  const std::uint32_t state = state_.load(std::memory_order_relaxed);
  if ((state & kForked) != 0) return cache.drop();
  if ((state & kWaiting) != 0) {
    flush_all(cache);
    wake_waiters();
  }
  if ((state & kClosed) == 0) return;
  cache.drop();
  if (free_buffers_if_unused()) unreference(1);
}

void PoolCore::close() noexcept {
  if (!of_this_process()) return;  // the memory is the parent's; the child's copy goes with it
  stop_growth_thread();
  give_place_back(place_);
  references_.fetch_add(1, std::memory_order_relaxed);  // relaxed: the owner's keeps it alive
  // release: a thread that sees it sees, in its sum, the acquires that came before.
  state_.store(kClosed, std::memory_order_release);
  bool freed = free_buffers_if_unused();
  if (const std::uint64_t left = outstanding(); left != 0) {
    std::fprintf(stderr,
                 "tapeline: %s pool destroyed while %llu of its buffers are in use; their memory "
                 "stays until they are released\n",
                 name_, static_cast<unsigned long long>(left));
  }
  if (!freed) {
    // A release either sees the new state or has been counted before the next sum. When the kernel
    // refuses, the memory may stay until the threads that used the pool end.
    static_cast<void>(barrier_in_all_threads());
    freed = free_buffers_if_unused();
  }
  unreference(freed ? 2 : 1);
  detach_closed();  // this thread's own cache of this pool, and of others that are gone
}

// Frees the buffers of a closed pool once no guard holds one. Returns true to the one caller that
// did; it has to give back the reference that the owner left behind, besides its own.
bool PoolCore::free_buffers_if_unused() noexcept {
  const std::lock_guard lock{mutex_};
  if (memory_ == nullptr || outstanding() != 0) return false;
  // The stacks stay with the core: a thread that released for a waiter may still be flushing.
  memory_.reset();
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
    counts.timeouts += cache.timeouts.get();
    counts.waits += cache.waits.get_acquire();  // acquire: see begin_wait()
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
  counts.overflow_buffers = overflow_count_;
  counts.overflow_in_use = overflow_count_ - overflow_.depth();
  counts.max_buffers = first_overflow_ + overflow_count_;
  counts.cas_retries_pop += growth_.cas_retries_pop.get();
  counts.cas_retries_push += growth_.cas_retries_push.get();
  counts.grown_buffers = growth_.buffers.get();
  counts.slabs_grown = growth_.slabs_grown.get();
  counts.slabs_trimmed = growth_.slabs_trimmed.get();
  counts.growth_failures = growth_.failures.get();
  counts.bytes_now = growth_.bytes_now.get();
  counts.bytes_peak = growth_.bytes_peak.get();
  return counts;
}

}  // namespace tapeline::pool

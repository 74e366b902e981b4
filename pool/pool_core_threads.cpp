// The part of PoolCore that knows about threads and processes: which cache belongs to this thread,
// what happens when a thread ends, and what a child process is refused.

#include <pthread.h>

#include <new>
#include <system_error>

#include "pool/pool_core.hpp"

namespace tapeline::pool {

constinit thread_local CurrentCache current_caches[kCurrentCaches]{};
constinit thread_local PoolCore::Attachment* PoolCore::attachments_of_thread = nullptr;

namespace {

// How many forks lie between this process and the first one.
constinit std::atomic<std::uint32_t> fork_generation{0};

// Set when the caches of this thread have been given back: none may be made after that.
constinit thread_local bool thread_has_ended = false;

// Apart from the pointers above, so that only threads that use a pool pay, once, for a destructor.
class ThreadEnd {
 public:
  ThreadEnd() = default;
  ~ThreadEnd() {
    thread_has_ended = true;
    PoolCore::detach_this_thread();
  }
  ThreadEnd(const ThreadEnd&) = delete;
  ThreadEnd& operator=(const ThreadEnd&) = delete;
  void arm() noexcept { armed_ = true; }

 private:
  bool armed_ = false;
};

void arm_thread_end() noexcept {
  thread_local ThreadEnd thread_end;
  thread_end.arm();
}

void after_fork_in_child() noexcept {
  fork_generation.fetch_add(1, std::memory_order_relaxed);  // relaxed: the child has one thread
  PoolCore::forget_after_fork();
}

}  // namespace

std::uint32_t PoolCore::watch_for_forks() {
  static const int kResult = ::pthread_atfork(nullptr, nullptr, after_fork_in_child);
  if (kResult != 0) throw std::system_error(kResult, std::generic_category(), "pthread_atfork");
  return fork_generation.load(std::memory_order_relaxed);  // relaxed: as in of_this_process()
}

bool PoolCore::of_this_process() const noexcept {
  // relaxed: changes only in a child, before its only thread goes on.
  return fork_generation_ == fork_generation.load(std::memory_order_relaxed);
}

// The cache of the thread is not in the place of the kind: finds it elsewhere, makes it, or does
// without.
BufferName PoolCore::acquire_elsewhere() noexcept {
  const CurrentCache current = current_caches[place_];
  if (current.core == this) return acquire_with(*current.cache);
  if (ThreadCache* const cache = attach_this_thread(); cache != nullptr) {
    return acquire_with(*cache);
  }
  return handed_out_or_refused(attempt(nullptr), nullptr);
}

void PoolCore::release_elsewhere(BufferName name) noexcept {
  const CurrentCache current = current_caches[place_];
  if (current.core == this) return release_with(*current.cache, name);
  if (ThreadCache* const cache = attach_this_thread(); cache != nullptr) {
    return release_with(*cache, name);
  }
  if (of_this_process()) release_unattached(name);
}

// Requires: a thread of the pool's process.
void PoolCore::release_unattached(BufferName name) noexcept {
  const std::uint32_t slot = slot_of(name);
  references_.fetch_add(1, std::memory_order_relaxed);  // relaxed: the guard keeps the core alive
  retire_bytes(name);
  {
    const std::lock_guard lock{mutex_};
    if (slot < first_overflow_) {
      const FreeStack::Pushed pushed = stack_.push(&slot, 1);
      if (pushed.retries != 0) unattached_.cas_retries_push.add(pushed.retries);
      unattached_.note_released();
    } else {
      release_overflow(unattached_, slot);
    }
  }
  wake_if_waiting();
  // acquire: as in release_with().
  const bool closed = (state_.load(std::memory_order_acquire) & kClosed) != 0;
  unreference(closed && free_buffers_if_unused() ? 2 : 1);
}

ThreadCache* PoolCore::attach_this_thread() noexcept {
  if (!of_this_process() || thread_has_ended) return nullptr;
  Attachment* attachment = attachments_of_thread;
  while (attachment != nullptr && attachment->core != this) {
    attachment = attachment->next_in_thread;
  }
  if (attachment == nullptr) {
    detach_closed();
    attachment = take_idle_or_new();
    if (attachment == nullptr) return nullptr;
    arm_thread_end();
    references_.fetch_add(1, std::memory_order_relaxed);  // relaxed: the caller's keeps it alive
    attachment->next_in_thread = attachments_of_thread;
    attachments_of_thread = attachment;
    note_outside(attachment->cache, stack_.depth());
  }
  current_caches[place_] = {this, &attachment->cache, number_.buffer_name(0)};
  return &attachment->cache;
}

PoolCore::Attachment* PoolCore::take_idle_or_new() noexcept {
  const std::lock_guard lock{mutex_};
  if (idle_ != nullptr) {
    Attachment* const attachment = idle_;
    idle_ = attachment->next_idle;
    return attachment;
  }
  auto* const attachment = new (std::nothrow) Attachment{this, batch_, number_.buffer_name(0)};
  if (attachment == nullptr) return nullptr;
  attachment->next_in_pool = all_.load(std::memory_order_relaxed);  // relaxed: under mutex_
  // release: a reader that finds it finds it constructed.
  all_.store(attachment, std::memory_order_release);
  return attachment;
}

// Takes back the cache of a thread that has removed it from its own list.
void PoolCore::detach(Attachment* attachment) noexcept {
  if (current_caches[place_].core == this) current_caches[place_] = {};
  {
    const std::lock_guard lock{mutex_};
    if (memory_ != nullptr) {
      flush_all(attachment->cache);
    } else {
      attachment->cache.drop();
    }
    attachment->next_idle = idle_;
    idle_ = attachment;
  }
  wake_if_waiting();
  // acquire: as in release_with().
  const bool closed = (state_.load(std::memory_order_acquire) & kClosed) != 0;
  unreference(closed && free_buffers_if_unused() ? 2 : 1);
}

// Lets go of the pools that no longer exist.
void PoolCore::detach_closed() noexcept {
  Attachment** link = &attachments_of_thread;
  while (*link != nullptr) {
    Attachment* const attachment = *link;
    // relaxed: nothing is read on the strength of it.
    if ((attachment->core->state_.load(std::memory_order_relaxed) & kClosed) == 0) {
      link = &attachment->next_in_thread;
    } else {
      *link = attachment->next_in_thread;
      attachment->core->detach(attachment);
    }
  }
}

void PoolCore::detach_this_thread() noexcept {
  while (attachments_of_thread != nullptr) {
    Attachment* const attachment = attachments_of_thread;
    attachments_of_thread = attachment->next_in_thread;
    attachment->core->detach(attachment);
  }
}

// The child has one thread, this one. It forgets its caches, so that each use of a pool of the
// parent takes the path that looks at of_this_process(); the state is for handles.
void PoolCore::forget_after_fork() noexcept {
  for (Attachment* attachment = attachments_of_thread; attachment != nullptr;
       attachment = attachment->next_in_thread) {
    attachment->cache.drop();
    attachment->core->state_.store(kForked, std::memory_order_relaxed);  // relaxed: one thread
  }
  attachments_of_thread = nullptr;
  for (CurrentCache& current : current_caches) current = {};
}

void PoolCore::flush_this_thread() noexcept {
  if (!of_this_process()) return;
  for (Attachment* attachment = attachments_of_thread; attachment != nullptr;
       attachment = attachment->next_in_thread) {
    if (attachment->core == this) flush_all(attachment->cache);
  }
  wake_if_waiting();
}

}  // namespace tapeline::pool

// Free lists behind a lock: what one writes first.

#include <atomic>
#include <mutex>
#include <vector>

#include "workloads.hpp"

namespace tapeline::bench {
namespace {

// Watches the word and only then writes it, with pauses.
class Spinlock {
 public:
  void lock() noexcept {
    while (taken_.exchange(true, std::memory_order_acquire)) {
      while (taken_.load(std::memory_order_relaxed)) pause();
    }
  }
  void unlock() noexcept { taken_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> taken_{false};
};

template <typename Lock>
class LockedList {
 public:
  using Buffer = std::byte*;

  explicit LockedList(const Buffers& buffers) {
    for (std::uint32_t i = 0; i < kBuffers; ++i) free_.push_back(buffers.at(i));
  }

  class Hand {
   public:
    explicit Hand(LockedList& list) noexcept : list_{list} {}
    Buffer acquire() noexcept {
      const std::lock_guard held{list_.lock_};
      if (list_.free_.empty()) return nullptr;
      Buffer const buffer = list_.free_.back();
      list_.free_.pop_back();
      return buffer;
    }
    void release(Buffer buffer) noexcept {
      const std::lock_guard held{list_.lock_};
      list_.free_.push_back(buffer);
    }

   private:
    LockedList& list_;
  };

 private:
  alignas(128) Lock lock_;
  std::vector<Buffer> free_;
};

}  // namespace

void add_locked(Contenders& contenders, const Buffers& buffers) {
  contenders.taking_part.push_back(
      std::make_unique<ContenderOf<LockedList<std::mutex>>>("mutex list", buffers));
  contenders.taking_part.push_back(
      std::make_unique<ContenderOf<LockedList<Spinlock>>>("spinlock list", buffers));
}

}  // namespace tapeline::bench

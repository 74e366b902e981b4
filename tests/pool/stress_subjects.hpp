#pragma once

// What the stress harness runs over: any stack with the interface of BasicFreeStack, and a pool.

#include <array>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "pool/buffer_pool.hpp"
#include "pool/free_stack.hpp"

namespace tapeline::pool {

// A stack of slots with buffers of two words. Joins and splits batches as they pass, unless the
// stack only knows batches of one.
template <typename Stack>
class StackSubject {
 public:
  class Item {
   public:
    explicit operator bool() const noexcept { return count_ != 0; }
    [[nodiscard]] std::uint32_t first() const noexcept { return slots_[0]; }
    [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

   private:
    friend class StackSubject;
    std::array<std::uint32_t, kMaxBatch> slots_{};
    std::uint32_t count_ = 0;
  };

  // Slot 0 comes first; `batch` slots lie together. Requires: 2 * batch <= kMaxBatch.
  StackSubject(std::uint32_t slots, std::uint32_t batch)
      : batch_{batch}, stack_{slots}, buffers_(slots) {
    for (std::uint32_t end = slots; end != 0;) {
      Item item;
      item.count_ = (end - 1) % batch + 1;
      end -= item.count_;
      for (std::uint32_t i = 0; i < item.count_; ++i) item.slots_[i] = end + i;
      stack_.push(item.slots_.data(), item.count_);
    }
  }

  Item take() noexcept {
    Item item;
    item.count_ = stack_.pop(item.slots_.data()).count;
    if (item.count_ == 0 || item.count_ == batch_ || item.first() % 2 != 0) return item;
    Item more;
    more.count_ = stack_.pop(more.slots_.data()).count;
    if (item.count_ + more.count_ > 2 * batch_) {
      stack_.push(more.slots_.data(), more.count_);
      return item;
    }
    for (std::uint32_t i = 0; i < more.count_; ++i) item.slots_[item.count_++] = more.slots_[i];
    return item;
  }

  void give(const Item& item) noexcept {
    const std::uint32_t split = item.count_ > batch_ ? batch_ : item.count_ / 2;
    const bool whole = batch_ == 1 || split == 0 || item.first() % 3 == 0;
    if (!whole) stack_.push(item.slots_.data(), split);
    const std::uint32_t begin = whole ? 0 : split;
    stack_.push(item.slots_.data() + begin, item.count_ - begin);
  }

  template <typename Visit>
  void for_each_buffer(const Item& item, Visit visit) noexcept {
    for (std::uint32_t i = 0; i < item.count_; ++i) {
      visit(reinterpret_cast<std::byte*>(buffers_[item.slots_[i]].words.data()));
    }
  }

  // Takes everything. Returns how often each slot was on the stack, which is 1 if all is well.
  // Requires: nobody else uses the stack.
  [[nodiscard]] std::vector<std::uint32_t> empty() noexcept {
    std::vector<std::uint32_t> times(buffers_.size());
    Item item;
    for (std::size_t rounds = 0; rounds < buffers_.size(); ++rounds) {
      item.count_ = stack_.pop(item.slots_.data()).count;
      for (std::uint32_t i = 0; i < item.count_; ++i) ++times[item.slots_[i]];
    }
    return times;
  }

 private:
  struct alignas(16) Buffer {
    std::array<std::uint64_t, 2> words{};
  };

  std::uint32_t batch_;
  Stack stack_;
  std::vector<Buffer> buffers_;
};

// A pool of buffers.
class PoolSubject {
 public:
  using Item = SerializationGuard;

  explicit PoolSubject(const PoolConfig& config) : pool_{config} {}

  Item take() noexcept { return pool_.try_acquire(); }
  void give(Item item) noexcept { item.release(); }
  template <typename Visit>
  void for_each_buffer(const Item& item, Visit visit) noexcept {
    visit(item.data());
  }

  [[nodiscard]] BufferPool<SerializationKind>& pool() noexcept { return pool_; }

 private:
  BufferPool<SerializationKind> pool_;
};

// Requires: all buffers have come back. The growth thread may still be at work on what it was last
// asked for, so this looks until it is not.
inline BufferCounts quiet_counts(const BufferPool<SerializationKind>& pool) {
  BufferCounts counts = pool.counts();
  for (int looks = 0; looks < 100'000; ++looks) {
    if (counts.available == counts.buffers + counts.grown_buffers) break;
    std::this_thread::yield();
    counts = pool.counts();
  }
  return counts;
}

}  // namespace tapeline::pool

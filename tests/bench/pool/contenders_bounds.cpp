// What bounds the others: no pool at all, which leaves loop and ring, and a Treiber stack with
// nothing in front of it.

#include <atomic>
#include <vector>

#include "workloads.hpp"

namespace tapeline::bench {
namespace {

// Hands out one and the same buffer.
class NoPool {
 public:
  using Buffer = std::byte*;
  explicit NoPool(const Buffers& buffers) noexcept : buffer_{buffers.at(0)} {}

  class Hand {
   public:
    explicit Hand(NoPool& source) noexcept : buffer_{source.buffer_} {}
    [[nodiscard]] Buffer acquire() const noexcept { return buffer_; }
    void release(Buffer buffer) noexcept { keep(buffer); }

   private:
    Buffer buffer_;
  };

 private:
  Buffer buffer_;
};

// {tag:44, index:20} in one word, links beside the buffers, one swap for each operation. The tag
// makes it right; it is the pool without batches, caches and counters.
class TreiberStack {
 public:
  // Carries its index: to find it from the address would cost a division.
  class Buffer {
   public:
    Buffer() noexcept = default;
    Buffer(std::byte* data, std::uint32_t index) noexcept : data_{data}, index_{index} {}
    explicit operator bool() const noexcept { return data_ != nullptr; }
    [[nodiscard]] std::byte* data() const noexcept { return data_; }
    [[nodiscard]] std::uint32_t index() const noexcept { return index_; }

   private:
    std::byte* data_ = nullptr;
    std::uint32_t index_ = 0;
  };

  explicit TreiberStack(const Buffers& buffers) : buffers_{buffers}, links_(kBuffers) {
    for (std::uint32_t i = 0; i < kBuffers; ++i) push(i);
  }

  class Hand {
   public:
    explicit Hand(TreiberStack& stack) noexcept : stack_{stack} {}
    [[nodiscard]] Buffer acquire() noexcept {
      const std::uint32_t index = stack_.pop();
      return index == kNone ? Buffer{} : Buffer{stack_.buffers_.at(index), index};
    }
    void release(const Buffer& buffer) noexcept { stack_.push(buffer.index()); }

   private:
    TreiberStack& stack_;
  };

 private:
  static constexpr std::uint64_t kTagStep = std::uint64_t{1} << 20;
  static constexpr std::uint32_t kNone = kTagStep - 1;

  std::uint32_t pop() noexcept {
    std::uint64_t head = head_.load(std::memory_order_acquire);
    while (true) {
      const std::uint32_t top = static_cast<std::uint32_t>(head) & kNone;
      if (top == kNone) return kNone;
      const std::uint32_t below = links_[top].load(std::memory_order_relaxed);
      const std::uint64_t next = ((head & ~(kTagStep - 1)) + kTagStep) | below;
      if (head_.compare_exchange_weak(head, next, std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
        return top;
      }
    }
  }

  void push(std::uint32_t index) noexcept {
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    std::uint64_t next = 0;
    do {
      links_[index].store(static_cast<std::uint32_t>(head) & kNone, std::memory_order_relaxed);
      next = (head & ~(kTagStep - 1)) | index;
    } while (!head_.compare_exchange_weak(head, next, std::memory_order_release,
                                          std::memory_order_relaxed));
  }

  alignas(128) std::atomic<std::uint64_t> head_{kNone};
  alignas(128) const Buffers& buffers_;
  std::vector<std::atomic<std::uint32_t>> links_;
};

}  // namespace

void add_bounds(Contenders& contenders, const Buffers& buffers) {
  contenders.taking_part.push_back(
      std::make_unique<ContenderOf<NoPool>>("no pool: loop and ring alone", buffers));
  contenders.taking_part.push_back(
      std::make_unique<ContenderOf<TreiberStack>>("bare Treiber stack", buffers));
}

}  // namespace tapeline::bench

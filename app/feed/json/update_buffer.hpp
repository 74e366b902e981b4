#pragma once

// Book updates that wait for a snapshot: one queue per symbol, all in one bounded memory.
//
// When there is no room the oldest updates of the same symbol go: a snapshot that is still to come
// is newer than they are.
//
// Thread safety: none; one thread.
// Memory:        32 bytes per update and per level, mapped when it is made and touched as used.

#include <cstddef>
#include <cstdint>

#include "app/feed/json/depth_sync.hpp"
#include "app/market/identifiers.hpp"
#include "app/market/mapped_region.hpp"
#include "app/market/price.hpp"

namespace tapeline::feed {

struct UpdateBufferConfig {
  std::uint32_t max_records = 1U << 19U;             // updates and levels of all symbols
  std::uint32_t max_records_per_symbol = 1U << 16U;  // of one
};

class UpdateBuffer {
 public:
  // All zero is an empty queue. Belongs to the buffer that filled it.
  struct Queue {
    std::uint32_t first = 0;  // 1 + index, 0 = none
    std::uint32_t last = 0;
    std::uint32_t records = 0;
    std::uint32_t updates = 0;
  };

  // Throws std::system_error when memory can not be had.
  explicit UpdateBuffer(const UpdateBufferConfig& config);

  // Appends an update of `level_count` levels; then come as many calls of add_level(). Returns
  // false when it does not fit even into an emptied queue. `dropped` is raised by the updates that
  // went for it.
  [[nodiscard]] bool begin_update(Queue& queue, const UpdateIds& ids, std::size_t level_count,
                                  std::uint64_t& dropped) noexcept;
  void add_level(Queue& queue, market::Side side, market::Price price, std::uint64_t size) noexcept;

  // The oldest update. Requires: the queue is not empty.
  [[nodiscard]] UpdateIds front(const Queue& queue) const noexcept;
  // Takes the oldest update out and calls fn(side, price, size) for each of its levels.
  // Requires: the queue is not empty.
  template <typename Fn>
  void pop(Queue& queue, Fn&& fn) noexcept {
    const Record update = take(queue);
    --queue.updates;
    for (std::uint32_t left = update.tag & kCountMask; left > 0; --left) {
      const Record level = take(queue);
      fn(static_cast<market::Side>(level.tag), market::Price{static_cast<std::int64_t>(level.a)},
         level.b);
    }
  }
  void pop(Queue& queue) noexcept {
    pop(queue, [](market::Side, market::Price, std::uint64_t) noexcept {});
  }
  void clear(Queue& queue) noexcept {
    while (queue.updates > 0) pop(queue);
  }

  [[nodiscard]] std::uint32_t records_in_use() const noexcept { return in_use_; }

 private:
  // An update: its ids, and in the tag the number of levels and whether `c` means something.
  // A level: price, size, and the side as tag.
  struct Record {
    std::uint64_t a;
    std::uint64_t b;
    std::uint64_t c;
    std::uint32_t next;  // 1 + index
    std::uint32_t tag;
  };
  static_assert(sizeof(Record) == 32);
  static constexpr std::uint32_t kHasPrevious = 1U << 31U;
  static constexpr std::uint32_t kCountMask = kHasPrevious - 1;

  void append(Queue& queue, Record record) noexcept;
  Record take(Queue& queue) noexcept;

  UpdateBufferConfig config_;
  std::uint32_t free_ = 0;     // 1 + index of the first record that was given back
  std::uint32_t touched_ = 0;  // records that were ever used
  std::uint32_t in_use_ = 0;
  market::MappedArray<Record> records_;
};

}  // namespace tapeline::feed

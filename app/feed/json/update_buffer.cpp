#include "app/feed/json/update_buffer.hpp"

#include <algorithm>
#include <cassert>

namespace tapeline::feed {

UpdateBuffer::UpdateBuffer(const UpdateBufferConfig& config)
    : config_{.max_records = std::clamp(config.max_records, 1U, kCountMask),
              .max_records_per_symbol = config.max_records_per_symbol},
      records_{config_.max_records} {}

bool UpdateBuffer::begin_update(Queue& queue, const UpdateIds& ids, std::size_t level_count,
                                std::uint64_t& dropped) noexcept {
  const std::size_t wanted = level_count + 1;
  const auto fits = [&] {
    return queue.records + wanted <= config_.max_records_per_symbol &&
           in_use_ + wanted <= config_.max_records;
  };
  for (; !fits() && queue.updates > 0; ++dropped) pop(queue);
  if (!fits()) return false;
  append(queue,
         {.a = ids.first,
          .b = ids.last,
          .c = ids.previous,
          .next = 0,
          .tag = static_cast<std::uint32_t>(level_count) | (ids.has_previous ? kHasPrevious : 0)});
  ++queue.updates;
  return true;
}

void UpdateBuffer::add_level(Queue& queue, market::Side side, market::Price price,
                             std::uint64_t size) noexcept {
  append(queue, {.a = static_cast<std::uint64_t>(market::raw(price)),
                 .b = size,
                 .c = 0,
                 .next = 0,
                 .tag = static_cast<std::uint32_t>(side)});
}

UpdateIds UpdateBuffer::front(const Queue& queue) const noexcept {
  assert(queue.first != 0);
  const Record& update = records_[queue.first - 1];
  return {.first = update.a,
          .last = update.b,
          .previous = update.c,
          .has_previous = (update.tag & kHasPrevious) != 0};
}

void UpdateBuffer::append(Queue& queue, Record record) noexcept {
  std::uint32_t place = free_;
  if (place != 0) {
    free_ = records_[place - 1].next;
  } else {
    assert(touched_ < config_.max_records);
    place = ++touched_;
  }
  records_[place - 1] = record;
  if (queue.last != 0) {
    records_[queue.last - 1].next = place;
  } else {
    queue.first = place;
  }
  queue.last = place;
  ++queue.records;
  ++in_use_;
}

UpdateBuffer::Record UpdateBuffer::take(Queue& queue) noexcept {
  assert(queue.first != 0);
  const std::uint32_t place = queue.first;
  const Record record = records_[place - 1];
  queue.first = record.next;
  if (queue.first == 0) queue.last = 0;
  records_[place - 1].next = free_;
  free_ = place;
  --queue.records;
  --in_use_;
  return record;
}

}  // namespace tapeline::feed

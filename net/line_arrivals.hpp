#pragma once

// When the last packets that won came, and on which line: what the lag of a later copy is
// measured against. One entry for each packet, not for each message; a ring, oldest overwritten.
//
// Thread safety: none; belongs to one sequencer.

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/packet_batch.hpp"

namespace tapeline::net {

class LineArrivals {
 public:
  static constexpr std::uint16_t kNoLine = 0xFFFF;  // these messages came on none

  struct Arrival {
    std::uint64_t first = 0;  // sequence number; it holds up to the next entry's
    UnixNanos time = 0;
    std::uint16_t line = kNoLine;
  };

  // Remembers `capacity` packets, a power of two.
  explicit LineArrivals(std::size_t capacity) : ring_(capacity) {
    assert(std::has_single_bit(capacity));
  }

  // Requires: `first` is not below that of the last call.
  void push(const Arrival& arrival) noexcept {
    ring_[static_cast<std::size_t>(pushed_++) & (ring_.size() - 1)] = arrival;
  }

  // The packet that brought `sequence`, if it is remembered; null otherwise.
  // Requires: `sequence` was delivered.
  [[nodiscard]] const Arrival* find(std::uint64_t sequence) const noexcept {
    std::uint64_t low = pushed_ - std::min<std::uint64_t>(pushed_, ring_.size());
    std::uint64_t high = pushed_;  // the first entry above `sequence` is in [low, high]
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      if (at(middle).first <= sequence) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == 0 || pushed_ - low >= ring_.size()) return nullptr;
    const Arrival& found = at(low - 1);
    return found.line == kNoLine ? nullptr : &found;
  }

  void clear() noexcept { pushed_ = 0; }

 private:
  [[nodiscard]] const Arrival& at(std::uint64_t index) const noexcept {
    return ring_[static_cast<std::size_t>(index) & (ring_.size() - 1)];
  }

  std::vector<Arrival> ring_;
  std::uint64_t pushed_ = 0;
};

}  // namespace tapeline::net

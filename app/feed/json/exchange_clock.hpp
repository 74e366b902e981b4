#pragma once

// Which times of documents are believed, so that one wrong time does not stop the bars of a feed.
//
// A time is believed within a day of the receive time, if that is known, and of the last time that
// was believed. One that is neither is believed when the document before it was of that time as
// well: a recording that is played to us live is old, but not in one document. Without a receive
// time there is nothing to hold the first time against.
//
// Thread safety: none; a value.
// Units:         nanoseconds since 1970.

#include <cstdint>

namespace tapeline::feed {

class ExchangeClock {
 public:
  // Requires: time_ns > 0, receive_ns >= 0. `receive_ns` is 0 when it is not known.
  [[nodiscard]] bool believes(std::int64_t time_ns, std::int64_t receive_ns) noexcept {
    const bool is_first = last_ == 0 && receive_ns == 0;
    if (is_first || is_near(time_ns, receive_ns) || is_near(time_ns, last_) ||
        is_near(time_ns, doubted_)) {
      last_ = time_ns;
      return true;
    }
    doubted_ = time_ns;
    return false;
  }

 private:
  static constexpr std::int64_t kDayNs = 86'400'000'000'000;

  // Requires: neither is negative; `known` may be 0, which is near nothing.
  [[nodiscard]] static bool is_near(std::int64_t time, std::int64_t known) noexcept {
    return known != 0 && time - known <= kDayNs && known - time <= kDayNs;
  }

  std::int64_t last_ = 0;
  std::int64_t doubted_ = 0;
};

}  // namespace tapeline::feed

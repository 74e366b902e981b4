#pragma once

// Holds packets of a capture back until their time: `speed` times as fast as they were received,
// anchored to the first packet, so that a late packet does not shift the rest.
//
// Thread safety: one thread.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>

#include "app/stop_signal.hpp"
#include "net/packet_batch.hpp"

namespace tapeline {

class Pacer {
 public:
  // speed 0: no pace, as fast as possible.
  explicit Pacer(double speed) noexcept : speed_{speed} {}

  // Returns false if a stop was requested while waiting.
  [[nodiscard]] bool wait_for(net::UnixNanos packet_time) {
    if (speed_ <= 0.0) return true;
    return wait_until_due(packet_time);
  }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool wait_until_due(net::UnixNanos packet_time) {
    if (!started_) {
      started_ = true;
      first_packet_ = packet_time;
      first_due_ = Clock::now();
    }
    const auto offset = static_cast<double>(packet_time - first_packet_) / speed_;
    const auto due = first_due_ + std::chrono::nanoseconds{static_cast<std::int64_t>(offset)};
    for (auto now = Clock::now(); now < due; now = Clock::now()) {
      if (stop_requested()) return false;
      std::this_thread::sleep_until(std::min(due, now + kLookInterval));
    }
    return true;
  }

  static constexpr std::chrono::milliseconds kLookInterval{100};

  double speed_;
  bool started_ = false;
  net::UnixNanos first_packet_ = 0;
  Clock::time_point first_due_;
};

}  // namespace tapeline

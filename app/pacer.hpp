#pragma once

// Holds packets of a capture back until their time: `speed` times as fast as they were received.
//
// Every packet is due at a fixed distance from the first one, so nothing adds up: a packet that is
// late does not move the others. A packet that is a little older than one before it (a reordered
// one, another line) is due at once. A clock that was set back by more than kStepNs is followed:
// packets that are that much older keep the distances among each other, and once they go on for
// kStepNs without one of the old time between them, they are the time that counts.
//
// The last kSpinNs in front of a packet are not slept but spun through, because a sleep ends late
// by as much as that: a packet is sent at its time to a few microseconds, and between packets that
// are nearer to each other than that a core is busy.
//
// The Clock has: std::int64_t now_ns(); void sleep_until(std::int64_t ns), which may return early;
// bool stopped().
//
// Thread safety: one thread. Units: nanoseconds.

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "app/stop_signal.hpp"
#include "net/latency_histogram.hpp"
#include "net/packet_batch.hpp"

namespace tapeline {

class SteadyPaceClock {
 public:
  [[nodiscard]] static std::int64_t now_ns() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch().count();
  }
  static void sleep_until(std::int64_t ns) noexcept {
    constexpr std::int64_t kNanos = 1'000'000'000;
    const timespec until{static_cast<std::time_t>(ns / kNanos), static_cast<long>(ns % kNanos)};
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);  // the steady clock's
  }
  [[nodiscard]] static bool stopped() noexcept { return stop_requested(); }
};

template <typename Clock>
class BasicPacer {
 public:
  static constexpr std::int64_t kStepNs = 1'000'000'000;
  static constexpr std::int64_t kSpinNs = 200'000;

  // speed 0: no pace, as fast as possible.
  explicit BasicPacer(double speed, Clock clock = {}) noexcept
      : speed_{speed}, clock_{std::move(clock)} {}

  [[nodiscard]] bool is_paced() const noexcept { return speed_ > 0.0; }

  // Returns false if a stop was requested while waiting.
  [[nodiscard]] bool wait_for(net::UnixNanos packet_time) {
    if (!is_paced()) return true;
    const std::int64_t due = due_of(packet_time);
    if (!wait_until(due)) return false;
    note_late(clock_.now_ns() - due);
    return true;
  }

  // When the packet is due, on the clock; for a sender that waits for several at a time. Requires:
  // is_paced(); called once for each packet, in their order.
  [[nodiscard]] std::int64_t due_of(net::UnixNanos packet_time) noexcept {
    if (!started_) {
      started_ = true;
      main_ = {packet_time, packet_time, clock_.now_ns()};
    }
    if (!is_behind(packet_time, main_.latest)) {
      has_older_ = false;
      main_.latest = std::max(main_.latest, packet_time);
      return last_due_ = due_on(main_, packet_time);
    }
    if (!has_older_ || is_behind(packet_time, older_.latest)) {
      older_ = {packet_time, packet_time, last_due_};
      has_older_ = true;
    }
    older_.latest = std::max(older_.latest, packet_time);
    last_due_ = due_on(older_, packet_time);
    if (is_behind(older_.first, older_.latest)) {
      main_ = older_;
      has_older_ = false;
    }
    return last_due_;
  }

  // Returns false if a stop was requested while waiting.
  [[nodiscard]] bool wait_until(std::int64_t due) {
    std::int64_t now = clock_.now_ns();
    while (now < due) {
      if (clock_.stopped()) return false;
      if (due - now > kSpinNs) clock_.sleep_until(std::min(due - kSpinNs, now + kLookNs));
      now = clock_.now_ns();
    }
    return true;
  }
  [[nodiscard]] std::int64_t now_ns() { return clock_.now_ns(); }
  // A packet went `by_ns` after it was due.
  void note_late(std::int64_t by_ns) noexcept { lateness_.record(by_ns); }

  [[nodiscard]] const net::LatencyHistogram& lateness() const noexcept { return lateness_; }

 private:
  static constexpr std::int64_t kLookNs = 100'000'000;  // between looks at whether to stop
  static constexpr double kLongestNs = 1e17;            // three years; what damage may ask for

  // Times that are counted from one packet.
  struct Line {
    net::UnixNanos first = 0;
    net::UnixNanos latest = 0;
    std::int64_t first_due = 0;
  };

  [[nodiscard]] static bool is_behind(net::UnixNanos time, net::UnixNanos latest) noexcept {
    return distance(latest, time) > static_cast<double>(kStepNs);
  }
  // From `from` to `to`, exact up to 104 days, for any times.
  [[nodiscard]] static double distance(net::UnixNanos to, net::UnixNanos from) noexcept {
    const auto later = static_cast<std::uint64_t>(to);
    const auto earlier = static_cast<std::uint64_t>(from);
    return to >= from ? static_cast<double>(later - earlier)
                      : -static_cast<double>(earlier - later);
  }
  [[nodiscard]] std::int64_t due_on(const Line& line, net::UnixNanos time) const noexcept {
    const double offset = distance(time, line.first) / speed_;
    return line.first_due + static_cast<std::int64_t>(std::clamp(offset, -kLongestNs, kLongestNs));
  }

  double speed_;
  Clock clock_;
  bool started_ = false;
  bool has_older_ = false;
  Line main_;
  Line older_;  // of packets that are behind main_
  std::int64_t last_due_ = 0;
  net::LatencyHistogram lateness_;
};

using Pacer = BasicPacer<SteadyPaceClock>;

}  // namespace tapeline

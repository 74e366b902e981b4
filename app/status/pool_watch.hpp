#pragma once

// Finds buffers that do not come home. What is in use goes up and down with the traffic; what is in
// use even at the quietest moment of ten seconds is held by somebody. When that rises again and
// again and never falls in between, with traffic or without, somebody takes buffers and keeps them.
//
// It is a suspicion: a reader that falls further and further behind looks the same.
//
// Thread safety: sample() by one thread, held() by any.
// Allocation:    none.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "app/status/status_snapshot.hpp"
#include "pool/counter.hpp"
#include "pool/pool_stats.hpp"

namespace tapeline::status {

class PoolWatch {
 public:
  static constexpr std::int64_t kWindow = 10'000'000'000;  // nanoseconds
  static constexpr std::uint64_t kRisesToTell = 4;
  static constexpr std::uint64_t kWindowsToForget = 30;  // without a rise

  // Call it several times a second; `now_ns` of a steady clock.
  void sample(const pool::BufferPoolStats& pools, std::int64_t now_ns) noexcept;

  [[nodiscard]] HeldStatuses held() const noexcept;

 private:
  struct Watched {
    std::uint64_t lowest = std::numeric_limits<std::uint64_t>::max();  // of the running window
    std::uint64_t rises = 0;         // windows with more than the one before; no fall since
    std::uint64_t before_rises = 0;  // lowest of the window before the first of them
    std::uint64_t windows = 0;       // from the first rise on
    std::uint64_t since_rise = 0;    // windows
    pool::Counter last;              // lowest of the last whole window
    pool::Counter rise;
    pool::Counter rise_windows;
  };

  static void close_window(Watched& pool, bool first) noexcept;
  [[nodiscard]] static HeldStatus read(const Watched& pool) noexcept;

  std::array<Watched, 3> pools_;
  std::int64_t window_end_ = 0;
  bool started_ = false;
  bool first_ = true;  // no window is whole yet
};

}  // namespace tapeline::status

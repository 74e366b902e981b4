#include "app/status/pool_watch.hpp"

#include <algorithm>

namespace tapeline::status {

void PoolWatch::sample(const pool::BufferPoolStats& pools, std::int64_t now_ns) noexcept {
  if (!started_) {
    started_ = true;
    window_end_ = now_ns + kWindow;
  }
  if (now_ns >= window_end_) {
    for (Watched& pool : pools_) close_window(pool, first_);
    first_ = false;
    window_end_ = now_ns + kWindow;
  }
  const std::array<std::uint64_t, 3> in_use{pools.serialization.in_use, pools.compression.in_use,
                                            pools.simd.in_use};
  for (std::size_t i = 0; i < pools_.size(); ++i) {
    pools_[i].lowest = std::min(pools_[i].lowest, in_use[i]);
  }
}

void PoolWatch::close_window(Watched& pool, bool first) noexcept {
  const std::uint64_t before = pool.last.get();
  const std::uint64_t lowest = pool.lowest;
  pool.lowest = std::numeric_limits<std::uint64_t>::max();
  pool.last.set(lowest);
  const bool rose = !first && lowest > before;
  pool.since_rise = rose ? 0 : pool.since_rise + 1;
  if (first || lowest < before || pool.since_rise >= kWindowsToForget) pool.rises = 0;
  if (rose) {
    if (pool.rises == 0) {
      pool.before_rises = before;
      pool.windows = 0;
    }
    ++pool.rises;
  }
  ++pool.windows;
  const bool tell = pool.rises >= kRisesToTell;
  pool.rise.set(tell ? lowest - pool.before_rises : 0);
  pool.rise_windows.set(tell ? pool.windows : 0);
}

HeldStatus PoolWatch::read(const Watched& pool) noexcept {
  constexpr double kWindowSeconds = static_cast<double>(kWindow) * 1e-9;
  return {.lowest = pool.last.get(),
          .rise = pool.rise.get(),
          .rise_seconds = static_cast<double>(pool.rise_windows.get()) * kWindowSeconds};
}

HeldStatuses PoolWatch::held() const noexcept {
  return {
      .serialization = read(pools_[0]), .compression = read(pools_[1]), .simd = read(pools_[2])};
}

}  // namespace tapeline::status

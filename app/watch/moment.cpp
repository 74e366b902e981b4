#include "app/watch/moment.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tapeline::watch {

void Moment::take(StatusReading reading) {
  constexpr double kStartTolerance = 2.0;
  const bool same =
      now_ && now_->pid == reading.pid &&
      std::abs(now_->start_time_seconds - reading.start_time_seconds) < kStartTolerance;
  if (same && reading.time_seconds <= now_->time_seconds) {
    now_ = std::move(reading);
    return;  // the same document again: nothing has passed
  }
  before_ = same ? std::move(now_) : std::nullopt;
  now_ = std::move(reading);
  if (before_) seconds_ = now_->time_seconds - before_->time_seconds;
}

double Moment::cpu_share() const noexcept {
  if (!before_ || now_->cpu_seconds < before_->cpu_seconds) return kUnknown;
  return (now_->cpu_seconds - before_->cpu_seconds) / seconds_;
}

std::vector<std::uint64_t> Moment::cells_between(const HistogramReading& now,
                                                 const HistogramReading* then) {
  const bool comparable = then != nullptr && then->counts.size() == now.counts.size();
  std::vector<std::uint64_t> cells;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i <= now.counts.size(); ++i) {
    const bool above_all = i == now.counts.size();
    const std::uint64_t is = above_all ? now.count : now.counts[i];
    const std::uint64_t was = !comparable ? 0 : above_all ? then->count : then->counts[i];
    const std::uint64_t up_to = std::max(is > was ? is - was : 0, below);  // hostile ones may fall
    cells.push_back(up_to - below);
    below = up_to;
  }
  return cells;
}

double percentile(const std::vector<std::uint64_t>& cells,
                  const std::vector<double>& bounds_seconds, double fraction) {
  if (bounds_seconds.empty() || cells.size() != bounds_seconds.size() + 1) return kUnknown;
  double all = 0.0;
  for (const std::uint64_t cell : cells) all += static_cast<double>(cell);
  if (all <= 0.0) return kUnknown;
  double seen = 0.0;
  for (std::size_t i = 0; i < bounds_seconds.size(); ++i) {
    const auto cell = static_cast<double>(cells[i]);
    if (cell <= 0.0 || seen + cell < fraction * all) {
      seen += cell;
      continue;
    }
    const double low = i > 0 ? bounds_seconds[i - 1] : bounds_seconds[0] / 2;
    return low * std::pow(bounds_seconds[i] / low, (fraction * all - seen) / cell);
  }
  return bounds_seconds.back();
}

}  // namespace tapeline::watch

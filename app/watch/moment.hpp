#pragma once

// Two status documents of a process, one after the other: what is true now, and what happened in
// between.
//
// Thread safety: none; belongs to one thread.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "app/watch/status_reading.hpp"

namespace tapeline::watch {

class Moment {
 public:
  // The next document. One of another process, or of another start of it, has nothing before it.
  void take(StatusReading reading);

  [[nodiscard]] bool empty() const noexcept { return !now_; }

  // Requires: !empty().
  [[nodiscard]] const StatusReading& now() const noexcept { return *now_; }

  // How much `count_of(reading)` rose per second since the document before; NaN without one.
  template <typename CountOf>
  [[nodiscard]] double per_second(CountOf&& count_of) const {
    if (!before_) return kUnknown;
    const std::optional<std::uint64_t> was = count_of(*before_);
    const std::optional<std::uint64_t> is = count_of(*now_);
    if (!was || !is || *is < *was) return kUnknown;
    return static_cast<double>(*is - *was) / seconds_;
  }

  // Share of one processor since the document before; NaN without one.
  [[nodiscard]] double cpu_share() const noexcept;

  // How often which time was measured since the document before, or since the start without one:
  // one count for each bound and one for what is above all of them. `histogram_of(reading)` is a
  // pointer, null when there is none.
  template <typename HistogramOf>
  [[nodiscard]] std::vector<std::uint64_t> cells(HistogramOf&& histogram_of) const {
    const HistogramReading* is = histogram_of(*now_);
    return is == nullptr ? std::vector<std::uint64_t>{}
                         : cells_between(*is, before_ ? histogram_of(*before_) : nullptr);
  }

 private:
  [[nodiscard]] static std::vector<std::uint64_t> cells_between(const HistogramReading& now,
                                                                const HistogramReading* then);

  std::optional<StatusReading> now_;
  std::optional<StatusReading> before_;
  double seconds_ = 1.0;  // between them
};

// Of counts by bucket: exact to the bucket, in between by its share on a logarithmic scale. NaN
// when nothing was counted.
[[nodiscard]] double percentile(const std::vector<std::uint64_t>& cells,
                                const std::vector<double>& bounds_seconds, double fraction);

}  // namespace tapeline::watch

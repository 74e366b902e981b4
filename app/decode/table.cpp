#include "app/decode/table.hpp"

#include <algorithm>
#include <utility>

namespace tapeline::decode {

namespace {

constexpr std::int64_t kNanosPerDay = std::int64_t{86'400} * 1'000'000'000;

[[nodiscard]] std::int64_t time_of_day(const Moment& moment) noexcept {
  const auto since =
      static_cast<std::int64_t>(moment.since_zero - static_cast<std::uint64_t>(moment.midnight));
  if (!moment.zero || (since >= 0 && since <= kNanosPerDay)) return since;
  const std::int64_t rest = moment.unix_ns() % kNanosPerDay;
  return rest < 0 ? rest + kNanosPerDay : rest;
}

// Moments of a day that is not known are compared with times of day only.
[[nodiscard]] bool is_before(const Moment& moment, const TimeBound& bound) noexcept {
  if (bound.is_time_of_day) return time_of_day(moment) < bound.ns;
  return moment.zero && moment.unix_ns() < bound.ns;
}

}  // namespace

Table::Table(const Selection& selection, Format format, TimeFormat times, RowFilter filter,
             Output& output)
    : filter_{std::move(filter)},
      filters_times_{filter_.from.has_value() || filter_.to.has_value()},
      is_done_{filter_.limit == 0},
      row_{selection.places()},
      writer_{format, times, selection.names()},
      output_{output} {
  std::sort(filter_.symbols.begin(), filter_.symbols.end());
  filter_.symbols.erase(std::unique(filter_.symbols.begin(), filter_.symbols.end()),
                        filter_.symbols.end());
  met_.resize(filter_.symbols.size());
  writer_.write_header(text_);
}

bool Table::is_named(std::string_view symbol) noexcept {
  const auto found = std::lower_bound(filter_.symbols.begin(), filter_.symbols.end(), symbol);
  if (found == filter_.symbols.end() || *found != symbol) return false;
  met_[static_cast<std::size_t>(found - filter_.symbols.begin())] = true;
  return true;
}

bool Table::is_between(const Moment& moment) const noexcept {
  if (filter_.from && is_before(moment, *filter_.from)) return false;
  return !filter_.to || is_before(moment, *filter_.to);
}

void Table::flush() noexcept {
  output_.write(text_.view());
  text_.clear();
  if (!output_.is_open()) is_done_ = true;
}

std::vector<std::string> Table::symbols_not_met() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < met_.size(); ++i) {
    if (!met_[i]) names.push_back(filter_.symbols[i]);
  }
  return names;
}

}  // namespace tapeline::decode

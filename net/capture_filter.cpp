#include "net/capture_filter.hpp"

#include <utility>

namespace tapeline::net {

LineTable::LineTable(CaptureFilter filter) : filter_{std::move(filter)} {}

std::uint16_t LineTable::match(const codec::capture::Endpoint& destination) const noexcept {
  for (const LineMatch& wanted : filter_.matches) {
    if (wanted.address && *wanted.address != destination.address) continue;
    if (wanted.port && *wanted.port != destination.port) continue;
    return wanted.line;
  }
  return kNoLine;
}

std::uint16_t LineTable::find_slow(const codec::capture::Endpoint& destination) noexcept {
  for (std::size_t i = 0; i < known_count_; ++i) {
    if (known_[i].destination == destination) {
      last_ = i;
      return known_[i].line;
    }
  }
  const bool automatic = filter_.matches.empty();
  if (known_count_ == kMaxLines) {
    last_ = kMaxLines;
    return automatic ? static_cast<std::uint16_t>(kMaxLines - 1) : match(destination);
  }
  const std::uint16_t line =
      automatic ? static_cast<std::uint16_t>(known_count_) : match(destination);
  last_ = known_count_;
  known_[known_count_++] = {destination, line};
  if (line != kNoLine) lines_[line_count_++] = {destination, line};
  return line;
}

}  // namespace tapeline::net

#include "app/archive/archive_name.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace tapeline::archive {
namespace {

bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

bool is_name_part(std::string_view name) noexcept {
  constexpr std::size_t kMaxLength = 64;
  return !name.empty() && name.size() <= kMaxLength && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

std::string utc_text(net::UnixNanos time) {
  using std::chrono::nanoseconds;
  using std::chrono::seconds;
  const nanoseconds since_epoch{std::max<net::UnixNanos>(time, 0)};
  const auto days = std::chrono::floor<std::chrono::days>(since_epoch);
  const std::chrono::year_month_day date{std::chrono::sys_days{days}};
  const std::chrono::hh_mm_ss<nanoseconds> clock{since_epoch - days};
  std::array<char, 40> text{};
  const int length = std::snprintf(
      text.data(), text.size(), "%04d%02u%02uT%02ld%02ld%02ld.%09ldZ",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<long>(clock.hours().count()),
      static_cast<long>(clock.minutes().count()), static_cast<long>(clock.seconds().count()),
      static_cast<long>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string archive_file_name(std::string_view feed, std::string_view channel, net::UnixNanos start,
                              unsigned copy) {
  std::string name{feed};
  name += '-';
  name += channel;
  name += '-';
  name += utc_text(start);
  if (copy != 0) {
    name += '-';
    name += std::to_string(copy);
  }
  name += kArchiveSuffix;
  return name;
}

}  // namespace tapeline::archive

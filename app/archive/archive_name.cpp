#include "app/archive/archive_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <system_error>

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

namespace {

// Digits only, so no sign and no blank.
template <typename Number>
bool read_digits(std::string_view text, Number& value) noexcept {
  const bool digits =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || text.empty()) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

constexpr std::size_t kUtcCharacters = 26;  // of utc_text()

// The inverse of utc_text().
std::optional<net::UnixNanos> parse_utc(std::string_view text) noexcept {
  if (text.size() != kUtcCharacters || text[8] != 'T' || text[15] != '.' || text[25] != 'Z') {
    return {};
  }
  int year = 0;
  std::array<unsigned, 5> part{};  // month, day, hour, minute, second
  std::int64_t nanos = 0;
  bool good = read_digits(text.substr(0, 4), year) && read_digits(text.substr(16, 9), nanos);
  constexpr std::array<std::size_t, 5> kPlaces{4, 6, 9, 11, 13};
  for (std::size_t i = 0; i < part.size(); ++i) {
    good = good && read_digits(text.substr(kPlaces[i], 2), part[i]);
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{part[0]},
                                         std::chrono::day{part[1]}};
  if (!good || !date.ok() || part[2] > 23 || part[3] > 59 || part[4] > 59) return {};
  constexpr int kLastYear = 2262;  // nanoseconds in 64 bits end there
  if (year < 1970 || year >= kLastYear) return {};
  const std::chrono::nanoseconds day{std::chrono::sys_days{date}.time_since_epoch()};
  return day.count() +
         (std::int64_t{part[2]} * 3600 + std::int64_t{part[3]} * 60 + part[4]) * 1'000'000'000 +
         nanos;
}

}  // namespace

std::optional<ArchiveName> parse_archive_name(std::string_view file_name) noexcept {
  ArchiveName name;
  const auto strip = [&](std::string_view end) {
    if (!file_name.ends_with(end)) return false;
    file_name.remove_suffix(end.size());
    return true;
  };
  name.is_open = strip(kOpenSuffix);
  if (!strip(kArchiveSuffix)) return {};
  const std::size_t behind_start = file_name.rfind('Z');
  if (behind_start == std::string_view::npos || behind_start < kUtcCharacters) return {};
  const std::string_view copy = file_name.substr(behind_start + 1);
  if (!copy.empty() && (copy[0] != '-' || !read_digits(copy.substr(1), name.copy) ||
                        name.copy == 0 || copy[1] == '0')) {
    return {};
  }
  const std::size_t start = behind_start + 1 - kUtcCharacters;
  const auto time = parse_utc(file_name.substr(start, kUtcCharacters));
  if (!time || start < 2 || file_name[start - 1] != '-') return {};
  name.start = *time;
  name.source = file_name.substr(0, start - 1);
  return name;
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

#include "codec/json/time.hpp"

#include <cstddef>

namespace tapeline::codec::json::detail {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Exactly `count` digits at `at`, or -1. Requires: so many readable bytes.
int read_fixed(const char* at, int count) noexcept {
  int value = 0;
  for (int i = 0; i < count; ++i) {
    if (!is_digit(at[i])) return -1;
    value = value * 10 + (at[i] - '0');
  }
  return value;
}

// Days since 1970-01-01 of the Gregorian calendar, counted in eras of 400 years from a March.
// Requires: year >= 1.
std::int64_t days_since_1970(int year, int month, int day) noexcept {
  const int shifted = month > 2 ? year : year - 1;
  const int era = shifted / 400;
  const int year_of_era = shifted - era * 400;
  const int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return std::int64_t{era} * 146'097 + day_of_era - 719'468;
}

bool is_date(int year, int month, int day) noexcept {
  if (month < 1 || month > 12 || day < 1) return false;
  const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  const int last = month == 2                                                ? (is_leap ? 29 : 28)
                   : (month == 4 || month == 6 || month == 9 || month == 11) ? 30
                                                                             : 31;
  return day <= last;
}

}  // namespace

TimeStatus parse_iso_time(std::string_view text, std::int64_t& out) noexcept {
  constexpr std::size_t kSecondsEnd = 19;
  if (text.size() < kSecondsEnd + 1 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
      text[13] != ':' || text[16] != ':' || text.back() != 'Z') {
    return TimeStatus::bad_time;
  }
  const char* const at = text.data();
  const int year = read_fixed(at, 4);
  const int month = read_fixed(at + 5, 2);
  const int day = read_fixed(at + 8, 2);
  const int hour = read_fixed(at + 11, 2);
  const int minute = read_fixed(at + 14, 2);
  const int second = read_fixed(at + 17, 2);
  if (year < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
      !is_date(year, month, day)) {
    return TimeStatus::bad_time;
  }
  std::int64_t fraction = 0;
  if (text.size() > kSecondsEnd + 1) {
    const std::size_t digits = text.size() - kSecondsEnd - 2;
    if (text[kSecondsEnd] != '.' || digits < 1 || digits > 9) return TimeStatus::bad_time;
    fraction = read_fixed(at + kSecondsEnd + 1, static_cast<int>(digits));
    if (fraction < 0) return TimeStatus::bad_time;
    for (std::size_t i = digits; i < 9; ++i) fraction *= 10;
  }
  if (year < 1970 || year > 2261) return TimeStatus::out_of_range;
  const std::int64_t seconds =
      days_since_1970(year, month, day) * 86'400 + (std::int64_t{hour} * 60 + minute) * 60 + second;
  out = seconds * kNsPerSecond + fraction;
  return TimeStatus::ok;
}

}  // namespace tapeline::codec::json::detail

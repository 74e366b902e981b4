#include "app/decode/time_text.hpp"

#include <charconv>
#include <chrono>
#include <system_error>

namespace tapeline::decode {

namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kNanosPerDay = kSecondsPerDay * kNanosPerSecond;

void write_digits(char* to, unsigned value, int count) noexcept {
  for (int i = count - 1; i >= 0; --i) {
    to[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// Takes exactly `count` digits off the front.
[[nodiscard]] std::optional<std::int64_t> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  std::int64_t value = 0;
  for (const char letter : text.substr(0, count)) {
    if (letter < '0' || letter > '9') return std::nullopt;
    value = value * 10 + (letter - '0');
  }
  text.remove_prefix(count);
  return value;
}

[[nodiscard]] bool take(std::string_view& text, char letter) noexcept {
  if (text.empty() || text.front() != letter) return false;
  text.remove_prefix(1);
  return true;
}

// ".123456789" in nanoseconds, 0 if there is no point.
[[nodiscard]] std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  std::int64_t ns = 0;
  std::size_t digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (++digits > 9) return std::nullopt;
    ns = ns * 10 + (text.front() - '0');
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) ns *= 10;
  return ns;
}

// "09:30", "09:30:00", "09:30:00.5" in nanoseconds.
[[nodiscard]] std::optional<std::int64_t> take_clock(std::string_view& text) {
  const auto hours = take_digits(text, 2);
  if (!hours || !take(text, ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *hours > 24 || *minutes > 59) return std::nullopt;
  std::int64_t ns = (*hours * 3600 + *minutes * 60) * kNanosPerSecond;
  if (take(text, ':')) {
    const auto seconds = take_digits(text, 2);
    if (!seconds || *seconds > 59) return std::nullopt;
    const auto fraction = take_fraction(text);
    if (!fraction) return std::nullopt;
    ns += *seconds * kNanosPerSecond + *fraction;
  }
  if (ns > kNanosPerDay) return std::nullopt;
  return ns;
}

// "Z", "+01:00" or nothing, in nanoseconds ahead of UTC.
[[nodiscard]] std::optional<std::int64_t> take_zone(std::string_view& text) {
  if (text.empty() || take(text, 'Z') || take(text, 'z')) return 0;
  const bool west = text.front() == '-';
  if (!take(text, west ? '-' : '+')) return std::nullopt;
  const auto offset = take_clock(text);
  if (!offset) return std::nullopt;
  return west ? -*offset : *offset;
}

}  // namespace

void IsoTime::turn_to(std::int64_t second) noexcept {
  using namespace std::chrono;
  second_ = second;
  const sys_seconds when{seconds{second}};
  const sys_days day = floor<days>(when);
  const year_month_day date{day};
  const auto clock = static_cast<unsigned>((when - day).count());
  text_ = {'0', '0', '0', '0', '-', '0', '0', '-', '0', '0',
           'T', '0', '0', ':', '0', '0', ':', '0', '0', '.'};
  char* const to = text_.data();
  write_digits(to, static_cast<unsigned>(static_cast<int>(date.year())), 4);  // 1677 to 2262
  write_digits(to + 5, static_cast<unsigned>(date.month()), 2);
  write_digits(to + 8, static_cast<unsigned>(date.day()), 2);
  write_digits(to + 11, clock / 3600, 2);
  write_digits(to + 14, clock / 60 % 60, 2);
  write_digits(to + 17, clock % 60, 2);
}

void put_time_of_day(TextBuffer& out, std::uint64_t ns) noexcept {
  const std::uint64_t seconds = ns / kNanosPerSecond;
  const std::uint64_t hours = seconds / 3600;
  if (hours < 10) out.put('0');
  out.put_number(hours);
  out.put(':');
  out.put_digits(seconds / 60 % 60, 2);
  out.put(':');
  out.put_digits(seconds % 60, 2);
  out.put('.');
  out.put_digits(ns % kNanosPerSecond, 9);
}

std::optional<std::int64_t> parse_day(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !text.empty() || *year < 1970 || *year > 2200) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

std::optional<TimeBound> parse_time_bound(std::string_view text) {
  TimeBound bound;
  if (text.size() > 2 && text[2] == ':') {
    const auto clock = take_clock(text);
    if (!clock || !text.empty()) return std::nullopt;
    return TimeBound{true, *clock};
  }
  if (text.size() < 10 || text[4] != '-') {
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, bound.ns);
    if (parsed.ec != std::errc{} || parsed.ptr != end || bound.ns < 0) return std::nullopt;
    return bound;
  }
  const auto day = parse_day(text.substr(0, 10));
  if (!day) return std::nullopt;
  bound.ns = *day * kNanosPerDay;
  text.remove_prefix(10);
  if (text.empty()) return bound;
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  const auto clock = take_clock(text);
  if (!clock) return std::nullopt;
  const auto ahead = take_zone(text);
  if (!ahead || !text.empty()) return std::nullopt;
  bound.ns += *clock - *ahead;
  return bound;
}

}  // namespace tapeline::decode

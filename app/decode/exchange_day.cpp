#include "app/decode/exchange_day.hpp"

#include <algorithm>
#include <chrono>

namespace tapeline::decode {

namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::int64_t kNanosPerHour = std::int64_t{3'600} * 1'000'000'000;
constexpr std::int64_t kNanosPerDay = 24 * kNanosPerHour;

// Clocks change at two in the morning, so the midnight of a Sunday that they change on is still
// that of the time before.
[[nodiscard]] bool is_daylight_saving_midnight(sys_days day) noexcept {
  using namespace std::chrono;
  const year this_year = year_month_day{day}.year();
  if (this_year >= year{2007}) {
    return day > sys_days{this_year / March / Sunday[2]} &&
           day <= sys_days{this_year / November / Sunday[1]};
  }
  return day > sys_days{this_year / April / Sunday[1]} &&
         day <= sys_days{this_year / October / Sunday[last]};
}

}  // namespace

std::int64_t midnight_of_day(std::int64_t day, ExchangeZone zone) noexcept {
  const std::int64_t utc = day * kNanosPerDay;
  if (zone == ExchangeZone::utc) return utc;
  const sys_days date{days{static_cast<int>(day)}};
  return utc + (is_daylight_saving_midnight(date) ? 4 : 5) * kNanosPerHour;
}

std::int64_t DayStart::choose(std::int64_t unix_ns) noexcept {
  constexpr std::int64_t kLastDay = 84'370;  // the last one of 2200
  const std::int64_t day = std::clamp<std::int64_t>(unix_ns / kNanosPerDay, 1, kLastDay);
  midnight_ = midnight_of_day(day, zone_);
  if (midnight_ > unix_ns) midnight_ = midnight_of_day(day - 1, zone_);
  return midnight_;
}

std::int64_t ExchangeClock::choose(std::uint64_t since_midnight, std::int64_t receive_ns) noexcept {
  const auto since = static_cast<std::int64_t>(since_midnight);
  const std::int64_t about = receive_ns / kNanosPerDay;
  std::int64_t nearest = -1;
  for (std::int64_t day = about - 6; day <= about + 1; ++day) {
    if (day < 0) continue;
    const std::int64_t midnight = midnight_of_day(day, zone_);
    const std::int64_t late = receive_ns - midnight - since;
    const std::int64_t distance = late < 0 ? -late : late;
    if (nearest >= 0 && distance >= nearest) continue;
    nearest = distance;
    midnight_ = midnight;
  }
  is_known_ = true;
  return midnight_;
}

}  // namespace tapeline::decode

#pragma once

// When the day of a US exchange begins, in UTC.
//
// Venue clocks that count from midnight (Nasdaq TotalView-ITCH 5.0, section 3: "nanoseconds since
// midnight", US Eastern) do not say of which day: that is told by the user, or by the time at
// which a packet came.
//
// Thread safety: values and pure functions.

#include <algorithm>
#include <cstdint>
#include <optional>

namespace tapeline::decode {

// Whose midnight it is. utc: of captures that were made with a clock of that kind, as those of our
// own simulator are.
enum class ExchangeZone : std::uint8_t { new_york, utc };

// Nanoseconds from 1970 to the midnight that begins day `day` (days since 1970) in that zone. In
// New York: the rules of 2007 (daylight saving time from the second Sunday of March to the first
// of November) and, for earlier years, those of 1987 (first of April to last of October).
[[nodiscard]] std::int64_t midnight_of_day(std::int64_t day, ExchangeZone zone) noexcept;

// The midnight before a time that says its day itself, in nanoseconds since 1970: for venues whose
// clocks count from 1970.
class DayStart {
 public:
  explicit DayStart(ExchangeZone zone) noexcept : zone_{zone} {}

  // Of times before 1970, or past 2200, the first or the last midnight of those years.
  [[nodiscard]] std::int64_t before(std::int64_t unix_ns) noexcept {
    constexpr std::int64_t kShortestDay = std::int64_t{82'800} * 1'000'000'000;  // 23 h
    if (unix_ns >= midnight_ && unix_ns < midnight_ + kShortestDay) [[likely]]
      return midnight_;
    return choose(unix_ns);
  }

 private:
  [[nodiscard]] std::int64_t choose(std::int64_t unix_ns) noexcept;

  ExchangeZone zone_;
  std::int64_t midnight_ = 0;
};

// Makes moments of times since midnight.
class ExchangeClock {
 public:
  // `day`: days since 1970, of all messages.
  explicit ExchangeClock(ExchangeZone zone, std::optional<std::int64_t> day = std::nullopt) noexcept
      : zone_{zone} {
    if (day) midnight_ = midnight_of_day(*day, zone);
    is_fixed_ = day.has_value();
  }

  // The midnight that puts `since_midnight` nearest to when the packet came, or the given day's.
  // Requires: since_midnight < 2^48.
  [[nodiscard]] std::int64_t midnight(std::uint64_t since_midnight,
                                      std::int64_t receive_ns) noexcept {
    constexpr std::int64_t kHalfDay = std::int64_t{43'200} * 1'000'000'000;
    if (is_fixed_) return midnight_;
    receive_ns = std::clamp<std::int64_t>(receive_ns, 0, kLastReceiveTime);  // from outside
    const std::int64_t late = receive_ns - midnight_ - static_cast<std::int64_t>(since_midnight);
    if (is_known_ && late < kHalfDay && late > -kHalfDay) [[likely]]
      return midnight_;
    return choose(since_midnight, receive_ns);
  }
  [[nodiscard]] bool is_fixed() const noexcept { return is_fixed_; }

 private:
  static constexpr std::int64_t kLastReceiveTime = 8'000'000'000'000'000'000;

  // Requires: both times are in the bounds that midnight() sees to.
  [[nodiscard]] std::int64_t choose(std::uint64_t since_midnight, std::int64_t receive_ns) noexcept;

  ExchangeZone zone_;
  bool is_fixed_ = false;
  bool is_known_ = false;
  std::int64_t midnight_ = 0;
};

}  // namespace tapeline::decode

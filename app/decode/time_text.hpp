#pragma once

// Times as text: ISO 8601 in UTC with nanoseconds, "2026-01-05T14:30:00.000000001Z", and back.
//
// Thread safety: functions are pure; an IsoTime has one user.

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "app/decode/text_buffer.hpp"

namespace tapeline::decode {

// Writes times. Keeps the second that it wrote last, since the next time is mostly in the same one.
class IsoTime {
 public:
  static constexpr std::size_t kBytes = 30;  // of any time that 64 bits hold
  void put(TextBuffer& out, std::int64_t unix_ns) noexcept {
    constexpr std::int64_t kNanos = 1'000'000'000;
    std::int64_t second = unix_ns / kNanos;
    std::int64_t fraction = unix_ns % kNanos;
    if (fraction < 0) {
      fraction += kNanos;
      --second;
    }
    if (second != second_) [[unlikely]]
      turn_to(second);
    out.put({text_.data(), text_.size()});
    out.put_digits(static_cast<std::uint64_t>(fraction), 9);
    out.put('Z');
  }

 private:
  void turn_to(std::int64_t second) noexcept;

  std::int64_t second_ = std::numeric_limits<std::int64_t>::min();
  std::array<char, 20> text_{};  // up to the point
};

// "09:30:00.000000001" of a day that is not known. Hours may pass 23.
inline constexpr std::size_t kTimeOfDayBytes = 32;
void put_time_of_day(TextBuffer& out, std::uint64_t ns) noexcept;

// A moment that a user named.
struct TimeBound {
  bool is_time_of_day = false;
  std::int64_t ns = 0;  // since 1970, or since midnight
};

// "2026-01-05", "2026-01-05T14:30:00.5Z" (or a space for the T, or +01:00 for the Z, or neither:
// UTC), a time of day "09:30" or "09:30:00.25", or whole nanoseconds since 1970.
[[nodiscard]] std::optional<TimeBound> parse_time_bound(std::string_view text);

// "2026-01-05" from 1970 to 2200, as days since 1970.
[[nodiscard]] std::optional<std::int64_t> parse_day(std::string_view text);

}  // namespace tapeline::decode

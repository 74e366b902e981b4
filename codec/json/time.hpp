#pragma once

// A point in time as RFC 3339 spells it.
//
// Thread safety: pure functions.

#include <cstdint>
#include <string_view>

namespace tapeline::codec::json::detail {

enum class TimeStatus : std::uint8_t {
  ok,
  bad_time,      // no such text, or no such day
  out_of_range,  // before 1970 or after 2261
};

// UTC alone: "2021-04-17T16:43:37.075687Z", none to nine digits of a fraction. Nanoseconds since
// 1970. A leap second counts as the second behind it. Sets `out` only when it returns ok.
[[nodiscard]] TimeStatus parse_iso_time(std::string_view text, std::int64_t& out) noexcept;

}  // namespace tapeline::codec::json::detail

#pragma once

// Values of the command line of the simulator in text form.
//
// Thread safety: pure functions.

#include <cstdint>
#include <optional>
#include <string_view>

#include "codec/capture/address.hpp"

namespace tapeline::simulate {

// "239.1.2.3:26400" or "[ff15::1]:26400"; the port is not 0.
[[nodiscard]] std::optional<codec::capture::Endpoint> parse_endpoint(std::string_view text);

// Nanoseconds from 1970 to midnight of "2026-01-05", from 1970 to 2105.
[[nodiscard]] std::optional<std::int64_t> parse_date(std::string_view text);

// Messages per second, 1 to 100,000,000; 0 for "max".
[[nodiscard]] std::optional<std::uint64_t> parse_rate(std::string_view text);

}  // namespace tapeline::simulate

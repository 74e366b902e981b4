#pragma once

// Values of the command line of the simulator in text form.
//
// Thread safety: pure functions.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/capture/address.hpp"

namespace tapeline::simulate {

// "239.1.2.3:26400" or "[ff15::1]:26400"; the port is not 0.
[[nodiscard]] std::optional<codec::capture::Endpoint> parse_endpoint(std::string_view text);

// The same for a server: port 0 is any free one, and the address is no group.
[[nodiscard]] std::optional<codec::capture::Endpoint> parse_listen_endpoint(std::string_view text);

// Addresses with commas in between, at least one.
[[nodiscard]] std::optional<std::vector<codec::capture::Address>> parse_addresses(
    std::string_view text);

// Not a group, and not of another host.
[[nodiscard]] bool is_loopback(const codec::capture::Address& address) noexcept;

// Times the recorded pace, 0.001 to 1,000,000; 0 for "max".
[[nodiscard]] std::optional<double> parse_pace(std::string_view text);

// Nanoseconds from 1970 to midnight of "2026-01-05", from 1970 to 2105.
[[nodiscard]] std::optional<std::int64_t> parse_date(std::string_view text);

// Messages per second, 1 to 100,000,000; 0 for "max".
[[nodiscard]] std::optional<std::uint64_t> parse_rate(std::string_view text);

}  // namespace tapeline::simulate

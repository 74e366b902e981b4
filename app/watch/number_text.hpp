#pragma once

// Numbers as people read them, in ASCII. What is not known is "-".
//
// Thread safety: pure functions.

#include <cstdint>
#include <string>

namespace tapeline::watch {

[[nodiscard]] std::string count_text(std::uint64_t count);  // 1,234,567
[[nodiscard]] std::string count_text(double count);         // the same, rounded
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);  // 93.1 MiB
[[nodiscard]] std::string mega_text(double number);         // 3200000 is 3.20
[[nodiscard]] std::string share_text(double share);         // 0.5 is 50.0%
[[nodiscard]] std::string seconds_text(double seconds);     // 12.3 us
[[nodiscard]] std::string age_text(double seconds);         // 0.3 s ago
[[nodiscard]] std::string price_text(double price);         // 1,234.5000
[[nodiscard]] std::string uptime_text(double seconds);      // 2d 03:04:05
[[nodiscard]] std::string clock_text(double seconds);       // 14:03:22 of the day, UTC

}  // namespace tapeline::watch

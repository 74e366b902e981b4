#pragma once

// A message as a line of the log in JSON: one whole object of printable ASCII, whatever bytes the
// message holds.
//
// Thread safety: a pure function.

#include <cstdint>
#include <string>
#include <string_view>

namespace tapeline {

// {"time_ns":...,"level":"...","message":"..."}, without a newline. `time_ns` since 1970-01-01 UTC.
[[nodiscard]] std::string json_log_line(std::int64_t time_ns, std::string_view level,
                                        std::string_view message);

}  // namespace tapeline

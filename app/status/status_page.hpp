#pragma once

// What the status endpoint says as JSON: bodies of answers, and the line of an event.
//
// Thread safety: pure functions of their arguments.
// Text:          names and symbols may hold any bytes; the JSON is always valid ASCII.

#include <string>
#include <string_view>

#include "app/status/status_snapshot.hpp"

namespace tapeline::status {

inline constexpr std::string_view kJsonContentType = "application/json";

// The body of GET /status, as docs/status.schema.json has it. Values that are not known are null.
[[nodiscard]] std::string status_json(const StatusSnapshot& snapshot);

// The same document in one line without its end.
[[nodiscard]] std::string status_line(const StatusSnapshot& snapshot);

// The body of GET /healthz: the process answers.
[[nodiscard]] std::string health_json(const StatusSnapshot& snapshot);

// The body of GET /readyz: whether the process is ready, and why not.
[[nodiscard]] std::string ready_json(const StatusSnapshot& snapshot);

}  // namespace tapeline::status

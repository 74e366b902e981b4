#pragma once

// What the status endpoint says, as bodies of answers: JSON and a small HTML page that shows it.
//
// Thread safety: pure functions of their arguments.
// Text:          names and symbols may hold any bytes; the JSON is always valid ASCII.

#include <string>
#include <string_view>

#include "app/status/status_snapshot.hpp"

namespace tapeline::status {

inline constexpr std::string_view kJsonContentType = "application/json";
inline constexpr std::string_view kHtmlContentType = "text/html; charset=utf-8";

// The body of GET /status. Values that are not known are null.
[[nodiscard]] std::string status_json(const StatusSnapshot& snapshot);

// The body of GET /healthz: the process answers.
[[nodiscard]] std::string health_json(const StatusSnapshot& snapshot);

// The body of GET /: a page that fetches /status once a second and asks nobody else.
[[nodiscard]] std::string_view page_html() noexcept;

}  // namespace tapeline::status

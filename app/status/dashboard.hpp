#pragma once

// The files of the dashboard, as they stand in app/status/page, inside the program.
//
// Thread safety: constants.

#include <span>
#include <string_view>

namespace tapeline::status {

struct DashboardFile {
  std::string_view path;  // as it is asked for
  std::string_view content_type;
  std::string_view text;
};

// The first one is the page, "/". It asks for the others, for /events, and for nothing else.
[[nodiscard]] std::span<const DashboardFile> dashboard_files() noexcept;

}  // namespace tapeline::status

#pragma once

// What `tapeline check` says about a configuration: what a process with it would do.
//
// Thread safety: pure functions.

#include <string>
#include <vector>

#include "app/config.hpp"
#include "app/config_host.hpp"

namespace tapeline::commands {

// Several lines, each with its line feed.
[[nodiscard]] std::string check_report_text(const Config& config);

// One JSON object, indented, with the findings in it.
[[nodiscard]] std::string check_report_json(const Config& config,
                                            const std::vector<HostFinding>& findings);

}  // namespace tapeline::commands

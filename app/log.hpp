#pragma once

// The log of the process: lines on stderr, as text or as JSON. Never called from a feed thread.
// What is not printable ASCII is escaped.
//
// Thread safety: set_up_log() once, before threads start; log_*() by any thread but feed threads.

#include <string>

#include "app/config.hpp"

namespace tapeline {

void set_up_log(const LogConfig& config);

void log_info(const std::string& text);
void log_warning(const std::string& text);

}  // namespace tapeline

#pragma once

// What the kernel knows about this process.
//
// Thread safety: may be called by any thread; opens and reads /proc/self.

#include <string_view>

#include "app/status/status_snapshot.hpp"

namespace tapeline::status {

// A value that can not be read is 0.
[[nodiscard]] ProcessStatus read_process_status(std::string_view version);

}  // namespace tapeline::status

#pragma once

// SIGINT and SIGTERM as a flag that work looks at. A second signal ends the process at once.
//
// Thread safety: stop_requested() may be called by any thread.

namespace tapeline {

// From now on the first SIGINT or SIGTERM raises the flag. Call it once, before threads start.
void catch_stop_signals();

[[nodiscard]] bool stop_requested() noexcept;

}  // namespace tapeline

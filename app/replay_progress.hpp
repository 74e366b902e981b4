#pragma once

// How far a replay is.
//
// Thread safety: a value.

#include <cstdint>

namespace tapeline {

struct ReplayProgress {
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_total = 0;  // 0 if not known
  std::uint64_t done = 0;         // messages, or packets that were sent
  double elapsed_seconds = 0.0;
  double captured_seconds = 0.0;  // of the capture's time
};

}  // namespace tapeline

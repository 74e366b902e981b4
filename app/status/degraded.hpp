#pragma once

// What of a process does not work as it should just now, in words: what an operator has to see
// without looking for it.
//
// Thread safety: a pure function.

#include <string>
#include <vector>

#include "app/status/status_snapshot.hpp"

namespace tapeline::status {

// One line each, such as "nasdaq/totalview: books are stale"; empty when all is well.
[[nodiscard]] std::vector<std::string> degradations(const StatusSnapshot& snapshot);

}  // namespace tapeline::status

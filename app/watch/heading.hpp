#pragma once

// The upper part of the screen: which process it is, whether it is well and if not why, and its
// rates.
//
// Thread safety: pure functions.

#include <cstddef>

#include "app/watch/screen.hpp"
#include "app/watch/view.hpp"

namespace tapeline::watch {

// At most `reason_rows` rows say what is wrong.
[[nodiscard]] Screen heading(const Scene& scene, bool paused, std::size_t columns,
                             std::size_t reason_rows);

}  // namespace tapeline::watch

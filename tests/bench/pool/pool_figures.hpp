#pragma once

// Figures that only the pool has: what an acquire costs once the buffers have run out, beside
// fresh memory of malloc, and how often the shared head is swapped.

#include <string>
#include <vector>

#include "partner.hpp"

namespace tapeline::bench {

struct Figure {
  std::string measure;
  std::string contender;
  double value;
};

// Nanoseconds. Throws std::runtime_error when the reserve did not serve what was measured.
[[nodiscard]] std::vector<Figure> reserve_figures();

// For 1000 pairs: takes from the shared stack, and races lost there. Without a partner only those
// of one thread.
[[nodiscard]] std::vector<Figure> head_swap_figures(Partner* partner);

}  // namespace tapeline::bench

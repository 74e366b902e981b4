#pragma once

// "Did you mean ...?" for names that a user typed.
//
// Thread safety: pure functions.

#include <span>
#include <string>
#include <string_view>

namespace tapeline {

// The candidate that differs from `typed` by the fewest typing slips (letters left out, added,
// changed or swapped; case and '-' against '_' count for nothing). Empty when none is near.
[[nodiscard]] std::string_view nearest_name(std::string_view typed,
                                            std::span<const std::string_view> candidates);

// "; did you mean 'port'?", or nothing when no candidate is near.
[[nodiscard]] std::string did_you_mean(std::string_view typed,
                                       std::span<const std::string_view> candidates);

}  // namespace tapeline

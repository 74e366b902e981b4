#include "app/nearest.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace tapeline {
namespace {

constexpr std::size_t kLongestName = 64;  // longer ones are not compared

char folded(char letter) {
  if (letter >= 'A' && letter <= 'Z') return static_cast<char>(letter - 'A' + 'a');
  return letter == '_' ? '-' : letter;
}

// Optimal string alignment distance: insert, delete, change, swap of neighbours.
std::size_t slips_between(std::string_view left, std::string_view right) {
  const std::size_t width = right.size() + 1;
  std::vector<std::size_t> slips((left.size() + 1) * width);
  const auto at = [&](std::size_t row, std::size_t column) -> std::size_t& {
    return slips[row * width + column];
  };
  for (std::size_t row = 0; row <= left.size(); ++row) at(row, 0) = row;
  for (std::size_t column = 0; column <= right.size(); ++column) at(0, column) = column;
  for (std::size_t row = 1; row <= left.size(); ++row) {
    for (std::size_t column = 1; column <= right.size(); ++column) {
      const bool same = folded(left[row - 1]) == folded(right[column - 1]);
      at(row, column) = std::min({at(row - 1, column) + 1, at(row, column - 1) + 1,
                                  at(row - 1, column - 1) + (same ? 0U : 1U)});
      const bool swapped = row > 1 && column > 1 &&
                           folded(left[row - 1]) == folded(right[column - 2]) &&
                           folded(left[row - 2]) == folded(right[column - 1]);
      if (swapped) at(row, column) = std::min(at(row, column), at(row - 2, column - 2) + 1);
    }
  }
  return slips.back();
}

}  // namespace

std::string_view nearest_name(std::string_view typed,
                              std::span<const std::string_view> candidates) {
  if (typed.empty() || typed.size() > kLongestName) return {};
  std::string_view nearest;
  // What all flags begin with makes none of them nearer.
  const std::size_t letters = typed.size() - std::min(typed.find_first_not_of('-'), typed.size());
  std::size_t fewest = letters <= 3 ? 2 : letters / 3 + 1;  // one past what is near
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kLongestName) continue;
    const std::size_t slips = slips_between(typed, candidate);
    if (slips >= std::min(fewest, std::max(typed.size(), candidate.size()))) continue;
    fewest = slips;
    nearest = candidate;
  }
  return nearest;
}

std::string did_you_mean(std::string_view typed, std::span<const std::string_view> candidates) {
  const std::string_view nearest = nearest_name(typed, candidates);
  if (nearest.empty()) return {};
  return "; did you mean '" + std::string{nearest} + "'?";
}

}  // namespace tapeline

#pragma once

// Cells of the tables and what goes into them; used by the files that make tables only.
//
// Thread safety: pure functions.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/watch/number_text.hpp"
#include "app/watch/status_reading.hpp"
#include "app/watch/table.hpp"

namespace tapeline::watch {

using Cells = std::vector<Cell>;

[[nodiscard]] inline Cell count(std::uint64_t value) {
  return number_cell(count_text(value), static_cast<double>(value));
}
[[nodiscard]] inline Cell rate(double value) { return number_cell(count_text(value), value); }
// Of which there should be none.
[[nodiscard]] inline Cell alarm(std::uint64_t value, Style style = Style::bad) {
  return number_cell(count_text(value), static_cast<double>(value),
                     value > 0 ? style : Style::plain);
}
[[nodiscard]] inline Cell seconds(double value) { return number_cell(seconds_text(value), value); }
[[nodiscard]] inline Cell share(double value) { return number_cell(share_text(value), value); }
[[nodiscard]] inline Cell price(double value) { return number_cell(price_text(value), value); }
[[nodiscard]] inline Cell mega(double value) { return number_cell(mega_text(value), value); }
[[nodiscard]] inline Cell age(double value) { return number_cell(age_text(value), value); }

[[nodiscard]] inline double share_of(std::uint64_t part, std::uint64_t all) {
  return all == 0 ? kUnknown : static_cast<double>(part) / static_cast<double>(all);
}

// The element of that name of another document; null when there is none.
template <typename Element>
[[nodiscard]] const Element* named(const std::vector<Element>& elements, const std::string& name) {
  const auto found = std::find_if(elements.begin(), elements.end(),
                                  [&](const Element& element) { return element.name == name; });
  return found == elements.end() ? nullptr : &*found;
}

// What `member` of a pool or archive counts, for Moment::per_second().
template <typename Element>
[[nodiscard]] auto counter(std::vector<Element> StatusReading::*elements, const std::string& name,
                           std::uint64_t Element::*member) {
  return [elements, &name, member](const StatusReading& reading) -> std::optional<std::uint64_t> {
    const Element* const found = named(reading.*elements, name);
    return found == nullptr ? std::nullopt : std::optional{found->*member};
  };
}

}  // namespace tapeline::watch

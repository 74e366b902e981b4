#include "app/watch/screen.hpp"

#include <algorithm>
#include <utility>

namespace tapeline::watch {

std::size_t width_of(const Row& row) noexcept {
  std::size_t width = 0;
  for (const Span& span : row) width += span.text.size();
  return width;
}

void cut(Row& row, std::size_t columns) {
  std::size_t left = columns;
  for (Span& span : row) {
    if (span.text.size() > left) span.text.resize(left);
    left -= span.text.size();
  }
}

void fill(Row& row, std::size_t columns, Style style) {
  const std::size_t width = width_of(row);
  if (width < columns) row.push_back({std::string(columns - width, ' '), style});
}

void add_if_fits(Row& row, Span span, std::size_t columns) {
  if (width_of(row) + span.text.size() <= columns) row.push_back(std::move(span));
}

std::string fitted(std::string text, std::size_t columns, bool left) {
  if (text.size() > columns) {
    text.resize(columns);
    if (columns > 0) text.back() = '~';
    return text;
  }
  const std::size_t blanks = columns - text.size();
  text.insert(left ? text.size() : 0, blanks, ' ');
  return text;
}

std::string plain_text(const Screen& screen) {
  std::string text;
  for (const Row& row : screen) {
    for (const Span& span : row) text += span.text;
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

}  // namespace tapeline::watch

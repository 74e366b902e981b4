#include "app/watch/table.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tapeline::watch {
namespace {

constexpr std::size_t kBetweenColumns = 2;
constexpr std::size_t kLeastNameWidth = 12;

[[nodiscard]] char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] std::string text_of(const Cell& cell) {
  std::string text;
  for (const Span& span : cell.spans) text += span.text;
  return text;
}

// Whether `a` stands before `b`.
[[nodiscard]] bool before(const Cell& a, const Cell& b, bool rising) {
  if (a.order && b.order) {
    const bool a_known = !std::isnan(*a.order);
    const bool b_known = !std::isnan(*b.order);
    if (!a_known || !b_known) return a_known && !b_known;
    return rising ? *a.order < *b.order : *a.order > *b.order;
  }
  return rising ? text_of(a) < text_of(b) : text_of(a) > text_of(b);
}

[[nodiscard]] std::vector<std::size_t> natural_widths(const Table& table) {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::size_t width = table.columns[c].title.size();
    for (const auto& row : table.rows) width = std::max(width, width_of(row[c].spans));
    widths.push_back(width);
  }
  return widths;
}

// Widths of the columns as they are shown; 0 is one that is not.
[[nodiscard]] std::vector<std::size_t> fit(std::vector<std::size_t> widths, const Order& order,
                                           std::size_t columns) {
  const auto total = [&widths] {
    std::size_t sum = 0;
    for (const std::size_t width : widths) sum += width == 0 ? 0 : width + kBetweenColumns;
    return sum == 0 ? 0 : sum - kBetweenColumns;
  };
  for (std::size_t c = widths.size(); c-- > 1 && total() > columns;) {
    if (order.column != c) widths[c] = 0;
  }
  const std::size_t sum = total();
  if (sum > columns && !widths.empty()) {
    const std::size_t over = sum - columns;
    widths[0] = widths[0] > over + kLeastNameWidth ? widths[0] - over : kLeastNameWidth;
  }
  return widths;
}

void append(Row& row, const Row& spans, std::size_t columns, bool left) {
  Row part = spans;
  const std::size_t width = width_of(part);
  if (width > columns) {
    Style style = part.back().style;
    std::string text;
    for (const Span& span : part) text += span.text;
    part = {{fitted(std::move(text), columns, left), style}};
  }
  const std::size_t blanks = columns - width_of(part);
  if (!left && blanks > 0) row.push_back({std::string(blanks, ' '), Style::plain});
  row.insert(row.end(), part.begin(), part.end());
  if (left && blanks > 0) row.push_back({std::string(blanks, ' '), Style::plain});
}

[[nodiscard]] Screen lay_out(const Table& table, const std::vector<std::size_t>& widths,
                             const Order& order, std::size_t columns) {
  Screen screen(1);
  const auto separate = [&](Row& row, std::size_t c, Style style) {
    if (c > 0) row.push_back({std::string(kBetweenColumns, ' '), style});
  };
  for (std::size_t c = 0; c < widths.size(); ++c) {
    if (widths[c] == 0) continue;
    const Style style = order.column == c ? Style::sorted : Style::title;
    separate(screen[0], c, Style::title);
    screen[0].push_back({fitted(table.columns[c].title, widths[c], table.columns[c].left), style});
  }
  fill(screen[0], columns, Style::title);
  for (const auto& cells : table.rows) {
    Row row;
    for (std::size_t c = 0; c < widths.size(); ++c) {
      if (widths[c] == 0) continue;
      separate(row, c, Style::plain);
      append(row, cells[c].spans, widths[c], table.columns[c].left);
    }
    screen.push_back(std::move(row));
  }
  if (table.rows.empty()) screen.push_back({{table.nothing, Style::soft}});
  for (Row& row : screen) cut(row, columns);
  return screen;
}

}  // namespace

Cell text_cell(std::string text, Style style) {
  return {.spans = {{std::move(text), style}}, .order = std::nullopt};
}

Cell number_cell(std::string text, double order, Style style) {
  return {.spans = {{std::move(text), style}}, .order = order};
}

bool matches(std::string_view text, std::string_view filter) {
  return std::search(text.begin(), text.end(), filter.begin(), filter.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) != text.end() ||
         filter.empty();
}

void keep_matching(Table& table, std::string_view filter) {
  if (filter.empty()) return;
  std::erase_if(table.rows, [&](const std::vector<Cell>& row) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (table.columns[c].left && matches(text_of(row[c]), filter)) return false;
    }
    return true;
  });
}

void sort_rows(Table& table, const Order& order) {
  if (!order.column || *order.column >= table.columns.size()) return;
  const std::size_t column = *order.column;
  std::stable_sort(table.rows.begin(), table.rows.end(), [&](const auto& a, const auto& b) {
    return before(a[column], b[column], order.rising);
  });
}

Screen lay_out(const Table& table, const Order& order, std::size_t columns) {
  return lay_out(table, fit(natural_widths(table), order, columns), order, columns);
}

Screen lay_out_all(const Table& table, const Order& order, std::size_t columns) {
  std::vector<std::size_t> left = natural_widths(table);  // 0 is a column that is laid out already
  Screen screen;
  do {
    std::vector<std::size_t> part = fit(left, Order{}, columns);
    const auto fits = [](std::size_t width) { return width > 0; };
    if (std::none_of(part.begin() + 1, part.end(), fits)) {  // the next one is too wide: it is cut
      const auto next = std::find_if(left.begin() + 1, left.end(), fits) - left.begin();
      const std::size_t beside = part[0] + kBetweenColumns;
      part[static_cast<std::size_t>(next)] = columns > beside ? columns - beside : 1;
    }
    for (std::size_t c = 1; c < left.size(); ++c) left[c] = part[c] > 0 ? 0 : left[c];
    if (!screen.empty()) screen.emplace_back();
    for (Row& row : lay_out(table, part, order, columns)) screen.push_back(std::move(row));
  } while (std::any_of(left.begin() + 1, left.end(), [](std::size_t width) { return width > 0; }));
  return screen;
}

}  // namespace tapeline::watch

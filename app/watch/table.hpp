#pragma once

// A table of a view: sorted, filtered and laid out for a width.
//
// Thread safety: values and pure functions.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/watch/screen.hpp"

namespace tapeline::watch {

struct Column {
  std::string title;
  bool left = false;  // text; numbers stand to the right
};

struct Cell {
  Row spans;
  // What is sorted by; text by its characters when there is no number.
  std::optional<double> order;
};

[[nodiscard]] Cell text_cell(std::string text, Style style = Style::plain);
// NaN comes last, whatever the direction.
[[nodiscard]] Cell number_cell(std::string text, double order, Style style = Style::plain);

struct Table {
  std::vector<Column> columns;  // the first one names the row and is always shown
  std::vector<std::vector<Cell>> rows;
  std::string nothing;  // said instead of rows when there are none
};

struct Order {
  std::optional<std::size_t> column;  // as it came when there is none
  bool rising = false;
  bool operator==(const Order&) const = default;
};

// Whether `text` holds `filter`; upper and lower case are the same. Everything holds "".
[[nodiscard]] bool matches(std::string_view text, std::string_view filter);

// Keeps rows that have `filter` in one of their left columns.
void keep_matching(Table& table, std::string_view filter);

// Rows that are equal keep their order.
void sort_rows(Table& table, const Order& order);

// Title and rows. Columns that do not fit are left out from the right, the sorted one last.
[[nodiscard]] Screen lay_out(const Table& table, const Order& order, std::size_t columns);

// The same, with the columns that do not fit in further tables below the first one.
[[nodiscard]] Screen lay_out_all(const Table& table, const Order& order, std::size_t columns);

}  // namespace tapeline::watch

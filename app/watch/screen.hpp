#pragma once

// What stands on a terminal: rows of styled text. Knows no terminal.
//
// Thread safety: values and pure functions.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tapeline::watch {

enum class Style : std::uint8_t {
  plain,
  soft,    // beside what matters
  title,   // of a table
  sorted,  // the title that the table is sorted by
  good,
  warn,
  bad,
  bar,       // in use
  bar_peak,  // was in use
  chosen,    // the tab that is open
  banner_bad,
  banner_good,
  banner_warn,
};

struct Span {
  std::string text;  // printable ASCII
  Style style = Style::plain;
  bool operator==(const Span&) const = default;
};

using Row = std::vector<Span>;
using Screen = std::vector<Row>;

struct Size {
  std::size_t columns = 80;
  std::size_t rows = 24;
  bool operator==(const Size&) const = default;
};

// Characters of a row.
[[nodiscard]] std::size_t width_of(const Row& row) noexcept;

// Cuts what is right of `columns`.
void cut(Row& row, std::size_t columns);

// Fills up to `columns` with blanks of the style.
void fill(Row& row, std::size_t columns, Style style = Style::plain);

// Adds a span if there is room for all of it.
void add_if_fits(Row& row, Span span, std::size_t columns);

// `text` in `columns` characters: cut, with '~' at the end, or filled with blanks.
[[nodiscard]] std::string fitted(std::string text, std::size_t columns, bool left);

// Without styles and without blanks at the ends of the lines.
[[nodiscard]] std::string plain_text(const Screen& screen);

}  // namespace tapeline::watch

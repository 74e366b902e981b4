#pragma once

// One row of a table: the cells of those columns that were asked for and that the row has.
//
// Rows are made by the million: a row is cleared and filled again, and owns nothing. Cells of
// columns nobody asked for are dropped when they are set.
//
// Thread safety: none.
// Lifetime:      text is a view; it must be valid until the row was written.

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tapeline::decode {

// Index of a column in its schema.
enum class Column : std::uint16_t {};

inline constexpr std::size_t kMaxColumns = 512;

enum class CellKind : std::uint8_t {
  number,
  decimal,      // magnitude / 10^digits, every digit of it
  real,         // a double, with `digits` behind the point
  text,         // any bytes
  json,         // a JSON value as it was spelled
  boolean,      // 0 or 1
  time,         // nanoseconds since 1970, perhaps before
  time_of_day,  // nanoseconds since midnight of a day that is not known
};

struct Cell {
  CellKind kind = CellKind::number;
  bool negative = false;  // number, decimal, time
  std::uint8_t digits = 0;
  std::uint8_t unused = 0;
  std::uint32_t bytes = 0;  // of text and json
  union {
    std::uint64_t magnitude = 0;
    double real;
    const char* text;
  };

  [[nodiscard]] std::string_view view() const noexcept { return {text, bytes}; }
};
static_assert(sizeof(Cell) == 16);

class Row {
 public:
  // `places`: for each column of the schema its place in the row, or kUnwanted.
  static constexpr std::uint16_t kUnwanted = 0xFFFF;
  explicit Row(std::vector<std::uint16_t> places) : places_{std::move(places)} {
    assert(places_.size() <= kMaxColumns);
    words_ = (places_.size() + 63) / 64;
  }

  void clear() noexcept { std::fill_n(present_.begin(), words_, std::uint64_t{0}); }
  [[nodiscard]] bool wants(Column column) const noexcept { return place(column) != kUnwanted; }

  void number(Column column, std::uint64_t value) noexcept {
    set(column, {.kind = CellKind::number, .magnitude = value});
  }
  void signed_number(Column column, std::int64_t value) noexcept {
    set(column, {.kind = CellKind::number, .negative = value < 0, .magnitude = magnitude(value)});
  }
  void decimal(Column column, std::uint64_t value, std::uint8_t digits) noexcept {
    set(column, {.kind = CellKind::decimal, .digits = digits, .magnitude = value});
  }
  void signed_decimal(Column column, std::int64_t value, std::uint8_t digits) noexcept {
    set(column, {.kind = CellKind::decimal,
                 .negative = value < 0,
                 .digits = digits,
                 .magnitude = magnitude(value)});
  }
  void real(Column column, double value, std::uint8_t digits) noexcept {
    set(column, {.kind = CellKind::real, .digits = digits, .real = value});
  }
  void text(Column column, std::string_view value) noexcept {
    set(column, {.kind = CellKind::text,
                 .bytes = static_cast<std::uint32_t>(value.size()),
                 .text = value.data()});
  }
  // Requires: `value` is one JSON value without line ends.
  void json(Column column, std::string_view value) noexcept {
    set(column, {.kind = CellKind::json,
                 .bytes = static_cast<std::uint32_t>(value.size()),
                 .text = value.data()});
  }
  void boolean(Column column, bool value) noexcept {
    set(column, {.kind = CellKind::boolean, .magnitude = value ? 1U : 0U});
  }
  void time(Column column, std::int64_t unix_ns) noexcept {
    set(column, {.kind = CellKind::time, .negative = unix_ns < 0, .magnitude = magnitude(unix_ns)});
  }
  void time_of_day(Column column, std::uint64_t ns) noexcept {
    set(column, {.kind = CellKind::time_of_day, .magnitude = ns});
  }

  // fn(std::size_t place, const Cell&) for each cell, by place.
  template <typename Fn>
  void for_each(Fn&& fn) const {
    for (std::size_t word = 0; word < words_; ++word) {
      for (std::uint64_t left = present_[word]; left != 0; left &= left - 1) {
        const std::size_t place = word * 64 + static_cast<std::size_t>(std::countr_zero(left));
        fn(place, cells_[place]);
      }
    }
  }

 private:
  [[nodiscard]] std::uint16_t place(Column column) const noexcept {
    assert(static_cast<std::size_t>(column) < places_.size());
    return places_[static_cast<std::size_t>(column)];
  }
  void set(Column column, const Cell& cell) noexcept {
    const std::uint16_t to = place(column);
    if (to == kUnwanted) return;
    cells_[to] = cell;
    present_[to / 64] |= std::uint64_t{1} << (to % 64U);
  }
  [[nodiscard]] static std::uint64_t magnitude(std::int64_t value) noexcept {
    const auto bits = static_cast<std::uint64_t>(value);
    return value < 0 ? 0 - bits : bits;
  }

  std::vector<std::uint16_t> places_;
  std::size_t words_ = 0;
  std::array<std::uint64_t, kMaxColumns / 64> present_{};
  std::array<Cell, kMaxColumns> cells_{};
};

}  // namespace tapeline::decode

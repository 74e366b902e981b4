#pragma once

// The table that is written: which rows are wanted, how many, and where they go.
//
//   if (table.wants_symbol(symbol) && table.wants_time(moment)) {
//     Row& row = table.begin_row();
//     ... fill it ...
//     table.end_row();
//   }
//
// Rows that were ended are in the output in whole lines, whatever happens next.
//
// Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/decode/output.hpp"
#include "app/decode/row.hpp"
#include "app/decode/row_writer.hpp"
#include "app/decode/schema.hpp"
#include "app/decode/text_buffer.hpp"
#include "app/decode/time_text.hpp"

namespace tapeline::decode {

// When something happened: `since_zero` nanoseconds after the zero of the venue's clock, which is
// `zero` if it is known.
struct Moment {
  std::uint64_t since_zero = 0;
  std::optional<std::int64_t> zero;  // since 1970
  // Of a clock that does not count from a midnight: that of the venue's day, after `zero`; 0 if the
  // venue has none.
  std::int64_t midnight = 0;

  // The first nanosecond of 1970 is no time that anything happened.
  [[nodiscard]] bool is_told() const noexcept { return since_zero != 0 || zero != 0; }
  [[nodiscard]] std::int64_t unix_ns() const noexcept {
    return *zero + static_cast<std::int64_t>(since_zero);
  }
};

// Which rows are wanted.
struct RowFilter {
  std::vector<std::string> symbols;  // empty: all
  std::optional<TimeBound> from;     // rows at or after it
  std::optional<TimeBound> to;       // rows before it
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
};

class Table {
 public:
  // `output` is not owned and must outlive the table.
  Table(const Selection& selection, Format format, TimeFormat times, RowFilter filter,
        Output& output);

  // Nothing more is wanted: there are `limit` rows, or the output takes no more.
  [[nodiscard]] bool is_done() const noexcept { return is_done_; }
  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }

  [[nodiscard]] bool filters_symbols() const noexcept { return !filter_.symbols.empty(); }
  [[nodiscard]] bool wants_symbol(std::string_view symbol) noexcept {
    return filter_.symbols.empty() || is_named(symbol);
  }
  // A time of day is compared with the time since the venue's midnight: the moment's, or the zero
  // of the venue's clock, which is taken for a midnight if the moment is within a day of it. Else
  // with the time of the day in UTC.
  [[nodiscard]] bool wants_time(const Moment& moment) const noexcept {
    return !filters_times_ || is_between(moment);
  }

  // The row to fill; empty.
  [[nodiscard]] Row& begin_row() noexcept {
    row_.clear();
    return row_;
  }
  void end_row() {
    writer_.write(row_, text_);
    if (++rows_ == filter_.limit) is_done_ = true;
    if (text_.size() >= kFlushBytes) flush();
  }

  // Writes what is left.
  void finish() noexcept { flush(); }
  // Names that were asked for and that nothing had.
  [[nodiscard]] std::vector<std::string> symbols_not_met() const;

 private:
  static constexpr std::size_t kFlushBytes = std::size_t{256} * 1024;

  [[nodiscard]] bool is_named(std::string_view symbol) noexcept;
  [[nodiscard]] bool is_between(const Moment& moment) const noexcept;
  void flush() noexcept;

  RowFilter filter_;
  std::vector<bool> met_;  // by index in filter_.symbols
  bool filters_times_;
  bool is_done_ = false;
  std::uint64_t rows_ = 0;
  Row row_;
  RowWriter writer_;
  TextBuffer text_{2 * kFlushBytes};
  Output& output_;
};

// Sets a cell to a moment.
inline void set_moment(Row& row, Column column, const Moment& moment) noexcept {
  if (moment.zero) {
    row.time(column, moment.unix_ns());
  } else {
    row.time_of_day(column, moment.since_zero);
  }
}

}  // namespace tapeline::decode

#pragma once

// Rows as text: CSV (RFC 4180, with a line of names in front and LF behind each line), JSON (one
// object per line; a cell that a row has not is left out) or text (name=value, one row per line).
//
// Bytes from outside stay what they are and break nothing: what is no UTF-8 is written as the
// character of that number (U+0080 to U+00FF), so that the output always is UTF-8. In JSON, and in
// the quoted values of text, control characters are escaped; in CSV they stand inside quotes.
//
// Numbers and decimals are written with all their digits, in JSON as numbers.
//
// Thread safety: none.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/decode/row.hpp"
#include "app/decode/text_buffer.hpp"
#include "app/decode/time_text.hpp"

namespace tapeline::decode {

enum class Format : std::uint8_t { csv, json, text };
enum class TimeFormat : std::uint8_t { iso, ns };

class RowWriter {
 public:
  // `names`: the columns in the order of the row's places.
  RowWriter(Format format, TimeFormat times, std::span<const std::string> names);

  // The line of names; nothing unless the format is CSV.
  void write_header(TextBuffer& out) const;
  void write(const Row& row, TextBuffer& out);

 private:
  static constexpr std::size_t kTimeCaches = 4;  // by place: receive and exchange time differ

  void write_csv(const Row& row, TextBuffer& out);
  void write_json(const Row& row, TextBuffer& out);
  void write_text(const Row& row, TextBuffer& out);
  // Everything but text and times, which differ by format.
  static void put_plain(const Cell& cell, TextBuffer& out) noexcept;
  // `quote`: what stands around a time in ISO form, or 0.
  void put_time(std::size_t place, const Cell& cell, char quote, TextBuffer& out) noexcept;

  Format format_;
  TimeFormat times_;
  std::size_t columns_;
  std::size_t longest_name_ = 0;
  std::vector<std::string> names_;  // as they stand in front of a value: "\"price\":", "price="
  std::string header_;
  std::array<IsoTime, kTimeCaches> iso_{};
};

// `text` as a CSV field, quoted if it has to be.
void put_csv_text(TextBuffer& out, std::string_view text);
// `text` as a JSON string with its quotes.
void put_json_text(TextBuffer& out, std::string_view text);

}  // namespace tapeline::decode

#include "app/decode/row_writer.hpp"

#include <algorithm>

namespace tapeline::decode {

namespace {

// More than any cell takes that is not text, with what stands around it.
constexpr std::size_t kCellBytes = TextBuffer::kMaxRealBytes + 16;
constexpr std::size_t kMaxEscapedBytes = 6;  // "\u001f"

// Characters that stand for themselves everywhere: ASCII without controls, quotes, backslash,
// comma, and what would make a value of the text format ambiguous.
constexpr std::array<bool, 256> kIsPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t i = 0x21; i < 0x7F; ++i) plain[i] = true;
  for (const char letter : {'"', '\\', ',', '='}) plain[static_cast<unsigned char>(letter)] = false;
  return plain;
}();

[[nodiscard]] bool is_plain(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char letter) { return kIsPlain[static_cast<unsigned char>(letter)]; });
}

[[nodiscard]] std::uint8_t byte_at(std::string_view text, std::size_t at) noexcept {
  return static_cast<std::uint8_t>(text[at]);
}

// Bytes of the UTF-8 sequence of more than one byte at the front of `text`; 0 if there is none
// (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF).
[[nodiscard]] std::size_t utf8_sequence(std::string_view text) noexcept {
  const std::uint8_t first = byte_at(text, 0);
  std::size_t length = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  }
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    const std::uint8_t byte = byte_at(text, i);
    if (byte < low || byte > high) return 0;
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

// The character at the front of `text`, which is not ASCII. Returns how many bytes it took.
[[nodiscard]] std::size_t put_wide(TextBuffer& out, std::string_view text) noexcept {
  const std::size_t length = utf8_sequence(text);
  if (length > 0) {
    out.put(text.substr(0, length));
    return length;
  }
  const std::uint8_t byte = byte_at(text, 0);  // U+0080 to U+00FF
  out.put(static_cast<char>(0xC0U | (byte >> 6U)));
  out.put(static_cast<char>(0x80U | (byte & 0x3FU)));
  return 1;
}

void put_escape(TextBuffer& out, std::uint8_t byte) noexcept {
  constexpr std::string_view kHex = "0123456789abcdef";
  out.put('\\');
  switch (byte) {
    case '"':
    case '\\': return out.put(static_cast<char>(byte));
    case '\n': return out.put('n');
    case '\r': return out.put('r');
    case '\t': return out.put('t');
    default: break;
  }
  out.put("u00");
  out.put(kHex[byte >> 4U]);
  out.put(kHex[byte & 0xFU]);
}

// In quotes; `escape` decides on ASCII characters that must not stand there as they are.
template <typename PutAscii>
void put_quoted(TextBuffer& out, std::string_view text, PutAscii&& put_ascii) {
  out.put('"');
  while (!text.empty()) {
    const std::uint8_t byte = byte_at(text, 0);
    if (byte < 0x80) {
      put_ascii(byte);
      text.remove_prefix(1);
    } else {
      text.remove_prefix(put_wide(out, text));
    }
  }
  out.put('"');
}

}  // namespace

void put_csv_text(TextBuffer& out, std::string_view text) {
  out.ensure(2 + 2 * text.size());
  if (is_plain(text)) [[likely]]
    return out.put(text);
  const bool quoted = text.find_first_of("\",") != std::string_view::npos || text.front() == ' ' ||
                      text.back() == ' ' || std::any_of(text.begin(), text.end(), [](char letter) {
                        return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
                      });
  if (quoted) {
    return put_quoted(out, text, [&out](std::uint8_t byte) {
      if (byte == '"') out.put('"');
      out.put(static_cast<char>(byte));
    });
  }
  while (!text.empty()) {
    if (byte_at(text, 0) < 0x80) {
      out.put(text.front());
      text.remove_prefix(1);
    } else {
      text.remove_prefix(put_wide(out, text));
    }
  }
}

void put_json_text(TextBuffer& out, std::string_view text) {
  out.ensure(2 + kMaxEscapedBytes * text.size());
  if (is_plain(text)) [[likely]] {
    out.put('"');
    out.put(text);
    return out.put('"');
  }
  put_quoted(out, text, [&out](std::uint8_t byte) {
    if (byte < 0x20 || byte == 0x7F || byte == '"' || byte == '\\') return put_escape(out, byte);
    out.put(static_cast<char>(byte));
  });
}

RowWriter::RowWriter(Format format, TimeFormat times, std::span<const std::string> names)
    : format_{format}, times_{times}, columns_{names.size()} {
  TextBuffer text{4096};
  for (const std::string& name : names) {
    text.clear();
    put_csv_text(text, name);
    if (!header_.empty()) header_ += ',';
    header_ += text.view();
    text.clear();
    if (format == Format::json) {
      put_json_text(text, name);
      names_.push_back(std::string{text.view()} + ":");
    } else {
      names_.push_back(name + "=");
    }
    longest_name_ = std::max(longest_name_, names_.back().size() + 2);
  }
  header_ += '\n';
}

void RowWriter::write_header(TextBuffer& out) const {
  if (format_ != Format::csv) return;
  out.ensure(header_.size());
  out.put(header_);
}

void RowWriter::write(const Row& row, TextBuffer& out) {
  switch (format_) {
    case Format::csv: return write_csv(row, out);
    case Format::json: return write_json(row, out);
    case Format::text: return write_text(row, out);
  }
}

void RowWriter::put_plain(const Cell& cell, TextBuffer& out) noexcept {
  if (cell.kind == CellKind::number) {
    if (cell.negative) out.put('-');
    out.put_number(cell.magnitude);
  } else if (cell.kind == CellKind::decimal) {
    if (cell.negative) out.put('-');
    out.put_decimal(cell.magnitude, cell.digits);
  } else if (cell.kind == CellKind::boolean) {
    out.put(cell.magnitude != 0 ? "true" : "false");
  } else if (cell.kind == CellKind::real && !out.put_real(cell.real, cell.digits)) {
    out.put('0');
  }
}

void RowWriter::put_time(std::size_t place, const Cell& cell, char quote,
                         TextBuffer& out) noexcept {
  if (times_ == TimeFormat::ns) {
    if (cell.negative) out.put('-');
    return out.put_number(cell.magnitude);
  }
  if (quote != 0) out.put(quote);
  if (cell.kind == CellKind::time_of_day) {
    put_time_of_day(out, cell.magnitude);
  } else {
    const auto ns = static_cast<std::int64_t>(cell.negative ? 0 - cell.magnitude : cell.magnitude);
    iso_[place % kTimeCaches].put(out, ns);
  }
  if (quote != 0) out.put(quote);
}

void RowWriter::write_csv(const Row& row, TextBuffer& out) {
  std::size_t commas = 0;  // written so far
  const std::size_t begin = out.size();
  row.for_each([&](std::size_t place, const Cell& cell) {
    out.ensure(kCellBytes + columns_);
    if (place != commas) {
      out.fill(',', place - commas);
      commas = place;
    }
    switch (cell.kind) {
      case CellKind::text:
      case CellKind::json: return put_csv_text(out, cell.view());
      case CellKind::time:
      case CellKind::time_of_day: return put_time(place, cell, 0, out);
      default: return put_plain(cell, out);
    }
  });
  out.ensure(columns_ + 2);
  out.fill(',', columns_ - 1 - commas);
  if (out.size() == begin) out.put("\"\"");  // readers pass over an empty line
  out.put('\n');
}

void RowWriter::write_json(const Row& row, TextBuffer& out) {
  out.ensure(kCellBytes);
  char before = '{';
  row.for_each([&](std::size_t place, const Cell& cell) {
    out.ensure(kCellBytes + longest_name_);
    out.put(before);
    before = ',';
    out.put(names_[place]);
    switch (cell.kind) {
      case CellKind::text: return put_json_text(out, cell.view());
      case CellKind::json: out.ensure(cell.view().size()); return out.put(cell.view());
      case CellKind::time:
      case CellKind::time_of_day: return put_time(place, cell, '"', out);
      default: return put_plain(cell, out);
    }
  });
  out.ensure(3);
  if (before == '{') out.put('{');
  out.put("}\n");
}

void RowWriter::write_text(const Row& row, TextBuffer& out) {
  bool first = true;
  row.for_each([&](std::size_t place, const Cell& cell) {
    out.ensure(kCellBytes + longest_name_);
    if (!first) out.put(' ');
    first = false;
    out.put(names_[place]);
    switch (cell.kind) {
      case CellKind::text:
      case CellKind::json:
        if (!cell.view().empty() && is_plain(cell.view())) {
          out.ensure(cell.view().size());
          return out.put(cell.view());
        }
        return put_json_text(out, cell.view());
      case CellKind::time:
      case CellKind::time_of_day: return put_time(place, cell, 0, out);
      default: return put_plain(cell, out);
    }
  });
  out.ensure(1);
  out.put('\n');
}

}  // namespace tapeline::decode

// Any bytes as a file for `tapeline decode`, in every schema and format: whatever the file holds,
// each line of JSON is an object of the schema's columns, each record of CSV has as many cells as
// there are columns, and the output is UTF-8. The first byte chooses schema, format and times.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "app/decode/decode_job.hpp"
#include "tests/fuzz/file_of_bytes.hpp"

namespace {

using namespace tapeline;
using fuzz::require;

constexpr std::size_t kMostInput = 64 * 1024;
constexpr std::array<std::string_view, 8> kSchemas{"messages", "trades",  "bbo",  "levels:3",
                                                   "bars:1s",  "bars:5m", "vwap", "vwap:1m"};

// Cells of each record (RFC 4180, section 2). The text ends behind a record.
void check_csv(std::string_view text, std::size_t columns) {
  std::size_t cells = 1;
  bool quoted = false;
  for (const char letter : text) {
    if (letter == '"') quoted = !quoted;
    if (quoted) continue;
    if (letter == ',') ++cells;
    if (letter != '\n') continue;
    require(cells == columns);
    cells = 1;
  }
  require(!quoted && (text.empty() || text.back() == '\n'));
}

void check_json(const std::string& text) {
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    require(nlohmann::json::parse(line).is_object());
  }
}

// What is no UTF-8 does not pass for a JSON string.
void check_utf8(const std::string& text) {
  static_cast<void>(nlohmann::json(text).dump());  // throws
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::FileOfBytes input;
  static fuzz::FileOfBytes table;
  if (size < 2 || size > kMostInput) return 0;
  input.assign(std::as_bytes(std::span{data, size}).subspan(1));
  const std::size_t choice = data[0];
  decode::DecodeOptions options;
  options.files = {input.path()};
  options.schema = kSchemas[choice % kSchemas.size()];
  options.format = static_cast<decode::Format>(choice / kSchemas.size() % 3);
  options.times = choice >= 128 ? decode::TimeFormat::ns : decode::TimeFormat::iso;
  options.filter.limit = 20'000;
  const auto format = options.format;
  try {
    decode::DecodeJob job{std::move(options)};
    job.choose_columns([] { return false; });
    decode::Output output{table.path(), decode::OutputCompression::none, true};
    job.run(output, [] { return false; });
    output.close();
    require(output.error().empty());
  } catch (const std::invalid_argument&) {
    return 0;  // no file of a known kind
  }
  const std::string text = table.content();
  check_utf8(text);
  if (format == decode::Format::json) check_json(text);
  if (format == decode::Format::csv) {
    const std::string_view header = std::string_view{text}.substr(0, text.find('\n'));
    check_csv(text, 1 + static_cast<std::size_t>(std::count(header.begin(), header.end(), ',')));
  }
  return 0;
}

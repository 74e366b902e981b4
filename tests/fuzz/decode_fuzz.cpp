// Any bytes as a file for `tapeline decode`, in every schema and format: whatever the file holds,
// each line of JSON is an object of the schema's columns, each record of CSV has as many cells as
// there are columns, and the output is UTF-8. Read out of gzip, which comes in other pieces, the
// same bytes give the same table. The first byte chooses schema, format and times.

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "app/decode/decode_job.hpp"
#include "net/byte_stream.hpp"
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

// The bytes as gzip (RFC 1952) that stores them.
std::vector<std::byte> gzip_of(std::span<const std::byte> bytes) {
  constexpr int kGzip = 15 + 16;
  z_stream stream{};
  require(deflateInit2(&stream, Z_NO_COMPRESSION, Z_DEFLATED, kGzip, 9, Z_DEFAULT_STRATEGY) ==
          Z_OK);
  std::vector<std::byte> packed(bytes.size() + 1024);  // blocks have headers of 5 bytes
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  require(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

decode::DecodeOptions options_of(std::size_t choice, const std::string& path) {
  decode::DecodeOptions options;
  options.files = {path};
  options.schema = kSchemas[choice % kSchemas.size()];
  options.format = static_cast<decode::Format>(choice / kSchemas.size() % 3);
  options.times = choice >= 128 ? decode::TimeFormat::ns : decode::TimeFormat::iso;
  options.filter.limit = 20'000;
  return options;
}

// The table of a file; nothing for one of no known kind.
std::optional<std::string> table_of(const decode::DecodeOptions& options) {
  static fuzz::FileOfBytes table;
  try {
    decode::DecodeJob job{options};
    job.choose_columns([] { return false; });
    decode::Output output{table.path(), decode::OutputCompression::none, true};
    job.run(output, [] { return false; });
    output.close();
    require(output.error().empty());
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
  return table.content();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::FileOfBytes input;
  if (size < 2 || size > kMostInput) return 0;
  const auto bytes = std::as_bytes(std::span{data, size}).subspan(1);
  input.assign(bytes);
  const decode::DecodeOptions options = options_of(data[0], input.path());
  const std::optional<std::string> text = table_of(options);
  const net::ByteStream plain{input.path()};
  if (!plain.failed() && plain.compression() == net::Compression::none) {
    input.assign(gzip_of(bytes));
    require(table_of(options) == text);
  }
  if (!text) return 0;
  check_utf8(*text);
  if (options.format == decode::Format::json) check_json(*text);
  if (options.format == decode::Format::csv) {
    const std::string_view header = std::string_view{*text}.substr(0, text->find('\n'));
    check_csv(*text, 1 + static_cast<std::size_t>(std::count(header.begin(), header.end(), ',')));
  }
  return 0;
}

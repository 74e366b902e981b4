// Any bytes as a line of a recording: views lie in the line, a form is complete, and white space at
// the ends changes nothing.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "codec/json/recorded_line.hpp"

namespace {

using namespace tapeline::codec;

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_inside(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using json::LineKind;
  const std::string text(data, data + size);
  const json::RecordedLine line = json::parse_recorded_line(text);
  require(is_inside(line.url, text) && is_inside(line.document, text));
  require(line.receive_time_ns >= 0);
  const bool has_document = line.kind == LineKind::sent || line.kind == LineKind::answer ||
                            line.kind == LineKind::received;
  require(line.document.empty() != has_document);
  const bool has_url = line.kind == LineKind::sent || line.kind == LineKind::answer ||
                       line.kind == LineKind::connected;
  require(line.url.empty() != has_url);
  if (has_url) {
    static_cast<void>(json::venue_of_url(line.url));
    require(is_inside(json::symbol_of_url(line.url), text));
  }
  const std::string framed = " " + text + " \r\n";
  const json::RecordedLine again = json::parse_recorded_line(framed);
  require(again.kind == line.kind && again.receive_time_ns == line.receive_time_ns);
  require(again.url == line.url && again.document == line.document);
  return 0;
}

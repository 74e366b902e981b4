// Any bytes as an HTTP request: views stay inside the text, and whether a request is whole does not
// depend on what follows it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/http_request.hpp"

namespace {

using namespace tapeline::net;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const HttpRequest request = parse_http_request(text);
  if (request.status == RequestStatus::incomplete) {
    require(text.find("\r\n\r\n") == std::string::npos);
    return 0;
  }
  const std::string more = text + "POST / HTTP/1.1\r\n\r\n";
  const HttpRequest again = parse_http_request(more);
  require(again.status == request.status && again.method == request.method);
  if (request.status != RequestStatus::ok) return 0;
  require(again.path == request.path);
  require(request.path.empty() ||
          (request.path.data() >= text.data() &&
           request.path.data() + request.path.size() <= text.data() + text.size()));
  require(request.path.find_first_of(" \r\n?") == std::string_view::npos);
  return 0;
}

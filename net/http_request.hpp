#pragma once

// The head of a request for a read-only page, as text from outside: RFC 9112, sections 2 and 3.
//
// Strict where two readers could see different requests (line ends, names of fields, one Host);
// says nothing about a body, because whoever answers closes the connection.
//
// Thread safety: a pure function; the views are into the text.
// Allocation:    none.

#include <cstdint>
#include <string_view>

namespace tapeline::net {

enum class HttpMethod : std::uint8_t { get, head, other };

enum class RequestStatus : std::uint8_t {
  ok,
  incomplete,   // no empty line yet
  malformed,    // not HTTP/1
  bad_version,  // HTTP, but not 1.0 or 1.1
};

struct HttpRequest {
  RequestStatus status = RequestStatus::incomplete;
  HttpMethod method = HttpMethod::other;
  std::string_view path;  // without query; as it was sent, nothing is decoded. Only when ok
};

// Reads the first request of `text`; what follows its empty line is not looked at.
[[nodiscard]] HttpRequest parse_http_request(std::string_view text) noexcept;

}  // namespace tapeline::net

#pragma once

// One GET over a connection of its own, with bounds on time and size: for asking a status endpoint.
//
// HTTP/1.0 is spoken, so that no server sends a body in chunks. Redirects are not followed.
//
// Thread safety: a pure function but for the network; blocks.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace tapeline::net {

enum class HttpFault : std::uint8_t {
  none,           // an answer came, whatever its status
  no_address,     // the name of the host has none
  no_connection,  // nobody listens there, or there is no way
  timeout,
  too_long,  // more than max_bytes
  broken,    // the connection ended before the answer was whole
  not_http,
  cancelled,
};

struct HttpReply {
  HttpFault fault = HttpFault::none;
  int status = 0;
  std::string body;
};

inline constexpr int kNoCancel = -1;

// `host` is a name or an address without brackets; `path` holds no space or control character.
// Returns within `limit` and a little, whatever the other side does, and at once when the
// descriptor `cancel` can be read from; resolving a name takes the time of the resolver besides.
// `max_bytes` bounds head and body together.
[[nodiscard]] HttpReply http_get(const std::string& host, std::uint16_t port,
                                 const std::string& path, std::chrono::milliseconds limit,
                                 std::size_t max_bytes, int cancel = kNoCancel);

}  // namespace tapeline::net

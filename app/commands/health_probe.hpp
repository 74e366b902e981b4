#pragma once

// One GET of a status endpoint, with a bound on time and on the size of the answer.
//
// Thread safety: pure functions but for the network.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/http_client.hpp"

namespace tapeline::commands {

// Where a process shows its status: "http://host:port", also "host:port" and with a path behind.
struct StatusUrl {
  std::string host;
  std::uint16_t port = 9600;
  std::string path;
};

// `path` is asked for when the text has none. Throws ConfigError with what would be right.
[[nodiscard]] StatusUrl parse_status_url(std::string_view text,
                                         const std::string& path = "/healthz");

// Why there was no answer, as it stands in a message; empty for HttpFault::none.
[[nodiscard]] std::string plain_words(net::HttpFault fault);

struct HealthAnswer {
  bool healthy = false;
  std::string body;     // at most codec::json::kMaxHealthBytes
  std::string problem;  // why it is not healthy, in plain words
};

// Returns within `limit` and a little, whatever the other side does; a host name takes the time of
// the resolver besides.
[[nodiscard]] HealthAnswer probe_health(const StatusUrl& url, std::chrono::milliseconds limit);

}  // namespace tapeline::commands

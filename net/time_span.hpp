#pragma once

// A span of receive times.

#include <cstdint>
#include <optional>

namespace tapeline::net {

// Packets from `from` on and before `to`, in nanoseconds since 1970-01-01 UTC. Of a source it is a
// hint: it may hand on other packets, too, and its user leaves them out.
struct TimeSpan {
  std::optional<std::int64_t> from;
  std::optional<std::int64_t> to;
};

}  // namespace tapeline::net

#pragma once

// The feeds of a configuration: channels, their lines or TCP session, and what is done on a gap.
//
// Thread safety: a pure function of its arguments.

#include "app/config.hpp"
#include "app/config_reader.hpp"

namespace tapeline {

// Fills config.feeds from the key 'feeds'. Requires: config.pool was read. Throws ConfigError.
void read_feeds(const ConfigSection& top, Config& config);

// A server in text form, "ADDRESS:PORT" or "[ADDRESS]:PORT".
[[nodiscard]] std::string server_text(const ServerConfig& server);

}  // namespace tapeline

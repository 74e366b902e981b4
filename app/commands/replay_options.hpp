#pragma once

// The flags of `tapeline replay`, with their checks and help, and what they ask for.
//
// Thread safety: the main thread only.
// Errors:        ConfigError for a value that makes no sense, naming the flag.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "app/replay_input.hpp"
#include "app/resend.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the name is the library's
class App;
}  // namespace CLI

namespace tapeline::commands {

struct ReplayFlags {
  std::vector<std::string> captures;
  std::string config;
  std::string format = "text";
  std::string pace = "max";
  std::string archive;
  std::string bars;
  std::string date;
  std::string zone = "new-york";
  std::string from;
  std::vector<std::string> to;  // a time, or where to send
  std::string loop = "1";
  std::string interface;
  std::string group;
  std::string status;
  std::uint16_t port = 0;
  std::uint8_t ttl = 1;
  std::size_t top = 10;
  bool step = false;
  bool force = false;
  bool scalar = false;
  bool quiet = false;
};

// `flags` must outlive `command`.
void add_replay_options(CLI::App& command, ReplayFlags& flags);

// Whether the packets are to be sent instead of decoded.
[[nodiscard]] bool sends(const ReplayFlags& flags);
// What flags say together that makes no sense.
void check_replay_flags(const ReplayFlags& flags);

[[nodiscard]] double speed_of(const ReplayFlags& flags);
[[nodiscard]] ReplayInputOptions input_of(const ReplayFlags& flags);
[[nodiscard]] Config config_of(const ReplayFlags& flags);
// Requires: sends().
[[nodiscard]] ResendOptions resend_of(const ReplayFlags& flags);

}  // namespace tapeline::commands

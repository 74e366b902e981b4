#pragma once

// The flags of `tapeline simulate`, with their checks and help.
//
// Thread safety: the main thread only.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the name is the library's
class App;
}  // namespace CLI

namespace tapeline::commands {

struct SimulateOptions {
  std::uint64_t messages = 0;  // 0: by default, by rate and duration, or all of the file
  std::uint64_t seed = 1;
  std::uint64_t heartbeat_s = 1;
  std::size_t packet_bytes = 1'400;
  std::size_t packet_bytes_b = 0;  // 0: as packet_bytes
  double duration_s = 0;
  std::string write;
  std::string venue = "nasdaq";
  std::string feed;  // of iex; empty: deep
  std::string format;
  std::string ledger;
  std::string date;  // empty: 2026-01-05 in a file, today when live
  std::string precision = "nano";
  std::string lines = "AB";
  std::string to_a = "239.192.64.1:26400";
  std::string to_b = "239.192.64.2:26400";
  std::string session;  // empty: kCaptureSession, or a fresh one when live
  std::string interface = "lo";
  std::string rate = "200000";
  std::string record;
  std::string from;
  std::string pace;  // empty: by rate
  std::string faults;
  std::uint32_t instruments = 0;      // 0: by the number of messages
  std::uint32_t packet_messages = 0;  // 0: as many as fit
  std::optional<std::uint16_t> vlan;
  bool bars = false;
  bool force = false;
  bool progress = false;

  // Servers; empty: none.
  std::string request_server;
  std::string request_peers;
  std::uint64_t request_rate = 50'000;
  std::string soup_server;
  std::string soup_faults;
  std::string glimpse_server;
  std::string glimpse_faults;
  std::string credentials_file;
  std::size_t history_mib = 256;
  std::uint64_t lead_s = 0;
  std::optional<std::uint64_t> linger_s;  // nothing: 3 with a server, else 0

  [[nodiscard]] bool is_iex() const noexcept { return venue == "iex"; }
  [[nodiscard]] bool has_server() const noexcept {
    return !request_server.empty() || !soup_server.empty() || !glimpse_server.empty();
  }
};

// `options` must outlive `command`.
void add_simulate_options(CLI::App& command, SimulateOptions& options);

// What flags say together that makes no sense. Throws ConfigError.
void check_simulate_options(const SimulateOptions& options);

// The same of what is asked for with messages of IEX, generated or of a capture.
void check_iex_options(const SimulateOptions& options);

}  // namespace tapeline::commands

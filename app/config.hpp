#pragma once

// The configuration of a process as plain values. `load_config` turns a YAML file into it and is
// the only code that knows YAML. Units are in the names; every default is stated here, once.
//
// Thread safety: values; share them freely once loaded.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "pool/buffer_pool.hpp"

namespace tapeline {

// One line of a channel: a multicast group (or a unicast address of this host) and its port.
struct LineConfig {
  std::string name;   // "A", "B"
  std::string group;  // IPv4 or IPv6 address in text form
  std::uint16_t port = 0;
  std::string interface;  // name of the interface to join on ("eth0", "lo"), empty = by route
  std::vector<std::string> sources;  // permitted sender addresses; empty = any
};

enum class ReceiveMode : std::uint8_t { wait, spin };

// One sequence space: the messages that its lines carry, in order.
struct ChannelConfig {
  std::string name;
  std::vector<LineConfig> lines;
  ReceiveMode receive_mode = ReceiveMode::wait;
  std::uint32_t receive_buffer_bytes = 8 * 1024 * 1024;  // SO_RCVBUF asked for, per line
  std::uint32_t max_datagram_bytes = 1968;               // payload; longer ones are cut and counted
  std::uint32_t batch_packets = 64;                      // datagrams per recvmmsg, 1 to 64
  std::uint32_t hold_packets = 4096;                     // early packets kept while a gap is open
  std::uint32_t hold_ms = 20;  // how long a gap may stay open before it is declared lost
};

struct FeedConfig {
  std::string name;
  std::string protocol = "itch50-moldudp64";
  std::vector<ChannelConfig> channels;
};

struct MarketConfig {
  std::uint64_t max_orders_mib = 4096;  // bound on memory for orders
  std::uint32_t preallocated_orders_mib = 64;
  std::uint32_t print_history = 1U << 22;  // prints kept so that a broken trade can be taken back
  bool scalar_kernels = false;             // use the scalar twins of the AVX2 kernels
};

struct ArchiveConfig {
  bool enabled = false;
  std::filesystem::path directory = "archive";
  int compression_level = 1;
  std::uint32_t ring_batches = 128;  // bound of the queue to the archive thread
  std::uint32_t flush_ms = 1000;     // an open frame is written after this time at the latest
};

struct StatusConfig {
  bool enabled = true;
  std::string address = "127.0.0.1";
  std::uint16_t port = 9600;  // 0 = any free port
};

enum class LogFormat : std::uint8_t { text, json };

struct LogConfig {
  std::string level = "info";
  LogFormat format = LogFormat::text;
};

// A place in a text, counted from 1; {0, 0} is none.
struct TextPosition {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  bool operator==(const TextPosition&) const = default;
};

// Where the values of a Config were stated, so that a message about one can name the place.
struct ConfigOrigin {
  std::string file;  // as the user named it; empty when the Config was not loaded
  // By key, from the top: "feeds[0].channels[0].lines[1].interface".
  std::map<std::string, TextPosition, std::less<>> positions;

  // "file:line:column" of a key's value, or of the nearest enclosing key that was stated.
  [[nodiscard]] std::string locate(std::string_view key) const;
};

struct Config {
  std::vector<FeedConfig> feeds;
  pool::LockFreeBufferPoolConfig pool;
  MarketConfig market;
  ArchiveConfig archive;
  StatusConfig status;
  LogConfig log;
  ConfigOrigin origin;
};

// What is wrong with a configuration or a command line; what() is one line,
// "file:line:column: what is wrong and what would be right" where a file is involved.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws ConfigError for anything but a file that is right in every key and value.
[[nodiscard]] Config load_config(const std::filesystem::path& file);

// The same for a text at hand; `file_name` stands in front of every error.
[[nodiscard]] Config parse_config(std::string_view text, const std::string& file_name);

}  // namespace tapeline

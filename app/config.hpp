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

#include "app/feed/iex_print_rules.hpp"
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

// A server that a channel asks or logs in to.
struct ServerConfig {
  std::string address;  // IPv4 or IPv6 in text form
  std::uint16_t port = 0;
};

// Where user name and password are read from; one of both. The secret itself is never here.
struct CredentialsConfig {
  std::string file;         // path
  std::string environment;  // NAME, for the variables NAME_USERNAME and NAME_PASSWORD
};

// Re-requests of messages that no line brought: MoldUDP64 request packets.
struct RecoveryConfig {
  std::vector<ServerConfig> servers;   // asked in turns; empty = nothing is requested
  std::uint32_t first_delay_ms = 2;    // a gap waits for the lines before it is first requested
  std::uint32_t resend_ms = 50;        // without an answer, the next request follows after this ...
  std::uint32_t resend_max_ms = 1000;  // ... doubled each time, up to this
  std::uint32_t attempts = 5;          // requests of one range
  std::uint32_t timeout_ms = 5000;     // after hold_ms a gap stays open for answers so long
  std::uint32_t max_messages_per_request = 100;
  std::uint32_t max_requests_per_second = 1000;
};

// Snapshots of the books: GLIMPSE 5.0 over SoupBinTCP.
struct SnapshotConfig {
  std::vector<ServerConfig> servers;  // tried in turns; empty = no snapshots
  CredentialsConfig credentials;
  bool same_session = true;             // it must be of the session that the channel has
  bool on_join = true;                  // also when a session is joined in its middle
  std::uint32_t timeout_ms = 60'000;    // for a whole snapshot
  std::uint32_t retry_ms = 500;         // after a failure the next one is begun after this ...
  std::uint32_t retry_max_ms = 30'000;  // ... doubled each time, up to this
  std::uint32_t hold_mib = 16;  // live messages kept while a snapshot comes, in pooled buffers
};

// A channel that comes over TCP: SoupBinTCP 3.0.
struct SoupBinTcpConfig {
  std::vector<ServerConfig> servers;  // tried in turns; at least one
  CredentialsConfig credentials;
  std::string session;                 // to ask for; empty = the current one
  std::uint32_t heartbeat_ms = 1000;   // we send one when we sent nothing for so long
  std::uint32_t watchdog_ms = 15'000;  // a server that sends nothing for so long is gone
  std::uint32_t reconnect_ms = 100;    // after a failure the next attempt follows after this ...
  std::uint32_t reconnect_max_ms = 5'000;  // ... doubled each time, up to this
};

enum class JsonVenue : std::uint8_t { any, coinbase, binance, kraken };

// A channel of JSON documents over TCP, one a line.
struct JsonLinesConfig {
  std::vector<ServerConfig> servers;  // tried in turns; at least one
  JsonVenue venue = JsonVenue::any;   // any: the first document tells it
  std::uint8_t price_decimals = 8;    // of prices that are not spelled with more
  std::uint8_t size_decimals = 8;
  std::uint32_t kraken_depth = 0;       // levels per side that are subscribed to; 0: guessed
  std::uint32_t max_document_mib = 16;  // longer ones are passed over and counted
  std::uint32_t watchdog_ms = 15'000;   // a server that sends nothing for so long is gone; 0: never
  std::uint32_t reconnect_ms = 100;     // after a failure the next attempt follows after this ...
  std::uint32_t reconnect_max_ms = 5'000;  // ... doubled each time, up to this
};

enum class ReceiveMode : std::uint8_t { wait, spin };
enum class Transport : std::uint8_t { moldudp64, soupbintcp, json_lines };

// One sequence space: the messages that its lines, or its TCP session, carry in order.
struct ChannelConfig {
  std::string name;
  bool required = true;  // the process is not ready while this channel is not in sync
  Transport transport = Transport::moldudp64;
  std::vector<LineConfig> lines;  // moldudp64 only
  SoupBinTcpConfig soupbintcp;    // soupbintcp only
  JsonLinesConfig json_lines;     // json_lines only
  ReceiveMode receive_mode = ReceiveMode::wait;
  std::uint32_t receive_buffer_bytes = 8 * 1024 * 1024;  // SO_RCVBUF asked for, per line
  std::uint32_t max_datagram_bytes = 1968;               // payload; longer ones are cut and counted
  std::uint32_t batch_packets = 64;                      // datagrams per recvmmsg, 1 to 64
  bool udp_gro = true;  // datagrams that the kernel got as one are taken as one (UDP_GRO)
  std::uint32_t hold_packets = 4096;  // early packets kept while a gap is open
  std::uint32_t hold_ms = 20;         // how long a gap waits for the lines
  std::uint32_t line_dead_ms = 3000;  // a line silent for so long beside another is dead; 0: never
  std::uint32_t conflict_window = 65'536;  // messages whose later copies are compared; 0: none
  RecoveryConfig recovery;                 // moldudp64 only
  SnapshotConfig snapshot;
};

struct FeedConfig {
  std::string name;
  // auto, itch50, itch50-moldudp64, iex (TOPS, DEEP, DEEP+) or json. Of auto, the transport and the
  // servers of the channels say which it is; where they do not, it stays, and what a channel's
  // first packet is decides for the channel.
  std::string protocol = "auto";
  std::vector<ChannelConfig> channels;
};

struct MarketConfig {
  std::uint64_t max_orders_mib = 4096;  // bound on memory for orders
  std::uint32_t preallocated_orders_mib = 64;
  std::uint32_t print_history = 1U << 22;  // prints kept so that a broken trade can be taken back
  bool scalar_kernels = false;             // use the scalar twins of the AVX2 kernels
  feed::IexPrintRules iex_prints;          // which trades of IEX count
};

struct ArchiveConfig {
  bool enabled = false;
  std::filesystem::path directory = "archive";
  int compression_level = 1;
  std::filesystem::path dictionary;      // file that `zstd --train` made; empty: none
  std::uint32_t frame_bytes = 65'536;    // of a frame before compression, at most
  std::uint64_t roll_bytes = 1U << 30U;  // a file ends when it is so large; 0: never
  std::uint32_t roll_seconds = 3600;     // and with each such period of UTC; 0: never
  std::uint32_t ring_batches = 1024;     // bound of the queue to the archive thread
  std::uint32_t flush_ms = 1000;         // an open frame is written after this time at the latest
  std::uint32_t sync_ms = 1000;  // what is older is on disk; 0: only finished files are synced
  // Finished files are removed, the oldest first, when there is more of them; 0: never.
  std::uint64_t keep_bytes = 0;
  std::uint32_t keep_files = 0;
  std::uint32_t keep_days = 0;
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
  std::uint64_t lines_per_second = 10;  // of one kind; more are counted in one line
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

// Those of the pools, but the serialization pool grows: a disk that hangs for a moment is waited
// for in its buffers.
[[nodiscard]] inline pool::LockFreeBufferPoolConfig default_pools() {
  pool::LockFreeBufferPoolConfig pools;
  pools.serialization.max_buffers = 1536;
  return pools;
}

struct Config {
  std::vector<FeedConfig> feeds;
  pool::LockFreeBufferPoolConfig pool = default_pools();
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

#pragma once

// What a process says about itself at one moment, as plain values: the only input of the status
// page and of the metrics. The process fills it from relaxed counters and published snapshots.
//
// Thread safety: a value; whoever fills it owns it.
// Units:         in the names. Counts run from the start of the process. A double that is not
//                known (no packet, no quote, no trade) is NaN; see `kUnknown`.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "app/status/top_snapshot.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::status {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

struct ProcessStatus {
  std::string version;
  std::uint64_t pid = 0;
  double start_time_seconds = 0.0;  // since 1970-01-01 UTC
  double uptime_seconds = 0.0;
  std::uint64_t resident_bytes = 0;
  double cpu_seconds = 0.0;  // user and system
  std::uint64_t threads = 0;
};

// One of several counts that differ in one word: a message type, a kind of damage.
struct NamedCount {
  std::string name;
  std::uint64_t count = 0;
};

struct LineStatus {
  std::string name;
  std::string group;
  std::uint16_t port = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t messages_won = 0;  // messages whose first copy came on this line
  std::uint64_t duplicates = 0;    // messages that another line brought before
  std::uint64_t kernel_drops = 0;
  std::uint64_t receive_buffer_asked_bytes = 0;
  std::uint64_t receive_buffer_got_bytes = 0;
  std::vector<NamedCount> anomalies;  // by kind: what should not happen and was survived
  double last_packet_age_seconds = kUnknown;
};

struct ChannelStatus {
  std::string name;
  std::string session;
  std::uint64_t expected_sequence = 0;
  std::uint64_t packets = 0;
  std::uint64_t messages = 0;
  std::vector<NamedCount> messages_by_type;
  double packets_per_second = 0.0;  // over the last second
  double messages_per_second = 0.0;
  double bytes_per_second = 0.0;
  std::uint64_t gaps = 0;
  std::uint64_t lost_messages = 0;
  std::uint64_t held_packets = 0;  // early packets waiting now
  std::uint64_t duplicates = 0;
  std::uint64_t unknown_types = 0;
  std::vector<NamedCount> malformed;  // by kind
  std::vector<NamedCount> anomalies;  // by kind: what should not happen and was survived
  bool stale = false;                 // books and VWAPs miss messages that were lost
  std::vector<LineStatus> lines;
};

struct FeedStatus {
  std::string name;
  std::string protocol;
  std::vector<ChannelStatus> channels;
};

struct ArchiveStatus {
  std::string feed;
  std::string channel;
  std::string state;  // idle, writing, failed, closed
  std::string file;   // being written or written last
  std::uint64_t packets = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t frames = 0;
  std::uint64_t files = 0;
  std::uint64_t lost_packets = 0;  // taken by the archive but not written
  std::uint64_t ring_depth = 0;
  std::uint64_t ring_capacity = 0;
  std::uint64_t gap_batches = 0;  // refused because the ring was full
  std::uint64_t gap_packets = 0;
  std::uint64_t write_errors = 0;
  std::string last_error;
  double cpu_seconds = 0.0;
  bool failed = false;       // now
  bool failed_ever = false;  // the process will end with exit code 1
};

struct MarketStatus {
  std::string feed;
  std::string channel;
  std::uint64_t instruments = 0;
  std::uint64_t open_orders = 0;
  std::uint64_t levels = 0;
  std::uint64_t trades = 0;
  std::vector<NamedCount> anomalies;  // by kind: what should not happen and was survived
  std::vector<TopInstrument> top;     // the most active instruments first
};

struct StatusSnapshot {
  ProcessStatus process;
  pool::BufferPoolStats pools{};
  std::vector<FeedStatus> feeds;
  std::vector<ArchiveStatus> archives;
  std::vector<MarketStatus> markets;
};

}  // namespace tapeline::status

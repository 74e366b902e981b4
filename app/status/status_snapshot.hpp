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
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;  // that the process may open
};

// The server of this status.
struct HttpStatus {
  std::uint64_t connections = 0;
  std::uint64_t answers = 0;      // with status 200
  std::uint64_t refusals = 0;     // with another one
  std::uint64_t displaced = 0;    // connections closed because their places were used up
  std::uint64_t timed_out = 0;    // connections closed because the peer was slow
  std::uint64_t subscribers = 0;  // of events, now
};

// How many buffers of a pool stay in use, whatever goes on: see pool_watch.hpp.
struct HeldStatus {
  std::uint64_t lowest = 0;   // fewest in use at any time of the last ten seconds
  std::uint64_t rise = 0;     // by so many it rose in several steps without a fall; else 0
  double rise_seconds = 0.0;  // in so long
};

struct HeldStatuses {
  HeldStatus serialization;
  HeldStatus compression;
  HeldStatus simd;
};

// One of several counts that differ in one word: a message type, a kind of damage.
struct NamedCount {
  std::string name;
  std::uint64_t count = 0;
};

// How often which time was measured, for a Prometheus histogram.
struct HistogramStatus {
  std::vector<std::int64_t> bounds_ns;
  std::vector<std::uint64_t> counts;  // times that are not above the bound
  std::uint64_t count = 0;
  std::uint64_t sum_ns = 0;
  double p50_seconds = kUnknown;
  double p99_seconds = kUnknown;
  double p999_seconds = kUnknown;
};

struct LineStatus {
  std::string name;
  std::string group;
  std::uint16_t port = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t messages_won = 0;  // messages whose first copy came on this line
  std::uint64_t duplicates = 0;    // messages that another line brought before
  double share_won = kUnknown;     // of the messages delivered
  std::uint64_t conflicts = 0;     // messages that differ from the copy that came first
  bool alive = true;               // false: silent while another line has packets
  std::uint64_t deaths = 0;        // times that it became silent so
  HistogramStatus lag;             // behind the line that was first
  std::uint64_t kernel_drops = 0;
  std::uint64_t receive_buffer_asked_bytes = 0;
  std::uint64_t receive_buffer_got_bytes = 0;
  std::vector<NamedCount> anomalies;  // by kind: what should not happen and was survived
  double last_packet_age_seconds = kUnknown;
};

// One server of re-requests.
struct RecoveryStatus {
  std::string server;
  std::uint64_t requests = 0;
  std::uint64_t answers = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t answer_bytes = 0;
};

// The TCP session of a channel that comes over one.
struct TcpStatus {
  std::string server;  // that was connected last
  std::string state;   // logged in, connected, not connected, held for a snapshot, session over
  bool logged_in = false;
  bool over = false;  // the session has ended, and there is no next one yet
  std::uint64_t tries = 0;
  std::uint64_t connections = 0;
  std::uint64_t rejected = 0;  // logins
  std::uint64_t silences = 0;  // ended because the server sent nothing
  std::uint64_t heartbeats = 0;
  std::uint64_t packets = 0;  // reads
  std::uint64_t bytes = 0;
  double last_bytes_age_seconds = kUnknown;
};

struct SnapshotStatus {
  std::string state;  // idle, connecting, receiving, waiting after a failure
  std::uint64_t attempts = 0;
  std::uint64_t applied = 0;
  std::uint64_t failed = 0;
  std::uint64_t messages = 0;
};

struct ChannelStatus {
  std::string name;
  bool required = true;  // the process is not ready without it
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
  std::vector<NamedCount> malformed;   // by kind
  std::vector<NamedCount> anomalies;   // by kind: what should not happen and was survived
  std::uint64_t holes_open = 0;        // being waited for or requested now
  std::vector<NamedCount> resolved;    // holes, by the remedy that closed them
  std::uint64_t bridged_messages = 0;  // not seen, but a snapshot stands for them
  std::uint64_t conflicts = 0;         // messages that differ from the copy that came first
  bool stale = false;       // the books miss messages, until a snapshot or the next session
  bool incomplete = false;  // volumes and VWAPs miss messages, until the next session
  bool awaits_snapshot = false;
  HistogramStatus latency;  // from the kernel to the books; counts nothing for TCP and captures
  std::vector<RecoveryStatus> recovery;   // by server
  std::vector<SnapshotStatus> snapshots;  // one with snapshot servers, else none
  std::vector<TcpStatus> tcp;             // one with a TCP session, else none
  std::vector<LineStatus> lines;
};

struct FeedStatus {
  std::string name;
  std::string protocol;
  std::vector<ChannelStatus> channels;
};

// Packets that are missing in an archive: ranges, and between them perhaps some that are there.
struct MissedStatus {
  std::uint64_t packets = 0;
  std::int64_t first_time_ns = 0;  // since 1970-01-01 UTC
  std::int64_t last_time_ns = 0;
  std::string session{};  // of the numbers, when the packets had any
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // 0: no numbers
};

struct ArchiveStatus {
  std::string feed;
  std::string channel;
  std::string state;  // idle, writing, failed, closed
  std::string file;   // being written or written last
  std::uint64_t packets = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  double bytes_in_per_second = 0.0;
  double bytes_out_per_second = 0.0;
  std::uint64_t bytes_synced = 0;    // of bytes_out, on disk for certain
  std::uint64_t bytes_doubtful = 0;  // of bytes_out, in files that could not be synced
  std::uint64_t frames = 0;
  std::uint64_t files = 0;
  std::uint64_t files_removed = 0;  // by the bounds of what is kept
  std::uint64_t lost_packets = 0;   // taken by the archive but not written
  std::uint64_t ring_depth = 0;
  std::uint64_t ring_capacity = 0;
  std::uint64_t gap_batches = 0;  // refused because the ring was full
  std::uint64_t gap_packets = 0;
  std::uint64_t loss_notes = 0;  // declared losses of the channel that it tells
  std::uint64_t write_errors = 0;
  std::uint64_t sync_errors = 0;  // of these
  std::string last_error;
  std::uint64_t outages = 0;  // that ended: times that packets were missed
  MissedStatus last_missed;   // in the last of them
  MissedStatus missing;       // since the last packet that was written
  double cpu_seconds = 0.0;
  HistogramStatus ring_wait;  // of a batch, for the archive thread
  bool failed = false;        // now
  bool failed_ever = false;
  bool complete = true;  // false: packets are missing, the process will end with exit code 1
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
  HttpStatus http;
  pool::BufferPoolStats pools{};
  HeldStatuses held;
  std::vector<FeedStatus> feeds;
  std::vector<ArchiveStatus> archives;
  std::vector<MarketStatus> markets;
};

}  // namespace tapeline::status

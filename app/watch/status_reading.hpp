#pragma once

// The document of GET /status as values: what `tapeline watch` shows of it. docs/status.schema.json
// has the document; what is not as it says there is read as nothing, never refused, so that
// programs of different age understand each other. Text is escaped here, once: it comes from
// another process.
//
// Thread safety: values and pure functions.
// Units:         in the names. A double that is not known is NaN.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tapeline::watch {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
inline constexpr std::size_t kMaxStatusBytes = 8U << 20;  // of a document
inline constexpr int kMaxStatusDepth = 24;                // of its nesting
inline constexpr std::size_t kMaxElements = 4096;         // of one kind that are read

struct HistogramReading {
  std::uint64_t count = 0;
  double p50_seconds = kUnknown;
  double p99_seconds = kUnknown;
  double p999_seconds = kUnknown;
  std::vector<double> bounds_seconds;
  std::vector<std::uint64_t> counts;  // not above the bound; as many as there are bounds
};

struct PoolReading {
  std::string name;
  bool leak_suspected = false;
  std::uint64_t lowest_in_use = 0;
  std::uint64_t lowest_in_use_rise = 0;
  std::uint64_t acquires = 0;
  std::uint64_t cache_hits = 0;
  std::uint64_t stack_hits = 0;
  std::uint64_t fallback_allocations = 0;
  std::uint64_t refusals = 0;
  std::uint64_t cas_retries = 0;
  std::uint64_t in_use = 0;
  std::uint64_t peak_in_use = 0;
  std::uint64_t buffers = 0;  // with those that were grown
  std::uint64_t overflow_buffers = 0;
  std::uint64_t overflow_in_use = 0;
  std::uint64_t bytes_now = 0;
};

struct LineReading {
  std::string name;
  std::string group;
  std::uint64_t port = 0;
  std::uint64_t packets = 0;
  double share_won = kUnknown;
  std::uint64_t conflicts = 0;
  bool alive = true;
  std::uint64_t deaths = 0;
  HistogramReading lag;
  std::uint64_t kernel_drops = 0;
  double last_packet_age_seconds = kUnknown;
};

struct TcpReading {
  std::string server;
  std::string state;
  bool logged_in = false;
  bool over = false;
  std::uint64_t connections = 0;
  std::uint64_t packets = 0;
  double last_bytes_age_seconds = kUnknown;
};

struct ChannelReading {
  std::string name;  // "feed/channel"
  bool required = true;
  bool in_sync = false;
  bool stale = false;
  bool incomplete = false;
  bool awaits_snapshot = false;
  std::string session;
  std::uint64_t expected_sequence = 0;
  std::uint64_t packets = 0;
  std::uint64_t messages = 0;
  double packets_per_second = kUnknown;
  double messages_per_second = kUnknown;
  double bytes_per_second = kUnknown;
  std::uint64_t gaps = 0;
  std::uint64_t lost_messages = 0;
  std::uint64_t holes_open = 0;
  std::uint64_t held_packets = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t malformed = 0;  // of all kinds
  std::uint64_t recovered = 0;  // holes closed by requests
  HistogramReading latency;
  std::vector<LineReading> lines;
  std::vector<TcpReading> tcp;
};

struct ArchiveReading {
  std::string name;  // "feed/channel"
  std::string state;
  std::string file;
  std::string last_error;
  bool failed = false;
  bool complete = true;
  std::uint64_t packets = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t lost_packets = 0;  // with those that the ring had no place for
  std::uint64_t ring_depth = 0;
  std::uint64_t ring_capacity = 0;
  std::uint64_t write_errors = 0;
  HistogramReading ring_wait;
};

struct InstrumentReading {
  std::string symbol;
  std::string market;  // "feed/channel"
  std::string volume;  // digits, perhaps with a fraction
  std::uint64_t trades = 0;
  double vwap = kUnknown;
  double last = kUnknown;
  double bid = kUnknown;
  double ask = kUnknown;
};

struct StatusReading {
  double time_seconds = 0.0;  // since 1970-01-01 UTC
  bool ready = false;
  std::vector<std::string> not_ready;
  std::vector<std::string> degraded;
  std::string version;
  std::uint64_t pid = 0;
  double start_time_seconds = 0.0;
  double uptime_seconds = 0.0;
  std::uint64_t resident_bytes = 0;
  double cpu_seconds = 0.0;
  std::uint64_t threads = 0;
  std::vector<PoolReading> pools;
  std::vector<ChannelReading> channels;
  std::vector<ArchiveReading> archives;
  std::vector<InstrumentReading> instruments;  // most volume first within a market
};

struct StatusDocument {
  StatusReading reading;
  std::string json;  // the same document, indented, ASCII only
};

// Nothing when `text` is no status document: not JSON, too deep, or without the parts that every
// version has. `with_json`: fills `json`, too.
[[nodiscard]] std::optional<StatusDocument> read_status(std::string_view text, bool with_json);

}  // namespace tapeline::watch

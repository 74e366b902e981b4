#include "app/watch/status_reading.hpp"

#include <nlohmann/json.hpp>

#include "app/escaped_text.hpp"

namespace tapeline::watch {
namespace {

using Json = nlohmann::ordered_json;

// A member of an object; null when there is none.
const Json& member(const Json& json, const char* name) {
  static const Json kNull;
  if (!json.is_object()) return kNull;
  const auto found = json.find(name);
  return found == json.end() ? kNull : *found;
}

std::string text_of(const Json& json) {
  return json.is_string() ? escaped_text(json.get_ref<const std::string&>()) : std::string{};
}
std::string text(const Json& json, const char* name) { return text_of(member(json, name)); }

std::uint64_t count_of(const Json& json) {
  return json.is_number_unsigned() ? json.get<std::uint64_t>() : 0;
}
std::uint64_t count(const Json& json, const char* name) { return count_of(member(json, name)); }

double number(const Json& json, const char* name) {
  const Json& value = member(json, name);
  return value.is_number() ? value.get<double>() : kUnknown;
}

double number_or_zero(const Json& json, const char* name) {
  const Json& value = member(json, name);
  return value.is_number() ? value.get<double>() : 0.0;
}

bool flag(const Json& json, const char* name, bool otherwise = false) {
  const Json& value = member(json, name);
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

// Calls function(element) for each element of the array `name`, at most kMaxElements.
template <typename Function>
void each(const Json& json, const char* name, Function&& function) {
  const Json& values = member(json, name);
  if (!values.is_array()) return;
  std::size_t left = kMaxElements;
  for (const Json& value : values) {
    if (left-- == 0) return;
    function(value);
  }
}

// Appends what make(element) gives for each, up to kMaxElements in all.
template <typename Element, typename Make>
void append(std::vector<Element>& elements, const Json& json, const char* name, Make&& make) {
  each(json, name, [&](const Json& value) {
    if (elements.size() < kMaxElements) elements.push_back(make(value));
  });
}

std::vector<std::string> texts(const Json& json, const char* name) {
  std::vector<std::string> list;
  append(list, json, name, text_of);
  return list;
}

HistogramReading histogram(const Json& json, const char* name) {
  const Json& from = member(json, name);
  HistogramReading reading;
  reading.count = count(from, "count");
  reading.p50_seconds = number(from, "p50_seconds");
  reading.p99_seconds = number(from, "p99_seconds");
  reading.p999_seconds = number(from, "p999_seconds");
  each(from, "bounds_seconds", [&](const Json& bound) {
    reading.bounds_seconds.push_back(bound.is_number() ? bound.get<double>() : 0.0);
  });
  each(from, "counts", [&](const Json& entry) { reading.counts.push_back(count_of(entry)); });
  if (reading.counts.size() != reading.bounds_seconds.size()) {
    reading.counts.clear();
    reading.bounds_seconds.clear();
  }
  return reading;
}

PoolReading pool(const std::string& name, const Json& json) {
  PoolReading reading;
  reading.name = escaped_text(name);
  reading.leak_suspected = flag(json, "leak_suspected");
  reading.lowest_in_use = count(json, "lowest_in_use");
  reading.lowest_in_use_rise = count(json, "lowest_in_use_rise");
  reading.acquires = count(json, "acquires");
  reading.cache_hits = count(json, "cache_hits");
  reading.stack_hits = count(json, "stack_hits");
  reading.fallback_allocations = count(json, "fallback_allocations");
  reading.refusals = count(json, "refusals");
  reading.cas_retries = count(json, "cas_retries_pop") + count(json, "cas_retries_push");
  reading.in_use = count(json, "in_use");
  reading.peak_in_use = count(json, "peak_in_use");
  reading.buffers = count(json, "buffers") + count(json, "grown_buffers");
  reading.overflow_buffers = count(json, "overflow_buffers");
  reading.overflow_in_use = count(json, "overflow_in_use");
  reading.bytes_now = count(json, "bytes_now");
  return reading;
}

LineReading line(const Json& json) {
  LineReading reading;
  reading.name = text(json, "name");
  reading.group = text(json, "group");
  reading.port = count(json, "port");
  reading.packets = count(json, "packets");
  reading.share_won = number(json, "share_won");
  reading.conflicts = count(json, "conflicts");
  reading.alive = flag(json, "alive", true);
  reading.deaths = count(json, "deaths");
  reading.lag = histogram(json, "lag");
  reading.kernel_drops = count(json, "kernel_drops");
  reading.last_packet_age_seconds = number(json, "last_packet_age_seconds");
  return reading;
}

TcpReading tcp(const Json& json) {
  TcpReading reading;
  reading.server = text(json, "server");
  reading.state = text(json, "state");
  reading.logged_in = flag(json, "logged_in");
  reading.over = flag(json, "over");
  reading.connections = count(json, "connections");
  reading.packets = count(json, "packets");
  reading.last_bytes_age_seconds = number(json, "last_bytes_age_seconds");
  return reading;
}

ChannelReading channel(const std::string& feed, const Json& json) {
  ChannelReading reading;
  reading.name = feed + "/" + text(json, "name");
  reading.required = flag(json, "required", true);
  reading.in_sync = flag(json, "in_sync");
  reading.stale = flag(json, "stale");
  reading.incomplete = flag(json, "incomplete");
  reading.awaits_snapshot = flag(json, "awaits_snapshot");
  reading.session = text(json, "session");
  reading.expected_sequence = count(json, "expected_sequence");
  reading.packets = count(json, "packets");
  reading.messages = count(json, "messages");
  reading.packets_per_second = number(json, "packets_per_second");
  reading.messages_per_second = number(json, "messages_per_second");
  reading.bytes_per_second = number(json, "bytes_per_second");
  reading.gaps = count(json, "gaps");
  reading.lost_messages = count(json, "lost_messages");
  reading.holes_open = count(json, "holes_open");
  reading.held_packets = count(json, "held_packets");
  reading.duplicates = count(json, "duplicates");
  for (const auto& kind : member(json, "malformed").items()) {
    reading.malformed += count_of(kind.value());
  }
  reading.recovered = count(member(json, "resolved"), "request");
  reading.latency = histogram(json, "latency");
  append(reading.lines, json, "lines", line);
  append(reading.tcp, json, "tcp", tcp);
  return reading;
}

ArchiveReading archive(const Json& json) {
  ArchiveReading reading;
  reading.name = text(json, "feed") + "/" + text(json, "channel");
  reading.state = text(json, "state");
  reading.file = text(json, "file");
  reading.last_error = text(json, "last_error");
  reading.failed = flag(json, "failed");
  reading.complete = flag(json, "complete", true);
  reading.packets = count(json, "packets");
  reading.bytes_in = count(json, "bytes_in");
  reading.bytes_out = count(json, "bytes_out");
  reading.lost_packets = count(json, "lost_packets") + count(json, "gap_packets");
  reading.ring_depth = count(json, "ring_depth");
  reading.ring_capacity = count(json, "ring_capacity");
  reading.write_errors = count(json, "write_errors");
  reading.ring_wait = histogram(json, "ring_wait");
  return reading;
}

InstrumentReading instrument(const std::string& market, const Json& json) {
  InstrumentReading reading;
  reading.symbol = text(json, "symbol");
  reading.market = market;
  const Json& volume = member(json, "volume");  // text where volumes have fractions
  reading.volume = volume.is_string() ? text_of(volume) : std::to_string(count_of(volume));
  reading.trades = count(json, "trades");
  reading.vwap = number(json, "vwap");
  reading.last = number(json, "last");
  reading.bid = number(json, "bid");
  reading.ask = number(json, "ask");
  return reading;
}

void read_process(const Json& json, StatusReading& reading) {
  const Json& process = member(json, "process");
  reading.version = text(process, "version");
  reading.pid = count(process, "pid");
  reading.start_time_seconds = number_or_zero(process, "start_time_seconds");
  reading.uptime_seconds = number_or_zero(process, "uptime_seconds");
  reading.resident_bytes = count(process, "resident_bytes");
  reading.cpu_seconds = number_or_zero(process, "cpu_seconds");
  reading.threads = count(process, "threads");
}

StatusReading status(const Json& json) {
  StatusReading reading;
  reading.time_seconds = number_or_zero(json, "time_seconds");
  reading.ready = flag(json, "ready");
  reading.not_ready = texts(json, "not_ready");
  reading.degraded = texts(json, "degraded");
  read_process(json, reading);
  for (const auto& entry : member(json, "pools").items()) {
    if (reading.pools.size() == kMaxElements) break;
    reading.pools.push_back(pool(entry.key(), entry.value()));
  }
  std::size_t lines = 0;
  each(json, "feeds", [&](const Json& feed) {
    const std::string name = text(feed, "name");
    each(feed, "channels", [&](const Json& entry) {
      if (lines > kMaxElements || reading.channels.size() == kMaxElements) return;
      const ChannelReading& added = reading.channels.emplace_back(channel(name, entry));
      lines += added.lines.size();
    });
  });
  append(reading.archives, json, "archives", archive);
  each(json, "markets", [&](const Json& market) {
    const std::string name = text(market, "feed") + "/" + text(market, "channel");
    append(reading.instruments, market, "top",
           [&](const Json& entry) { return instrument(name, entry); });
  });
  return reading;
}

}  // namespace

std::optional<StatusDocument> read_status(std::string_view text, bool with_json) {
  if (text.size() > kMaxStatusBytes) return std::nullopt;
  bool too_deep = false;
  const auto bounded = [&too_deep](int depth, Json::parse_event_t /*event*/, Json& /*value*/) {
    too_deep = too_deep || depth > kMaxStatusDepth;
    return !too_deep;
  };
  constexpr bool kThrow = false;
  const Json json = Json::parse(text, bounded, kThrow);
  if (too_deep || !json.is_object() || !member(json, "ready").is_boolean() ||
      !member(json, "process").is_object() || !member(json, "pools").is_object() ||
      !member(json, "feeds").is_array()) {
    return std::nullopt;
  }
  StatusDocument document;
  document.reading = status(json);
  constexpr bool kAsciiOnly = true;
  if (with_json) document.json = json.dump(2, ' ', kAsciiOnly) + "\n";
  return document;
}

}  // namespace tapeline::watch

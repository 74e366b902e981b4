#include "app/status/status_page.hpp"

#include <nlohmann/json.hpp>

#include "app/status/degraded.hpp"
#include "codec/decimal_text.hpp"

namespace tapeline::status {
namespace {

using Json = nlohmann::ordered_json;

Json process_json(const ProcessStatus& process) {
  return {{"version", process.version},
          {"pid", process.pid},
          {"start_time_seconds", process.start_time_seconds},
          {"uptime_seconds", process.uptime_seconds},
          {"resident_bytes", process.resident_bytes},
          {"cpu_seconds", process.cpu_seconds},
          {"threads", process.threads},
          {"open_fds", process.open_fds},
          {"max_fds", process.max_fds}};
}

Json http_json(const HttpStatus& http) {
  return {{"connections", http.connections}, {"answers", http.answers},
          {"refusals", http.refusals},       {"displaced", http.displaced},
          {"timed_out", http.timed_out},     {"subscribers", http.subscribers}};
}

// Bounds in seconds; `counts` has the times that are not above the bound, as Prometheus has them.
Json histogram_json(const HistogramStatus& histogram) {
  constexpr double kNanosPerSecond = 1e9;
  Json bounds = Json::array();
  for (const std::int64_t bound : histogram.bounds_ns) {
    bounds.push_back(static_cast<double>(bound) / kNanosPerSecond);
  }
  return {{"count", histogram.count},
          {"sum_seconds", static_cast<double>(histogram.sum_ns) / kNanosPerSecond},
          {"p50_seconds", histogram.p50_seconds},
          {"p99_seconds", histogram.p99_seconds},
          {"p999_seconds", histogram.p999_seconds},
          {"bounds_seconds", std::move(bounds)},
          {"counts", histogram.counts}};
}

Json pool_json(const StatusSnapshot& snapshot, const pool::BufferCounts& counts,
               HeldStatus HeldStatuses::*pool) {
  const HeldStatus& held = snapshot.held.*pool;
  return {{"lowest_in_use", held.lowest},
          {"lowest_in_use_rise", held.rise},
          {"leak_suspected", may_leak(snapshot, pool)},
          {"acquires", counts.acquires},
          {"releases", counts.releases},
          {"cache_hits", counts.cache_hits},
          {"stack_hits", counts.stack_hits},
          {"misses", counts.misses},
          {"fallback_allocations", counts.fallback_allocations},
          {"refusals", counts.refusals},
          {"cas_retries_pop", counts.cas_retries_pop},
          {"cas_retries_push", counts.cas_retries_push},
          {"in_use", counts.in_use},
          {"peak_in_use", counts.peak_in_use},
          {"available", counts.available},
          {"parked", counts.parked},
          {"buffers", counts.buffers},
          {"buffer_bytes", counts.buffer_bytes},
          {"bytes_now", counts.bytes_now},
          {"bytes_peak", counts.bytes_peak},
          {"overflow_buffers", counts.overflow_buffers},
          {"overflow_in_use", counts.overflow_in_use},
          {"waits", counts.waits},
          {"timeouts", counts.timeouts},
          {"max_buffers", counts.max_buffers},
          {"grown_buffers", counts.grown_buffers},
          {"slabs_grown", counts.slabs_grown},
          {"slabs_trimmed", counts.slabs_trimmed},
          {"growth_failures", counts.growth_failures}};
}

Json counts_json(const std::vector<NamedCount>& counts) {
  Json json = Json::object();
  for (const NamedCount& entry : counts) json[entry.name] = entry.count;
  return json;
}

Json line_json(const LineStatus& line) {
  return {{"name", line.name},
          {"group", line.group},
          {"port", line.port},
          {"packets", line.packets},
          {"bytes", line.bytes},
          {"messages_won", line.messages_won},
          {"duplicates", line.duplicates},
          {"share_won", line.share_won},
          {"conflicts", line.conflicts},
          {"alive", line.alive},
          {"deaths", line.deaths},
          {"lag", histogram_json(line.lag)},
          {"kernel_drops", line.kernel_drops},
          {"receive_buffer_asked_bytes", line.receive_buffer_asked_bytes},
          {"receive_buffer_got_bytes", line.receive_buffer_got_bytes},
          {"anomalies", counts_json(line.anomalies)},
          {"last_packet_age_seconds", line.last_packet_age_seconds}};
}

template <typename Element>
Json array_json(const std::vector<Element>& elements, Json (*element_json)(const Element&)) {
  Json json = Json::array();
  for (const Element& element : elements) json.push_back(element_json(element));
  return json;
}

Json recovery_json(const RecoveryStatus& recovery) {
  return {{"server", recovery.server},
          {"requests", recovery.requests},
          {"answers", recovery.answers},
          {"timeouts", recovery.timeouts},
          {"answer_bytes", recovery.answer_bytes}};
}

Json snapshot_json(const SnapshotStatus& snapshot) {
  return {{"state", snapshot.state},
          {"attempts", snapshot.attempts},
          {"applied", snapshot.applied},
          {"failed", snapshot.failed},
          {"messages", snapshot.messages}};
}

Json tcp_json(const TcpStatus& tcp) {
  return {{"server", tcp.server},         {"state", tcp.state},
          {"logged_in", tcp.logged_in},   {"over", tcp.over},
          {"tries", tcp.tries},           {"connections", tcp.connections},
          {"rejected", tcp.rejected},     {"silences", tcp.silences},
          {"heartbeats", tcp.heartbeats}, {"packets", tcp.packets},
          {"bytes", tcp.bytes},           {"last_bytes_age_seconds", tcp.last_bytes_age_seconds}};
}

Json channel_json(const ChannelStatus& channel) {
  return {{"name", channel.name},
          {"required", channel.required},
          {"in_sync", is_in_sync(channel)},
          {"session", channel.session},
          {"expected_sequence", channel.expected_sequence},
          {"packets", channel.packets},
          {"messages", channel.messages},
          {"packets_per_second", channel.packets_per_second},
          {"messages_per_second", channel.messages_per_second},
          {"bytes_per_second", channel.bytes_per_second},
          {"gaps", channel.gaps},
          {"lost_messages", channel.lost_messages},
          {"held_packets", channel.held_packets},
          {"duplicates", channel.duplicates},
          {"unknown_types", channel.unknown_types},
          {"malformed", counts_json(channel.malformed)},
          {"anomalies", counts_json(channel.anomalies)},
          {"holes_open", channel.holes_open},
          {"resolved", counts_json(channel.resolved)},
          {"bridged_messages", channel.bridged_messages},
          {"conflicts", channel.conflicts},
          {"stale", channel.stale},
          {"incomplete", channel.incomplete},
          {"awaits_snapshot", channel.awaits_snapshot},
          {"latency", histogram_json(channel.latency)},
          {"recovery", array_json(channel.recovery, recovery_json)},
          {"snapshots", array_json(channel.snapshots, snapshot_json)},
          {"tcp", array_json(channel.tcp, tcp_json)},
          {"messages_by_type", counts_json(channel.messages_by_type)},
          {"lines", array_json(channel.lines, line_json)}};
}

Json feed_json(const FeedStatus& feed) {
  return {{"name", feed.name},
          {"protocol", feed.protocol},
          {"channels", array_json(feed.channels, channel_json)}};
}

Json missed_json(const MissedStatus& missed) {
  if (missed.packets == 0) return nullptr;
  const bool numbered = missed.last != 0;
  return {{"packets", missed.packets},
          {"first_time_ns", missed.first_time_ns},
          {"last_time_ns", missed.last_time_ns},
          {"session", numbered ? Json(missed.session) : Json(nullptr)},
          {"first", numbered ? Json(missed.first) : Json(nullptr)},
          {"last", numbered ? Json(missed.last) : Json(nullptr)}};
}

Json archive_json(const ArchiveStatus& archive) {
  return {{"feed", archive.feed},
          {"channel", archive.channel},
          {"state", archive.state},
          {"file", archive.file},
          {"packets", archive.packets},
          {"bytes_in", archive.bytes_in},
          {"bytes_out", archive.bytes_out},
          {"bytes_in_per_second", archive.bytes_in_per_second},
          {"bytes_out_per_second", archive.bytes_out_per_second},
          {"bytes_synced", archive.bytes_synced},
          {"bytes_doubtful", archive.bytes_doubtful},
          {"frames", archive.frames},
          {"files", archive.files},
          {"files_removed", archive.files_removed},
          {"lost_packets", archive.lost_packets},
          {"ring_depth", archive.ring_depth},
          {"ring_capacity", archive.ring_capacity},
          {"gap_batches", archive.gap_batches},
          {"gap_packets", archive.gap_packets},
          {"loss_notes", archive.loss_notes},
          {"write_errors", archive.write_errors},
          {"sync_errors", archive.sync_errors},
          {"outages", archive.outages},
          {"last_missed", missed_json(archive.last_missed)},
          {"missing", missed_json(archive.missing)},
          {"last_error", archive.last_error},
          {"cpu_seconds", archive.cpu_seconds},
          {"ring_wait", histogram_json(archive.ring_wait)},
          {"failed", archive.failed},
          {"failed_ever", archive.failed_ever},
          {"complete", archive.complete}};
}

// A number where volumes are whole; otherwise text, since a JSON number may end up as a double.
Json volume_json(const TopInstrument& instrument) {
  if (instrument.size_decimals == 0) return instrument.volume;
  return std::string{codec::DecimalText{instrument.volume, instrument.size_decimals}.view()};
}

Json instrument_json(const TopInstrument& instrument) {
  return {{"symbol", std::string{instrument.symbol_text()}},
          {"volume", volume_json(instrument)},
          {"trades", instrument.trades},
          {"vwap", instrument.vwap},
          {"last", instrument.last},
          {"bid", instrument.bid},
          {"ask", instrument.ask}};
}

Json market_json(const MarketStatus& market) {
  return {{"feed", market.feed},
          {"channel", market.channel},
          {"instruments", market.instruments},
          {"open_orders", market.open_orders},
          {"levels", market.levels},
          {"trades", market.trades},
          {"anomalies", counts_json(market.anomalies)},
          {"top", array_json(market.top, instrument_json)}};
}

Json document(const StatusSnapshot& snapshot) {
  const std::vector<std::string> reasons = unready_reasons(snapshot);
  return {{"time_seconds", snapshot.process.start_time_seconds + snapshot.process.uptime_seconds},
          {"ready", reasons.empty()},
          {"not_ready", reasons},
          {"degraded", degradations(snapshot)},
          {"process", process_json(snapshot.process)},
          {"http", http_json(snapshot.http)},
          {"pools",
           {{"serialization",
             pool_json(snapshot, snapshot.pools.serialization, &HeldStatuses::serialization)},
            {"compression",
             pool_json(snapshot, snapshot.pools.compression, &HeldStatuses::compression)},
            {"simd", pool_json(snapshot, snapshot.pools.simd, &HeldStatuses::simd)}}},
          {"feeds", array_json(snapshot.feeds, feed_json)},
          {"archives", array_json(snapshot.archives, archive_json)},
          {"markets", array_json(snapshot.markets, market_json)}};
}

// Text from outside that is not UTF-8 becomes U+FFFD instead of an exception; NaN becomes null.
std::string text_of(const Json& json, int indent) {
  constexpr bool kAsciiOnly = true;
  return json.dump(indent, ' ', kAsciiOnly, Json::error_handler_t::replace);
}

}  // namespace

std::string status_json(const StatusSnapshot& snapshot) {
  return text_of(document(snapshot), 2) + "\n";
}

std::string status_line(const StatusSnapshot& snapshot) { return text_of(document(snapshot), -1); }

std::string health_json(const StatusSnapshot& snapshot) {
  return text_of({{"status", "ok"}, {"degraded", degradations(snapshot)}}, -1) + "\n";
}

std::string ready_json(const StatusSnapshot& snapshot) {
  const std::vector<std::string> reasons = unready_reasons(snapshot);
  return text_of({{"ready", reasons.empty()}, {"reasons", reasons}}, -1) + "\n";
}

}  // namespace tapeline::status

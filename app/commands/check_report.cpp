#include "app/commands/check_report.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/commands/usage.hpp"
#include "app/config_feeds.hpp"

namespace tapeline::commands {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kKib = 1024;
constexpr std::uint64_t kMib = kKib * kKib;

// "8 MiB", "64 KiB", "1500 bytes": the largest unit that divides it, else MiB with two digits.
std::string bytes_text(std::uint64_t bytes) {
  if (bytes >= kMib && bytes % kMib == 0) return std::to_string(bytes / kMib) + " MiB";
  if (bytes < kMib && bytes >= kKib && bytes % kKib == 0) {
    return std::to_string(bytes / kKib) + " KiB";
  }
  if (bytes < kMib) return std::to_string(bytes) + " bytes";
  const std::uint64_t hundredths = bytes * 100 / kMib;
  const std::string part = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + (part.size() == 1 ? ".0" : ".") + part + " MiB";
}

std::string endpoint_text(const std::string& address, std::uint16_t port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "" : ", ") + part;
  return all;
}

void say_line(std::ostream& out, const LineConfig& line) {
  out << "    line " << line.name << ": receives " << endpoint_text(line.group, line.port) << " on "
      << (line.interface.empty() ? "the interface of the route" : line.interface) << ", from "
      << (line.sources.empty() ? "any sender" : joined(line.sources)) << '\n';
}

std::string servers_text(const std::vector<ServerConfig>& servers) {
  std::vector<std::string> texts;
  std::transform(servers.begin(), servers.end(), std::back_inserter(texts), server_text);
  return joined(texts);
}

std::string login_text(const CredentialsConfig& credentials) {
  if (!credentials.file.empty()) return "login from file " + one_line(credentials.file);
  return "login from the variables " + credentials.environment + "_USERNAME and " +
         credentials.environment + "_PASSWORD";
}

std::string time_text(std::uint32_t ms) {
  return ms >= 1000 && ms % 1000 == 0 ? std::to_string(ms / 1000) + " s"
                                      : std::to_string(ms) + " ms";
}

const char* mode_text(const ChannelConfig& channel) {
  return channel.receive_mode == ReceiveMode::spin ? "spins (one core in full use)"
                                                   : "waits for packets";
}

void say_snapshot(std::ostream& out, const SnapshotConfig& snapshot) {
  if (snapshot.servers.empty()) {
    out << "      then it is declared lost: books stale until the next session\n";
    return;
  }
  out << "      then books are stale and taken from a snapshot of "
      << servers_text(snapshot.servers) << " (" << login_text(snapshot.credentials) << "), "
      << time_text(snapshot.timeout_ms) << " for it, after a failure again in "
      << time_text(snapshot.retry_ms) << " to " << time_text(snapshot.retry_max_ms) << "; up to "
      << snapshot.hold_mib << " MiB of messages wait for it\n"
      << "      without one in that time it is declared lost: books stale until a later snapshot "
         "or the next session\n";
}

void say_remedies(std::ostream& out, const ChannelConfig& channel) {
  out << "    on a gap:\n      the lines have " << time_text(channel.hold_ms) << " to fill it; "
      << channel.hold_packets << " packets behind it are kept meanwhile\n";
  const RecoveryConfig& recovery = channel.recovery;
  if (!recovery.servers.empty()) {
    out << "      after " << time_text(recovery.first_delay_ms) << " it is requested from "
        << servers_text(recovery.servers) << ", again in " << time_text(recovery.resend_ms)
        << " to " << time_text(recovery.resend_max_ms) << ", " << recovery.attempts
        << " times, at most " << recovery.max_messages_per_request << " messages each and "
        << recovery.max_requests_per_second << " requests/s; given up "
        << time_text(channel.hold_ms + recovery.timeout_ms) << " after it was seen\n";
  }
  say_snapshot(out, channel.snapshot);
}

void say_join(std::ostream& out, const ChannelConfig& channel) {
  const bool snapshot = !channel.snapshot.servers.empty() && channel.snapshot.on_join;
  if (channel.transport == Transport::soupbintcp && !snapshot) {
    out << "    on a start in the middle of a session: from its first message on\n";
    return;
  }
  out << "    on a start in the middle of a session: "
      << (snapshot ? "a snapshot first, then the messages behind it\n"
                   : "from the message that comes first, books stale until the next session\n");
}

void say_soupbintcp(std::ostream& out, const ChannelConfig& channel) {
  const SoupBinTcpConfig& soup = channel.soupbintcp;
  out << "  channel " << channel.name << ": " << mode_text(channel) << ", receive buffer "
      << bytes_text(channel.receive_buffer_bytes) << "\n    session "
      << (soup.session.empty() ? "that is current" : soup.session) << " from "
      << servers_text(soup.servers) << " over SoupBinTCP, " << login_text(soup.credentials)
      << "\n    heartbeat after " << time_text(soup.heartbeat_ms)
      << ", silent server given up after " << time_text(soup.watchdog_ms) << ", next attempt in "
      << time_text(soup.reconnect_ms) << " to " << time_text(soup.reconnect_max_ms)
      << "\n    on a gap (messages that the server does not hold any more):\n";
  say_snapshot(out, channel.snapshot);
  say_join(out, channel);
}

void say_json_lines(std::ostream& out, const ChannelConfig& channel) {
  const JsonLinesConfig& lines = channel.json_lines;
  out << "  channel " << channel.name << ": " << mode_text(channel) << ", receive buffer "
      << bytes_text(channel.receive_buffer_bytes) << "\n    JSON documents, one a line, from "
      << servers_text(lines.servers) << " over TCP, up to " << lines.max_document_mib
      << " MiB each\n    ";
  if (lines.watchdog_ms > 0) {
    out << "silent server given up after " << time_text(lines.watchdog_ms) << ", ";
  }
  out << "next attempt in " << time_text(lines.reconnect_ms) << " to "
      << time_text(lines.reconnect_max_ms)
      << "\n    on a gap: the book of that symbol is stale until the venue's next snapshot\n";
}

void say_channel(std::ostream& out, const ChannelConfig& channel) {
  if (channel.transport == Transport::json_lines) return say_json_lines(out, channel);
  if (channel.transport == Transport::soupbintcp) return say_soupbintcp(out, channel);
  out << "  channel " << channel.name << ": " << mode_text(channel) << ", up to "
      << channel.batch_packets << " datagrams of " << channel.max_datagram_bytes
      << " bytes at once, receive buffer " << bytes_text(channel.receive_buffer_bytes)
      << " per line\n";
  for (const LineConfig& line : channel.lines) say_line(out, line);
  if (channel.lines.size() > 1 && channel.line_dead_ms > 0) {
    out << "    a line is told dead after " << time_text(channel.line_dead_ms)
        << " without packets beside another\n";
  }
  say_remedies(out, channel);
  say_join(out, channel);
}

void say_pool(std::ostream& out, const char* name, const pool::PoolConfig& pool) {
  const PoolMemory memory = memory_of(pool);
  out << "  " << name << ": " << pool.buffer_count << " and " << pool.overflow_buffers
      << " in reserve, of " << bytes_text(pool.buffer_bytes) << " = "
      << bytes_text(memory.at_start);
  if (memory.at_most > memory.at_start) {
    out << ", grows to " << pool.max_buffers << " = " << bytes_text(memory.at_most);
  }
  if (pool.numa_node >= 0) out << ", on NUMA node " << pool.numa_node;
  out << '\n';
}

std::string durability_text(const ArchiveConfig& archive) {
  if (archive.sync_ms == 0) return "synced when a file is finished";
  return "on disk after " + std::to_string(archive.sync_ms) + " ms";
}

// Puts a separator in front of all but the first.
void add_part(std::string& text, const char* separator, const std::string& part) {
  text += (text.empty() ? "" : separator) + part;
}

std::string roll_text(const ArchiveConfig& archive) {
  std::string text;
  if (archive.roll_bytes != 0) add_part(text, " or ", "at " + bytes_text(archive.roll_bytes));
  if (archive.roll_seconds != 0) {
    add_part(text, " or ", "with each " + std::to_string(archive.roll_seconds) + " s of UTC");
  }
  return text.empty() ? "with the process" : text;
}

std::string keep_text(const ArchiveConfig& archive) {
  std::string text;
  if (archive.keep_bytes != 0) add_part(text, ", ", bytes_text(archive.keep_bytes));
  if (archive.keep_files != 0) {
    add_part(text, ", ", std::to_string(archive.keep_files) + " files");
  }
  if (archive.keep_days != 0) add_part(text, ", ", std::to_string(archive.keep_days) + " days");
  return text.empty() ? "all" : "at most " + text + " of each channel";
}

const char* folder_text(FolderState state) {
  switch (state) {
    case FolderState::writable: return "exists, writable";
    case FolderState::can_be_created: return "will be created";
    case FolderState::not_writable: return "not writable";
    case FolderState::not_a_folder: return "not a folder";
  }
  return "";
}

Json line_json(const LineConfig& line) {
  return {{"name", line.name},
          {"group", line.group},
          {"port", line.port},
          {"interface", line.interface},
          {"sources", line.sources}};
}

Json servers_json(const std::vector<ServerConfig>& servers) {
  Json texts = Json::array();
  for (const ServerConfig& server : servers) texts.push_back(server_text(server));
  return texts;
}

Json recovery_json(const RecoveryConfig& recovery) {
  return {{"servers", servers_json(recovery.servers)},
          {"first_delay_ms", recovery.first_delay_ms},
          {"resend_ms", recovery.resend_ms},
          {"resend_max_ms", recovery.resend_max_ms},
          {"attempts", recovery.attempts},
          {"timeout_ms", recovery.timeout_ms},
          {"max_messages_per_request", recovery.max_messages_per_request},
          {"max_requests_per_second", recovery.max_requests_per_second}};
}

Json snapshot_json(const SnapshotConfig& snapshot) {
  return {{"servers", servers_json(snapshot.servers)},
          {"credentials_file", snapshot.credentials.file},
          {"credentials_env", snapshot.credentials.environment},
          {"same_session", snapshot.same_session},
          {"on_join", snapshot.on_join},
          {"timeout_ms", snapshot.timeout_ms},
          {"retry_ms", snapshot.retry_ms},
          {"retry_max_ms", snapshot.retry_max_ms},
          {"hold_mib", snapshot.hold_mib}};
}

Json soupbintcp_json(const SoupBinTcpConfig& soup) {
  return {{"servers", servers_json(soup.servers)},
          {"credentials_file", soup.credentials.file},
          {"credentials_env", soup.credentials.environment},
          {"session", soup.session},
          {"heartbeat_ms", soup.heartbeat_ms},
          {"watchdog_ms", soup.watchdog_ms},
          {"reconnect_ms", soup.reconnect_ms},
          {"reconnect_max_ms", soup.reconnect_max_ms}};
}

Json json_lines_json(const JsonLinesConfig& lines) {
  constexpr std::array kVenues{"any", "coinbase", "binance", "kraken"};
  return {{"servers", servers_json(lines.servers)},
          {"venue", kVenues.at(static_cast<std::size_t>(lines.venue))},
          {"price_decimals", lines.price_decimals},
          {"size_decimals", lines.size_decimals},
          {"kraken_depth", lines.kraken_depth},
          {"max_document_mib", lines.max_document_mib},
          {"watchdog_ms", lines.watchdog_ms},
          {"reconnect_ms", lines.reconnect_ms},
          {"reconnect_max_ms", lines.reconnect_max_ms}};
}

Json channel_json(const ChannelConfig& channel) {
  const char* mode = channel.receive_mode == ReceiveMode::spin ? "spin" : "wait";
  if (channel.transport == Transport::json_lines) {
    return {{"name", channel.name},
            {"required", channel.required},
            {"transport", "json_lines"},
            {"receive_mode", mode},
            {"receive_buffer_bytes", channel.receive_buffer_bytes},
            {"json_lines", json_lines_json(channel.json_lines)}};
  }
  if (channel.transport == Transport::soupbintcp) {
    return {{"name", channel.name},
            {"required", channel.required},
            {"transport", "soupbintcp"},
            {"receive_mode", mode},
            {"receive_buffer_bytes", channel.receive_buffer_bytes},
            {"soupbintcp", soupbintcp_json(channel.soupbintcp)},
            {"snapshot", snapshot_json(channel.snapshot)}};
  }
  Json lines = Json::array();
  for (const LineConfig& line : channel.lines) lines.push_back(line_json(line));
  return {{"name", channel.name},
          {"required", channel.required},
          {"transport", "moldudp64"},
          {"receive_mode", mode},
          {"receive_buffer_bytes", channel.receive_buffer_bytes},
          {"max_datagram_bytes", channel.max_datagram_bytes},
          {"batch_packets", channel.batch_packets},
          {"udp_gro", channel.udp_gro},
          {"hold_packets", channel.hold_packets},
          {"hold_ms", channel.hold_ms},
          {"line_dead_ms", channel.line_dead_ms},
          {"conflict_window", channel.conflict_window},
          {"lines", std::move(lines)},
          {"recovery", recovery_json(channel.recovery)},
          {"snapshot", snapshot_json(channel.snapshot)}};
}

Json pool_json(const pool::PoolConfig& pool) {
  const PoolMemory memory = memory_of(pool);
  return {{"buffer_bytes", pool.buffer_bytes},
          {"buffer_count", pool.buffer_count},
          {"overflow_buffers", pool.overflow_buffers},
          {"max_buffers", pool.max_buffers},
          {"numa_node", pool.numa_node},
          {"bytes_at_start", memory.at_start},
          {"bytes_at_most", memory.at_most}};
}

Json findings_json(const std::vector<HostFinding>& findings, HostFinding::Kind kind) {
  Json texts = Json::array();
  for (const HostFinding& finding : findings) {
    if (finding.kind == kind) texts.push_back(finding.text);
  }
  return texts;
}

}  // namespace

std::string check_report_text(const Config& config) {
  std::ostringstream out;
  out << config.origin.file << ": every key and value is right\n";
  for (const FeedConfig& feed : config.feeds) {
    const bool is_auto = feed.protocol == "auto";
    out << "feed " << feed.name << " ("
        << (is_auto ? "itch50 or iex, as the first packet is" : feed.protocol) << ")\n";
    for (const ChannelConfig& channel : feed.channels) say_channel(out, channel);
  }
  const PoolMemory memory = memory_of(config.pool);
  out << "pools: " << bytes_text(memory.at_start) << " at start, " << bytes_text(memory.at_most)
      << " at most\n";
  say_pool(out, "serialization", config.pool.serialization);
  say_pool(out, "compression", config.pool.compression);
  say_pool(out, "simd", config.pool.simd);
  out << "orders: " << config.market.preallocated_orders_mib << " MiB at start, "
      << config.market.max_orders_mib << " MiB at most; "
      << (config.market.scalar_kernels ? "scalar kernels"
                                       : "AVX2 kernels where the processor has them")
      << '\n';
  if (config.archive.enabled) {
    out << "archive: " << config.archive.directory.string() << " ("
        << folder_text(folder_state(config.archive.directory)) << "), zstd level "
        << config.archive.compression_level << ", written after " << config.archive.flush_ms
        << " ms at the latest, " << durability_text(config.archive) << '\n'
        << "  files end " << roll_text(config.archive) << "; kept: " << keep_text(config.archive)
        << '\n';
    if (!config.archive.dictionary.empty()) {
      out << "  dictionary: " << config.archive.dictionary.string() << '\n';
    }
  } else {
    out << "archive: off\n";
  }
  if (config.status.enabled) {
    out << "status: http://" << endpoint_text(config.status.address, config.status.port)
        << (config.status.port == 0 ? " (any free port)\n" : "\n");
  } else {
    out << "status: off\n";
  }
  out << "log: " << config.log.level
      << (config.log.format == LogFormat::json ? ", as JSON" : ", as text") << ", "
      << config.log.lines_per_second << " lines of a kind per second\n";
  return out.str();
}

std::string check_report_json(const Config& config, const std::vector<HostFinding>& findings) {
  Json feeds = Json::array();
  for (const FeedConfig& feed : config.feeds) {
    Json channels = Json::array();
    for (const ChannelConfig& channel : feed.channels) channels.push_back(channel_json(channel));
    feeds.push_back(
        {{"name", feed.name}, {"protocol", feed.protocol}, {"channels", std::move(channels)}});
  }
  Json errors = findings_json(findings, HostFinding::Kind::error);
  const PoolMemory memory = memory_of(config.pool);
  const Json report{{"config", config.origin.file},
                    {"usable", errors.empty()},
                    {"errors", std::move(errors)},
                    {"warnings", findings_json(findings, HostFinding::Kind::warning)},
                    {"feeds", std::move(feeds)},
                    {"pools",
                     {{"serialization", pool_json(config.pool.serialization)},
                      {"compression", pool_json(config.pool.compression)},
                      {"simd", pool_json(config.pool.simd)},
                      {"bytes_at_start", memory.at_start},
                      {"bytes_at_most", memory.at_most}}},
                    {"market",
                     {{"preallocated_orders_mib", config.market.preallocated_orders_mib},
                      {"max_orders_mib", config.market.max_orders_mib},
                      {"print_history", config.market.print_history},
                      {"scalar_kernels", config.market.scalar_kernels}}},
                    {"archive",
                     {{"enabled", config.archive.enabled},
                      {"directory", config.archive.directory.string()},
                      {"folder", folder_text(folder_state(config.archive.directory))},
                      {"compression_level", config.archive.compression_level},
                      {"dictionary", config.archive.dictionary.string()},
                      {"frame_bytes", config.archive.frame_bytes},
                      {"roll_bytes", config.archive.roll_bytes},
                      {"roll_seconds", config.archive.roll_seconds},
                      {"ring_batches", config.archive.ring_batches},
                      {"flush_ms", config.archive.flush_ms},
                      {"sync_ms", config.archive.sync_ms},
                      {"keep_bytes", config.archive.keep_bytes},
                      {"keep_files", config.archive.keep_files},
                      {"keep_days", config.archive.keep_days}}},
                    {"status",
                     {{"enabled", config.status.enabled},
                      {"address", config.status.address},
                      {"port", config.status.port}}},
                    {"log",
                     {{"level", config.log.level},
                      {"format", config.log.format == LogFormat::json ? "json" : "text"},
                      {"lines_per_second", config.log.lines_per_second}}}};
  return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tapeline::commands

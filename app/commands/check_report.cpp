#include "app/commands/check_report.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <sstream>

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

void say_channel(std::ostream& out, const ChannelConfig& channel) {
  out << "  channel " << channel.name << ": "
      << (channel.receive_mode == ReceiveMode::spin ? "spins (one core in full use)"
                                                    : "waits for packets")
      << ", up to " << channel.batch_packets << " datagrams of " << channel.max_datagram_bytes
      << " bytes at once, receive buffer " << bytes_text(channel.receive_buffer_bytes)
      << " per line, a gap is held " << channel.hold_ms << " ms or " << channel.hold_packets
      << " packets\n";
  for (const LineConfig& line : channel.lines) say_line(out, line);
}

void say_pool(std::ostream& out, const char* name, const pool::PoolConfig& pool) {
  const PoolMemory memory = memory_of(pool);
  out << "  " << name << ": " << pool.buffer_count << " x " << bytes_text(pool.buffer_bytes)
      << " = " << bytes_text(memory.at_start) << ", " << pool.overflow_buffers
      << " more when needed\n";
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

Json channel_json(const ChannelConfig& channel) {
  Json lines = Json::array();
  for (const LineConfig& line : channel.lines) lines.push_back(line_json(line));
  return {{"name", channel.name},
          {"receive_mode", channel.receive_mode == ReceiveMode::spin ? "spin" : "wait"},
          {"receive_buffer_bytes", channel.receive_buffer_bytes},
          {"max_datagram_bytes", channel.max_datagram_bytes},
          {"batch_packets", channel.batch_packets},
          {"hold_packets", channel.hold_packets},
          {"hold_ms", channel.hold_ms},
          {"lines", std::move(lines)}};
}

Json pool_json(const pool::PoolConfig& pool) {
  const PoolMemory memory = memory_of(pool);
  return {{"buffer_bytes", pool.buffer_bytes},
          {"buffer_count", pool.buffer_count},
          {"overflow_buffers", pool.overflow_buffers},
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
    out << "feed " << feed.name << " (" << feed.protocol << ")\n";
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
        << " ms at the latest\n";
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
      << (config.log.format == LogFormat::json ? ", as JSON\n" : ", as text\n");
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
                      {"ring_batches", config.archive.ring_batches},
                      {"flush_ms", config.archive.flush_ms}}},
                    {"status",
                     {{"enabled", config.status.enabled},
                      {"address", config.status.address},
                      {"port", config.status.port}}},
                    {"log",
                     {{"level", config.log.level},
                      {"format", config.log.format == LogFormat::json ? "json" : "text"}}}};
  return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tapeline::commands

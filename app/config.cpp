#include "app/config.hpp"

#include <array>
#include <set>
#include <utility>

#include "app/config_address.hpp"
#include "app/config_document.hpp"
#include "app/config_reader.hpp"

namespace tapeline {
namespace {

using Keys = std::string_view;

constexpr std::array kTopKeys{Keys{"feeds"},   Keys{"pool"},   Keys{"market"},
                              Keys{"archive"}, Keys{"status"}, Keys{"log"}};
constexpr std::array kFeedKeys{Keys{"name"}, Keys{"protocol"}, Keys{"channels"}};
constexpr std::array kChannelKeys{Keys{"name"},
                                  Keys{"lines"},
                                  Keys{"receive_mode"},
                                  Keys{"receive_buffer_bytes"},
                                  Keys{"max_datagram_bytes"},
                                  Keys{"batch_packets"},
                                  Keys{"hold_packets"},
                                  Keys{"hold_ms"}};
constexpr std::array kLineKeys{Keys{"name"}, Keys{"group"}, Keys{"port"}, Keys{"interface"},
                               Keys{"sources"}};
constexpr std::array kPoolKeys{Keys{"serialization"}, Keys{"compression"}, Keys{"simd"}};
constexpr std::array kOnePoolKeys{Keys{"buffer_bytes"},     Keys{"buffer_count"},
                                  Keys{"overflow_buffers"}, Keys{"batch"},
                                  Keys{"threads"},          Keys{"huge_pages"}};
constexpr std::array kMarketKeys{Keys{"max_orders_mib"}, Keys{"preallocated_orders_mib"},
                                 Keys{"print_history"}, Keys{"scalar_kernels"}};
constexpr std::array kArchiveKeys{Keys{"enabled"}, Keys{"directory"}, Keys{"compression_level"},
                                  Keys{"ring_batches"}, Keys{"flush_ms"}};
constexpr std::array kStatusKeys{Keys{"enabled"}, Keys{"address"}, Keys{"port"}};
constexpr std::array kLogKeys{Keys{"level"}, Keys{"format"}};

// What the enumerators are called in a file, in their order.
constexpr std::array kReceiveModes{Keys{"wait"}, Keys{"spin"}};
constexpr std::array kLogFormats{Keys{"text"}, Keys{"json"}};
constexpr std::array kLogLevels{Keys{"trace"}, Keys{"debug"}, Keys{"info"},
                                Keys{"warn"},  Keys{"error"}, Keys{"off"}};
constexpr std::array kProtocols{Keys{"itch50-moldudp64"}};

constexpr std::int64_t kMaxSlots = 65534;            // slots of a pool are numbered in 16 bits
constexpr std::int64_t kMaxBufferBytes = 1LL << 26;  // of one buffer
constexpr std::int64_t kMaxSocketBuffer = (1LL << 30) - 1;  // the kernel doubles it in an int
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxInterfaceBytes = 15;  // IFNAMSIZ less its final 0
constexpr std::uint64_t kDescriptorBytes = 32;  // sizeof(net::Packet), in front of the datagrams
constexpr std::uint64_t kHeaderBytes = 48;      // IPv6 and UDP headers

bool is_alphanumeric(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9');
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > kMaxNameBytes || !is_alphanumeric(text.front())) return false;
  for (const char letter : text) {
    if (!is_alphanumeric(letter) && letter != '.' && letter != '_' && letter != '-') return false;
  }
  return true;
}

void read_name(const ConfigSection& section, std::string_view example, std::string& name) {
  section.require("name", example);
  section.read_text("name", name);
  if (is_name(name)) return;
  section.fail("name", "'name' is " + quoted_for_message(name) +
                           "; it must be 1 to 64 of A-Z a-z 0-9 . _ - and start with a letter or "
                           "a digit");
}

// Throws ConfigError when `name` is in `seen` already.
void note_name(const ConfigSection& section, std::string_view kind, const std::string& name,
               std::set<std::string>& seen) {
  if (seen.insert(name).second) return;
  section.fail("name", "a second " + std::string{kind} + " is named " + quoted_for_message(name) +
                           "; give each its own name");
}

void read_interface(const ConfigSection& section, std::string& interface) {
  section.read_text("interface", interface);
  bool usable = interface.size() <= kMaxInterfaceBytes && interface != "." && interface != "..";
  for (const char letter : interface) {
    const bool special = letter <= 0x20 || letter == 0x7F || letter == '/' || letter == ':';
    usable = usable && !special;
  }
  if (usable) return;
  section.fail("interface", "'interface' is " + quoted_for_message(interface) +
                                "; it must be the name of a network interface, such as eth0");
}

void check_sources(const ConfigSection& section, const ConfigOrigin& origin,
                   const LineConfig& line) {
  const bool group_is_v6 = parse_ip_address(line.group)->is_v6;
  for (std::size_t index = 0; index < line.sources.size(); ++index) {
    std::string wrong = wrong_with_sender(line.sources[index]);
    if (wrong.empty() && parse_ip_address(line.sources[index])->is_v6 != group_is_v6) {
      wrong = quoted_for_message(line.sources[index]) + " can not send to " + line.group +
              "; both must be IPv4 or both IPv6";
    }
    if (wrong.empty()) continue;
    const std::string key = section.path() + ".sources[" + std::to_string(index) + "]";
    throw_config_error(origin.file, origin.positions.at(key), wrong);
  }
}

LineConfig read_line(const ConfigSection& section, const ConfigOrigin& origin) {
  LineConfig line;
  read_name(section, "A", line.name);
  section.require("group", "239.192.64.1");
  section.read_text("group", line.group);
  const std::string wrong = wrong_with_group(line.group);
  if (!wrong.empty()) section.fail("group", wrong);
  section.require("port", "26400");
  section.read_number("port", line.port, 1, 65535);
  read_interface(section, line.interface);
  if (line.interface.empty() && parse_ip_address(line.group)->is_link_local()) {
    section.fail("group", quoted_for_message(line.group) +
                              " is link-local; add 'interface: NAME', or use another group");
  }
  section.read_texts("sources", line.sources);
  check_sources(section, origin, line);
  return line;
}

// A batch must fit one serialization buffer: descriptors in front, whole datagrams behind.
void check_batch_fits(const ConfigSection& section, const ChannelConfig& channel,
                      std::uint64_t buffer_bytes) {
  const std::uint64_t each = kDescriptorBytes + kHeaderBytes + channel.max_datagram_bytes;
  if (each * channel.batch_packets <= buffer_bytes) return;
  const std::string_view key =
      section.has("max_datagram_bytes") ? "max_datagram_bytes" : "batch_packets";
  const std::uint64_t fitting = buffer_bytes / each;
  section.fail(key,
               std::to_string(channel.batch_packets) + " datagrams of up to " +
                   std::to_string(channel.max_datagram_bytes) + " bytes take " +
                   std::to_string(each * channel.batch_packets) +
                   " bytes, a serialization buffer has " + std::to_string(buffer_bytes) +
                   (fitting > 0 ? "; set batch_packets to " + std::to_string(fitting) + " or less"
                                : "; raise pool.serialization.buffer_bytes"));
}

ChannelConfig read_channel(const ConfigSection& section, const ConfigOrigin& origin,
                           std::uint64_t buffer_bytes, std::set<std::string>& endpoints) {
  ChannelConfig channel;
  read_name(section, "totalview", channel.name);
  section.read_choice("receive_mode", channel.receive_mode, kReceiveModes);
  section.read_number("receive_buffer_bytes", channel.receive_buffer_bytes, 4096, kMaxSocketBuffer);
  section.read_number("max_datagram_bytes", channel.max_datagram_bytes, 20, 65507);
  section.read_number("batch_packets", channel.batch_packets, 1, 64);
  section.read_number("hold_packets", channel.hold_packets, 0, 65536);
  section.read_number("hold_ms", channel.hold_ms, 0, 60000);
  check_batch_fits(section, channel, buffer_bytes);
  section.require("lines", "");
  std::set<std::string> names;
  for (const ConfigSection& part : section.sections("lines", kLineKeys)) {
    LineConfig line = read_line(part, origin);
    note_name(part, "line", line.name, names);
    std::string endpoint = line.group + " port " + std::to_string(line.port);
    if (!line.interface.empty()) endpoint += " on " + line.interface;
    const auto group = parse_ip_address(line.group)->bytes;  // however it was written
    std::string key = std::string(group.begin(), group.end()) + endpoint.substr(line.group.size());
    for (const std::string& source : line.sources) key += " " + source;
    if (!endpoints.insert(key).second) {
      part.fail("group", "another line receives " + endpoint +
                             " already; give each line its own group or port");
    }
    channel.lines.push_back(std::move(line));
  }
  return channel;
}

void read_feeds(const ConfigSection& top, Config& config) {
  top.require("feeds", "");
  std::set<std::string> feed_names;
  std::set<std::string> endpoints;
  for (const ConfigSection& part : top.sections("feeds", kFeedKeys)) {
    FeedConfig feed;
    read_name(part, "nasdaq", feed.name);
    note_name(part, "feed", feed.name, feed_names);
    if (part.has("protocol")) feed.protocol = kProtocols.at(part.choice("protocol", kProtocols));
    part.require("channels", "");
    std::set<std::string> channel_names;
    for (const ConfigSection& inner : part.sections("channels", kChannelKeys)) {
      ChannelConfig channel =
          read_channel(inner, config.origin, config.pool.serialization.buffer_bytes, endpoints);
      note_name(inner, "channel", channel.name, channel_names);
      feed.channels.push_back(std::move(channel));
    }
    config.feeds.push_back(std::move(feed));
  }
}

void read_one_pool(const ConfigSection& section, pool::PoolConfig& pool) {
  section.read_number("buffer_bytes", pool.buffer_bytes, 64, kMaxBufferBytes);
  section.read_number("buffer_count", pool.buffer_count, 1, kMaxSlots);
  section.read_number("overflow_buffers", pool.overflow_buffers, 0, kMaxSlots - 1);
  section.read_number("batch", pool.batch, 0, 31);
  section.read_number("threads", pool.threads, 1, 1024);
  section.read_flag("huge_pages", pool.huge_pages);
  if (pool.buffer_bytes % pool::kCacheLineBytes != 0) {
    section.fail("buffer_bytes", "'buffer_bytes' is " + std::to_string(pool.buffer_bytes) +
                                     "; it must be a multiple of 64");
  }
  const std::int64_t slots = std::int64_t{pool.buffer_count} + pool.overflow_buffers;
  if (slots > kMaxSlots) {
    section.fail(section.has("buffer_count") ? "buffer_count" : "overflow_buffers",
                 "'buffer_count' and 'overflow_buffers' make " + std::to_string(slots) +
                     " together; they must be " + std::to_string(kMaxSlots) + " or less");
  }
}

void read_pool(const ConfigSection& top, pool::LockFreeBufferPoolConfig& pool) {
  const ConfigSection section = top.section("pool", kPoolKeys);
  read_one_pool(section.section("serialization", kOnePoolKeys), pool.serialization);
  read_one_pool(section.section("compression", kOnePoolKeys), pool.compression);
  read_one_pool(section.section("simd", kOnePoolKeys), pool.simd);
}

void read_market(const ConfigSection& top, MarketConfig& market) {
  const ConfigSection section = top.section("market", kMarketKeys);
  section.read_number("max_orders_mib", market.max_orders_mib, 1, 1 << 24);
  section.read_number("preallocated_orders_mib", market.preallocated_orders_mib, 0, 1 << 20);
  section.read_number("print_history", market.print_history, 0, 1 << 28);
  section.read_flag("scalar_kernels", market.scalar_kernels);
  if (market.preallocated_orders_mib > market.max_orders_mib) {
    section.fail(
        section.has("preallocated_orders_mib") ? "preallocated_orders_mib" : "max_orders_mib",
        "'preallocated_orders_mib' is " + std::to_string(market.preallocated_orders_mib) +
            " and 'max_orders_mib' " + std::to_string(market.max_orders_mib) +
            "; the first must not be the larger one");
  }
}

void read_archive(const ConfigSection& top, ArchiveConfig& archive) {
  const ConfigSection section = top.section("archive", kArchiveKeys);
  section.read_flag("enabled", archive.enabled);
  std::string directory = archive.directory.string();
  section.read_text("directory", directory);
  if (directory.empty()) {
    section.fail("directory", "'directory' is empty; write the folder for the archive files");
  }
  archive.directory = directory;
  section.read_number("compression_level", archive.compression_level, 1, 19);
  section.read_number("ring_batches", archive.ring_batches, 1, kMaxSlots);
  section.read_number("flush_ms", archive.flush_ms, 1, 60000);
}

void read_status(const ConfigSection& top, StatusConfig& status) {
  const ConfigSection section = top.section("status", kStatusKeys);
  section.read_flag("enabled", status.enabled);
  section.read_text("address", status.address);
  const std::string wrong = wrong_with_listener(status.address);
  if (!wrong.empty()) section.fail("address", wrong);
  section.read_number("port", status.port, 0, 65535);
}

void read_log(const ConfigSection& top, LogConfig& log) {
  const ConfigSection section = top.section("log", kLogKeys);
  if (section.has("level")) log.level = kLogLevels.at(section.choice("level", kLogLevels));
  section.read_choice("format", log.format, kLogFormats);
}

}  // namespace

std::string ConfigOrigin::locate(std::string_view key) const {
  while (!key.empty()) {
    const auto found = positions.find(key);
    if (found != positions.end()) {
      return file + ':' + std::to_string(found->second.line) + ':' +
             std::to_string(found->second.column);
    }
    const std::size_t parent = key.find_last_of(".[");
    key = parent == std::string_view::npos ? std::string_view{} : key.substr(0, parent);
  }
  return file;
}

Config parse_config(std::string_view text, const std::string& file_name) {
  const ConfigNode root = parse_config_document(text, file_name);
  if (root.kind == ConfigNode::Kind::empty) {
    throw_config_error(file_name, {1, 1},
                       "nothing in it; start from configs/minimal.yaml, which has one feed");
  }
  Config config;
  config.origin.file = file_name;
  const ConfigSection top{config.origin, root, "", kTopKeys};
  read_pool(top, config.pool);
  read_feeds(top, config);
  read_market(top, config.market);
  read_archive(top, config.archive);
  read_status(top, config.status);
  read_log(top, config.log);
  return config;
}

Config load_config(const std::filesystem::path& file) {
  const std::string text = read_config_file(file);
  return parse_config(text, file.string());
}

}  // namespace tapeline

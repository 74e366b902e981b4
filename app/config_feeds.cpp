#include "app/config_feeds.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "app/config_address.hpp"
#include "app/config_document.hpp"

namespace tapeline {
namespace {

using Keys = std::string_view;

constexpr std::array kFeedKeys{Keys{"name"}, Keys{"protocol"}, Keys{"channels"}};
constexpr std::array kChannelKeys{Keys{"name"},
                                  Keys{"required"},
                                  Keys{"transport"},
                                  Keys{"lines"},
                                  Keys{"soupbintcp"},
                                  Keys{"json_lines"},
                                  Keys{"receive_mode"},
                                  Keys{"receive_buffer_bytes"},
                                  Keys{"max_datagram_bytes"},
                                  Keys{"batch_packets"},
                                  Keys{"udp_gro"},
                                  Keys{"hold_packets"},
                                  Keys{"hold_ms"},
                                  Keys{"line_dead_ms"},
                                  Keys{"conflict_window"},
                                  Keys{"recovery"},
                                  Keys{"snapshot"}};
constexpr std::array kLineKeys{Keys{"name"}, Keys{"group"}, Keys{"port"}, Keys{"interface"},
                               Keys{"sources"}};
constexpr std::array kRecoveryKeys{Keys{"servers"},
                                   Keys{"first_delay_ms"},
                                   Keys{"resend_ms"},
                                   Keys{"resend_max_ms"},
                                   Keys{"attempts"},
                                   Keys{"timeout_ms"},
                                   Keys{"max_messages_per_request"},
                                   Keys{"max_requests_per_second"}};
constexpr std::array kSnapshotKeys{
    Keys{"servers"},      Keys{"credentials_file"}, Keys{"credentials_env"},
    Keys{"same_session"}, Keys{"on_join"},          Keys{"timeout_ms"},
    Keys{"retry_ms"},     Keys{"retry_max_ms"},     Keys{"hold_mib"}};
constexpr std::array kSoupBinTcpKeys{Keys{"servers"},         Keys{"credentials_file"},
                                     Keys{"credentials_env"}, Keys{"session"},
                                     Keys{"heartbeat_ms"},    Keys{"watchdog_ms"},
                                     Keys{"reconnect_ms"},    Keys{"reconnect_max_ms"}};
constexpr std::array kJsonLinesKeys{
    Keys{"servers"},       Keys{"venue"},        Keys{"price_decimals"},
    Keys{"size_decimals"}, Keys{"kraken_depth"}, Keys{"max_document_mib"},
    Keys{"watchdog_ms"},   Keys{"reconnect_ms"}, Keys{"reconnect_max_ms"}};

// What the enumerators are called in a file, in their order.
constexpr std::array kReceiveModes{Keys{"wait"}, Keys{"spin"}};
constexpr std::array kTransports{Keys{"moldudp64"}, Keys{"soupbintcp"}, Keys{"json_lines"}};
constexpr std::array kProtocols{Keys{"auto"}, Keys{"itch50"}, Keys{"itch50-moldudp64"}, Keys{"iex"},
                                Keys{"json"}};
constexpr std::array kVenues{Keys{"any"}, Keys{"coinbase"}, Keys{"binance"}, Keys{"kraken"}};

constexpr std::int64_t kMaxSocketBuffer = (1LL << 30) - 1;  // the kernel doubles it in an int
constexpr std::int64_t kMaxRequestMessages = 65534;         // the count of a request has 16 bits
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxInterfaceBytes = 15;  // IFNAMSIZ less its final 0
constexpr std::size_t kMaxSessionBytes = 10;
constexpr std::size_t kMaxServers = 16;
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

// Throws ConfigError when another feed has a channel whose archive files would have the same names.
void note_archive_name(const ConfigSection& section, const std::string& feed,
                       const std::string& channel, std::set<std::string>& seen) {
  const std::string name = feed + "-" + channel;
  if (seen.insert(name).second) return;
  section.fail("name", "feed " + quoted_for_message(feed) + " and channel " +
                           quoted_for_message(channel) +
                           " give the files of an archive the name '" + name +
                           "', as those of another channel do; rename one of the two");
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

// Splits "ADDRESS:PORT" or "[ADDRESS]:PORT". Returns what is wrong with it, empty when nothing is.
std::string read_server(const std::string& text, ServerConfig& server) {
  const std::string wanted = "; write ADDRESS:PORT, such as 10.1.2.3:26500 or [2001:db8::1]:26500";
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return quoted_for_message(text) + " has no port" + wanted;
  server.address = text.substr(0, colon);
  const bool bracketed =
      server.address.size() > 2 && server.address.front() == '[' && server.address.back() == ']';
  if (bracketed) server.address = server.address.substr(1, server.address.size() - 2);
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, server.port);
  const bool right_port = error == std::errc{} && stop == end && server.port != 0 &&
                          std::to_string(server.port) == text.substr(colon + 1);
  if (!right_port) return quoted_for_message(text) + " has no port from 1 to 65535" + wanted;
  const auto address = parse_ip_address(server.address);
  if (!address || address->is_v6 != bracketed) {
    return quoted_for_message(text) + " has no IP address in front of its port" + wanted;
  }
  return wrong_with_server(server.address);
}

std::vector<ServerConfig> read_servers(const ConfigSection& section, const ConfigOrigin& origin) {
  std::vector<std::string> texts;
  section.read_texts("servers", texts);
  std::vector<ServerConfig> servers;
  if (texts.size() > kMaxServers) {
    section.fail("servers", std::to_string(texts.size()) + " servers; name " +
                                std::to_string(kMaxServers) + " or fewer");
  }
  for (std::size_t index = 0; index < texts.size(); ++index) {
    ServerConfig server;
    std::string wrong = read_server(texts[index], server);
    const bool twice = std::any_of(servers.begin(), servers.end(), [&](const auto& other) {
      return parse_ip_address(other.address) == parse_ip_address(server.address) &&
             other.port == server.port;
    });
    if (wrong.empty() && twice) wrong = quoted_for_message(texts[index]) + " is named twice";
    if (!wrong.empty()) {
      const std::string key = section.path() + ".servers[" + std::to_string(index) + "]";
      throw_config_error(origin.file, origin.positions.at(key), wrong);
    }
    servers.push_back(std::move(server));
  }
  return servers;
}

bool is_variable_name(std::string_view text) {
  const bool letters =
      std::all_of(text.begin(), text.end(), [](char c) { return is_alphanumeric(c) || c == '_'; });
  return letters && !text.empty() && !(text.front() >= '0' && text.front() <= '9');
}

CredentialsConfig read_credentials(const ConfigSection& section) {
  CredentialsConfig credentials;
  section.read_text("credentials_file", credentials.file);
  section.read_text("credentials_env", credentials.environment);
  if (!credentials.environment.empty() && !is_variable_name(credentials.environment)) {
    // Not shown: somebody may have written the secret itself.
    section.fail("credentials_env",
                 "'credentials_env' is no name for environment variables; write one such as "
                 "TAPELINE_FEED, and set TAPELINE_FEED_USERNAME and TAPELINE_FEED_PASSWORD");
  }
  if (credentials.file.empty() == credentials.environment.empty()) {
    section.fail(section.has("credentials_env") ? "credentials_env" : "servers",
                 credentials.file.empty()
                     ? "a login needs credentials; add 'credentials_file: PATH' or "
                       "'credentials_env: NAME'"
                     : "'credentials_file' and 'credentials_env' are both there; keep one");
  }
  return credentials;
}

// Reads a pause and the bound to which it doubles.
void read_back_off(const ConfigSection& section, const char* first_key, std::uint32_t& first_ms,
                   const char* most_key, std::uint32_t& most_ms) {
  section.read_number(first_key, first_ms, 1, 600'000);
  section.read_number(most_key, most_ms, 1, 3'600'000);
  if (first_ms <= most_ms) return;
  section.fail(section.has(most_key) ? most_key : first_key,
               "'" + std::string{first_key} + "' is " + std::to_string(first_ms) + " and '" +
                   most_key + "' " + std::to_string(most_ms) +
                   "; the first must not be the larger one");
}

RecoveryConfig read_recovery(const ConfigSection& section, const ConfigOrigin& origin,
                             std::uint32_t hold_ms) {
  RecoveryConfig recovery;
  recovery.servers = read_servers(section, origin);
  section.read_number("first_delay_ms", recovery.first_delay_ms, 0, 60'000);
  read_back_off(section, "resend_ms", recovery.resend_ms, "resend_max_ms", recovery.resend_max_ms);
  section.read_number("attempts", recovery.attempts, 1, 1000);
  section.read_number("timeout_ms", recovery.timeout_ms, 1, 600'000);
  section.read_number("max_messages_per_request", recovery.max_messages_per_request, 1,
                      kMaxRequestMessages);
  section.read_number("max_requests_per_second", recovery.max_requests_per_second, 1, 1'000'000);
  if (recovery.first_delay_ms >= hold_ms + recovery.timeout_ms) {
    section.fail(section.has("timeout_ms") ? "timeout_ms" : "first_delay_ms",
                 "'first_delay_ms' is " + std::to_string(recovery.first_delay_ms) +
                     ", but the gap is given up after " +
                     std::to_string(hold_ms + recovery.timeout_ms) +
                     " ms ('hold_ms' and 'timeout_ms'): nothing would be requested");
  }
  return recovery;
}

SnapshotConfig read_snapshot(const ConfigSection& section, const ConfigOrigin& origin,
                             std::uint64_t pool_bytes) {
  SnapshotConfig snapshot;
  snapshot.servers = read_servers(section, origin);
  section.read_flag("same_session", snapshot.same_session);
  section.read_flag("on_join", snapshot.on_join);
  section.read_number("timeout_ms", snapshot.timeout_ms, 1, 3'600'000);
  read_back_off(section, "retry_ms", snapshot.retry_ms, "retry_max_ms", snapshot.retry_max_ms);
  section.read_number("hold_mib", snapshot.hold_mib, 1, 1 << 16);
  if (snapshot.servers.empty()) return snapshot;
  snapshot.credentials = read_credentials(section);
  constexpr std::uint64_t kMib = 1U << 20U;
  if (snapshot.hold_mib * kMib > pool_bytes) {
    section.fail(section.has("hold_mib") ? "hold_mib" : "servers",
                 "'hold_mib' is " + std::to_string(snapshot.hold_mib) +
                     " and the serialization pool has " + std::to_string(pool_bytes / kMib) +
                     " MiB; raise pool.serialization.buffer_count or lower 'hold_mib'");
  }
  return snapshot;
}

SoupBinTcpConfig read_soupbintcp(const ConfigSection& section, const ConfigOrigin& origin) {
  SoupBinTcpConfig soup;
  section.require("servers", "[10.1.2.3:26600]");
  soup.servers = read_servers(section, origin);
  if (soup.servers.empty()) section.fail("servers", "'servers' is empty; name at least one");
  soup.credentials = read_credentials(section);
  section.read_text("session", soup.session);
  const bool right = soup.session.size() <= kMaxSessionBytes &&
                     std::all_of(soup.session.begin(), soup.session.end(),
                                 [](char letter) { return letter > ' ' && letter <= '~'; });
  if (!right) {
    section.fail("session", "'session' is " + quoted_for_message(soup.session) +
                                "; it must be at most 10 letters and digits, or empty for the "
                                "current one");
  }
  section.read_number("heartbeat_ms", soup.heartbeat_ms, 10, 60'000);
  section.read_number("watchdog_ms", soup.watchdog_ms, 100, 600'000);
  read_back_off(section, "reconnect_ms", soup.reconnect_ms, "reconnect_max_ms",
                soup.reconnect_max_ms);
  return soup;
}

JsonLinesConfig read_json_lines(const ConfigSection& section, const ConfigOrigin& origin) {
  JsonLinesConfig lines;
  section.require("servers", "[10.1.2.3:7000]");
  lines.servers = read_servers(section, origin);
  if (lines.servers.empty()) section.fail("servers", "'servers' is empty; name at least one");
  section.read_choice("venue", lines.venue, kVenues);
  section.read_number("price_decimals", lines.price_decimals, 0, 12);
  section.read_number("size_decimals", lines.size_decimals, 0, 18);
  section.read_number("kraken_depth", lines.kraken_depth, 0, 1000);
  section.read_number("max_document_mib", lines.max_document_mib, 1, 64);
  section.read_number("watchdog_ms", lines.watchdog_ms, 0, 3'600'000);
  read_back_off(section, "reconnect_ms", lines.reconnect_ms, "reconnect_max_ms",
                lines.reconnect_max_ms);
  return lines;
}

void read_lines(const ConfigSection& section, const ConfigOrigin& origin, ChannelConfig& channel,
                std::set<std::string>& endpoints) {
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
}

// Keys that mean nothing with the transport of the channel are mistakes.
void refuse_keys_of_other_transport(const ConfigSection& section, Transport transport) {
  constexpr std::array kOfMold{
      Keys{"lines"},         Keys{"recovery"},           Keys{"hold_packets"},
      Keys{"hold_ms"},       Keys{"line_dead_ms"},       Keys{"conflict_window"},
      Keys{"batch_packets"}, Keys{"max_datagram_bytes"}, Keys{"udp_gro"}};
  constexpr std::array kOfSoup{Keys{"soupbintcp"}};
  constexpr std::array kOfJson{Keys{"json_lines"}};
  const auto refuse = [&](std::span<const Keys> keys, Transport of) {
    if (of == transport) return;
    for (const Keys key : keys) {
      if (!section.has(key)) continue;
      section.fail(key, "'" + std::string{key} + "' is for channels with 'transport: " +
                            std::string{kTransports.at(static_cast<std::size_t>(of))} +
                            "'; this one has " +
                            std::string{kTransports.at(static_cast<std::size_t>(transport))});
    }
  };
  refuse(kOfMold, Transport::moldudp64);
  refuse(kOfSoup, Transport::soupbintcp);
  refuse(kOfJson, Transport::json_lines);
  if (transport == Transport::json_lines && section.has("snapshot")) {
    section.fail("snapshot",
                 "'snapshot' is a GLIMPSE server, and channels with 'transport: "
                 "json_lines' have none");
  }
}

ChannelConfig read_channel(const ConfigSection& section, Config& config,
                           std::set<std::string>& endpoints) {
  const ConfigOrigin& origin = config.origin;
  const pool::PoolConfig& buffers = config.pool.serialization;
  ChannelConfig channel;
  read_name(section, "totalview", channel.name);
  section.read_flag("required", channel.required);
  section.read_choice("transport", channel.transport, kTransports);
  refuse_keys_of_other_transport(section, channel.transport);
  section.read_choice("receive_mode", channel.receive_mode, kReceiveModes);
  section.read_number("receive_buffer_bytes", channel.receive_buffer_bytes, 4096, kMaxSocketBuffer);
  section.read_number("max_datagram_bytes", channel.max_datagram_bytes, 20, 65507);
  section.read_number("batch_packets", channel.batch_packets, 1, 64);
  section.read_flag("udp_gro", channel.udp_gro);
  section.read_number("hold_packets", channel.hold_packets, 0, 65536);
  section.read_number("hold_ms", channel.hold_ms, 0, 60000);
  section.read_number("line_dead_ms", channel.line_dead_ms, 0, 3'600'000);
  section.read_number("conflict_window", channel.conflict_window, 0, 1 << 24);
  check_batch_fits(section, channel, buffers.buffer_bytes);
  if (section.has("recovery")) {
    channel.recovery =
        read_recovery(section.section("recovery", kRecoveryKeys), origin, channel.hold_ms);
  }
  if (section.has("snapshot")) {
    channel.snapshot = read_snapshot(section.section("snapshot", kSnapshotKeys), origin,
                                     std::uint64_t{buffers.buffer_bytes} * buffers.buffer_count);
  }
  if (channel.transport == Transport::soupbintcp) {
    section.require("soupbintcp", "{servers: [10.1.2.3:26600]}");
    channel.soupbintcp = read_soupbintcp(section.section("soupbintcp", kSoupBinTcpKeys), origin);
  } else if (channel.transport == Transport::json_lines) {
    section.require("json_lines", "{servers: [10.1.2.3:7000]}");
    channel.json_lines = read_json_lines(section.section("json_lines", kJsonLinesKeys), origin);
  } else {
    read_lines(section, origin, channel, endpoints);
  }
  return channel;
}

// What "auto" is, as far as the channels say it: JSON has a transport of its own, and SoupBinTCP,
// MoldUDP64 requests and GLIMPSE are Nasdaq's.
void settle_protocol(FeedConfig& feed) {
  if (feed.protocol != "auto") return;
  for (const ChannelConfig& channel : feed.channels) {
    if (channel.transport == Transport::json_lines) {
      feed.protocol = "json";
    } else if (channel.transport == Transport::soupbintcp || !channel.recovery.servers.empty() ||
               !channel.snapshot.servers.empty()) {
      feed.protocol = "itch50";
    }
  }
}

void refuse_protocol_of_other_transport(const ConfigSection& section, const FeedConfig& feed) {
  for (const ChannelConfig& channel : feed.channels) {
    const bool is_json = channel.transport == Transport::json_lines;
    if (is_json == (feed.protocol == "json")) continue;
    section.fail("protocol",
                 "'protocol' is '" + feed.protocol + "' and channel '" + channel.name +
                     "' has 'transport: " +
                     std::string{kTransports.at(static_cast<std::size_t>(channel.transport))} +
                     "'; 'protocol: json' and 'transport: json_lines' go together");
  }
  if (feed.protocol == "auto" || feed.protocol == "itch50" || feed.protocol == "json") return;
  for (const ChannelConfig& channel : feed.channels) {
    if (feed.protocol == "iex" &&
        (!channel.recovery.servers.empty() || !channel.snapshot.servers.empty())) {
      section.fail("protocol", "'protocol' is 'iex' and channel '" + channel.name +
                                   "' has recovery or snapshot servers; these speak MoldUDP64 and "
                                   "GLIMPSE, leave them out");
    }
    if (channel.transport == Transport::moldudp64) continue;
    section.fail("protocol", "'protocol' is '" + feed.protocol + "' and channel '" + channel.name +
                                 "' comes over soupbintcp; write 'protocol: itch50'");
  }
}

}  // namespace

std::string server_text(const ServerConfig& server) {
  const bool is_v6 = server.address.find(':') != std::string::npos;
  return (is_v6 ? "[" + server.address + "]" : server.address) + ":" + std::to_string(server.port);
}

void read_feeds(const ConfigSection& top, Config& config) {
  top.require("feeds", "");
  std::set<std::string> feed_names;
  std::set<std::string> archive_names;
  std::set<std::string> endpoints;
  for (const ConfigSection& part : top.sections("feeds", kFeedKeys)) {
    FeedConfig feed;
    read_name(part, "nasdaq", feed.name);
    note_name(part, "feed", feed.name, feed_names);
    if (part.has("protocol")) feed.protocol = kProtocols.at(part.choice("protocol", kProtocols));
    part.require("channels", "");
    std::set<std::string> channel_names;
    for (const ConfigSection& inner : part.sections("channels", kChannelKeys)) {
      ChannelConfig channel = read_channel(inner, config, endpoints);
      note_name(inner, "channel", channel.name, channel_names);
      note_archive_name(inner, feed.name, channel.name, archive_names);
      feed.channels.push_back(std::move(channel));
    }
    settle_protocol(feed);
    refuse_protocol_of_other_transport(part, feed);
    config.feeds.push_back(std::move(feed));
  }
}

}  // namespace tapeline

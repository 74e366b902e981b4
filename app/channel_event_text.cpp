#include "app/channel_event_text.hpp"

#include <spdlog/fmt/fmt.h>

#include <system_error>
#include <vector>

#include "app/config_feeds.hpp"
#include "app/escaped_text.hpp"
#include "app/feed/json_feed.hpp"
#include "app/snapshot_client.hpp"
#include "net/sequencer_stats.hpp"
#include "net/stream_protocol.hpp"

namespace tapeline {

namespace {

[[nodiscard]] std::string range_text(const ChannelEvent& event) {
  return fmt::format("messages {} to {} ({})", event.first, event.last_exclusive - 1,
                     event.last_exclusive - event.first);
}

[[nodiscard]] std::string line_name(const ChannelEvent& event, const ChannelConfig& config) {
  return event.index < config.lines.size() ? config.lines[event.index].name
                                           : std::to_string(event.index);
}

[[nodiscard]] std::string server_name(const ChannelEvent& event,
                                      const std::vector<ServerConfig>& servers) {
  return event.index < servers.size() ? server_text(servers[event.index])
                                      : std::to_string(event.index);
}

[[nodiscard]] std::string time_text(std::int64_t nanos) {
  return fmt::format("{:.1f} ms", static_cast<double>(nanos) * 1e-6);
}

[[nodiscard]] const char* to_text(net::SnapshotEnd end) noexcept {
  switch (end) {
    case net::SnapshotEnd::filled: return "what was missing came after all";
    case net::SnapshotEnd::overflow: return "no room to hold more messages, raise hold_mib";
    case net::SnapshotEnd::timeout: return "it did not come in time";
    case net::SnapshotEnd::session: return "the session has ended";
    case net::SnapshotEnd::abandoned: return "no server gave one";
  }
  return "unknown";
}

[[nodiscard]] std::string letter_text(std::uint8_t letter) {
  const char c = static_cast<char>(letter);
  return c > ' ' && c <= '~' ? fmt::format("'{}'", c) : fmt::format("0x{:02x}", letter);
}

[[nodiscard]] std::string rejection_text(std::uint8_t reason) {
  switch (static_cast<codec::soupbintcp::RejectReason>(reason)) {
    case codec::soupbintcp::RejectReason::not_authorized:
      return "not authorised; check the credentials";
    case codec::soupbintcp::RejectReason::session_not_available: return "session not available";
  }
  return "reason " + letter_text(reason);
}

[[nodiscard]] std::string disconnect_text(const ChannelEvent& event) {
  std::string text{net::to_string(static_cast<net::DisconnectReason>(event.reason))};
  for (char& c : text) c = c == '_' ? ' ' : c;
  if (event.error != 0) text += ": " + std::system_category().message(event.error);
  return text;
}

[[nodiscard]] std::string session_name(const ChannelEvent& event) {
  return escaped_text(net::session_name(event.session));
}

[[nodiscard]] std::string symbol_gap_text(const ChannelEvent& event) {
  const std::string symbol = escaped_text(event.symbol.view());
  switch (static_cast<feed::JsonGap::Of>(event.reason)) {
    case feed::JsonGap::Of::trades:
      return fmt::format("{}: {} trades from number {} on are missing, its volume is incomplete",
                         symbol, event.count, event.first);
    case feed::JsonGap::Of::updates:
      return fmt::format("{}: book updates from number {} on are missing, its book is stale",
                         symbol, event.first);
    case feed::JsonGap::Of::checksum:
      return fmt::format("{}: the book does not have the checksum of the venue, it is stale",
                         symbol);
  }
  return symbol + ": something is missing";
}

[[nodiscard]] std::string snapshot_text(const ChannelEvent& event, const ChannelConfig& config) {
  const std::string server = server_name(event, config.snapshot.servers);
  switch (event.kind) {
    case ChannelEventKind::snapshot_wanted:
      return fmt::format("a snapshot is wanted: messages are missing from {} on", event.first);
    case ChannelEventKind::snapshot_begun:
      return fmt::format("snapshot of session '{}' begun from {}", session_name(event), server);
    case ChannelEventKind::snapshot_applied:
      return fmt::format("snapshot applied: {} messages from {} in {}, goes on with message {}",
                         event.count, server, time_text(event.nanos), event.first);
    case ChannelEventKind::snapshot_failed:
      return fmt::format("snapshot from {} failed after {} messages: {}", server, event.count,
                         tapeline::to_text(static_cast<SnapshotFailure>(event.reason)));
    case ChannelEventKind::snapshot_not_waited:
      return fmt::format("goes on without a snapshot: {}",
                         to_text(static_cast<net::SnapshotEnd>(event.reason)));
    default: return "unknown event";
  }
}

[[nodiscard]] std::string tcp_text(const ChannelEvent& event, const ChannelConfig& config) {
  const bool of_snapshot = event.count != 0;
  const bool of_json = config.transport == Transport::json_lines;
  const std::string server = server_name(event, of_snapshot ? config.snapshot.servers
                                                : of_json   ? config.json_lines.servers
                                                            : config.soupbintcp.servers);
  switch (event.kind) {
    case ChannelEventKind::tcp_connected: return fmt::format("connected to {}", server);
    case ChannelEventKind::tcp_disconnected:
      return fmt::format("not connected to {}: {}", server, disconnect_text(event));
    case ChannelEventKind::tcp_login:
      return fmt::format("logged in to {}: session '{}', goes on with message {}", server,
                         session_name(event), event.first);
    case ChannelEventKind::tcp_rejected:
      return fmt::format("{} rejected the {}login: {}", server, of_snapshot ? "snapshot " : "",
                         rejection_text(event.reason));
    default: return "unknown event";
  }
}

}  // namespace

std::string event_text(const ChannelEvent& event, const ChannelConfig& config) {
  switch (event.kind) {
    case ChannelEventKind::gap: return fmt::format("gap: {} lost", range_text(event));
    case ChannelEventKind::recovered:
      return fmt::format("gap: {} came by request after {}", range_text(event),
                         time_text(event.nanos));
    case ChannelEventKind::bridged:
      return fmt::format("gap: {} bridged by a snapshot; volumes and VWAPs miss them",
                         range_text(event));
    case ChannelEventKind::session:
      return fmt::format("session '{}' begins for us at message {}", session_name(event),
                         event.first);
    case ChannelEventKind::end_of_session:
      return fmt::format("session '{}' ended before message {}", session_name(event), event.first);
    case ChannelEventKind::resync:
      return fmt::format("position was forged or wrong: back to message {}", event.first);
    case ChannelEventKind::line_dead:
      return fmt::format(
          "line {} is dead after {} packets: none for {} ms while another line has some",
          line_name(event, config), event.count, config.line_dead_ms);
    case ChannelEventKind::line_alive:
      return fmt::format("line {} is alive again: {} packets", line_name(event, config),
                         event.count);
    case ChannelEventKind::server_silent:
      return fmt::format("re-request server {} does not answer",
                         server_name(event, config.recovery.servers));
    case ChannelEventKind::server_answers:
      return fmt::format("re-request server {} answers again",
                         server_name(event, config.recovery.servers));
    case ChannelEventKind::snapshot_wanted:
    case ChannelEventKind::snapshot_begun:
    case ChannelEventKind::snapshot_applied:
    case ChannelEventKind::snapshot_failed:
    case ChannelEventKind::snapshot_not_waited: return snapshot_text(event, config);
    case ChannelEventKind::tcp_connected:
    case ChannelEventKind::tcp_disconnected:
    case ChannelEventKind::tcp_login:
    case ChannelEventKind::tcp_rejected: return tcp_text(event, config);
    case ChannelEventKind::symbol_gap: return symbol_gap_text(event);
  }
  return "unknown event";
}

std::string kind_text(ChannelEventKind kind) {
  switch (kind) {
    case ChannelEventKind::gap: return "gap";
    case ChannelEventKind::recovered: return "recovered";
    case ChannelEventKind::bridged: return "bridged";
    case ChannelEventKind::session: return "session";
    case ChannelEventKind::end_of_session: return "end of session";
    case ChannelEventKind::resync: return "resync";
    case ChannelEventKind::line_dead: return "line dead";
    case ChannelEventKind::line_alive: return "line alive";
    case ChannelEventKind::server_silent: return "re-request server silent";
    case ChannelEventKind::server_answers: return "re-request server answers";
    case ChannelEventKind::snapshot_wanted: return "snapshot wanted";
    case ChannelEventKind::snapshot_begun: return "snapshot begun";
    case ChannelEventKind::snapshot_applied: return "snapshot applied";
    case ChannelEventKind::snapshot_failed: return "snapshot failed";
    case ChannelEventKind::snapshot_not_waited: return "snapshot not waited for";
    case ChannelEventKind::tcp_connected: return "connected";
    case ChannelEventKind::tcp_disconnected: return "not connected";
    case ChannelEventKind::tcp_login: return "login";
    case ChannelEventKind::tcp_rejected: return "login rejected";
    case ChannelEventKind::symbol_gap: return "symbol gap";
  }
  return "unknown event";
}

bool is_warning(const ChannelEvent& event) noexcept {
  switch (event.kind) {
    case ChannelEventKind::gap:
    case ChannelEventKind::bridged:
    case ChannelEventKind::resync:
    case ChannelEventKind::line_dead:
    case ChannelEventKind::server_silent:
    case ChannelEventKind::snapshot_failed:
    case ChannelEventKind::tcp_rejected:
    case ChannelEventKind::symbol_gap: return true;
    case ChannelEventKind::snapshot_not_waited:
      return static_cast<net::SnapshotEnd>(event.reason) != net::SnapshotEnd::filled;
    case ChannelEventKind::tcp_disconnected: {
      const auto reason = static_cast<net::DisconnectReason>(event.reason);
      return reason != net::DisconnectReason::stopped &&
             reason != net::DisconnectReason::end_of_session;
    }
    case ChannelEventKind::recovered:
    case ChannelEventKind::session:
    case ChannelEventKind::end_of_session:
    case ChannelEventKind::line_alive:
    case ChannelEventKind::server_answers:
    case ChannelEventKind::snapshot_wanted:
    case ChannelEventKind::snapshot_begun:
    case ChannelEventKind::snapshot_applied:
    case ChannelEventKind::tcp_connected:
    case ChannelEventKind::tcp_login: return false;
  }
  return true;
}

}  // namespace tapeline

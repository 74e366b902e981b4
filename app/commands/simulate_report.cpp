#include "app/commands/simulate_report.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace tapeline::commands {

namespace {

using Json = nlohmann::ordered_json;
using Count = std::pair<const char*, std::uint64_t>;
using Counts = std::vector<Count>;

[[nodiscard]] Counts request_counts(const simulate::RequestCounters& counters) {
  return {{"requests", counters.requests.get()},
          {"answers", counters.answers.get()},
          {"messages", counters.messages.get()},
          {"bytes", counters.bytes.get()},
          {"shortened", counters.shortened.get()},
          {"not_held", counters.not_held.get()},
          {"refused_peers", counters.refused_peers.get()},
          {"malformed", counters.malformed.get()},
          {"foreign_session", counters.foreign.get()},
          {"over_rate", counters.over_rate.get()},
          {"faults", counters.faults.get()},
          {"unsent", counters.unsent.get()}};
}

[[nodiscard]] Counts request_fault_counts(const simulate::ServerFaultCounts& counts) {
  return {{"lost_requests", counts.lost_requests},
          {"silent", counts.silent},
          {"lost_answers", counts.lost_answers},
          {"short_answers", counts.short_answers}};
}

[[nodiscard]] Counts soup_counts(const simulate::SoupCounters& counters) {
  return {{"connections", counters.connections.get()},
          {"turned_away", counters.turned_away.get()},
          {"logins", counters.logins.get()},
          {"rejected_account", counters.rejected_account.get()},
          {"rejected_session", counters.rejected_session.get()},
          {"messages", counters.messages.get()},
          {"bytes", counters.bytes.get()},
          {"heartbeats", counters.heartbeats.get()},
          {"ends", counters.ends.get()},
          {"logouts", counters.logouts.get()},
          {"disconnects", counters.disconnects.get()},
          {"never_logged_in", counters.never_logged_in.get()},
          {"silent_clients", counters.silent_clients.get()},
          {"slow_clients", counters.slow_clients.get()},
          {"malformed", counters.malformed.get()},
          {"fault_resets", counters.resets.get()},
          {"fault_silences", counters.silences.get()}};
}

[[nodiscard]] Counts line_fault_counts(const simulate::LineFaultCounts& counts) {
  return {{"sent", counts.sent},
          {"lost", counts.lost},
          {"lost_in_bursts", counts.lost_in_bursts},
          {"bursts", counts.bursts},
          {"lost_dead", counts.lost_dead},
          {"duplicates", counts.duplicates},
          {"held_back", counts.held_back},
          {"foreign", counts.foreign},
          {"crowded_out", counts.crowded_out},
          {"delivered", counts.delivered}};
}

// Those that are not 0, and the first one.
[[nodiscard]] std::string text_of(const char* name, const Counts& counts) {
  std::string text = fmt::format("{}: {} {}", name, counts.front().second, counts.front().first);
  for (std::size_t at = 1; at < counts.size(); ++at) {
    const auto& [what, count] = counts[at];
    if (count > 0) text += fmt::format(", {} {}", count, what);
  }
  std::replace(text.begin(), text.end(), '_', ' ');
  return text + "\n";
}

[[nodiscard]] Json json_of(const Counts& counts) {
  Json object = Json::object();
  for (const auto& [name, count] : counts) object[name] = count;
  return object;
}

[[nodiscard]] Json by_kind(const std::array<std::uint64_t, simulate::kMalformedKinds>& counts) {
  Json object = Json::object();
  for (std::size_t kind = 0; kind < counts.size(); ++kind) {
    if (counts[kind] == 0) continue;
    const auto name = simulate::to_string(static_cast<simulate::MalformedKind>(kind));
    object[std::string{name}] = counts[kind];
  }
  return object;
}

[[nodiscard]] Json line_faults_json(const LiveReport& report) {
  Json lines = Json::array();
  const simulate::FaultModel* const faults = report.link.faults();
  if (faults == nullptr) return lines;
  for (std::size_t line = 0; line < faults->lines(); ++line) {
    const simulate::LineFaultCounts& counts = faults->counts(line);
    Json object{{"line", std::string(1, report.options.lines[line])}};
    object.update(json_of(line_fault_counts(counts)));
    object["malformed"] = by_kind(counts.malformed);
    object["damaged"] = by_kind(counts.damaged);
    lines.push_back(std::move(object));
  }
  return lines;
}

[[nodiscard]] Counts snapshot_counts(const simulate::GlimpseService& service) {
  const simulate::SnapshotCounts& counts = service.builder().counts();
  return {{"open_orders", service.builder().open_orders()},
          {"unknown_orders", counts.unknown_orders},
          {"repeated_orders", counts.repeated_orders},
          {"unreadable", counts.unreadable}};
}

void add_servers(const LiveReport& report, Json& document) {
  const simulate::Exchange& exchange = *report.exchange;
  if (exchange.requests() != nullptr) {
    Json server{{"port", exchange.request_port()}};
    server.update(json_of(request_counts(exchange.requests()->counters())));
    server["by_fault"] = json_of(request_fault_counts(exchange.requests()->faults().counts()));
    document["request_server"] = std::move(server);
  }
  if (exchange.soup() != nullptr) {
    Json server{{"port", exchange.soup()->port()}};
    server.update(json_of(soup_counts(exchange.soup()->counters())));
    document["soup_server"] = std::move(server);
  }
  if (exchange.glimpse() != nullptr) {
    Json server{{"port", exchange.glimpse()->port()}};
    server.update(json_of(soup_counts(exchange.glimpse()->counters())));
    server["whole"] = exchange.snapshots()->is_whole();
    server["state"] = json_of(snapshot_counts(*exchange.snapshots()));
    document["glimpse_server"] = std::move(server);
  }
}

[[nodiscard]] std::string fault_text(const LiveReport& report) {
  if (report.link.faults() == nullptr) return {};
  std::string text = simulate::describe_faults(*report.link.faults());
  if (report.options.lines == "B") text.replace(0, 6, "line b");  // the only one, and yet line b
  return text;
}

}  // namespace

std::string summary_line(const Summary& summary, const std::string& where) {
  const double seconds = static_cast<double>(std::max<std::uint64_t>(summary.ns, 1)) / 1e9;
  const std::string packets =
      summary.packets == 0 ? "" : std::to_string(summary.packets) + " packets, ";
  return fmt::format("{} messages, {}{} bytes in {:.2f} s ({:.0f} messages/s) {}\n",
                     summary.messages, packets, summary.bytes, seconds,
                     static_cast<double>(summary.messages) / seconds, where);
}

std::string live_report_text(const LiveReport& report) {
  const simulate::PlayCounts& counts = report.counts;
  std::string text =
      summary_line({counts.messages, counts.packets, counts.bytes, counts.sending_ns},
                   counts.was_stopped ? "on each line; stopped by a signal" : "on each line");
  if (report.capture != nullptr && report.capture->missing() > 0) {
    text += fmt::format("{} messages are missing in the capture\n", report.capture->missing());
  }
  text += fault_text(report);
  if (report.exchange == nullptr) return text;
  const simulate::Exchange& exchange = *report.exchange;
  if (exchange.requests() != nullptr) {
    text += text_of("re-request server", request_counts(exchange.requests()->counters()));
    const simulate::ServerFaultCounts& faults = exchange.requests()->faults().counts();
    if (report.options.faults.find("server-") != std::string::npos) {
      text += text_of("re-request server faults", request_fault_counts(faults));
    }
  }
  if (exchange.soup() != nullptr) {
    text += text_of("SoupBinTCP server", soup_counts(exchange.soup()->counters()));
  }
  if (exchange.glimpse() != nullptr) {
    text += text_of("GLIMPSE server", soup_counts(exchange.glimpse()->counters()));
    if (!exchange.snapshots()->is_whole()) {
      text += "GLIMPSE server: no snapshots any more: it could not keep up with what was sent\n";
    }
  }
  return text;
}

std::string live_report_json(const LiveReport& report) {
  const simulate::PlayCounts& counts = report.counts;
  Json document{{"session", report.session},
                {"messages", counts.messages},
                {"packets", counts.packets},
                {"bytes", counts.bytes},
                {"seconds", static_cast<double>(counts.sending_ns) / 1e9},
                {"stopped", counts.was_stopped},
                {"unsent_packets", report.link.unsent()}};
  if (report.capture != nullptr) {
    document["capture"] = {{"missing_messages", report.capture->missing()},
                           {"damaged", !report.capture->error().empty()}};
  }
  document["line_faults"] = line_faults_json(report);
  if (report.exchange != nullptr) add_servers(report, document);
  return document.dump(2) + "\n";
}

}  // namespace tapeline::commands

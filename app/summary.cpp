#include "app/summary.hpp"

#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>
#include <numeric>

#include "app/commands/usage.hpp"
#include "app/escaped_text.hpp"
#include "app/status/status_page.hpp"
#include "codec/decimal_text.hpp"

namespace tapeline {

namespace {

using status::ChannelStatus;
using status::NamedCount;

[[nodiscard]] std::uint64_t total(const std::vector<NamedCount>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const NamedCount& c) { return sum + c.count; });
}

[[nodiscard]] std::string utc(std::int64_t nanos) {
  const std::time_t seconds = nanos / 1'000'000'000;
  return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:09}", fmt::gmtime(seconds), nanos % 1'000'000'000);
}

[[nodiscard]] std::string mib(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024.0 * 1024.0));
}

[[nodiscard]] std::string joined(const std::vector<NamedCount>& counts) {
  std::string text;
  for (const NamedCount& c : counts) {
    if (c.count > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", c.name, grouped(c.count));
  }
  return text;
}

[[nodiscard]] std::string number(double value, int decimals) {
  return std::isnan(value) ? "-" : fmt::format("{:.{}f}", value, decimals);
}

[[nodiscard]] std::string volume(const status::TopInstrument& row) {
  if (row.size_decimals == 0) return grouped(row.volume);
  return std::string{codec::DecimalText{row.volume, row.size_decimals}.view()};
}

// Over all channels.
struct Found {
  std::uint64_t symbols = 0;
  std::uint64_t messages = 0;
  std::uint64_t gaps = 0;
};

[[nodiscard]] Found count_found(const status::StatusSnapshot& snapshot) {
  Found found;
  for (const status::FeedStatus& feed : snapshot.feeds) {
    for (const ChannelStatus& channel : feed.channels) {
      found.messages += channel.messages;
      found.gaps += channel.gaps;
    }
  }
  for (const status::MarketStatus& market : snapshot.markets) found.symbols += market.instruments;
  return found;
}

void add_row(std::string& out, const char* label, const std::string& text) {
  out += fmt::format("{:<12}{}\n", label, text);
}

[[nodiscard]] std::string by_type(std::vector<NamedCount> types) {
  std::stable_sort(types.begin(), types.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  return joined(types);
}

// Of channels with servers for it, or where something was closed by more than waiting.
void add_remedies(std::string& out, const ChannelStatus& channel) {
  for (const status::RecoveryStatus& recovery : channel.recovery) {
    add_row(out, "requests",
            fmt::format("{} to {}, {} answers, {} without answer", grouped(recovery.requests),
                        recovery.server, grouped(recovery.answers), grouped(recovery.timeouts)));
  }
  for (const status::SnapshotStatus& snapshot : channel.snapshots) {
    add_row(out, "snapshots",
            fmt::format("{} applied, {} failed, {} messages bridged", grouped(snapshot.applied),
                        grouped(snapshot.failed), grouped(channel.bridged_messages)));
  }
  for (const status::TcpStatus& tcp : channel.tcp) {
    add_row(out, "session",
            fmt::format("{} ({}), {} connections, {} silences, {} logins rejected", tcp.server,
                        tcp.state, grouped(tcp.connections), grouped(tcp.silences),
                        grouped(tcp.rejected)));
  }
  if (const std::string closed = joined(channel.resolved); !closed.empty()) {
    add_row(out, "holes", closed + " (by what closed them)");
  }
}

void add_channel(std::string& out, const SummaryHead& head, const ChannelStatus& channel) {
  const double rate = head.elapsed_seconds > 0.0
                          ? static_cast<double>(channel.messages) / head.elapsed_seconds
                          : 0.0;
  add_row(out, "messages",
          fmt::format("{} in {} packets, {:.2f} s, {:.2f} M messages/s", grouped(channel.messages),
                      grouped(channel.packets), head.elapsed_seconds, rate / 1e6));
  if (channel.messages > 0) add_row(out, "by type", by_type(channel.messages_by_type));
  add_row(out, "sequence",
          fmt::format("session '{}', {} gaps, {} messages lost, {} duplicates",
                      escaped_text(channel.session), grouped(channel.gaps),
                      grouped(channel.lost_messages), grouped(channel.duplicates)));
  const std::string malformed = joined(channel.malformed);
  add_row(
      out, "malformed",
      fmt::format("{}{}; unknown types {}", grouped(total(channel.malformed)),
                  malformed.empty() ? "" : " (" + malformed + ")", grouped(channel.unknown_types)));
  if (const std::string odd = joined(channel.anomalies); !odd.empty()) {
    add_row(out, "anomalies", odd);
  }
  add_remedies(out, channel);
  if (channel.stale) {
    add_row(out, "STALE", "messages are missing: the books are not those of the exchange");
  }
  if (channel.incomplete) {
    add_row(out, "INCOMPLETE",
            "messages are missing: volumes and VWAPs of the session are too small");
  }
  for (const status::LineStatus& line : channel.lines) {
    std::string text =
        fmt::format("{} packets, {} messages first, {} duplicates", grouped(line.packets),
                    grouped(line.messages_won), grouped(line.duplicates));
    if (line.conflicts > 0) text += fmt::format(", {} CONFLICTS", grouped(line.conflicts));
    if (line.deaths > 0) {
      text += line.alive ? fmt::format(", was dead {} times", grouped(line.deaths)) : ", is DEAD";
    }
    if (line.receive_buffer_got_bytes > 0) {
      text += fmt::format(", {} dropped by the kernel", grouped(line.kernel_drops));
    }
    add_row(out, "line", fmt::format("{} {}:{}: {}", line.name, line.group, line.port, text));
  }
}

void add_market(std::string& out, const status::MarketStatus& market, std::size_t top) {
  add_row(out, "market",
          fmt::format("{} instruments, {} open orders on {} levels, {} trades",
                      grouped(market.instruments), grouped(market.open_orders),
                      grouped(market.levels), grouped(market.trades)));
  if (const std::string odd = joined(market.anomalies); !odd.empty()) {
    add_row(out, "", "contradictions: " + odd);
  }
  if (market.top.empty() || top == 0) return;
  out += fmt::format("\n{:<12} {:>13} {:>11} {:>13} {:>9} {:>11} {:>11}\n", "instrument", "VWAP",
                     "last", "volume", "trades", "bid", "ask");
  for (const auto& row : market.top) {
    if (top-- == 0) break;
    const int decimals = row.price_decimals;
    out += fmt::format("{:<12} {:>13} {:>11} {:>13} {:>9} {:>11} {:>11}\n",
                       escaped_text(row.symbol_text()), number(row.vwap, decimals + 2),
                       number(row.last, decimals), volume(row), grouped(row.trades),
                       number(row.bid, decimals), number(row.ask, decimals));
  }
  out += '\n';
}

}  // namespace

std::string missed_text(const status::MissedStatus& missed) {
  std::string text = fmt::format("{} packets missed from {} to {}", grouped(missed.packets),
                                 utc(missed.first_time_ns), utc(missed.last_time_ns));
  if (missed.last == 0) return text;
  return text + fmt::format(" (session {}, {} to {})", commands::one_line(missed.session),
                            missed.first, missed.last);
}

namespace {

void add_archive(std::string& out, const status::ArchiveStatus& archive) {
  if (archive.packets == 0 && archive.last_error.empty()) {
    return add_row(out, "archive", "nothing written");
  }
  add_row(out, "archive",
          fmt::format("{} ({} packets in {} frames, {} of pcap in {}, ratio {:.2f})", archive.file,
                      grouped(archive.packets), grouped(archive.frames), mib(archive.bytes_in),
                      mib(archive.bytes_out),
                      archive.bytes_out == 0 ? 0.0
                                             : static_cast<double>(archive.bytes_in) /
                                                   static_cast<double>(archive.bytes_out)));
  if (archive.loss_notes > 0) {
    add_row(out, "", fmt::format("{} notes of declared losses", grouped(archive.loss_notes)));
  }
  if (!archive.complete) {
    add_row(out, "",
            fmt::format("NOT archived: {} packets for a full ring, {} for errors ({})",
                        grouped(archive.gap_packets), grouped(archive.lost_packets),
                        archive.last_error));
  }
  if (archive.outages > 0) add_row(out, "", "last outage: " + missed_text(archive.last_missed));
  if (archive.missing.packets > 0) add_row(out, "", "at the end: " + missed_text(archive.missing));
}

void add_pool(std::string& out, const char* name, const pool::BufferCounts& c) {
  out += fmt::format("{:<14}{:>8}{:>8}{:>8}{:>12}{:>12}{:>10}{:>10}{:>10}{:>8}{:>12}\n", name,
                     grouped(c.buffers), grouped(c.in_use), grouped(c.peak_in_use),
                     grouped(c.acquires), grouped(c.cache_hits), grouped(c.stack_hits),
                     grouped(c.fallback_allocations), grouped(c.refusals),
                     grouped(c.cas_retries_pop + c.cas_retries_push), mib(c.bytes_now));
}

void add_pools(std::string& out, const pool::BufferPoolStats& pools) {
  out += fmt::format("\n{:<14}{:>8}{:>8}{:>8}{:>12}{:>12}{:>10}{:>10}{:>10}{:>8}{:>12}\n", "pool",
                     "buffers", "in use", "peak", "acquires", "cache hits", "stack", "overflow",
                     "refused", "retries", "memory");
  add_pool(out, "serialization", pools.serialization);
  add_pool(out, "compression", pools.compression);
  add_pool(out, "simd", pools.simd);
}

// "1 gap", "1,234 gaps".
[[nodiscard]] std::string counted(std::uint64_t count, const char* what) {
  return fmt::format("{} {}{}", grouped(count), what, count == 1 ? "" : "s");
}

// What was found in the files.
void add_found(std::string& out, const SummaryHead& head, const status::StatusSnapshot& snapshot) {
  if (head.feed.empty()) return;
  const Found found = count_found(snapshot);
  add_row(
      out, "feed",
      fmt::format("{}{}{}: {}, {}, {}", head.feed, head.session_day.empty() ? "" : ", session of ",
                  head.session_day, counted(found.symbols, "symbol"),
                  counted(found.messages, "message"), counted(found.gaps, "gap")));
}

void add_pace(std::string& out, const PaceSummary& pace) {
  const auto us = [](std::int64_t ns) {
    return fmt::format("{:.0f}", static_cast<double>(ns) / 1e3);
  };
  add_row(
      out, "pace",
      fmt::format("{:g} times the recorded one; packets were late by {} us (p50), {} us (p99), "
                  "{} us (most)",
                  pace.speed, us(pace.late_p50_ns), us(pace.late_p99_ns), us(pace.late_max_ns)));
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

std::string summary_text(const SummaryHead& head, const status::StatusSnapshot& snapshot,
                         std::size_t top) {
  std::string out;
  for (const std::string& file : head.files) add_row(out, "capture", commands::one_line(file));
  add_found(out, head, snapshot);
  if (head.first_packet_ns != 0) {
    add_row(out, "time",
            fmt::format("{} to {} UTC", utc(head.first_packet_ns), utc(head.last_packet_ns)));
  }
  if (head.loops > 1) add_row(out, "loops", grouped(head.loops));
  if (head.pace) add_pace(out, *head.pace);
  if (head.interrupted) add_row(out, "interrupted", "the rest was not played");
  std::size_t market = 0;
  for (const status::FeedStatus& feed : snapshot.feeds) {
    for (const ChannelStatus& channel : feed.channels) {
      add_row(out, "channel", fmt::format("{}/{}", feed.name, channel.name));
      add_channel(out, head, channel);
      if (market < snapshot.markets.size()) add_market(out, snapshot.markets[market++], top);
    }
  }
  if (total(head.skipped) > 0) add_row(out, "capture had", joined(head.skipped));
  for (const status::ArchiveStatus& archive : snapshot.archives) add_archive(out, archive);
  add_pools(out, snapshot.pools);
  return out;
}

std::string summary_json(const SummaryHead& head, const status::StatusSnapshot& snapshot) {
  auto json = nlohmann::ordered_json::parse(status::status_json(snapshot));
  auto& summary = json["summary"];
  summary["command"] = head.command;
  summary["files"] = head.files;
  summary["elapsed_seconds"] = head.elapsed_seconds;
  summary["interrupted"] = head.interrupted;
  summary["first_packet_ns"] = head.first_packet_ns;
  summary["last_packet_ns"] = head.last_packet_ns;
  if (!head.feed.empty()) {
    const Found found = count_found(snapshot);
    summary["feed"] = head.feed;
    summary["session_date"] = head.session_day.empty() ? nlohmann::ordered_json{}
                                                       : nlohmann::ordered_json(head.session_day);
    summary["symbols"] = found.symbols;
    summary["messages"] = found.messages;
    summary["gaps"] = found.gaps;
    summary["loops"] = head.loops;
  }
  if (head.pace) {
    summary["pace"] = {{"speed", head.pace->speed},
                       {"late_p50_seconds", static_cast<double>(head.pace->late_p50_ns) * 1e-9},
                       {"late_p99_seconds", static_cast<double>(head.pace->late_p99_ns) * 1e-9},
                       {"late_max_seconds", static_cast<double>(head.pace->late_max_ns) * 1e-9}};
  }
  for (const NamedCount& c : head.skipped) summary["skipped"][c.name] = c.count;
  return json.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace tapeline

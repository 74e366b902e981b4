#include "app/watch/tables.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/watch/cells.hpp"
#include "app/watch/number_text.hpp"

namespace tapeline::watch {
namespace {

constexpr double kSilenceSeconds = 15.0;  // as the status endpoint has it

[[nodiscard]] Cell channel_state(const ChannelReading& channel) {
  if (channel.awaits_snapshot) return text_cell("awaits snapshot", Style::bad);
  if (channel.stale) return text_cell("books stale", Style::bad);
  if (!channel.in_sync) {
    return channel.required ? text_cell("not in sync", Style::bad)
                            : text_cell("not in sync", Style::warn);
  }
  if (channel.incomplete) return text_cell("totals incomplete", Style::warn);
  return text_cell("in sync", Style::good);
}

[[nodiscard]] Cell line_state(const LineReading& line) {
  if (!line.alive) return text_cell("dead", Style::bad);
  if (line.last_packet_age_seconds > kSilenceSeconds) return text_cell("silent", Style::bad);
  if (line.packets == 0) return text_cell("no packet yet", Style::warn);
  return text_cell("alive", Style::good);
}

[[nodiscard]] Cell archive_state(const ArchiveReading& archive) {
  if (archive.failed) return text_cell("failed", Style::bad);
  if (!archive.complete) return text_cell(archive.state + ", misses packets", Style::bad);
  return text_cell(archive.state, Style::good);
}

[[nodiscard]] const LineReading* line_of(const StatusReading& reading, const std::string& channel,
                                         const std::string& line) {
  const ChannelReading* const of = named(reading.channels, channel);
  return of == nullptr ? nullptr : named(of->lines, line);
}

void add_line(const Moment& moment, const ChannelReading& channel, const LineReading& line,
              Table& table) {
  const double packets =
      moment.per_second([&](const StatusReading& reading) -> std::optional<std::uint64_t> {
        const LineReading* const found = line_of(reading, channel.name, line.name);
        return found == nullptr ? std::nullopt : std::optional{found->packets};
      });
  table.rows.push_back(Cells{text_cell(channel.name + " " + line.name), line_state(line),
                             rate(packets), share(line.share_won), seconds(line.lag.p50_seconds),
                             seconds(line.lag.p99_seconds), alarm(line.kernel_drops),
                             age(line.last_packet_age_seconds), count(line.packets),
                             alarm(line.conflicts), alarm(line.deaths, Style::warn),
                             text_cell(line.group + ":" + std::to_string(line.port))});
}

void add_tcp(const ChannelReading& channel, const TcpReading& tcp, Table& table) {
  const Cell none = number_cell("-", kUnknown);
  table.rows.push_back(Cells{
      text_cell(channel.name + " TCP"),
      text_cell(tcp.state, tcp.logged_in || tcp.over ? Style::good : Style::bad), none, none, none,
      none, none, age(tcp.last_bytes_age_seconds), count(tcp.packets), none,
      alarm(tcp.connections > 1 ? tcp.connections - 1 : 0, Style::warn), text_cell(tcp.server)});
}

template <typename HistogramOf>
void add_latency(const Moment& moment, std::string name, HistogramOf&& histogram_of, Table& table) {
  const HistogramReading& all = *histogram_of(moment.now());
  const std::vector<std::uint64_t> cells = moment.cells(histogram_of);
  const auto now = [&](double fraction) {
    return seconds(percentile(cells, all.bounds_seconds, fraction));
  };
  table.rows.push_back(Cells{text_cell(std::move(name)), text_cell(heat_text(cells)), now(0.5),
                             now(0.99), now(0.999), seconds(all.p50_seconds),
                             seconds(all.p99_seconds), seconds(all.p999_seconds),
                             count(all.count)});
}

// The title above the heat: from where to where it goes.
[[nodiscard]] std::string heat_title(const StatusReading& reading) {
  for (const ChannelReading& channel : reading.channels) {
    const auto& bounds = channel.latency.bounds_seconds;
    if (!bounds.empty()) {
      return "HOW OFTEN, " + seconds_text(bounds.front()) + " TO " + seconds_text(bounds.back());
    }
  }
  return "HOW OFTEN";
}

}  // namespace

Table channel_table(const Moment& moment) {
  Table table{.columns = {{"CHANNEL", true},
                          {"STATE", true},
                          {"MSG/S"},
                          {"PKT/S"},
                          {"MB/S"},
                          {"LOST"},
                          {"GAPS"},
                          {"HOLES"},
                          {"HELD"},
                          {"NEXT"},
                          {"P50"},
                          {"P99"},
                          {"P99.9"},
                          {"RECOVERED"},
                          {"MALFORMED"},
                          {"DUPLICATES"},
                          {"SESSION", true}},
              .rows = {},
              .nothing = "no channel"};
  for (const ChannelReading& channel : moment.now().channels) {
    table.rows.push_back(Cells{
        text_cell(channel.name), channel_state(channel), rate(channel.messages_per_second),
        rate(channel.packets_per_second), mega(channel.bytes_per_second),
        alarm(channel.lost_messages), alarm(channel.gaps), alarm(channel.holes_open, Style::warn),
        count(channel.held_packets), count(channel.expected_sequence),
        seconds(channel.latency.p50_seconds), seconds(channel.latency.p99_seconds),
        seconds(channel.latency.p999_seconds), count(channel.recovered), alarm(channel.malformed),
        count(channel.duplicates), text_cell(channel.session)});
  }
  return table;
}

Table line_table(const Moment& moment) {
  Table table{.columns = {{"LINE", true},
                          {"STATE", true},
                          {"PKT/S"},
                          {"WON"},
                          {"LAG P50"},
                          {"LAG P99"},
                          {"DROPS"},
                          {"LAST"},
                          {"PACKETS"},
                          {"CONFLICTS"},
                          {"DEATHS"},
                          {"ADDRESS", true}},
              .rows = {},
              .nothing = "no line"};
  for (const ChannelReading& channel : moment.now().channels) {
    for (const LineReading& line : channel.lines) add_line(moment, channel, line, table);
    for (const TcpReading& tcp : channel.tcp) add_tcp(channel, tcp, table);
  }
  return table;
}

Table latency_table(const Moment& moment) {
  Table table{.columns = {{"LATENCY", true},
                          {heat_title(moment.now()), true},
                          {"P50"},
                          {"P99"},
                          {"P99.9"},
                          {"ALL P50"},
                          {"ALL P99"},
                          {"ALL P99.9"},
                          {"COUNT"}},
              .rows = {},
              .nothing = "nothing is measured"};
  for (const ChannelReading& channel : moment.now().channels) {
    const std::string& name = channel.name;
    add_latency(
        moment, name + " to books",
        [&](const StatusReading& reading) -> const HistogramReading* {
          const ChannelReading* const found = named(reading.channels, name);
          return found == nullptr ? nullptr : &found->latency;
        },
        table);
    for (const LineReading& line : channel.lines) {
      add_latency(
          moment, name + " " + line.name + " lag",
          [&](const StatusReading& reading) -> const HistogramReading* {
            const LineReading* const found = line_of(reading, name, line.name);
            return found == nullptr ? nullptr : &found->lag;
          },
          table);
    }
  }
  for (const ArchiveReading& archive : moment.now().archives) {
    add_latency(
        moment, archive.name + " ring",
        [&](const StatusReading& reading) -> const HistogramReading* {
          const ArchiveReading* const found = named(reading.archives, archive.name);
          return found == nullptr ? nullptr : &found->ring_wait;
        },
        table);
  }
  return table;
}

Table archive_table(const Moment& moment) {
  Table table{.columns = {{"ARCHIVE", true},
                          {"STATE", true},
                          {"PKT/S"},
                          {"MB/S"},
                          {"RATIO"},
                          {"RING"},
                          {"WAIT P99"},
                          {"LOST"},
                          {"ERRORS"},
                          {"FILE", true},
                          {"LAST ERROR", true}},
              .rows = {},
              .nothing = "no archive"};
  for (const ArchiveReading& archive : moment.now().archives) {
    const auto per_second = [&](std::uint64_t ArchiveReading::*member) {
      return moment.per_second(counter(&StatusReading::archives, archive.name, member));
    };
    const double ratio = share_of(archive.bytes_in, archive.bytes_out);
    const std::size_t folder = archive.file.rfind('/');
    table.rows.push_back(Cells{
        text_cell(archive.name), archive_state(archive), rate(per_second(&ArchiveReading::packets)),
        mega(per_second(&ArchiveReading::bytes_out)),
        number_cell(std::isfinite(ratio) ? fmt::format("{:.2f}x", ratio) : "-", ratio),
        number_cell(count_text(archive.ring_depth) + "/" + count_text(archive.ring_capacity),
                    static_cast<double>(archive.ring_depth)),
        seconds(archive.ring_wait.p99_seconds), alarm(archive.lost_packets),
        alarm(archive.write_errors),
        text_cell(folder == std::string::npos ? archive.file : archive.file.substr(folder + 1)),
        text_cell(archive.last_error, Style::bad)});
  }
  return table;
}

Table market_table(const Moment& moment) {
  Table table{.columns = {{"SYMBOL", true},
                          {"VOLUME"},
                          {"TRADES"},
                          {"VWAP"},
                          {"LAST"},
                          {"BID"},
                          {"ASK"},
                          {"CHANNEL", true}},
              .rows = {},
              .nothing = "no instrument has traded"};
  for (const InstrumentReading& one : moment.now().instruments) {
    const bool whole = one.volume.find_first_not_of("0123456789") == std::string::npos;
    const double volume = std::strtod(one.volume.c_str(), nullptr);
    table.rows.push_back(Cells{text_cell(one.symbol),
                               number_cell(whole ? count_text(volume) : one.volume, volume),
                               count(one.trades), price(one.vwap), price(one.last), price(one.bid),
                               price(one.ask), text_cell(one.market)});
  }
  return table;
}

std::string heat_text(const std::vector<std::uint64_t>& cells) {
  constexpr std::string_view kShades = " .:-=+*#%@";
  const std::uint64_t most = cells.empty() ? 0 : *std::max_element(cells.begin(), cells.end());
  std::string text;
  for (const std::uint64_t cell : cells) {
    // On a logarithmic scale: a rare time is what one looks for.
    const double depth = cell == 0 ? 0.0
                                   : (1.0 + std::log2(static_cast<double>(cell))) /
                                         (1.0 + std::log2(static_cast<double>(most)));
    const auto last = static_cast<double>(kShades.size() - 1);
    text += kShades[static_cast<std::size_t>(std::ceil(depth * last))];
  }
  return text;
}

}  // namespace tapeline::watch

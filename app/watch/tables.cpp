#include "app/watch/tables.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/watch/number_text.hpp"

namespace tapeline::watch {
namespace {

constexpr double kSilenceSeconds = 15.0;  // as the status endpoint has it

using Cells = std::vector<Cell>;

[[nodiscard]] Cell count(std::uint64_t value) {
  return number_cell(count_text(value), static_cast<double>(value));
}
[[nodiscard]] Cell rate(double value) { return number_cell(count_text(value), value); }
// Of which there should be none.
[[nodiscard]] Cell alarm(std::uint64_t value, Style style = Style::bad) {
  return number_cell(count_text(value), static_cast<double>(value),
                     value > 0 ? style : Style::plain);
}
[[nodiscard]] Cell seconds(double value) { return number_cell(seconds_text(value), value); }
[[nodiscard]] Cell share(double value) { return number_cell(share_text(value), value); }
[[nodiscard]] Cell price(double value) { return number_cell(price_text(value), value); }
[[nodiscard]] Cell mega(double value) { return number_cell(mega_text(value), value); }
[[nodiscard]] Cell age(double value) { return number_cell(age_text(value), value); }

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

[[nodiscard]] Cell pool_state(const PoolReading& pool) {
  if (pool.leak_suspected) {
    return text_cell("may leak: +" + count_text(pool.lowest_in_use_rise), Style::bad);
  }
  if (pool.overflow_buffers > 0 && pool.overflow_in_use >= pool.overflow_buffers) {
    return text_cell("used up", Style::bad);
  }
  if (pool.overflow_in_use > 0) return text_cell("into the reserve", Style::warn);
  return text_cell("fits", Style::good);
}

[[nodiscard]] Cell archive_state(const ArchiveReading& archive) {
  if (archive.failed) return text_cell("failed", Style::bad);
  if (!archive.complete) return text_cell(archive.state + ", misses packets", Style::bad);
  return text_cell(archive.state, Style::good);
}

[[nodiscard]] double share_of(std::uint64_t part, std::uint64_t all) {
  return all == 0 ? kUnknown : static_cast<double>(part) / static_cast<double>(all);
}

// The element of that name of another document; null when there is none.
template <typename Element>
[[nodiscard]] const Element* named(const std::vector<Element>& elements, const std::string& name) {
  const auto found = std::find_if(elements.begin(), elements.end(),
                                  [&](const Element& element) { return element.name == name; });
  return found == elements.end() ? nullptr : &*found;
}

[[nodiscard]] const LineReading* line_of(const StatusReading& reading, const std::string& channel,
                                         const std::string& line) {
  const ChannelReading* const of = named(reading.channels, channel);
  return of == nullptr ? nullptr : named(of->lines, line);
}

// What `member` of a pool or archive counts, for Moment::per_second().
template <typename Element>
[[nodiscard]] auto counter(std::vector<Element> StatusReading::*elements, const std::string& name,
                           std::uint64_t Element::*member) {
  return [elements, &name, member](const StatusReading& reading) -> std::optional<std::uint64_t> {
    const Element* const found = named(reading.*elements, name);
    return found == nullptr ? std::nullopt : std::optional{found->*member};
  };
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

Table pool_table(const Moment& moment, std::size_t bar_columns) {
  Table table{.columns = {{"POOL", true},
                          {"STATE", true},
                          {"USE", true},
                          {"IN USE"},
                          {"PEAK"},
                          {"CACHE"},
                          {"STACK"},
                          {"RESERVE"},
                          {"REFUSED"},
                          {"HELD"},
                          {"CAS RETRIES"},
                          {"ACQUIRES/S"},
                          {"MEMORY"}},
              .rows = {},
              .nothing = "no pool"};
  for (const PoolReading& pool : moment.now().pools) {
    const double acquires =
        moment.per_second(counter(&StatusReading::pools, pool.name, &PoolReading::acquires));
    table.rows.push_back(
        Cells{text_cell(pool.name), pool_state(pool),
              Cell{.spans = use_bar(pool.in_use, pool.peak_in_use, pool.buffers, bar_columns),
                   .order = share_of(pool.in_use, pool.buffers)},
              number_cell(count_text(pool.in_use) + "/" + count_text(pool.buffers),
                          static_cast<double>(pool.in_use)),
              count(pool.peak_in_use), share(share_of(pool.cache_hits, pool.acquires)),
              share(share_of(pool.stack_hits, pool.acquires)),
              alarm(pool.fallback_allocations, Style::warn), alarm(pool.refusals),
              number_cell(count_text(pool.lowest_in_use), static_cast<double>(pool.lowest_in_use),
                          pool.leak_suspected ? Style::bad : Style::plain),
              count(pool.cas_retries), rate(acquires),
              number_cell(bytes_text(pool.bytes_now), static_cast<double>(pool.bytes_now))});
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

Screen pool_cards(const Moment& moment, std::string_view filter, std::size_t columns) {
  constexpr std::size_t kLabel = 13;
  constexpr std::size_t kWidestBar = 60;
  Screen rows;
  for (const PoolReading& pool : moment.now().pools) {
    if (!matches(pool.name, filter)) continue;
    const auto rise = [&](std::uint64_t PoolReading::*member) {
      return count_text(moment.per_second(counter(&StatusReading::pools, pool.name, member)));
    };
    const auto served = [&](const char* by, std::uint64_t part) {
      return fmt::format("{} {}  ", by, share_text(share_of(part, pool.acquires)));
    };
    const Cell state = pool_state(pool);
    Row head{{pool.name + "  ", Style::plain}};
    head.insert(head.end(), state.spans.begin(), state.spans.end());
    head.push_back({"  " + bytes_text(pool.bytes_now), Style::soft});
    fill(head, columns);
    rows.push_back(std::move(head));
    Row use{{fitted("  in use", kLabel, true), Style::soft}};
    const Row bar = use_bar(pool.in_use, pool.peak_in_use, pool.buffers,
                            std::clamp<std::size_t>(columns / 3, 4, kWidestBar));
    use.insert(use.end(), bar.begin(), bar.end());
    use.push_back({fmt::format(" {} of {}, peak {}", count_text(pool.in_use),
                               count_text(pool.buffers), count_text(pool.peak_in_use)),
                   Style::plain});
    rows.push_back(std::move(use));
    rows.push_back({{fitted("  held", kLabel, true), Style::soft},
                    {fmt::format("at least {} all the time", count_text(pool.lowest_in_use)),
                     pool.leak_suspected ? Style::bad : Style::plain},
                    {fmt::format(", reserve {} of {} in use", count_text(pool.overflow_in_use),
                                 count_text(pool.overflow_buffers)),
                     pool.overflow_in_use > 0 ? Style::warn : Style::plain}});
    rows.push_back(
        {{fitted("  served by", kLabel, true), Style::soft},
         {served("cache", pool.cache_hits) + served("stack", pool.stack_hits), Style::plain},
         {"reserve " + count_text(pool.fallback_allocations) + "  ",
          pool.fallback_allocations > 0 ? Style::warn : Style::plain},
         {"refused " + count_text(pool.refusals), pool.refusals > 0 ? Style::bad : Style::plain}});
    rows.push_back({{fitted("  acquires", kLabel, true), Style::soft},
                    {fmt::format("{} ({}/s), CAS retries {} ({}/s)", count_text(pool.acquires),
                                 rise(&PoolReading::acquires), count_text(pool.cas_retries),
                                 rise(&PoolReading::cas_retries)),
                     Style::plain}});
  }
  if (rows.empty()) rows.push_back({{"no pool", Style::soft}});
  for (Row& row : rows) cut(row, columns);
  return rows;
}

Row use_bar(std::uint64_t in_use, std::uint64_t peak, std::uint64_t all, std::size_t columns) {
  const std::size_t inside = columns > 2 ? columns - 2 : 0;
  const auto filled = [&](std::uint64_t part) {
    const double share = all == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(all);
    return static_cast<std::size_t>(std::ceil(std::min(share, 1.0) * static_cast<double>(inside)));
  };
  const std::size_t used = filled(in_use);
  const std::size_t most = std::max(filled(peak), used);
  return {{"[", Style::soft},
          {std::string(used, '#'), Style::bar},
          {std::string(most - used, '-'), Style::bar_peak},
          {std::string(inside - most, '.'), Style::soft},
          {"]", Style::soft}};
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

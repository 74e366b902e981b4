#include "app/watch/heading.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/watch/number_text.hpp"

namespace tapeline::watch {
namespace {

using State = Connection::State;

[[nodiscard]] Span verdict(const Scene& scene) {
  if (scene.connection.state(scene.now_seconds) == State::lost) {
    return {" CONNECTION LOST ", Style::banner_bad};
  }
  if (scene.moment.empty()) return {" NO ANSWER YET ", Style::banner_warn};
  const StatusReading& now = scene.moment.now();
  if (!now.ready) return {" NOT READY ", Style::banner_bad};
  if (!now.degraded.empty()) return {" READY, DEGRADED ", Style::banner_warn};
  return {" READY ", Style::banner_good};
}

[[nodiscard]] Row first_row(const Scene& scene, std::size_t columns) {
  Row row{{"tapeline ", Style::plain}};
  if (scene.moment.empty()) {
    row.push_back({scene.url + " ", Style::plain});
    row.push_back(verdict(scene));
    return row;
  }
  const StatusReading& now = scene.moment.now();
  row.push_back({now.version + " ", Style::plain});
  row.push_back(verdict(scene));
  row.push_back({"  up " + uptime_text(now.uptime_seconds), Style::plain});
  add_if_fits(row, {"  " + scene.url, Style::soft}, columns);
  add_if_fits(row, {"  " + clock_text(now.time_seconds) + " UTC", Style::plain}, columns);
  add_if_fits(row, {"  pid " + std::to_string(now.pid), Style::soft}, columns);
  return row;
}

// Nothing while there is nothing to say.
[[nodiscard]] Screen banner(const Scene& scene, bool paused, std::size_t columns) {
  const Connection& connection = scene.connection;
  const std::string outage = fmt::format("{:.0f} s", connection.outage_seconds(scene.now_seconds));
  const std::string again = fmt::format("; asked again every {:g} s", scene.interval_seconds);
  Screen rows;
  const auto add = [&](std::string text, Style style) {
    Row row{{" " + std::move(text), style}};
    fill(row, columns, style);
    cut(row, columns);
    rows.push_back(std::move(row));
  };
  switch (connection.state(scene.now_seconds)) {
    case State::waiting:
      if (!connection.problem().empty()) {
        add("No answer: " + connection.problem() + again, Style::banner_warn);
      }
      break;
    case State::lost:
      add("Lost for " + outage + ": " + connection.problem() + again, Style::banner_bad);
      add("What is below is as of " + clock_text(scene.moment.now().time_seconds) + " UTC",
          Style::banner_bad);
      break;
    case State::returned:
      add("Connected again, after " + outage + " without an answer", Style::banner_good);
      break;
    case State::answers: break;
  }
  if (paused) add("Paused: p goes on", Style::banner_warn);
  return rows;
}

struct Totals {
  double messages = 0.0;
  double packets = 0.0;
  double bytes = 0.0;
  std::uint64_t lost = 0;
  std::uint64_t gaps = 0;
  std::uint64_t holes = 0;
};

[[nodiscard]] Totals totals_of(const StatusReading& now) {
  Totals totals;
  for (const ChannelReading& channel : now.channels) {
    totals.messages += channel.messages_per_second;
    totals.packets += channel.packets_per_second;
    totals.bytes += channel.bytes_per_second;
    totals.lost += channel.lost_messages;
    totals.gaps += channel.gaps;
    totals.holes += channel.holes_open;
  }
  return totals;
}

// Cells of the latencies of all channels together.
[[nodiscard]] std::vector<std::uint64_t> latency_cells(const Moment& moment) {
  std::vector<std::uint64_t> sum;
  for (std::size_t at = 0; at < moment.now().channels.size(); ++at) {
    const std::string& name = moment.now().channels[at].name;
    const auto cells = moment.cells([&](const StatusReading& reading) -> const HistogramReading* {
      return at < reading.channels.size() && reading.channels[at].name == name
                 ? &reading.channels[at].latency
                 : nullptr;
    });
    if (sum.empty()) sum.resize(cells.size());
    for (std::size_t i = 0; i < std::min(sum.size(), cells.size()); ++i) sum[i] += cells[i];
  }
  return sum;
}

[[nodiscard]] Row rates_row(const StatusReading& now) {
  const Totals totals = totals_of(now);
  Row row{{fmt::format("{} msg/s  {} pkt/s  {} MB/s  ", count_text(totals.messages),
                       count_text(totals.packets), mega_text(totals.bytes)),
           Style::plain}};
  row.push_back({count_text(totals.lost) + " lost in " + count_text(totals.gaps) + " gaps",
                 totals.lost > 0 ? Style::bad : Style::plain});
  row.push_back({"  " + count_text(totals.holes) + " holes open",
                 totals.holes > 0 ? Style::warn : Style::plain});
  return row;
}

[[nodiscard]] Row costs_row(const Moment& moment) {
  const StatusReading& now = moment.now();
  const auto cells = latency_cells(moment);
  const std::vector<double> bounds =
      now.channels.empty() ? std::vector<double>{} : now.channels.front().latency.bounds_seconds;
  const auto latency = [&](double fraction) {
    return seconds_text(percentile(cells, bounds, fraction));
  };
  return {
      {fmt::format("latency p50 {}  p99 {}  p99.9 {}", latency(0.5), latency(0.99), latency(0.999)),
       Style::plain},
      {fmt::format("  CPU {}  {}  {} threads", share_text(moment.cpu_share()),
                   bytes_text(now.resident_bytes), now.threads),
       Style::soft}};
}

// `text` in rows of at most `columns`, broken at blanks where there are some.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
  std::vector<std::string> rows;
  while (text.size() > columns) {
    std::size_t at = text.rfind(' ', columns);
    if (at == std::string_view::npos || at == 0) at = columns;
    rows.emplace_back(text.substr(0, at));
    text.remove_prefix(std::min(text.size(), text[at] == ' ' ? at + 1 : at));
  }
  rows.emplace_back(text);
  return rows;
}

[[nodiscard]] Screen reasons(const StatusReading& now, std::size_t columns, std::size_t most) {
  constexpr std::size_t kIndent = 2;
  Screen rows;
  std::vector<std::pair<const std::string*, Style>> all;
  for (const std::string& reason : now.not_ready) all.emplace_back(&reason, Style::bad);
  for (const std::string& reason : now.degraded) {
    if (std::find(now.not_ready.begin(), now.not_ready.end(), reason) == now.not_ready.end()) {
      all.emplace_back(&reason, Style::warn);
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [reason, style] = all[i];
    const auto parts = wrapped(*reason, std::max(columns, kIndent + 1) - kIndent);
    const bool is_last = i + 1 == all.size();
    const bool fits = rows.size() + parts.size() + (is_last ? 0 : 1) <= most;
    if (!fits && i == 0) {
      rows.push_back({{"! " + fitted(*reason, std::max(columns, kIndent) - kIndent, true), style}});
      continue;
    }
    if (!fits) {
      rows.push_back(
          {{"  and " + count_text(std::uint64_t{all.size() - i}) + " more", Style::soft}});
      return rows;
    }
    const char* mark = "! ";
    for (const std::string& part : parts)
      rows.push_back({{std::exchange(mark, "  ") + part, style}});
  }
  return rows;
}

}  // namespace

Screen heading(const Scene& scene, bool paused, std::size_t columns, std::size_t reason_rows) {
  Screen rows{first_row(scene, columns)};
  const auto append = [&rows](Screen more) {
    rows.insert(rows.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  };
  append(banner(scene, paused, columns));
  if (!scene.moment.empty()) {
    rows.push_back(rates_row(scene.moment.now()));
    rows.push_back(costs_row(scene.moment));
    append(reasons(scene.moment.now(), columns, reason_rows));
  }
  for (Row& row : rows) cut(row, columns);
  return rows;
}

}  // namespace tapeline::watch

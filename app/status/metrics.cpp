#include "app/status/metrics.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace tapeline::status {
namespace {

void append_escaped(std::string& text, std::string_view value) {
  for (const char c : value) {
    switch (c) {
      case '\\': text += "\\\\"; break;
      case '"': text += "\\\""; break;
      case '\n': text += "\\n"; break;
      default: text += (c >= ' ' && c <= '~') ? c : '?';
    }
  }
}

template <typename Number>
std::string_view to_text(std::array<char, 32>& buffer, Number value) {
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

std::string_view kind_text(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter: return "counter";
    case MetricKind::gauge: return "gauge";
    case MetricKind::histogram: return "histogram";
  }
  return "untyped";
}

constexpr std::string_view kMarkdownHead =
    R"(# Metrics

`GET /metrics` gives the Prometheus text format 0.0.4. This page is made from the same table in the
code (`app/status/metric_table.cpp`), and a test compares them.

* Counters (`_total`) run from the start of the process; take `rate()` of them. Rates over the last
  second are in `GET /status`.
* A metric without a sample (no line configured, no packet yet) is left out.
* A histogram has a series `_bucket` for each bound `le`, `_sum` and `_count`.
* Labels: `pool` is serialization, compression or simd; `feed`, `channel` and `line` are the names in
  the configuration; `server` is an address and port; `type` is the message type as it stands on the
  wire; `kind` and `remedy` tell variants of one count apart.

)";

struct Section {
  std::string_view prefix;
  std::string_view title;
  std::string_view text;
};

constexpr std::array<Section, 11> kSections{{
    {"tapeline_build_", "Build", "Which program this is."},
    {"tapeline_process_", "Process", "What the process costs."},
    {"tapeline_http_", "Status endpoint", "Who looks. `docs/status.md` has its pages and limits."},
    {"tapeline_pool_", "Pools",
     "Where buffers come from and where they are. The way of an acquire: the cache of the thread, "
     "the\n"
     "shared stack, the overflow buffers, refused or wait or growth. `docs/pool.md` explains the "
     "design."},
    {"tapeline_channel_", "Channels", "One sequence space each: order, gaps and decoding."},
    {"tapeline_line_", "Lines", "The copies of a channel, as they come from the network."},
    {"tapeline_recovery_", "Re-requests",
     "What is asked of the servers that keep the messages of a channel."},
    {"tapeline_snapshot_", "Snapshots", "The books anew, after a gap or a join."},
    {"tapeline_tcp_", "TCP sessions", "Channels that come over SoupBinTCP."},
    {"tapeline_archive_", "Archive", "What goes to the disk, and what does not."},
    {"tapeline_market_", "Market", "Instruments, orders and trades of a channel."},
}};

void append_section(std::string& text, const Section& section) {
  text += "## ";
  text += section.title;
  text += "\n\n";
  text += section.text;
  text += "\n\n| metric | kind | unit | labels | what it is | how to read it |\n";
  text += "|---|---|---|---|---|---|\n";
  for (const Metric& metric : metric_table()) {
    if (!metric.name.starts_with(section.prefix)) continue;
    text += "| `";
    text += metric.name;
    text += "` | ";
    text += kind_text(metric.kind);
    for (const std::string_view cell : {metric.unit, metric.labels, metric.help, metric.reading}) {
      text += " | ";
      text += cell;
    }
    text += " |\n";
  }
  text += "\n";
}

}  // namespace

void Samples::add(std::initializer_list<Label> labels, std::uint64_t value) {
  std::array<char, 32> buffer{};
  add_line(labels, to_text(buffer, value));
}

void Samples::add(std::initializer_list<Label> labels, double value) {
  if (!std::isfinite(value)) return;
  std::array<char, 32> buffer{};
  add_line(labels, to_text(buffer, value));
}

void Samples::add(std::initializer_list<Label> labels, const HistogramStatus& histogram) {
  if (histogram.count == 0) return;
  constexpr double kNanosPerSecond = 1e9;  // a quotient is exact where a product is not
  std::array<char, 32> value{};
  std::array<char, 32> bound{};
  for (std::size_t i = 0; i < histogram.bounds_ns.size(); ++i) {
    const double seconds = static_cast<double>(histogram.bounds_ns[i]) / kNanosPerSecond;
    add_line(labels, to_text(value, histogram.counts[i]), "_bucket", to_text(bound, seconds));
  }
  add_line(labels, to_text(value, histogram.count), "_bucket", "+Inf");
  add_line(labels, to_text(value, static_cast<double>(histogram.sum_ns) / kNanosPerSecond), "_sum");
  add_line(labels, to_text(value, histogram.count), "_count");
}

void Samples::add_line(std::initializer_list<Label> labels, std::string_view value,
                       std::string_view suffix, std::string_view bound) {
  text_ += metric_name_;
  text_ += suffix;
  char before = '{';
  for (const Label& label : labels) {
    text_ += before;
    text_ += label.name;
    text_ += "=\"";
    append_escaped(text_, label.value);
    text_ += '"';
    before = ',';
  }
  if (!bound.empty()) {
    text_ += before;
    text_ += "le=\"";
    text_ += bound;
    text_ += '"';
    before = ',';
  }
  if (before == ',') text_ += '}';
  text_ += ' ';
  text_ += value;
  text_ += '\n';
}

std::string metrics_text(const StatusSnapshot& snapshot) {
  std::string text;
  for (const Metric& metric : metric_table()) {
    Samples samples{metric.name};
    metric.collect(snapshot, samples);
    if (samples.text().empty()) continue;
    text += "# HELP ";
    text += metric.name;
    text += ' ';
    text += metric.help;
    text += "\n# TYPE ";
    text += metric.name;
    text += ' ';
    text += kind_text(metric.kind);
    text += '\n';
    text += samples.text();
  }
  return text;
}

std::string metrics_markdown() {
  std::string text{kMarkdownHead};
  for (const Section& section : kSections) append_section(text, section);
  text.pop_back();  // the file ends with one newline
  return text;
}

}  // namespace tapeline::status

#pragma once

// The one table of metrics: /metrics and docs/metrics.md are both made from it, so that they agree.
//
// Thread safety: pure functions of their arguments.
// Format:        Prometheus text exposition format 0.0.4; base units, counters end in _total.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "app/status/status_snapshot.hpp"

namespace tapeline::status {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

struct Label {
  std::string_view name;
  std::string_view value;
};

// The samples of one metric, written as lines of text. Label values may hold any bytes: they are
// escaped, and what is not printable ASCII becomes '?'.
class Samples {
 public:
  explicit Samples(std::string_view metric_name) : metric_name_{metric_name} {}

  void add(std::initializer_list<Label> labels, std::uint64_t value);
  // Leaves the sample out when the value is not known (NaN) or not finite.
  void add(std::initializer_list<Label> labels, double value);

  // All series of a histogram, in seconds; nothing when it counted nothing.
  void add(std::initializer_list<Label> labels, const HistogramStatus& histogram);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  void add_line(std::initializer_list<Label> labels, std::string_view value,
                std::string_view suffix = {}, std::string_view bound = {});

  std::string_view metric_name_;
  std::string text_;
};

enum class MetricKind : std::uint8_t { counter, gauge, histogram };

struct Metric {
  std::string_view name;
  MetricKind kind;
  std::string_view unit;
  std::string_view labels;   // "feed, channel, line"; empty when there are none
  std::string_view help;     // one sentence: what is counted
  std::string_view reading;  // how to read it: what is normal, what to do when it is not
  void (*collect)(const StatusSnapshot& snapshot, Samples& samples);
};

[[nodiscard]] std::span<const Metric> metric_table() noexcept;

// The body of GET /metrics. A metric without a sample is left out.
[[nodiscard]] std::string metrics_text(const StatusSnapshot& snapshot);

// The text of docs/metrics.md.
[[nodiscard]] std::string metrics_markdown();

}  // namespace tapeline::status

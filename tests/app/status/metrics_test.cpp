#include "app/status/metrics.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "tests/app/status/exposition.hpp"
#include "tests/app/status/status_support.hpp"

namespace tapeline::status {
namespace {

using testing::Family;
using testing::full_snapshot;
using testing::parse_exposition;

// The first sample of `name` with these labels, as text; "absent" when there is none.
std::string value_of(const std::map<std::string, Family>& families, const std::string& name,
                     const std::map<std::string, std::string>& labels) {
  const auto family = families.find(name);
  if (family == families.end()) return "absent";
  for (const testing::Sample& sample : family->second.samples) {
    if (sample.labels == labels) return sample.value;
  }
  return "absent";
}

std::set<std::string> split_labels(std::string_view text) {
  std::set<std::string> labels;
  std::istringstream stream{std::string{text}};
  for (std::string label; std::getline(stream >> std::ws, label, ',');) labels.insert(label);
  return labels;
}

TEST(MetricTable, FollowsTheConventionsForNames) {
  std::set<std::string_view> names;
  for (const Metric& metric : metric_table()) {
    EXPECT_TRUE(metric.name.starts_with("tapeline_")) << metric.name;
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name << " stands twice";
    EXPECT_EQ(metric.name.ends_with("_total"), metric.kind == MetricKind::counter) << metric.name;
    EXPECT_EQ(metric.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos);
    for (const char* reserved : {"_count", "_sum", "_bucket"}) {
      EXPECT_FALSE(metric.name.ends_with(reserved)) << metric.name;
    }
    if (metric.unit == "bytes" || metric.unit == "seconds") {
      std::string_view stem = metric.name;
      if (stem.ends_with("_total")) stem.remove_suffix(6);
      EXPECT_TRUE(stem.ends_with(metric.unit)) << metric.name;
    }
    EXPECT_TRUE(metric.help.ends_with(".")) << metric.name;
    EXPECT_TRUE(metric.reading.ends_with(".")) << metric.name;
    EXPECT_EQ(metric.help.find_first_of("|\\\n"), std::string_view::npos) << metric.name;
    EXPECT_EQ(metric.reading.find_first_of("|\\\n"), std::string_view::npos) << metric.name;
  }
}

TEST(MetricTable, NamesTheLabelsThatSamplesHave) {
  const auto families = parse_exposition(metrics_text(full_snapshot()));
  for (const Metric& metric : metric_table()) {
    const auto family = families.find(std::string{metric.name});
    ASSERT_NE(family, families.end()) << metric.name << " has no sample";
    for (const testing::Sample& sample : family->second.samples) {
      std::set<std::string> labels;
      for (const auto& [name, value] : sample.labels) {
        if (metric.kind != MetricKind::histogram || name != "le") labels.insert(name);
      }
      EXPECT_EQ(labels, split_labels(metric.labels)) << metric.name;
    }
    EXPECT_EQ(family->second.help, metric.help);
    const char* const kinds[] = {"counter", "gauge", "histogram"};
    EXPECT_EQ(family->second.type, kinds[static_cast<std::size_t>(metric.kind)]);
  }
  EXPECT_EQ(families.size(), metric_table().size());
}

TEST(MetricsText, HasEveryPoolCounterOfEveryPool) {
  const auto families = parse_exposition(metrics_text(full_snapshot()));
  const std::map<std::string, std::uint64_t> first{
      {"serialization", 1100}, {"compression", 1200}, {"simd", 1300}};
  for (const auto& [pool, number] : first) {
    std::set<std::uint64_t> seen;
    for (const auto& [name, family] : families) {
      if (!name.starts_with("tapeline_pool_")) continue;
      if (name == "tapeline_pool_buffers_in_use_lowest" || name == "tapeline_pool_leak_suspected") {
        continue;  // of the watch, not of the pool
      }
      for (const testing::Sample& sample : family.samples) {
        if (sample.labels.at("pool") == pool) seen.insert(std::stoull(sample.value));
      }
    }
    EXPECT_EQ(seen.size(), sizeof(pool::BufferCounts) / sizeof(std::uint64_t)) << pool;
    EXPECT_EQ(*seen.begin(), number);
    EXPECT_EQ(*seen.rbegin(), number + seen.size() - 1);
  }
  EXPECT_EQ(
      value_of(families, "tapeline_pool_cas_retries_total", {{"pool", "simd"}, {"kind", "pop"}}),
      "1307");
  EXPECT_EQ(value_of(families, "tapeline_pool_refusals_total", {{"pool", "compression"}}), "1206");
}

TEST(MetricsText, GivesEachNumberItsName) {
  const auto families = parse_exposition(metrics_text(full_snapshot()));
  const std::map<std::string, std::string> channel{{"feed", "nasdaq"}, {"channel", "itch"}};
  std::map<std::string, std::string> line = channel;
  line["line"] = "A";
  std::map<std::string, std::string> type = channel;
  type["type"] = "D";
  std::map<std::string, std::string> kind = channel;
  kind["kind"] = "too_short";
  const auto expect = [&families](const char* name, const auto& labels, const char* value) {
    EXPECT_EQ(value_of(families, name, labels), value) << name;
  };
  const std::map<std::string, std::string> none;
  expect("tapeline_build_info", std::map<std::string, std::string>{{"version", "0.1.0"}}, "1");
  expect("tapeline_process_start_time_seconds", none, "1767623400.5");
  expect("tapeline_process_cpu_seconds_total", none, "3.25");
  expect("tapeline_process_open_fds", none, "5");
  expect("tapeline_process_max_fds", none, "6");
  expect("tapeline_process_ready", none, "0");
  expect("tapeline_http_answers_total", none, "902");
  expect("tapeline_http_event_subscribers", none, "906");
  const auto pool = [](const char* name) {
    return std::map<std::string, std::string>{{"pool", name}};
  };
  expect("tapeline_pool_buffers_in_use_lowest", pool("compression"), "913");
  expect("tapeline_pool_leak_suspected", pool("serialization"), "1");
  expect("tapeline_pool_leak_suspected", pool("simd"), "0");
  expect("tapeline_channel_in_sync", channel, "0");
  expect("tapeline_channel_expected_sequence", channel, "201");
  expect("tapeline_channel_messages_total", channel, "203");
  expect("tapeline_channel_messages_by_type_total", type, "205");
  expect("tapeline_channel_gaps_total", channel, "209");
  expect("tapeline_channel_lost_messages_total", channel, "210");
  expect("tapeline_channel_malformed_total", kind, "214");
  kind["kind"] = "foreign_packets";
  expect("tapeline_channel_anomalies_total", kind, "215");
  kind["kind"] = "unknown_orders";
  expect("tapeline_market_anomalies_total", kind, "505");
  kind["kind"] = "filtered";
  kind["line"] = "A";
  expect("tapeline_line_anomalies_total", kind, "308");
  expect("tapeline_channel_stale", channel, "1");
  expect("tapeline_channel_incomplete", channel, "1");
  expect("tapeline_channel_awaits_snapshot", channel, "0");
  expect("tapeline_channel_open_holes", channel, "216");
  expect("tapeline_channel_bridged_messages_total", channel, "219");
  expect("tapeline_channel_conflicts_total", channel, "220");
  auto remedy = channel;
  remedy["remedy"] = "request";
  expect("tapeline_channel_closed_holes_total", remedy, "218");
  auto server = channel;
  server["server"] = "10.1.2.3:26500";
  expect("tapeline_recovery_requests_total", server, "601");
  expect("tapeline_recovery_answers_total", server, "602");
  expect("tapeline_recovery_timeouts_total", server, "603");
  expect("tapeline_recovery_answer_bytes_total", server, "604");
  expect("tapeline_snapshot_attempts_total", channel, "701");
  expect("tapeline_snapshot_applied_total", channel, "702");
  expect("tapeline_snapshot_failures_total", channel, "703");
  expect("tapeline_snapshot_messages_total", channel, "704");
  expect("tapeline_tcp_logged_in", channel, "1");
  expect("tapeline_tcp_tries_total", channel, "801");
  expect("tapeline_tcp_connections_total", channel, "802");
  expect("tapeline_tcp_rejected_logins_total", channel, "803");
  expect("tapeline_tcp_silences_total", channel, "804");
  expect("tapeline_tcp_received_bytes_total", channel, "807");
  expect("tapeline_tcp_last_bytes_age_seconds", channel, "0.75");
  expect("tapeline_line_share_ratio", line, "0.625");
  expect("tapeline_line_conflicts_total", line, "309");
  expect("tapeline_line_deaths_total", line, "310");
  expect("tapeline_line_alive", line, "1");
  expect("tapeline_archive_loss_notes_total", channel, "413");
  expect("tapeline_archive_complete", channel, "0");
  expect("tapeline_archive_synced_bytes_total", channel, "419");
  expect("tapeline_archive_doubtful_bytes_total", channel, "420");
  expect("tapeline_archive_files_removed_total", channel, "421");
  expect("tapeline_archive_sync_errors_total", channel, "422");
  expect("tapeline_archive_outages_total", channel, "423");
  expect("tapeline_line_packets_total", line, "301");
  expect("tapeline_line_kernel_drops_total", line, "305");
  expect("tapeline_line_receive_buffer_bytes", line, "307");
  expect("tapeline_line_last_packet_age_seconds", line, "0.25");
  expect("tapeline_archive_packets_total", channel, "401");
  expect("tapeline_archive_output_bytes_total", channel, "403");
  expect("tapeline_archive_gap_packets_total", channel, "410");
  expect("tapeline_archive_cpu_seconds_total", channel, "412.5");
  expect("tapeline_archive_failed", channel, "1");
  expect("tapeline_market_price_levels", channel, "503");
  line["line"] = "B";
  expect("tapeline_line_packets_total", line, "0");
  expect("tapeline_line_last_packet_age_seconds", line, "absent");
  expect("tapeline_line_share_ratio", line, "absent");
  expect("tapeline_line_alive", line, "0");
}

TEST(MetricsText, WritesAHistogramWithItsBoundsSumAndCount) {
  StatusSnapshot snapshot;
  LineStatus line;
  line.name = "A";
  line.lag = {
      .bounds_ns = {1023, 1'048'575}, .counts = {1, 3}, .count = 4, .sum_ns = 2'500'000'000};
  ChannelStatus channel;
  channel.name = "c";
  channel.lines.push_back(line);
  snapshot.feeds.push_back({.name = "f", .protocol = "", .channels = {channel}});
  const std::string text = metrics_text(snapshot);
  const std::string labels = R"({feed="f",channel="c",line="A")";
  EXPECT_NE(text.find("# TYPE tapeline_line_lag_seconds histogram\n"
                      "tapeline_line_lag_seconds_bucket" +
                      labels +
                      ",le=\"1.023e-06\"} 1\n"
                      "tapeline_line_lag_seconds_bucket" +
                      labels +
                      ",le=\"0.001048575\"} 3\n"
                      "tapeline_line_lag_seconds_bucket" +
                      labels +
                      ",le=\"+Inf\"} 4\n"
                      "tapeline_line_lag_seconds_sum" +
                      labels +
                      "} 2.5\n"
                      "tapeline_line_lag_seconds_count" +
                      labels + "} 4\n"),
            std::string::npos)
      << text;
}

TEST(MetricsText, LeavesOutMetricsWithoutASample) {
  const auto families = parse_exposition(metrics_text(StatusSnapshot{}));
  for (const auto& [name, family] : families) {
    EXPECT_FALSE(family.samples.empty()) << name;
    EXPECT_FALSE(name.starts_with("tapeline_channel_")) << name;
  }
}

TEST(MetricsText, EscapesWhateverStandsInALabel) {
  StatusSnapshot snapshot = full_snapshot();
  snapshot.feeds[0].name = "a\"b\\c\nd\re\x7F\xFF{,}";
  const auto families = parse_exposition(metrics_text(snapshot));
  EXPECT_EQ(families.at("tapeline_channel_gaps_total").samples.at(0).labels.at("feed"),
            "a\"b\\c\nd?e??{,}");
}

TEST(MetricsText, WritesLargeCountsWithoutRounding) {
  StatusSnapshot snapshot;
  snapshot.pools.simd.acquires = 18'446'744'073'709'551'615U;
  const auto families = parse_exposition(metrics_text(snapshot));
  EXPECT_EQ(value_of(families, "tapeline_pool_acquires_total", {{"pool", "simd"}}),
            "18446744073709551615");
}

TEST(MetricsText, IsGoldenForASmallSnapshot) {
  StatusSnapshot snapshot;
  MarketStatus market;
  market.feed = "nasdaq";
  market.channel = "itch";
  market.instruments = 2;
  market.open_orders = 30;
  market.levels = 400;
  market.trades = 5000;
  snapshot.markets.push_back(market);
  const std::string text = metrics_text(snapshot);
  const std::size_t at = text.find("# HELP tapeline_market_instruments");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(text.substr(at),
            "# HELP tapeline_market_instruments Instruments known.\n"
            "# TYPE tapeline_market_instruments gauge\n"
            "tapeline_market_instruments{feed=\"nasdaq\",channel=\"itch\"} 2\n"
            "# HELP tapeline_market_open_orders Orders resting in the books.\n"
            "# TYPE tapeline_market_open_orders gauge\n"
            "tapeline_market_open_orders{feed=\"nasdaq\",channel=\"itch\"} 30\n"
            "# HELP tapeline_market_price_levels Price levels in the books, both sides.\n"
            "# TYPE tapeline_market_price_levels gauge\n"
            "tapeline_market_price_levels{feed=\"nasdaq\",channel=\"itch\"} 400\n"
            "# HELP tapeline_market_trades_total Trades counted into VWAP and bars.\n"
            "# TYPE tapeline_market_trades_total counter\n"
            "tapeline_market_trades_total{feed=\"nasdaq\",channel=\"itch\"} 5000\n");
}

TEST(MetricsMarkdown, HasEveryMetricOnce) {
  const std::string text = metrics_markdown();
  for (const Metric& metric : metric_table()) {
    const std::string cell = "| `" + std::string{metric.name} + "` |";
    const std::size_t at = text.find(cell);
    ASSERT_NE(at, std::string::npos) << metric.name;
    EXPECT_EQ(text.find(cell, at + 1), std::string::npos) << metric.name;
  }
}

TEST(MetricsMarkdown, IsWhatTheDocumentSays) {
  std::ifstream file{TAPELINE_METRICS_DOCUMENT};
  std::stringstream document;
  document << file.rdbuf();
  if (document.str() == metrics_markdown()) return;
  const std::string wanted = ::testing::TempDir() + "metrics.md";
  std::ofstream{wanted} << metrics_markdown();
  FAIL() << TAPELINE_METRICS_DOCUMENT << " differs from the table; what it should be is in "
         << wanted;
}

}  // namespace
}  // namespace tapeline::status

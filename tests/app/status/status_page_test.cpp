#include "app/status/status_page.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "app/status/metrics.hpp"
#include "tests/app/status/exposition.hpp"
#include "tests/app/status/status_support.hpp"

namespace tapeline::status {
namespace {

using nlohmann::json;
using testing::full_snapshot;

TEST(StatusJson, HasEveryPoolCounterOfEveryPool) {
  const json status = json::parse(status_json(full_snapshot()));
  for (const auto& [pool, first] : std::map<std::string, std::uint64_t>{
           {"serialization", 1100}, {"compression", 1200}, {"simd", 1300}}) {
    json counts = status.at("pools").at(pool);
    for (const char* watched : {"lowest_in_use", "lowest_in_use_rise", "leak_suspected"}) {
      EXPECT_EQ(counts.erase(watched), 1U);
    }
    std::set<std::uint64_t> seen;
    for (const auto& [name, value] : counts.items()) seen.insert(value.get<std::uint64_t>());
    EXPECT_EQ(counts.size(), sizeof(pool::BufferCounts) / sizeof(std::uint64_t));
    EXPECT_EQ(seen.size(), counts.size());
    EXPECT_EQ(*seen.begin(), first);
    EXPECT_EQ(*seen.rbegin(), first + seen.size() - 1);
  }
  EXPECT_EQ(status.at("pools").at("simd").at("cas_retries_push"), 1308);
  EXPECT_EQ(status.at("pools").at("serialization").at("peak_in_use"), 1110);
  EXPECT_EQ(status.at("pools").at("serialization").at("lowest_in_use"), 911);
  EXPECT_EQ(status.at("pools").at("serialization").at("lowest_in_use_rise"), 912);
  EXPECT_EQ(status.at("pools").at("serialization").at("leak_suspected"), true);
  EXPECT_EQ(status.at("pools").at("simd").at("leak_suspected"), false);
}

TEST(StatusJson, HasEveryFieldOfProcessChannelAndLine) {
  const json status = json::parse(status_json(full_snapshot()));
  EXPECT_EQ(status.at("process"), json::parse(R"({"version": "0.1.0", "pid": 1,
    "start_time_seconds": 1767623400.5, "uptime_seconds": 12.5, "resident_bytes": 2,
    "cpu_seconds": 3.25, "threads": 4, "open_fds": 5, "max_fds": 6})"));
  EXPECT_EQ(status.at("http"), json::parse(R"({"connections": 901, "answers": 902,
    "refusals": 903, "displaced": 904, "timed_out": 905, "subscribers": 906})"));
  EXPECT_EQ(status.at("time_seconds"), 1767623413.0);
  const json& feed = status.at("feeds").at(0);
  EXPECT_EQ(feed.at("name"), "nasdaq");
  EXPECT_EQ(feed.at("protocol"), "itch50-moldudp64");
  json channel = feed.at("channels").at(0);
  const json lines = channel.at("lines");
  channel.erase("lines");
  EXPECT_EQ(
      channel,
      json::parse(R"({"name": "itch", "required": true, "in_sync": false, "session": "SESSION001",
    "expected_sequence": 201, "packets": 202, "messages": 203, "packets_per_second": 206.5,
    "messages_per_second": 207.5, "bytes_per_second": 208.5, "gaps": 209, "lost_messages": 210,
    "held_packets": 211, "duplicates": 212, "unknown_types": 213, "malformed": {"too_short": 214},
    "anomalies": {"foreign_packets": 215}, "holes_open": 216,
    "resolved": {"line": 217, "request": 218}, "bridged_messages": 219, "conflicts": 220,
    "stale": true, "incomplete": true, "awaits_snapshot": false,
    "latency": {"count": 222, "sum_seconds": 2.23e-07, "p50_seconds": 0.5, "p99_seconds": 0.99,
      "p999_seconds": 0.999, "bounds_seconds": [1.023e-06], "counts": [221]},
    "recovery": [{"server": "10.1.2.3:26500", "requests": 601, "answers": 602, "timeouts": 603,
      "answer_bytes": 604}],
    "snapshots": [{"state": "idle", "attempts": 701, "applied": 702, "failed": 703,
      "messages": 704}],
    "tcp": [{"server": "10.1.2.3:26600", "state": "logged in", "logged_in": true, "over": false, "tries": 801,
      "connections": 802, "rejected": 803, "silences": 804, "heartbeats": 805, "packets": 806,
      "bytes": 807, "last_bytes_age_seconds": 0.75}],
    "messages_by_type": {"A": 204, "D": 205}})"));
  EXPECT_EQ(lines.at(0), json::parse(R"({"name": "A", "group": "239.1.1.1", "port": 26400,
    "packets": 301, "bytes": 302, "messages_won": 303, "duplicates": 304, "share_won": 0.625,
    "conflicts": 309, "alive": true, "deaths": 310, 
    "lag": {"count": 3, "sum_seconds": 4e-09, "p50_seconds": 0.5, "p99_seconds": 0.99,
      "p999_seconds": 0.999, "bounds_seconds": [1.023e-06], "counts": [2]}, "kernel_drops": 305,
    "receive_buffer_asked_bytes": 306, "receive_buffer_got_bytes": 307,
    "anomalies": {"filtered": 308}, "last_packet_age_seconds": 0.25})"));
  EXPECT_TRUE(lines.at(1).at("last_packet_age_seconds").is_null());
}

TEST(StatusJson, HasEveryFieldOfArchiveAndMarket) {
  const json status = json::parse(status_json(full_snapshot()));
  EXPECT_EQ(status.at("archives").at(0), json::parse(R"({"feed": "nasdaq", "channel": "itch",
    "state": "failed", "file": "/archive/nasdaq-itch.pcap.zst", "packets": 401, "bytes_in": 402,
    "bytes_out": 403, "bytes_in_per_second": 417.5, "bytes_out_per_second": 418.5,
    "bytes_synced": 419, "bytes_doubtful": 420, "files_removed": 421, "sync_errors": 422,
    "outages": 423, "last_missed": {"packets": 424, "first_time_ns": 425, "last_time_ns": 426,
      "session": "S", "first": 427, "last": 428},
    "missing": {"packets": 429, "first_time_ns": 430, "last_time_ns": 431, "session": null,
      "first": null, "last": null}, "frames": 404, "files": 405, "lost_packets": 406, "ring_depth": 407,
    "ring_capacity": 408, "gap_batches": 409, "gap_packets": 410, "loss_notes": 413,
    "write_errors": 411,
    "last_error": "write: No space left on device", "cpu_seconds": 412.5,
    "ring_wait": {"count": 415, "sum_seconds": 4.16e-07, "p50_seconds": 0.5, "p99_seconds": 0.99,
      "p999_seconds": 0.999, "bounds_seconds": [1.023e-06], "counts": [414]}, "failed": true,
    "failed_ever": true, "complete": false})"));
  EXPECT_EQ(status.at("markets").at(0), json::parse(R"({"feed": "nasdaq", "channel": "itch",
    "instruments": 501, "open_orders": 502, "levels": 503, "trades": 504, "anomalies": {"unknown_orders": 505}, "top": [
      {"symbol": "AAPL", "volume": 505, "trades": 506, "vwap": 189.1234, "last": 189.12,
       "bid": 189.11, "ask": 189.13},
      {"symbol": "ZVZZT", "volume": 0, "trades": 0, "vwap": null, "last": null, "bid": null,
       "ask": null}]})"));
}

TEST(StatusJson, KeepsListsAsListsWhenTheyAreEmpty) {
  const json status = json::parse(status_json(StatusSnapshot{}));
  for (const char* list : {"feeds", "archives", "markets"}) {
    EXPECT_TRUE(status.at(list).is_array()) << list;
  }
  StatusSnapshot one = full_snapshot();
  one.feeds[0].channels[0].lines.resize(1);
  one.feeds[0].channels[0].malformed.clear();
  const json channel = json::parse(status_json(one)).at("feeds").at(0).at("channels").at(0);
  EXPECT_TRUE(channel.at("lines").is_array());
  EXPECT_TRUE(channel.at("malformed").is_object());
}

TEST(StatusJson, IsValidAsciiWhateverTheNamesHold) {
  StatusSnapshot snapshot = full_snapshot();
  snapshot.feeds[0].channels[0].session = std::string{"\"\\\n\0\x1B", 5} + "\xFF\xC3";
  snapshot.feeds[0].channels[0].messages_by_type = {{"\xFE", 1}};
  snapshot.markets[0].top[0].set_symbol("\xC3\xA4<b>");
  const std::string text = status_json(snapshot);
  for (const char c : text) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << static_cast<int>(c);
  const json status = json::parse(text);
  EXPECT_EQ(status.at("markets").at(0).at("top").at(0).at("symbol"), "\xC3\xA4<b>");
}

TEST(TopInstrument, CutsSymbolsThatAreTooLong) {
  TopInstrument instrument;
  instrument.set_symbol("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
  EXPECT_EQ(instrument.symbol_text(), "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345");
  instrument.set_symbol("X");
  EXPECT_EQ(instrument.symbol_text(), "X");
}

// Every number and flag of a document, wherever it stands.
void collect_numbers(const json& document, std::set<double>& numbers) {
  if (document.is_boolean()) numbers.insert(document.get<bool>() ? 1.0 : 0.0);
  if (document.is_number()) numbers.insert(document.get<double>());
  if (document.is_structured()) {
    for (const json& part : document) collect_numbers(part, numbers);
  }
}

// In this snapshot every number is different: what /metrics tells, /status tells, too.
TEST(StatusJson, HasEveryNumberOfTheMetrics) {
  std::set<double> numbers;
  collect_numbers(json::parse(status_json(full_snapshot())), numbers);
  std::size_t compared = 0;
  for (const auto& [name, family] : testing::parse_exposition(metrics_text(full_snapshot()))) {
    if (name == "tapeline_build_info") continue;
    for (const testing::Sample& sample : family.samples) {
      EXPECT_TRUE(numbers.contains(std::stod(sample.value))) << name << ' ' << sample.value;
      ++compared;
    }
  }
  EXPECT_GT(compared, 150U);
}

TEST(StatusLine, IsTheSameDocumentInOneLine) {
  const std::string line = status_line(full_snapshot());
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(json::parse(line), json::parse(status_json(full_snapshot())));
}

TEST(ReadyJson, NamesWhatIsMissing) {
  EXPECT_EQ(json::parse(ready_json(StatusSnapshot{})),
            json({{"ready", true}, {"reasons", json::array()}}));
  EXPECT_EQ(json::parse(ready_json(full_snapshot())),
            json({{"ready", false},
                  {"reasons",
                   {"nasdaq/itch: books are stale",
                    "nasdaq/itch: archive can not be written: write: No space left on device"}}}));
}

TEST(HealthJson, SaysOk) {
  EXPECT_EQ(json::parse(health_json(StatusSnapshot{})),
            json({{"status", "ok"}, {"degraded", json::array()}}));
}

// The process lives and does what it can: restarting it would make nothing better.
TEST(HealthJson, SaysOkAlsoWhenSomethingDoesNotWorkAndNamesIt) {
  const json expected = json::array(
      {"nasdaq/itch: books are stale", "nasdaq/itch: volumes and VWAPs miss messages",
       "nasdaq/itch: line B is dead",
       "nasdaq/itch: archive can not be written: write: No space left on device",
       "pool serialization: at least 911 buffers in use all the time, 912 more than 60 s"
       " ago and never fewer since: a leak, or a reader that falls behind"});
  EXPECT_EQ(json::parse(health_json(full_snapshot())),
            json({{"status", "ok"}, {"degraded", expected}}));
  EXPECT_EQ(json::parse(status_json(full_snapshot())).at("degraded"), expected);
  StatusSnapshot other = full_snapshot();
  other.archives[0].failed = false;
  ChannelStatus& channel = other.feeds[0].channels[0];
  channel.awaits_snapshot = true;
  channel.tcp[0].logged_in = false;
  channel.tcp[0].state = "not connected";
  const json degraded = json::parse(health_json(other)).at("degraded");
  EXPECT_EQ(degraded.at(0), "nasdaq/itch: books are stale, a snapshot is waited for");
  EXPECT_EQ(degraded.at(1), "nasdaq/itch: TCP session is not connected");
  EXPECT_EQ(degraded.at(4), "nasdaq/itch: archive misses packets");
}

}  // namespace
}  // namespace tapeline::status

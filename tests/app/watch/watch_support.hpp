#pragma once

// Status documents for the tests of `tapeline watch`: one of a live session as /status gave it, and
// what has become of it a second later.

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "app/watch/status_reading.hpp"

namespace tapeline::watch {

using Document = nlohmann::ordered_json;

inline Document recorded_document() {
  std::ifstream file{TAPELINE_WATCH_STATUS};
  return Document::parse(file);
}

inline Document second_later() {
  Document json = recorded_document();
  json["time_seconds"] = json["time_seconds"].get<double>() + 1.0;
  Document& process = json["process"];
  process["uptime_seconds"] = process["uptime_seconds"].get<double>() + 1.0;
  process["cpu_seconds"] = process["cpu_seconds"].get<double>() + 0.25;
  const auto raise = [](Document& count, std::uint64_t by) {
    count = count.get<std::uint64_t>() + by;
  };
  raise(json["pools"]["serialization"]["acquires"], 12'345);
  Document& channel = json["feeds"][0]["channels"][0];
  for (Document& line : channel["lines"]) raise(line["packets"], 5'000);
  // A thousand latencies in the bucket that ends with bound 6.
  Document& latency = channel["latency"];
  raise(latency["count"], 1'000);
  for (std::size_t i = 6; i < latency["counts"].size(); ++i) raise(latency["counts"][i], 1'000);
  raise(json["archives"][0]["packets"], 10'000);
  raise(json["archives"][0]["bytes_out"], 470'000);
  return json;
}

// A line is dead, the books are stale, a pool may leak.
inline Document unwell_document() {
  Document json = second_later();
  json["ready"] = false;
  json["not_ready"] = {"nasdaq/totalview: books are stale, a snapshot is waited for"};
  json["degraded"] = {"nasdaq/totalview: books are stale, a snapshot is waited for",
                      "nasdaq/totalview: line B is dead",
                      "pool serialization: at least 41 buffers in use all the time, 20 more than "
                      "40 s ago and never "
                      "fewer since: a leak, or a reader that falls behind"};
  Document& channel = json["feeds"][0]["channels"][0];
  channel["stale"] = channel["awaits_snapshot"] = true;
  channel["in_sync"] = false;
  channel["gaps"] = 2;
  channel["lost_messages"] = 1'234;
  channel["lines"][1]["alive"] = false;
  channel["lines"][1]["deaths"] = 1;
  channel["lines"][1]["packets"] =
      recorded_document()["feeds"][0]["channels"][0]["lines"][1]["packets"];
  channel["lines"][1]["last_packet_age_seconds"] = 9.6;
  Document& pool = json["pools"]["serialization"];
  pool["leak_suspected"] = true;
  pool["lowest_in_use"] = 41;
  pool["lowest_in_use_rise"] = 20;
  pool["in_use"] = 44;
  return json;
}

inline StatusReading reading_of(const Document& json) {
  return read_status(json.dump(), false).value().reading;
}

}  // namespace tapeline::watch

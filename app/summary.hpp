#pragma once

// The closing summary of a run or a replay, for people or for programs.
//
// Thread safety: pure functions of their arguments.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/status/status_snapshot.hpp"

namespace tapeline {

// How packets kept to the recorded pace.
struct PaceSummary {
  double speed = 0.0;            // times the recorded pace
  std::int64_t late_p50_ns = 0;  // behind their time
  std::int64_t late_p99_ns = 0;
  std::int64_t late_max_ns = 0;
};

struct SummaryHead {
  std::string command;             // "run", "replay"
  std::vector<std::string> files;  // replay: what was played
  double elapsed_seconds = 0.0;
  bool interrupted = false;
  std::int64_t first_packet_ns = 0;  // replay: capture time, 0 if there was no packet
  std::int64_t last_packet_ns = 0;
  std::string feed;                         // replay: what was found, "Nasdaq TotalView-ITCH 5.0"
  std::string session_day;                  // replay: "2026-01-05", of the last session; or empty
  std::uint64_t loops = 1;                  // replay: times that the files were begun
  std::optional<PaceSummary> pace;          // replay
  std::vector<status::NamedCount> skipped;  // replay: what the files held beside packets, by kind
};

// `top` is how many of the most active instruments are shown.
[[nodiscard]] std::string summary_text(const SummaryHead& head,
                                       const status::StatusSnapshot& snapshot, std::size_t top);

// The members of /status and `summary`.
[[nodiscard]] std::string summary_json(const SummaryHead& head,
                                       const status::StatusSnapshot& snapshot);

// "12 packets missed from 2026-01-05 14:30:00.000000001 to ... (session S, 100 to 120)".
// Requires: there are some.
[[nodiscard]] std::string missed_text(const status::MissedStatus& missed);

// "1,234,567"
[[nodiscard]] std::string grouped(std::uint64_t number);

}  // namespace tapeline

#pragma once

// What a live session did, and each of its servers and faults, as text or as a JSON document.
//
// Thread safety: pure functions; the servers have ended.

#include <string>

#include "app/commands/simulate_options.hpp"
#include "app/simulate/capture_feed.hpp"
#include "app/simulate/exchange.hpp"
#include "app/simulate/live_link.hpp"
#include "app/simulate/player.hpp"

namespace tapeline::commands {

struct LiveReport {
  const SimulateOptions& options;
  std::string session;
  simulate::PlayCounts counts{};
  const simulate::LiveLink& link;
  const simulate::Exchange* exchange = nullptr;    // null: no servers
  const simulate::CaptureFeed* capture = nullptr;  // null: a generated session
};

struct Summary {
  std::uint64_t messages = 0;
  std::uint64_t packets = 0;  // 0: there are none
  std::uint64_t bytes = 0;
  std::uint64_t ns = 1;
};

// "1000 messages, 40 packets, 52000 bytes in 1.00 s (1000 messages/s) to day.pcap".
[[nodiscard]] std::string summary_line(const Summary& summary, const std::string& where);

[[nodiscard]] std::string live_report_text(const LiveReport& report);
[[nodiscard]] std::string live_report_json(const LiveReport& report);

}  // namespace tapeline::commands

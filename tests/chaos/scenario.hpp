#pragma once

// What one seed means: a session, how its lines cut it into packets, what goes wrong, and how the
// receiver is configured.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "app/simulate/fault_plan.hpp"
#include "net/recovery.hpp"
#include "net/sequencer.hpp"

namespace tapeline::chaos {

enum class Kind : std::uint8_t {
  recoverable,  // a server that answers most of the time, and time enough: nothing may be lost
  lines_only,   // no server, and time enough for the slowest line: what no line brought is lost
  impatient,    // little time, slow lines, silent servers: what came in time is delivered
  cramped,      // little room for early packets: more may be lost, but nothing silently
};

struct LineCut {
  std::uint32_t packet_messages;     // most of a packet; each packet holds 1 to this many
  std::uint32_t packet_bytes;        // most of a packet
  std::uint32_t keeps_back_percent;  // chance that the rest of a group waits for the next one
};

struct Scenario {
  std::uint64_t seed = 0;
  Kind kind = Kind::recoverable;
  std::uint32_t messages = 0;
  std::uint32_t group_messages = 0;  // most that are sent at one time
  std::int64_t group_gap_ns = 0;     // mean time between groups
  std::int64_t heartbeat_ns = 0;
  std::uint32_t end_packets = 0;
  std::int64_t end_interval_ns = 0;
  std::vector<LineCut> lines{};
  simulate::FaultPlan faults{};
  std::vector<simulate::ServerFaultPlan> servers{};
  net::SequencerConfig sequencer{};
  net::RecoveryConfig recovery{};
  bool asks_freely = false;  // there are servers, and no limit keeps them from being asked

  // How long a hole stays open.
  [[nodiscard]] std::int64_t patience_ns() const noexcept {
    return sequencer.hold_ns + sequencer.recovery_ns;
  }
  // A group follows the one before after at most this.
  [[nodiscard]] std::int64_t longest_gap_ns() const noexcept { return 2 * group_gap_ns; }
  // Packets of another session are among the others.
  [[nodiscard]] bool has_foreign() const noexcept;
};

[[nodiscard]] Scenario scenario_of(std::uint64_t seed);

// One line of text.
[[nodiscard]] std::string describe(const Scenario& scenario);

}  // namespace tapeline::chaos

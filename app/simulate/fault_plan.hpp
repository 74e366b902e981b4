#pragma once

// What goes wrong between an exchange and its receiver, and how often; and the form in which a
// command line says so:
//
//   loss=1%,burst=0.1%x200,dup=2%,reorder=32,delay-b=3ms,dead-b=10s-20s,malformed=1%
//
//   loss=RATE               packets lost, each by itself
//   burst=RATExPACKETS      chance that a packet begins a run of 1 to PACKETS lost ones
//   dup=RATE                packets that come twice
//   reorder=[RATEx]PACKETS  packets (default 10%) let 1 to PACKETS later ones go first
//   reorder-hold=TIME       but wait no longer than this for them; default 5ms
//   delay=TIME              every packet is late by this
//   dead=FROM-[UNTIL]       nothing gets through in this time; may be given more than once
//   malformed=RATE          a malformed packet follows a good one (kinds: malformed.hpp)
//   damage=RATE             a good packet is itself made malformed
//   foreign=RATE            a packet of another session follows a good one
//   server-loss=RATE        requests lost, and of the answers to the others as many
//   server-short=RATE       answers that hold only some of the messages that would fit
//   server-delay=TIME       from a request to its answer
//   server-silent=FROM-[UNTIL]  no request is answered; may be given more than once
//
// An option of lines is meant for all of them, or for one: loss-a=1%. Later options override
// earlier ones. RATE is a percentage with up to four decimals; TIME a whole number and ns, us, ms,
// s or m, counted from the start of the session.
//
// Thread safety: values and pure functions.

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace tapeline::simulate {

inline constexpr std::size_t kMaxFaultLines = 4;
inline constexpr std::uint32_t kMaxBurstPackets = 10'000;
inline constexpr std::uint32_t kMaxReorderPackets = 1'024;
inline constexpr std::uint64_t kMaxFaultDelayNs = 60'000'000'000;

// Chances are in parts per million.
using PartsPerMillion = std::uint32_t;
inline constexpr PartsPerMillion kAlways = 1'000'000;

// [from_ns, until_ns), from the start of the session.
struct TimeWindow {
  static constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t from_ns = 0;
  std::uint64_t until_ns = kForever;

  [[nodiscard]] bool contains(std::uint64_t ns) const noexcept {
    return from_ns <= ns && ns < until_ns;
  }
  friend bool operator==(const TimeWindow&, const TimeWindow&) = default;
};

struct LineFaultPlan {
  PartsPerMillion loss = 0;
  PartsPerMillion burst = 0;        // that a packet begins a run of lost ones ...
  std::uint32_t burst_packets = 0;  // ... of 1 to this many
  PartsPerMillion duplicate = 0;
  PartsPerMillion reorder = 0;                // that a packet is held back ...
  std::uint32_t reorder_packets = 0;          // ... for 1 to this many of the line ...
  std::uint64_t reorder_hold_ns = 5'000'000;  // ... and at most so long
  std::uint64_t delay_ns = 0;
  std::vector<TimeWindow> dead{};
  PartsPerMillion malformed = 0;  // that a malformed packet follows
  PartsPerMillion damage = 0;     // that a packet is damaged
  PartsPerMillion foreign = 0;    // that a packet of another session follows

  friend bool operator==(const LineFaultPlan&, const LineFaultPlan&) = default;
};

struct ServerFaultPlan {
  PartsPerMillion loss = 0;  // of requests, and of answers
  PartsPerMillion short_answer = 0;
  std::uint64_t delay_ns = 0;
  std::vector<TimeWindow> silent{};

  friend bool operator==(const ServerFaultPlan&, const ServerFaultPlan&) = default;
};

struct FaultPlan {
  std::array<LineFaultPlan, kMaxFaultLines> lines{};
  ServerFaultPlan server{};

  // Whether there is anything in it that a line could do wrong.
  [[nodiscard]] bool touches_lines() const noexcept {
    const LineFaultPlan nothing{};
    for (const LineFaultPlan& line : lines) {
      if (line != nothing) return true;
    }
    return false;
  }
  // Whether a line makes or changes packets, not only loses, repeats or delays them.
  [[nodiscard]] bool makes_packets() const noexcept {
    for (const LineFaultPlan& line : lines) {
      if (line.malformed != 0 || line.damage != 0 || line.foreign != 0) return true;
    }
    return false;
  }
  friend bool operator==(const FaultPlan&, const FaultPlan&) = default;
};

// An empty text is a plan without faults. Throws std::invalid_argument with one line that names
// the option and what is wrong with it.
[[nodiscard]] FaultPlan parse_faults(std::string_view text);

// In the form that parse_faults() reads back to an equal plan.
[[nodiscard]] std::string to_text(const FaultPlan& plan);

// The options of the form, for a help text.
[[nodiscard]] std::string_view faults_help() noexcept;

}  // namespace tapeline::simulate

#include "tests/chaos/scenario.hpp"

#include <algorithm>

#include "app/simulate/random.hpp"

namespace tapeline::chaos {

namespace {

using simulate::FaultPlan;
using simulate::LineFaultPlan;
using simulate::PartsPerMillion;
using simulate::Random;
using simulate::ServerFaultPlan;

constexpr std::int64_t kUs = 1'000;
constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr PartsPerMillion kPercent = 10'000;

// 0 in half of all cases, otherwise up to `most`.
[[nodiscard]] PartsPerMillion maybe(Random& random, PartsPerMillion most) {
  return random.one_in(2) ? 0 : random.between(1, most);
}

// From `low` to `high`, each power of two about as likely as the next.
[[nodiscard]] std::int64_t log_between(Random& random, std::int64_t low, std::int64_t high) {
  std::uint32_t doublings = 0;
  while (low << (doublings + 1U) <= high) ++doublings;
  const std::int64_t value = low << random.below(doublings + 1);
  return std::min(value + random.below(static_cast<std::uint32_t>(value)), high);
}

[[nodiscard]] std::uint64_t fraction(Random& random, std::int64_t whole) {
  return static_cast<std::uint64_t>(whole / 1'000 * random.below(1'000));
}

// Part of the session; sometimes all of the rest.
[[nodiscard]] simulate::TimeWindow window(Random& random, std::int64_t session_ns) {
  simulate::TimeWindow window;
  window.from_ns = fraction(random, session_ns);
  if (!random.one_in(4)) window.until_ns = window.from_ns + 1 + fraction(random, session_ns / 2);
  return window;
}

[[nodiscard]] LineFaultPlan line_faults(Random& random, std::int64_t session_ns,
                                        bool with_malformed) {
  LineFaultPlan line;
  line.loss = maybe(random, 20 * kPercent);
  line.duplicate = maybe(random, 10 * kPercent);
  if (random.one_in(2)) {
    line.burst = random.between(kPercent / 100, kPercent / 2);
    line.burst_packets = random.between(1, 500);
  }
  if (random.one_in(2)) {
    line.reorder = random.between(1, 50 * kPercent);
    line.reorder_packets = random.between(1, 64);
    line.reorder_hold_ns = static_cast<std::uint64_t>(log_between(random, 10 * kUs, 20 * kMs));
  }
  if (random.one_in(3)) {
    line.delay_ns = static_cast<std::uint64_t>(log_between(random, kUs, 200 * kMs));
  }
  if (random.one_in(4)) line.dead.push_back(window(random, session_ns));
  if (random.one_in(20)) line.dead.push_back(window(random, session_ns));
  if (with_malformed) {
    line.malformed = maybe(random, 10 * kPercent);
    line.damage = maybe(random, 10 * kPercent);
    line.foreign = maybe(random, 5 * kPercent);
  }
  return line;
}

[[nodiscard]] ServerFaultPlan server_faults(Random& random, std::int64_t session_ns,
                                            bool is_reliable) {
  ServerFaultPlan server;
  server.loss = 10 * kPercent;
  if (random.one_in(3)) server.short_answer = random.between(1, 100 * kPercent);
  server.delay_ns = static_cast<std::uint64_t>(log_between(random, 10 * kUs, 20 * kMs));
  if (!is_reliable) {
    if (random.one_in(3)) server.loss = random.between(1, 90 * kPercent);
    if (random.one_in(2)) server.silent.push_back(window(random, session_ns));
  }
  return server;
}

// A line so slow that it begins when the others are far ahead, or have ended.
void slow_down(Random& random, std::int64_t session_ns, LineFaultPlan& line) {
  const auto most = static_cast<std::int64_t>(simulate::kMaxFaultDelayNs);
  line.delay_ns = fraction(random, std::min(2 * session_ns, most));
}

// The latest that a copy can come after it was first sent on any line: a hole that stays open for
// longer is filled by every line that can fill it.
[[nodiscard]] std::int64_t slowest_ns(const Scenario& scenario) {
  std::uint64_t slowest = 0;
  for (const LineFaultPlan& line : scenario.faults.lines) {
    slowest = std::max(slowest, line.delay_ns + line.reorder_hold_ns);
  }
  return static_cast<std::int64_t>(slowest) + scenario.longest_gap_ns();
}

void choose_session(Random& random, Scenario& scenario) {
  scenario.messages = random.one_in(8) ? random.between(6'000, 30'000) : random.between(200, 6'000);
  scenario.group_messages = random.between(1, 40);
  scenario.group_gap_ns = log_between(random, kUs, 20 * kMs);
  // Now and then a quiet session, of ten minutes.
  const std::int64_t groups = 1 + 2 * scenario.messages / (1 + scenario.group_messages);
  if (random.one_in(16)) scenario.group_gap_ns = 600 * kSecond / groups;
  scenario.heartbeat_ns = random.one_in(2) ? kSecond : log_between(random, kMs, kSecond);
  scenario.end_packets = random.between(3, 10);
  scenario.end_interval_ns = log_between(random, 10 * kMs, kSecond);
  const std::size_t lines = random.one_in(5) ? 3 : 2;
  for (std::size_t line = 0; line < lines; ++line) {
    scenario.lines.push_back({.packet_messages = random.between(1, 30),
                              .packet_bytes = random.between(700, 1'400),
                              .keeps_back_percent = random.one_in(2) ? 0 : random.below(60)});
  }
}

void choose_recovery(Random& random, std::int64_t session_ns, Scenario& scenario) {
  const bool is_reliable = scenario.kind == Kind::recoverable;
  const std::uint32_t servers = random.one_in(2) ? 1 : random.between(2, 4);
  for (std::uint32_t i = 0; i < servers; ++i) {
    scenario.servers.push_back(server_faults(random, session_ns, is_reliable));
  }
  net::RecoveryConfig& recovery = scenario.recovery;
  recovery.servers = servers;
  recovery.seed = scenario.seed;
  recovery.first_delay_ns = random.one_in(4) ? 0 : log_between(random, 100 * kUs, 5 * kMs);
  recovery.max_messages_per_request =
      static_cast<std::uint16_t>(random.one_in(2) ? 100 : random.between(1, 400));
  scenario.sequencer.request_lines = servers;
  if (is_reliable) {
    recovery.resend_ns = log_between(random, 40 * kMs, 200 * kMs);
    recovery.attempts = 20;
    recovery.max_requests_per_second = random.between(1'000, 20'000);
    scenario.sequencer.recovery_ns = 600 * kSecond;
  } else {
    recovery.resend_ns = log_between(random, kMs, 100 * kMs);
    recovery.attempts = random.between(1, 5);
    scenario.sequencer.recovery_ns = log_between(random, kMs, kSecond);
    scenario.asks_freely = scenario.kind == Kind::impatient && random.one_in(2);
    if (scenario.asks_freely) {
      recovery.max_requests_per_second = 1'000'000'000;
      recovery.burst = 100'000;
      recovery.max_ranges = recovery.max_ranges_per_hole = 16'384;
    } else {
      recovery.max_requests_per_second = random.between(10, 10'000);
      recovery.max_ranges = random.between(1, 256);
      recovery.max_ranges_per_hole = random.between(1, 16);
    }
  }
  recovery.max_resend_ns = recovery.resend_ns * (1 + random.below(8));
}

void choose_receiver(Random& random, std::int64_t session_ns, Scenario& scenario) {
  net::SequencerConfig& sequencer = scenario.sequencer;
  sequencer.lines = scenario.lines.size();
  sequencer.first_expected = random.one_in(6) ? 0 : 1;
  sequencer.accept_unsequenced = false;
  sequencer.session_silence_ns = 24 * 3'600 * kSecond;
  sequencer.hold_packets = 65'536;
  sequencer.hold_bytes = std::size_t{32} << 20U;
  if (scenario.kind == Kind::impatient) {
    sequencer.hold_ns = log_between(random, 10 * kUs, 20 * kMs);
  } else {
    sequencer.hold_ns = slowest_ns(scenario) + 1;
  }
  if (scenario.kind == Kind::cramped) {
    sequencer.hold_packets = random.between(1, 64);
    sequencer.hold_bytes = std::size_t{256} << 10U;
  }
  const bool has_server = scenario.kind == Kind::recoverable ||
                          (scenario.kind != Kind::lines_only && !random.one_in(4));
  if (has_server) choose_recovery(random, session_ns, scenario);
}

[[nodiscard]] std::string text_of(Kind kind) {
  switch (kind) {
    case Kind::recoverable: return "recoverable";
    case Kind::lines_only: return "lines_only";
    case Kind::impatient: return "impatient";
    case Kind::cramped: return "cramped";
  }
  return "?";
}

[[nodiscard]] Kind kind_of(Random& random) {
  const std::uint32_t drawn = random.below(100);
  if (drawn < 50) return Kind::recoverable;
  if (drawn < 70) return Kind::lines_only;
  return drawn < 93 ? Kind::impatient : Kind::cramped;
}

}  // namespace

bool Scenario::has_foreign() const noexcept {
  return std::any_of(faults.lines.begin(), faults.lines.end(), [](const LineFaultPlan& line) {
    return line.malformed != 0 || line.foreign != 0;
  });
}

Scenario scenario_of(std::uint64_t seed) {
  Random random{seed};
  Scenario scenario;
  scenario.seed = seed;
  scenario.kind = kind_of(random);
  choose_session(random, scenario);
  const std::int64_t groups = 1 + 2 * scenario.messages / (1 + scenario.group_messages);
  const std::int64_t session_ns = groups * scenario.group_gap_ns;
  const bool with_malformed = random.one_in(3);
  for (std::size_t line = 0; line < scenario.lines.size(); ++line) {
    scenario.faults.lines[line] = line_faults(random, session_ns, with_malformed);
  }
  if (scenario.kind == Kind::impatient && random.one_in(2)) {
    slow_down(
        random, session_ns,
        scenario.faults.lines[random.below(static_cast<std::uint32_t>(scenario.lines.size()))]);
  }
  choose_receiver(random, session_ns, scenario);
  return scenario;
}

std::string describe(const Scenario& scenario) {
  const auto ms = [](std::int64_t ns) { return std::to_string(ns / kUs) + "us"; };
  std::string text = text_of(scenario.kind) + ", " + std::to_string(scenario.messages) +
                     " messages in groups of up to " + std::to_string(scenario.group_messages) +
                     " every " + ms(scenario.group_gap_ns) + ", lines of";
  for (const LineCut& cut : scenario.lines) text += " " + std::to_string(cut.packet_messages);
  text += " messages per packet, first_expected " +
          std::to_string(scenario.sequencer.first_expected) + ", hold " +
          ms(scenario.sequencer.hold_ns) + ", faults " + simulate::to_text(scenario.faults);
  for (const ServerFaultPlan& server : scenario.servers) {
    FaultPlan plan;
    plan.server = server;
    text += ", a server of " + simulate::to_text(plan);
  }
  if (!scenario.servers.empty()) {
    const net::RecoveryConfig& recovery = scenario.recovery;
    text += ", recovery of " + ms(scenario.sequencer.recovery_ns) + ": first after " +
            ms(recovery.first_delay_ns) + ", again after " + ms(recovery.resend_ns) + " to " +
            ms(recovery.max_resend_ns) + ", " + std::to_string(recovery.attempts) + " attempts, " +
            std::to_string(recovery.max_messages_per_request) + " messages per request, " +
            std::to_string(recovery.max_requests_per_second) + " requests/s, " +
            std::to_string(recovery.max_ranges) + " ranges, " +
            std::to_string(recovery.max_ranges_per_hole) + " of a hole";
  }
  return text;
}

}  // namespace tapeline::chaos

#pragma once

// What a SoupBinTCP server does wrong on purpose, and the form in which a command line says so:
//
//   reset=10000x3,silent=50000x1,trickle
//
//   reset=MESSAGES[xLOGINS]   the connection is reset in the middle of the next packet after this
//                             many messages; only that of the first so many logins, default all
//   silent=MESSAGES[xLOGINS]  nothing more is sent on it, no heartbeats either, and it stays open
//   trickle                   every byte is written by itself
//
// Thread safety: values and pure functions.

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace tapeline::simulate {

struct SoupFaultPlan {
  static constexpr std::uint64_t kAllLogins = std::numeric_limits<std::uint64_t>::max();

  std::optional<std::uint64_t> reset_after{};  // messages
  std::uint64_t reset_logins = kAllLogins;
  std::optional<std::uint64_t> silent_after{};  // messages
  std::uint64_t silent_logins = kAllLogins;
  bool trickle = false;

  friend bool operator==(const SoupFaultPlan&, const SoupFaultPlan&) = default;
};

// An empty text is a plan without faults. Throws std::invalid_argument with one line.
[[nodiscard]] SoupFaultPlan parse_soup_faults(std::string_view text);

// The options of the form, for a help text.
[[nodiscard]] std::string_view soup_faults_help() noexcept;

}  // namespace tapeline::simulate

#include "app/simulate/soup_faults.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>
#include <system_error>

namespace tapeline::simulate {

namespace {

[[nodiscard]] std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

// "MESSAGES" or "MESSAGESxLOGINS".
void parse_after(std::string_view name, std::string_view value,
                 std::optional<std::uint64_t>& messages, std::uint64_t& logins) {
  const std::size_t cross = value.find('x');
  messages = whole_number(value.substr(0, cross));
  const bool limited = cross != std::string_view::npos;
  const auto limit = limited ? whole_number(value.substr(cross + 1)) : SoupFaultPlan::kAllLogins;
  if (!messages || !limit || *limit == 0) {
    throw std::invalid_argument{"fault option '" + std::string{name} + "': '" + std::string{value} +
                                "' is not MESSAGES or MESSAGESxLOGINS, as 10000 or 10000x3"};
  }
  logins = *limit;
}

void apply(std::string_view text, SoupFaultPlan& plan) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const bool has_value = equals != std::string_view::npos;
  const std::string_view value = has_value ? text.substr(equals + 1) : std::string_view{};
  if (name == "reset" && has_value) {
    parse_after(name, value, plan.reset_after, plan.reset_logins);
  } else if (name == "silent" && has_value) {
    parse_after(name, value, plan.silent_after, plan.silent_logins);
  } else if (text == "trickle") {
    plan.trickle = true;
  } else {
    throw std::invalid_argument{"there is no fault option '" + std::string{text} +
                                "'; there are reset=MESSAGES, silent=MESSAGES, trickle"};
  }
}

}  // namespace

SoupFaultPlan parse_soup_faults(std::string_view text) {
  SoupFaultPlan plan;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    apply(text.substr(0, comma), plan);
    text.remove_prefix(comma);
    if (text == ",") throw std::invalid_argument{"the fault options end in a comma"};
    if (!text.empty()) text.remove_prefix(1);
  }
  return plan;
}

std::string_view soup_faults_help() noexcept {
  return "reset=10000            reset in the middle of a packet after so many messages\n"
         "silent=10000           nothing more is sent, no heartbeats either; it stays open\n"
         "  (of every login; of the first three only: reset=10000x3)\n"
         "trickle                every byte is written by itself\n";
}

}  // namespace tapeline::simulate

#include "app/simulate/fault_plan.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace tapeline::simulate {

namespace {

constexpr PartsPerMillion kPerPercent = 10'000;
constexpr PartsPerMillion kDefaultReorder = 10 * kPerPercent;
constexpr std::string_view kLineNames = "abcd";
static_assert(kLineNames.size() == kMaxFaultLines);

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 5> kTimeUnits{{
    {"ns", 1},
    {"us", 1'000},
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
}};

[[nodiscard]] std::string quoted(std::string_view text) { return "'" + std::string{text} + "'"; }

// All of `text`, digits only.
[[nodiscard]] std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

// One option, as it stands in the text.
class Option {
 public:
  Option(std::string_view name, std::string_view value) : name_{name}, value_{value} {}

  [[noreturn]] void fail(const std::string& what) const {
    throw std::invalid_argument{"fault option " + quoted(name_) + ": " + what};
  }

  [[nodiscard]] PartsPerMillion rate(std::string_view text) const {
    const std::string right = " is not a rate from 0% to 100%, as 1% or 0.05%";
    if (!text.ends_with('%')) fail(quoted(text) + right);
    const std::string_view number = text.substr(0, text.size() - 1);
    const std::size_t point = number.find('.');
    const auto whole = whole_number(number.substr(0, point));
    std::string_view decimals;
    if (point != std::string_view::npos) decimals = number.substr(point + 1);
    const bool has_decimals = point != std::string_view::npos;
    if (!whole || *whole > 100 || decimals.size() > 4 ||
        (has_decimals && !whole_number(decimals))) {
      fail(quoted(text) + right);
    }
    std::uint64_t fraction = has_decimals ? *whole_number(decimals) : 0;
    for (std::size_t digits = decimals.size(); digits < 4; ++digits) fraction *= 10;
    const std::uint64_t parts = *whole * kPerPercent + fraction;
    if (parts > kAlways) fail(quoted(text) + right);
    return static_cast<PartsPerMillion>(parts);
  }
  [[nodiscard]] PartsPerMillion rate() const { return rate(value_); }

  [[nodiscard]] std::uint64_t time(std::string_view text, std::uint64_t most) const {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = whole_number(text.substr(0, digits));
    const auto* const unit = std::find_if(kTimeUnits.begin(), kTimeUnits.end(), [&](const auto& u) {
      return u.first == text.substr(digits);
    });
    if (!number || unit == kTimeUnits.end()) {
      fail(quoted(text) + " is not a time, as 300us, 3ms or 10s");
    }
    std::uint64_t ns = 0;
    if (__builtin_mul_overflow(*number, unit->second, &ns) || ns > most) {
      fail(quoted(text) + " is too long");
    }
    return ns;
  }
  [[nodiscard]] std::uint64_t delay() const { return time(value_, kMaxFaultDelayNs); }

  [[nodiscard]] std::uint32_t packets(std::string_view text, std::uint32_t most) const {
    const auto number = whole_number(text);
    if (!number || *number == 0 || *number > most) {
      fail(quoted(text) + " is not a number of packets from 1 to " + std::to_string(most));
    }
    return static_cast<std::uint32_t>(*number);
  }

  // "RATExPACKETS", or "PACKETS" if there is a default rate.
  void rate_and_packets(PartsPerMillion& rate_out, std::uint32_t& packets_out,
                        std::optional<PartsPerMillion> default_rate, std::uint32_t most) const {
    const std::size_t cross = value_.find('x');
    if (cross == std::string_view::npos && !default_rate) {
      fail(quoted(value_) + " is not a rate and a number of packets, as 0.1%x200");
    }
    const bool has_rate = cross != std::string_view::npos;
    const PartsPerMillion parts = has_rate ? rate(value_.substr(0, cross)) : *default_rate;
    packets_out = packets(has_rate ? value_.substr(cross + 1) : value_, most);
    rate_out = parts;
  }

  void window(std::vector<TimeWindow>& windows) const {
    const std::size_t dash = value_.find('-');
    if (dash == std::string_view::npos) {
      fail(quoted(value_) + " is not a span of time, as 10s-20s, or 10s- for all the rest");
    }
    TimeWindow window;
    window.from_ns = time(value_.substr(0, dash), TimeWindow::kForever - 1);
    const std::string_view until = value_.substr(dash + 1);
    if (!until.empty()) window.until_ns = time(until, TimeWindow::kForever - 1);
    if (window.until_ns <= window.from_ns) fail(quoted(value_) + " ends before it begins");
    windows.push_back(window);
  }

 private:
  std::string_view name_;
  std::string_view value_;
};

using LineSetter = void (*)(const Option&, LineFaultPlan&);
using ServerSetter = void (*)(const Option&, ServerFaultPlan&);

constexpr std::array<std::pair<std::string_view, LineSetter>, 10> kLineOptions{{
    {"loss", [](const Option& option, LineFaultPlan& line) { line.loss = option.rate(); }},
    {"burst",
     [](const Option& option, LineFaultPlan& line) {
       option.rate_and_packets(line.burst, line.burst_packets, std::nullopt, kMaxBurstPackets);
     }},
    {"dup", [](const Option& option, LineFaultPlan& line) { line.duplicate = option.rate(); }},
    {"reorder",
     [](const Option& option, LineFaultPlan& line) {
       option.rate_and_packets(line.reorder, line.reorder_packets, kDefaultReorder,
                               kMaxReorderPackets);
     }},
    {"reorder-hold",
     [](const Option& option, LineFaultPlan& line) { line.reorder_hold_ns = option.delay(); }},
    {"delay", [](const Option& option, LineFaultPlan& line) { line.delay_ns = option.delay(); }},
    {"dead", [](const Option& option, LineFaultPlan& line) { option.window(line.dead); }},
    {"malformed",
     [](const Option& option, LineFaultPlan& line) { line.malformed = option.rate(); }},
    {"damage", [](const Option& option, LineFaultPlan& line) { line.damage = option.rate(); }},
    {"foreign", [](const Option& option, LineFaultPlan& line) { line.foreign = option.rate(); }},
}};

constexpr std::array<std::pair<std::string_view, ServerSetter>, 4> kServerOptions{{
    {"server-loss",
     [](const Option& option, ServerFaultPlan& server) { server.loss = option.rate(); }},
    {"server-short",
     [](const Option& option, ServerFaultPlan& server) { server.short_answer = option.rate(); }},
    {"server-delay",
     [](const Option& option, ServerFaultPlan& server) { server.delay_ns = option.delay(); }},
    {"server-silent",
     [](const Option& option, ServerFaultPlan& server) { option.window(server.silent); }},
}};

// Returns whether there is such an option of lines.
[[nodiscard]] bool set_on_lines(std::string_view name, const Option& option, FaultPlan& plan) {
  for (const auto& [known, set] : kLineOptions) {
    if (name == known) {
      for (LineFaultPlan& line : plan.lines) set(option, line);
      return true;
    }
    if (name.size() != known.size() + 2 || !name.starts_with(known) || name[known.size()] != '-') {
      continue;
    }
    const std::size_t line = kLineNames.find(name.back());
    if (line == std::string_view::npos) option.fail("there are lines a to d");
    set(option, plan.lines[line]);
    return true;
  }
  return false;
}

void apply(std::string_view text, FaultPlan& plan) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  if (equals == std::string_view::npos) {
    throw std::invalid_argument{"fault option " + quoted(text) + " has no value: NAME=VALUE"};
  }
  const Option option{name, text.substr(equals + 1)};
  for (const auto& [known, set] : kServerOptions) {
    if (name == known) return set(option, plan.server);
  }
  if (set_on_lines(name, option, plan)) return;
  std::string names;
  for (const auto& [known, set] : kLineOptions) names += std::string{known} + ", ";
  for (const auto& [known, set] : kServerOptions) names += std::string{known} + ", ";
  names.resize(names.size() - 2);
  throw std::invalid_argument{"there is no fault option " + quoted(name) + "; there are " + names};
}

[[nodiscard]] std::string rate_text(PartsPerMillion parts) {
  std::string text = std::to_string(parts / kPerPercent);
  if (const PartsPerMillion rest = parts % kPerPercent; rest != 0) {
    std::string decimals = std::to_string(kPerPercent + rest).substr(1);
    while (decimals.back() == '0') decimals.pop_back();
    text += "." + decimals;
  }
  return text + "%";
}

[[nodiscard]] std::string time_text(std::uint64_t ns) {
  std::size_t unit = kTimeUnits.size() - 1;
  while (unit > 0 && (ns == 0 || ns % kTimeUnits[unit].second != 0)) --unit;
  return std::to_string(ns / kTimeUnits[unit].second) + std::string{kTimeUnits[unit].first};
}

[[nodiscard]] std::string window_text(const TimeWindow& window) {
  return time_text(window.from_ns) + "-" +
         (window.until_ns == TimeWindow::kForever ? "" : time_text(window.until_ns));
}

// The options of a line, without its name and each in front of its '='.
void add_line(const LineFaultPlan& line, const std::string& suffix, std::string& text) {
  const LineFaultPlan usual{};
  const auto add = [&](std::string_view name, const std::string& value) {
    text += std::string{name} + suffix + "=" + value + ",";
  };
  if (line.loss != 0) add("loss", rate_text(line.loss));
  if (line.burst_packets != 0) {
    add("burst", rate_text(line.burst) + "x" + std::to_string(line.burst_packets));
  }
  if (line.duplicate != 0) add("dup", rate_text(line.duplicate));
  if (line.reorder_packets != 0) {
    add("reorder", rate_text(line.reorder) + "x" + std::to_string(line.reorder_packets));
  }
  if (line.reorder_hold_ns != usual.reorder_hold_ns) {
    add("reorder-hold", time_text(line.reorder_hold_ns));
  }
  if (line.delay_ns != 0) add("delay", time_text(line.delay_ns));
  for (const TimeWindow& window : line.dead) add("dead", window_text(window));
  if (line.malformed != 0) add("malformed", rate_text(line.malformed));
  if (line.damage != 0) add("damage", rate_text(line.damage));
  if (line.foreign != 0) add("foreign", rate_text(line.foreign));
}

void add_server(const ServerFaultPlan& server, std::string& text) {
  if (server.loss != 0) text += "server-loss=" + rate_text(server.loss) + ",";
  if (server.short_answer != 0) text += "server-short=" + rate_text(server.short_answer) + ",";
  if (server.delay_ns != 0) text += "server-delay=" + time_text(server.delay_ns) + ",";
  for (const TimeWindow& window : server.silent) {
    text += "server-silent=" + window_text(window) + ",";
  }
}

}  // namespace

FaultPlan parse_faults(std::string_view text) {
  FaultPlan plan;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    apply(text.substr(0, comma), plan);
    text.remove_prefix(comma);
    if (text == ",") throw std::invalid_argument{"the fault options end in a comma"};
    if (!text.empty()) text.remove_prefix(1);
  }
  return plan;
}

std::string to_text(const FaultPlan& plan) {
  std::string text;
  const bool alike = std::all_of(plan.lines.begin(), plan.lines.end(),
                                 [&](const LineFaultPlan& line) { return line == plan.lines[0]; });
  if (alike) {
    add_line(plan.lines[0], "", text);
  } else {
    for (std::size_t line = 0; line < plan.lines.size(); ++line) {
      add_line(plan.lines[line], std::string{"-"} + kLineNames[line], text);
    }
  }
  add_server(plan.server, text);
  if (!text.empty()) text.pop_back();
  return text;
}

std::string_view faults_help() noexcept {
  return "loss=1%                packets lost, each by itself\n"
         "burst=0.1%x200         chance that a packet begins a run of 1 to 200 lost ones\n"
         "dup=2%                 packets that come twice\n"
         "reorder=5%x32          packets that let 1 to 32 later ones go first (reorder=32: 10%)\n"
         "reorder-hold=5ms       ... and wait no longer than this for them\n"
         "delay=3ms              every packet is late by this\n"
         "dead=10s-20s           nothing gets through; 10s- for all the rest\n"
         "malformed=1%           a malformed packet follows a good one\n"
         "damage=1%              a good packet is itself made malformed\n"
         "foreign=1%             a packet of another session follows a good one\n"
         "  (of all lines; of one line with its letter: loss-a=1%, delay-b=3ms)\n"
         "server-loss=10%        requests lost, and of the answers to the others as many\n"
         "server-short=10%       answers that hold only some of the messages that would fit\n"
         "server-delay=1ms       from a request to its answer\n"
         "server-silent=10s-20s  no request is answered\n";
}

}  // namespace tapeline::simulate

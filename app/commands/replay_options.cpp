#include "app/commands/replay_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "app/commands/options.hpp"
#include "app/commands/usage.hpp"
#include "app/decode/time_text.hpp"
#include "app/replay.hpp"

namespace tapeline::commands {

namespace {

constexpr std::string_view kScheme = "udp://";

[[nodiscard]] bool is_destination(const std::string& to) {
  return to.find(kScheme) != std::string::npos;
}

template <typename Number>
[[nodiscard]] std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

[[nodiscard]] std::optional<decode::TimeBound> bound_of(const char* flag, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto bound = decode::parse_time_bound(text);
  if (!bound) {
    throw ConfigError{std::string{flag} + ": '" + one_line(text) +
                      (text.find("://") == std::string::npos ? "' is no time"
                                                             : "' is neither udp:// nor a time") +
                      " such as 2026-01-05T14:30:00Z, 09:30, or nanoseconds since 1970"};
  }
  return bound;
}

[[nodiscard]] std::optional<std::int64_t> day_of(const std::string& date) {
  if (date.empty()) return std::nullopt;
  const auto day = decode::parse_day(date);
  if (!day) throw ConfigError{"--date: '" + one_line(date) + "' is no date such as 2026-01-05"};
  return day;
}

[[nodiscard]] std::uint64_t loops_of(const std::string& text) {
  if (text == "forever") return ReplayInputOptions::kForever;
  const auto loops = number_of<std::uint64_t>(text);
  if (!loops || *loops == 0 || *loops == ReplayInputOptions::kForever) {
    throw ConfigError{"--loop: '" + one_line(text) +
                      "' is neither how many times to play, 1 or more, nor forever"};
  }
  return *loops;
}

[[nodiscard]] net::CaptureFilter filter_of(const ReplayFlags& flags) {
  net::CaptureFilter filter;
  if (flags.group.empty() && flags.port == 0) return filter;
  net::LineMatch match;
  if (!flags.group.empty()) {
    match.address = codec::capture::Address::from_text(flags.group);
    if (!match.address) {
      throw ConfigError{"--group: '" + one_line(flags.group) + "' is no IP address"};
    }
  }
  if (flags.port != 0) match.port = flags.port;
  filter.matches.push_back(match);
  return filter;
}

// "ADDRESS:PORT" or "[v6]:PORT".
[[nodiscard]] std::optional<codec::capture::Endpoint> endpoint_of(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = number_of<std::uint16_t>(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = codec::capture::Address::from_text(host);
  if (!port || !address || address->is_ipv4() == bracketed) return std::nullopt;
  return codec::capture::Endpoint{*address, *port};
}

// "ADDRESS:PORT", "[v6]:PORT" or "PORT".
[[nodiscard]] StatusConfig status_of(const std::string& text) {
  StatusConfig status{.enabled = true};
  std::optional<std::uint16_t> port;
  if (text.find(':') == std::string::npos) {
    port = number_of<std::uint16_t>(text);
  } else if (const auto endpoint = endpoint_of(text)) {
    status.address = endpoint->address.text();
    port = endpoint->port;
  }
  if (!port) {
    throw ConfigError{"--status: '" + one_line(text) +
                      "' is not ADDRESS:PORT, such as 127.0.0.1:9600 or [::1]:9600"};
  }
  status.port = *port;
  return status;
}

// "udp://", "udp://A:P" or "A:P=udp://A:P", also with "udp://" in front of the captured one.
[[nodiscard]] ResendRoute route_of(const std::string& text) {
  const auto wrong = [&text] {
    return ConfigError{"--to: '" + one_line(text) +
                       "' is not udp://ADDRESS:PORT, CAPTURED:PORT=udp://ADDRESS:PORT, or udp:// "
                       "for where the packets went when they were captured"};
  };
  ResendRoute route;
  std::string_view rest{text};
  const auto equals = rest.find('=');
  if (equals != std::string_view::npos) {
    std::string_view captured = rest.substr(0, equals);
    if (captured.starts_with(kScheme)) captured.remove_prefix(kScheme.size());
    route.captured = endpoint_of(captured);
    if (!route.captured) throw wrong();
    rest.remove_prefix(equals + 1);
  }
  if (!rest.starts_with(kScheme)) throw wrong();
  rest.remove_prefix(kScheme.size());
  if (rest.empty() && equals == std::string_view::npos) return route;
  route.target = endpoint_of(rest);
  if (!route.target || route.target->port == 0) throw wrong();
  return route;
}

void refuse_empty_values(CLI::App& command) {
  for (const char* name : {"--archive", "--bars", "--config", "--date", "--group", "--status",
                           "--from", "--to", "--loop", "--interface", "--pace"}) {
    // "$UNSET" is a mistake, not a default.
    command.get_option(name)->check([](const std::string& text) -> std::string {
      return text.empty() ? "an empty value is no value" : "";
    });
  }
}

void add_what(CLI::App& command, ReplayFlags& flags) {
  command
      .add_option("CAPTURE", flags.captures,
                  "pcap, pcapng, archive, ITCH or JSON lines file, also as .gz or .zst; - is "
                  "stdin. Several are merged in the order of their times")
      ->required();
  command.add_option("--group", flags.group, "only packets to this address");
  require_whole_number(*command.add_option("--port", flags.port, "only packets to this port"), 1,
                       65535);
  command
      .add_option("--from", flags.from,
                  "only packets received from this time on: 2026-01-05T14:30:00Z, 09:30 or "
                  "nanoseconds")
      ->type_name("TIME");
  command
      .add_option("--to", flags.to,
                  "only packets received before this time; or send the packets there instead of "
                  "decoding them: udp://ADDRESS:PORT, udp:// (where they went when captured) or "
                  "CAPTURED:PORT=udp://ADDRESS:PORT, also several times")
      ->type_name("TIME|udp://...")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--date", flags.date, "day of ITCH files, such as 2026-01-05");
  require_one_of(*command.add_option("--zone", flags.zone,
                                     "whose midnight ITCH files and times of day count from "
                                     "(default new-york)"),
                 {"new-york", "utc"});
}

void add_how(CLI::App& command, ReplayFlags& flags) {
  command.add_option("--pace", flags.pace,
                     "max, or times the recorded pace: 1, 10, 0.5 (default max)");
  command.add_option("--loop", flags.loop, "how many times to play all, or forever (default 1)")
      ->type_name("N");
  command.add_flag("--step", flags.step, "go on packet by packet, by keys, and show each");
  command.add_option("--interface", flags.interface,
                     "that multicast is sent by, with --to udp:// (default lo)");
  require_whole_number(
      *command.add_option("--ttl", flags.ttl, "of multicast, with --to udp:// (default 1)"), 0,
      255);
  require_one_of(*command.add_option("--format", flags.format, "text or json (default text)"),
                 {"text", "json"});
  require_whole_number(
      *command.add_option("--top", flags.top, "instruments in the summary (default 10)"), 0, 32);
  command.add_option("--archive", flags.archive, "write an archive into this folder");
  command.add_option("--bars", flags.bars, "write one-second and one-minute bars as CSV");
  command.add_flag("--force", flags.force, "let --bars overwrite a file");
  command.add_option("--config", flags.config,
                     "pool, market, archive, status and log sections of this YAML file");
  command.add_option("--status", flags.status,
                     "serve the status page on ADDRESS:PORT while this runs");
  command.add_flag("--scalar", flags.scalar, "scalar kernels instead of AVX2");
  command.add_flag("--quiet", flags.quiet, "no progress bar");
}

}  // namespace

void add_replay_options(CLI::App& command, ReplayFlags& flags) {
  add_what(command, flags);
  add_how(command, flags);
  refuse_empty_values(command);
  command.footer(
      "Packets are those of every UDP destination unless --group or --port say otherwise; each\n"
      "destination is a line of the one channel. Books and VWAPs are made of what is played: with\n"
      "--from they miss what was before, and say so. Exit code 1: a capture was damaged (what was\n"
      "in front of the damage was played), or packets could not be sent. More: docs/replay.md.\n\n"
      "Examples:\n"
      "  tapeline replay session.pcap\n"
      "  tapeline replay line-a.pcap.zst line-b.pcap.zst --from 09:30 --to 09:35\n"
      "  tapeline replay day.pcap.zst --format json --top 0\n"
      "  tapeline replay session.pcap --pace 10 --status 127.0.0.1:9600\n"
      "  tapeline replay session.pcap --pace 1 --loop forever --to udp://\n"
      "  tapeline replay session.pcap --to 239.192.64.1:26400=udp://127.0.0.1:9000\n"
      "  zcat day.itch.gz | tapeline replay - --date 2026-01-05 --bars bars.csv");
}

bool sends(const ReplayFlags& flags) {
  return std::any_of(flags.to.begin(), flags.to.end(), is_destination);
}

void check_replay_flags(const ReplayFlags& flags) {
  if (flags.step && flags.pace != "max") {
    throw ConfigError{"--step: packets go by keys, not at a pace"};
  }
  if (!sends(flags)) {
    if (!flags.interface.empty()) throw ConfigError{"--interface is for --to udp://"};
    return;
  }
  const std::pair<bool, const char*> of_the_pipeline[] = {{!flags.archive.empty(), "--archive"},
                                                          {!flags.bars.empty(), "--bars"},
                                                          {!flags.config.empty(), "--config"},
                                                          {!flags.status.empty(), "--status"},
                                                          {flags.scalar, "--scalar"},
                                                          {flags.step, "--step"}};
  for (const auto& [given, name] : of_the_pipeline) {
    if (!given) continue;
    throw ConfigError{std::string{name} +
                      ": with --to udp:// packets are sent as they are, not decoded"};
  }
}

double speed_of(const ReplayFlags& flags) {
  constexpr double kSlowest = 0.001;
  constexpr double kFastest = 1e6;
  if (flags.pace == "max") return 0.0;
  const bool plain = flags.pace.find_first_not_of("0123456789.") == std::string::npos;
  const auto speed = plain ? number_of<double>(flags.pace) : std::nullopt;
  if (!speed || *speed < kSlowest || *speed > kFastest) {
    throw ConfigError{"--pace: '" + one_line(flags.pace) +
                      "' is neither max nor a number from 0.001 to 1000000, such as 1 or 0.5"};
  }
  return *speed;
}

ReplayInputOptions input_of(const ReplayFlags& flags) {
  ReplayInputOptions input;
  input.filter = filter_of(flags);
  input.zone = flags.zone == "utc" ? decode::ExchangeZone::utc : decode::ExchangeZone::new_york;
  input.day = day_of(flags.date);
  input.from = bound_of("--from", flags.from);
  for (const std::string& to : flags.to) {
    if (is_destination(to)) continue;
    if (input.to) throw ConfigError{"--to: '" + one_line(to) + "' is a second time"};
    input.to = bound_of("--to", to);
  }
  input.loops = loops_of(flags.loop);
  return input;
}

Config config_of(const ReplayFlags& flags) {
  Config config = replay_config();
  if (!flags.config.empty()) {
    Config loaded = load_config(flags.config);
    config.pool = loaded.pool;
    config.market = loaded.market;
    config.archive = loaded.archive;
    config.status = loaded.status;
    config.log = loaded.log;
    // The limits of the first channel; its lines are those of the capture.
    config.feeds[0].channels[0] = std::move(loaded.feeds.at(0).channels.at(0));
    config.feeds[0].channels[0].name = "capture";
  }
  if (!flags.archive.empty()) {
    config.archive.enabled = true;
    config.archive.directory = flags.archive;
  }
  if (!flags.status.empty()) config.status = status_of(flags.status);
  if (flags.scalar) config.market.scalar_kernels = true;
  return config;
}

ResendOptions resend_of(const ReplayFlags& flags) {
  ResendOptions resend;
  resend.input = input_of(flags);
  resend.speed = speed_of(flags);
  resend.interface = flags.interface;
  resend.hops = flags.ttl;
  for (const std::string& to : flags.to) {
    if (is_destination(to)) resend.routes.push_back(route_of(to));
  }
  return resend;
}

}  // namespace tapeline::commands

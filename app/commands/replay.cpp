#include "app/commands/replay.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "app/bar_file.hpp"
#include "app/commands/options.hpp"
#include "app/commands/usage.hpp"
#include "app/log.hpp"
#include "app/replay.hpp"
#include "app/simulate/arguments.hpp"
#include "app/stop_signal.hpp"
#include "app/summary.hpp"

namespace tapeline::commands {

namespace {

struct ReplayCommand {
  std::vector<std::string> captures;
  std::string config;
  std::string format = "text";
  std::string pace = "max";
  std::string archive;
  std::string bars;
  std::string date;
  std::string group;
  std::string status;
  std::uint16_t port = 0;
  std::size_t top = 10;
  bool force = false;
  bool scalar = false;
  bool quiet = false;
};

[[nodiscard]] double speed_of(const std::string& pace) {
  constexpr double kSlowest = 0.001;
  constexpr double kFastest = 1e6;
  if (pace == "max") return 0.0;
  const bool plain = !pace.empty() && pace.find_first_not_of("0123456789.") == std::string::npos;
  std::size_t used = 0;
  double speed = 0.0;
  try {
    if (plain) speed = std::stod(pace, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (!plain || used != pace.size() || speed < kSlowest || speed > kFastest) {
    throw ConfigError{"--pace: '" + one_line(pace) +
                      "' is neither max nor a number from 0.001 to 1000000, such as 1 or 0.5"};
  }
  return speed;
}

// Midnight of "2026-01-05" in UTC.
[[nodiscard]] net::UnixNanos midnight_of(const std::string& date) {
  if (date.empty()) return 0;
  const auto midnight = simulate::parse_date(date);
  if (!midnight) {
    throw ConfigError{"--date: '" + one_line(date) + "' is no date such as 2026-01-05"};
  }
  return *midnight;
}

[[nodiscard]] net::CaptureFilter filter_of(const ReplayCommand& command) {
  net::CaptureFilter filter;
  if (command.group.empty() && command.port == 0) return filter;
  net::LineMatch match;
  if (!command.group.empty()) {
    match.address = codec::capture::Address::from_text(command.group);
    if (!match.address) {
      throw ConfigError{"--group: '" + one_line(command.group) + "' is no IP address"};
    }
  }
  if (command.port != 0) match.port = command.port;
  filter.matches.push_back(match);
  return filter;
}

// "ADDRESS:PORT", "[v6]:PORT" or "PORT".
[[nodiscard]] StatusConfig status_of(const std::string& text) {
  StatusConfig status{.enabled = true};
  const auto colon = text.rfind(':');
  const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  if (colon != std::string::npos) {
    status.address = text.substr(0, colon);
    const bool bracketed =
        status.address.size() > 2 && status.address.front() == '[' && status.address.back() == ']';
    if (bracketed) status.address = status.address.substr(1, status.address.size() - 2);
    const auto address = codec::capture::Address::from_text(status.address);
    if (!address || address->is_ipv4() == bracketed) status.address.clear();
  }
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string::npos;
  if (status.address.empty() || !digits || std::stoul(port) > 0xFFFF) {
    throw ConfigError{"--status: '" + one_line(text) +
                      "' is not ADDRESS:PORT, such as 127.0.0.1:9600 or [::1]:9600"};
  }
  status.port = static_cast<std::uint16_t>(std::stoul(port));
  return status;
}

[[nodiscard]] Config config_of(const ReplayCommand& command) {
  Config config = replay_config();
  if (!command.config.empty()) {
    Config loaded = load_config(command.config);
    config.pool = loaded.pool;
    config.market = loaded.market;
    config.archive = loaded.archive;
    config.status = loaded.status;
    config.log = loaded.log;
    // The limits of the first channel; its lines are those of the capture.
    config.feeds[0].channels[0] = std::move(loaded.feeds.at(0).channels.at(0));
    config.feeds[0].channels[0].name = "capture";
  }
  if (!command.archive.empty()) {
    config.archive.enabled = true;
    config.archive.directory = command.archive;
  }
  if (!command.status.empty()) config.status = status_of(command.status);
  if (command.scalar) config.market.scalar_kernels = true;
  return config;
}

void refuse_input_as_output(const ReplayCommand& command) {
  for (const std::string& capture : command.captures) {
    std::error_code not_there;
    if (std::filesystem::equivalent(capture, command.bars, not_there)) {
      throw ConfigError{"--bars: " + command.bars + " is a capture to be played"};
    }
  }
}

void show_progress(const ReplayProgress& progress) {
  constexpr std::size_t kWidth = 30;
  const double rate = static_cast<double>(progress.messages) / progress.elapsed_seconds / 1e6;
  std::string bar;
  if (progress.bytes_total > 0) {
    const double done =
        static_cast<double>(progress.bytes_read) / static_cast<double>(progress.bytes_total);
    const auto filled = std::min(kWidth, static_cast<std::size_t>(done * kWidth));
    bar = fmt::format("[{}{}] {:3.0f} %  ", std::string(filled, '#'),
                      std::string(kWidth - filled, '.'), done * 100.0);
  }
  std::cerr << fmt::format("\r{}{} messages, {:.2f} M/s\033[K", bar, grouped(progress.messages),
                           rate)
            << std::flush;
}

int replay(const ReplayCommand& command) {
  ReplayOptions options;
  options.speed = speed_of(command.pace);
  options.filter = filter_of(command);
  options.midnight_ns = midnight_of(command.date);
  Config config = config_of(command);
  set_up_log(config.log);
  catch_stop_signals();

  BarFile bars;
  if (!command.bars.empty()) options.bars = &bars;
  const std::string address = config.status.address;
  Replay replay{std::move(config), command.captures, std::move(options)};
  if (!command.bars.empty()) {  // after the captures were opened: a mistyped name costs no file
    refuse_input_as_output(command);
    bars.open(command.bars, command.force, replay.market());
  }
  if (replay.status_port() != 0 && !command.quiet) {
    log_info(
        fmt::format("status page on {} port {} while this runs", address, replay.status_port()));
  }
  const bool progress = !command.quiet && ::isatty(STDERR_FILENO) == 1;
  if (progress) replay.on_progress(show_progress);
  replay.run();
  if (progress) std::cerr << "\r\033[K" << std::flush;
  bars.close();

  const SummaryHead head = replay.head();
  const status::StatusSnapshot snapshot = replay.snapshot();
  std::cout << (command.format == "json" ? summary_json(head, snapshot)
                                         : summary_text(head, snapshot, command.top))
            << std::flush;
  for (const std::string& error : replay.errors()) std::cerr << "tapeline: " << error << '\n';
  if (replay.archive_failed()) std::cerr << "tapeline: the archive is not complete\n";
  return replay.errors().empty() && !replay.archive_failed() ? kExitOk : kExitFailed;
}

}  // namespace

void add_replay_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ReplayCommand>();
  CLI::App* command =
      app.add_subcommand("replay", "Plays captures through the pipeline: books, VWAPs, a summary");
  command
      ->add_option("CAPTURE", options->captures,
                   "pcap, pcapng, archive, ITCH or JSON lines file, also as .gz or .zst; - is "
                   "stdin. Several "
                   "are played one after the other, as one channel")
      ->required();
  command->add_option("--pace", options->pace,
                      "max, or times the recorded pace: 1, 10, 0.5 (default max)");
  require_one_of(*command->add_option("--format", options->format, "text or json (default text)"),
                 {"text", "json"});
  require_whole_number(
      *command->add_option("--top", options->top, "instruments in the summary (default 10)"), 0,
      32);
  command->add_option("--archive", options->archive, "write an archive into this folder");
  command->add_option("--bars", options->bars, "write one-second and one-minute bars as CSV");
  command->add_flag("--force", options->force, "let --bars overwrite a file");
  command->add_option("--group", options->group, "only packets to this address");
  require_whole_number(*command->add_option("--port", options->port, "only packets to this port"),
                       1, 65535);
  command->add_option("--date", options->date, "day of an ITCH file, such as 2026-01-05");
  command->add_option("--config", options->config,
                      "pool, market, archive, status and log sections of this YAML file");
  command->add_option("--status", options->status,
                      "serve the status page on ADDRESS:PORT while this runs");
  command->add_flag("--scalar", options->scalar, "scalar kernels instead of AVX2");
  command->add_flag("--quiet", options->quiet, "no progress bar");
  for (const char* name : {"--archive", "--bars", "--config", "--date", "--group", "--status"}) {
    // "$UNSET" is a mistake, not a default.
    command->get_option(name)->check([](const std::string& text) -> std::string {
      return text.empty() ? "an empty value is no value" : "";
    });
  }
  command->footer(
      "Packets are those of every UDP destination unless --group or --port say otherwise; each\n"
      "destination is a line of the one channel. Exit code 1: a capture was damaged; what was in\n"
      "front of the damage was played.\n\n"
      "Examples:\n"
      "  tapeline replay session.pcap\n"
      "  tapeline replay day.pcap.zst --format json --top 0\n"
      "  tapeline replay session.pcap --pace 10 --status 127.0.0.1:9600\n"
      "  zcat day.itch.gz | tapeline replay - --date 2026-01-05 --bars bars.csv");
  command->callback([options, &action] { action = [options] { return replay(*options); }; });
}

}  // namespace tapeline::commands

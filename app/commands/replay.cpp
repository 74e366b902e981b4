#include "app/commands/replay.hpp"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "app/bar_file.hpp"
#include "app/commands/replay_options.hpp"
#include "app/commands/replay_report.hpp"
#include "app/commands/replay_stepper.hpp"
#include "app/commands/usage.hpp"
#include "app/log.hpp"
#include "app/replay.hpp"
#include "app/stop_signal.hpp"
#include "app/summary.hpp"

namespace tapeline::commands {

namespace {

void refuse_input_as_output(const ReplayFlags& flags) {
  for (const std::string& capture : flags.captures) {
    std::error_code not_there;
    if (std::filesystem::equivalent(capture, flags.bars, not_there)) {
      throw ConfigError{"--bars: " + flags.bars + " is a capture to be played"};
    }
  }
}

[[nodiscard]] bool shows_progress(const ReplayFlags& flags) {
  return !flags.quiet && !flags.step && ::isatty(STDERR_FILENO) == 1;
}

void tell_errors(const std::vector<std::string>& errors) {
  for (const std::string& error : errors) {
    std::cerr << "tapeline: " << one_line(error) << '\n';
  }
}

int resend(const ReplayFlags& flags) {
  Resend resend{flags.captures, resend_of(flags)};
  const bool progress = shows_progress(flags);
  if (progress) {
    resend.on_progress([](const ReplayProgress& now) { show_progress(now, "packets"); });
  }
  resend.run();
  if (progress) clear_progress();
  std::cout << (flags.format == "json" ? resend_json(resend) : resend_text(resend)) << std::flush;
  tell_errors(resend.input().errors());
  tell_errors(resend.refusals());
  if (resend.errors() != 0) {
    std::cerr << "tapeline: " << resend.errors() << " packets could not be sent\n";
  }
  const bool is_whole =
      resend.input().errors().empty() && resend.refusals().empty() && resend.errors() == 0;
  return is_whole ? kExitOk : kExitFailed;
}

int replay(const ReplayFlags& flags) {
  ReplayOptions options;
  options.input = input_of(flags);
  options.speed = speed_of(flags);
  std::optional<ReplayStepper> stepper;
  if (flags.step) stepper.emplace();
  Config config = config_of(flags);
  set_up_log(config.log);

  BarFile bars;
  if (!flags.bars.empty()) options.bars = &bars;
  const std::string address = config.status.address;
  Replay replay{std::move(config), flags.captures, std::move(options)};
  if (!flags.bars.empty()) {  // after the captures were opened: a mistyped name costs no file
    refuse_input_as_output(flags);
    bars.open(flags.bars, flags.force, replay.market());
  }
  if (replay.status_port() != 0 && !flags.quiet) {
    log_info(
        fmt::format("status page on {} port {} while this runs", address, replay.status_port()));
  }
  const bool progress = shows_progress(flags);
  if (progress) {
    replay.on_progress([](const ReplayProgress& now) { show_progress(now, "messages"); });
  }
  if (stepper) {
    replay.on_packet(
        [&](const net::Packet& packet) { return stepper->on_packet(packet, replay.input()); });
  }
  replay.run();
  if (progress) clear_progress();
  bars.close();

  const SummaryHead head = replay.head();
  const status::StatusSnapshot snapshot = replay.snapshot();
  std::cout << (flags.format == "json" ? summary_json(head, snapshot)
                                       : summary_text(head, snapshot, flags.top))
            << std::flush;
  tell_errors(replay.errors());
  if (replay.archive_failed()) std::cerr << "tapeline: the archive is not complete\n";
  return replay.errors().empty() && !replay.archive_failed() ? kExitOk : kExitFailed;
}

}  // namespace

void add_replay_command(CLI::App& app, Action& action) {
  auto flags = std::make_shared<ReplayFlags>();
  CLI::App* command = app.add_subcommand(
      "replay", "Plays captures through the pipeline (books, VWAPs, a summary), or sends them");
  add_replay_options(*command, *flags);
  command->callback([flags, &action] {
    action = [flags] {
      check_replay_flags(*flags);
      catch_stop_signals();
      return sends(*flags) ? resend(*flags) : replay(*flags);
    };
  });
}

}  // namespace tapeline::commands

#include "app/commands/simulate.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "app/commands/simulate_live.hpp"
#include "app/commands/simulate_options.hpp"
#include "app/commands/simulate_report.hpp"
#include "app/config.hpp"
#include "app/config_document.hpp"
#include "app/simulate/arguments.hpp"
#include "app/simulate/capture_writer.hpp"
#include "app/simulate/fault_plan.hpp"
#include "app/simulate/iex_session.hpp"
#include "app/simulate/ledger_file.hpp"
#include "app/simulate/live_link.hpp"
#include "app/simulate/output_file.hpp"
#include "app/simulate/progress.hpp"
#include "app/simulate/session.hpp"
#include "app/simulate/soup_faults.hpp"
#include "app/stop_signal.hpp"

namespace tapeline::commands {
namespace {

using codec::capture::Endpoint;
using simulate::parse_endpoint;
using simulate::Progress;

constexpr std::string_view kCaptureSession = "TAPELINE01";

// Of a made-up day of IEX: every one has this number.
constexpr std::uint32_t kCaptureSessionNumber = 0x5441'5045;

[[nodiscard]] std::string choose_format(const SimulateOptions& options) {
  if (!options.format.empty()) return options.format;
  const std::string_view path = options.write;
  if (path.ends_with(".pcap")) return "pcap";
  if (path.ends_with(".itch") || path.ends_with("ITCH50")) return "itch";
  throw ConfigError{quoted_for_message(path) +
                    " ends in neither .pcap nor .itch: say --format pcap or --format itch"};
}

[[nodiscard]] simulate::CaptureOptions capture_options(const SimulateOptions& options) {
  simulate::CaptureOptions capture;
  capture.format = frame_format(options);
  if (options.is_iex()) {
    capture.session =
        codec::iextp::Session::from(iex_protocol(options), kIexChannel, kCaptureSessionNumber);
  } else {
    capture.session = codec::moldudp64::Session::from_text(
        options.session.empty() ? std::string{kCaptureSession} : options.session);
  }
  capture.midnight_ns = midnight_ns(options);
  capture.heartbeat_ns = options.heartbeat_s * simulate::kNanosPerSecond;
  if (options.lines != "B") {
    capture.lines.push_back({.group = parse_endpoint(options.to_a).value_or(Endpoint{}),
                             .cut = cut_options(options, false)});
  }
  if (options.lines != "A") {
    capture.lines.push_back({.group = parse_endpoint(options.to_b).value_or(Endpoint{}),
                             .cut = cut_options(options, true),
                             .delay_ns = 4'000,
                             .jitter_ns = 20'000});
  }
  return capture;
}

[[noreturn]] void throw_interrupted() {
  throw std::runtime_error{"interrupted; the unfinished files are removed"};
}

// Gives every message to `sink(message, time_ns)`. Throws if a signal comes in between.
template <typename Sink>
std::uint64_t run_session(simulate::Session& session, Progress& progress, Sink&& sink) {
  constexpr std::uint64_t kLookEvery = 16'384;
  std::array<std::byte, codec::itch::kMaxMessageBytes> message;
  std::uint64_t messages = 0;
  while (const std::size_t bytes = session.next(message)) {
    sink(std::span<const std::byte>{message}.first(bytes), session.time_ns());
    if (++messages % kLookEvery == 0 && !progress.keep_going(messages)) throw_interrupted();
  }
  return messages;
}

int write_iex_file(const SimulateOptions& options) {
  const simulate::SessionConfig config = session_config(options);
  const auto session = prepare([&] { return std::make_unique<simulate::Session>(config); });
  const auto file = open_output(options.write, options.force);
  const auto ledger = open_output(options.ledger, options.force);
  const simulate::CaptureOptions capture = capture_options(options);
  simulate::IexSession day{*session, iex_protocol(options), capture.midnight_ns};
  Summary summary;
  const std::uint64_t start_ns = simulate::SteadyClock::now_ns();
  {
    constexpr std::uint64_t kLookEvery = 4'096;
    Progress progress{config.messages, options.progress, stop_requested};
    simulate::CaptureWriter writer{capture, *file};
    for (std::uint64_t acts = 1; day.next(); ++acts) {
      for (const auto& message : day.messages()) writer.add(message.bytes(), day.time_ns());
      summary.messages += day.messages().size();
      if (acts % kLookEvery == 0 && !progress.keep_going(summary.messages)) throw_interrupted();
    }
    writer.finish();
    summary.packets = writer.packets();
  }
  file->close();
  close_ledger(day, ledger.get());
  summary.bytes = file->bytes_written();
  summary.ns = simulate::SteadyClock::now_ns() - start_ns;
  std::cerr << summary_line(summary, "to " + options.write) << std::flush;
  return kExitOk;
}

int write_file(const SimulateOptions& options) {
  const std::string format = choose_format(options);
  const simulate::SessionConfig config = session_config(options);
  const auto session = prepare([&] { return std::make_unique<simulate::Session>(config); });
  const auto file = open_output(options.write, options.force);
  const auto ledger = open_output(options.ledger, options.force);
  Summary summary;
  const std::uint64_t start_ns = simulate::SteadyClock::now_ns();
  {
    Progress progress{config.messages, options.progress, stop_requested};
    if (format == "itch") {
      summary.messages =
          run_session(*session, progress, [&](std::span<const std::byte> message, std::uint64_t) {
            const std::span<std::byte> out = file->reserve(2 + message.size());
            codec::store_be(out.data(), static_cast<std::uint16_t>(message.size()));
            std::copy(message.begin(), message.end(), out.begin() + 2);
            file->commit(2 + message.size());
          });
    } else {
      simulate::CaptureWriter writer{capture_options(options), *file};
      summary.messages = run_session(
          *session, progress, [&](std::span<const std::byte> message, std::uint64_t time_ns) {
            writer.add(message, time_ns);
          });
      writer.finish();
      summary.packets = writer.packets();
    }
  }
  file->close();
  close_ledger(*session, options, ledger.get());
  summary.bytes = file->bytes_written();
  summary.ns = simulate::SteadyClock::now_ns() - start_ns;
  std::cerr << summary_line(summary, "to " + options.write) << std::flush;
  return kExitOk;
}

int run(const SimulateOptions& options) {
  check_simulate_options(options);
  catch_stop_signals();
  if (options.write.empty()) return play_live(options);
  return options.is_iex() ? write_iex_file(options) : write_file(options);
}

[[nodiscard]] std::string footer() {
  std::string text =
      "A session is a whole made-up Nasdaq TotalView-ITCH 5.0 day, the same for the same seed;\n"
      "with --venue iex it is told as IEX TOPS, DEEP or DEEP+, which takes another number of\n"
      "messages. Without --write it is sent on lines A and B until it or the duration ends;\n"
      "Ctrl-C ends it in order. Servers send again what was sent, faults or not.\n\n"
      "--faults, with commas in between:\n";
  text += simulate::faults_help();
  text += "\n--soup-faults and --glimpse-faults:\n";
  text += simulate::soup_faults_help();
  text +=
      "\nExamples:\n"
      "  tapeline simulate --write day.pcap --messages 10000000 --ledger day.jsonl\n"
      "  tapeline simulate --write day.itch --messages 100000 --seed 7\n"
      "  tapeline simulate --write deep.pcap --venue iex --ledger deep.jsonl\n"
      "  tapeline simulate --rate 200000 --duration 30\n"
      "  tapeline simulate --venue iex --feed deep-plus --rate 100000 --faults loss=1%\n"
      "  tapeline simulate --to-a 239.1.1.1:26400 --lines A --interface eth1 --rate max\n"
      "  tapeline simulate --from day.pcap.zst --pace 10\n"
      "  tapeline simulate --duration 60 --faults loss=1%,burst=0.01%x200,server-loss=10% \\\n"
      "      --request-server 127.0.0.1:18001 --glimpse-server 127.0.0.1:18003\n"
      "  tapeline simulate --lines none --soup-server 127.0.0.1:18002 --soup-faults reset=10000";
  return text;
}

}  // namespace

void add_simulate_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* command = app.add_subcommand(
      "simulate", "Play an exchange: a made-up day or a capture, to a file or live with servers");
  add_simulate_options(*command, *options);
  command->footer(footer());
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace tapeline::commands

#include "app/commands/simulate.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands/options.hpp"
#include "app/config.hpp"
#include "app/config_document.hpp"
#include "app/simulate/arguments.hpp"
#include "app/simulate/capture_writer.hpp"
#include "app/simulate/ledger_file.hpp"
#include "app/simulate/live_link.hpp"
#include "app/simulate/output_file.hpp"
#include "app/simulate/player.hpp"
#include "app/simulate/progress.hpp"
#include "app/simulate/session.hpp"
#include "app/stop_signal.hpp"

namespace tapeline::commands {
namespace {

using codec::capture::Endpoint;
using simulate::OutputFile;
using simulate::parse_date;
using simulate::parse_endpoint;
using simulate::parse_rate;
using simulate::Progress;

constexpr std::string_view kCaptureSession = "TAPELINE01";
constexpr std::uint64_t kDefaultMessages = 1'000'000;
constexpr std::uint64_t kUnpacedMessagesPerSecond = 5'000'000;  // more than one core makes
constexpr std::uint32_t kDefaultInstruments = 8'000;
constexpr std::uint64_t kMessagesPerInstrument = 50;

struct SimulateOptions {
  std::uint64_t messages = 0;  // 0: by default or by rate and duration
  std::uint64_t seed = 1;
  std::uint64_t heartbeat_s = 1;
  std::size_t packet_bytes = 1'400;
  std::size_t packet_bytes_b = 0;  // 0: as packet_bytes
  double duration_s = 0;
  std::string write;
  std::string format;
  std::string ledger;
  std::string date = "2026-01-05";
  std::string precision = "nano";
  std::string lines = "AB";
  std::string to_a = "239.192.64.1:26400";
  std::string to_b = "239.192.64.2:26400";
  std::string session;  // empty: kCaptureSession, or a fresh one when live
  std::string interface = "lo";
  std::string rate = "200000";
  std::string record;
  std::uint32_t instruments = 0;      // 0: by the number of messages
  std::uint32_t packet_messages = 0;  // 0: as many as fit
  std::optional<std::uint16_t> vlan;
  bool bars = false;
  bool force = false;
  bool progress = false;
};

template <typename Parse>
void require_form(CLI::Option& option, Parse parse, const std::string& type,
                  const std::string& right) {
  option.type_name(type);
  option.check(
      [parse, right](const std::string& text) -> std::string {
        return parse(text) ? "" : quoted_for_message(text) + " is not " + right;
      },
      "");
}

// What can be wrong before the work starts is the user's to put right.
template <typename Make>
[[nodiscard]] auto prepare(Make make) -> decltype(make()) {
  try {
    return make();
  } catch (const std::exception& error) {
    throw ConfigError{error.what()};
  }
}

[[nodiscard]] std::unique_ptr<OutputFile> open_output(const std::string& path, bool force) {
  if (path.empty()) return nullptr;
  return prepare([&] { return std::make_unique<OutputFile>(path, force); });
}

[[nodiscard]] std::string choose_format(const SimulateOptions& options) {
  if (!options.format.empty()) return options.format;
  const std::string_view path = options.write;
  if (path.ends_with(".pcap")) return "pcap";
  if (path.ends_with(".itch") || path.ends_with("ITCH50")) return "itch";
  throw ConfigError{quoted_for_message(path) +
                    " ends in neither .pcap nor .itch: say --format pcap or --format itch"};
}

// Messages for the rate and duration asked for; a short one ends before the session does.
[[nodiscard]] std::uint64_t messages_to_last(const SimulateOptions& options) {
  const std::uint64_t rate = parse_rate(options.rate).value_or(0);
  const auto per_second = static_cast<double>(rate == 0 ? kUnpacedMessagesPerSecond : rate);
  const auto messages = static_cast<std::uint64_t>(options.duration_s * per_second);
  return std::max(messages, simulate::minimum_messages(
                                std::max(options.instruments, simulate::kMinInstruments)));
}

[[nodiscard]] simulate::SessionConfig session_config(const SimulateOptions& options) {
  simulate::SessionConfig config;
  config.seed = options.seed;
  config.keep_bars = options.bars;
  config.messages = kDefaultMessages;
  if (options.messages != 0) {
    config.messages = options.messages;
  } else if (options.write.empty() && options.duration_s > 0) {
    config.messages = messages_to_last(options);
  }
  config.instruments = options.instruments;
  if (config.instruments == 0) {
    config.instruments = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(
        config.messages / kMessagesPerInstrument, simulate::kMinInstruments, kDefaultInstruments));
  }
  if (options.messages == 0) {  // nobody asked for a number that is too small for the rest
    config.messages = std::max(config.messages, simulate::minimum_messages(config.instruments));
  }
  return config;
}

// Another one each second, so that a receiver that saw the last one end follows this one.
[[nodiscard]] std::string fresh_session() {
  constexpr long kNineDigits = 1'000'000'000;
  const std::string digits = std::to_string(std::time(nullptr) % kNineDigits);
  return "T" + std::string(9 - digits.size(), '0') + digits;
}

[[nodiscard]] simulate::FrameFormat frame_format(const SimulateOptions& options) {
  return {.unit = options.precision == "nano" ? codec::capture::TimeUnit::nano
                                              : codec::capture::TimeUnit::micro,
          .vlan = options.vlan};
}

[[nodiscard]] simulate::CutOptions cut_options(const SimulateOptions& options, bool line_b) {
  simulate::CutOptions cut;
  cut.packet_bytes =
      line_b && options.packet_bytes_b != 0 ? options.packet_bytes_b : options.packet_bytes;
  cut.packet_messages = options.packet_messages;
  return cut;
}

[[nodiscard]] simulate::CaptureOptions capture_options(const SimulateOptions& options) {
  simulate::CaptureOptions capture;
  capture.format = frame_format(options);
  capture.session = codec::moldudp64::Session::from_text(
      options.session.empty() ? std::string{kCaptureSession} : options.session);
  capture.midnight_ns = parse_date(options.date).value_or(0);
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

struct Summary {
  std::uint64_t messages = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t ns = 1;
};

void print_summary(const Summary& summary, const std::string& where) {
  const double seconds = static_cast<double>(std::max<std::uint64_t>(summary.ns, 1)) / 1e9;
  const std::string packets =
      summary.packets == 0 ? "" : std::to_string(summary.packets) + " packets, ";
  std::fprintf(stderr, "%llu messages, %s%llu bytes in %.2f s (%.0f messages/s) %s\n",
               static_cast<unsigned long long>(summary.messages), packets.c_str(),
               static_cast<unsigned long long>(summary.bytes), seconds,
               static_cast<double>(summary.messages) / seconds, where.c_str());
}

// Gives every message to `sink(message, time_ns)`. Throws if a signal comes in between.
template <typename Sink>
std::uint64_t run_session(simulate::Session& session, Progress& progress, Sink&& sink) {
  constexpr std::uint64_t kLookEvery = 16'384;
  std::array<std::byte, codec::itch::kMaxMessageBytes> message;
  std::uint64_t messages = 0;
  while (const std::size_t bytes = session.next(message)) {
    sink(std::span<const std::byte>{message}.first(bytes), session.time_ns());
    if (++messages % kLookEvery == 0 && !progress.keep_going(messages)) {
      throw std::runtime_error{"interrupted; the unfinished files are removed"};
    }
  }
  return messages;
}

void close_ledger(const simulate::Session& session, const SimulateOptions& options,
                  OutputFile* ledger) {
  if (ledger == nullptr) return;
  simulate::write_ledger(session, options.bars, *ledger);
  ledger->close();
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
  print_summary(summary, "to " + options.write);
  return kExitOk;
}

[[nodiscard]] std::vector<net::UdpSenderConfig> live_lines(const SimulateOptions& options) {
  std::vector<net::UdpSenderConfig> lines;
  for (const char name : options.lines) {
    const auto group =
        parse_endpoint(name == 'A' ? options.to_a : options.to_b).value_or(Endpoint{});
    net::UdpSenderConfig line;
    line.address = group.address.text();
    line.port = group.port;
    line.interface = options.interface;
    lines.push_back(line);
  }
  return lines;
}

int play_live(const SimulateOptions& options) {
  const simulate::SessionConfig config = session_config(options);
  const auto session = prepare([&] { return std::make_unique<simulate::Session>(config); });
  const auto ledger = open_output(options.ledger, options.force);
  const auto record = open_output(options.record, options.force);
  const auto link = prepare([&] {
    return std::make_unique<simulate::LiveLink>(live_lines(options), frame_format(options),
                                                record.get());
  });
  simulate::PlayOptions play;
  play.session = codec::moldudp64::Session::from_text(options.session.empty() ? fresh_session()
                                                                              : options.session);
  play.cut = cut_options(options, false);
  play.rate = parse_rate(options.rate).value_or(0);
  play.duration_ns = static_cast<std::uint64_t>(options.duration_s * 1e9);
  simulate::SteadyClock clock;
  simulate::PlayCounts counts;
  {
    Progress progress{config.messages, options.progress, stop_requested};
    simulate::Player player{play, *session, clock, *link, progress};
    counts = player.play();
  }
  if (record) record->close();
  close_ledger(*session, options, ledger.get());
  print_summary({counts.messages, counts.packets, counts.bytes, counts.sending_ns},
                counts.was_stopped ? "on each line; stopped by a signal" : "on each line");
  if (link->unsent() == 0) return kExitOk;
  throw std::runtime_error{std::to_string(link->unsent()) +
                           " packets could not be sent: is the interface up, and does it have a "
                           "route for the groups?"};
}

int run(const SimulateOptions& options) {
  if (options.bars && options.ledger.empty()) {
    throw ConfigError{"--bars adds bars to the ledger: name its file with --ledger"};
  }
  catch_stop_signals();
  return options.write.empty() ? play_live(options) : write_file(options);
}

void add_session_options(CLI::App& command, SimulateOptions& options) {
  require_whole_number(*command.add_option("--messages", options.messages,
                                           "Messages of the session, default 1000000, or rate "
                                           "times duration"),
                       simulate::minimum_messages(simulate::kMinInstruments), 100'000'000'000);
  require_whole_number(
      *command.add_option("--seed", options.seed, "Another seed, another session; default 1"), 0,
      0xFFFF'FFFF'FFFF'FFFF);
  require_whole_number(
      *command.add_option("--instruments", options.instruments,
                          "Securities, default 8000, fewer in a session of few messages"),
      simulate::kMinInstruments, simulate::kMaxInstruments);
  command
      .add_option("--ledger", options.ledger,
                  "Write what is true of the session (books, trades, volume, notional of "
                  "each instrument) to this file, as JSON lines")
      ->type_name("FILE");
  command.add_flag("--bars", options.bars, "One-second and one-minute bars in the ledger, too");
  command.add_flag("--force", options.force, "Overwrite files that exist");
  command.add_flag("--progress", options.progress,
                   "Show progress also where stderr is no terminal");
}

void add_packet_options(CLI::App& command, SimulateOptions& options) {
  require_form(
      *command.add_option("--to-a", options.to_a, "Group of line A, default 239.192.64.1:26400"),
      parse_endpoint, "GROUP:PORT", "an address and a port, as 239.192.64.1:26400");
  require_form(
      *command.add_option("--to-b", options.to_b, "Group of line B, default 239.192.64.2:26400"),
      parse_endpoint, "GROUP:PORT", "an address and a port, as 239.192.64.2:26400");
  require_one_of(*command.add_option("--lines", options.lines, "Lines to send, default AB"),
                 {"A", "B", "AB"});
  command
      .add_option("--session", options.session,
                  "MoldUDP64 session, default TAPELINE01 in a capture, a fresh one when live")
      ->type_name("NAME")
      ->check(
          [](const std::string& text) -> std::string {
            const bool printable = std::all_of(text.begin(), text.end(), [](char letter) {
              return letter > ' ' && letter <= '~';
            });
            return !text.empty() && text.size() <= codec::moldudp64::kSessionBytes && printable
                       ? ""
                       : quoted_for_message(text) + " is not a name of 1 to 10 letters and digits";
          },
          "");
  require_whole_number(*command.add_option("--packet-bytes", options.packet_bytes,
                                           "Most bytes of a packet, default 1400"),
                       simulate::kMinPacketBytes, simulate::kMaxPacketBytes, "bytes");
  require_whole_number(*command.add_option("--packet-messages", options.packet_messages,
                                           "Most messages of a packet, default as many as fit"),
                       1, 65'534, "messages");
  require_whole_number(*command.add_option("--vlan", options.vlan, "VLAN tag of captured packets"),
                       1, 4'094);
  require_one_of(*command.add_option("--precision", options.precision,
                                     "Time stamps of captured packets, default nano"),
                 {"nano", "micro"});
}

// Options that make sense for a file, or live, only.
void add_mode_options(CLI::App& command, SimulateOptions& options) {
  CLI::Option* write = command.add_option("--write", options.write,
                                          "Write the session to this file instead of sending it");
  write->type_name("FILE");
  CLI::Option* format = command.add_option("--format", options.format,
                                           "Of the file, default by its name: .pcap or .itch");
  require_one_of(*format, {"pcap", "itch"});
  CLI::Option* date =
      command.add_option("--date", options.date, "Day of the capture, default 2026-01-05");
  require_form(*date, parse_date, "DATE", "a date, as 2026-01-05");
  CLI::Option* heartbeat = command.add_option(
      "--heartbeat", options.heartbeat_s,
      "Seconds without packets that a capture has a heartbeat for, default 1, 0 for none");
  require_whole_number(*heartbeat, 0, 86'400, "s");
  CLI::Option* bytes_b = command.add_option("--packet-bytes-b", options.packet_bytes_b,
                                            "The same for line B of a capture, default the same");
  require_whole_number(*bytes_b, simulate::kMinPacketBytes, simulate::kMaxPacketBytes, "bytes");
  for (CLI::Option* option : {format, date, heartbeat, bytes_b}) option->needs(write);

  CLI::Option* interface =
      command.add_option("--interface", options.interface, "To send from, default lo");
  interface->type_name("NAME");
  CLI::Option* rate =
      command.add_option("--rate", options.rate, "Messages per second, or max; default 200000");
  require_form(*rate, parse_rate, "NUMBER|max", "a whole number from 1 to 100000000, or max");
  CLI::Option* duration =
      command.add_option("--duration", options.duration_s, "Seconds to send for");
  require_number(*duration, 0.01, 86'400, "s");
  CLI::Option* record = command.add_option("--record", options.record,
                                           "Write the packets sent on all lines to this pcap");
  record->type_name("FILE");
  for (CLI::Option* option : {interface, rate, duration, record}) option->excludes(write);
}

}  // namespace

void add_simulate_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* command = app.add_subcommand(
      "simulate", "Make a day of an exchange: to a file, or live on multicast lines");
  add_mode_options(*command, *options);
  add_session_options(*command, *options);
  add_packet_options(*command, *options);
  command->footer(
      "A session is a whole made-up Nasdaq TotalView-ITCH 5.0 day, the same for the same seed.\n"
      "Without --write it is sent as MoldUDP64 on lines A and B until it or the duration ends;\n"
      "Ctrl-C ends it in order.\n\n"
      "Examples:\n"
      "  tapeline simulate --write day.pcap --messages 10000000 --ledger day.jsonl\n"
      "  tapeline simulate --write day.itch --messages 100000 --seed 7\n"
      "  tapeline simulate --rate 200000 --duration 30\n"
      "  tapeline simulate --to-a 239.1.1.1:26400 --lines A --interface eth1 --rate max");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace tapeline::commands

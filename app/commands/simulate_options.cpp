#include "app/commands/simulate_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

#include "app/commands/options.hpp"
#include "app/config.hpp"
#include "app/config_document.hpp"
#include "app/simulate/arguments.hpp"
#include "app/simulate/instruments.hpp"
#include "app/simulate/packet_cutter.hpp"
#include "app/simulate/segment_cutter.hpp"
#include "app/simulate/session.hpp"

namespace tapeline::commands {
namespace {

using simulate::parse_addresses;
using simulate::parse_date;
using simulate::parse_endpoint;
using simulate::parse_listen_endpoint;
using simulate::parse_pace;
using simulate::parse_rate;

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

void add_session_options(CLI::App& command, SimulateOptions& options) {
  require_whole_number(*command.add_option("--messages", options.messages,
                                           "Messages of the session, default 1000000, or rate "
                                           "times duration; at most so many of --from"),
                       1, 100'000'000'000);
  require_whole_number(
      *command.add_option("--seed", options.seed,
                          "Another seed, another session, other faults; default 1"),
      0, 0xFFFF'FFFF'FFFF'FFFF);
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
                 {"A", "B", "AB", "none"});
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
  CLI::Option* format = command.add_option(
      "--format", options.format,
      "Of the file: pcap or itch, default by its name. Without --write, of the summary: text "
      "(default) or json, which goes to stdout");
  require_one_of(*format, {"pcap", "itch", "text", "json"});
  CLI::Option* venue = command.add_option(
      "--venue", options.venue,
      "Whose day it is: nasdaq (default), TotalView-ITCH 5.0 in MoldUDP64, or iex, in IEX-TP, made "
      "from the same orders");
  require_one_of(*venue, {"nasdaq", "iex"});
  require_one_of(
      *command.add_option("--feed", options.feed, "Of IEX: tops, deep or deep-plus; default deep"),
      {"tops", "deep", "deep-plus"});
  CLI::Option* date = command.add_option("--date", options.date,
                                         "Of a capture or of IEX, default 2026-01-05, live today");
  require_form(*date, parse_date, "DATE", "a date, as 2026-01-05");
  CLI::Option* heartbeat = command.add_option(
      "--heartbeat", options.heartbeat_s,
      "Seconds without packets that a capture has a heartbeat for, default 1, 0 for none");
  require_whole_number(*heartbeat, 0, 86'400, "s");
  CLI::Option* bytes_b = command.add_option("--packet-bytes-b", options.packet_bytes_b,
                                            "The same for line B of a capture, default the same");
  require_whole_number(*bytes_b, simulate::kMinPacketBytes, simulate::kMaxPacketBytes, "bytes");
  for (CLI::Option* option : {heartbeat, bytes_b}) option->needs(write);

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

// What is sent instead of a generated session, and what is done to it on the way.
void add_source_options(CLI::App& command, SimulateOptions& options) {
  CLI::Option* from = command.add_option(
      "--from", options.from,
      "Send the messages of this file instead: pcap, pcapng, archive or ITCH file, also as .gz or "
      ".zst; - is stdin. The lines of a capture are put together; numbers count from 1; messages "
      "of IEX are "
      "recognised");
  from->type_name("FILE");
  for (const char* name : {"--write", "--ledger", "--bars", "--instruments", "--venue", "--feed"}) {
    from->excludes(command.get_option(name));
  }
  CLI::Option* pace = command.add_option("--pace", options.pace,
                                         "Times the pace of the file: 1, 10, 0.5, or max; default "
                                         "is --rate");
  require_form(*pace, parse_pace, "NUMBER|max", "max or a number from 0.001 to 1000000");
  pace->needs(from);
  pace->excludes(command.get_option("--rate"));
  CLI::Option* faults = command.add_option(
      "--faults", options.faults, "What goes wrong, drawn from --seed: loss=1%,dup=2% (see below)");
  faults->type_name("SPEC");
  faults->excludes(command.get_option("--write"));
}

void add_server_options(CLI::App& command, SimulateOptions& options) {
  const auto add = [&](const char* name, std::string& value, const char* type, const char* help) {
    CLI::Option* option = command.add_option(name, value, help);
    option->type_name(type);
    option->excludes(command.get_option("--write"));
    return option;
  };
  const std::string right = "an address and a port, as 127.0.0.1:18001";
  CLI::Option* requests =
      add("--request-server", options.request_server, "ADDRESS:PORT",
          "Answer MoldUDP64 requests here; port 0 is any free one, told on stderr");
  require_form(*requests, parse_listen_endpoint, "ADDRESS:PORT", right);
  CLI::Option* peers = add("--request-peers", options.request_peers, "ADDRESS,...|any",
                           "Who is answered; needed unless the server is on loopback");
  require_form(
      *peers, [](std::string_view text) { return text == "any" || parse_addresses(text); },
      "ADDRESS,...|any", "'any' or addresses with commas in between");
  CLI::Option* request_rate = command.add_option("--request-rate", options.request_rate,
                                                 "Most answers per second, default 50000");
  require_whole_number(*request_rate, 1, 10'000'000);
  for (CLI::Option* option : {peers, request_rate}) option->needs(requests);

  CLI::Option* soup = add("--soup-server", options.soup_server, "ADDRESS:PORT",
                          "Send the session to SoupBinTCP clients here");
  require_form(*soup, parse_listen_endpoint, "ADDRESS:PORT", right);
  add("--soup-faults", options.soup_faults, "SPEC", "What it does wrong (see below)")->needs(soup);
  CLI::Option* glimpse = add("--glimpse-server", options.glimpse_server, "ADDRESS:PORT",
                             "Give snapshots to GLIMPSE clients here");
  require_form(*glimpse, parse_listen_endpoint, "ADDRESS:PORT", right);
  add("--glimpse-faults", options.glimpse_faults, "SPEC", "What it does wrong (see below)")
      ->needs(glimpse);
  add("--credentials-file", options.credentials_file, "FILE",
      "Who may log in: lines of USER PASSWORD; default everybody");

  CLI::Option* history = command.add_option(
      "--history-mib", options.history_mib,
      "Memory for what was sent; servers do not have what is older. Default 256");
  require_whole_number(*history, 1, 65'536, "MiB");
  CLI::Option* linger = command.add_option(
      "--linger", options.linger_s,
      "Seconds to go on saying end of session, and serving; default 3 with a server, else 0");
  require_whole_number(*linger, 0, 86'400, "s");
  CLI::Option* lead = command.add_option("--lead", options.lead_s,
                                         "Seconds of heartbeats before the first message, so that "
                                         "who loses that asks for it. Default 0");
  require_whole_number(*lead, 0, 86'400, "s");
  for (CLI::Option* option : {history, lead, linger})
    option->excludes(command.get_option("--write"));
}

}  // namespace

void add_simulate_options(CLI::App& command, SimulateOptions& options) {
  add_mode_options(command, options);
  add_session_options(command, options);
  add_packet_options(command, options);
  add_source_options(command, options);
  add_server_options(command, options);
}

void check_iex_options(const SimulateOptions& options) {
  if (options.format == "itch") throw ConfigError{"messages of IEX are written as pcap, not itch"};
  if (!options.session.empty()) {
    throw ConfigError{"--session names a session of MoldUDP64: IEX-TP has numbers for them"};
  }
  if (options.bars) throw ConfigError{"--bars is for --venue nasdaq"};
  if (options.has_server()) {
    throw ConfigError{
        "--request-server, --soup-server and --glimpse-server speak protocols of Nasdaq: there are "
        "none for messages of IEX"};
  }
  const std::size_t least = options.packet_bytes_b == 0
                                ? options.packet_bytes
                                : std::min(options.packet_bytes, options.packet_bytes_b);
  if (least < simulate::kMinSegmentBytes) {
    throw ConfigError{"--packet-bytes: segments of IEX-TP need at least " +
                      std::to_string(simulate::kMinSegmentBytes)};
  }
}

void check_simulate_options(const SimulateOptions& options) {
  const bool is_live = options.write.empty();
  const bool for_file = options.format == "pcap" || options.format == "itch";
  if (!options.format.empty() && is_live == for_file) {
    throw ConfigError{is_live
                          ? "--format " + options.format + " is for a file: name it with --write"
                          : "--format " + options.format +
                                " is for the summary of a live session: a file is pcap or itch"};
  }
  if (options.is_iex()) {
    check_iex_options(options);
  } else if (!options.feed.empty()) {
    throw ConfigError{"--feed is for --venue iex"};
  } else if (is_live && !options.date.empty()) {
    throw ConfigError{
        "--date is for --write and --venue iex: the times of ITCH count from midnight"};
  }
  if (options.bars && options.ledger.empty()) {
    throw ConfigError{"--bars adds bars to the ledger: name its file with --ledger"};
  }
  const std::uint64_t least = simulate::minimum_messages(simulate::kMinInstruments);
  if (options.from.empty() && options.messages != 0 && options.messages < least) {
    throw ConfigError{"--messages: '" + std::to_string(options.messages) +
                      "' is not a whole number from " + std::to_string(least) +
                      " to 100000000000: a day needs its directory and its crosses"};
  }
  if (options.lines == "none" && !options.has_server()) {
    throw ConfigError{"--lines none sends nothing: it needs a server, as --soup-server"};
  }
  if (!options.credentials_file.empty() && options.soup_server.empty() &&
      options.glimpse_server.empty()) {
    throw ConfigError{"--credentials-file is for --soup-server and --glimpse-server"};
  }
  if (!options.request_server.empty() && options.request_peers.empty()) {
    const auto listen = parse_listen_endpoint(options.request_server);
    if (listen && !simulate::is_loopback(listen->address)) {
      throw ConfigError{"--request-server on " + listen->address.text() +
                        " needs --request-peers: the addresses that may ask, or any"};
    }
  }
}

}  // namespace tapeline::commands

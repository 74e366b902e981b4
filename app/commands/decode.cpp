#include "app/commands/decode.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/commands/options.hpp"
#include "app/commands/usage.hpp"
#include "app/config.hpp"
#include "app/decode/decode_job.hpp"
#include "app/decode/output.hpp"
#include "app/decode/time_text.hpp"
#include "app/stop_signal.hpp"

namespace tapeline::commands {

namespace {

struct DecodeCommand {
  decode::DecodeOptions options;
  std::string output = "-";
  std::string format;  // empty: by the name of the output
  std::string times = "iso";
  std::string zone = "new-york";
  std::string date;
  std::string from;
  std::string to;
  std::string config;
  std::vector<std::string> symbols;
  std::vector<std::string> types;
  std::optional<std::uint64_t> limit;
  bool force = false;
};

// What the name of an output file says about its content.
struct OutputName {
  std::optional<decode::Format> format;
  decode::OutputCompression compression = decode::OutputCompression::none;
};

[[nodiscard]] OutputName read_name(const std::string& path) {
  OutputName name;
  std::filesystem::path rest{path};
  if (rest.extension() == ".gz" || rest.extension() == ".zst") {
    name.compression = rest.extension() == ".gz" ? decode::OutputCompression::gzip
                                                 : decode::OutputCompression::zstd;
    rest = rest.stem();
  }
  const std::string extension = rest.extension().string();
  if (extension == ".csv") name.format = decode::Format::csv;
  if (extension == ".json" || extension == ".jsonl") name.format = decode::Format::json;
  if (extension == ".txt") name.format = decode::Format::text;
  return name;
}

[[nodiscard]] decode::Format format_of(const DecodeCommand& command, const OutputName& name) {
  if (command.format == "json") return decode::Format::json;
  if (command.format == "text") return decode::Format::text;
  if (command.format == "csv" || command.output == "-") return decode::Format::csv;
  if (name.format) return *name.format;
  throw ConfigError{"--output: the name '" + one_line(command.output) +
                    "' does not say the format: end it in .csv, .json, .jsonl or .txt, also with "
                    ".gz or .zst behind it, or give --format"};
}

[[nodiscard]] std::optional<decode::TimeBound> bound_of(const char* flag, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto bound = decode::parse_time_bound(text);
  if (!bound) {
    throw ConfigError{std::string{flag} + ": '" + one_line(text) +
                      "' is no time such as 2026-01-05T14:30:00Z, 09:30, or nanoseconds since "
                      "1970"};
  }
  return bound;
}

[[nodiscard]] std::optional<std::int64_t> day_of(const std::string& date) {
  if (date.empty()) return std::nullopt;
  const auto day = decode::parse_day(date);
  if (!day) throw ConfigError{"--date: '" + one_line(date) + "' is no date such as 2026-01-05"};
  return day;
}

[[nodiscard]] std::string joined(const std::vector<std::string>& lists) {
  std::string all;
  for (const std::string& list : lists) all += (all.empty() ? "" : ",") + list;
  return all;
}

[[nodiscard]] decode::DecodeOptions options_of(const DecodeCommand& command,
                                               const OutputName& name) {
  decode::DecodeOptions options = command.options;
  options.format = format_of(command, name);
  options.times = command.times == "ns" ? decode::TimeFormat::ns : decode::TimeFormat::iso;
  options.zone = command.zone == "utc" ? decode::ExchangeZone::utc : decode::ExchangeZone::new_york;
  options.day = day_of(command.date);
  options.types = joined(command.types);
  for (const std::string& list : command.symbols) {
    for (const std::string_view symbol : decode::split_list(list)) {
      options.filter.symbols.emplace_back(symbol);
    }
  }
  options.filter.from = bound_of("--from", command.from);
  options.filter.to = bound_of("--to", command.to);
  if (command.limit) options.filter.limit = *command.limit;
  if (!command.config.empty()) options.iex_prints = load_config(command.config).market.iex_prints;
  return options;
}

void refuse_input_as_output(const DecodeCommand& command) {
  for (const std::string& file : command.options.files) {
    std::error_code not_there;
    if (command.output != "-" && std::filesystem::equivalent(file, command.output, not_there)) {
      throw ConfigError{"--output: " + command.output + " is a file to be read"};
    }
  }
}

// What the user has to put right is a ConfigError, whoever found it.
template <typename Make>
auto usable(Make&& make) {
  try {
    return make();
  } catch (const std::invalid_argument& error) {
    throw ConfigError{error.what()};
  }
}

int decode_files(const DecodeCommand& command) {
  const OutputName name = command.output == "-" ? OutputName{} : read_name(command.output);
  const auto job =
      usable([&] { return std::make_unique<decode::DecodeJob>(options_of(command, name)); });
  refuse_input_as_output(command);
  catch_stop_signals();
  usable([&] { job->choose_columns(stop_requested); });
  if (stop_requested()) return kExitOk;
  const auto output = usable([&] {
    return std::make_unique<decode::Output>(command.output, name.compression, command.force);
  });
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away ends the work, quietly

  job->run(*output, stop_requested);
  const bool has_readers = output->is_open();
  output->close();
  if (!output->error().empty()) throw std::runtime_error{output->error()};
  if (!has_readers || stop_requested()) return kExitOk;
  for (const std::string& note : job->notes()) {
    std::cerr << "tapeline: " << one_line(note) << '\n';
  }
  for (const std::string& error : job->errors()) std::cerr << "tapeline: " << error << '\n';
  return job->errors().empty() ? kExitOk : kExitFailed;
}

void refuse_empty_values(CLI::App& command) {
  for (const char* name : {"--output", "--fields", "--symbol", "--type", "--from", "--to", "--date",
                           "--schema", "--config"}) {
    // "$UNSET" is a mistake, not a default.
    command.get_option(name)->check([](const std::string& text) -> std::string {
      return text.empty() ? "an empty value is no value" : "";
    });
  }
}

}  // namespace

void add_decode_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<DecodeCommand>();
  CLI::App* command = app.add_subcommand("decode", "Turns captures into rows: CSV, JSON or text");
  command
      ->add_option("FILE", options->options.files,
                   "pcap, pcapng, archive or ITCH file, also as .gz or .zst; - is stdin. Several "
                   "are merged in the order of their times")
      ->required();
  command
      ->add_option("--schema", options->options.schema,
                   "messages (default), trades, bbo, levels:N, bars:1s, vwap or vwap:1m")
      ->type_name("NAME");
  require_one_of(*command->add_option("--format", options->format,
                                      "csv, json or text; default by the name of the output, csv "
                                      "on stdout"),
                 {"csv", "json", "text"});
  command
      ->add_option("-o,--output", options->output,
                   "Write to this file: .csv, .json, .jsonl or .txt, also with .gz or .zst behind")
      ->type_name("FILE");
  command->add_flag("--force", options->force, "Let -o overwrite a file");
  command->add_option("--fields", options->options.fields, "Only these columns, in this order")
      ->type_name("A,B,C");
  command->add_option("--symbol", options->symbols, "Only rows of these symbols")
      ->type_name("A,B,C");
  command
      ->add_option("--type", options->types, "Only messages of these types, such as A or add_order")
      ->type_name("A,B,C");
  command
      ->add_option(
          "--from", options->from,
          "Only rows from this exchange time on: 2026-01-05T14:30:00Z, 09:30 or nanoseconds")
      ->type_name("TIME");
  command->add_option("--to", options->to, "Only rows before this exchange time")
      ->type_name("TIME");
  require_whole_number(*command->add_option("--limit", options->limit, "At most so many rows"), 0,
                       std::numeric_limits<std::uint64_t>::max());
  require_one_of(*command->add_option("--time", options->times,
                                      "Times as ISO 8601 (default) or as nanoseconds"),
                 {"iso", "ns"});
  command->add_option("--date", options->date, "Day of the exchange times, such as 2026-01-05")
      ->type_name("DATE");
  command
      ->add_option("--config", options->config,
                   "Take market.iex_not_in_volume and iex_not_in_price from this configuration: "
                   "which trades of IEX count")
      ->type_name("FILE");
  require_one_of(*command->add_option("--zone", options->zone,
                                      "Whose midnight exchange times count from (default "
                                      "new-york)"),
                 {"new-york", "utc"});
  for (const char* name : {"--symbol", "--type"}) {
    command->get_option(name)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  refuse_empty_values(*command);
  command->footer(
      "Rows go to stdout, what was lost or not understood to stderr. Exit code 1: a file was\n"
      "damaged (rows up to the damage are written), or the output could not be written; gaps are\n"
      "no failure. Columns and schemas: docs/decode.md.\n\n"
      "Examples:\n"
      "  tapeline decode session.pcap\n"
      "  tapeline decode day.pcap.zst --symbol AAPL,MSFT --from 09:30 --to 09:31 -o open.csv\n"
      "  tapeline decode a.pcap b.pcap --schema bbo --format json\n"
      "  zcat day.itch.gz | tapeline decode - --date 2026-01-05 --schema bars:1m");
  command->callback([options, &action] { action = [options] { return decode_files(*options); }; });
}

}  // namespace tapeline::commands

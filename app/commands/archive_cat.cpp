// `tapeline archive cat` and `tapeline archive export`.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "app/archive/itch_export.hpp"
#include "app/commands/archive_commands.hpp"
#include "app/commands/options.hpp"
#include "app/commands/usage.hpp"
#include "app/config.hpp"
#include "app/decode/output.hpp"
#include "app/stop_signal.hpp"
#include "codec/capture/encoder.hpp"

namespace tapeline::commands {

namespace {

using codec::capture::kPcapHeaderBytes;
using codec::capture::kRecordHeaderBytes;
using codec::capture::LinkType;
using codec::capture::Record;
using codec::capture::TimeUnit;
using decode::Output;
using decode::OutputCompression;

constexpr std::size_t kPieceBytes = std::size_t{256} << 10U;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Writes a nanosecond pcap of raw IP.
class PcapWriter {
 public:
  explicit PcapWriter(Output& output) : output_{output} {
    bytes_.resize(kPcapHeaderBytes);
    codec::capture::write_file_header(bytes_, TimeUnit::nano, LinkType::raw);
  }

  void write(const Record& record) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + kRecordHeaderBytes);
    codec::capture::write_record_header(
        std::span{bytes_}.subspan(at), TimeUnit::nano, record.time_ns,
        static_cast<std::uint32_t>(record.data.size()), record.original_bytes);
    bytes_.insert(bytes_.end(), record.data.begin(), record.data.end());
    if (bytes_.size() >= kPieceBytes) flush();
  }
  void flush() {
    output_.write(text_of(bytes_));
    bytes_.clear();
  }

 private:
  Output& output_;
  std::vector<std::byte> bytes_;
};

int tell(const archive::RecordMerge& records) {
  for (const std::string& error : records.errors()) {
    std::cerr << "tapeline: " << one_line(error) << '\n';
  }
  return records.errors().empty() ? kExitOk : kExitFailed;
}

// What became of the output; nothing if the work may go on to its end.
std::optional<int> conclude(Output& output) {
  const bool has_readers = output.is_open();
  output.close();
  if (!output.error().empty()) throw std::runtime_error{output.error()};
  if (!has_readers || stop_requested()) return kExitOk;
  return std::nullopt;
}

int copy_packets(archive::RecordMerge& records, Output& output) {
  PcapWriter pcap{output};
  while (output.is_open() && !stop_requested()) {
    const Record* const record = records.next();
    if (record == nullptr) break;
    pcap.write(*record);
  }
  pcap.flush();
  if (const auto exit_code = conclude(output)) return *exit_code;
  return tell(records);
}

int cat(const ArchiveChoice& choice) {
  if (::isatty(STDOUT_FILENO) != 0) {
    throw ConfigError{
        "cat: the standard output is a terminal, and a capture is no text; pipe it "
        "('| tshark -r -'), or use 'archive export -o FILE'"};
  }
  archive::RecordMerge records = choose_records(choice);
  catch_stop_signals();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away ends the work, quietly
  Output output{"-", OutputCompression::none, false};
  return copy_packets(records, output);
}

struct ExportOptions {
  ArchiveChoice choice;
  std::string output;
  std::string format;  // empty: by the name of the output
  bool force = false;
  bool allow_gaps = false;
};

struct ExportTarget {
  bool is_itch = false;
  OutputCompression compression = OutputCompression::none;
};

ExportTarget target_of(const ExportOptions& options) {
  ExportTarget target;
  std::filesystem::path rest{options.output};
  if (rest.extension() == ".gz" || rest.extension() == ".zst") {
    target.compression =
        rest.extension() == ".gz" ? OutputCompression::gzip : OutputCompression::zstd;
    rest = rest.stem();
  }
  const std::string extension = rest.extension().string();
  if (options.format == "itch" || (options.format.empty() && extension == ".itch")) {
    target.is_itch = true;
  } else if (options.format.empty() && extension != ".pcap") {
    throw ConfigError{"--output: the name '" + one_line(options.output) +
                      "' does not say the format: end it in .pcap or .itch, also with .gz or .zst "
                      "behind it, or give --format"};
  }
  return target;
}

int write_itch(archive::RecordMerge& records, Output& output, bool allow_gaps) {
  archive::ItchExport messages{
      [&output](std::span<const std::byte> bytes) { output.write(text_of(bytes)); }};
  while (output.is_open() && !stop_requested()) {
    const Record* const record = records.next();
    if (record == nullptr) break;
    messages.on_record(*record);
  }
  messages.finish();
  if (const auto exit_code = conclude(output)) return *exit_code;
  const archive::ItchExportCounts& counts = messages.counts();
  const auto note = [](const std::string& text) { std::cerr << "tapeline: " << text << '\n'; };
  if (counts.gaps != 0) {
    note(std::to_string(counts.lost_messages) + " messages are missing, in " +
         std::to_string(counts.gaps) + " gaps");
  }
  if (counts.sessions > 1) {
    note("messages of " + std::to_string(counts.sessions) +
         " sessions are in the file, as they came");
  }
  if (counts.malformed_packets != 0) {
    note(std::to_string(counts.malformed_packets) + " packets were malformed");
  }
  if (counts.other_packets != 0) {
    note(std::to_string(counts.other_packets) +
         " packets that are neither MoldUDP64 nor of a SoupBinTCP stream were left out");
  }
  if (counts.tcp_holes != 0) {
    note("bytes are missing in TCP streams, " + std::to_string(counts.tcp_holes) + " times");
  }
  if (counts.messages == 0) note("the archives hold no messages of MoldUDP64 or SoupBinTCP");
  const int exit_code = tell(records);
  const bool has_gaps = counts.gaps != 0 || counts.tcp_holes != 0;
  const bool is_whole = counts.messages != 0 && (!has_gaps || allow_gaps);
  return is_whole ? exit_code : kExitFailed;
}

int export_packets(const ExportOptions& options) {
  const ExportTarget target = target_of(options);
  archive::RecordMerge records = choose_records(options.choice);
  for (const std::string& file : choose_files(options.choice.paths, options.choice.channels)) {
    std::error_code not_there;
    if (std::filesystem::equivalent(file, options.output, not_there)) {
      throw ConfigError{"--output: " + options.output + " is a file to be read"};
    }
  }
  catch_stop_signals();
  std::optional<Output> output;
  try {
    output.emplace(options.output, target.compression, options.force);
  } catch (const std::invalid_argument& error) {
    throw ConfigError{error.what()};
  }
  return target.is_itch ? write_itch(records, *output, options.allow_gaps)
                        : copy_packets(records, *output);
}

}  // namespace

void add_archive_cat(CLI::App& archive, Action& action) {
  auto choice = std::make_shared<ArchiveChoice>();
  CLI::App* command = archive.add_subcommand(
      "cat", "Writes packets as a nanosecond pcap to the standard output, in the order of time");
  add_archive_choice(*command, *choice);
  command->footer(
      "Files are merged in the order of their receive times; with --from, only the frames from\n"
      "there on are read. Exit code 1: a file was damaged; what is readable was written.\n\n"
      "Examples:\n"
      "  tapeline archive cat archive/ | tshark -r -\n"
      "  tapeline archive cat archive/ --from 09:30 --to 09:35 | tcpreplay --intf1=eth0 -\n"
      "  tapeline archive cat archive/ --channel 1 | zstd > day.pcap.zst");
  command->callback([choice, &action] { action = [choice] { return cat(*choice); }; });
}

void add_archive_export(CLI::App& archive, Action& action) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = archive.add_subcommand(
      "export", "Writes packets to a pcap file, or their messages to an ITCH file");
  add_archive_choice(*command, options->choice);
  command
      ->add_option("-o,--output", options->output,
                   "Write to this file: .pcap or .itch, also with .gz or .zst behind")
      ->type_name("FILE")
      ->required()
      ->check([](const std::string& text) -> std::string {
        return text.empty() ? "an empty value is no value" : "";
      });
  require_one_of(*command->add_option("--format", options->format,
                                      "pcap or itch; default by the name of the output"),
                 {"pcap", "itch"});
  command->add_flag("--force", options->force, "Let -o overwrite a file");
  command->add_flag("--allow-gaps", options->allow_gaps,
                    "Missing messages are no failure of an ITCH file");
  command->footer(
      "An ITCH file has every message of MoldUDP64 once, in the order of its number, behind a "
      "length\n"
      "of 16 bits: what 'tapeline replay' and other tools read. TCP sessions are exported as pcap\n"
      "only. Exit code 1: messages are missing, there is none, or a file was damaged; what is\n"
      "readable was written.\n\n"
      "Examples:\n"
      "  tapeline archive export archive/ -o day.itch.gz\n"
      "  tapeline archive export archive/ --from 09:30 --to 09:31 -o minute.pcap");
  command->callback(
      [options, &action] { action = [options] { return export_packets(*options); }; });
}

}  // namespace tapeline::commands

// `tapeline archive verify`.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "app/archive/verifier.hpp"
#include "app/commands/archive_commands.hpp"
#include "app/commands/options.hpp"
#include "app/commands/usage.hpp"
#include "app/stop_signal.hpp"

namespace tapeline::commands {

namespace {

using archive::VerifyTotals;
using Json = nlohmann::ordered_json;

struct VerifyOptions {
  std::vector<std::string> paths;
  std::vector<std::string> channels;
  std::string format = "text";
};

void print_json(const archive::Verifier& verifier) {
  const VerifyTotals& totals = verifier.totals();
  Json faults = Json::array();
  for (const archive::ArchiveFaultNote& fault : verifier.faults()) {
    faults.push_back(
        {{"file", fault.path}, {"offset", fault.offset}, {"fault", one_line(fault.text)}});
  }
  const Json json{{"files", totals.files},
                  {"frames", totals.frames},
                  {"packets", totals.packets},
                  {"messages", totals.messages},
                  {"noted_losses", totals.noted_losses},
                  {"missed_packets", totals.missed_packets},
                  {"fault_count", totals.faults},
                  {"faults", faults}};
  std::cout << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

void print_text(const archive::Verifier& verifier) {
  const VerifyTotals& totals = verifier.totals();
  for (const archive::ArchiveFaultNote& fault : verifier.faults()) {
    std::cout << one_line(fault.line()) << '\n';
  }
  if (totals.faults > verifier.faults().size()) {
    std::cout << "and " << totals.faults - verifier.faults().size() << " faults more\n";
  }
  std::cout << totals.files << (totals.files == 1 ? " file, " : " files, ") << totals.frames
            << " frames, " << totals.packets << " packets, " << totals.messages << " messages; ";
  if (totals.noted_losses != 0) {
    std::cout << totals.noted_losses << " messages missing with a note of it; ";
  }
  if (totals.missed_packets != 0) {
    std::cout << totals.missed_packets << " packets missed with a note of it; ";
  }
  std::cout << totals.faults << (totals.faults == 1 ? " fault\n" : " faults\n");
}

int verify(const VerifyOptions& options) {
  std::vector<std::string> files = choose_files(options.paths, options.channels);
  // By channel; inside of one the names are in the order of the times.
  std::stable_sort(files.begin(), files.end(), [](const std::string& a, const std::string& b) {
    return channel_of_file(a) < channel_of_file(b);
  });
  catch_stop_signals();
  archive::Verifier verifier;
  std::string channel;
  for (const std::string& file : files) {
    if (stop_requested()) return kExitFailed;
    const std::string next = channel_of_file(file);
    if (next != channel) verifier.begin_channel();
    channel = next;
    verifier.verify(file);
  }
  verifier.finish();
  if (options.format == "json") {
    print_json(verifier);
  } else {
    print_text(verifier);
  }
  return verifier.totals().faults == 0 ? kExitOk : kExitFailed;
}

}  // namespace

void add_archive_verify(CLI::App& archive, Action& action) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = archive.add_subcommand(
      "verify", "Reads archives to the last byte and says whether they are whole");
  command->add_option("PATH", options->paths, "Archive files, or folders of them")->required();
  command
      ->add_option("--channel", options->channels,
                   "Only files of this channel: CHANNEL or FEED-CHANNEL, as their names say")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  require_one_of(*command->add_option("--format", options->format, "text (default) or json"),
                 {"text", "json"});
  command->footer(
      "Checks the checksum of every frame, the records, the order of times on every line, that no\n"
      "message number is missing without a note that says so, also from one file of a channel to\n"
      "the next, and that index and seek table agree with the frames. Every fault is a line with\n"
      "the file and the byte. Exit code 0: no fault, 1: faults.\n\n"
      "Examples:\n"
      "  tapeline archive verify archive/\n"
      "  tapeline archive verify archive/itch-1-*.pcap.zst --format json");
  command->callback([options, &action] { action = [options] { return verify(*options); }; });
}

}  // namespace tapeline::commands

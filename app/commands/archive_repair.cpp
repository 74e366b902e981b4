// `tapeline archive repair`.

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "app/archive/file_calls.hpp"
#include "app/archive/repair.hpp"
#include "app/commands/archive_commands.hpp"
#include "app/commands/usage.hpp"
#include "app/stop_signal.hpp"

namespace tapeline::commands {

namespace {

using archive::RepairOutcome;

int repair(const std::vector<std::string>& paths) {
  const std::vector<std::string> files = choose_files(paths, {});
  catch_stop_signals();
  archive::FileCalls calls;
  bool is_well = true;
  for (const std::string& file : files) {
    if (stop_requested()) return kExitFailed;
    const archive::RepairReport report = archive::repair_file(calls, file);
    const bool is_done = report.outcome == RepairOutcome::whole ||
                         report.outcome == RepairOutcome::repaired ||
                         report.outcome == RepairOutcome::removed;
    is_well = is_well && is_done && !report.fault;
    std::cout << one_line(file) << ": " << one_line(report.text());
    if (!report.path.empty() && report.path != file) {
      std::cout << "; now " << one_line(report.path);
    }
    std::cout << '\n';
  }
  return is_well ? kExitOk : kExitFailed;
}

}  // namespace

void add_archive_repair(CLI::App& archive, Action& action) {
  auto paths = std::make_shared<std::vector<std::string>>();
  CLI::App* command = archive.add_subcommand(
      "repair", "Cuts torn ends off, writes missing indexes, puts files in their place");
  command->add_option("PATH", *paths, "Archive files, or folders of them")->required();
  command->footer(
      "What stands behind the last good frame is cut off and lost; it was not readable. The index\n"
      "and the seek table are made again from the frames, and a file that its writer left open is\n"
      "renamed. A file that a process is writing is left alone, as is one that is no archive.\n"
      "'tapeline run' does this for its own files when it starts.\n"
      "Exit code 1: a file was not repaired.\n\n"
      "Examples:\n"
      "  tapeline archive repair archive/\n"
      "  tapeline archive repair archive/itch-1-20260105T143000.000000000Z.pcap.zst.open");
  command->callback([paths, &action] { action = [paths] { return repair(*paths); }; });
}

}  // namespace tapeline::commands

// The command line. Subcommands are in app/commands; exceptions and exit codes end here.

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <new>
#include <string>

#include "app/commands/archive.hpp"
#include "app/commands/check.hpp"
#include "app/commands/command.hpp"
#include "app/commands/decode.hpp"
#include "app/commands/healthcheck.hpp"
#include "app/commands/replay.hpp"
#include "app/commands/run.hpp"
#include "app/commands/simulate.hpp"
#include "app/commands/usage.hpp"
#include "app/config.hpp"
#include "app/version.hpp"

namespace {

namespace commands = tapeline::commands;

int fail(int exit_code, const std::string& problem) {
  std::cerr << "tapeline: " << commands::one_line(problem) << std::endl;
  return exit_code;
}

void describe(CLI::App& app) {
  app.name("tapeline");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "tapeline " + std::string{tapeline::kVersion});
  app.footer(
      "Results go to stdout, log and progress to stderr.\n"
      "Exit code: 0 success, 1 the work failed, 2 usage or configuration.\n\n"
      "Examples:\n"
      "  tapeline replay capture.pcap.zst            books, VWAPs and a summary of a capture\n"
      "  tapeline decode capture.pcap -o rows.csv    its messages as a table\n"
      "  tapeline archive ls archive/                what was archived, and what is missing\n"
      "  tapeline simulate --write session.pcap      make a session to try things with\n"
      "  tapeline check configs/run.yaml             what would this configuration do?\n"
      "  tapeline run configs/run.yaml               the feed process, until SIGTERM\n"
      "  tapeline healthcheck http://127.0.0.1:9600  is it well?\n\n"
      "'tapeline COMMAND --help' has the flags and examples of each.");
}

int run_action(const commands::Action& action) {
  try {
    const int exit_code = action();
    std::cout.flush();
    if (std::cout.good()) return exit_code;
    return fail(commands::kExitFailed, "can not write all of the result to standard output");
  } catch (const tapeline::ConfigError& error) {
    return fail(commands::kExitUsage, error.what());
  } catch (const std::bad_alloc&) {
    return fail(commands::kExitFailed, "out of memory; lower the pool sizes or max_orders_mib");
  } catch (const std::exception& error) {
    return fail(commands::kExitFailed, error.what());
  }
}

int run_command_line(int argc, char** argv) {
  CLI::App app{"Market-data feed handler: live lines and captures to books, VWAPs and archives."};
  describe(app);
  commands::Action action;
  commands::add_run_command(app, action);
  commands::add_replay_command(app, action);
  commands::add_decode_command(app, action);
  commands::add_archive_command(app, action);
  commands::add_simulate_command(app, action);
  commands::add_check_command(app, action);
  commands::add_healthcheck_command(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // --help and --version
    app.exit(wanted);
    return commands::kExitOk;
  } catch (const CLI::ParseError& error) {
    return fail(commands::kExitUsage, commands::explain_usage_error(app, error));
  }
  if (!action) {
    std::cerr << app.help();
    return commands::kExitUsage;
  }
  return run_action(action);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_command_line(argc, argv);
  } catch (const std::exception& error) {
    return fail(commands::kExitFailed, error.what());
  }
}

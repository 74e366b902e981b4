#include "app/commands/check.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "app/commands/check_report.hpp"
#include "app/commands/options.hpp"
#include "app/commands/usage.hpp"
#include "app/config.hpp"
#include "app/config_host.hpp"

namespace tapeline::commands {
namespace {

struct CheckOptions {
  std::string config;
  std::string format = "text";
};

int check(const CheckOptions& options) {
  const Config config = load_config(options.config);
  const std::vector<HostFinding> findings = examine_host(config, true);
  std::cout << (options.format == "json" ? check_report_json(config, findings)
                                         : check_report_text(config))
            << std::flush;
  int exit_code = kExitOk;
  for (const HostFinding& finding : findings) {
    const bool is_error = finding.kind == HostFinding::Kind::error;
    std::cerr << "tapeline: " << (is_error ? "" : "warning: ") << one_line(finding.text) << '\n';
    if (is_error) exit_code = kExitUsage;
  }
  return exit_code;
}

}  // namespace

void add_check_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command =
      app.add_subcommand("check", "Validate a configuration and say what it would do");
  command->add_option("CONFIG", options->config, "Configuration file (YAML)")
      ->required()
      ->type_name("");
  CLI::Option* format =
      command->add_option("--format", options->format, "Form of the report, default text");
  require_one_of(*format, {"text", "json"});
  command->footer(
      "Exit code: 0 usable here (warnings on stderr), 2 not usable.\n\n"
      "Examples:\n"
      "  tapeline check configs/run.yaml\n"
      "  tapeline check --format json configs/demo.yaml");
  command->callback([options, &action] { action = [options] { return check(*options); }; });
}

}  // namespace tapeline::commands

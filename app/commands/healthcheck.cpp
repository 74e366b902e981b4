#include "app/commands/healthcheck.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>

#include "app/commands/health_probe.hpp"
#include "app/commands/options.hpp"
#include "app/commands/usage.hpp"

namespace tapeline::commands {
namespace {

struct HealthcheckOptions {
  std::string url = "http://127.0.0.1:9600";
  std::uint32_t timeout_s = 3;
};

int healthcheck(const HealthcheckOptions& options) {
  const StatusUrl url = parse_status_url(options.url);
  const HealthAnswer answer = probe_health(url, std::chrono::seconds{options.timeout_s});
  if (answer.healthy) {
    std::cout << "healthy\n";
    return kExitOk;
  }
  std::cerr << "tapeline: " << one_line(options.url) << " is not healthy: " << answer.problem
            << '\n';
  return kExitFailed;
}

}  // namespace

void add_healthcheck_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<HealthcheckOptions>();
  CLI::App* command = app.add_subcommand("healthcheck", "Ask a running process how it is");
  command->add_option("URL", options->url, "Its status page, default http://127.0.0.1:9600")
      ->type_name("");
  CLI::Option* timeout =
      command->add_option("--timeout", options->timeout_s, "Seconds to wait, default 3");
  require_whole_number(*timeout, 1, 300, "seconds");
  command->footer(
      "Exit code: 0 healthy, 1 not healthy or no answer, 2 the URL is none.\n\n"
      "Examples:\n"
      "  tapeline healthcheck\n"
      "  tapeline healthcheck http://10.0.0.5:9600 --timeout 1");
  command->callback([options, &action] { action = [options] { return healthcheck(*options); }; });
}

}  // namespace tapeline::commands

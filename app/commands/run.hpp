#pragma once

// tapeline run: the feed process, until SIGINT or SIGTERM.

#include "app/commands/command.hpp"

namespace tapeline::commands {

void add_run_command(CLI::App& app, Action& action);

}  // namespace tapeline::commands

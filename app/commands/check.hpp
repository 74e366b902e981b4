#pragma once

// `tapeline check CONFIG`: validates a configuration and says what a process with it would do.
// Exit 0 when it can run here (warnings go to stderr), 2 when not.

#include "app/commands/command.hpp"

namespace tapeline::commands {

void add_check_command(CLI::App& app, Action& action);

}  // namespace tapeline::commands

#pragma once

// `tapeline watch [URL]`: a running process in a terminal, like top; or once, for scripts.

#include "app/commands/command.hpp"

namespace tapeline::commands {

void add_watch_command(CLI::App& app, Action& action);

}  // namespace tapeline::commands

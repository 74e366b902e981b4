#pragma once

// `tapeline simulate`: makes a session of an exchange, as a file (--write) or live on multicast
// lines.

#include "app/commands/command.hpp"

namespace tapeline::commands {

void add_simulate_command(CLI::App& app, Action& action);

}  // namespace tapeline::commands

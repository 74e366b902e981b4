#pragma once

// tapeline replay: captures through the whole pipeline, then a summary.

#include "app/commands/command.hpp"

namespace tapeline::commands {

void add_replay_command(CLI::App& app, Action& action);

}  // namespace tapeline::commands

#pragma once

// `tapeline decode`: files in, a table out. See command.hpp.

#include "app/commands/command.hpp"

namespace tapeline::commands {

void add_decode_command(CLI::App& app, Action& action);

}  // namespace tapeline::commands

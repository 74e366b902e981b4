#pragma once

// `tapeline archive`: ls, verify, cat, export and repair.

#include "app/commands/command.hpp"

namespace tapeline::commands {

void add_archive_command(CLI::App& app, Action& action);

}  // namespace tapeline::commands

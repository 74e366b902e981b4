#pragma once

// `tapeline healthcheck [URL]`: asks a running process how it is. Exit 0 healthy, 1 not, 2 when
// the URL is none.

#include "app/commands/command.hpp"

namespace tapeline::commands {

void add_healthcheck_command(CLI::App& app, Action& action);

}  // namespace tapeline::commands

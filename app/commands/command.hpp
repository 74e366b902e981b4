#pragma once

// How a subcommand joins the command line. Each `app/commands/<name>.hpp` declares
//
//     void add_<name>_command(CLI::App& app, Action& action);
//
// which adds the subcommand with its flags to `app` and gives it a callback that stores its work
// in `action`. main() parses, then runs the action, so that exceptions become one line on stderr
// and an exit code in one place only.
//
//     void add_check_command(CLI::App& app, Action& action) {
//       auto options = std::make_shared<CheckOptions>();
//       CLI::App* command = app.add_subcommand("check", "Validate a configuration ...");
//       command->add_option("CONFIG", options->config, "YAML file")->required();
//       command->footer("Examples:\n  tapeline check configs/run.yaml");
//       command->callback([options, &action] { action = [options] { return check(*options); }; });
//     }
//
// An action returns kExitOk or kExitFailed. It throws ConfigError for what the user has to put
// right before the work can start (exit 2), any other std::exception for work that failed (exit 1);
// what() is one line without "tapeline: " in front, main() adds it.
//
// Ownership: `action` outlives `app`; options live in a shared_ptr held by the callback.
// Thread safety: the main thread only.

#include <functional>

namespace CLI {  // NOLINT(readability-identifier-naming): the name is the library's
class App;
}  // namespace CLI

namespace tapeline::commands {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // the work failed
inline constexpr int kExitUsage = 2;   // usage or configuration

using Action = std::function<int()>;

}  // namespace tapeline::commands

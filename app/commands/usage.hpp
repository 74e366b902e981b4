#pragma once

// What is wrong with a command line, in one line with a suggestion.
//
// Thread safety: the main thread only.

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the name is the library's
class App;
class ParseError;
}  // namespace CLI

namespace tapeline::commands {

// One line without "tapeline: " in front. `app` is the top of the command line after a parse that
// ended in `error`.
[[nodiscard]] std::string explain_usage_error(const CLI::App& app, const CLI::ParseError& error);

// `text` with control characters replaced by spaces, so that it stays one line on a terminal.
[[nodiscard]] std::string one_line(std::string text);

}  // namespace tapeline::commands

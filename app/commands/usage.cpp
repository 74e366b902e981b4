#include "app/commands/usage.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <vector>

#include "app/config_document.hpp"
#include "app/nearest.hpp"

namespace tapeline::commands {
namespace {

// The (sub)command that the user was in, as typed: "tapeline", "tapeline check" or "tapeline
// archive ls".
std::string typed_command(const CLI::App& app, const CLI::App& command) {
  std::string typed = command.get_name();
  for (const CLI::App* at = &command; at != &app;) {
    at = at->get_parent();
    typed.insert(0, at->get_name() + " ");
  }
  return typed;
}

// The commands that were typed, the outermost first.
std::vector<const CLI::App*> levels_of(const CLI::App& app) {
  std::vector<const CLI::App*> levels{&app};
  for (auto parsed = app.get_subcommands(); !parsed.empty();
       parsed = levels.back()->get_subcommands()) {
    levels.push_back(parsed.back());
  }
  return levels;
}

std::string see_help(const CLI::App& app, const CLI::App& command) {
  return "; see '" + typed_command(app, command) + " --help'";
}

bool is_flag(std::string_view word) {
  return word.size() > 1 && word.front() == '-' && word != "--";
}

// What a level of the command line did not take.
std::vector<std::string> left_over(const CLI::App& level) {
  std::vector<std::string> words = level.remaining();
  words.erase(std::remove(words.begin(), words.end(), "--"), words.end());
  return words;
}

std::string unknown_flag(const CLI::App& app, const CLI::App& command, std::string_view typed) {
  typed = typed.substr(0, typed.find('='));
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    for (const std::string& name : option->get_snames()) flags.push_back("-" + name);
  }
  const std::vector<std::string_view> candidates{flags.begin(), flags.end()};
  const std::string nearest = typed.size() > 2 ? did_you_mean(typed, candidates) : "";
  return "unknown flag " + quoted_for_message(typed) + " of '" + typed_command(app, command) + "'" +
         (nearest.empty() ? see_help(app, command) : nearest);
}

std::vector<std::string> names_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

// "ls, cat or repair".
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

std::string unknown_command(const CLI::App& app, std::string_view typed) {
  const std::vector<std::string> names = names_of(app);
  const std::vector<std::string_view> candidates{names.begin(), names.end()};
  std::string nearest = did_you_mean(typed, candidates);
  if (nearest.empty()) {
    std::string joined;
    for (const std::string& name : names) joined += (joined.empty() ? "" : ", ") + name;
    nearest = "; there is " + joined;
  }
  return "unknown command " + quoted_for_message(typed) + nearest;
}

// The library's message, or ours where its words are hard to read.
std::string plain_words(const CLI::ParseError& error) {
  std::string problem = one_line(error.what());
  const std::string option = problem.substr(0, problem.find(':'));
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    if (problem.ends_with(" missing")) return option + " needs a value";
    if (problem.find("At Most") != std::string::npos) return option + " may be given once only";
  }
  return problem;
}

}  // namespace

std::string explain_usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<const CLI::App*> levels = levels_of(app);
  const CLI::App& command = *levels.back();
  const bool has_commands = !command.get_subcommands([](const CLI::App*) { return true; }).empty();

  // An unknown flag explains the rest: what follows it was taken for something else.
  for (const CLI::App* level : levels) {
    const std::vector<std::string> words = left_over(*level);
    const auto flag = std::find_if(words.begin(), words.end(), is_flag);
    if (flag != words.end()) return unknown_flag(app, *level, *flag);
  }
  for (const CLI::App* level : levels) {
    const std::vector<std::string> words = left_over(*level);
    if (words.empty()) continue;
    if (has_commands) return unknown_command(command, words.front());
    return "argument " + quoted_for_message(words.front()) + " is one too many for '" +
           typed_command(app, command) + "'" + see_help(app, command);
  }
  if (has_commands && levels.size() > 1) {
    return "'" + typed_command(app, command) + "' needs a command: " + listed(names_of(command));
  }
  std::string problem = plain_words(error);
  return problem.ends_with('?') ? problem : problem + see_help(app, command);
}

std::string one_line(std::string text) {
  for (char& letter : text) {
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F) letter = ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

}  // namespace tapeline::commands

#include "app/commands/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <string_view>

#include "app/config_document.hpp"
#include "app/nearest.hpp"

namespace tapeline::commands {
namespace {

template <typename Number>
bool parse_whole(const std::string& text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc{} && parsed.ptr == end;
}

std::string with_unit(const std::string& text, const std::string& unit) {
  return unit.empty() ? text : text + " " + unit;
}

std::string shown(double number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

}  // namespace

void require_whole_number(CLI::Option& option, std::uint64_t low, std::uint64_t high,
                          const std::string& unit) {
  const std::string range = with_unit(std::to_string(low) + " to " + std::to_string(high), unit);
  option.type_name("NUMBER");
  option.check(
      [low, high, range](const std::string& text) -> std::string {
        std::uint64_t number = 0;
        if (parse_whole(text, number) && number >= low && number <= high) return {};
        return quoted_for_message(text) + " is not a whole number from " + range;
      },
      "");
}

void require_number(CLI::Option& option, double low, double high, const std::string& unit) {
  const std::string range = with_unit(shown(low) + " to " + shown(high), unit);
  option.type_name("NUMBER");
  option.check(
      [low, high, range](const std::string& text) -> std::string {
        double number = 0;
        if (parse_whole(text, number) && std::isfinite(number) && number >= low && number <= high) {
          return {};
        }
        return quoted_for_message(text) + " is not a number from " + range;
      },
      "");
}

void require_one_of(CLI::Option& option, const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : "|") + name;
  option.type_name(all);
  option.check(
      [names](const std::string& text) -> std::string {
        if (std::find(names.begin(), names.end(), text) != names.end()) return {};
        const std::vector<std::string_view> candidates{names.begin(), names.end()};
        const std::string nearest = did_you_mean(text, candidates);
        std::string joined;
        for (const std::string& name : names) joined += (joined.empty() ? "" : ", ") + name;
        return quoted_for_message(text) + " is none of " + joined + nearest;
      },
      "");
}

}  // namespace tapeline::commands

#pragma once

// Checks for values on the command line, with messages in plain words: "'abc' is not a whole
// number from 1 to 64". They run before the library converts a value.
//
// Thread safety: the main thread only. Ownership: the checks belong to the option.

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the name is the library's
class Option;
}  // namespace CLI

namespace tapeline::commands {

// `unit` follows the number in help and messages: "s", "packets" or nothing.
void require_whole_number(CLI::Option& option, std::uint64_t low, std::uint64_t high,
                          const std::string& unit = "");
void require_number(CLI::Option& option, double low, double high, const std::string& unit = "");
void require_one_of(CLI::Option& option, const std::vector<std::string>& names);

}  // namespace tapeline::commands

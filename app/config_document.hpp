#pragma once

// A configuration file as a tree of values with their places in the text. Knows YAML, but no key:
// what a key may hold is decided by config.cpp through config_reader.hpp.
//
// Refused here, because a configuration needs none of it: anchors and aliases, tags, several
// documents, duplicate keys, keys that are not plain text, control characters, bytes that are not
// UTF-8, more than 1 MiB, more than 20000 values, nesting deeper than 16.
//
// Thread safety: values and pure functions.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"

namespace tapeline {

inline constexpr std::size_t kMaxConfigBytes = 1U << 20;
inline constexpr std::size_t kMaxConfigValues = 20000;
inline constexpr std::size_t kMaxConfigDepth = 16;

struct ConfigEntry;

struct ConfigNode {
  enum class Kind : std::uint8_t { empty, text, list, map };

  Kind kind = Kind::empty;
  bool quoted = false;  // text that stood in quotes or in a block
  TextPosition at;
  std::string text;
  std::vector<ConfigNode> items;     // of a list
  std::vector<ConfigEntry> entries;  // of a map, in the order of the file
};

struct ConfigEntry {
  std::string key;
  TextPosition key_at;
  ConfigNode value;
};

// The whole text of a file. Throws ConfigError: missing, a directory, not readable, too long.
[[nodiscard]] std::string read_config_file(const std::filesystem::path& file);

// The tree of one YAML document; Kind::empty when there is nothing in it. Throws ConfigError.
[[nodiscard]] ConfigNode parse_config_document(std::string_view text, const std::string& file_name);

// Throws ConfigError "file:line:column: problem"; without a place when `at` is none.
[[noreturn]] void throw_config_error(const std::string& file_name, TextPosition at,
                                     std::string_view problem);

// `text` in single quotes for a message: control characters as '?', at most 64 bytes of it.
[[nodiscard]] std::string quoted_for_message(std::string_view text);

}  // namespace tapeline

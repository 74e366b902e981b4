#pragma once

// Reads one mapping of a configuration key by key: right type, right range, no unknown key. Every
// complaint is a ConfigError "file:line:column: what is wrong and what would be right".
//
// A read_... function leaves its value alone when the key is not stated, so the default stays the
// one of config.hpp. Where a key was stated is noted in the ConfigOrigin.
//
// Thread safety: none. Lifetime: origin and node must outlive the section.

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"
#include "app/config_document.hpp"

namespace tapeline {

using ConfigKeys = std::span<const std::string_view>;

class ConfigSection {
 public:
  // Throws ConfigError when `node` is no mapping or holds a key that is not in `keys`. An empty
  // node is an empty mapping. `path` is the key of the node from the top, "" for the top itself.
  ConfigSection(ConfigOrigin& origin, const ConfigNode& node, std::string path, ConfigKeys keys);

  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] const std::string& path() const { return path_; }

  // Throws ConfigError at the start of this mapping unless `key` is stated. `example` is what to
  // write behind it, empty for a list of mappings.
  void require(std::string_view key, std::string_view example) const;

  void read_text(std::string_view key, std::string& value) const;
  void read_texts(std::string_view key, std::vector<std::string>& values) const;
  void read_flag(std::string_view key, bool& value) const;

  template <typename Integer>
  void read_number(std::string_view key, Integer& value, std::int64_t low,
                   std::int64_t high) const {
    static_assert(std::numeric_limits<Integer>::is_integer);
    if (has(key)) value = static_cast<Integer>(number(key, low, high));
  }

  // The value is the index of the stated name in `names`.
  template <typename Enum>
  void read_choice(std::string_view key, Enum& value,
                   std::span<const std::string_view> names) const {
    if (has(key)) value = static_cast<Enum>(choice(key, names));
  }
  // Requires: key is stated.
  [[nodiscard]] std::size_t choice(std::string_view key,
                                   std::span<const std::string_view> names) const;

  // The mapping behind `key`, empty when it is not stated.
  [[nodiscard]] ConfigSection section(std::string_view key, ConfigKeys keys) const;

  // The mappings in the list behind `key`, at least one. Requires: key is stated.
  [[nodiscard]] std::vector<ConfigSection> sections(std::string_view key, ConfigKeys keys) const;

  // Throws ConfigError at the value of `key`, or at the start of this mapping.
  [[noreturn]] void fail(std::string_view key, const std::string& problem) const;

 private:
  [[nodiscard]] const ConfigNode* find(std::string_view key) const;
  void refuse_control_characters(std::string_view key, const ConfigNode& node) const;
  [[nodiscard]] std::string path_of(std::string_view key) const;
  [[nodiscard]] std::int64_t number(std::string_view key, std::int64_t low,
                                    std::int64_t high) const;

  ConfigOrigin* origin_;
  const ConfigNode* node_;
  std::string path_;
};

// "'wait', 'spin'": for messages that list what is permitted.
[[nodiscard]] std::string join_quoted(std::span<const std::string_view> names);

}  // namespace tapeline

#include "app/config_reader.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "app/nearest.hpp"

namespace tapeline {
namespace {

std::string quoted_key(std::string_view key) { return "'" + std::string{key} + "'"; }

// "is a list" and the like, for a value of a wrong type.
std::string what_is_there(const ConfigNode& node) {
  switch (node.kind) {
    case ConfigNode::Kind::empty: return "is empty";
    case ConfigNode::Kind::list: return "is a list";
    case ConfigNode::Kind::map: return "is a mapping";
    case ConfigNode::Kind::text: break;
  }
  return "is " + quoted_for_message(node.text);
}

// The whole of `text` as decimal digits with an optional '-'; no leading zeros.
std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (std::to_string(value) != text) return std::nullopt;
  return value;
}

bool all_digits(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.front() != '0' &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// " of bytes" for a key that ends in its unit.
std::string_view unit_of(std::string_view key) {
  if (key.ends_with("_bytes")) return " of bytes";
  if (key.ends_with("_mib")) return " of MiB";
  if (key.ends_with("_ms")) return " of milliseconds";
  return "";
}

}  // namespace

std::string join_quoted(std::span<const std::string_view> names) {
  std::string joined;
  for (const std::string_view name : names) {
    if (!joined.empty()) joined += ", ";
    joined += quoted_key(name);
  }
  return joined;
}

ConfigSection::ConfigSection(ConfigOrigin& origin, const ConfigNode& node, std::string path,
                             ConfigKeys keys)
    : origin_{&origin}, node_{&node}, path_{std::move(path)} {
  if (node.kind == ConfigNode::Kind::text || node.kind == ConfigNode::Kind::list) {
    throw_config_error(origin.file, node.at,
                       (path_.empty() ? "the file" : quoted_key(path_)) + " " +
                           what_is_there(node) + "; it must be a mapping with the keys " +
                           join_quoted(keys));
  }
  if (!path_.empty() && node.at.line != 0) origin.positions[path_] = node.at;
  for (const ConfigEntry& entry : node.entries) {
    if (std::find(keys.begin(), keys.end(), entry.key) == keys.end()) {
      const std::string nearest = did_you_mean(entry.key, keys);
      throw_config_error(
          origin.file, entry.key_at,
          "unknown key " + quoted_for_message(entry.key) +
              (nearest.empty() ? "; permitted here: " + join_quoted(keys) : nearest));
    }
    origin.positions[path_of(entry.key)] = entry.value.at;
  }
}

const ConfigNode* ConfigSection::find(std::string_view key) const {
  for (const ConfigEntry& entry : node_->entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::string ConfigSection::path_of(std::string_view key) const {
  std::string whole = path_;
  if (!whole.empty()) whole += '.';
  return whole.append(key);
}

void ConfigSection::fail(std::string_view key, const std::string& problem) const {
  const ConfigNode* value = find(key);
  throw_config_error(origin_->file, value != nullptr ? value->at : node_->at, problem);
}

void ConfigSection::require(std::string_view key, std::string_view example) const {
  if (has(key)) return;
  const TextPosition at = node_->at.line != 0 ? node_->at : TextPosition{1, 1};
  throw_config_error(origin_->file, at,
                     "key " + quoted_key(key) + " is missing" +
                         (path_.empty() ? "" : " in " + path_) + "; add '" + std::string{key} +
                         ":" + std::string{example.empty() ? "" : " "} + std::string{example} +
                         "'" + (example.empty() ? " and a list of at least one" : ""));
}

void ConfigSection::read_text(std::string_view key, std::string& value) const {
  const ConfigNode* node = find(key);
  if (node == nullptr) return;
  if (node->kind != ConfigNode::Kind::text) {
    fail(key, quoted_key(key) + " " + what_is_there(*node) + "; it must be text");
  }
  refuse_control_characters(key, *node);
  value = node->text;
}

void ConfigSection::refuse_control_characters(std::string_view key, const ConfigNode& node) const {
  const auto is_control = [](char letter) {
    return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
  };
  if (std::none_of(node.text.begin(), node.text.end(), is_control)) return;
  throw_config_error(origin_->file, node.at,
                     quoted_key(key) +
                         " holds a control character or a line feed; write plain "
                         "text in one line");
}

void ConfigSection::read_texts(std::string_view key, std::vector<std::string>& values) const {
  const ConfigNode* node = find(key);
  if (node == nullptr) return;
  if (node->kind != ConfigNode::Kind::list) {
    fail(key,
         quoted_key(key) + " " + what_is_there(*node) + "; it must be a list such as [one, two]");
  }
  values.clear();
  for (std::size_t index = 0; index < node->items.size(); ++index) {
    const ConfigNode& item = node->items[index];
    if (item.kind != ConfigNode::Kind::text) {
      throw_config_error(
          origin_->file, item.at,
          "an entry of " + quoted_key(key) + " " + what_is_there(item) + "; it must be text");
    }
    refuse_control_characters(key, item);
    origin_->positions[path_of(key) + "[" + std::to_string(index) + "]"] = item.at;
    values.push_back(item.text);
  }
}

void ConfigSection::read_flag(std::string_view key, bool& value) const {
  const ConfigNode* node = find(key);
  if (node == nullptr) return;
  const bool plain = node->kind == ConfigNode::Kind::text && !node->quoted;
  if (!plain || (node->text != "true" && node->text != "false")) {
    fail(key, quoted_key(key) + " " + what_is_there(*node) + (node->quoted ? " in quotes" : "") +
                  "; it must be true or false");
  }
  value = node->text == "true";
}

std::int64_t ConfigSection::number(std::string_view key, std::int64_t low,
                                   std::int64_t high) const {
  const ConfigNode& node = *find(key);
  const bool plain = node.kind == ConfigNode::Kind::text && !node.quoted;
  const auto value = plain ? whole_number(node.text) : std::nullopt;
  if (value.has_value() && *value >= low && *value <= high) return *value;
  const bool written_well = plain && all_digits(node.text);
  fail(key, quoted_key(key) + " " + what_is_there(node) + (node.quoted ? " in quotes" : "") +
                "; it must be a whole number" + std::string{unit_of(key)} + " from " +
                std::to_string(low) + " to " + std::to_string(high) +
                (written_well || value.has_value() ? "" : ", in digits only"));
}

std::size_t ConfigSection::choice(std::string_view key,
                                  std::span<const std::string_view> names) const {
  const ConfigNode& node = *find(key);
  if (node.kind == ConfigNode::Kind::text) {
    const auto found = std::find(names.begin(), names.end(), node.text);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  }
  fail(key, quoted_key(key) + " " + what_is_there(node) + "; it must be " +
                (names.size() > 1 ? "one of " : "") + join_quoted(names));
}

ConfigSection ConfigSection::section(std::string_view key, ConfigKeys keys) const {
  static const ConfigNode kNothing;
  const ConfigNode* node = find(key);
  return ConfigSection{*origin_, node != nullptr ? *node : kNothing, path_of(key), keys};
}

std::vector<ConfigSection> ConfigSection::sections(std::string_view key, ConfigKeys keys) const {
  const ConfigNode& node = *find(key);
  if (node.kind != ConfigNode::Kind::list || node.items.empty()) {
    fail(key, quoted_key(key) + " " +
                  (node.kind == ConfigNode::Kind::list ? "is empty" : what_is_there(node)) +
                  "; it must be a list with at least one entry, each starting with '- '");
  }
  std::vector<ConfigSection> found;
  for (std::size_t index = 0; index < node.items.size(); ++index) {
    const std::string path = path_of(key) + "[" + std::to_string(index) + "]";
    found.emplace_back(*origin_, node.items[index], path, keys);
  }
  return found;
}

}  // namespace tapeline

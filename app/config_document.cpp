#include "app/config_document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <array>
#include <sstream>
#include <utility>

namespace tapeline {
namespace {

TextPosition position_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

// Builds the tree from the parser's events; throws ConfigError at the first thing refused.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, const std::string& file_name)
      : text_{text}, file_name_{file_name} {}

  [[nodiscard]] ConfigNode take_root() { return std::move(root_); }

  // Where the innermost list or mapping that is not closed yet began.
  [[nodiscard]] TextPosition innermost_open() const {
    return open_.empty() ? TextPosition{} : open_.back().node.at;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    throw_config_error(file_name_, position_of(mark),
                       "a second document starts here; a configuration is one document");
  }
  void OnDocumentEnd() override {}

  void OnAnchor(const YAML::Mark& mark, const std::string& /*name*/) override {
    throw_config_error(file_name_, position_of(mark),
                       "anchors ('&') are not supported; write the values out");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    throw_config_error(file_name_, position_of(mark),
                       "aliases ('*') are not supported; write the values out");
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    ConfigNode node;
    node.at = position_of(mark);
    place(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                const std::string& value) override {
    refuse_tag(mark, tag);
    refuse_unless_on_one_line(position_of(mark), value);
    ConfigNode node;
    node.kind = ConfigNode::Kind::text;
    node.quoted = tag == "!";
    node.at = position_of(mark);
    node.text = value;
    place(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {
    open(ConfigNode::Kind::list, mark, tag);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    open(ConfigNode::Kind::map, mark, tag);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    ConfigNode node;
    bool awaits_value = false;  // a map whose last entry has its key only
  };

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw_config_error(file_name_, position_of(mark),
                       "tags ('!') are not supported; write the plain value");
  }

  // The parser takes all the rest of a file for the value when a closing quote is missing, and
  // goes on with the next line where a plain value seems to. Neither is what its author meant.
  void refuse_unless_on_one_line(TextPosition at, const std::string& value) {
    const std::string_view rest = rest_of_line(at);
    if (rest.empty()) return;
    const char quote = rest.front();
    if (quote != '"' && quote != '\'') {
      const bool block = quote == '|' || quote == '>';
      if (block || rest.starts_with(value)) return;
      throw_config_error(file_name_, at,
                         "this value goes on in the next line; write it in one, or check the "
                         "indentation of what follows");
    }
    for (std::size_t index = 1; index < rest.size(); ++index) {
      if (rest[index] == quote) return;  // '' in single quotes ends and starts again: still closed
      if (rest[index] == '\\' && quote == '"') ++index;
    }
    throw_config_error(file_name_, at, "the closing quote is missing in this line; add it");
  }

  // From `at` to the end of its line. Places come in the order of the text.
  std::string_view rest_of_line(TextPosition at) {
    while (line_ < at.line) {
      const std::size_t end = text_.find('\n', line_begin_);
      if (end == std::string_view::npos) return {};
      line_begin_ = end + 1;
      ++line_;
    }
    const std::size_t begin = line_begin_ + at.column - 1;
    if (line_ != at.line || begin >= text_.size()) return {};
    return text_.substr(begin, text_.find('\n', begin) - begin);
  }

  void open(ConfigNode::Kind kind, const YAML::Mark& mark, const std::string& tag) {
    refuse_tag(mark, tag);
    if (open_.size() == kMaxConfigDepth) {
      throw_config_error(
          file_name_, position_of(mark),
          "values nested deeper than " + std::to_string(kMaxConfigDepth) + "; no key needs that");
    }
    if (!open_.empty() && open_.back().node.kind == ConfigNode::Kind::map &&
        !open_.back().awaits_value) {
      throw_config_error(file_name_, position_of(mark),
                         "a list or a mapping can not be a key; keys are plain names");
    }
    Open opened;
    opened.node.kind = kind;
    opened.node.at = position_of(mark);
    open_.push_back(std::move(opened));
  }

  void close() {
    ConfigNode closed = std::move(open_.back().node);
    open_.pop_back();
    place(std::move(closed));
  }

  void place(ConfigNode node) {
    if (++values_ > kMaxConfigValues) {
      throw_config_error(file_name_, node.at,
                         "more than " + std::to_string(kMaxConfigValues) + " values");
    }
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == ConfigNode::Kind::list) {
      if (node.kind == ConfigNode::Kind::empty) node.at = parent.node.at;
      parent.node.items.push_back(std::move(node));
    } else if (parent.awaits_value) {
      ConfigEntry& entry = parent.node.entries.back();
      if (node.kind == ConfigNode::Kind::empty) node.at = entry.key_at;
      entry.value = std::move(node);
      parent.awaits_value = false;
    } else {
      add_key(parent, std::move(node));
    }
  }

  void add_key(Open& parent, ConfigNode key) {
    if (key.kind != ConfigNode::Kind::text) {
      throw_config_error(file_name_, key.at, "a key is missing here; write 'name: value'");
    }
    for (const ConfigEntry& entry : parent.node.entries) {
      if (entry.key != key.text) continue;
      throw_config_error(file_name_, key.at,
                         "key " + quoted_for_message(key.text) + " stated twice (first at line " +
                             std::to_string(entry.key_at.line) + "); keep one");
    }
    parent.node.entries.push_back({std::move(key.text), key.at, {}});
    parent.awaits_value = true;
  }

  std::string_view text_;
  const std::string& file_name_;
  std::uint32_t line_ = 1;
  std::size_t line_begin_ = 0;  // offset of line_
  ConfigNode root_;
  std::vector<Open> open_;
  std::size_t documents_ = 0;
  std::size_t values_ = 0;
};

// The parser's short messages in words that say what to do.
std::string plain_words(const std::string& message) {
  struct Words {
    std::string_view parser;
    std::string_view ours;
  };
  static constexpr std::array kWords{
      Words{"illegal map value",
            "a ':' is out of place; indent the keys alike, or quote the value"},
      Words{"end of map not found", "this does not belong to the keys above; indent it alike"},
      Words{"end of sequence not found", "this does not belong to the list above; indent it alike"},
      Words{"end of sequence flow not found", "'[' without ']'; close the list"},
      Words{"end of map flow not found", "'{' without '}'; close the mapping"},
      Words{"illegal EOF in scalar", "the closing quote is missing; add it"},
      Words{"unknown token", "a value can not start with this character; put it in quotes"},
      Words{"illegal flow end", "']' or '}' without its beginning; remove it or quote the value"},
      Words{"illegal block entry", "a '-' is out of place; start the list on a line of its own"},
      Words{"the referenced anchor is not defined",
            "a value can not start with '*'; put it in quotes"},
  };
  for (const Words& words : kWords) {
    if (message == words.parser) return std::string{words.ours};
  }
  return "not valid YAML (" + message + "); see configs/run.yaml for the form";
}

// Length of the UTF-8 sequence that `rest` starts with, 0 when it starts with none.
std::size_t utf8_length(std::string_view rest) {
  const auto byte = [&](std::size_t index) {
    return index < rest.size() ? static_cast<unsigned char>(rest[index]) : 0U;
  };
  const auto continues = [&](std::size_t index) { return (byte(index) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool too_large = first == 0xF4 && byte(1) > 0x8F;
    return continues(1) && continues(2) && continues(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

// Refuses what is not text, and tabs in front of the first word of a line.
void check_text(std::string_view text, const std::string& file_name) {
  TextPosition at{1, 1};
  bool indenting = true;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      throw_config_error(file_name, at, "a byte that is not UTF-8; save the file as UTF-8");
    }
    const char letter = text.front();
    if (letter == '\t' && indenting) {
      throw_config_error(file_name, at, "a tab in the indentation; indent with spaces");
    }
    const bool control = static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
    const bool line_end = letter == '\n' || text.starts_with("\r\n");
    if (control && letter != '\t' && !line_end) {
      throw_config_error(file_name, at, "a control character; a configuration is plain text");
    }
    if (letter == '\n') {
      at = {at.line + 1, 1};
      indenting = true;
    } else {
      at.column += static_cast<std::uint32_t>(length);
      if (letter != ' ') indenting = false;
    }
    text.remove_prefix(length);
  }
}

}  // namespace

ConfigNode parse_config_document(std::string_view text, const std::string& file_name) {
  if (text.size() > kMaxConfigBytes) {
    throw_config_error(file_name, {}, "longer than 1 MiB; a configuration is a few pages");
  }
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  check_text(text, file_name);

  TreeBuilder builder{text, file_name};
  try {
    std::istringstream stream{std::string{text}};
    YAML::Parser parser{stream};
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    const bool not_closed = error.msg.ends_with(" flow not found");
    throw_config_error(file_name, not_closed ? builder.innermost_open() : position_of(error.mark),
                       plain_words(error.msg));
  }
  return builder.take_root();
}

void throw_config_error(const std::string& file_name, TextPosition at, std::string_view problem) {
  std::string line = file_name;
  if (at.line != 0) line += ':' + std::to_string(at.line) + ':' + std::to_string(at.column);
  throw ConfigError{line.append(": ").append(problem)};
}

std::string quoted_for_message(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  std::string shown = "'";
  std::size_t used = 0;
  while (used < text.size() && used < kLongest) {
    const std::size_t length = utf8_length(text.substr(used));
    const char letter = text[used];
    const bool plain = length != 0 && (length > 1 || (letter >= 0x20 && letter != 0x7F));
    shown += plain ? text.substr(used, length) : std::string_view{"?"};
    used += plain ? length : 1;
  }
  return shown + (used < text.size() ? "...'" : "'");
}

}  // namespace tapeline

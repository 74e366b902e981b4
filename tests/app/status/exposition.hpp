#pragma once

// A strict reader of the Prometheus text exposition format 0.0.4: what it does not accept, a
// scraper or promtool may not accept either.

#include <cstddef>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tapeline::status::testing {

struct Sample {
  std::map<std::string, std::string> labels;
  std::string value;
};

struct Family {
  std::string help;
  std::string type;
  std::vector<Sample> samples;
};

// Reads one line; throws std::runtime_error with the line at the first thing that is wrong.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : line_{line} {}

  void require(bool condition, const char* what) const {
    if (!condition) {
      throw std::runtime_error{std::string{what} + " at " + std::to_string(at_) +
                               " in: " + std::string{line_}};
    }
  }
  void expect(std::string_view text) {
    require(line_.substr(at_).starts_with(text), "unexpected text");
    at_ += text.size();
  }
  [[nodiscard]] bool take(char c) {
    if (at_ >= line_.size() || line_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string name() {
    const std::size_t from = at_;
    while (at_ < line_.size() && is_name_character(line_[at_], at_ == from)) ++at_;
    require(at_ > from, "no name");
    return std::string{line_.substr(from, at_ - from)};
  }
  std::string rest() {
    const std::string text{line_.substr(at_)};
    at_ = line_.size();
    return text;
  }
  std::string label_value() {
    std::string value;
    expect("\"");
    while (!take('"')) {
      require(at_ < line_.size(), "open label value");
      const char c = line_[at_++];
      if (c != '\\') {
        require(c >= ' ' && c <= '~', "raw control character or byte");
        value += c;
        continue;
      }
      if (take('n')) {
        value += '\n';
      } else if (take('\\')) {
        value += '\\';
      } else {
        expect("\"");
        value += '"';
      }
    }
    return value;
  }
  std::map<std::string, std::string> labels() {
    std::map<std::string, std::string> labels;
    if (!take('{')) return labels;
    do {
      const std::string label = name();
      expect("=");
      require(labels.emplace(label, label_value()).second, "label twice");
    } while (take(','));
    expect("}");
    return labels;
  }

 private:
  static bool is_name_character(char c, bool first) {
    return (c >= 'a' && c <= 'z') || c == '_' || (!first && c >= '0' && c <= '9');
  }

  std::string_view line_;
  std::size_t at_ = 0;
};

// HELP, then TYPE, then the samples of each metric, together and once.
inline std::map<std::string, Family> parse_exposition(std::string_view text) {
  std::map<std::string, Family> families;
  std::string current;
  std::set<std::string> series;
  if (!text.empty() && text.back() != '\n') throw std::runtime_error{"no newline at the end"};
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view whole = text.substr(0, end);
    LineReader line{whole};
    text.remove_prefix(end + 1);
    if (whole.starts_with("# HELP ")) {
      line.expect("# HELP ");
      current = line.name();
      line.expect(" ");
      line.require(families.count(current) == 0, "metric twice");
      families[current].help = line.rest();
    } else if (whole.starts_with("# TYPE ")) {
      line.expect("# TYPE " + current + " ");
      line.require(families[current].type.empty(), "TYPE twice");
      line.require(families[current].samples.empty(), "TYPE after samples");
      families[current].type = line.rest();
    } else {
      line.expect(current);
      if (families[current].type == "histogram") {
        const std::string suffix = line.name();
        line.require(suffix == "_bucket" || suffix == "_sum" || suffix == "_count", "suffix");
      }
      line.require(!families[current].type.empty(), "sample without TYPE");
      Sample sample;
      sample.labels = line.labels();
      line.expect(" ");
      sample.value = line.rest();
      std::size_t used = 0;
      static_cast<void>(std::stod(sample.value, &used));
      line.require(used == sample.value.size(), "no number");
      const std::string_view key = whole.substr(0, whole.rfind(' '));
      line.require(series.emplace(key).second, "series twice");
      families[current].samples.push_back(sample);
    }
  }
  return families;
}

}  // namespace tapeline::status::testing

#include "app/config_document.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tapeline {
namespace {

std::string error_of(const std::string& text) {
  try {
    static_cast<void>(parse_config_document(text, "c.yaml"));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

std::string repeated(const std::string& part, std::size_t times) {
  std::string all;
  for (std::size_t count = 0; count < times; ++count) all += part;
  return all;
}

TEST(ConfigDocument, KeepsPlacesOfKeysAndValues) {
  const ConfigNode root = parse_config_document("a: 1\nb:\n  - {c: \"x\"}\n  -  y\n", "c.yaml");
  ASSERT_EQ(root.kind, ConfigNode::Kind::map);
  ASSERT_EQ(root.entries.size(), 2U);
  EXPECT_EQ(root.entries[0].value.at, (TextPosition{1, 4}));
  const ConfigNode& list = root.entries[1].value;
  ASSERT_EQ(list.kind, ConfigNode::Kind::list);
  ASSERT_EQ(list.items.size(), 2U);
  const ConfigEntry& entry = list.items[0].entries.at(0);
  EXPECT_EQ(entry.key_at, (TextPosition{3, 6}));
  EXPECT_EQ(entry.value.at, (TextPosition{3, 9}));
  EXPECT_TRUE(entry.value.quoted);
  EXPECT_EQ(entry.value.text, "x");
  EXPECT_EQ(list.items[1].at, (TextPosition{4, 6}));
  EXPECT_FALSE(list.items[1].quoted);
}

TEST(ConfigDocument, EmptyValueStandsWhereItsKeyDoes) {
  const ConfigNode root = parse_config_document("a:\n\nb: ~\n", "c.yaml");
  EXPECT_EQ(root.entries.at(0).value.kind, ConfigNode::Kind::empty);
  EXPECT_EQ(root.entries.at(0).value.at, (TextPosition{1, 1}));
  EXPECT_EQ(root.entries.at(1).value.at, (TextPosition{3, 1}));
}

TEST(ConfigDocument, NothingIsEmpty) {
  for (const std::string text : {"", "\n\n", "# nothing\n", "---\n", "\xEF\xBB\xBF"}) {
    EXPECT_EQ(parse_config_document(text, "c.yaml").kind, ConfigNode::Kind::empty) << text;
  }
}

TEST(ConfigDocument, ReadsByteOrderMarkAndWindowsLineEnds) {
  const ConfigNode root = parse_config_document(
      "\xEF\xBB\xBF"
      "a: 'x'\r\nb: y z # why\r\n",
      "c.yaml");
  EXPECT_EQ(root.entries.at(0).value.text, "x");
  EXPECT_EQ(root.entries.at(1).value.text, "y z");
  EXPECT_EQ(root.entries.at(1).value.at, (TextPosition{2, 4}));
}

TEST(ConfigDocument, ReadsQuotesInQuotes) {
  const ConfigNode root = parse_config_document("a: 'it''s'\nb: \"say \\\"x\\\" # y\"\n", "c.yaml");
  EXPECT_EQ(root.entries.at(0).value.text, "it's");
  EXPECT_EQ(root.entries.at(1).value.text, "say \"x\" # y");
}

TEST(ConfigDocument, RefusesWhatNoConfigurationNeeds) {
  EXPECT_EQ(error_of("a: &x 1\n"),
            "c.yaml:1:4: anchors ('&') are not supported; write the values out");
  EXPECT_EQ(error_of("a: *x\n"), "c.yaml:1:4: a value can not start with '*'; put it in quotes");
  EXPECT_EQ(error_of("a: !!int 1\n"),
            "c.yaml:1:4: tags ('!') are not supported; write the plain value");
  EXPECT_EQ(error_of("a: !x\n  b: 1\n"),
            "c.yaml:1:4: tags ('!') are not supported; write the plain value");
  EXPECT_EQ(error_of("a: 1\n---\nb: 2\n"),
            "c.yaml:2:1: a second document starts here; a configuration is one document");
}

TEST(ConfigDocument, RefusesMergeBomb) {
  const std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\n";
  EXPECT_EQ(error_of(bomb), "c.yaml:1:4: anchors ('&') are not supported; write the values out");
}

TEST(ConfigDocument, TellsBrokenYamlInPlainWords) {
  EXPECT_EQ(error_of("a: [1,\nb: 2\n"), "c.yaml:1:4: '[' without ']'; close the list");
  EXPECT_EQ(error_of("a: {b: 1\n"), "c.yaml:1:4: '{' without '}'; close the mapping");
  EXPECT_EQ(error_of("a: 1\n}\n"),
            "c.yaml:2:1: ']' or '}' without its beginning; remove it or quote the value");
  EXPECT_EQ(error_of("a: b: c\n"),
            "c.yaml:1:5: a ':' is out of place; indent the keys alike, or quote the value");
  EXPECT_EQ(error_of("a:\n  b: 1\n c: 2\n"),
            "c.yaml:3:2: this does not belong to the keys above; indent it alike");
  EXPECT_EQ(error_of("a: @b\n"),
            "c.yaml:1:4: a value can not start with this character; put it in quotes");
  EXPECT_EQ(error_of("a: - b\n"),
            "c.yaml:1:4: a '-' is out of place; start the list on a line of its own");
  EXPECT_EQ(error_of("a: \"\\q\"\n"),
            "c.yaml:1:7: not valid YAML (unknown escape character: q); see configs/run.yaml for "
            "the form");
}

// yaml-cpp takes the rest of the file for the value, without a word.
TEST(ConfigDocument, RefusesMissingClosingQuote) {
  EXPECT_EQ(error_of("a: \"arch\nb: 1\n"),
            "c.yaml:1:4: the closing quote is missing in this line; add it");
  EXPECT_EQ(error_of("a: 'arch\nb: 1\n"),
            "c.yaml:1:4: the closing quote is missing in this line; add it");
  EXPECT_EQ(error_of("a: 'arch\nb: 'x'\n"),
            "c.yaml:1:4: the closing quote is missing in this line; add it");
}

TEST(ConfigDocument, RefusesValueThatGoesOnInTheNextLine) {
  EXPECT_EQ(error_of("a: one\n  two\n"),
            "c.yaml:1:4: this value goes on in the next line; write it in one, or check the "
            "indentation of what follows");
}

TEST(ConfigDocument, RefusesWhatIsNotText) {
  EXPECT_EQ(error_of("a: inf\xF6\n"),
            "c.yaml:1:7: a byte that is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(error_of("\xFF\xFE"
                     "a"),
            "c.yaml:1:1: a byte that is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(error_of("a: \xC0\x80\n"),
            "c.yaml:1:4: a byte that is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(error_of("a: \xED\xA0\x80\n"),
            "c.yaml:1:4: a byte that is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(error_of("a: \xE2\x82"),
            "c.yaml:1:4: a byte that is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(error_of(std::string{"a: 1\n\0", 6}),
            "c.yaml:2:1: a control character; a configuration is plain text");
  EXPECT_EQ(error_of("a: 1\rb: 2"),
            "c.yaml:1:5: a control character; a configuration is plain text");
  EXPECT_EQ(error_of("a:\n\tb: 1\n"), "c.yaml:2:1: a tab in the indentation; indent with spaces");
  EXPECT_EQ(error_of("a: \xE2\x82\xAC \xF0\x9F\x93\x88 \xC3\xA4\n"), "");
}

TEST(ConfigDocument, BoundsSizeNumberAndDepth) {
  EXPECT_EQ(error_of(std::string(kMaxConfigBytes + 1, '#')),
            "c.yaml: longer than 1 MiB; a configuration is a few pages");
  EXPECT_EQ(error_of(std::string(kMaxConfigBytes, '#')), "");
  EXPECT_EQ(error_of("a: [" + repeated("x,", kMaxConfigValues + 1) + "]"),
            "c.yaml:1:40003: more than 20000 values");
  EXPECT_EQ(error_of("a: " + repeated("[", 1000) + repeated("]", 1000)),
            "c.yaml:1:19: values nested deeper than 16; no key needs that");
}

// Every text ends in a tree or in a ConfigError, soon: cut and damaged files among them.
TEST(ConfigDocument, SurvivesEveryTruncationAndChangedByte) {
  const std::string whole =
      "a:\n  - {b: \"x\\u00e4\", 'c': [1, ~, yes]}\n  - |\n    text\n? k\n: v\n# end\n";
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    static_cast<void>(error_of(whole.substr(0, length)));
    if (length == whole.size()) break;
    for (const char other : {'\0', '\t', '\n', '"', '\'', '[', '{', '}', '&', '*', '!', ':', '-',
                             '?', '%', '|', '\xFF'}) {
      std::string damaged = whole;
      damaged[length] = other;
      static_cast<void>(error_of(damaged));
    }
  }
}

TEST(ConfigDocument, SurvivesDeepAndLongTexts) {
  for (const std::string part : {"[", "{", "- ", "? ", ": ", "a: ", "[a: ", "{\"a\":", "&a ", "*",
                                 "!", "\"", "'", "a\n", "\n", "|\n", "%"}) {
    EXPECT_NO_FATAL_FAILURE(static_cast<void>(error_of(repeated(part, 20000)))) << part;
  }
}

TEST(QuotedForMessage, HidesControlCharactersAndCutsLongText) {
  EXPECT_EQ(quoted_for_message("a\x1B[31m\n"), "'a?[31m?'");
  EXPECT_EQ(quoted_for_message("\xC3\xA4\xFF"), "'\xC3\xA4?'");
  EXPECT_EQ(quoted_for_message(std::string(65, 'x')), "'" + std::string(64, 'x') + "...'");
  EXPECT_EQ(quoted_for_message(std::string(64, 'x')), "'" + std::string(64, 'x') + "'");
}

}  // namespace
}  // namespace tapeline

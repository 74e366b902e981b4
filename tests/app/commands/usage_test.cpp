#include "app/commands/usage.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <string>

namespace tapeline::commands {
namespace {

// The explanation of what is wrong with `arguments`, "" when nothing is.
std::string explained(const std::string& arguments) {
  CLI::App app{"", "tapeline"};
  app.require_subcommand(0, 1);
  std::string config;
  std::string format;
  CLI::App* check = app.add_subcommand("check", "");
  check->add_option("CONFIG", config)->required();
  check->add_option("--format", format);
  app.add_subcommand("replay", "");
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return explain_usage_error(app, error);
  }
  return "";
}

TEST(UsageError, SuggestsTheNearestCommand) {
  EXPECT_EQ(explained("chekc x"), "unknown command 'chekc'; did you mean 'check'?");
  EXPECT_EQ(explained("zebra"), "unknown command 'zebra'; there is check, replay");
}

TEST(UsageError, SuggestsTheNearestFlag) {
  EXPECT_EQ(explained("check --fromat json x"),
            "unknown flag '--fromat' of 'tapeline check'; did you mean '--format'?");
  EXPECT_EQ(explained("check --fromat=json"),
            "unknown flag '--fromat' of 'tapeline check'; did you mean '--format'?");
  EXPECT_EQ(explained("check -z x"),
            "unknown flag '-z' of 'tapeline check'; see 'tapeline check --help'");
  EXPECT_EQ(explained("--verbose"),
            "unknown flag '--verbose' of 'tapeline'; see 'tapeline --help'");
}

TEST(UsageError, NamesWhatIsMissingOrTooMuch) {
  EXPECT_EQ(explained("check"), "CONFIG is required; see 'tapeline check --help'");
  EXPECT_EQ(explained("check --format"), "--format needs a value; see 'tapeline check --help'");
  EXPECT_EQ(explained("check --format a --format b x"),
            "--format may be given once only; see 'tapeline check --help'");
  EXPECT_EQ(explained("check x y"),
            "argument 'y' is one too many for 'tapeline check'; see 'tapeline check --help'");
  EXPECT_EQ(explained("check x -- y"),
            "argument 'y' is one too many for 'tapeline check'; see 'tapeline check --help'");
}

TEST(UsageError, TakesCommandNameAsArgument) { EXPECT_EQ(explained("check replay"), ""); }

TEST(OneLine, HasNoControlCharacters) { EXPECT_EQ(one_line("a\nb\x1B[0m\n"), "a b [0m"); }

}  // namespace
}  // namespace tapeline::commands

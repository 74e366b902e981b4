#include "app/commands/options.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace tapeline::commands {
namespace {

class OptionsTest : public testing::Test {
 protected:
  OptionsTest() {
    require_whole_number(*app_.add_option("--count", count_), 1, 64, "packets");
    require_number(*app_.add_option("--loss", loss_), 0, 0.5);
    require_one_of(*app_.add_option("--format", format_), {"text", "json"});
  }

  // What a parse of `arguments` complains of, "" when it takes them.
  std::string complaint(const std::string& arguments) {
    app_.clear();
    try {
      app_.parse(arguments);
    } catch (const CLI::ParseError& error) {
      return error.what();
    }
    return "";
  }

  CLI::App app_;
  std::uint32_t count_ = 0;
  double loss_ = 0;
  std::string format_;
};

TEST_F(OptionsTest, TakeWhatIsRight) {
  EXPECT_EQ(complaint("--count 64 --loss 0.25 --format json"), "");
  EXPECT_EQ(count_, 64U);
  EXPECT_EQ(loss_, 0.25);
  EXPECT_EQ(format_, "json");
}

TEST_F(OptionsTest, SayWhatWouldBeRight) {
  EXPECT_EQ(complaint("--count 65"), "--count: '65' is not a whole number from 1 to 64 packets");
  EXPECT_EQ(complaint("--count 0x1"), "--count: '0x1' is not a whole number from 1 to 64 packets");
  EXPECT_EQ(complaint("--count=-1"), "--count: '-1' is not a whole number from 1 to 64 packets");
  EXPECT_EQ(complaint("--count 1.5"), "--count: '1.5' is not a whole number from 1 to 64 packets");
  EXPECT_EQ(complaint("--loss 0.6"), "--loss: '0.6' is not a number from 0 to 0.5");
  EXPECT_EQ(complaint("--loss nan"), "--loss: 'nan' is not a number from 0 to 0.5");
  EXPECT_EQ(complaint("--format jsno"),
            "--format: 'jsno' is none of text, json; did you mean 'json'?");
}

}  // namespace
}  // namespace tapeline::commands

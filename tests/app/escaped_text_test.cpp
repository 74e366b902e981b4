#include "app/escaped_text.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tapeline {
namespace {

TEST(EscapedText, LeavesPrintableAsciiAlone) {
  EXPECT_EQ(escaped_text("session 'A~1' \"x\""), "session 'A~1' \"x\"");
}

TEST(EscapedText, OnceMoreChangesNothing) {
  const std::string once = escaped_text("\x1b[31m\n\\\xff");
  EXPECT_EQ(once, "\\x1b[31m\\x0a\\\\xff");
  EXPECT_EQ(escaped_text(once), once);
}

TEST(EscapedText, EveryByteStaysOneLineOfAsciiAndDiffersFromEveryOther) {
  std::set<std::string> seen;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = escaped_text(std::string(1, static_cast<char>(byte)));
    for (const char c : text) EXPECT_TRUE(c >= ' ' && c <= '~') << byte;
    EXPECT_TRUE(seen.insert(text).second) << byte;
  }
}

}  // namespace
}  // namespace tapeline

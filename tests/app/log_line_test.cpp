#include "app/log_line.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "app/escaped_text.hpp"

namespace tapeline {
namespace {

TEST(LogLine, HasTimeLevelAndMessage) {
  EXPECT_EQ(json_log_line(1'767'627'123'000'000'001, "warning", "gap: messages 1 to 2 (2) lost"),
            R"({"time_ns":1767627123000000001,"level":"warning",)"
            R"("message":"gap: messages 1 to 2 (2) lost"})");
}

TEST(LogLine, IsOneValidObjectForEveryMessage) {
  std::mt19937_64 random{7};  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same bytes in each run
  std::vector<std::string> messages{"",
                                    "\x1b[2J\n\"}",
                                    "\"\\\b\f",
                                    "\xff\xfe\x80",
                                    "\xe2\x80\xa8",
                                    std::string(3, '\0'),
                                    "{\"level\":\"info\"}"};
  for (int i = 0; i < 2'000; ++i) {
    std::string message(random() % 64, ' ');
    for (char& byte : message) byte = static_cast<char>(random());
    messages.push_back(message);
  }
  for (const std::string& message : messages) {
    const std::string line = json_log_line(1, "info", message);
    for (const char c : line) ASSERT_TRUE(c >= ' ' && c <= '~') << line;
    const auto json = nlohmann::json::parse(line);
    ASSERT_EQ(json.size(), 3U);
    ASSERT_EQ(json.at("message"), escaped_text(message));
    ASSERT_EQ(json.at("level"), "info");
  }
}

}  // namespace
}  // namespace tapeline

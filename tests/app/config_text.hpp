#pragma once

// Configurations as text, and what is wrong with them, for the tests of app/config.hpp.

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "app/config.hpp"

namespace tapeline::testing_config {

// The message of the ConfigError that `text` ends in, "" when it is accepted.
inline std::string error_of(const std::string& text) {
  try {
    static_cast<void>(parse_config(text, "c.yaml"));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

// A configuration that is right. `line`, `channel` and `top` are further keys for its line, its
// channel and the top, on the lines 6, 7 and 8 of the file.
inline std::string with(const std::string& line, const std::string& channel = "",
                        const std::string& top = "") {
  return "feeds:\n"                   // 1
         "  - name: nasdaq\n"         // 2
         "    channels:\n"            // 3
         "      - name: totalview\n"  // 4
         "        lines:\n"           // 5
         "          - {name: A, " +
         line +
         "}\n"
         "        " +
         (channel.empty() ? "# nothing" : channel) + "\n" + top;
}

inline const std::string kGoodLine = "group: 239.192.64.1, port: 26400";

inline std::string with_top(const std::string& top) { return with(kGoodLine, "", top); }
inline std::string with_channel(const std::string& channel) { return with(kGoodLine, channel); }

struct BadConfig {
  std::string title;
  std::string text;
  std::string message;  // without "c.yaml:" in front
};

inline void PrintTo(const BadConfig& bad, std::ostream* out) { *out << bad.title; }

inline std::string title_of(const testing::TestParamInfo<BadConfig>& parameter) {
  return parameter.param.title;
}

inline const std::string kTopKeys = "'feeds', 'pool', 'market', 'archive', 'status', 'log'";
inline const std::string kPortRange = "; it must be a whole number from 1 to 65535";
inline const std::string kNameRule =
    "; it must be 1 to 64 of A-Z a-z 0-9 . _ - and start with a letter or a digit";
inline const std::string kAddressRule =
    " is not an IP address; write one such as 239.192.64.1 or ff15::1 (no names)";

}  // namespace tapeline::testing_config

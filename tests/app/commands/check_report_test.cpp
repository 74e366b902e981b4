#include "app/commands/check_report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace tapeline::commands {
namespace {

Config two_lines() {
  return parse_config(
      "feeds:\n"
      "  - name: nasdaq\n"
      "    channels:\n"
      "      - name: totalview\n"
      "        receive_mode: spin\n"
      "        lines:\n"
      "          - {name: A, group: 239.192.64.1, port: 26400, interface: lo}\n"
      "          - {name: B, group: 'ff15::1', port: 26401, sources: ['2001:db8::1']}\n"
      "status: {address: '::1', port: 0}\n",
      "c.yaml");
}

TEST(CheckReport, TextSaysWhatWouldBeDone) {
  EXPECT_EQ(check_report_text(two_lines()),
            "c.yaml: every key and value is right\n"
            "feed nasdaq (itch50-moldudp64)\n"
            "  channel totalview: spins (one core in full use), up to 64 datagrams of 1968 bytes "
            "at once, receive buffer 8 MiB per line, a gap is held 20 ms or 4096 packets\n"
            "    line A: receives 239.192.64.1:26400 on lo, from any sender\n"
            "    line B: receives [ff15::1]:26401 on the interface of the route, from "
            "2001:db8::1\n"
            "pools: 66 MiB at start, 77 MiB at most\n"
            "  serialization: 256 x 128 KiB = 32 MiB, 64 more when needed\n"
            "  compression: 32 x 64 KiB = 2 MiB, 16 more when needed\n"
            "  simd: 16384 x 2 KiB = 32 MiB, 1024 more when needed\n"
            "orders: 64 MiB at start, 4096 MiB at most; AVX2 kernels where the processor has "
            "them\n"
            "archive: off\n"
            "status: http://[::1]:0 (any free port)\n"
            "log: info, as text\n");
}

TEST(CheckReport, JsonHoldsFindingsAndValues) {
  const auto report = nlohmann::json::parse(check_report_json(
      two_lines(),
      {{HostFinding::Kind::warning, "careful"}, {HostFinding::Kind::error, "no such thing"}}));
  EXPECT_EQ(report.at("config"), "c.yaml");
  EXPECT_EQ(report.at("usable"), false);
  EXPECT_EQ(report.at("errors"), nlohmann::json::array({"no such thing"}));
  EXPECT_EQ(report.at("warnings"), nlohmann::json::array({"careful"}));
  const auto& channel = report.at("feeds").at(0).at("channels").at(0);
  EXPECT_EQ(channel.at("receive_mode"), "spin");
  EXPECT_EQ(channel.at("lines").at(1).at("group"), "ff15::1");
  EXPECT_EQ(report.at("pools").at("bytes_at_start"), 69206016);
  EXPECT_EQ(report.at("status").at("port"), 0);
}

TEST(CheckReport, JsonWithoutErrorsIsUsable) {
  const auto report = nlohmann::json::parse(
      check_report_json(two_lines(), {{HostFinding::Kind::warning, "careful"}}));
  EXPECT_EQ(report.at("usable"), true);
}

}  // namespace
}  // namespace tapeline::commands

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
            "feed nasdaq (itch50 or iex, as the first packet is)\n"
            "  channel totalview: spins (one core in full use), up to 64 datagrams of 1968 bytes "
            "at once, receive buffer 8 MiB per line\n"
            "    line A: receives 239.192.64.1:26400 on lo, from any sender\n"
            "    line B: receives [ff15::1]:26401 on the interface of the route, from "
            "2001:db8::1\n"
            "    a line is told dead after 3 s without packets beside another\n"
            "    on a gap:\n"
            "      the lines have 20 ms to fill it; 4096 packets behind it are kept meanwhile\n"
            "      then it is declared lost: books stale until the next session\n"
            "    on a start in the middle of a session: from the message that comes first, books "
            "stale until the next session\n"
            "pools: 77 MiB at start, 229 MiB at most\n"
            "  serialization: 256 and 64 in reserve, of 128 KiB = 40 MiB, grows to 1536 = 192 "
            "MiB\n"
            "  compression: 32 and 16 in reserve, of 64 KiB = 3 MiB\n"
            "  simd: 16384 and 1024 in reserve, of 2 KiB = 34 MiB\n"
            "orders: 64 MiB at start, 4096 MiB at most; AVX2 kernels where the processor has "
            "them\n"
            "archive: off\n"
            "status: http://[::1]:0 (any free port)\n"
            "log: info, as text, 10 lines of a kind per second\n");
}

TEST(CheckReport, TextSaysTheChainOfRemediesWithItsTimes) {
  const Config config = parse_config(
      "feeds:\n"
      "  - name: nasdaq\n"
      "    channels:\n"
      "      - name: totalview\n"
      "        lines: [{name: A, group: 239.192.64.1, port: 26400}]\n"
      "        recovery: {servers: ['10.1.2.3:26500', '[::1]:26500']}\n"
      "        snapshot: {servers: ['10.1.2.3:26600'], credentials_env: GLIMPSE}\n",
      "c.yaml");
  EXPECT_NE(
      check_report_text(config).find(
          "    on a gap:\n"
          "      the lines have 20 ms to fill it; 4096 packets behind it are kept meanwhile\n"
          "      after 2 ms it is requested from 10.1.2.3:26500, [::1]:26500, again in 50 ms to 1 "
          "s, "
          "5 times, at most 100 messages each and 1000 requests/s; given up 5020 ms after it was "
          "seen\n"
          "      then books are stale and taken from a snapshot of 10.1.2.3:26600 (login from the "
          "variables GLIMPSE_USERNAME and GLIMPSE_PASSWORD), 60 s for it, after a failure again in "
          "500 ms to 30 s; up to 16 MiB of messages wait for it\n"
          "      without one in that time it is declared lost: books stale until a later snapshot "
          "or the next session\n"
          "    on a start in the middle of a session: a snapshot first, then the messages behind "
          "it\n"),
      std::string::npos)
      << check_report_text(config);
}

TEST(CheckReport, TellsAChannelOverTcpWithoutItsSecret) {
  ::setenv("TAPELINE_CHECK_TEST_USERNAME", "alice1", 1);
  ::setenv("TAPELINE_CHECK_TEST_PASSWORD", "hunter2", 1);
  const Config config = parse_config(
      "feeds:\n"
      "  - name: nasdaq\n"
      "    channels:\n"
      "      - name: totalview\n"
      "        transport: soupbintcp\n"
      "        soupbintcp: {servers: ['10.1.2.3:26600'], credentials_env: TAPELINE_CHECK_TEST}\n",
      "c.yaml");
  const std::string text = check_report_text(config);
  EXPECT_NE(
      text.find("    session that is current from 10.1.2.3:26600 over SoupBinTCP, login from "
                "the variables TAPELINE_CHECK_TEST_USERNAME and TAPELINE_CHECK_TEST_PASSWORD"
                "\n    heartbeat after 1 s, silent server given up after 15 s, next attempt in "
                "100 ms to 5 s\n"
                "    on a gap (messages that the server does not hold any more):\n"
                "      then it is declared lost: books stale until the next session\n"
                "    on a start in the middle of a session: from its first message on\n"),
      std::string::npos)
      << text;
  const std::string json = check_report_json(config, examine_host(config, false));
  for (const std::string& told : {text, json}) {
    EXPECT_EQ(told.find("alice1"), std::string::npos);
    EXPECT_EQ(told.find("hunter2"), std::string::npos);
  }
  const auto channel = nlohmann::json::parse(json).at("feeds").at(0).at("channels").at(0);
  EXPECT_EQ(channel.at("transport"), "soupbintcp");
  EXPECT_EQ(channel.at("soupbintcp").at("servers"), nlohmann::json::array({"10.1.2.3:26600"}));
}

TEST(CheckReport, TextSaysHowFarAPoolGrowsAndWhereItLies) {
  Config config = two_lines();
  config.pool.serialization.max_buffers = 960;
  config.pool.serialization.numa_node = 1;
  const std::string text = check_report_text(config);
  EXPECT_NE(text.find("pools: 77 MiB at start, 157 MiB at most\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  serialization: 256 and 64 in reserve, of 128 KiB = 40 MiB, grows to 960 = "
                      "120 MiB, on NUMA node 1\n"),
            std::string::npos)
      << text;
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
  EXPECT_EQ(report.at("pools").at("bytes_at_start"), 80740352);
  EXPECT_EQ(report.at("status").at("port"), 0);
}

TEST(CheckReport, JsonWithoutErrorsIsUsable) {
  const auto report = nlohmann::json::parse(
      check_report_json(two_lines(), {{HostFinding::Kind::warning, "careful"}}));
  EXPECT_EQ(report.at("usable"), true);
}

}  // namespace
}  // namespace tapeline::commands

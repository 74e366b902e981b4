// Remedies and TCP sessions of a channel, as a configuration states them.

#include <gtest/gtest.h>

#include <string>

#include "app/config.hpp"
#include "tests/app/config_text.hpp"

namespace tapeline {
namespace {

using namespace testing_config;

class BadFeedConfigTest : public testing::TestWithParam<BadConfig> {};

TEST_P(BadFeedConfigTest, IsRefusedWithItsPlaceAndWhatWouldBeRight) {
  EXPECT_EQ(error_of(GetParam().text), "c.yaml:" + GetParam().message);
}

const std::string kServerForm =
    "; write ADDRESS:PORT, such as 10.1.2.3:26500 or [2001:db8::1]:26500";

INSTANTIATE_TEST_SUITE_P(
    Servers, BadFeedConfigTest,
    testing::Values(
        BadConfig{"ServerWithoutPort", with_channel("recovery: {servers: [10.1.2.3]}"),
                  "7:30: '10.1.2.3' has no port" + kServerForm},
        BadConfig{"ServerWithPortZero", with_channel("recovery: {servers: ['10.1.2.3:0']}"),
                  "7:30: '10.1.2.3:0' has no port from 1 to 65535" + kServerForm},
        BadConfig{"ServerWithPortTooLarge", with_channel("recovery: {servers: ['10.1.2.3:65536']}"),
                  "7:30: '10.1.2.3:65536' has no port from 1 to 65535" + kServerForm},
        BadConfig{"ServerWithWordsForPort", with_channel("recovery: {servers: ['10.1.2.3:1x']}"),
                  "7:30: '10.1.2.3:1x' has no port from 1 to 65535" + kServerForm},
        BadConfig{"ServerByName", with_channel("recovery: {servers: ['host:1']}"),
                  "7:30: 'host:1' has no IP address in front of its port" + kServerForm},
        BadConfig{"Ipv6ServerWithoutBrackets",
                  with_channel("recovery: {servers: ['2001:db8::1:26500']}"),
                  "7:30: '2001:db8::1:26500' has no IP address in front of its port" + kServerForm},
        BadConfig{"Ipv4ServerInBrackets", with_channel("recovery: {servers: ['[10.1.2.3]:1']}"),
                  "7:30: '[10.1.2.3]:1' has no IP address in front of its port" + kServerForm},
        BadConfig{"ServerIsMulticast", with_channel("recovery: {servers: ['239.1.1.1:1']}"),
                  "7:30: '239.1.1.1' is no server's address; write the address of one host"},
        BadConfig{"ServerTwice", with_channel("recovery: {servers: ['[::1]:1', '[0::1]:1']}"),
                  "7:41: '[0::1]:1' is named twice"},
        BadConfig{"UnknownKeyOfRecovery", with_channel("recovery: {resend_m: 1}"),
                  "7:20: unknown key 'resend_m'; did you mean 'resend_ms'?"},
        BadConfig{"BackOffThatFalls", with_channel("recovery: {resend_ms: 500, resend_max_ms: 50}"),
                  "7:51: 'resend_ms' is 500 and 'resend_max_ms' 50; the first must not be the "
                  "larger one"},
        BadConfig{"RequestOfTooMany", with_channel("recovery: {max_messages_per_request: 65535}"),
                  "7:46: 'max_messages_per_request' is '65535'; it must be a whole number from 1 "
                  "to 65534"},
        BadConfig{"FirstRequestAfterTheLast",
                  with_channel("recovery: {first_delay_ms: 90, timeout_ms: 60}"),
                  "7:52: 'first_delay_ms' is 90, but the gap is given up after 80 ms ('hold_ms' "
                  "and 'timeout_ms'): nothing would be requested"},
        BadConfig{"SnapshotWithoutCredentials", with_channel("snapshot: {servers: ['[::1]:1']}"),
                  "7:29: a login needs credentials; add 'credentials_file: PATH' or "
                  "'credentials_env: NAME'"},
        BadConfig{"SnapshotWithBothCredentials",
                  with_channel("snapshot: {servers: ['[::1]:1'], credentials_file: a, "
                               "credentials_env: B}"),
                  "7:80: 'credentials_file' and 'credentials_env' are both there; keep one"},
        BadConfig{"SecretForTheNameOfAVariable",
                  with_channel("snapshot: {servers: ['[::1]:1'], credentials_env: 'hunter:2'}"),
                  "7:59: 'credentials_env' is no name for environment variables; write one such as "
                  "TAPELINE_FEED, and set TAPELINE_FEED_USERNAME and TAPELINE_FEED_PASSWORD"},
        BadConfig{
            "MoreHeldThanThePoolHas",
            with_channel("snapshot: {servers: ['[::1]:1'], credentials_env: B, hold_mib: 33}"),
            "7:72: 'hold_mib' is 33 and the serialization pool has 32 MiB; raise "
            "pool.serialization.buffer_count or lower 'hold_mib'"}),
    title_of);

// A channel over TCP; its keys are on line 5, those of its session on line 6.
std::string over_tcp(const std::string& session, const std::string& channel = "# nothing") {
  return "feeds:\n  - name: nasdaq\n    channels:\n      - name: totalview\n        " + channel +
         "\n        " + session + "\n        transport: soupbintcp\n";
}

INSTANTIATE_TEST_SUITE_P(
    Transports, BadFeedConfigTest,
    testing::Values(
        BadConfig{"UnknownTransport", with_channel("transport: tcp"),
                  "7:20: 'transport' is 'tcp'; it must be one of 'moldudp64', 'soupbintcp', "
                  "'json_lines'"},
        BadConfig{"SessionOfAChannelOfLines", with_channel("soupbintcp: {}"),
                  "7:21: 'soupbintcp' is for channels with 'transport: soupbintcp'; this one has "
                  "moldudp64"},
        BadConfig{"LinesOfAChannelOverTcp", over_tcp("soupbintcp: {}", "lines: []"),
                  "5:16: 'lines' is for channels with 'transport: moldudp64'; this one has "
                  "soupbintcp"},
        BadConfig{"RecoveryOfAChannelOverTcp", over_tcp("soupbintcp: {}", "recovery: {}"),
                  "5:19: 'recovery' is for channels with 'transport: moldudp64'; this one has "
                  "soupbintcp"},
        BadConfig{"NoSession", over_tcp(""),
                  "4:9: key 'soupbintcp' is missing in feeds[0].channels[0]; add 'soupbintcp: "
                  "{servers: [10.1.2.3:26600]}'"},
        BadConfig{
            "NoServers", over_tcp("soupbintcp: {credentials_env: A}"),
            "6:21: key 'servers' is missing in feeds[0].channels[0].soupbintcp; add 'servers: "
            "[10.1.2.3:26600]'"},
        BadConfig{"EmptyServers", over_tcp("soupbintcp: {servers: [], credentials_env: A}"),
                  "6:31: 'servers' is empty; name at least one"},
        BadConfig{"SessionTooLong",
                  over_tcp("soupbintcp: {servers: ['[::1]:1'], credentials_env: A, session: "
                           "ABCDEFGHIJK}"),
                  "6:73: 'session' is 'ABCDEFGHIJK'; it must be at most 10 letters and digits, or "
                  "empty for the current one"},
        BadConfig{"ProtocolThatSaysLines",
                  "feeds:\n  - name: nasdaq\n    protocol: itch50-moldudp64\n    channels:\n"
                  "      - {name: t, transport: soupbintcp, soupbintcp: {servers: ['[::1]:1'], "
                  "credentials_env: A}}\n",
                  "3:15: 'protocol' is 'itch50-moldudp64' and channel 't' comes over soupbintcp; "
                  "write 'protocol: itch50'"}),
    title_of);

// The protocol of a feed with one channel, and what the channel says of itself.
std::string protocol_of(const std::string& channel, const std::string& keys = "") {
  return parse_config(
             "feeds:\n  - name: f\n" + keys + "    channels:\n      - {name: c, " + channel + "}\n",
             "c.yaml")
      .feeds.at(0)
      .protocol;
}

TEST(Config, ProtocolNeedNotBeNamed) {
  const std::string lines = "lines: [{name: A, group: 239.1.1.1, port: 1}]";
  const std::string server = "servers: ['10.1.2.3:4'], credentials_env: A";
  EXPECT_EQ(protocol_of(lines), "auto");
  EXPECT_EQ(protocol_of(lines, "    protocol: auto\n"), "auto");
  EXPECT_EQ(protocol_of(lines, "    protocol: iex\n"), "iex");
  EXPECT_EQ(protocol_of(lines + ", recovery: {servers: ['10.1.2.3:4']}"), "itch50");
  EXPECT_EQ(protocol_of(lines + ", snapshot: {" + server + "}"), "itch50");
  EXPECT_EQ(protocol_of("transport: soupbintcp, soupbintcp: {" + server + "}"), "itch50");
  EXPECT_EQ(protocol_of("transport: json_lines, json_lines: {servers: ['10.1.2.3:4']}"), "json");
}

std::string over_json(const std::string& lines, const std::string& protocol = "json",
                      const std::string& channel = "required: true") {
  return "feeds:\n  - name: crypto\n    protocol: " + protocol +
         "\n    channels:\n      - name: spot\n        " + channel + "\n        " + lines +
         "\n        transport: json_lines\n";
}

INSTANTIATE_TEST_SUITE_P(
    JsonLines, BadFeedConfigTest,
    testing::Values(
        BadConfig{"NoDocuments", over_json("# nothing"),
                  "5:9: key 'json_lines' is missing in feeds[0].channels[0]; add 'json_lines: "
                  "{servers: [10.1.2.3:7000]}'"},
        BadConfig{"NoServersOfDocuments", over_json("json_lines: {}"),
                  "7:21: key 'servers' is missing in feeds[0].channels[0].json_lines; add "
                  "'servers: [10.1.2.3:7000]'"},
        BadConfig{"UnknownVenue", over_json("json_lines: {servers: ['[::1]:1'], venue: mtgox}"),
                  "7:51: 'venue' is 'mtgox'; it must be one of 'any', 'coinbase', 'binance', "
                  "'kraken'"},
        BadConfig{"OtherProtocol", over_json("json_lines: {servers: ['[::1]:1']}", "itch50"),
                  "3:15: 'protocol' is 'itch50' and channel 'spot' has 'transport: json_lines'; "
                  "'protocol: json' and 'transport: json_lines' go together"},
        BadConfig{"SnapshotOfDocuments",
                  over_json("json_lines: {servers: ['[::1]:1']}", "json", "snapshot: {}"),
                  "6:19: 'snapshot' is a GLIMPSE server, and channels with 'transport: json_lines' "
                  "have none"},
        BadConfig{"LinesOfDocuments",
                  over_json("json_lines: {servers: ['[::1]:1']}", "json", "lines: []"),
                  "6:16: 'lines' is for channels with 'transport: moldudp64'; this one has "
                  "json_lines"}),
    title_of);

TEST(Config, TakesEveryStatedValueOfJsonLines) {
  const Config config = parse_config(
      over_json("json_lines: {servers: ['10.1.2.3:4'], venue: kraken, price_decimals: 9, "
                "size_decimals: 2, kraken_depth: 25, max_document_mib: 3, watchdog_ms: 600, "
                "reconnect_ms: 7, reconnect_max_ms: 8}"),
      "c.yaml");
  EXPECT_EQ(config.feeds.at(0).protocol, "json");
  const ChannelConfig& channel = config.feeds.at(0).channels.at(0);
  EXPECT_EQ(channel.transport, Transport::json_lines);
  EXPECT_EQ(channel.json_lines.servers.at(0).port, 4U);
  EXPECT_EQ(channel.json_lines.venue, JsonVenue::kraken);
  EXPECT_EQ(channel.json_lines.price_decimals, 9U);
  EXPECT_EQ(channel.json_lines.size_decimals, 2U);
  EXPECT_EQ(channel.json_lines.kraken_depth, 25U);
  EXPECT_EQ(channel.json_lines.max_document_mib, 3U);
  EXPECT_EQ(channel.json_lines.watchdog_ms, 600U);
  EXPECT_EQ(channel.json_lines.reconnect_ms, 7U);
  EXPECT_EQ(channel.json_lines.reconnect_max_ms, 8U);
}

TEST(Config, JsonLinesYamlStatesEveryKeyWithItsDefault) {
  const Config config = load_config(TAPELINE_CONFIGS "/json_lines.yaml");
  const JsonLinesConfig& lines = config.feeds.at(0).channels.at(0).json_lines;
  const JsonLinesConfig standard;
  EXPECT_EQ(lines.venue, standard.venue);
  EXPECT_EQ(lines.price_decimals, standard.price_decimals);
  EXPECT_EQ(lines.size_decimals, standard.size_decimals);
  EXPECT_EQ(lines.kraken_depth, standard.kraken_depth);
  EXPECT_EQ(lines.max_document_mib, standard.max_document_mib);
  EXPECT_EQ(lines.watchdog_ms, standard.watchdog_ms);
  EXPECT_EQ(lines.reconnect_ms, standard.reconnect_ms);
  EXPECT_EQ(lines.reconnect_max_ms, standard.reconnect_max_ms);
}

TEST(Config, TakesEveryStatedValueOfRemedies) {
  const Config config = parse_config(
      with_channel("{}").replace(
          with_channel("{}").find("        {}"), 10,
          "        required: false\n        line_dead_ms: 1\n        conflict_window: 2\n        "
          "recovery: {servers: "
          "['10.1.2.3:4', '[2001:db8::1]:5'], first_delay_ms: 6, resend_ms: 7, resend_max_ms: 8, "
          "attempts: 9, timeout_ms: 10, max_messages_per_request: 11, max_requests_per_second: "
          "12}\n        snapshot: {servers: ['10.1.2.3:13'], credentials_file: /a b, same_session: "
          "false, on_join: "
          "false, timeout_ms: 14, retry_ms: 15, retry_max_ms: 16, hold_mib: 17}"),
      "c.yaml");
  const ChannelConfig& channel = config.feeds.at(0).channels.at(0);
  EXPECT_EQ(channel.transport, Transport::moldudp64);
  EXPECT_FALSE(channel.required);
  EXPECT_EQ(channel.line_dead_ms, 1U);
  EXPECT_EQ(channel.conflict_window, 2U);
  ASSERT_EQ(channel.recovery.servers.size(), 2U);
  EXPECT_EQ(channel.recovery.servers[1].address, "2001:db8::1");
  EXPECT_EQ(channel.recovery.servers[1].port, 5U);
  EXPECT_EQ(channel.recovery.first_delay_ms, 6U);
  EXPECT_EQ(channel.recovery.resend_ms, 7U);
  EXPECT_EQ(channel.recovery.resend_max_ms, 8U);
  EXPECT_EQ(channel.recovery.attempts, 9U);
  EXPECT_EQ(channel.recovery.timeout_ms, 10U);
  EXPECT_EQ(channel.recovery.max_messages_per_request, 11U);
  EXPECT_EQ(channel.recovery.max_requests_per_second, 12U);
  EXPECT_EQ(channel.snapshot.servers.at(0).port, 13U);
  EXPECT_EQ(channel.snapshot.credentials.file, "/a b");
  EXPECT_FALSE(channel.snapshot.on_join);
  EXPECT_FALSE(channel.snapshot.same_session);
  EXPECT_EQ(channel.snapshot.timeout_ms, 14U);
  EXPECT_EQ(channel.snapshot.retry_ms, 15U);
  EXPECT_EQ(channel.snapshot.retry_max_ms, 16U);
  EXPECT_EQ(channel.snapshot.hold_mib, 17U);
}

TEST(Config, TakesEveryStatedValueOfATcpSession) {
  const Config config = parse_config(
      over_tcp("soupbintcp: {servers: ['10.1.2.3:4'], credentials_env: NAME_1, session: S1, "
               "heartbeat_ms: 500, watchdog_ms: 600, reconnect_ms: 7, reconnect_max_ms: 8}"),
      "c.yaml");
  const ChannelConfig& channel = config.feeds.at(0).channels.at(0);
  EXPECT_EQ(channel.transport, Transport::soupbintcp);
  EXPECT_TRUE(channel.lines.empty());
  EXPECT_EQ(channel.soupbintcp.servers.at(0).address, "10.1.2.3");
  EXPECT_EQ(channel.soupbintcp.credentials.environment, "NAME_1");
  EXPECT_EQ(channel.soupbintcp.session, "S1");
  EXPECT_EQ(channel.soupbintcp.heartbeat_ms, 500U);
  EXPECT_EQ(channel.soupbintcp.watchdog_ms, 600U);
  EXPECT_EQ(channel.soupbintcp.reconnect_ms, 7U);
  EXPECT_EQ(channel.soupbintcp.reconnect_max_ms, 8U);
}

TEST(Config, SoupBinTcpYamlStatesEveryKeyOfASessionWithItsDefault) {
  const Config config = load_config(TAPELINE_CONFIGS "/soupbintcp.yaml");
  const SoupBinTcpConfig& soup = config.feeds.at(0).channels.at(0).soupbintcp;
  const SoupBinTcpConfig standard;
  EXPECT_EQ(soup.session, standard.session);
  EXPECT_EQ(soup.heartbeat_ms, standard.heartbeat_ms);
  EXPECT_EQ(soup.watchdog_ms, standard.watchdog_ms);
  EXPECT_EQ(soup.reconnect_ms, standard.reconnect_ms);
  EXPECT_EQ(soup.reconnect_max_ms, standard.reconnect_max_ms);
  for (const std::string key :
       {"servers", "credentials_file", "credentials_env", "session", "heartbeat_ms", "watchdog_ms",
        "reconnect_ms", "reconnect_max_ms"}) {
    EXPECT_TRUE(config.origin.positions.contains("feeds[0].channels[0].soupbintcp." + key)) << key;
  }
}
}  // namespace
}  // namespace tapeline

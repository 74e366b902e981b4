#include "app/config.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/app/config_text.hpp"

namespace tapeline {
namespace {

using namespace testing_config;

class BadConfigTest : public testing::TestWithParam<BadConfig> {};

TEST_P(BadConfigTest, IsRefusedWithItsPlaceAndWhatWouldBeRight) {
  EXPECT_EQ(error_of(GetParam().text), "c.yaml:" + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, BadConfigTest,
    testing::Values(
        BadConfig{"UnknownKeyNearAKnownOne", with_top("arhive: {}\n"),
                  "8:1: unknown key 'arhive'; did you mean 'archive'?"},
        BadConfig{"UnknownKeyNearNone", with_top("zookeeper: 1\n"),
                  "8:1: unknown key 'zookeeper'; permitted here: " + kTopKeys},
        BadConfig{"UnknownKeyOfALine", with("group: 239.192.64.1, prt: 26400"),
                  "6:44: unknown key 'prt'; did you mean 'port'?"},
        BadConfig{"MergeKey", with_top("<<: {}\n"),
                  "8:1: unknown key '<<'; permitted here: " + kTopKeys},
        BadConfig{"KeyTwice", with_top("log:\n  level: info\n  level: warn\n"),
                  "10:3: key 'level' stated twice (first at line 9); keep one"},
        BadConfig{"KeyTwiceAtTheTop", with_top("feeds: []\n"),
                  "8:1: key 'feeds' stated twice (first at line 1); keep one"},
        BadConfig{"KeyTwiceInBraces", with_top("log: {level: info, level: info}\n"),
                  "8:20: key 'level' stated twice (first at line 8); keep one"},
        BadConfig{"NoFeeds", "log: {}\n",
                  "1:1: key 'feeds' is missing; add 'feeds:' and a list of at least one"},
        BadConfig{"NoChannels", "feeds:\n  - name: x\n",
                  "2:5: key 'channels' is missing in feeds[0]; add 'channels:' and a list of at "
                  "least one"},
        BadConfig{"NoLines", "feeds:\n  - name: x\n    channels:\n      - name: y\n",
                  "4:9: key 'lines' is missing in feeds[0].channels[0]; add 'lines:' and a list "
                  "of at least one"},
        BadConfig{"NoPort", with("group: 239.192.64.1"),
                  "6:13: key 'port' is missing in feeds[0].channels[0].lines[0]; add 'port: "
                  "26400'"},
        BadConfig{"NoGroup", with("port: 1"),
                  "6:13: key 'group' is missing in feeds[0].channels[0].lines[0]; add 'group: "
                  "239.192.64.1'"},
        BadConfig{"NoName", "feeds:\n  - channels: []\n",
                  "2:5: key 'name' is missing in feeds[0]; add 'name: nasdaq'"},
        BadConfig{"KeyWithoutName", with_top("~: 1\n"),
                  "8:1: a key is missing here; write 'name: value'"},
        BadConfig{"ListAsKey", with_top("? [a]\n: b\n"),
                  "8:3: a list or a mapping can not be a key; keys are plain names"}),
    title_of);

INSTANTIATE_TEST_SUITE_P(
    Types, BadConfigTest,
    testing::Values(
        BadConfig{"EmptyList", "feeds: []\n",
                  "1:8: 'feeds' is empty; it must be a list with at least one entry, each "
                  "starting with '- '"},
        BadConfig{"NothingForList", "feeds:\n",
                  "1:1: 'feeds' is empty; it must be a list with at least one entry, each "
                  "starting with '- '"},
        BadConfig{"MappingForList", "feeds:\n  name: x\n",
                  "2:3: 'feeds' is a mapping; it must be a list with at least one entry, each "
                  "starting with '- '"},
        BadConfig{"TextForMapping", "feeds:\n  - nasdaq\n",
                  "2:5: 'feeds[0]' is 'nasdaq'; it must be a mapping with the keys 'name', "
                  "'protocol', 'channels'"},
        BadConfig{"ListForMapping", with_top("log:\n  - level: info\n"),
                  "9:3: 'log' is a list; it must be a mapping with the keys 'level', 'format', "
                  "'lines_per_second'"},
        BadConfig{"EmptyEntry", "feeds:\n  -\n",
                  "2:3: key 'name' is missing in feeds[0]; add 'name: nasdaq'"},
        BadConfig{"TextForFlag", with_top("archive: {enabled: yes}\n"),
                  "8:20: 'enabled' is 'yes'; it must be true or false"},
        BadConfig{"QuotedFlag", with_top("archive: {enabled: \"true\"}\n"),
                  "8:20: 'enabled' is 'true' in quotes; it must be true or false"},
        BadConfig{"ListForText", with_top("archive: {directory: [a]}\n"),
                  "8:22: 'directory' is a list; it must be text"},
        BadConfig{"TextForTexts", with(kGoodLine + ", sources: 10.0.0.1"),
                  "6:66: 'sources' is '10.0.0.1'; it must be a list such as [one, two]"},
        BadConfig{"ListInTexts", with(kGoodLine + ", sources: [[1]]"),
                  "6:67: an entry of 'sources' is a list; it must be text"},
        BadConfig{"UnknownChoice", with_channel("receive_mode: poll"),
                  "7:23: 'receive_mode' is 'poll'; it must be one of 'wait', 'spin'"},
        BadConfig{"UnknownProtocol", "feeds:\n  - name: x\n    protocol: itch\n",
                  "3:15: 'protocol' is 'itch'; it must be one of 'auto', 'itch50', "
                  "'itch50-moldudp64', 'iex', "
                  "'json'"},
        BadConfig{"UnknownLevel", with_top("log: {level: verbose}\n"),
                  "8:14: 'level' is 'verbose'; it must be one of 'trace', 'debug', 'info', "
                  "'warn', 'error', 'off'"},
        BadConfig{"LineFeedInText", with_top("archive: {directory: \"a\\nb\"}\n"),
                  "8:22: 'directory' holds a control character or a line feed; write plain text "
                  "in one line"}),
    title_of);

INSTANTIATE_TEST_SUITE_P(
    Numbers, BadConfigTest,
    testing::Values(
        BadConfig{"PortZero", with("group: 239.192.64.1, port: 0"),
                  "6:50: 'port' is '0'" + kPortRange},
        BadConfig{"PortTooLarge", with("group: 239.192.64.1, port: 65536"),
                  "6:50: 'port' is '65536'" + kPortRange},
        BadConfig{"PortNegative", with("group: 239.192.64.1, port: -1"),
                  "6:50: 'port' is '-1'" + kPortRange},
        BadConfig{"PortPast64Bits", with("group: 239.192.64.1, port: 18446744073709578016"),
                  "6:50: 'port' is '18446744073709578016'" + kPortRange},
        BadConfig{"PortInHex", with("group: 239.192.64.1, port: 0x10"),
                  "6:50: 'port' is '0x10'" + kPortRange + ", in digits only"},
        BadConfig{"PortWithLeadingZero", with("group: 239.192.64.1, port: 010"),
                  "6:50: 'port' is '010'" + kPortRange + ", in digits only"},
        BadConfig{"PortWithPoint", with("group: 239.192.64.1, port: 26400.0"),
                  "6:50: 'port' is '26400.0'" + kPortRange + ", in digits only"},
        BadConfig{"PortInQuotes", with("group: 239.192.64.1, port: '1'"),
                  "6:50: 'port' is '1' in quotes" + kPortRange + ", in digits only"},
        BadConfig{"PortIsList", with("group: 239.192.64.1, port: [1]"),
                  "6:50: 'port' is a list" + kPortRange + ", in digits only"},
        BadConfig{"PortIsEmpty", with("group: 239.192.64.1, port: "),
                  "6:44: 'port' is empty" + kPortRange + ", in digits only"},
        BadConfig{"SizeWithUnit", with_channel("receive_buffer_bytes: 8M"),
                  "7:31: 'receive_buffer_bytes' is '8M'; it must be a whole number of bytes from "
                  "4096 to 1073741823, in digits only"},
        BadConfig{"TimeWithUnit", with_channel("hold_ms: 20ms"),
                  "7:18: 'hold_ms' is '20ms'; it must be a whole number of milliseconds from 0 to "
                  "60000, in digits only"},
        BadConfig{"BatchTooLarge", with_channel("batch_packets: 65"),
                  "7:24: 'batch_packets' is '65'; it must be a whole number from 1 to 64"},
        BadConfig{"BatchDoesNotFitABuffer", with_channel("max_datagram_bytes: 9000"),
                  "7:29: 64 datagrams of up to 9000 bytes take 581120 bytes, a serialization "
                  "buffer has 131072; set batch_packets to 14 or less"},
        BadConfig{"BufferNotAMultipleOf64", with_top("pool: {simd: {buffer_bytes: 100}}\n"),
                  "8:29: 'buffer_bytes' is 100; it must be a multiple of 64"},
        BadConfig{"TooManyBuffers", with_top("pool: {simd: {buffer_count: 1048000}}\n"),
                  "8:29: 'buffer_count' and 'overflow_buffers' make 1049024 together; they must be "
                  "1048575 or less"},
        BadConfig{"BoundBelowWhatIsThereAtStart",
                  with_top("pool: {serialization: {max_buffers: 319}}\n"),
                  "8:37: 'max_buffers' is 319; it must be 0, or at least the 320 of "
                  "'buffer_count' and 'overflow_buffers'"},
        BadConfig{"BoundPastWhatCanBeNumbered",
                  with_top("pool: {serialization: {max_buffers: 1048576}}\n"),
                  "8:37: 'max_buffers' is '1048576'; it must be a whole number from 0 to 1048575"},
        BadConfig{"SlabIsNegative", with_top("pool: {compression: {slab_buffers: -1}}\n"),
                  "8:36: 'slab_buffers' is '-1'; it must be a whole number from 0 to 1048575"},
        BadConfig{"WatermarkAboveThePool", with_top("pool: {compression: {low_watermark: 33}}\n"),
                  "8:37: 'low_watermark' is 33 and 'buffer_count' 32; the first must not be the "
                  "larger one"},
        BadConfig{"NumaNodeTooLow", with_top("pool: {simd: {numa_node: -2}}\n"),
                  "8:26: 'numa_node' is '-2'; it must be a whole number from -1 to 1023"},
        BadConfig{"NumaNodeIsAName", with_top("pool: {simd: {numa_node: first}}\n"),
                  "8:26: 'numa_node' is 'first'; it must be a whole number from -1 to 1023, in "
                  "digits only"},
        BadConfig{"MoreOrdersAtStartThanEver", with_top("market: {max_orders_mib: 32}\n"),
                  "8:26: 'preallocated_orders_mib' is 64 and 'max_orders_mib' 32; the first must "
                  "not be the larger one"},
        BadConfig{"FramesLargerThanTheirBuffers", with_top("archive: {frame_bytes: 65537}\n"),
                  "8:24: 'frame_bytes' is 65537; a buffer of pool.compression has 65536, raise its "
                  "buffer_bytes"},
        BadConfig{"FramesTooSmall", with_top("archive: {frame_bytes: 4095}\n"),
                  "8:24: 'frame_bytes' is '4095'; it must be a whole number of bytes from "
                  "4096 to 16777216"},
        BadConfig{"CompressionLevelZero", with_top("archive: {compression_level: 0}\n"),
                  "8:30: 'compression_level' is '0'; it must be a whole number from 1 to 19"}),
    title_of);

INSTANTIATE_TEST_SUITE_P(
    Names, BadConfigTest,
    testing::Values(
        BadConfig{"GroupCutShort", with("group: 239.192.64, port: 1"),
                  "6:30: '239.192.64'" + kAddressRule},
        BadConfig{"GroupIsAName", with("group: localhost, port: 1"),
                  "6:30: 'localhost'" + kAddressRule},
        BadConfig{"GroupIsAnyAddress", with("group: 0.0.0.0, port: 1"),
                  "6:30: '0.0.0.0' is no group; write the multicast group, or the address of this "
                  "host"},
        BadConfig{"GroupIsBroadcast", with("group: 255.255.255.255, port: 1"),
                  "6:30: '255.255.255.255' is reserved; no group or host can have it"},
        BadConfig{"GroupIsIpv4InIpv6", with("group: '::ffff:1.2.3.4', port: 1"),
                  "6:30: '::ffff:1.2.3.4' is an IPv4 address in IPv6 form; write it as IPv4"},
        BadConfig{"LinkLocalWithoutInterface", with("group: 'ff02::1', port: 1"),
                  "6:30: 'ff02::1' is link-local; add 'interface: NAME', or use another group"},
        BadConfig{"SenderIsMulticast", with(kGoodLine + ", sources: [10.0.0.1, 239.1.1.1]"),
                  "6:77: '239.1.1.1' can not be a sender; write a host's address, or an empty "
                  "list for any sender"},
        BadConfig{"SenderOfOtherFamily", with(kGoodLine + ", sources: ['2001:db8::1']"),
                  "6:67: '2001:db8::1' can not send to 239.192.64.1; both must be IPv4 or both "
                  "IPv6"},
        BadConfig{"InterfaceWithSlash", with(kGoodLine + ", interface: a/b"),
                  "6:68: 'interface' is 'a/b'; it must be the name of a network interface, such "
                  "as eth0"},
        BadConfig{"StatusOnMulticast", with_top("status: {address: 239.1.1.1}\n"),
                  "8:19: '239.1.1.1' is a multicast group; write an address of this host, such as "
                  "127.0.0.1"},
        BadConfig{"StatusOnAName", with_top("status: {address: localhost}\n"),
                  "8:19: 'localhost'" + kAddressRule},
        BadConfig{"NameWithSpace", "feeds:\n  - name: A B\n", "2:11: 'name' is 'A B'" + kNameRule},
        BadConfig{"NameIsAPath", "feeds:\n  - name: ../x\n", "2:11: 'name' is '../x'" + kNameRule},
        BadConfig{"NameIsEmpty", "feeds:\n  - name: ''\n", "2:11: 'name' is ''" + kNameRule},
        BadConfig{"NoFolder", with_top("archive: {directory: ''}\n"),
                  "8:22: 'directory' is empty; write the folder for the archive files"},
        BadConfig{"TwoLinesOfOneName",
                  with(kGoodLine + "}\n          - {name: A, port: 1, "
                                   "group: 239.192.64.2"),
                  "7:20: a second line is named 'A'; give each its own name"},
        BadConfig{"TwoLinesOfOneGroup", with(kGoodLine + "}\n          - {name: B, " + kGoodLine),
                  "7:30: another line receives 239.192.64.1 port 26400 already; give each line "
                  "its own group or port"},
        BadConfig{"TwoChannelsOfOneName",
                  with_top("      - name: totalview\n        lines:\n          - {name: A, "
                           "group: 239.1.1.1, port: 1}\n"),
                  "8:15: a second channel is named 'totalview'; give each its own name"},
        BadConfig{"TwoChannelsOfOneArchiveName",
                  with_top("      - name: deep-a\n        lines:\n          - {name: A, "
                           "group: 239.1.1.1, port: 1}\n"
                           "  - name: nasdaq-deep\n    channels:\n      - name: a\n"
                           "        lines:\n          - {name: A, group: 239.1.1.1, port: 2}\n"),
                  "13:15: feed 'nasdaq-deep' and channel 'a' give the files of an archive the name "
                  "'nasdaq-deep-a', as those of another channel do; rename one of the two"},
        BadConfig{"TwoFeedsOfOneName", with_top("  - name: nasdaq\n"),
                  "8:11: a second feed is named 'nasdaq'; give each its own name"}),
    title_of);

TEST(Config, AcceptsIpv6GroupsAndSendersAndInterfaces) {
  const Config config = parse_config(
      with("group: 'ff15::1', port: 1, interface: eth0.100, sources: ['2001:db8::1']"), "c.yaml");
  const LineConfig& line = config.feeds.at(0).channels.at(0).lines.at(0);
  EXPECT_EQ(line.group, "ff15::1");
  EXPECT_EQ(line.interface, "eth0.100");
  EXPECT_EQ(line.sources, std::vector<std::string>{"2001:db8::1"});
}

TEST(Config, TakesEveryStatedValue) {
  const Config config = parse_config(
      "feeds:\n"
      "  - name: f\n"
      "    protocol: itch50-moldudp64\n"
      "    channels:\n"
      "      - {name: c, receive_mode: spin, receive_buffer_bytes: 65536, max_datagram_bytes: 1400,"
      " batch_packets: 8, hold_packets: 9, hold_ms: 10, lines: [{name: l, group: 10.1.2.3, port:"
      " 7}]}\n"
      "pool:\n"
      "  compression: {buffer_bytes: 128, buffer_count: 2, overflow_buffers: 3, batch: 4,"
      " threads: 5, huge_pages: false, max_buffers: 9, slab_buffers: 8, low_watermark: 1,"
      " numa_node: 6}\n"
      "market: {max_orders_mib: 6, preallocated_orders_mib: 5, print_history: 4, scalar_kernels:"
      " true}\n"
      "archive: {enabled: true, directory: /data/a b, compression_level: 3, ring_batches: 16,"
      " flush_ms: 17, dictionary: /data/d, roll_bytes: 5000000000, roll_seconds: 18, sync_ms: 0,"
      " keep_bytes: 6000000000, keep_files: 19, keep_days: 20}\n"
      "status: {enabled: false, address: '::1', port: 0}\n"
      "log: {level: error, format: json, lines_per_second: 18}\n",
      "c.yaml");
  const ChannelConfig& channel = config.feeds.at(0).channels.at(0);
  EXPECT_EQ(channel.receive_mode, ReceiveMode::spin);
  EXPECT_EQ(channel.receive_buffer_bytes, 65536U);
  EXPECT_EQ(channel.max_datagram_bytes, 1400U);
  EXPECT_EQ(channel.batch_packets, 8U);
  EXPECT_EQ(channel.hold_packets, 9U);
  EXPECT_EQ(channel.hold_ms, 10U);
  EXPECT_EQ(config.pool.compression.buffer_bytes, 128U);
  EXPECT_EQ(config.pool.compression.buffer_count, 2U);
  EXPECT_EQ(config.pool.compression.overflow_buffers, 3U);
  EXPECT_EQ(config.pool.compression.batch, 4U);
  EXPECT_EQ(config.pool.compression.threads, 5U);
  EXPECT_FALSE(config.pool.compression.huge_pages);
  EXPECT_EQ(config.pool.compression.max_buffers, 9U);
  EXPECT_EQ(config.pool.compression.slab_buffers, 8U);
  EXPECT_EQ(config.pool.compression.low_watermark, 1U);
  EXPECT_EQ(config.pool.compression.numa_node, 6);
  EXPECT_EQ(config.market.max_orders_mib, 6U);
  EXPECT_EQ(config.market.preallocated_orders_mib, 5U);
  EXPECT_EQ(config.market.print_history, 4U);
  EXPECT_TRUE(config.market.scalar_kernels);
  EXPECT_TRUE(config.archive.enabled);
  EXPECT_EQ(config.archive.directory, "/data/a b");
  EXPECT_EQ(config.archive.compression_level, 3);
  EXPECT_EQ(config.archive.ring_batches, 16U);
  EXPECT_EQ(config.archive.flush_ms, 17U);
  EXPECT_EQ(config.archive.dictionary, "/data/d");
  EXPECT_EQ(config.archive.roll_bytes, 5'000'000'000U);
  EXPECT_EQ(config.archive.roll_seconds, 18U);
  EXPECT_EQ(config.archive.sync_ms, 0U);
  EXPECT_EQ(config.archive.keep_bytes, 6'000'000'000U);
  EXPECT_EQ(config.archive.keep_files, 19U);
  EXPECT_EQ(config.archive.keep_days, 20U);
  EXPECT_FALSE(config.status.enabled);
  EXPECT_EQ(config.status.address, "::1");
  EXPECT_EQ(config.status.port, 0U);
  EXPECT_EQ(config.log.level, "error");
  EXPECT_EQ(config.log.format, LogFormat::json);
  EXPECT_EQ(config.log.lines_per_second, 18U);
}

void expect_equal(const pool::PoolConfig& stated, const pool::PoolConfig& standard) {
  EXPECT_EQ(stated.buffer_bytes, standard.buffer_bytes);
  EXPECT_EQ(stated.buffer_count, standard.buffer_count);
  EXPECT_EQ(stated.overflow_buffers, standard.overflow_buffers);
  EXPECT_EQ(stated.max_buffers, standard.max_buffers);
  EXPECT_EQ(stated.slab_buffers, standard.slab_buffers);
  EXPECT_EQ(stated.low_watermark, standard.low_watermark);
  EXPECT_EQ(stated.numa_node, standard.numa_node);
  EXPECT_EQ(stated.batch, standard.batch);
  EXPECT_EQ(stated.threads, standard.threads);
  EXPECT_EQ(stated.huge_pages, standard.huge_pages);
}

void expect_default_remedies(const ChannelConfig& channel) {
  const RecoveryConfig recovery;
  EXPECT_TRUE(channel.recovery.servers.empty());
  EXPECT_EQ(channel.recovery.first_delay_ms, recovery.first_delay_ms);
  EXPECT_EQ(channel.recovery.resend_ms, recovery.resend_ms);
  EXPECT_EQ(channel.recovery.resend_max_ms, recovery.resend_max_ms);
  EXPECT_EQ(channel.recovery.attempts, recovery.attempts);
  EXPECT_EQ(channel.recovery.timeout_ms, recovery.timeout_ms);
  EXPECT_EQ(channel.recovery.max_messages_per_request, recovery.max_messages_per_request);
  EXPECT_EQ(channel.recovery.max_requests_per_second, recovery.max_requests_per_second);
  const SnapshotConfig snapshot;
  EXPECT_TRUE(channel.snapshot.servers.empty());
  EXPECT_EQ(channel.snapshot.on_join, snapshot.on_join);
  EXPECT_EQ(channel.snapshot.same_session, snapshot.same_session);
  EXPECT_EQ(channel.snapshot.timeout_ms, snapshot.timeout_ms);
  EXPECT_EQ(channel.snapshot.retry_ms, snapshot.retry_ms);
  EXPECT_EQ(channel.snapshot.retry_max_ms, snapshot.retry_max_ms);
  EXPECT_EQ(channel.snapshot.hold_mib, snapshot.hold_mib);
}

TEST(Config, RunYamlStatesTheDefaults) {
  const Config config = load_config(TAPELINE_CONFIGS "/run.yaml");
  const Config standard;
  ASSERT_EQ(config.feeds.size(), 1U);
  EXPECT_EQ(config.feeds[0].protocol, FeedConfig{}.protocol);
  ASSERT_EQ(config.feeds[0].channels.size(), 1U);
  const ChannelConfig& channel = config.feeds[0].channels[0];
  const ChannelConfig standard_channel;
  EXPECT_EQ(channel.required, standard_channel.required);
  EXPECT_EQ(channel.receive_mode, standard_channel.receive_mode);
  EXPECT_EQ(channel.receive_buffer_bytes, standard_channel.receive_buffer_bytes);
  EXPECT_EQ(channel.max_datagram_bytes, standard_channel.max_datagram_bytes);
  EXPECT_EQ(channel.batch_packets, standard_channel.batch_packets);
  EXPECT_EQ(channel.hold_packets, standard_channel.hold_packets);
  EXPECT_EQ(channel.hold_ms, standard_channel.hold_ms);
  EXPECT_EQ(channel.transport, standard_channel.transport);
  EXPECT_EQ(channel.line_dead_ms, standard_channel.line_dead_ms);
  EXPECT_EQ(channel.conflict_window, standard_channel.conflict_window);
  expect_default_remedies(channel);
  ASSERT_EQ(channel.lines.size(), 2U);
  for (const LineConfig& line : channel.lines) {
    EXPECT_EQ(line.interface, LineConfig{}.interface);
    EXPECT_EQ(line.sources, LineConfig{}.sources);
  }
  expect_equal(config.pool.serialization, standard.pool.serialization);
  expect_equal(config.pool.compression, standard.pool.compression);
  expect_equal(config.pool.simd, standard.pool.simd);
  EXPECT_EQ(config.market.max_orders_mib, standard.market.max_orders_mib);
  EXPECT_EQ(config.market.preallocated_orders_mib, standard.market.preallocated_orders_mib);
  EXPECT_EQ(config.market.print_history, standard.market.print_history);
  EXPECT_EQ(config.market.scalar_kernels, standard.market.scalar_kernels);
  EXPECT_EQ(config.market.iex_prints.not_in_volume, standard.market.iex_prints.not_in_volume);
  EXPECT_EQ(config.market.iex_prints.not_in_price, standard.market.iex_prints.not_in_price);
  EXPECT_EQ(config.archive.enabled, standard.archive.enabled);
  EXPECT_EQ(config.archive.directory, standard.archive.directory);
  EXPECT_EQ(config.archive.compression_level, standard.archive.compression_level);
  EXPECT_EQ(config.archive.ring_batches, standard.archive.ring_batches);
  EXPECT_EQ(config.archive.flush_ms, standard.archive.flush_ms);
  EXPECT_EQ(config.archive.dictionary, standard.archive.dictionary);
  EXPECT_EQ(config.archive.frame_bytes, standard.archive.frame_bytes);
  EXPECT_EQ(config.archive.roll_bytes, standard.archive.roll_bytes);
  EXPECT_EQ(config.archive.roll_seconds, standard.archive.roll_seconds);
  EXPECT_EQ(config.archive.sync_ms, standard.archive.sync_ms);
  EXPECT_EQ(config.archive.keep_bytes, standard.archive.keep_bytes);
  EXPECT_EQ(config.archive.keep_files, standard.archive.keep_files);
  EXPECT_EQ(config.archive.keep_days, standard.archive.keep_days);
  EXPECT_EQ(config.status.enabled, standard.status.enabled);
  EXPECT_EQ(config.status.address, standard.status.address);
  EXPECT_EQ(config.status.port, standard.status.port);
  EXPECT_EQ(config.log.level, standard.log.level);
  EXPECT_EQ(config.log.format, standard.log.format);
  EXPECT_EQ(config.log.lines_per_second, standard.log.lines_per_second);
}

// With the test above: a key added to the reader must be added to run.yaml.
TEST(Config, RunYamlStatesEveryKey) {
  const Config config = load_config(TAPELINE_CONFIGS "/run.yaml");
  for (const std::string key : {"feeds[0].name",
                                "feeds[0].protocol",
                                "feeds[0].channels[0].name",
                                "feeds[0].channels[0].required",
                                "feeds[0].channels[0].receive_mode",
                                "feeds[0].channels[0].receive_buffer_bytes",
                                "feeds[0].channels[0].max_datagram_bytes",
                                "feeds[0].channels[0].batch_packets",
                                "feeds[0].channels[0].hold_packets",
                                "feeds[0].channels[0].hold_ms",
                                "feeds[0].channels[0].transport",
                                "feeds[0].channels[0].line_dead_ms",
                                "feeds[0].channels[0].conflict_window",
                                "feeds[0].channels[0].recovery.servers",
                                "feeds[0].channels[0].recovery.first_delay_ms",
                                "feeds[0].channels[0].recovery.resend_ms",
                                "feeds[0].channels[0].recovery.resend_max_ms",
                                "feeds[0].channels[0].recovery.attempts",
                                "feeds[0].channels[0].recovery.timeout_ms",
                                "feeds[0].channels[0].recovery.max_messages_per_request",
                                "feeds[0].channels[0].recovery.max_requests_per_second",
                                "feeds[0].channels[0].snapshot.servers",
                                "feeds[0].channels[0].snapshot.credentials_file",
                                "feeds[0].channels[0].snapshot.credentials_env",
                                "feeds[0].channels[0].snapshot.on_join",
                                "feeds[0].channels[0].snapshot.same_session",
                                "feeds[0].channels[0].snapshot.timeout_ms",
                                "feeds[0].channels[0].snapshot.retry_ms",
                                "feeds[0].channels[0].snapshot.retry_max_ms",
                                "feeds[0].channels[0].snapshot.hold_mib",
                                "feeds[0].channels[0].lines[0].name",
                                "feeds[0].channels[0].lines[0].group",
                                "feeds[0].channels[0].lines[0].port",
                                "feeds[0].channels[0].lines[0].interface",
                                "feeds[0].channels[0].lines[0].sources",
                                "market.max_orders_mib",
                                "market.preallocated_orders_mib",
                                "market.print_history",
                                "market.scalar_kernels",
                                "market.iex_not_in_volume",
                                "market.iex_not_in_price",
                                "archive.enabled",
                                "archive.directory",
                                "archive.compression_level",
                                "archive.ring_batches",
                                "archive.flush_ms",
                                "archive.dictionary",
                                "archive.frame_bytes",
                                "archive.roll_bytes",
                                "archive.roll_seconds",
                                "archive.sync_ms",
                                "archive.keep_bytes",
                                "archive.keep_files",
                                "archive.keep_days",
                                "status.enabled",
                                "status.address",
                                "status.port",
                                "log.level",
                                "log.format",
                                "log.lines_per_second"}) {
    EXPECT_TRUE(config.origin.positions.contains(key)) << key;
  }
  for (const std::string pool : {"serialization", "compression", "simd"}) {
    for (const std::string key :
         {"buffer_bytes", "buffer_count", "overflow_buffers", "max_buffers", "slab_buffers",
          "low_watermark", "batch", "threads", "huge_pages", "numa_node"}) {
      EXPECT_TRUE(config.origin.positions.contains("pool." + pool + "." + key)) << pool << key;
    }
  }
}

TEST(Config, TakesSaleConditionsOfIexByTheirNames) {
  const Config config = parse_config(
      with_top("market: {iex_not_in_volume: [odd_lot, single_price_cross], iex_not_in_price: []}"),
      "c.yaml");
  EXPECT_EQ(config.market.iex_prints.not_in_volume, 0x28);
  EXPECT_EQ(config.market.iex_prints.not_in_price, 0);
  EXPECT_EQ(error_of(with_top("market: {iex_not_in_price: [late]}")),
            "c.yaml:8:28: 'late' is no sale condition of IEX; there are intermarket_sweep, "
            "extended_hours, odd_lot, trade_through_exempt and single_price_cross");
}

TEST(Config, EveryExampleIsRight) {
  std::size_t examples = 0;
  for (const auto& entry : std::filesystem::directory_iterator{TAPELINE_CONFIGS}) {
    if (entry.path().extension() != ".yaml") continue;
    EXPECT_NO_THROW(static_cast<void>(load_config(entry.path()))) << entry.path();
    ++examples;
  }
  EXPECT_GE(examples, 3U);
}

TEST(Config, DemoReceivesBothLinesOnLoopback) {
  const Config config = load_config(TAPELINE_CONFIGS "/demo.yaml");
  const auto& lines = config.feeds.at(0).channels.at(0).lines;
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].group, "239.192.64.1");
  EXPECT_EQ(lines[1].group, "239.192.64.2");
  for (const LineConfig& line : lines) {
    EXPECT_EQ(line.port, 26400U);
    EXPECT_EQ(line.interface, "lo");
  }
  EXPECT_TRUE(config.archive.enabled);
  EXPECT_EQ(config.archive.directory, "build/demo/archive");
}

TEST(Config, OriginNamesTheNearestStatedPlace) {
  const Config config = parse_config(with_top("status:\n  port: 1\n"), "c.yaml");
  EXPECT_EQ(config.origin.locate("status.port"), "c.yaml:9:9");
  EXPECT_EQ(config.origin.locate("status.address"), "c.yaml:9:3");
  EXPECT_EQ(config.origin.locate("feeds[0].channels[0].lines[0].port"), "c.yaml:6:50");
  EXPECT_EQ(config.origin.locate("feeds[0].channels[0].lines[0].interface"), "c.yaml:6:13");
  EXPECT_EQ(config.origin.locate("market.print_history"), "c.yaml");
}

TEST(Config, MissingFileIsTold) {
  try {
    static_cast<void>(load_config("/nowhere/c.yaml"));
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "/nowhere/c.yaml: no such file; give the path of a YAML file");
  }
}

TEST(Config, FolderIsTold) {
  try {
    static_cast<void>(load_config(TAPELINE_CONFIGS));
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), TAPELINE_CONFIGS ": is a directory; give the path of a YAML file");
  }
}

}  // namespace
}  // namespace tapeline

#include "app/simulate/capture_writer.hpp"

#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/simulate/session.hpp"
#include "codec/moldudp64/decoder.hpp"

namespace tapeline::simulate {
namespace {

namespace capture = codec::capture;
namespace moldudp64 = codec::moldudp64;

constexpr std::int64_t kMidnight = 1'767'571'200'000'000'000;
constexpr capture::Endpoint kGroupA{capture::Address::from_ipv4(0xEFC04001), 26'400};
constexpr capture::Endpoint kGroupB{capture::Address::from_ipv4(0xEFC04002), 26'401};

struct Packet {
  std::int64_t time_ns = 0;
  std::uint32_t group = 0;
  std::uint16_t port = 0;
  std::vector<std::byte> payload;
};

[[nodiscard]] std::uint16_t be16(const std::byte* at) { return codec::load_be<std::uint16_t>(at); }

// Ones' complement sum of 16-bit words, as it is over data with a right checksum: 0xFFFF.
[[nodiscard]] std::uint32_t sum16(std::span<const std::byte> bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8U : 0U);
  }
  while (sum >> 16U != 0) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return sum;
}

// Takes an IPv4 frame apart by hand and checks every length and checksum.
[[nodiscard]] Packet take_apart(std::span<const std::byte> frame, std::optional<int> vlan) {
  Packet packet;
  std::size_t at = 12;
  EXPECT_EQ(std::to_integer<int>(frame[0]), 0x01);  // a multicast address
  EXPECT_EQ(std::to_integer<int>(frame[2]), 0x5E);
  if (vlan) {
    EXPECT_EQ(be16(&frame[at]), 0x8100);
    EXPECT_EQ(be16(&frame[at + 2]) & 0xFFF, *vlan);
    at += 4;
  }
  EXPECT_EQ(be16(&frame[at]), 0x0800);
  const auto ip = frame.subspan(at + 2);
  EXPECT_EQ(std::to_integer<int>(ip[0]), 0x45);
  EXPECT_EQ(be16(&ip[2]), ip.size());
  EXPECT_EQ(std::to_integer<int>(ip[9]), 17);
  EXPECT_EQ(sum16(ip.first(20)), 0xFFFFU);
  const auto udp = ip.subspan(20);
  EXPECT_EQ(be16(&udp[4]), udp.size());
  EXPECT_NE(be16(&udp[6]), 0);
  EXPECT_EQ(sum16(udp, sum16(ip.subspan(12, 8)) + 17 + static_cast<std::uint32_t>(udp.size())),
            0xFFFFU);
  packet.group = codec::load_be<std::uint32_t>(&ip[16]);
  packet.port = be16(&udp[2]);
  packet.payload.assign(udp.begin() + 8, udp.end());
  return packet;
}

class CaptureWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "capture_" + std::to_string(::getpid()) + ".pcap";
    options_.session = moldudp64::Session::from_text("S1");
    options_.midnight_ns = kMidnight;
    options_.heartbeat_ns = 0;
    options_.lines = {{.group = kGroupA},
                      {.group = kGroupB, .delay_ns = 4'000, .jitter_ns = 20'000}};
  }
  void TearDown() override { std::filesystem::remove(path_); }

  void write_session(std::uint64_t messages = 5'000) {
    Session session{{.messages = messages, .instruments = 50}};
    OutputFile file{path_, true};
    CaptureWriter writer{options_, file};
    std::array<std::byte, codec::itch::kMaxMessageBytes> message;
    while (const std::size_t bytes = session.next(message)) {
      const std::span<const std::byte> whole = std::span{message}.first(bytes);
      writer.add(whole, session.time_ns());
      messages_.emplace_back(whole.begin(), whole.end());
      times_ns_.push_back(session.time_ns());
    }
    writer.finish();
    file.close();
    packets_ = writer.packets();
  }

  // Reads the file with libpcap.
  [[nodiscard]] std::vector<Packet> read(std::optional<int> vlan = std::nullopt,
                                         u_int precision = PCAP_TSTAMP_PRECISION_NANO) {
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    pcap_t* const file =
        pcap_open_offline_with_tstamp_precision(path_.c_str(), precision, error.data());
    EXPECT_NE(file, nullptr) << error.data();
    EXPECT_EQ(pcap_datalink(file), DLT_EN10MB);
    std::vector<Packet> packets;
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    int result = 0;
    while ((result = pcap_next_ex(file, &header, &data)) == 1) {
      EXPECT_EQ(header->caplen, header->len);
      packets.push_back(take_apart(std::as_bytes(std::span{data, header->caplen}), vlan));
      packets.back().time_ns =
          header->ts.tv_sec * 1'000'000'000 +
          header->ts.tv_usec * (precision == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1'000);
    }
    EXPECT_EQ(result, PCAP_ERROR_BREAK);  // the end of the file
    pcap_close(file);
    return packets;
  }

  // The messages of a line, whose packets must be in order.
  [[nodiscard]] static std::vector<std::vector<std::byte>> messages_of(
      const std::vector<Packet>& packets, std::uint32_t group) {
    std::vector<std::vector<std::byte>> messages;
    for (const Packet& packet : packets) {
      if (packet.group != group) continue;
      EXPECT_EQ(moldudp64::parse_header(packet.payload).header.sequence, messages.size() + 1);
      const auto status = moldudp64::for_each_message(
          packet.payload, [&](std::uint64_t, std::span<const std::byte> message) {
            messages.emplace_back(message.begin(), message.end());
          });
      EXPECT_FALSE(codec::is_malformed(status));
    }
    return messages;
  }

  std::string path_;
  CaptureOptions options_;
  std::vector<std::vector<std::byte>> messages_;
  std::vector<std::uint64_t> times_ns_;
  std::uint64_t packets_ = 0;
};

TEST_F(CaptureWriterTest, BothLinesCarryEveryMessage) {
  write_session();
  const auto packets = read();
  EXPECT_EQ(packets.size(), packets_);
  EXPECT_TRUE(messages_of(packets, 0xEFC04001) == messages_);
  EXPECT_TRUE(messages_of(packets, 0xEFC04002) == messages_);
  for (const Packet& packet : packets) {
    EXPECT_EQ(packet.port, packet.group == 0xEFC04001 ? 26'400 : 26'401);
  }
}

TEST_F(CaptureWriterTest, LinesMayCutPacketsDifferently) {
  options_.lines[1].cut.packet_bytes = 300;
  write_session();
  const auto packets = read();
  EXPECT_TRUE(messages_of(packets, 0xEFC04001) == messages_);
  EXPECT_TRUE(messages_of(packets, 0xEFC04002) == messages_);
  std::size_t largest_a = 0;
  std::size_t largest_b = 0;
  for (const Packet& packet : packets) {
    auto& largest = packet.group == 0xEFC04001 ? largest_a : largest_b;
    largest = std::max(largest, packet.payload.size());
  }
  EXPECT_GT(largest_a, 1'350U);
  EXPECT_LE(largest_a, 1'400U);
  EXPECT_LE(largest_b, 300U);
}

TEST_F(CaptureWriterTest, PacketHasTheTimeOfItsLastMessageAndTimeNeverGoesBack) {
  write_session();
  std::int64_t last_ns = 0;
  std::size_t sent = 0;
  std::map<std::uint32_t, std::vector<std::int64_t>> times;
  for (const Packet& packet : read()) {
    EXPECT_GE(packet.time_ns, last_ns);
    last_ns = packet.time_ns;
    times[packet.group].push_back(packet.time_ns);
    const auto header = moldudp64::parse_header(packet.payload);
    if (packet.group != 0xEFC04001 || header.status != moldudp64::PacketStatus::ok) continue;
    sent += header.header.count;
    EXPECT_EQ(packet.time_ns, kMidnight + static_cast<std::int64_t>(times_ns_[sent - 1]));
  }
  EXPECT_EQ(sent, times_ns_.size());
  ASSERT_EQ(times[0xEFC04001].size(), times[0xEFC04002].size());
  for (std::size_t i = 0; i < times[0xEFC04001].size(); ++i) {
    EXPECT_GE(times[0xEFC04002][i] - times[0xEFC04001][i], 0);
  }
}

TEST_F(CaptureWriterTest, EndOfSessionIsSaidThreeTimesOnEachLine) {
  write_session();
  const auto packets = read();
  std::map<std::uint32_t, int> ends;
  for (const Packet& packet : packets) {
    const auto header = moldudp64::parse_header(packet.payload);
    if (header.status != moldudp64::PacketStatus::end_of_session) continue;
    ++ends[packet.group];
    EXPECT_EQ(header.header.sequence, messages_.size() + 1);
    EXPECT_EQ(header.header.session.text(), "S1");
  }
  EXPECT_EQ(ends[0xEFC04001], 3);
  EXPECT_EQ(ends[0xEFC04002], 3);
}

TEST_F(CaptureWriterTest, IdleLineBeats) {
  options_.heartbeat_ns = 60'000'000'000;
  write_session();
  std::map<std::uint32_t, std::int64_t> last_ns;
  std::size_t heartbeats = 0;
  for (const Packet& packet : read()) {
    if (last_ns.contains(packet.group)) {
      EXPECT_LE(packet.time_ns - last_ns[packet.group], 60'000'000'000 + 30'000);
    }
    last_ns[packet.group] = packet.time_ns;
    const auto header = moldudp64::parse_header(packet.payload);
    heartbeats += header.status == moldudp64::PacketStatus::heartbeat ? 1U : 0U;
  }
  EXPECT_GT(heartbeats, 100U);
}

TEST_F(CaptureWriterTest, VlanTagAndMicrosecondsAsAsked) {
  options_.format = {.unit = capture::TimeUnit::micro, .vlan = 77};
  write_session(3'000);
  const auto packets = read(77, PCAP_TSTAMP_PRECISION_MICRO);
  EXPECT_TRUE(messages_of(packets, 0xEFC04001) == messages_);
  ASSERT_FALSE(packets.empty());
  EXPECT_EQ(packets.front().time_ns / 1'000,
            kMidnight / 1'000 + static_cast<std::int64_t>(times_ns_.front() / 1'000));
}

TEST_F(CaptureWriterTest, OneLineOnlyIsPossible) {
  options_.lines.resize(1);
  options_.lines[0].cut.packet_messages = 1;
  write_session(3'000);
  const auto packets = read();
  EXPECT_EQ(packets.size(), 3'000U + 3U);
  EXPECT_TRUE(messages_of(packets, 0xEFC04001) == messages_);
}

}  // namespace
}  // namespace tapeline::simulate

#include "app/simulate/live_link.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "codec/bytes.hpp"
#include "codec/moldudp64/encoder.hpp"
#include "net/udp_source.hpp"
#include "tests/net/loopback.hpp"
#include "tests/net/mold_packet.hpp"

namespace tapeline::simulate {
namespace {

using net::testing::free_port;

constexpr std::size_t kPackets = 400;

// Two lines to this host, what they are given, and what comes out of them.
class LiveLinkTest : public ::testing::Test {
 protected:
  LiveLinkTest() {
    for (std::uint64_t sequence = 1; sequence <= kPackets; ++sequence) {
      std::vector<std::byte> memory(100);
      codec::moldudp64::PacketBuilder builder{memory};
      builder.start(codec::moldudp64::Session::from_text("LIVE"), sequence);
      const std::string text = std::to_string(sequence);
      EXPECT_TRUE(builder.try_add(std::as_bytes(std::span{text})));
      memory.resize(builder.finish().size());
      packets_.push_back(memory);
    }
    for (std::size_t line = 0; line < 2; ++line) {
      net::UdpSenderConfig sender;
      sender.address = "127.0.0.1";
      sender.port = source_.port(line);
      senders_.push_back(sender);
    }
  }

  void send_all(LiveLink& link) const {
    std::vector<std::span<const std::byte>> views(packets_.begin(), packets_.end());
    for (std::size_t at = 0; at < views.size(); at += 50)
      link.send(std::span{views}.subspan(at, 50));
  }

  std::vector<std::string> received(std::size_t line, std::size_t count) {
    return net::testing::receive(source_, line, count);
  }

  [[nodiscard]] std::vector<std::string> sent() const {
    std::vector<std::string> texts;
    for (const auto& packet : packets_) texts.emplace_back(net::testing::text_of(packet));
    return texts;
  }

  static net::UdpSourceConfig source_config() {
    net::UdpSourceConfig config;
    for (const char* const name : {"A", "B"}) {
      net::UdpLineConfig line;
      line.name = name;
      line.address = "127.0.0.1";
      config.lines.push_back(line);
    }
    return config;
  }

  pool::LockFreeBufferPool pool_{net::testing::small_pool(8, std::size_t{128} * 1024)};
  net::UdpSource source_{source_config(), pool_.serialization()};
  std::vector<std::vector<std::byte>> packets_;
  std::vector<net::UdpSenderConfig> senders_;
};

TEST_F(LiveLinkTest, WithoutFaultsEveryLineCarriesEverythingAtOnce) {
  LiveLink link{senders_, FrameFormat{}, nullptr, parse_faults(""), 1};
  EXPECT_EQ(link.faults(), nullptr);
  send_all(link);
  EXPECT_EQ(link.next_due_ns(), FaultModel::kNever);
  EXPECT_EQ(received(0, kPackets), sent());
  EXPECT_EQ(received(1, kPackets), sent());
  EXPECT_EQ(link.unsent(), 0U);
}

TEST_F(LiveLinkTest, FaultsOfALineAreWhatItsModelCounts) {
  LiveLink link{senders_, FrameFormat{}, nullptr, parse_faults("loss-a=30%,dup-b=20%"), 7};
  ASSERT_NE(link.faults(), nullptr);
  send_all(link);
  const LineFaultCounts& a = link.faults()->counts(0);
  const LineFaultCounts& b = link.faults()->counts(1);
  EXPECT_NEAR(static_cast<double>(a.lost), 120, 50);
  EXPECT_NEAR(static_cast<double>(b.duplicates), 80, 45);
  EXPECT_EQ(received(0, kPackets - a.lost).size(), kPackets - a.lost);
  EXPECT_EQ(received(1, kPackets + b.duplicates).size(), kPackets + b.duplicates);
}

TEST_F(LiveLinkTest, SameSeedLosesTheSamePackets) {
  std::vector<std::vector<std::string>> rounds;
  for (int round = 0; round < 2; ++round) {
    LiveLink link{senders_, FrameFormat{}, nullptr, parse_faults("loss=30%"), 9};
    send_all(link);
    rounds.push_back(received(0, kPackets - link.faults()->counts(0).lost));
  }
  EXPECT_LT(rounds[0].size(), kPackets);
  EXPECT_EQ(rounds[0], rounds[1]);
}

TEST_F(LiveLinkTest, LatePacketsLeaveWhenTheyAreDue) {
  LiveLink link{senders_, FrameFormat{}, nullptr, parse_faults("delay-b=50ms"), 1};
  const std::uint64_t start_ns = SteadyClock::now_ns();
  send_all(link);
  EXPECT_EQ(received(0, kPackets), sent());
  ASSERT_NE(link.next_due_ns(), FaultModel::kNever);
  EXPECT_GE(link.next_due_ns(), start_ns + 50'000'000);
  while (link.next_due_ns() != FaultModel::kNever) {
    SteadyClock::sleep_until(link.next_due_ns());
    link.send_due();
  }
  EXPECT_EQ(received(1, kPackets), sent());
}

TEST_F(LiveLinkTest, RecordHoldsWhatTheFaultsLeft) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("live_link_test." + std::to_string(free_port()) + ".pcap");
  std::uint64_t lost = 0;
  {
    OutputFile record{path.string(), true};
    LiveLink link{senders_, FrameFormat{}, &record, parse_faults("loss=50%"), 3};
    send_all(link);
    lost = link.faults()->counts(0).lost + link.faults()->counts(1).lost;
    record.close();
  }
  std::ifstream file{path, std::ios::binary};
  std::string bytes{std::istreambuf_iterator<char>{file}, {}};
  std::filesystem::remove(path);
  std::uint64_t records = 0;
  std::size_t at = codec::capture::kPcapHeaderBytes;
  for (; at + 16 <= bytes.size(); ++records) {
    at += 16 + codec::load_le<std::uint32_t>(reinterpret_cast<const std::byte*>(&bytes[at + 8]));
  }
  EXPECT_EQ(at, bytes.size());
  EXPECT_GT(lost, 0U);
  EXPECT_EQ(records, 2 * kPackets - lost);
}

TEST_F(LiveLinkTest, MoreLinesThanFaultsKnowAreRefused) {
  const std::vector<net::UdpSenderConfig> five(kMaxFaultLines + 1, senders_[0]);
  EXPECT_THROW(LiveLink(five, FrameFormat{}, nullptr, parse_faults("loss=1%"), 1),
               std::runtime_error);
}

}  // namespace
}  // namespace tapeline::simulate

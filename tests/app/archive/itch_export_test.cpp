#include "app/archive/itch_export.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "codec/bytes.hpp"
#include "codec/soupbintcp/encoder.hpp"
#include "net/endpoint.hpp"
#include "net/tcp_header.hpp"
#include "tests/app/archive/archive_on_disk.hpp"

namespace tapeline::archive {
namespace {

using testing::Bytes;
using testing::kStartTime;
using testing::mold_packet;
using testing::TestPacket;

struct Exported {
  Bytes file;
  ItchExportCounts counts;

  // The numbers that the messages carry.
  [[nodiscard]] std::vector<std::uint64_t> numbers() const {
    std::vector<std::uint64_t> numbers;
    for (std::size_t at = 0; at + 2 <= file.size();) {
      const std::size_t length = codec::load_be<std::uint16_t>(file.data() + at);
      EXPECT_EQ(length, 20U);
      numbers.push_back(codec::load_le<std::uint16_t>(file.data() + at + 3));
      at += 2 + length;
    }
    return numbers;
  }
};

Exported export_all(const std::vector<TestPacket>& packets) {
  Exported exported;
  ItchExport messages{[&](std::span<const std::byte> bytes) {
    exported.file.insert(exported.file.end(), bytes.begin(), bytes.end());
  }};
  for (const TestPacket& packet : packets) {
    codec::capture::Record record;
    record.data = packet.bytes;
    record.time_ns = packet.time;
    record.original_bytes = packet.original_bytes;
    record.link_type = codec::capture::LinkType::raw;
    messages.on_record(record);
  }
  messages.finish();
  exported.counts = messages.counts();
  return exported;
}

std::vector<std::uint64_t> count_to(std::uint64_t first, std::uint64_t next) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = first; i < next; ++i) numbers.push_back(i);
  return numbers;
}

TEST(ItchExport, HasEveryMessageOnceInOrderWhateverTheLines) {
  std::vector<TestPacket> packets;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto time = kStartTime + static_cast<std::int64_t>(i) * 1'000;
    if (i % 7 != 3) packets.push_back(mold_packet(time, 1 + 5 * i, 5));
    if (i % 5 != 2) packets.push_back(mold_packet(time + 100, 1 + 5 * i, 5, "TAPELINE01", 2));
    if (i % 7 == 3 && i % 5 == 2) packets.push_back(mold_packet(time + 200, 1 + 5 * i, 5));
  }
  const Exported exported = export_all(packets);
  EXPECT_EQ(exported.numbers(), count_to(1, 501));
  EXPECT_EQ(exported.counts.messages, 500U);
  EXPECT_EQ(exported.counts.gaps, 0U);
  EXPECT_EQ(exported.counts.sessions, 1U);
}

TEST(ItchExport, TellsGaps) {
  const Exported exported =
      export_all({mold_packet(kStartTime, 1, 5), mold_packet(kStartTime + 1, 9, 2)});
  EXPECT_EQ(exported.counts.gaps, 1U);
  EXPECT_EQ(exported.counts.lost_messages, 3U);
  EXPECT_EQ(exported.numbers(), (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 9, 10}));
}

TEST(ItchExport, LeavesOutOtherPackets) {
  testing::PacketMaker maker{1};
  std::vector<TestPacket> packets{mold_packet(kStartTime, 1, 5)};
  TestPacket tcp = mold_packet(kStartTime, 6, 5);
  tcp.bytes[9] = std::byte{6};
  packets.push_back(tcp);
  TestPacket short_one = maker.make(40);  // a payload of 12 bytes
  packets.push_back(short_one);
  packets.push_back(mold_packet(kStartTime, 6, 1));
  const Exported exported = export_all(packets);
  EXPECT_EQ(exported.numbers(), count_to(1, 7));
  EXPECT_EQ(exported.counts.other_packets, 2U);
}

// A stream of our own making, in segments as an archive has them.
TEST(ItchExport, FollowsSoupBinTcpStreams) {
  namespace soup = codec::soupbintcp;
  Bytes stream(soup::kHeaderBytes + soup::kLoginAcceptedBytes);
  soup::write_login_accepted(stream, soup::Session::from_text("DAY1"), 1);
  for (std::uint8_t i = 1; i <= 50; ++i) {
    Bytes packet(soup::kHeaderBytes);
    soup::write_header(packet, soup::PacketType::sequenced, 20);
    packet.resize(packet.size() + 20);
    packet[soup::kHeaderBytes + 1] = std::byte{i};
    stream.insert(stream.end(), packet.begin(), packet.end());
  }
  const net::Endpoint server{"10.0.0.1", 5'000};
  const net::Endpoint client{"10.0.0.2", 40'000};
  net::TcpHeader header{server, client, 77};
  std::vector<TestPacket> packets;
  for (std::size_t at = 0; at < stream.size(); at += 333) {
    const std::size_t bytes = std::min<std::size_t>(333, stream.size() - at);
    TestPacket packet{.time = kStartTime + static_cast<std::int64_t>(at),
                      .original_bytes = 0,
                      .bytes = Bytes(header.bytes())};
    header.write(packet.bytes.data(), bytes);
    const auto begin = stream.begin() + static_cast<std::ptrdiff_t>(at);
    packet.bytes.insert(packet.bytes.end(), begin, begin + static_cast<std::ptrdiff_t>(bytes));
    packet.original_bytes = static_cast<std::uint32_t>(packet.bytes.size());
    packets.push_back(packet);
  }
  const Exported whole = export_all(packets);
  EXPECT_EQ(whole.numbers(), count_to(1, 51));
  EXPECT_EQ(whole.counts.other_packets, 0U);
  packets.erase(packets.begin() + 2);
  const Exported torn = export_all(packets);
  EXPECT_EQ(torn.counts.tcp_holes, 1U);
  EXPECT_LT(torn.counts.messages, 50U);
}

TEST(ItchExport, OfSeveralSessionsHasTheMessagesOfAll) {
  const Exported exported =
      export_all({mold_packet(kStartTime, 1, 2, "ONE"), mold_packet(kStartTime + 1, 1, 1, "TWO"),
                  mold_packet(kStartTime + 2, 3, 1, "ONE")});
  EXPECT_EQ(exported.counts.sessions, 2U);
  EXPECT_EQ(exported.numbers(), (std::vector<std::uint64_t>{1, 2, 1, 3}));
}

}  // namespace
}  // namespace tapeline::archive

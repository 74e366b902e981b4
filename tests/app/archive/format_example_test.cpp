// The example of docs/archive-format.md: its dump is a file that reads as the document says, and
// what the writer makes of the same packets.

#include <gtest/gtest.h>
#include <zstd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "app/archive/file_summary.hpp"
#include "app/archive/record_reader.hpp"
#include "app/archive/verifier.hpp"
#include "tests/app/archive/archive_on_disk.hpp"

namespace tapeline::archive {
namespace {

using testing::Bytes;
using testing::TestPacket;

constexpr std::int64_t kTime = 1'767'623'400'000'000'000;  // 2026-01-05 14:30 UTC

TestPacket packet_of(std::int64_t time, std::uint64_t sequence, const Bytes& message) {
  namespace capture = codec::capture;
  namespace mold = codec::moldudp64;
  Bytes payload(200);
  mold::PacketBuilder builder{payload};
  builder.start(mold::Session::from_text("TAPELINE01"), sequence);
  EXPECT_TRUE(builder.try_add(message));
  const auto built = builder.finish();
  TestPacket packet{.time = time, .original_bytes = 0, .bytes = {}};
  packet.bytes.resize(capture::kIpv4UdpHeaderBytes);
  const capture::UdpHeader header{.source = {capture::Address::from_ipv4(0x0A000001), 26'400},
                                  .destination = {capture::Address::from_ipv4(0xEFC04001), 26'400}};
  capture::write_ipv4_udp(packet.bytes, header, built.size());
  packet.bytes.insert(packet.bytes.end(), built.begin(), built.end());
  packet.original_bytes = static_cast<std::uint32_t>(packet.bytes.size());
  return packet;
}

Bytes message(char type, std::size_t bytes) {
  Bytes made(bytes);
  made[0] = static_cast<std::byte>(type);
  for (std::size_t i = 1; i < bytes; ++i) made[i] = static_cast<std::byte>(i);
  return made;
}

std::vector<TestPacket> example_packets() {
  return {packet_of(kTime, 1, message('S', 12)), packet_of(kTime + 1'000, 2, message('X', 23)),
          packet_of(kTime + 5'000'000, 4, message('X', 23))};
}

// The lines of the dump are "0000  28 B5 2F FD ...  what it is".
Bytes dump_of_the_document() {
  std::ifstream file{TAPELINE_DOCS "/archive-format.md"};
  Bytes bytes;
  bool is_dump = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "```dump") is_dump = true;
    if (line == "```") is_dump = false;
    if (!is_dump || line == "```dump") continue;
    EXPECT_EQ(std::stoul(line.substr(0, 4), nullptr, 16), bytes.size()) << line;
    std::istringstream words{line.substr(4, 50)};  // 16 bytes
    for (std::string word; words >> word;) {
      bytes.push_back(static_cast<std::byte>(std::stoul(word, nullptr, 16)));
    }
  }
  return bytes;
}

class FormatExampleTest : public testing::ArchiveOnDiskTest {
 protected:
  std::string write_example() {
    return write("1", [](FrameWriter& writer) {
      const std::vector<TestPacket> packets = example_packets();
      writer.append(packets[0].view(), 0);
      writer.append(packets[1].view(), 0);
      writer.append(
          codec::archive::LossNote{
              .session = codec::moldudp64::Session::from_text("TAPELINE01").bytes,
              .first = 3,
              .last_exclusive = 4,
              .time_ns = kTime + 4'000'000},
          0);
      writer.append(packets[2].view(), 0);
    });
  }
};

TEST_F(FormatExampleTest, TheDumpOfTheDocumentHoldsThePacketsThatItSays) {
  const Bytes dump = dump_of_the_document();
  ASSERT_GT(dump.size(), 500U);
  const std::string path = (folder_.path() / "feed-1-20260105T143000.000000000Z.pcap.zst").string();
  store(path, dump);
  RecordReader reader{path};
  std::vector<TestPacket> packets;
  while (const auto* const record = reader.next()) {
    packets.push_back(
        {record->time_ns, record->original_bytes, {record->data.begin(), record->data.end()}});
  }
  EXPECT_EQ(reader.error(), "");
  EXPECT_EQ(packets, example_packets());
  Verifier verifier;
  verifier.verify(path);
  verifier.finish();
  EXPECT_TRUE(verifier.faults().empty()) << verifier.faults().front().line();
  const FileSummary summary = summarise_file(path);
  EXPECT_EQ(summary.state, FileState::finished);
  EXPECT_EQ(summary.head.totals.messages, 3U);
  EXPECT_EQ(summary.head.totals.lost_messages, 1U);
  EXPECT_EQ(summary.gap_messages, 1U);
}

// TAPELINE_WRITE_EXAMPLE in the environment is a path to write the file to, for a new dump.
// Another zstd may compress otherwise; the rest of the bytes would move then.
TEST_F(FormatExampleTest, TheDumpIsWhatTheWriterWrites) {
  const Bytes written = load(write_example());
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the tests have one thread
  if (const char* const path = std::getenv("TAPELINE_WRITE_EXAMPLE")) store(path, written);
  if (ZSTD_versionNumber() != 10'504) GTEST_SKIP() << "made with zstd 1.5.4";
  EXPECT_EQ(dump_of_the_document(), written);
}

}  // namespace
}  // namespace tapeline::archive

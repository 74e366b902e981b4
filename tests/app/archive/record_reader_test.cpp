#include "app/archive/record_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/app/archive/archive_on_disk.hpp"

namespace tapeline::archive {
namespace {

using codec::capture::Record;
using testing::Bytes;
using testing::kStartTime;
using testing::PacketMaker;
using testing::TestPacket;

TestPacket packet_of(const Record& record) {
  return {record.time_ns, record.original_bytes, {record.data.begin(), record.data.end()}};
}

template <typename Reader>
std::vector<TestPacket> read_all(Reader& reader) {
  std::vector<TestPacket> packets;
  while (const Record* const record = reader.next()) packets.push_back(packet_of(*record));
  return packets;
}

class RecordReaderTest : public testing::ArchiveOnDiskTest {};

TEST_F(RecordReaderTest, GivesBackEveryPacketAndItsNanoseconds) {
  PacketMaker maker{1};
  std::vector<TestPacket> packets = maker.make_many(300, 1);  // some are no UDP
  packets.push_back(maker.make(30'000));                      // more than a frame
  packets.push_back(maker.make(40));
  RecordReader reader{write(packets)};
  EXPECT_EQ(read_all(reader), packets);
  EXPECT_EQ(reader.error(), "");
}

TEST_F(RecordReaderTest, LeavesOutWhatIsNotInTheSpan) {
  PacketMaker maker{2};
  const std::vector<TestPacket> packets = maker.make_many(500);
  const std::string path = write(packets);
  for (std::size_t i = 0; i < packets.size(); i += 83) {
    const net::TimeSpan span{.from = packets[i].time, .to = packets[i].time + 30'000'000};
    std::vector<TestPacket> expected;
    std::ranges::copy_if(packets, std::back_inserter(expected), [&](const TestPacket& packet) {
      return packet.time >= *span.from && packet.time < *span.to;
    });
    RecordReader reader{path, span};
    EXPECT_EQ(read_all(reader), expected);
  }
}

TEST_F(RecordReaderTest, SaysWhereAFileIsDamaged) {
  PacketMaker maker{3};
  const std::string path = write(maker.make_many(100));
  Bytes bytes = load(path);
  bytes[bytes.size() / 2] ^= std::byte{1};
  store(path, bytes);
  RecordReader reader{path};
  EXPECT_LT(read_all(reader).size(), 100U);
  EXPECT_TRUE(reader.error().starts_with(path + ": byte ")) << reader.error();
  EXPECT_TRUE(reader.error().ends_with("the frame is corrupt")) << reader.error();
  EXPECT_EQ(reader.next(), nullptr);

  RecordReader none{path + ".none"};
  EXPECT_EQ(none.next(), nullptr);
  EXPECT_EQ(none.error(), path + ".none: no such file");
}

TEST_F(RecordReaderTest, RefusesCapturesWithLinkLayers) {
  const std::string path = (folder_.path() / "x.pcap").string();
  Bytes bytes(24 + 16 + 30);
  codec::capture::write_file_header(bytes, codec::capture::TimeUnit::nano,
                                    codec::capture::LinkType::ethernet);
  codec::capture::write_record_header(std::span{bytes}.subspan(24), codec::capture::TimeUnit::nano,
                                      5, 30, 30);
  store(path, bytes);
  RecordReader reader{path};
  EXPECT_EQ(reader.next(), nullptr);
  EXPECT_EQ(reader.error(), path + ": is no archive: its packets have link-layer headers");
}

TEST_F(RecordReaderTest, MergesFilesInTheOrderOfTheirTimes) {
  PacketMaker maker{4};
  const std::vector<TestPacket> packets = maker.make_many(600);
  std::vector<std::vector<TestPacket>> parts(3);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    parts[i < 300 ? i % 2 : 2].push_back(packets[i]);  // two at a time, then one alone
  }
  RecordMerge merge;
  for (const std::size_t part : {2U, 0U, 1U}) {
    merge.add(write(parts[part]), {}, parts[part].front().time);
  }
  EXPECT_EQ(read_all(merge), packets);
  EXPECT_TRUE(merge.errors().empty());
}

TEST_F(RecordReaderTest, MergeGoesOnWithoutAFileThatFails) {
  PacketMaker maker{5};
  const std::vector<TestPacket> packets = maker.make_many(50);
  RecordMerge merge;
  merge.add((folder_.path() / "none").string(), {}, 0);
  merge.add(write(packets), {}, packets.front().time);
  EXPECT_EQ(read_all(merge), packets);
  ASSERT_EQ(merge.errors().size(), 1U);
  EXPECT_TRUE(merge.errors().front().ends_with("none: no such file"));
}

}  // namespace
}  // namespace tapeline::archive

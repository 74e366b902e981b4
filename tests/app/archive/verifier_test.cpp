#include "app/archive/verifier.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "app/archive/file_summary.hpp"
#include "tests/app/archive/archive_on_disk.hpp"

namespace tapeline::archive {
namespace {

using testing::Bytes;
using testing::kStartTime;
using testing::mold_packet;
using testing::mold_packets;
using testing::TestPacket;

class VerifierTest : public testing::ArchiveOnDiskTest {
 protected:
  static std::vector<ArchiveFaultNote> faults_of(const std::vector<std::string>& paths) {
    Verifier verifier;
    for (const std::string& path : paths) verifier.verify(path);
    verifier.finish();
    EXPECT_EQ(verifier.totals().faults, verifier.faults().size());
    return verifier.faults();
  }
  static std::string only_fault(const std::string& path) {
    const auto faults = faults_of({path});
    EXPECT_EQ(faults.size(), 1U);
    return faults.empty() ? "" : faults.front().text;
  }
};

TEST_F(VerifierTest, FindsNothingInWhatTheWriterWrites) {
  const std::string path = write("1", [](FrameWriter& writer) {
    testing::PacketMaker maker{3};
    for (const auto& packet : mold_packets(500)) writer.append(packet.view(), 0);
    writer.append(codec::archive::LossNote{.session = {'X'}, .first = 7, .last_exclusive = 9}, 0);
    for (const auto& packet : maker.make_many(50)) writer.append(packet.view(), 0);
    const auto large = maker.make(20'000);  // in several frames
    writer.append(large.view(), 0);
  });
  Verifier verifier;
  verifier.verify(path);
  verifier.finish();
  EXPECT_TRUE(verifier.faults().empty()) << verifier.faults().front().line();
  EXPECT_EQ(verifier.totals().packets, 551U);
  EXPECT_EQ(verifier.totals().messages, 2'500U);
  EXPECT_EQ(verifier.totals().frames, summarise_file(path).head.totals.frames);
}

TEST_F(VerifierTest, NoticesAChangedByteWhereverItIs) {
  const std::string path = write(mold_packets(60));
  const Bytes whole = load(path);
  std::size_t unnoticed = 0;
  for (std::size_t at = 0; at < whole.size(); at += 5) {
    Bytes changed = whole;
    changed[at] ^= std::byte{0x04};
    store(path, changed);
    if (faults_of({path}).empty()) ++unnoticed;
  }
  // A frame has a bit or two in its header that carry nothing; the content is what it was.
  EXPECT_LE(unnoticed, 2 * summarise_file(path).head.totals.frames + 2);
}

TEST_F(VerifierTest, NoticesEveryTruncation) {
  const std::string path = write(mold_packets(60));
  const Bytes whole = load(path);
  for (std::size_t bytes = 0; bytes < whole.size(); bytes += 17) {
    store(path, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes)));
    EXPECT_FALSE(faults_of({path}).empty()) << bytes;
  }
}

TEST_F(VerifierTest, NamesTheFrameThatIsDamagedAndGoesOn) {
  const std::string path = write(mold_packets(300));
  const auto frames_end = summarise_file(path).head.totals.frames_end;
  Bytes changed = load(path);
  changed[frames_end / 2] ^= std::byte{0x20};
  store(path, changed);
  Verifier verifier;
  verifier.verify(path);
  verifier.finish();
  ASSERT_FALSE(verifier.faults().empty());
  const ArchiveFaultNote& fault = verifier.faults().front();
  EXPECT_LE(fault.offset, frames_end / 2);
  EXPECT_GT(fault.offset, 0U);
  EXPECT_EQ(fault.line(), path + ": byte " + std::to_string(fault.offset) +
                              ": a frame is damaged: its content or checksum is wrong");
  EXPECT_GT(verifier.totals().packets, 200U);
  // The numbers of the lost frame are missing, too.
  EXPECT_EQ(verifier.faults().size(), 2U);
  EXPECT_TRUE(verifier.faults().back().text.find("missing") != std::string::npos);
}

TEST_F(VerifierTest, TellsMissingNumbersUnlessANoteDoes) {
  std::vector<TestPacket> packets = mold_packets(100);
  packets.erase(packets.begin() + 40, packets.begin() + 42);
  EXPECT_EQ(only_fault(write(packets)),
            "messages 201 to 210 are missing in front of this frame (session TAPELINE01)");
  packets.erase(packets.begin() + 40);
  const auto session = codec::moldudp64::Session::from_text("TAPELINE01").bytes;
  const std::string noted = write("2", [&](FrameWriter& writer) {
    for (const TestPacket& packet : packets) writer.append(packet.view(), 0);
    writer.append(codec::archive::LossNote{.session = session, .first = 201, .last_exclusive = 216},
                  0);
  });
  Verifier verifier;
  verifier.verify(noted);
  verifier.finish();
  EXPECT_TRUE(verifier.faults().empty());
  EXPECT_EQ(verifier.totals().noted_losses, 15U);
}

TEST_F(VerifierTest, FollowsNumbersAndTimesFromFileToFile) {
  const auto packets = mold_packets(90);
  const auto part = [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    return write({packets.begin() + begin, packets.begin() + end});
  };
  const std::string first = part(0, 30);
  const std::string second = part(30, 60);
  const std::string third = part(60, 90);
  EXPECT_TRUE(faults_of({first, second, third}).empty());
  const auto without = faults_of({first, third});
  ASSERT_EQ(without.size(), 1U);
  EXPECT_EQ(without[0].path, third);
  EXPECT_EQ(without[0].text,
            "messages 151 to 300 are missing in front of this frame (session TAPELINE01)");
  const auto wrong_order = faults_of({second, first});
  ASSERT_FALSE(wrong_order.empty());
  EXPECT_EQ(wrong_order[0].text, "a packet is 59000 ns older than the one before it on its line");
}

TEST_F(VerifierTest, TimesGoOnForEachLineAlone) {
  std::vector<TestPacket> packets;
  for (int i = 0; i < 20; ++i) {  // line 2 is always late
    packets.push_back(mold_packet(kStartTime + i * 1'000, 1 + static_cast<std::uint64_t>(i), 1));
    packets.push_back(mold_packet(kStartTime + i * 1'000 - 500, 1 + static_cast<std::uint64_t>(i),
                                  1, "TAPELINE01", 2));
  }
  EXPECT_TRUE(faults_of({write(packets)}).empty());
  std::swap(packets[10].time, packets[12].time);
  EXPECT_EQ(only_fault(write(packets, "2")),
            "a packet is 1000 ns older than the one before it on its line");
}

TEST_F(VerifierTest, ComparesTheTablesWithTheFrames) {
  const std::string path = write(mold_packets(200));
  const std::string other = write(mold_packets(200, kStartTime + 5), "2");
  const auto end = static_cast<std::ptrdiff_t>(summarise_file(path).head.totals.frames_end);
  const Bytes whole = load(path);
  store(path, Bytes(whole.begin(), whole.begin() + end));
  EXPECT_EQ(only_fault(path), "no index or no seek table; 'tapeline archive repair' makes them");
  const Bytes others = load(other);
  const auto other_end = static_cast<std::ptrdiff_t>(summarise_file(other).head.totals.frames_end);
  if (end == other_end) {  // the tables of a file that is like it
    Bytes mixed(whole.begin(), whole.begin() + end);
    mixed.insert(mixed.end(), others.begin() + other_end, others.end());
    store(path, mixed);
    EXPECT_EQ(only_fault(path), "the index or the seek table does not agree with the frames");
  }
  Bytes seek = whole;
  seek[whole.size() - 9 - 8 - 8 + 4] ^= std::byte{1};  // content of a frame, in the seek table
  store(path, seek);
  EXPECT_EQ(only_fault(path), "the index or the seek table does not agree with the frames");
}

TEST_F(VerifierTest, AnOpenFileNeedsNoTables) {
  const std::string path = write(mold_packets(200));
  const auto end = static_cast<std::ptrdiff_t>(summarise_file(path).head.totals.frames_end);
  const Bytes whole = load(path);
  store(path + ".open", Bytes(whole.begin(), whole.begin() + end));
  EXPECT_TRUE(faults_of({path + ".open"}).empty());
  // A frame that is cut is a fault of a file that was left, but not of one that is written.
  store(path + ".open", Bytes(whole.begin(), whole.begin() + end - 9));
  EXPECT_TRUE(only_fault(path + ".open").starts_with("the file ends inside a frame, "));
  FileCalls calls;
  const int descriptor = calls.open_existing((path + ".open").c_str());
  EXPECT_TRUE(faults_of({path + ".open"}).empty());
  calls.close(descriptor);
}

TEST_F(VerifierTest, TellsFilesThatAreNoArchives) {
  const std::string path = (folder_.path() / "x.pcap.zst").string();
  store(path, Bytes(50, std::byte{'x'}));
  EXPECT_EQ(only_fault(path), "no frame; what follows is not looked at");
  store(path, {});
  EXPECT_EQ(only_fault(path), "holds no packets");
  EXPECT_EQ(only_fault(path + ".none"), "no such file");
}

}  // namespace
}  // namespace tapeline::archive

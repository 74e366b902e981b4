// The archive writer and the world outside: folders, full disks, the programs that read its files.

#include <sys/mount.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include "tests/app/archive/archive_writer_fixture.hpp"
#include "tests/app/archive/failing_calls.hpp"

namespace tapeline::archive {
namespace {

using testing::FailingCalls;
using testing::read_archives;
using testing::TestPacket;
using testing::wait_until;

using ArchiveDisk = testing::ArchiveWriterTest;

std::string shell_output(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen(command.c_str(), "r");  // NOLINT(cert-env33-c): a command of this test
  if (pipe == nullptr) return output;
  std::array<char, 4096> piece{};
  while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), pipe)) {
    output.append(piece.data(), got);
  }
  ::pclose(pipe);
  return output;
}

bool has_program(const std::string& name) { return !shell_output("command -v " + name).empty(); }

TEST_F(ArchiveDisk, SaysWhichFolderCanNotBeWrittenAndWhy) {
  const auto error_with = [this](const ArchiveWriterConfig& wrong,
                                 std::unique_ptr<FileCalls> calls) {
    try {
      const ArchiveWriter writer{wrong, pool_.compression(), std::move(calls)};
    } catch (const std::system_error& error) {
      return std::string{error.what()};
    }
    return std::string{"no error"};
  };
  // The superuser may write everywhere, so the refusal is made.
  auto refusing = std::make_unique<FailingCalls>();
  refusing->failing = FailingCalls::Call::create;
  refusing->error = EACCES;
  EXPECT_EQ(error_with(config(), std::move(refusing)),
            "archive folder " + folder_.path().string() + ": Permission denied");

  std::ofstream{folder_.path() / "file"} << "x";
  ArchiveWriterConfig below_a_file = config();
  below_a_file.frames.directory = folder_.path() / "file" / "deeper";
  EXPECT_EQ(error_with(below_a_file, std::make_unique<FileCalls>()),
            "archive folder " + folder_.path().string() + "/file/deeper: Not a directory");
  ArchiveWriterConfig a_file = config();
  a_file.frames.directory = folder_.path() / "file";
  EXPECT_EQ(error_with(a_file, std::make_unique<FileCalls>()),
            "archive folder " + folder_.path().string() + "/file: Not a directory");
}

TEST_F(ArchiveDisk, CreatesItsFolderAndLeavesNothingElseThere) {
  ArchiveWriterConfig deep = config();
  deep.frames.directory = folder_.path() / "a" / "b";
  { const ArchiveWriter writer{deep, pool_.compression()}; }
  EXPECT_TRUE(std::filesystem::is_directory(folder_.path() / "a" / "b"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "a" / "b"));
}

TEST_F(ArchiveDisk, RefusesNamesThatAreNoFileNames) {
  for (const char* bad : {"", "a/b", "..", "x y"}) {
    ArchiveWriterConfig wrong = config();
    wrong.frames.feed = bad;
    EXPECT_THROW((ArchiveWriter{wrong, pool_.compression()}), std::invalid_argument) << bad;
    wrong = config();
    wrong.frames.channel = bad;
    EXPECT_THROW((ArchiveWriter{wrong, pool_.compression()}), std::invalid_argument) << bad;
  }
}

// What both tests of a full disk ask for: packets go missing, are counted, and writing goes on
// by itself when there is room again.
void expect_recovery(ArchiveWriter& writer, const std::function<net::PacketBatch()>& next_batch,
                     const std::string& expected_error, const std::function<void()>& make_room) {
  std::uint64_t offered = 0;
  const auto offer = [&] {
    net::PacketBatch batch = next_batch();
    offered += batch.packets().size();
    writer.offer_blocking(std::move(batch));
  };
  ASSERT_TRUE(wait_until([&] {
    offer();
    return writer.counts().state == ArchiveState::failed;
  }));
  EXPECT_EQ(writer.counts().last_error, expected_error);
  EXPECT_TRUE(writer.failed_ever());
  EXPECT_GT(writer.counts().write_errors, 0U);
  make_room();
  ASSERT_TRUE(wait_until([&] {
    offer();
    return writer.counts().state == ArchiveState::writing;
  }));
  writer.stop();
  const ArchiveCounts counts = writer.counts();
  EXPECT_EQ(counts.state, ArchiveState::closed);
  EXPECT_TRUE(counts.failed_ever);
  EXPECT_GT(counts.lost_packets, 0U);
  EXPECT_GT(counts.files, 1U);
  EXPECT_EQ(counts.packets + counts.lost_packets, offered);
}

TEST_F(ArchiveDisk, GoesOnWhenAFullDiskHasRoomAgain) {
  if (::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "tmpfs can not be mounted here";
  }
  {
    std::ofstream{folder_.path() / "ballast"} << std::string(std::size_t{400} * 1024, 'x');
    ArchiveWriter writer{config(), pool_.compression()};
    expect_recovery(
        writer, [this] { return batch_of(next_packets()); }, "write: No space left on device",
        [this] {
          std::filesystem::remove(folder_.path() / "ballast");
          // What was written in between may fill the disk again before the state is looked at.
          for (const auto& file : folder_.files(".pcap.zst")) std::filesystem::remove(file);
          ::mount("tmpfs", folder_.path().c_str(), "tmpfs", MS_REMOUNT, "size=512m");
        });
    EXPECT_LE(read_archives(folder_.files(".pcap.zst")).size(), writer.counts().packets);
    EXPECT_TRUE(folder_.files(".open").empty());
  }
  EXPECT_EQ(::umount(folder_.path().c_str()), 0);
}

TEST_F(ArchiveDisk, AFileSizeLimitIsAnErrorAndNoSignal) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{150'000, before.rlim_max};
  ArchiveWriter writer{config(), pool_.compression()};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  expect_recovery(
      writer, [this] { return batch_of(next_packets()); }, "write: File too large",
      [&before] { ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0); });
  EXPECT_EQ(read_archives(folder_.files(".pcap.zst")).size(), writer.counts().packets);
  EXPECT_TRUE(folder_.files(".open").empty());
}

TEST_F(ArchiveDisk, TheZstdProgramAcceptsTheFile) {
  if (!has_program("zstd")) GTEST_SKIP() << "zstd is not installed";
  {
    ArchiveWriter writer{config(), pool_.compression()};
    for (int i = 0; i < 10; ++i) writer.offer_blocking(batch_of(next_packets()));
  }
  const std::string file = folder_.files(".pcap.zst").at(0).string();
  EXPECT_EQ(shell_output("zstd -q -t '" + file + "' 2>&1 && printf good"), "good");
}

TEST_F(ArchiveDisk, TsharkReadsTimesAndLengths) {
  if (!has_program("tshark") || !has_program("zstd")) GTEST_SKIP() << "tshark is not installed";
  std::string expected;
  {
    ArchiveWriter writer{config(), pool_.compression()};
    for (int i = 0; i < 5; ++i) {
      const std::vector<TestPacket> packets = next_packets();
      for (const TestPacket& packet : packets) {
        const bool ipv6 = (packet.bytes[0] & std::byte{0xF0}) == std::byte{0x60};
        std::array<char, 64> line{};
        std::snprintf(line.data(), line.size(), "%lld.%09lld\t%zu\n",
                      static_cast<long long>(packet.time / 1'000'000'000),
                      static_cast<long long>(packet.time % 1'000'000'000),
                      packet.bytes.size() - (ipv6 ? 40 : 20));
        expected += line.data();
      }
      writer.offer_blocking(batch_of(packets));
    }
  }
  const std::string file = folder_.files(".pcap.zst").at(0).string();
  EXPECT_EQ(shell_output("zstd -q -d -c '" + file +
                         "' | tshark -r - -T fields -e frame.time_epoch -e udp.length 2>/dev/null"),
            expected);
}

// Notes stand behind the packets that came before them, and no reader of packets sees them.
TEST_F(ArchiveDisk, NotesOfLossesAreReadByUsAndSteppedOverByOthers) {
  codec::archive::LossNote note{.session = {'S'}, .first = 7, .last_exclusive = 9, .time_ns = 11};
  std::vector<TestPacket> packets;
  {
    ArchiveWriter writer{config(), pool_.compression()};
    for (int i = 0; i < 3; ++i) {
      const std::vector<TestPacket> more = next_packets();
      packets.insert(packets.end(), more.begin(), more.end());
      writer.offer_blocking(batch_of(more));
      note.first += 10;
      note.last_exclusive += 10;
      writer.note_loss_blocking(note);
    }
    writer.stop();
    EXPECT_EQ(writer.counts().loss_notes, 3U);
    EXPECT_TRUE(writer.counts().complete);
  }
  const std::filesystem::path path = folder_.files(".pcap.zst").at(0);
  const std::vector<std::byte> file = testing::read_file(path);
  std::string found;
  for (std::span<const std::byte> rest{file}; !rest.empty();) {
    const auto extent = codec::archive::measure_frame(rest);
    ASSERT_EQ(extent.status, codec::archive::FrameStatus::ok);
    const auto read = codec::archive::read_loss_frame(rest);
    const bool is_table = !read && extent.kind == codec::archive::FrameKind::skippable;
    found += read ? std::to_string(read->first) + " " : is_table ? "table " : "frame ";
    rest = rest.subspan(extent.frame_bytes);
  }
  EXPECT_EQ(found, "frame 17 frame 27 frame 37 table table ");
  const std::string name = "'" + path.string() + "'";
  if (has_program("zstd")) {
    EXPECT_EQ(shell_output("zstd -q -t " + name + " 2>&1 && printf good"), "good");
  }
  if (has_program("tshark") && has_program("zstd")) {
    const std::string expected = std::to_string(packets.size()) + "\n";
    EXPECT_EQ(shell_output("zstd -q -d -c " + name + " | tshark -r - 2>/dev/null | wc -l"),
              expected);
  }
}

}  // namespace
}  // namespace tapeline::archive

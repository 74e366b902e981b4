#include "app/archive/archive_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <span>

#include "tests/app/archive/archive_support.hpp"
#include "tests/app/archive/failing_calls.hpp"

namespace tapeline::archive {
namespace {

using testing::Bytes;
using testing::FailingCalls;
using testing::kStartTime;
using testing::TemporaryFolder;

const Bytes kData(1000, std::byte{7});

std::string error_of(const ArchiveFault& fault) { return fault.text(); }

void touch(const std::filesystem::path& path) { std::ofstream{path} << "x"; }

TEST(ArchiveFile, HasOpenSuffixUntilItIsFinished) {
  const TemporaryFolder folder;
  FileCalls calls;
  ArchiveFile file{calls, folder.path(), "feed", "channel"};
  ASSERT_EQ(error_of(file.open(kStartTime)), "");
  ASSERT_EQ(error_of(file.append(kData)), "");
  EXPECT_EQ(folder.files(".pcap.zst.open").size(), 1U);
  EXPECT_EQ(folder.files(".pcap.zst").size(), 0U);
  file.mark_complete();
  ASSERT_EQ(error_of(file.finish({})), "");
  EXPECT_FALSE(file.is_open());
  EXPECT_EQ(folder.files(".open").size(), 0U);
  ASSERT_EQ(folder.files(".pcap.zst").size(), 1U);
  const std::filesystem::path path = folder.files(".pcap.zst").front();
  EXPECT_EQ(path.filename(), "feed-channel-20260105T143000.123456789Z.pcap.zst");
  EXPECT_EQ(path.string(), file.path());
  EXPECT_EQ(testing::read_file(path), kData);
}

TEST(ArchiveFile, IsNotReadableByOthers) {
  const TemporaryFolder folder;
  FileCalls calls;
  ArchiveFile file{calls, folder.path(), "feed", "channel"};
  ASSERT_EQ(error_of(file.open(kStartTime)), "");
  struct stat status {};
  ASSERT_EQ(::stat((file.path() + ".open").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0137U, 0U);  // at most 0640
}

TEST(ArchiveFile, TakesTheNextNumberWhenANameIsTaken) {
  const TemporaryFolder folder;
  const std::string stem = folder.path() / "feed-channel-20260105T143000.123456789Z";
  touch(stem + ".pcap.zst");
  touch(stem + "-1.pcap.zst.open");
  FileCalls calls;
  ArchiveFile file{calls, folder.path(), "feed", "channel"};
  ASSERT_EQ(error_of(file.open(kStartTime)), "");
  EXPECT_EQ(file.path(), stem + "-2.pcap.zst");
}

TEST(ArchiveFile, NeverReplacesAFileThatAppearedMeanwhile) {
  const TemporaryFolder folder;
  FileCalls calls;
  ArchiveFile file{calls, folder.path(), "feed", "channel"};
  ASSERT_EQ(error_of(file.open(kStartTime)), "");
  ASSERT_EQ(error_of(file.append(kData)), "");
  touch(file.path());
  const std::string taken = file.path();
  ASSERT_EQ(error_of(file.finish({})), "");
  EXPECT_NE(file.path(), taken);
  EXPECT_EQ(testing::read_file(taken).size(), 1U);
  EXPECT_EQ(testing::read_file(file.path()), kData);
}

TEST(ArchiveFile, DoesNotFollowALinkInItsPlace) {
  const TemporaryFolder folder;
  const std::filesystem::path target = folder.path() / "target";
  const std::string name = "feed-channel-20260105T143000.123456789Z.pcap.zst.open";
  std::filesystem::create_symlink(target, folder.path() / name);
  FileCalls calls;
  ArchiveFile file{calls, folder.path(), "feed", "channel"};
  ASSERT_EQ(error_of(file.open(kStartTime)), "");
  EXPECT_FALSE(std::filesystem::exists(target));
}

TEST(ArchiveFile, GoesOnAfterShortWritesAndInterrupts) {
  const TemporaryFolder folder;
  FailingCalls calls;
  calls.max_write_bytes = 7;
  calls.interrupt_writes = true;
  ArchiveFile file{calls, folder.path(), "feed", "channel"};
  ASSERT_EQ(error_of(file.open(kStartTime)), "");
  ASSERT_EQ(error_of(file.append(kData)), "");
  ASSERT_EQ(error_of(file.finish({})), "");
  EXPECT_EQ(testing::read_file(file.path()), kData);
}

TEST(ArchiveFile, TreatsAWriteOfNothingAsAnError) {
  const TemporaryFolder folder;
  FailingCalls calls;
  calls.max_write_bytes = 0;
  ArchiveFile file{calls, folder.path(), "feed", "channel"};
  ASSERT_EQ(error_of(file.open(kStartTime)), "");
  EXPECT_EQ(error_of(file.append(kData)), "write: Input/output error");
}

TEST(ArchiveFile, AbandonCutsBackToWhatWasComplete) {
  const TemporaryFolder folder;
  FileCalls calls;
  ArchiveFile file{calls, folder.path(), "feed", "channel"};
  ASSERT_EQ(error_of(file.open(kStartTime)), "");
  ASSERT_EQ(error_of(file.append(kData)), "");
  file.mark_complete();
  ASSERT_EQ(error_of(file.append(kData)), "");
  ASSERT_EQ(error_of(file.abandon({})), "");
  EXPECT_EQ(folder.files(".open").size(), 0U);
  EXPECT_EQ(testing::read_file(file.path()), kData);
}

TEST(ArchiveFile, AbandonRemovesAFileWithoutACompleteFrame) {
  const TemporaryFolder folder;
  FileCalls calls;
  ArchiveFile file{calls, folder.path(), "feed", "channel"};
  ASSERT_EQ(error_of(file.open(kStartTime)), "");
  ASSERT_EQ(error_of(file.append(kData)), "");
  ASSERT_EQ(error_of(file.abandon({})), "");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(ArchiveFile, KeepsTheOpenSuffixWhenItCanNotBeCutOrSynced) {
  for (const auto call :
       {FailingCalls::Call::truncate, FailingCalls::Call::sync, FailingCalls::Call::rename}) {
    const TemporaryFolder folder;
    FailingCalls calls;
    calls.failing = call;
    calls.error = EIO;
    ArchiveFile file{calls, folder.path(), "feed", "channel"};
    ASSERT_EQ(error_of(file.open(kStartTime)), "");
    ASSERT_EQ(error_of(file.append(kData)), "");
    file.mark_complete();
    ASSERT_EQ(error_of(file.append(kData)), "");
    EXPECT_TRUE(file.abandon({}));
    EXPECT_FALSE(file.is_open());
    EXPECT_EQ(folder.files(".pcap.zst.open").size(), 1U);
    EXPECT_EQ(folder.files(".pcap.zst").size(), 0U);
  }
}

TEST(ArchiveFile, IsInPlaceButToldOfWhenItCanNotBeClosed) {
  const TemporaryFolder folder;
  FailingCalls calls;
  calls.failing = FailingCalls::Call::close;
  calls.error = EIO;
  ArchiveFile file{calls, folder.path(), "feed", "channel"};
  ASSERT_EQ(error_of(file.open(kStartTime)), "");
  ASSERT_EQ(error_of(file.append(kData)), "");
  EXPECT_EQ(error_of(file.finish({})), "close: Input/output error");
  EXPECT_FALSE(file.is_open());
  EXPECT_EQ(testing::read_file(folder.files(".pcap.zst").at(0)), kData);
}

TEST(ArchiveFile, DoesWithoutTheTableThatFindsNoRoom) {
  const TemporaryFolder folder;
  FailingCalls calls;
  ArchiveFile file{calls, folder.path(), "feed", "channel"};
  ASSERT_EQ(error_of(file.open(kStartTime)), "");
  ASSERT_EQ(error_of(file.append(kData)), "");
  file.mark_complete();
  calls.failing = FailingCalls::Call::write;
  calls.first_failing = 2;
  calls.max_write_bytes = 100;
  EXPECT_EQ(error_of(file.finish({std::span{kData}})), "write: No space left on device");
  EXPECT_EQ(testing::read_file(folder.files(".pcap.zst").at(0)), kData);
}

TEST(ArchiveFile, SyncsItsNameOnce) {
  class CountingCalls : public FileCalls {
   public:
    int sync_data(int descriptor) override {
      ++files;
      return FileCalls::sync_data(descriptor);
    }
    int sync_directory(const char* path) override {
      ++directories;
      return FileCalls::sync_directory(path);
    }
    int files = 0;
    int directories = 0;
  };
  const TemporaryFolder folder;
  CountingCalls calls;
  ArchiveFile file{calls, folder.path(), "feed", "channel"};
  ASSERT_EQ(error_of(file.open(kStartTime)), "");
  ASSERT_EQ(error_of(file.append(kData)), "");
  EXPECT_EQ(file.synced_bytes(), 0U);
  ASSERT_EQ(error_of(file.sync()), "");
  EXPECT_EQ(file.synced_bytes(), kData.size());
  ASSERT_EQ(error_of(file.sync()), "");
  EXPECT_EQ(calls.files, 2);
  EXPECT_EQ(calls.directories, 1);
}

TEST(ArchiveFile, IsLockedAsLongAsItIsOpen) {
  const TemporaryFolder folder;
  FileCalls calls;
  ArchiveFile file{calls, folder.path(), "feed", "channel"};
  ASSERT_EQ(error_of(file.open(kStartTime)), "");
  const std::string open_path = file.path() + ".open";
  EXPECT_EQ(calls.open_existing(open_path.c_str()), -1);
  EXPECT_EQ(errno, EWOULDBLOCK);
  file.leave();
  const int descriptor = calls.open_existing(open_path.c_str());
  EXPECT_GE(descriptor, 0);
  calls.close(descriptor);
}

}  // namespace
}  // namespace tapeline::archive

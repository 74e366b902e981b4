#include "app/archive/retention.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>

#include "app/archive/archive_name.hpp"
#include "tests/app/archive/archive_support.hpp"
#include "tests/app/archive/failing_calls.hpp"

namespace tapeline::archive {
namespace {

using testing::FailingCalls;
using testing::kStartTime;
using testing::TemporaryFolder;

constexpr net::UnixNanos kDay = 86'400'000'000'000;

// Five finished files of 100 bytes, a day apart, and files that are none of theirs.
struct Folder {
  Folder() {
    for (int day = 0; day < 5; ++day)
      write(archive_file_name("f", "c", kStartTime + day * kDay, 0));
    write(archive_file_name("f", "c", kStartTime - 9 * kDay, 0) + ".open");
    write(archive_file_name("f", "d", kStartTime - 9 * kDay, 0));
    write(archive_file_name("f-c", "c", kStartTime - 9 * kDay, 0));
    write("f-c-notes.pcap.zst");
    write("f-c-20260105T143000.12345678Z.pcap.zst");
    std::filesystem::create_symlink("f-c-notes.pcap.zst",
                                    folder.path() / archive_file_name("f", "c", 1, 0));
    others = all() - 5;
  }
  void write(const std::string& name) const {
    std::ofstream{folder.path() / name} << std::string(100, 'x');
  }
  [[nodiscard]] std::size_t all() const { return folder.files("").size(); }
  // The days whose files are there still.
  [[nodiscard]] std::string days() const {
    std::string text;
    for (int day = 0; day < 5; ++day) {
      const auto name = archive_file_name("f", "c", kStartTime + day * kDay, 0);
      if (std::filesystem::exists(folder.path() / name)) text += std::to_string(day);
    }
    return text;
  }
  RetentionResult remove(const RetentionConfig& config) {
    return remove_old_files(calls, folder.path(), "f", "c", config, kStartTime + 4 * kDay);
  }

  TemporaryFolder folder;
  FailingCalls calls;
  std::size_t others = 0;
};

TEST(Retention, KeepsAllWithoutABound) {
  Folder folder;
  EXPECT_EQ(folder.remove({}).removed, 0U);
  EXPECT_EQ(folder.days(), "01234");
}

TEST(Retention, KeepsSoManyFiles) {
  Folder folder;
  EXPECT_EQ(folder.remove({.files = 2}).removed, 3U);
  EXPECT_EQ(folder.days(), "34");
  EXPECT_EQ(folder.all(), folder.others + 2);
}

TEST(Retention, KeepsSoManyBytes) {
  Folder folder;
  EXPECT_EQ(folder.remove({.bytes = 350}).removed, 2U);
  EXPECT_EQ(folder.days(), "234");
}

TEST(Retention, KeepsFilesOfSoManyDays) {
  Folder folder;
  EXPECT_EQ(folder.remove({.days = 3}).removed, 1U);
  EXPECT_EQ(folder.days(), "1234");
}

TEST(Retention, NeverRemovesTheNewestFile) {
  Folder folder;
  EXPECT_EQ(folder.remove({.bytes = 1}).removed, 4U);
  EXPECT_EQ(folder.days(), "4");
  EXPECT_EQ(folder.all(), folder.others + 1);
}

TEST(Retention, GoesOnBehindAFileThatCanNotBeRemoved) {
  Folder folder;
  folder.calls.failing = FailingCalls::Call::remove;
  folder.calls.error = EPERM;
  folder.calls.last_failing = 1;
  const RetentionResult result = folder.remove({.files = 2});
  EXPECT_EQ(result.removed, 2U);
  EXPECT_EQ(result.fault.text(), "remove: Operation not permitted");
  EXPECT_EQ(folder.days(), "034");
}

TEST(Retention, SaysThatAFolderCanNotBeRead) {
  FileCalls calls;
  EXPECT_EQ(remove_old_files(calls, "/nowhere", "f", "c", {.files = 1}, 0).fault.text(),
            "read: No such file or directory");
}

}  // namespace
}  // namespace tapeline::archive

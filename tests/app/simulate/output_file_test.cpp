#include "app/simulate/output_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace tapeline::simulate {
namespace {

class OutputFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::path{::testing::TempDir()} / ("output_file_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }
  [[nodiscard]] static std::string content(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }

  std::filesystem::path folder_;
};

TEST_F(OutputFileTest, HoldsWhatWasWritten) {
  std::string expected;
  OutputFile file{path("a"), false};
  for (int i = 0; i < 300'000; ++i) {
    const std::string line = std::to_string(i) + "\n";
    expected += line;
    if (i % 2 == 0) {
      file.write(line);
    } else {
      std::memcpy(file.reserve(line.size()).data(), line.data(), line.size());
      file.commit(line.size());
    }
  }
  file.close();
  EXPECT_EQ(file.bytes_written(), expected.size());
  EXPECT_TRUE(content(path("a")) == expected);
}

TEST_F(OutputFileTest, ExistingFileIsKeptUnlessForced) {
  std::ofstream{path("a")} << "old";
  EXPECT_THROW((OutputFile{path("a"), false}), std::runtime_error);
  EXPECT_EQ(content(path("a")), "old");
  OutputFile file{path("a"), true};
  file.write("new");
  file.close();
  EXPECT_EQ(content(path("a")), "new");
}

TEST_F(OutputFileTest, UnfinishedFileIsRemoved) {
  { OutputFile{path("a"), false}.write("half"); }
  EXPECT_FALSE(std::filesystem::exists(path("a")));
}

TEST_F(OutputFileTest, FullDiskIsTold) {
  OutputFile file{"/dev/full", true};
  file.write("x");
  try {
    file.close();
    FAIL() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string{error.what()}, "/dev/full: can not write: No space left on device");
  }
}

TEST_F(OutputFileTest, MissingFolderIsTold) {
  try {
    OutputFile file{path("none/a"), false};
    FAIL() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string{error.what()}.find("none/a: can not create: No such file"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace tapeline::simulate

#include "app/decode/output.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "net/byte_stream.hpp"

namespace tapeline::decode {
namespace {

using testing::HasSubstr;

class OutputTest : public testing::Test {
 protected:
  OutputTest() { std::filesystem::remove(path_); }
  ~OutputTest() override { std::filesystem::remove(path_); }

  [[nodiscard]] std::string read_back() const {
    net::ByteStream stream{path_};
    std::string content;
    std::vector<std::byte> piece(64 * 1024);
    for (;;) {
      const net::ReadResult result = stream.read(piece);
      content.append(reinterpret_cast<const char*>(piece.data()), result.count);
      if (result.state != net::ReadState::ok) break;
    }
    EXPECT_FALSE(stream.failed()) << stream.error().text();
    return content;
  }

  std::string path_ = testing::TempDir() + "output_" + std::to_string(::getpid());
};

TEST_F(OutputTest, WritesPlainAndCompressed) {
  for (const auto compression :
       {OutputCompression::none, OutputCompression::gzip, OutputCompression::zstd}) {
    std::string expected;
    Output output{path_, compression, true};
    for (int i = 0; i < 40; ++i) {
      const std::string piece(static_cast<std::size_t>(i) * 20'000,
                              static_cast<char>('a' + i % 26));
      output.write(piece);
      expected += piece;
    }
    EXPECT_TRUE(output.is_open());
    output.close();
    EXPECT_EQ(output.error(), "");
    EXPECT_EQ(read_back(), expected);
  }
}

TEST_F(OutputTest, RefusesAFileThatIsThere) {
  std::ofstream{path_} << "precious";
  EXPECT_THROW((Output{path_, OutputCompression::none, false}), std::invalid_argument);
  EXPECT_EQ(read_back(), "precious");
  Output{path_, OutputCompression::none, true}.close();
  EXPECT_EQ(std::filesystem::file_size(path_), 0U);
}

TEST_F(OutputTest, KeepsTheFirstErrorAndTakesNoMore) {
  Output output{"/dev/full", OutputCompression::none, true};
  output.write("text");
  EXPECT_FALSE(output.is_open());
  EXPECT_THAT(output.error(), HasSubstr("/dev/full: can not write: "));
  output.write("more");
  output.close();
  EXPECT_THAT(output.error(), HasSubstr("/dev/full: can not write: "));
}

TEST_F(OutputTest, SaysWhyAFileCanNotBeMade) {
  EXPECT_THROW((Output{"/nonexistent/rows.csv", OutputCompression::none, false}),
               std::invalid_argument);
}

}  // namespace
}  // namespace tapeline::decode

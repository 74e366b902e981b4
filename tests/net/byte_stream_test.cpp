#include "net/byte_stream.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <vector>

#include "tests/net/temporary_file.hpp"

namespace tapeline::net {
namespace {

using test::Bytes;
using test::gzip;
using test::skippable_zstd_frame;
using test::TemporaryFile;
using test::zstd;

// Compressible, and long enough for several blocks of every format.
Bytes sample(std::size_t size = 400'000) {
  std::mt19937 random{11};  // NOLINT: a fixed seed, so that a failure can be repeated
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>('a' + random() % 7);
  return bytes;
}

struct Content {
  Bytes bytes;
  ReadState end = ReadState::ok;
  std::string error;
};

Content read_all(const std::string& path, std::size_t chunk = 100'000) {
  ByteStream stream{path};
  Content content;
  Bytes buffer(chunk);
  for (;;) {
    const ReadResult result = stream.read(buffer);
    content.bytes.insert(content.bytes.end(), buffer.begin(),
                         buffer.begin() + static_cast<std::ptrdiff_t>(result.count));
    if (result.state == ReadState::end || result.state == ReadState::failed) {
      content.end = result.state;
      EXPECT_EQ(result.count, 0U);
      EXPECT_EQ(stream.read(buffer).state, result.state);
      if (stream.failed()) content.error = stream.error().text();
      return content;
    }
  }
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes cut(Bytes bytes, std::size_t size) {
  bytes.resize(size);
  return bytes;
}

TEST(ByteStream, ReadsPlainAndCompressedFilesByTheirContent) {
  const Bytes content = sample();
  const Bytes stored[] = {content, gzip(content), zstd(content)};
  for (const Bytes& bytes : stored) {
    const TemporaryFile file{bytes};
    for (const std::size_t chunk :
         {std::size_t{1000}, std::size_t{131'072}, std::size_t{1'000'000}}) {
      const Content read = read_all(file.path(), chunk);
      EXPECT_TRUE(read.bytes == content);
      EXPECT_EQ(read.end, ReadState::end);
    }
  }
}

TEST(ByteStream, FillsWhatItIsGiven) {
  const Bytes content = sample();
  for (const Bytes& bytes : {content, gzip(content), zstd(content)}) {
    const TemporaryFile file{bytes};
    ByteStream stream{file.path()};
    Bytes buffer(300'000);
    EXPECT_EQ(stream.read(buffer).count, 300'000U);
    EXPECT_EQ(stream.read(buffer).count, 100'000U);
  }
}

TEST(ByteStream, ReadsSeveralGzipMembersAndPadding) {
  const TemporaryFile file{gzip(sample(1000)) + gzip(sample(5)) + gzip({}) + Bytes(700)};
  EXPECT_TRUE(read_all(file.path()).bytes == sample(1000) + sample(5));
  EXPECT_EQ(read_all(file.path()).end, ReadState::end);
}

TEST(ByteStream, ReadsSeveralZstdFramesAndSkipsSkippableOnes) {
  const Bytes skip = skippable_zstd_frame(200);
  const TemporaryFile file{skip + zstd(sample(1000)) + skip + zstd({}) + zstd(sample(70'000)) +
                           skip};
  const Content read = read_all(file.path());
  EXPECT_TRUE(read.bytes == sample(1000) + sample(70'000));
  EXPECT_EQ(read.end, ReadState::end) << read.error;
}

TEST(ByteStream, DeliversReadablePartOfTruncatedGzip) {
  const Bytes content = sample();
  const Bytes stored = gzip(content);
  for (std::size_t size = 20; size < stored.size(); size += 3989) {
    const TemporaryFile file{cut(stored, size)};
    const Content read = read_all(file.path());
    ASSERT_EQ(read.end, ReadState::failed) << size;
    ASSERT_TRUE(std::equal(read.bytes.begin(), read.bytes.end(), content.begin()));
    ASSERT_GE(read.bytes.size() * 10, (size - 20) * 10) << size;  // every byte holds at least one
    ASSERT_EQ(read.error,
              file.path() + ": byte " + std::to_string(size) + ": unexpected end of gzip data");
  }
}

TEST(ByteStream, DeliversReadablePartOfTruncatedZstd) {
  const Bytes content = sample();
  const Bytes stored = zstd(sample(1000)) + zstd(content);
  const std::size_t first = zstd(sample(1000)).size();
  for (std::size_t size = 5; size < stored.size(); size += 3989) {
    if (size == first) continue;
    const TemporaryFile file{cut(stored, size)};
    const Content read = read_all(file.path());
    ASSERT_EQ(read.end, ReadState::failed) << size;
    ASSERT_EQ(read.error,
              file.path() + ": byte " + std::to_string(size) + ": unexpected end of zstd data");
    const Bytes whole = sample(1000) + content;
    ASSERT_TRUE(std::equal(read.bytes.begin(), read.bytes.end(), whole.begin()));
    if (size > first) {
      ASSERT_GE(read.bytes.size(), 1000U);
    }
  }
  const TemporaryFile late{cut(stored, stored.size() - 1)};
  EXPECT_GE(read_all(late.path()).bytes.size(), 1000 + content.size() / 2);
}

TEST(ByteStream, ReportsDamageAfterTheBytesInFrontOfIt) {
  const Bytes content = sample(200'000);
  for (const Bytes& stored : {gzip(content), zstd(content)}) {
    Bytes damaged = stored;
    damaged[damaged.size() - 2] ^= std::byte{0x40};  // in the check sum, or the length
    const TemporaryFile file{damaged};
    const Content read = read_all(file.path());
    EXPECT_EQ(read.end, ReadState::failed);
    EXPECT_THAT(read.error, testing::HasSubstr("damaged"));
    EXPECT_GE(read.bytes.size(), content.size() / 3);
  }
  const TemporaryFile trailing{gzip(content) + sample(10)};
  const Content read = read_all(trailing.path());
  EXPECT_TRUE(read.bytes == content);
  EXPECT_THAT(read.error, testing::HasSubstr("bytes behind the gzip data"));
}

TEST(ByteStream, SurvivesRandomDamage) {
  const Bytes content = sample(20'000);
  std::mt19937 random{5};  // NOLINT: a fixed seed, so that a failure can be repeated
  for (const Bytes& stored : {gzip(content) + gzip(content), zstd(content) + zstd(content)}) {
    for (int round = 0; round < 100; ++round) {
      Bytes damaged = stored;
      damaged[4 + random() % (damaged.size() - 4)] ^= static_cast<std::byte>(1U << random() % 8);
      const TemporaryFile file{damaged};
      const Content read = read_all(file.path());
      ASSERT_LE(read.bytes.size(), 10'000'000U);
    }
  }
}

TEST(ByteStream, RefusesZstdWindowsBeyondBound) {
  const TemporaryFile file{zstd(sample(1000), 28)};
  EXPECT_THAT(read_all(file.path()).error, testing::HasSubstr("requires too much memory"));
  const TemporaryFile fits{zstd(sample(1000), 27)};
  EXPECT_EQ(read_all(fits.path()).end, ReadState::end);
}

TEST(ByteStream, NamesCompressionThatItDoesNotRead) {
  const std::pair<const char*, const char*> formats[] = {{"BZh91AY&SY", "bzip2"},
                                                         {"\xFD"
                                                          "7zXZ",
                                                          "xz"},
                                                         {"\x04\x22\x4D\x18", "lz4"},
                                                         {"PK\x03\x04", "zip"}};
  for (const auto& [magic, name] : formats) {
    const TemporaryFile file{test::text(magic)};
    EXPECT_EQ(read_all(file.path()).error,
              file.path() + ": is " + name + " data, which is not read; decompress it first");
  }
}

TEST(ByteStream, SaysWhyAFileCanNotBeOpened) {
  const TemporaryFile file{sample(10)};
  const std::string directory = std::filesystem::path{file.path()}.parent_path();
  EXPECT_EQ(read_all(directory).error, directory + ": is a directory");
  EXPECT_EQ(read_all(file.path() + "x").error, file.path() + "x: no such file");
  EXPECT_EQ(read_all(file.path() + "/x").error, file.path() + "/x: Not a directory");
  EXPECT_EQ(read_all("a\nb").error, "a?b: no such file");
  const TemporaryFile empty{Bytes{}};
  EXPECT_EQ(read_all(empty.path()).error, empty.path() + ": is empty");

  const uid_t user = ::geteuid();
  ASSERT_EQ(::chmod(file.path().c_str(), 0), 0);
  ASSERT_EQ(::seteuid(user == 0 ? 65534 : user), 0);  // root may read anything
  const std::string error = read_all(file.path()).error;
  ASSERT_EQ(::seteuid(user), 0);
  EXPECT_EQ(error, file.path() + ": no permission to read it");
}

TEST(ByteStream, PeeksWithoutTakingAnythingAway) {
  const Bytes content = sample(1000);
  for (const Bytes& stored : {content, gzip(content), zstd(content)}) {
    const TemporaryFile file{stored};
    ByteStream stream{file.path()};
    for (const std::size_t count : {4U, 2U, 16U, 3U}) {
      const auto seen = stream.peek(count);
      ASSERT_EQ(seen.size(), count);
      ASSERT_TRUE(std::equal(seen.begin(), seen.end(), content.begin()));
    }
    Bytes one(1);
    ASSERT_EQ(stream.read(one).count, 1U);
    ASSERT_EQ(stream.peek(4)[0], content[1]);
    Bytes rest(2000);
    ASSERT_EQ(stream.read(rest).count, 999U);
    rest.resize(999);
    EXPECT_TRUE(rest == Bytes(content.begin() + 1, content.end()));
    EXPECT_TRUE(stream.peek(4).empty());
  }
}

TEST(ByteStream, TellsProgress) {
  const Bytes stored = gzip(sample());
  const TemporaryFile file{stored};
  ByteStream stream{file.path()};
  EXPECT_EQ(stream.size_bytes(), stored.size());
  Bytes buffer(1'000'000);
  EXPECT_EQ(stream.read(buffer).count, 400'000U);
  EXPECT_EQ(stream.bytes_read(), stored.size());
}

TEST(ByteStream, DeliversTheSameBeforeDamageWhateverIsAskedFor) {
  for (Bytes stored : {zstd(sample()), gzip(sample()), zstd(sample(100)), gzip(sample(100))}) {
    for (const std::size_t damaged : {stored.size() / 2, stored.size() - 1}) {
      Bytes broken = stored;
      broken[damaged] ^= std::byte{0x55};
      const TemporaryFile file{broken};
      const Content whole = read_all(file.path(), 1'000'000);
      EXPECT_EQ(whole.end, ReadState::failed);
      for (const std::size_t chunk : {16U, 4'096U, 131'072U}) {
        const Content pieces = read_all(file.path(), chunk);
        EXPECT_TRUE(pieces.bytes == whole.bytes);
        EXPECT_EQ(pieces.error, whole.error);
      }
    }
  }
}

TEST(ByteStream, ReadsPipeAsItComesAndReportsSilence) {
  const TemporaryFile name{Bytes{}};
  const std::string path = name.path() + ".fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int keep = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(keep, 0);
  ASSERT_EQ(::write(keep, "abcdef", 6), 6);
  ByteStream stream{path};
  EXPECT_FALSE(stream.size_bytes().has_value());
  Bytes buffer(100);
  std::size_t count = stream.read(buffer).count;
  while (count < 6) count += stream.read(buffer).count;
  EXPECT_EQ(count, 6U);
  EXPECT_EQ(stream.read(buffer).state, ReadState::would_block);
  ASSERT_EQ(::write(keep, "g", 1), 1);
  EXPECT_EQ(stream.read(buffer).count, 1U);
  ::close(keep);
  EXPECT_EQ(stream.read(buffer).state, ReadState::end);
  ::unlink(path.c_str());
}

TEST(ByteStream, ReadsStandardInput) {
  const Bytes content = sample(300'000);
  const TemporaryFile file{zstd(content)};
  const int saved = ::dup(STDIN_FILENO);
  const int input = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(::dup2(input, STDIN_FILENO), 0);
  const Content read = read_all("-");
  if (saved >= 0) {
    ::dup2(saved, STDIN_FILENO);
    ::close(saved);
  }
  ::close(input);
  EXPECT_TRUE(read.bytes == content);
}

}  // namespace
}  // namespace tapeline::net

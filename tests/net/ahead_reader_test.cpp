#include "net/ahead_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "tests/net/temporary_file.hpp"

namespace tapeline::net {
namespace {

using test::Bytes;

// Gives `content` in pieces of at most `piece` bytes, then `last`.
class ScriptedReader final : public ByteReader {
 public:
  ScriptedReader(Bytes content, std::size_t piece, ReadState last)
      : content_{std::move(content)}, piece_{piece}, last_{last} {}

  [[nodiscard]] ReadResult read(std::span<std::byte> to) override {
    const std::size_t count = std::min({to.size(), piece_, content_.size() - at_});
    if (count == 0) {
      return last_ == ReadState::failed ? fail(0, "broken here") : ReadResult{0, last_};
    }
    std::memcpy(to.data(), content_.data() + at_, count);
    at_ += count;
    return {count, ReadState::ok};
  }
  [[nodiscard]] std::uint64_t offset() const noexcept override { return at_; }

 private:
  Bytes content_;
  std::size_t at_ = 0;
  std::size_t piece_;
  ReadState last_;
};

Bytes numbered(std::size_t count) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 251);
  return bytes;
}

struct Reading {
  Bytes bytes;
  ReadResult last;
  std::size_t short_reads = 0;
};

Reading read_all(ByteReader& reader, std::size_t step) {
  Reading reading;
  Bytes piece(step);
  for (;;) {
    reading.last = reader.read(piece);
    if (reading.last.count == 0) return reading;
    if (reading.last.count < step) ++reading.short_reads;
    reading.bytes.insert(reading.bytes.end(), piece.begin(),
                         piece.begin() + static_cast<std::ptrdiff_t>(reading.last.count));
  }
}

TEST(AheadReader, GivesTheSameBytesInWholePiecesHoweverTheyCome) {
  const Bytes content = numbered(3'000'000);  // more than the blocks hold
  for (const std::size_t piece : {std::size_t{999}, AheadReader::kBlockBytes}) {
    for (const std::size_t step : {std::size_t{1'000}, std::size_t{700'001}}) {
      AheadReader reader{std::make_unique<ScriptedReader>(content, piece, ReadState::end)};
      const Reading reading = read_all(reader, step);
      EXPECT_EQ(reading.bytes, content);
      EXPECT_EQ(reading.last.state, ReadState::end);
      EXPECT_LE(reading.short_reads, 1U);  // the last one
      Bytes more(1);
      EXPECT_EQ(reader.read(more).state, ReadState::end);  // and says so again
    }
  }
}

TEST(AheadReader, TellsADamageBehindEverythingInFrontOfIt) {
  const Bytes content = numbered(1'000'000);
  AheadReader reader{std::make_unique<ScriptedReader>(content, 5'000, ReadState::failed)};
  const Reading reading = read_all(reader, 4'096);
  EXPECT_EQ(reading.bytes, content);
  EXPECT_EQ(reading.last.state, ReadState::failed);
  EXPECT_EQ(reader.reason(), "broken here");
  EXPECT_EQ(reader.offset(), 1'000'000U);
  Bytes more(1);
  EXPECT_EQ(reader.read(more).state, ReadState::failed);
}

TEST(AheadReader, PassesOnThatThereIsNothingForTheMoment) {
  AheadReader reader{std::make_unique<ScriptedReader>(numbered(10), 10, ReadState::would_block)};
  Bytes bytes(100);
  EXPECT_EQ(reader.read(bytes).count, 10U);
  const ReadResult silent = reader.read(bytes);
  EXPECT_EQ(silent.count, 0U);
  EXPECT_EQ(silent.state, ReadState::would_block);
}

TEST(AheadReader, EndsWhileTheThreadHasMuchLeftToRead) {
  AheadReader reader{
      std::make_unique<ScriptedReader>(numbered(8'000'000), 100'000, ReadState::end)};
  Bytes bytes(10);
  EXPECT_EQ(reader.read(bytes).count, 10U);
}

TEST(AheadReader, EndsWhileAPipeIsSilent) {
  const AheadReader reader{std::make_unique<ScriptedReader>(Bytes{}, 1, ReadState::would_block)};
}

// The whole way: what a stream gives with the thread is what it gives without.
TEST(AheadReader, MakesNoDifferenceToACompressedStream) {
  const Bytes content = numbered(2'500'000);
  Bytes two = test::zstd(content);
  const Bytes skip = test::skippable_zstd_frame(33);
  two.insert(two.end(), skip.begin(), skip.end());
  const Bytes again = test::zstd(content);
  two.insert(two.end(), again.begin(), again.end());
  Bytes damaged = two;
  damaged[damaged.size() / 2] ^= std::byte{0x55};
  for (const Bytes& stored :
       {two, damaged, test::gzip(content), Bytes(two.begin(), two.end() - 9)}) {
    const test::TemporaryFile file{stored};
    std::vector<Bytes> contents;
    std::vector<std::string> errors;
    for (const bool ahead : {false, true}) {
      ByteStream stream{file.path(), {}, ahead};
      Bytes all;
      Bytes piece(50'000);
      for (;;) {
        const ReadResult result = stream.read(piece);
        all.insert(all.end(), piece.begin(),
                   piece.begin() + static_cast<std::ptrdiff_t>(result.count));
        if (result.state == ReadState::end || result.state == ReadState::failed) break;
      }
      contents.push_back(std::move(all));
      errors.push_back(stream.failed() ? stream.error().text() : "");
    }
    EXPECT_EQ(contents[0], contents[1]);
    EXPECT_EQ(errors[0], errors[1]);
  }
}

}  // namespace
}  // namespace tapeline::net

#include "codec/archive/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tapeline::codec::archive {
namespace {

using Bytes = std::vector<std::byte>;

Bytes random_bytes(std::size_t count, std::uint64_t seed = 1) {
  std::mt19937_64 random{seed};
  Bytes bytes(count);
  std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random()); });
  return bytes;
}

Bytes repetitive_bytes(std::size_t count) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i % 37 * (i % 3));
  return bytes;
}

Bytes compressed(FrameEncoder& encoder, const Bytes& content) {
  Bytes out(content.size() + content.size() / 100 + 256);
  const CompressResult result = encoder.compress(content, out);
  EXPECT_EQ(result.status, FrameStatus::ok);
  out.resize(result.frame_bytes);
  return out;
}

Bytes compressed(const Bytes& content) {
  FrameEncoder encoder;
  return compressed(encoder, content);
}

void append(Bytes& to, const Bytes& bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

// Decodes from and into memory of exactly these sizes.
std::pair<DecompressResult, Bytes> decompressed(const Bytes& bytes, std::size_t capacity) {
  FrameDecoder decoder;
  Bytes out(capacity);
  const DecompressResult result = decoder.decompress(bytes, out);
  if (result.status == FrameStatus::ok) out.resize(result.content_bytes);
  return {result, out};
}

TEST(ArchiveFrame, RoundTripsContentOfEverySize) {
  FrameEncoder encoder{3};
  for (const std::size_t size : {0U, 1U, 255U, 256U, 257U, 65'000U, 131'072U, 400'000U}) {
    for (const Bytes& content : {random_bytes(size), repetitive_bytes(size)}) {
      const Bytes frame = compressed(encoder, content);
      const auto [result, out] = decompressed(frame, size);
      EXPECT_EQ(result.status, FrameStatus::ok) << size;
      EXPECT_EQ(result.frame_bytes, frame.size());
      EXPECT_EQ(out, content) << size;
    }
  }
}

TEST(ArchiveFrame, CompressesRepetitiveContent) {
  EXPECT_LT(compressed(repetitive_bytes(65'536)).size(), 2'000U);
}

TEST(ArchiveFrame, SameContentGivesSameBytes) {
  FrameEncoder encoder;
  const Bytes content = repetitive_bytes(10'000);
  const Bytes first = compressed(encoder, content);
  static_cast<void>(compressed(encoder, random_bytes(5'000)));
  EXPECT_EQ(compressed(encoder, content), first);
}

TEST(ArchiveFrame, EachFrameReadsAloneAndInARow) {
  FrameEncoder encoder;
  const std::vector<Bytes> contents{repetitive_bytes(9'000), random_bytes(100), Bytes{},
                                    repetitive_bytes(9'000)};
  Bytes file;
  for (const Bytes& content : contents) append(file, compressed(encoder, content));

  std::size_t at = 0;
  for (const Bytes& content : contents) {
    const std::span<const std::byte> rest = std::span{file}.subspan(at);
    const FrameExtent extent = measure_frame(rest);
    ASSERT_EQ(extent.status, FrameStatus::ok);
    EXPECT_EQ(extent.kind, FrameKind::content);
    EXPECT_EQ(extent.content_bytes, content.size());
    FrameDecoder fresh;  // knows nothing of the frames before
    Bytes out(content.size());
    const DecompressResult result = fresh.decompress(rest, out);
    ASSERT_EQ(result.status, FrameStatus::ok);
    EXPECT_EQ(result.frame_bytes, extent.frame_bytes);
    EXPECT_EQ(out, content);
    at += result.frame_bytes;
  }
  EXPECT_EQ(at, file.size());
}

TEST(ArchiveFrame, TellsEveryTruncation) {
  const Bytes content = repetitive_bytes(3'000);
  const Bytes frame = compressed(content);
  for (std::size_t length = 0; length < frame.size(); ++length) {
    const Bytes cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(measure_frame(cut).status, FrameStatus::truncated) << length;
    EXPECT_EQ(decompressed(cut, content.size()).first.status, FrameStatus::truncated) << length;
  }
}

// A few bits of a frame carry nothing (one of the header is unused). Any other must be noticed.
TEST(ArchiveFrame, NoFlippedBitChangesContentUnnoticed) {
  for (const Bytes& content : {repetitive_bytes(700), random_bytes(80)}) {
    const Bytes frame = compressed(content);
    std::size_t noticed = 0;
    for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
      Bytes damaged = frame;
      damaged[bit / 8] ^= std::byte{1} << (bit % 8);
      const auto [result, out] = decompressed(damaged, 1 << 16);
      if (result.status != FrameStatus::ok) {
        ++noticed;
      } else {
        EXPECT_EQ(out, content) << bit;
      }
    }
    EXPECT_GE(noticed, frame.size() * 8 * 9 / 10);
  }
}

TEST(ArchiveFrame, FlippedContentIsCorruptAndCanBeSteppedOver) {
  const Bytes content = random_bytes(500);  // stored as it is, so only the checksum can tell
  Bytes frame = compressed(content);
  frame[frame.size() / 2] ^= std::byte{0x20};
  const auto [result, out] = decompressed(frame, content.size());
  EXPECT_EQ(result.status, FrameStatus::corrupt);
  EXPECT_EQ(result.frame_bytes, frame.size());
}

TEST(ArchiveFrame, TellsRoomNeededWithoutWriting) {
  const Bytes content = repetitive_bytes(3'000);
  const Bytes frame = compressed(content);
  const auto [result, out] = decompressed(frame, content.size() - 1);
  EXPECT_EQ(result.status, FrameStatus::no_room);
  EXPECT_EQ(result.content_bytes, content.size());
  EXPECT_EQ(result.frame_bytes, frame.size());
  EXPECT_EQ(out, Bytes(content.size() - 1));
}

TEST(ArchiveFrame, EncoderStopsAtTheEndOfItsOutput) {
  FrameEncoder encoder;
  const Bytes content = random_bytes(1'000);
  Bytes out(500);
  const CompressResult refused = encoder.compress(content, out);
  EXPECT_EQ(refused.status, FrameStatus::no_room);
  EXPECT_EQ(refused.frame_bytes, 0U);
  EXPECT_EQ(encoder.compress(content, {}).status, FrameStatus::no_room);
  EXPECT_EQ(decompressed(compressed(encoder, content), 1'000).second, content);
}

TEST(ArchiveFrame, LargestContentAlwaysFits) {
  for (const std::size_t capacity : {200U, 4'096U, 65'536U, 131'072U, 300'000U}) {
    const std::size_t largest = max_content_bytes(capacity);
    EXPECT_LT(largest, capacity);
    EXPECT_GT(largest, capacity - capacity / 200 - 100);
    for (const int level : {1, 3, -5}) {
      FrameEncoder encoder{level};
      Bytes out(capacity);
      EXPECT_EQ(encoder.compress(random_bytes(largest), out).status, FrameStatus::ok)
          << capacity << ' ' << level;
    }
  }
  EXPECT_EQ(max_content_bytes(0), 0U);
  EXPECT_EQ(max_content_bytes(10), 0U);
}

TEST(ArchiveFrame, MeasuresSkippableFrames) {
  Bytes skippable{std::byte{0x5E}, std::byte{0x2A}, std::byte{0x4D}, std::byte{0x18},
                  std::byte{3},    std::byte{0},    std::byte{0},    std::byte{0},
                  std::byte{'a'},  std::byte{'b'},  std::byte{'c'}};
  const FrameExtent extent = measure_frame(skippable);
  EXPECT_EQ(extent.status, FrameStatus::ok);
  EXPECT_EQ(extent.kind, FrameKind::skippable);
  EXPECT_EQ(extent.frame_bytes, 11U);
  EXPECT_EQ(extent.content_bytes, 3U);
  EXPECT_EQ(decompressed(skippable, 100).first.status, FrameStatus::unsupported);
  for (std::size_t length = 0; length < skippable.size(); ++length) {
    EXPECT_EQ(measure_frame(std::span{skippable}.first(length)).status, FrameStatus::truncated);
  }
  for (std::size_t i = 4; i < 8; ++i) skippable[i] = std::byte{0xFF};
  EXPECT_EQ(measure_frame(skippable).status, FrameStatus::truncated);
}

TEST(ArchiveFrame, RefusesForeignBytes) {
  EXPECT_EQ(measure_frame(Bytes(100)).status, FrameStatus::corrupt);
  EXPECT_EQ(measure_frame(Bytes{std::byte{0x1F}}).status, FrameStatus::corrupt);
  Bytes frame = compressed(repetitive_bytes(100));
  for (const unsigned old_format : {0x22U, 0x23U, 0x24U, 0x25U, 0x26U, 0x27U}) {
    frame[0] = static_cast<std::byte>(old_format);
    frame[1] = std::byte{0xB5};
    EXPECT_EQ(measure_frame(frame).status, FrameStatus::corrupt) << old_format;
  }
}

TEST(ArchiveFrame, RefusesFramesWithoutSizeOrChecksum) {
  Bytes frame = compressed(repetitive_bytes(100));
  frame[4] &= ~std::byte{0x04};
  EXPECT_EQ(measure_frame(frame).status, FrameStatus::unsupported);
  // Window descriptor of 1 KiB, no size, checksum; one empty last block; some checksum.
  const Bytes no_size{std::byte{0x28}, std::byte{0xB5}, std::byte{0x2F}, std::byte{0xFD},
                      std::byte{0x04}, std::byte{0x00}, std::byte{0x01}, std::byte{0x00},
                      std::byte{0x00}, std::byte{0x99}, std::byte{0xE9}, std::byte{0xD8},
                      std::byte{0x51}};
  EXPECT_EQ(measure_frame(no_size).status, FrameStatus::unsupported);
}

TEST(ArchiveFrame, AnnouncedSizeThatLiesIsCorrupt) {
  // 8-byte content size, one RLE block of 10 bytes: announces 5, announces 2^60.
  Bytes lying{std::byte{0x28}, std::byte{0xB5}, std::byte{0x2F}, std::byte{0xFD}, std::byte{0xE4},
              std::byte{5},    std::byte{0},    std::byte{0},    std::byte{0},    std::byte{0},
              std::byte{0},    std::byte{0},    std::byte{0},    std::byte{0x53}, std::byte{0},
              std::byte{0},    std::byte{'x'},  std::byte{1},    std::byte{2},    std::byte{3},
              std::byte{4}};
  EXPECT_EQ(decompressed(lying, 100).first.status, FrameStatus::corrupt);
  lying[12] = std::byte{0x10};
  const DecompressResult huge = decompressed(lying, 100).first;
  EXPECT_EQ(huge.status, FrameStatus::no_room);
  EXPECT_EQ(huge.content_bytes, (std::uint64_t{1} << 60U) + 5);
}

TEST(ArchiveFrame, RefusesLevelsThatDoNotExist) {
  EXPECT_THROW(FrameEncoder{1'000}, std::invalid_argument);
  EXPECT_NO_THROW(FrameEncoder{19});
}

}  // namespace
}  // namespace tapeline::codec::archive

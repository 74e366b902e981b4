#include "codec/archive/dictionary.hpp"

#include <gtest/gtest.h>
#include <zdict.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <span>
#include <stdexcept>
#include <vector>

#include "codec/archive/frame.hpp"
#include "codec/bytes.hpp"

namespace tapeline::codec::archive {
namespace {

using Bytes = std::vector<std::byte>;

// Records that share most of their bytes, so that a dictionary helps.
Bytes sample(std::uint64_t seed) {
  std::mt19937_64 random{seed};
  Bytes bytes;
  for (int i = 0; i < 8; ++i) {
    for (const char c : {'T', 'A', 'P', 'E', 'L', 'I', 'N', 'E', 'A', 'D', 'D', '-', 'O', 'R'}) {
      bytes.push_back(static_cast<std::byte>(c));
    }
    for (int k = 0; k < 6; ++k) bytes.push_back(static_cast<std::byte>(random() % 8));
  }
  return bytes;
}

Bytes trained(std::uint64_t seed) {
  Bytes samples;
  std::vector<std::size_t> sizes;
  for (std::uint64_t i = 0; i < 400; ++i) {
    const Bytes one = sample(seed + i);
    samples.insert(samples.end(), one.begin(), one.end());
    sizes.push_back(one.size());
  }
  Bytes dictionary(4'096);
  const std::size_t size =
      ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), samples.data(), sizes.data(),
                            static_cast<unsigned>(sizes.size()));
  EXPECT_EQ(ZDICT_isError(size), 0U) << ZDICT_getErrorName(size);
  dictionary.resize(size);
  return dictionary;
}

Bytes frame_of(const Bytes& dictionary) {
  const auto header = dictionary_frame_header(dictionary);
  Bytes frame(header.size() + dictionary.size());
  std::copy(header.begin(), header.end(), frame.begin());
  std::copy(dictionary.begin(), dictionary.end(),
            frame.begin() + static_cast<std::ptrdiff_t>(header.size()));
  return frame;
}

TEST(ArchiveDictionary, IsASkippableFrameAroundTheDictionary) {
  const Bytes dictionary = trained(1);
  EXPECT_NE(dictionary_id(dictionary), 0U);
  Bytes bytes = frame_of(dictionary);
  const FrameExtent extent = measure_frame(bytes);
  EXPECT_EQ(extent.kind, FrameKind::skippable);
  EXPECT_EQ(extent.frame_bytes, bytes.size());
  EXPECT_EQ(load_le<std::uint32_t>(bytes.data()), 0x184D2A56U);
  bytes.push_back(std::byte{'x'});
  const DictionaryFrame read = read_dictionary_frame(bytes);
  ASSERT_EQ(read.status, TableStatus::ok);
  EXPECT_EQ(read.frame_bytes, bytes.size() - 1);
  EXPECT_TRUE(std::ranges::equal(read.dictionary, dictionary));
}

TEST(ArchiveDictionary, EveryTruncationIsToldAsOne) {
  const Bytes whole = frame_of(trained(1));
  for (std::size_t length = 0; length < whole.size(); length += length < 16 ? 1 : 97) {
    const auto read = read_dictionary_frame(std::span{whole}.first(length));
    EXPECT_EQ(read.status, TableStatus::truncated) << length;
    EXPECT_EQ(read.frame_bytes, length < kDictionaryHeaderBytes ? 0 : whole.size());
  }
}

TEST(ArchiveDictionary, LengthThatLiesAndForeignBytesAreRefused) {
  const Bytes whole = frame_of(trained(1));
  Bytes frame = whole;
  store_le(frame.data() + 4, std::uint32_t{kMaxDictionaryBytes + 1});
  EXPECT_EQ(read_dictionary_frame(frame).status, TableStatus::corrupt);
  store_le(frame.data() + 4, std::uint32_t{7});
  EXPECT_EQ(read_dictionary_frame(frame).status, TableStatus::corrupt);
  frame = whole;
  frame[8] ^= std::byte{1};  // no dictionary any more
  EXPECT_EQ(read_dictionary_frame(frame).status, TableStatus::corrupt);
  frame = whole;
  frame[0] ^= std::byte{1};
  EXPECT_EQ(read_dictionary_frame(frame).status, TableStatus::foreign);
  EXPECT_EQ(dictionary_id(Bytes(kMaxDictionaryBytes + 1)), 0U);
  EXPECT_EQ(dictionary_id({}), 0U);
}

TEST(ArchiveDictionary, FramesAreReadWithTheirDictionaryOnly) {
  const Bytes dictionary = trained(1);
  const Bytes content = sample(99);
  FrameEncoder encoder{1, dictionary};
  Bytes frame(4'096);
  const CompressResult written = encoder.compress(content, frame);
  ASSERT_EQ(written.status, FrameStatus::ok);
  frame.resize(written.frame_bytes);
  EXPECT_EQ(measure_frame(frame).status, FrameStatus::ok);
  EXPECT_EQ(measure_frame(frame).dictionary_id, dictionary_id(dictionary));

  Bytes out(content.size());
  FrameDecoder with{dictionary};
  EXPECT_EQ(with.decompress(frame, out).status, FrameStatus::ok);
  EXPECT_EQ(out, content);
  FrameDecoder without;
  const DecompressResult refused = without.decompress(frame, out);
  EXPECT_EQ(refused.status, FrameStatus::unsupported);
  EXPECT_EQ(refused.frame_bytes, frame.size());
  const Bytes other = trained(1'000);
  ASSERT_NE(dictionary_id(other), dictionary_id(dictionary));
  EXPECT_EQ(FrameDecoder{other}.decompress(frame, out).status, FrameStatus::unsupported);
}

TEST(ArchiveDictionary, FramesWithoutADictionaryAreReadWithOneAtHand) {
  const Bytes content = sample(5);
  Bytes frame(4'096);
  frame.resize(FrameEncoder{}.compress(content, frame).frame_bytes);
  EXPECT_EQ(measure_frame(frame).dictionary_id, 0U);
  Bytes out(content.size());
  EXPECT_EQ(FrameDecoder{trained(1)}.decompress(frame, out).status, FrameStatus::ok);
  EXPECT_EQ(out, content);
}

TEST(ArchiveDictionary, BytesThatAreNoneAreRefusedByBothSides) {
  const Bytes content = sample(5);  // zstd would take it as a dictionary of raw content
  EXPECT_THROW((FrameEncoder{1, content}), std::invalid_argument);
  EXPECT_THROW(FrameDecoder{content}, std::invalid_argument);
  Bytes damaged = trained(1);
  for (std::size_t i = 8; i < 64; ++i) damaged[i] = std::byte{0xFF};  // its tables
  EXPECT_THROW(FrameDecoder{damaged}, std::invalid_argument);
}

}  // namespace
}  // namespace tapeline::codec::archive

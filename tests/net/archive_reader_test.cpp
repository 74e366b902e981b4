#include "net/archive_reader.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zdict.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "codec/capture/decoder.hpp"
#include "net/byte_stream.hpp"
#include "tests/net/archive_bytes.hpp"
#include "tests/net/temporary_file.hpp"

namespace tapeline::net {
namespace {

using test::ArchivedPacket;
using test::BuiltArchive;
using test::Bytes;
using test::TemporaryFile;

struct Reading {
  Bytes content;
  std::string error;
};

Reading read_all(ByteStream& stream) {
  Reading reading;
  Bytes piece(10'007);
  for (;;) {
    const ReadResult result = stream.read(piece);
    reading.content.insert(reading.content.end(), piece.begin(),
                           piece.begin() + static_cast<std::ptrdiff_t>(result.count));
    if (result.state == ReadState::failed) reading.error = stream.error().text();
    if (result.state != ReadState::ok) return reading;
  }
}

Reading read_all(const std::string& path, const TimeSpan& span = {}) {
  ByteStream stream{path, span};
  return read_all(stream);
}

using Packets = std::vector<std::pair<std::int64_t, Bytes>>;

// The packets of a capture, those outside of the span left out.
Packets packets_of(const Bytes& content, const TimeSpan& span) {
  Packets packets;
  codec::capture::Decoder decoder;
  std::span<const std::byte> rest{content};
  for (;;) {
    const codec::capture::Step step = decoder.next(rest);
    rest = rest.subspan(step.consumed);
    if (step.kind != codec::capture::StepKind::record) break;
    const auto& record = step.record;
    if (span.from && record.time_ns < *span.from) continue;
    if (span.to && record.time_ns >= *span.to) continue;
    packets.emplace_back(record.time_ns, Bytes{record.data.begin(), record.data.end()});
  }
  EXPECT_TRUE(decoder.finish(rest.size())) << decoder.fault().text();
  return packets;
}

// A file with the name of an archive that is being written.
class OpenFile {
 public:
  explicit OpenFile(std::span<const std::byte> bytes) : file_{bytes} {
    path_ = file_.path() + ".pcap.zst.open";
    std::filesystem::create_hard_link(file_.path(), path_);
  }
  ~OpenFile() { ::unlink(path_.c_str()); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  TemporaryFile file_;
  std::string path_;
};

TEST(ArchiveReader, GivesTheContentOfAllFrames) {
  const BuiltArchive built = test::build_archive(test::disordered_packets(3'000, 1, 5'000), 2'000);
  const TemporaryFile file{built.file};
  const Reading reading = read_all(file.path());
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.content, built.content);
}

TEST(ArchiveReader, GivesAllPacketsOfASpanWhereverItBeginsAndEnds) {
  for (const std::size_t large_bytes : {0U, 5'000U}) {
    const auto made = test::disordered_packets(600, 5, large_bytes);
    const BuiltArchive built = test::build_archive(made, 2'000);
    const TemporaryFile file{built.file};
    std::vector<std::optional<std::int64_t>> times{std::nullopt, 0, made.front().time,
                                                   made.back().time + 1'000'000};
    for (std::size_t i = 0; i < made.size(); i += 83) times.emplace_back(made[i].time);
    for (const auto& from : times) {
      for (const auto& to : times) {
        const TimeSpan span{from, to};
        const Reading reading = read_all(file.path(), span);
        EXPECT_EQ(reading.error, "");
        EXPECT_EQ(packets_of(reading.content, span), packets_of(built.content, span))
            << from.value_or(-1) << ' ' << to.value_or(-1);
      }
    }
  }
}

TEST(ArchiveReader, ReadsOnlyWhatHoldsTheSpan) {
  std::vector<ArchivedPacket> packets;
  for (int i = 0; i < 20'000; ++i) {
    packets.push_back(
        test::archived_packet(1'000'000'000 + i * 1'000, 900, static_cast<std::uint64_t>(i)));
  }
  const BuiltArchive built = test::build_archive(packets, 65'000);
  ASSERT_GT(built.file.size(), 18'000'000U);
  const TemporaryFile file{built.file};
  const std::int64_t from = 1'012'345'000;
  ByteStream stream{file.path(), {.from = from, .to = from + 10'000}};
  EXPECT_LT(stream.bytes_read(), 300'000U);  // the first packet is there
  const Reading reading = read_all(stream);
  EXPECT_EQ(packets_of(reading.content, {from, from + 10'000}).size(), 10U);
  EXPECT_LT(stream.bytes_read(), 400'000U);
}

TEST(ArchiveReader, OfAnOpenFileEndsBehindTheLastWholeFrame) {
  const BuiltArchive built = test::build_archive(test::disordered_packets(12, 2), 400);
  for (std::size_t bytes = 1; bytes <= built.frames_end; ++bytes) {
    const OpenFile file{std::span{built.file}.first(bytes)};
    const Reading reading = read_all(file.path());
    if (bytes < 4) continue;  // too short to tell what it is
    std::size_t frames = 0;
    std::size_t content = 0;
    while (frames < built.frames.size() && built.frame_ends[frames] <= bytes) {
      content += built.frames[frames++].content_bytes;
    }
    EXPECT_EQ(reading.error, "") << bytes;
    EXPECT_EQ(reading.content, Bytes(built.content.begin(),
                                     built.content.begin() + static_cast<std::ptrdiff_t>(content)))
        << bytes;
  }
}

TEST(ArchiveReader, DeliversWholeFramesInFrontOfADamagedOne) {
  const BuiltArchive built = test::build_archive(test::disordered_packets(200, 3), 1'500);
  Bytes damaged = built.file;
  const std::size_t frame = 4;
  damaged[(built.frame_ends[frame - 1] + built.frame_ends[frame]) / 2] ^= std::byte{0x40};
  const TemporaryFile file{damaged};
  const Reading reading = read_all(file.path());
  std::size_t content = 0;
  for (std::size_t i = 0; i < frame; ++i) content += built.frames[i].content_bytes;
  EXPECT_EQ(reading.content.size(), content);
  EXPECT_EQ(reading.error, file.path() + ": byte " + std::to_string(built.frame_ends[frame - 1]) +
                               ": damaged archive: the frame is corrupt");
}

TEST(ArchiveReader, GoesFromTheStartWhenTheIndexIsDamaged) {
  const BuiltArchive built = test::build_archive(test::disordered_packets(300, 6), 1'000);
  const TimeSpan span{.from = 1'000'080'000, .to = std::nullopt};
  for (std::size_t at = built.frames_end; at < built.file.size(); at += 41) {
    Bytes changed = built.file;
    changed[at] ^= std::byte{0x01};
    const TemporaryFile file{changed};
    const Reading reading = read_all(file.path(), span);
    // A file whose tables are not known for such is read as zstd reads it.
    EXPECT_EQ(packets_of(reading.content, span), packets_of(built.content, span)) << at;
  }
}

// An index with right checksums that does not fit the frames: advice that is not followed.
TEST(ArchiveReader, GoesFromTheStartWhenTheIndexNamesTheWrongPlace) {
  const auto packets = test::disordered_packets(300, 7);
  const BuiltArchive built = test::build_archive(packets, 1'000);
  const TimeSpan span{.from = packets[250].time, .to = std::nullopt};
  for (const auto& [shift, record] :
       {std::pair{5U, 0U}, std::pair{0U, 3U}, std::pair{0U, 900'000U}}) {
    codec::archive::FrameIndexBuilder index;
    codec::archive::SeekTableBuilder seek;
    for (codec::archive::FrameSummary frame : built.frames) {
      ASSERT_TRUE(seek.add(1, frame.content_bytes));
      if (frame.offset != 0) {
        frame.offset += shift;
        frame.first_record += record;
      }
      ASSERT_TRUE(index.add(frame));
    }
    Bytes bytes(built.file.begin(),
                built.file.begin() + static_cast<std::ptrdiff_t>(built.frames_end));
    std::size_t index_bytes = 0;
    for (const auto piece : index.pieces(built.frames_end)) {
      bytes.insert(bytes.end(), piece.begin(), piece.end());
      index_bytes += piece.size();
    }
    ASSERT_TRUE(seek.add(index_bytes, 0));
    for (const auto piece : seek.pieces()) bytes.insert(bytes.end(), piece.begin(), piece.end());
    const TemporaryFile file{bytes};
    const Reading reading = read_all(file.path(), span);
    EXPECT_EQ(reading.error, "");
    EXPECT_EQ(packets_of(reading.content, span), packets_of(built.content, span))
        << shift << ' ' << record;
  }
}

TEST(ArchiveReader, TakesTheDictionaryOutOfTheFile) {
  std::vector<ArchivedPacket> packets;
  Bytes samples;
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 600; ++i) {
    packets.push_back(
        test::archived_packet(1'000'000'000 + i, 60, static_cast<std::uint64_t>(9 + i % 5)));
    samples.insert(samples.end(), packets.back().datagram.begin(), packets.back().datagram.end());
    samples.push_back(static_cast<std::byte>(i));
    sizes.push_back(packets.back().datagram.size() + 1);
  }
  Bytes dictionary(2'048);
  const std::size_t trained =
      ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), samples.data(), sizes.data(),
                            static_cast<unsigned>(sizes.size()));
  ASSERT_EQ(ZDICT_isError(trained), 0U) << ZDICT_getErrorName(trained);
  dictionary.resize(trained);
  const BuiltArchive built = test::build_archive(packets, 1'000, dictionary);
  const TimeSpan span{.from = 1'000'000'400, .to = 1'000'000'500};
  {
    const TemporaryFile file{built.file};
    EXPECT_EQ(read_all(file.path()).content, built.content);
    EXPECT_EQ(packets_of(read_all(file.path(), span).content, span).size(), 100U);
  }
  // Without tables, too: it is known by the dictionary.
  const TemporaryFile file{std::span{built.file}.first(built.frames_end)};
  EXPECT_EQ(read_all(file.path()).content, built.content);
}

TEST(ArchiveReader, RefusesAFrameOfMoreThanItsBound) {
  // Zeros, so that a small frame announces a large content.
  BuiltArchive built = test::build_archive(test::disordered_packets(5, 8), 1'000);
  Bytes large(kMaxArchiveFrameBytes + 1);
  codec::archive::FrameEncoder encoder;
  Bytes out(std::size_t{1} << 20U);
  const std::size_t bytes = encoder.compress(large, out).frame_bytes;
  ASSERT_GT(bytes, 0U);
  Bytes file_bytes(built.file.begin(),
                   built.file.begin() + static_cast<std::ptrdiff_t>(built.frames_end));
  file_bytes.insert(file_bytes.end(), out.begin(),
                    out.begin() + static_cast<std::ptrdiff_t>(bytes));
  const OpenFile file{file_bytes};
  const Reading reading = read_all(file.path());
  EXPECT_EQ(reading.content, built.content);
  EXPECT_TRUE(reading.error.ends_with("a frame larger than 64 MiB")) << reading.error;
}

TEST(ArchiveReader, LeavesOtherZstdFilesToTheStreamingOne) {
  const Bytes content = test::text("nothing but a text");
  const TemporaryFile file{test::zstd(content)};
  FileReader reader{file.path()};
  EXPECT_EQ(make_archive_reader(reader, {}, false), nullptr);
  EXPECT_EQ(read_all(file.path(), {.from = 5, .to = 6}).content, content);
}

}  // namespace
}  // namespace tapeline::net

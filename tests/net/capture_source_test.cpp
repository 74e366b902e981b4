#include "net/capture_source.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "net/open_capture.hpp"
#include "tests/codec/capture/capture_file.hpp"
#include "tests/net/source_reading.hpp"
#include "tests/net/temporary_file.hpp"

namespace tapeline::net {
namespace {

namespace capture = codec::capture::test;
using codec::capture::LinkType;
using test::Bytes;
using test::drain;
using test::OwnedPacket;
using test::SerializationPool;
using test::small_pool;
using test::SourceReading;
using test::TemporaryFile;

constexpr capture::PcapFormat kNano{false, true};

Bytes payload_of(std::size_t size, std::size_t first) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(first * 7 + i);
  return bytes;
}

// A capture of packets with these payload sizes, and what is expected of it.
struct Made {
  Bytes file = capture::pcap_header(kNano, LinkType::ethernet);
  std::vector<OwnedPacket> packets;

  void add(std::size_t payload_size, std::uint16_t port = 26400, std::uint16_t line = 0) {
    const auto number = packets.size();
    const Bytes payload = payload_of(payload_size, number);
    const Bytes packet = capture::ip_packet(false, payload, port);
    const auto seconds = static_cast<std::uint32_t>(1000 + number);
    capture::add_record(file, kNano, seconds, 5,
                        capture::frame(LinkType::ethernet, 1, false, packet));
    packets.push_back({packet, payload, std::int64_t{seconds} * 1'000'000'000 + 5, line, 0});
  }
  void add_noise() {
    capture::add_record(file, kNano, 1, 1, payload_of(60, 1));  // no IP
  }
};

SourceReading read_file(const Bytes& content, SerializationPool& buffers,
                        const CaptureFilter& filter = {}) {
  const TemporaryFile file{content};
  CaptureSource source{ByteStream{file.path()}, buffers, filter};
  return drain(source);
}

SourceReading read_file(const Bytes& content, std::size_t buffer_bytes = std::size_t{128} * 1024,
                        const CaptureFilter& filter = {}) {
  SerializationPool buffers{small_pool(buffer_bytes)};
  return read_file(content, buffers, filter);
}

std::uint64_t counted(const PullSource& source, SourceCounter counter) {
  return source.counters().get(counter);
}

TEST(CaptureSource, DeliversEveryPacketAcrossBuffers) {
  std::mt19937 random{3};  // NOLINT: a fixed seed, so that a failure can be repeated
  Made made;
  for (int i = 0; i < 5000; ++i) {
    made.add(random() % 50 == 0 ? random() % 9000 : random() % 120);
    if (random() % 10 == 0) made.add_noise();
  }
  for (const std::size_t buffer_bytes : {std::size_t{16} * 1024, std::size_t{128} * 1024}) {
    const SourceReading reading = read_file(made.file, buffer_bytes);
    EXPECT_EQ(reading.state, SourceState::ended) << reading.error;
    EXPECT_TRUE(reading.packets == made.packets);
  }
  EXPECT_TRUE(read_file(test::gzip(made.file)).packets == made.packets);
  EXPECT_TRUE(read_file(test::zstd(made.file)).packets == made.packets);
}

TEST(CaptureSource, UsesBuffersWellForSmallAndForLargePackets) {
  for (const std::size_t size : {0U, 20U, 1400U, 9000U}) {
    Made made;
    while (made.file.size() < 4'000'000) made.add(size);
    const SourceReading reading = read_file(made.file);
    ASSERT_EQ(reading.packets.size(), made.packets.size());
    const std::size_t bytes = made.file.size() + made.packets.size() * sizeof(Packet);
    EXPECT_LE(reading.batches, bytes / (std::size_t{128} * 1024) * 5 / 4 + 4) << size;
  }
}

TEST(CaptureSource, NumbersLinesAndCountsThem) {
  Made made;
  for (std::uint16_t i = 0; i < 6; ++i) {
    made.add(10, static_cast<std::uint16_t>(5000 + i % 3), static_cast<std::uint16_t>(i % 3));
  }
  made.add_noise();
  const TemporaryFile file{made.file};
  SerializationPool buffers{small_pool()};
  CaptureSource source{ByteStream{file.path()}, buffers};
  EXPECT_EQ(source.size_bytes(), made.file.size());
  const SourceReading reading = drain(source);
  EXPECT_TRUE(reading.packets == made.packets);
  ASSERT_EQ(source.lines().size(), 3U);
  EXPECT_EQ(source.lines()[1].destination.text(), "239.0.0.1:5001");
  EXPECT_EQ(counted(source, SourceCounter::records), 7U);
  EXPECT_EQ(counted(source, SourceCounter::record_bytes), 6 * (18U + 28 + 10) + 60);
  EXPECT_EQ(counted(source, SourceCounter::packets), 6U);
  EXPECT_EQ(counted(source, SourceCounter::packet_bytes), 6 * 38U);
  EXPECT_EQ(counted(source, SourceCounter::non_ip), 1U);
  EXPECT_EQ(source.bytes_read(), made.file.size());
}

TEST(CaptureSource, FiltersByGroupAndPort) {
  Made made;
  for (std::uint16_t i = 0; i < 3000; ++i) made.add(500, static_cast<std::uint16_t>(i % 100));
  const TemporaryFile file{made.file};
  SerializationPool buffers{small_pool()};
  CaptureSource source{ByteStream{file.path()},
                       buffers,
                       {{{codec::capture::Address::from_text("239.0.0.1"), 7, 9}, {{}, 8, 2}}}};
  const SourceReading reading = drain(source);
  ASSERT_EQ(reading.packets.size(), 60U);
  EXPECT_EQ(reading.packets[0].line, 9);
  EXPECT_EQ(reading.packets[1].line, 2);
  EXPECT_EQ(counted(source, SourceCounter::filtered), 2940U);
}

TEST(CaptureSource, ReturnsFromLongStretchesWithoutPackets) {
  Made made;
  while (made.file.size() < 12'000'000) made.add(1400);
  const TemporaryFile file{made.file};
  SerializationPool buffers{small_pool()};
  CaptureSource source{ByteStream{file.path()}, buffers, {{{{}, 1, 0}}}};
  EXPECT_TRUE(source.next().empty());
  EXPECT_EQ(source.state(), SourceState::would_block);
  EXPECT_GT(counted(source, SourceCounter::filtered), 0U);
  EXPECT_EQ(drain(source).state, SourceState::ended);
  EXPECT_EQ(counted(source, SourceCounter::filtered), made.packets.size());
}

TEST(CaptureSource, DeliversEverythingInFrontOfTornEnd) {
  Made made;
  for (const std::size_t size : {30U, 0U, 100U}) made.add(size);
  const std::size_t record = 16 + 18 + 28;
  const std::size_t ends[] = {24, 24 + record + 30, 24 + 2 * record + 30, made.file.size()};
  SerializationPool buffers{small_pool(4096)};
  for (std::size_t size = 1; size <= made.file.size(); ++size) {
    Bytes part = made.file;
    part.resize(size);
    const SourceReading reading = read_file(part, buffers);
    const bool clean = std::find(std::begin(ends), std::end(ends), size) != std::end(ends);
    ASSERT_EQ(reading.state, clean ? SourceState::ended : SourceState::failed) << size;
    const auto complete = static_cast<std::size_t>(std::count_if(
        std::begin(ends) + 1, std::end(ends), [size](std::size_t end) { return end <= size; }));
    ASSERT_EQ(reading.packets.size(), complete);
    ASSERT_TRUE(std::equal(reading.packets.begin(), reading.packets.end(), made.packets.begin()));
  }
}

TEST(CaptureSource, SaysWhereAFileIsDamaged) {
  Made made;
  for (int i = 0; i < 1000; ++i) made.add(200);
  const std::size_t at = made.file.size();
  Bytes damaged = made.file;
  capture::append(damaged, capture::Writer{false}.u32(1).u32(1).u32(70'000'000).u32(1).bytes());
  for (const bool compressed : {false, true}) {
    const TemporaryFile file{compressed ? test::zstd(damaged) : damaged};
    SerializationPool buffers{small_pool()};
    CaptureSource source{ByteStream{file.path()}, buffers};
    const SourceReading reading = drain(source);
    EXPECT_TRUE(reading.packets == made.packets);
    EXPECT_EQ(reading.state, SourceState::failed);
    EXPECT_EQ(reading.error, file.path() + (compressed ? ": in the decompressed data: " : ": ") +
                                 "record at byte " + std::to_string(at) +
                                 ": captured length 70000000 exceeds 262144");
  }
}

TEST(CaptureSource, DeliversWhatATruncatedCompressedFileHolds) {
  Made made;
  for (int i = 0; i < 3000; ++i) made.add(300);
  for (const Bytes& whole : {test::gzip(made.file), test::zstd(made.file)}) {
    Bytes part = whole;
    part.resize(part.size() - 5);
    const SourceReading reading = read_file(part);
    EXPECT_EQ(reading.state, SourceState::failed);
    EXPECT_THAT(reading.error, testing::HasSubstr("unexpected end of"));
    EXPECT_GT(reading.packets.size(), 1000U);
    EXPECT_TRUE(std::equal(reading.packets.begin(), reading.packets.end(), made.packets.begin()));
  }
}

TEST(CaptureSource, PassesOverRecordsLongerThanABuffer) {
  Made made;
  made.add(100);
  capture::add_record(made.file, kNano, 1, 1, Bytes(262'144));
  made.add(65'000);  // just fits into what descriptors leave
  made.add(20);
  const TemporaryFile file{made.file};
  SerializationPool buffers{small_pool()};
  CaptureSource source{ByteStream{file.path()}, buffers};
  const SourceReading reading = drain(source);
  EXPECT_EQ(reading.state, SourceState::ended) << reading.error;
  EXPECT_TRUE(reading.packets == made.packets);
  EXPECT_EQ(counted(source, SourceCounter::oversized), 1U);
  EXPECT_EQ(counted(source, SourceCounter::records), 4U);
}

TEST(CaptureSource, TellsHowMuchACaptureCutOff) {
  const Bytes packet = capture::ip_packet(false, payload_of(200, 0));
  Bytes file = capture::pcap_header(kNano, LinkType::raw);
  const auto original = static_cast<std::uint32_t>(packet.size());
  for (const std::size_t snaplen : {96U, 64U, 20U}) {
    capture::add_record(file, kNano, 1, 1, std::span{packet}.first(snaplen), original);
  }
  const TemporaryFile stored{file};
  SerializationPool buffers{small_pool()};
  CaptureSource source{ByteStream{stored.path()}, buffers};
  const SourceReading reading = drain(source);
  ASSERT_EQ(reading.packets.size(), 2U);
  EXPECT_EQ(reading.packets[0].lost_bytes, original - 96);
  EXPECT_EQ(reading.packets[0].payload.size(), 96U - 28);
  EXPECT_EQ(reading.packets[1].lost_bytes, original - 64);
  EXPECT_EQ(counted(source, SourceCounter::cut_packets), 2U);
  EXPECT_EQ(counted(source, SourceCounter::cut_bytes), 2 * original - 96 - 64);
  EXPECT_EQ(counted(source, SourceCounter::truncated), 1U);
}

TEST(CaptureSource, CountsBackwardTimesAndCaptureLoss) {
  Bytes file = capture::section_block(false);
  capture::append(file, capture::interface_block(false, LinkType::raw));
  for (const std::uint64_t time : {5U, 6U, 4U, 4U, 7U, 1U}) {
    capture::append(
        file, capture::packet_block(false, 0, time, capture::ip_packet(true, payload_of(9, 1))));
  }
  const Bytes drops = capture::option(false, 5, capture::Writer{false}.u64(77).bytes());
  capture::append(
      file, capture::block(false, 5, capture::Writer{false}.u32(0).u64(0).raw(drops).bytes()));
  const TemporaryFile stored{file};
  SerializationPool buffers{small_pool()};
  CaptureSource source{ByteStream{stored.path()}, buffers};
  EXPECT_EQ(drain(source).packets.size(), 6U);
  EXPECT_EQ(counted(source, SourceCounter::backward_times), 2U);
  EXPECT_EQ(counted(source, SourceCounter::interface_drops), 77U);
}

TEST(CaptureSource, FailsWhenNoLinkTypeIsKnown) {
  Bytes file = capture::pcap_header(kNano, static_cast<LinkType>(147));
  capture::add_record(file, kNano, 1, 1, payload_of(60, 0));
  const SourceReading reading = read_file(file);
  EXPECT_EQ(reading.state, SourceState::failed);
  EXPECT_THAT(reading.error, testing::HasSubstr(": link type 147 is not supported"));
}

TEST(CaptureSource, WaitsWhileThePoolIsEmpty) {
  Made made;
  for (int i = 0; i < 2000; ++i) made.add(200);
  const TemporaryFile file{made.file};
  SerializationPool buffers{small_pool(std::size_t{16} * 1024, 1)};
  CaptureSource source{ByteStream{file.path()}, buffers};
  PacketBatch held = source.next();
  ASSERT_FALSE(held.empty());
  const std::size_t first = held.packets().size();
  EXPECT_TRUE(source.next().empty());
  EXPECT_EQ(source.state(), SourceState::would_block);
  held = {};
  const SourceReading reading = drain(source);
  EXPECT_EQ(reading.state, SourceState::ended);
  EXPECT_EQ(first + reading.packets.size(), made.packets.size());
  EXPECT_TRUE(std::equal(reading.packets.begin(), reading.packets.end(),
                         made.packets.begin() + static_cast<std::ptrdiff_t>(first)));
}

TEST(CaptureSource, HandsOnWhatAPipeHasGiven) {
  Made made;
  for (int i = 0; i < 3; ++i) made.add(50);
  const TemporaryFile name{Bytes{}};
  const std::string path = name.path() + ".fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int pipe = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  const std::size_t half = made.file.size() - 20;
  ASSERT_EQ(::write(pipe, made.file.data(), half), static_cast<ssize_t>(half));
  SerializationPool buffers{small_pool()};
  CaptureSource source{ByteStream{path}, buffers};
  std::size_t packets = source.next().packets().size();
  while (packets < 2) packets += source.next().packets().size();
  EXPECT_EQ(packets, 2U);
  EXPECT_TRUE(source.next().empty());
  EXPECT_EQ(source.state(), SourceState::would_block);
  ASSERT_EQ(::write(pipe, made.file.data() + half, 20), 20);
  ::close(pipe);
  const SourceReading reading = drain(source);
  EXPECT_EQ(reading.packets.size(), 1U);
  EXPECT_EQ(reading.state, SourceState::ended);
  ::unlink(path.c_str());
}

TEST(CaptureSource, SurvivesRandomDamage) {
  Made made;
  for (int i = 0; i < 60; ++i) made.add(static_cast<std::size_t>(i));
  std::mt19937 random{9};  // NOLINT: a fixed seed, so that a failure can be repeated
  SerializationPool buffers{small_pool(4096)};
  for (int round = 0; round < 300; ++round) {
    Bytes damaged = made.file;
    for (int flips = 0; flips < 5; ++flips) {
      damaged[random() % damaged.size()] ^= static_cast<std::byte>(1U << random() % 8);
    }
    const SourceReading reading = read_file(damaged, buffers);
    ASSERT_NE(reading.state, SourceState::would_block);
    ASSERT_LE(reading.packets.size(), damaged.size() / 44);
  }
}

// Folder of real captures; a file of it counts when it is there.
std::filesystem::path captures() {
  const char* const folder = std::getenv("TAPELINE_CAPTURES");  // NOLINT: no other thread runs
  return folder == nullptr ? "" : folder;
}

std::size_t packets_of(const std::filesystem::path& file, std::size_t lines) {
  SerializationPool buffers{small_pool()};
  const OpenedCapture opened = open_capture(file.string(), buffers);
  if (!opened.source) {
    ADD_FAILURE() << opened.error;
    return 0;
  }
  const SourceReading reading = drain(*opened.source);
  EXPECT_EQ(reading.state, SourceState::ended) << reading.error;
  EXPECT_EQ(opened.source->lines().size(), lines) << file;
  EXPECT_EQ(counted(*opened.source, SourceCounter::records), reading.packets.size()) << file;
  EXPECT_EQ(counted(*opened.source, SourceCounter::cut_packets), 0U);
  return reading.packets.size();
}

TEST(RealCaptures, HoldThePacketsThatTheirManifestLists) {
  if (captures().empty()) GTEST_SKIP() << "TAPELINE_CAPTURES is not set";
  std::ifstream manifest{captures() / "MANIFEST.md"};
  ASSERT_TRUE(manifest.is_open());
  std::size_t files = 0;
  for (std::string row; std::getline(manifest, row);) {
    if (row.rfind("| Nasdaq.", 0) != 0) continue;
    std::istringstream cells{row};
    std::string bar;
    std::string name;
    std::size_t packets = 0;
    cells >> bar >> name >> bar >> packets;
    EXPECT_EQ(packets_of(captures() / "nasdaq" / name, 1), packets) << name;
    ++files;
  }
  EXPECT_EQ(files, 23U);
}

TEST(RealCaptures, HoldKnownPacketsOfOtherVenues) {
  if (captures().empty()) GTEST_SKIP() << "TAPELINE_CAPTURES is not set";
  EXPECT_EQ(packets_of(captures() / "iex/TOPS16.pcapng.gz", 1), 13'022U);
  EXPECT_EQ(packets_of(captures() / "cme/Cme.Mdp3.Sbe.v6.1.pcap", 2), 10'000U);
  EXPECT_EQ(packets_of(captures() / "cboe/mcastpitch_realtime_useq.pcap", 2), 739U);
}

}  // namespace
}  // namespace tapeline::net

#include "net/itch_file_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "codec/bytes.hpp"
#include "codec/capture/datagram.hpp"
#include "codec/moldudp64/decoder.hpp"
#include "tests/net/source_reading.hpp"
#include "tests/net/temporary_file.hpp"

namespace tapeline::net {
namespace {

namespace moldudp64 = codec::moldudp64;
using test::Bytes;
using test::drain;
using test::SerializationPool;
using test::small_pool;
using test::SourceReading;
using test::TemporaryFile;

constexpr UnixNanos kMidnight = 1'700'000'000'000'000'000;

// A message of `size` bytes with this time since midnight, if it is long enough for one.
Bytes message(std::size_t size, std::uint64_t time, unsigned fill = 0) {
  Bytes bytes(size, static_cast<std::byte>(fill));
  bytes[0] = std::byte{'A'};
  if (size >= 11) codec::store_be48(bytes.data() + 5, time);
  return bytes;
}

void add_framed(Bytes& file, const Bytes& message) {
  file.push_back(static_cast<std::byte>(message.size() >> 8U));
  file.push_back(static_cast<std::byte>(message.size() & 0xFFU));
  file.insert(file.end(), message.begin(), message.end());
}

struct Unpacked {
  SourceReading reading;
  std::vector<Bytes> messages;
};

// Drains `source` and takes its datagrams apart, which must be in order and without gaps.
Unpacked unpack(PullSource& source, const moldudp64::Session& session) {
  Unpacked result{drain(source), {}};
  std::uint64_t expected = 1;
  for (const auto& packet : result.reading.packets) {
    codec::capture::Datagram datagram;
    EXPECT_EQ(codec::capture::parse_datagram(codec::capture::LinkType::raw, packet.datagram,
                                             static_cast<std::uint32_t>(packet.datagram.size()),
                                             datagram),
              codec::capture::SkipReason::none);
    EXPECT_EQ(datagram.source.text(), "127.0.0.1:26400");
    EXPECT_EQ(datagram.destination.text(), "239.0.0.1:26400");
    EXPECT_EQ(datagram.payload_bytes, packet.payload.size());
    const auto header = moldudp64::parse_header(packet.payload);
    EXPECT_EQ(header.status, moldudp64::PacketStatus::ok);
    EXPECT_TRUE(header.header.session == session);
    const auto status = moldudp64::for_each_message(
        packet.payload, [&](std::uint64_t sequence, std::span<const std::byte> bytes) {
          EXPECT_EQ(sequence, expected++);
          result.messages.emplace_back(bytes.begin(), bytes.end());
        });
    EXPECT_EQ(status, moldudp64::PacketStatus::ok);
  }
  return result;
}

ItchFileConfig config() {
  return {.session = moldudp64::Session::from_text("20240601"), .midnight_ns = kMidnight};
}

Unpacked read_file(const Bytes& content, const ItchFileConfig& settings = config(),
                   std::size_t buffer_bytes = std::size_t{128} * 1024) {
  const TemporaryFile file{content};
  SerializationPool buffers{small_pool(buffer_bytes)};
  ItchFileSource source{ByteStream{file.path()}, buffers, settings};
  return unpack(source, settings.session);
}

TEST(ItchFileSource, PacksEveryMessageInOrder) {
  std::mt19937 random{4};  // NOLINT: a fixed seed, so that a failure can be repeated
  Bytes file;
  std::vector<Bytes> messages;
  for (unsigned i = 0; i < 50'000; ++i) {
    messages.push_back(message(12 + random() % 39, i, i));
    add_framed(file, messages.back());
  }
  const Unpacked plain = read_file(file);
  EXPECT_EQ(plain.reading.state, SourceState::ended) << plain.reading.error;
  EXPECT_TRUE(plain.messages == messages);
  for (const auto& packet : plain.reading.packets) ASSERT_LE(packet.payload.size(), 1400U);
  EXPECT_LE(plain.reading.packets.size(), file.size() / 1300);

  // Neither compression nor the size of buffers makes a difference to the datagrams.
  EXPECT_TRUE(read_file(test::gzip(file)).reading.packets == plain.reading.packets);
  EXPECT_TRUE(read_file(test::zstd(file)).reading.packets == plain.reading.packets);
  EXPECT_TRUE(read_file(file, config(), std::size_t{8} * 1024).reading.packets ==
              plain.reading.packets);
}

TEST(ItchFileSource, TakesTimeOfFirstMessage) {
  Bytes file;
  add_framed(file, message(12, 34'200'000'000'123));
  add_framed(file, message(12, 34'200'000'000'999));
  const Unpacked result = read_file(file);
  ASSERT_EQ(result.reading.packets.size(), 1U);
  EXPECT_EQ(result.reading.packets[0].rx_time, kMidnight + 34'200'000'000'123);
}

TEST(ItchFileSource, KeepsLastTimeForMessagesWithoutOne) {
  Bytes file;
  ItchFileConfig settings = config();
  settings.payload_bytes = 64;
  add_framed(file, message(10, 0));
  for (int i = 0; i < 2; ++i) {
    add_framed(file, message(40, 500));
    add_framed(file, message(10, 0));
  }
  const Unpacked result = read_file(file, settings);
  ASSERT_EQ(result.reading.packets.size(), 5U);
  EXPECT_EQ(result.reading.packets[0].rx_time, kMidnight);
  EXPECT_EQ(result.reading.packets[2].rx_time, kMidnight + 500);
}

TEST(ItchFileSource, EndsDatagramWhereTimeMovesOn) {
  Bytes file;
  for (const std::uint64_t time : {0U, 400U, 1000U, 1001U, 1500U, 9000U}) {
    add_framed(file, message(20, time));
  }
  ItchFileConfig settings = config();
  settings.max_span_ns = 1000;
  const Unpacked result = read_file(file, settings);
  ASSERT_EQ(result.reading.packets.size(), 3U);
  EXPECT_EQ(result.reading.packets[1].rx_time, kMidnight + 1001);
  EXPECT_EQ(result.reading.packets[2].rx_time, kMidnight + 9000);
  EXPECT_EQ(result.messages.size(), 6U);
}

TEST(ItchFileSource, DeliversWholeMessagesOfFileThatEndsAtAnyByte) {
  Bytes file;
  std::vector<Bytes> messages;
  std::vector<std::size_t> ends{0};
  for (const std::size_t size : {12U, 36U, 11U, 50U}) {
    messages.push_back(message(size, size));
    add_framed(file, messages.back());
    ends.push_back(file.size());
  }
  SerializationPool buffers{small_pool()};
  for (std::size_t size = 1; size <= file.size(); ++size) {
    const TemporaryFile part{std::span{file}.first(size)};
    ItchFileSource source{ByteStream{part.path()}, buffers, config()};
    const Unpacked result = unpack(source, config().session);
    const auto after = std::upper_bound(ends.begin(), ends.end(), size);
    const auto complete = static_cast<std::size_t>(after - ends.begin()) - 1;
    ASSERT_EQ(result.messages.size(), complete);
    ASSERT_TRUE(std::equal(result.messages.begin(), result.messages.end(), messages.begin()));
    if (ends[complete] == size) {
      ASSERT_EQ(result.reading.state, SourceState::ended);
      continue;
    }
    const std::size_t left = size - ends[complete];
    const std::size_t needed = left < 2 ? 2 : 2 + messages[complete].size();
    ASSERT_EQ(result.reading.error, part.path() + ": message at byte " +
                                        std::to_string(ends[complete]) + ": truncated file, " +
                                        std::to_string(needed) + " bytes are needed and " +
                                        std::to_string(left) + " are there");
  }
}

TEST(ItchFileSource, PassesOverZeroLengths) {
  Bytes file;
  add_framed(file, {});
  add_framed(file, message(12, 1));
  add_framed(file, {});
  add_framed(file, {});
  add_framed(file, message(13, 2));
  add_framed(file, {});
  const TemporaryFile stored{file};
  SerializationPool buffers{small_pool()};
  ItchFileSource source{ByteStream{stored.path()}, buffers, config()};
  const Unpacked result = unpack(source, config().session);
  EXPECT_EQ(result.reading.state, SourceState::ended);
  EXPECT_THAT(result.messages, testing::ElementsAre(message(12, 1), message(13, 2)));
  EXPECT_EQ(result.reading.packets.size(), 1U);
  EXPECT_EQ(source.counters().get(SourceCounter::empty_messages), 4U);
  EXPECT_EQ(source.counters().get(SourceCounter::records), 2U);
  EXPECT_EQ(source.counters().get(SourceCounter::record_bytes), 25U);
}

TEST(ItchFileSource, SendsLongMessagesAloneAndRefusesImpossibleOnes) {
  Bytes file;
  std::vector<Bytes> messages;
  for (const std::size_t size : {20U, 1400U, 65'485U, 20U, 1378U, 1379U}) {
    messages.push_back(message(size, 1));
    add_framed(file, messages.back());
  }
  const std::size_t at = file.size();
  add_framed(file, message(65'486, 1));
  const Unpacked result = read_file(file);
  EXPECT_TRUE(result.messages == messages);
  EXPECT_EQ(result.reading.packets.size(), 6U);
  EXPECT_THAT(result.reading.error,
              testing::EndsWith(": message at byte " + std::to_string(at) +
                                ": length 65486 does not fit into a datagram"));
  const Unpacked small = read_file(file, config(), std::size_t{32} * 1024);
  EXPECT_EQ(small.messages.size(), 2U);
  EXPECT_THAT(small.reading.error, testing::HasSubstr("length 65485 does not fit"));
}

TEST(ItchFileSource, WaitsWhileThePoolIsEmpty) {
  Bytes file;
  for (int i = 0; i < 10'000; ++i) add_framed(file, message(40, 1));
  const TemporaryFile stored{file};
  SerializationPool buffers{small_pool(std::size_t{16} * 1024, 1)};
  ItchFileSource source{ByteStream{stored.path()}, buffers, config()};
  PacketBatch held = source.next();
  ASSERT_FALSE(held.empty());
  EXPECT_TRUE(source.next().empty());
  EXPECT_EQ(source.state(), SourceState::would_block);
  held = {};
  EXPECT_EQ(drain(source).state, SourceState::ended);
  EXPECT_EQ(source.counters().get(SourceCounter::records), 10'000U);
}

TEST(ItchFileSource, ReportsDamagedCompression) {
  Bytes file;
  for (int i = 0; i < 20'000; ++i) add_framed(file, message(40, static_cast<std::uint64_t>(i)));
  Bytes part = test::gzip(file);
  part.resize(part.size() / 2);
  const Unpacked result = read_file(part);
  EXPECT_GT(result.messages.size(), 1000U);
  EXPECT_THAT(result.reading.error, testing::HasSubstr("unexpected end of gzip data"));
}

TEST(ItchFileSource, ReadsHeadOfARealDay) {
  const char* const folder = std::getenv("TAPELINE_CAPTURES");  // NOLINT: no other thread runs
  if (folder == nullptr) GTEST_SKIP() << "TAPELINE_CAPTURES is not set";
  const std::filesystem::path nasdaq = std::filesystem::path{folder} / "nasdaq";
  SerializationPool buffers{small_pool()};
  ItchFileSource whole{ByteStream{(nasdaq / "head.itch").string()}, buffers, config()};
  EXPECT_EQ(unpack(whole, config().session).messages.size(), 1000U);
  EXPECT_EQ(whole.state(), SourceState::ended);
  ItchFileSource cut{ByteStream{(nasdaq / "head-cut.itch").string()}, buffers, config()};
  EXPECT_EQ(unpack(cut, config().session).messages.size(), 101U);
  EXPECT_THAT(cut.error(), testing::HasSubstr("message at byte 4081: truncated file"));
}

}  // namespace
}  // namespace tapeline::net

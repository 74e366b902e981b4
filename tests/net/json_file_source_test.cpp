#include "net/json_file_source.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/net/source_reading.hpp"
#include "tests/net/temporary_file.hpp"

namespace tapeline::net {
namespace {

using test::Bytes;
using test::SerializationPool;
using test::small_pool;
using test::TemporaryFile;

struct Lines {
  std::vector<std::string> texts;
  std::vector<UnixNanos> times;
  std::size_t batches = 0;
  SourceState state = SourceState::ready;
  std::string error;
};

// Takes everything; `keep` holds the batches until the end.
Lines take_all(JsonFileSource& source) {
  Lines lines;
  for (int blocked = 0; blocked < 1000;) {
    const PacketBatch batch = source.next();
    for (const Packet& packet : batch.packets()) {
      const auto payload = packet.payload();
      lines.texts.emplace_back(reinterpret_cast<const char*>(payload.data()), payload.size());
      lines.times.push_back(packet.rx_time);
      // What a parser may read behind the text: a fault would show under the address sanitizer.
      unsigned sum = 0;
      for (std::size_t i = 0; i < 64; ++i) {
        sum += std::to_integer<unsigned>(payload.data()[payload.size() + i]);
      }
      static_cast<void>(sum);
    }
    if (!batch.empty()) {
      ++lines.batches;
      continue;
    }
    if (source.state() != SourceState::would_block) break;
    ++blocked;
  }
  lines.state = source.state();
  lines.error = source.error();
  return lines;
}

Lines read_text(const std::string& content, const JsonFileConfig& config = {},
                std::size_t buffer_bytes = 4096) {
  const TemporaryFile file{test::text(content)};
  SerializationPool buffers{small_pool(buffer_bytes)};
  JsonFileSource source{ByteStream{file.path()}, buffers, config};
  return take_all(source);
}

TEST(JsonFileSource, LineIsAPacketWithItsReceiveTime) {
  const Lines lines = read_text(
      "wss://a.b <-> 5.5\n"
      "1618677817.061845: {\"a\":1}\r\n"
      "\n\r\n"
      "{\"b\":2}\n"
      "1723161600001658384 {\"c\":3}\n"
      "[4]");
  EXPECT_EQ(lines.texts,
            (std::vector<std::string>{"wss://a.b <-> 5.5", "1618677817.061845: {\"a\":1}",
                                      "{\"b\":2}", "1723161600001658384 {\"c\":3}", "[4]"}));
  EXPECT_EQ(lines.times, (std::vector<UnixNanos>{
                             5'500'000'000, 1'618'677'817'061'845'000, 1'618'677'817'061'845'000,
                             1'723'161'600'001'658'384, 1'723'161'600'001'658'384}));
  EXPECT_EQ(lines.state, SourceState::ended);
}

TEST(JsonFileSource, FileOfEmptyLinesHoldsNoPackets) {
  const Lines lines = read_text("\n\r\n\n");
  EXPECT_TRUE(lines.texts.empty());
  EXPECT_EQ(lines.state, SourceState::ended);
}

TEST(JsonFileSource, LinesOfAnyLengthComeWholeAndInOrder) {
  std::mt19937_64 random{5};
  const std::size_t lengths[] = {1,    2,    60,   300,  3000,   3775,
                                 3776, 3777, 3840, 5000, 70'000, 600'000};
  std::vector<std::string> expected;
  std::string content;
  for (int i = 0; i < 400; ++i) {
    const std::size_t most = lengths[random() % std::size(lengths)];
    std::string line(most > 10'000 && random() % 8 != 0 ? 100 : most, '1');
    for (char& c : line) c = static_cast<char>('!' + random() % 90);
    line.front() = '{';
    content += line + (random() % 3 == 0 ? "\r\n" : "\n");
    expected.push_back(std::move(line));
  }
  const TemporaryFile file{test::text(content)};
  SerializationPool buffers{small_pool(4096)};
  JsonFileSource source{ByteStream{file.path()}, buffers};
  const Lines lines = take_all(source);
  EXPECT_EQ(lines.texts, expected);
  EXPECT_EQ(lines.state, SourceState::ended);
  EXPECT_GT(source.counters().get(SourceCounter::large_records), 0U);
  EXPECT_EQ(source.counters().get(SourceCounter::oversized), 0U);
  EXPECT_EQ(source.counters().get(SourceCounter::packets), expected.size());
}

TEST(JsonFileSource, LineBeyondTheBoundIsCountedAndTheNextOneComes) {
  for (const std::size_t length : {10'001U, 300'000U, 2'000'000U}) {
    const TemporaryFile file{
        test::text("{\"a\":1}\n[" + std::string(length, '7') + "\n{\"b\":2}\n")};
    SerializationPool buffers{small_pool(4096)};
    JsonFileSource source{ByteStream{file.path()}, buffers, {.max_line_bytes = 10'000}};
    const Lines lines = take_all(source);
    EXPECT_EQ(lines.texts, (std::vector<std::string>{"{\"a\":1}", "{\"b\":2}"})) << length;
    EXPECT_EQ(source.counters().get(SourceCounter::oversized), 1U) << length;
    EXPECT_EQ(lines.state, SourceState::ended);
  }
}

TEST(JsonFileSource, UnendedLineBeyondTheBoundIsCounted) {
  const TemporaryFile file{test::text("{}\n[" + std::string(500'000, '7'))};
  SerializationPool buffers{small_pool(4096)};
  JsonFileSource source{ByteStream{file.path()}, buffers, {.max_line_bytes = 10'000}};
  EXPECT_EQ(take_all(source).texts, (std::vector<std::string>{"{}"}));
  EXPECT_EQ(source.counters().get(SourceCounter::oversized), 1U);
}

TEST(JsonFileSource, HeldLargeLinesAreBounded) {
  const std::string large(20'000, '8');
  const TemporaryFile file{test::text("[" + large + "\n[" + large + "\n[" + large + "\n")};
  SerializationPool buffers{small_pool(4096)};
  JsonFileSource source{ByteStream{file.path()}, buffers, {.max_large_bytes = 50'000}};
  PacketBatch first = source.next();
  PacketBatch second = source.next();
  ASSERT_FALSE(first.empty() || second.empty());
  EXPECT_TRUE(source.next().empty());
  EXPECT_EQ(source.state(), SourceState::would_block);
  first = {};
  EXPECT_FALSE(source.next().empty());
  EXPECT_EQ(second.packets()[0].payload().size(), large.size() + 1);
}

TEST(JsonFileSource, EmptyPoolIsWaitedFor) {
  const TemporaryFile file{test::text("{}\n")};
  SerializationPool buffers{small_pool(4096, 1)};
  JsonFileSource source{ByteStream{file.path()}, buffers};
  pool::SerializationGuard taken = buffers.try_acquire();
  EXPECT_TRUE(source.next().empty());
  EXPECT_EQ(source.state(), SourceState::would_block);
  taken.release();
  EXPECT_EQ(take_all(source).texts, (std::vector<std::string>{"{}"}));
}

TEST(JsonFileSource, DamageIsToldBehindTheLastLine) {
  std::string content;
  for (int i = 0; i < 2000; ++i) content += "{\"n\":" + std::to_string(i * 7919) + "}\n";
  Bytes packed = test::gzip(test::text(content));
  packed.resize(packed.size() / 2);
  const TemporaryFile file{packed};
  SerializationPool buffers{small_pool(4096)};
  JsonFileSource source{ByteStream{file.path()}, buffers};
  const Lines lines = take_all(source);
  EXPECT_GT(lines.texts.size(), 100U);
  EXPECT_EQ(lines.state, SourceState::failed);
  EXPECT_FALSE(lines.error.empty());
}

TEST(JsonFileSource, TimesThatGoBackAreCounted) {
  const TemporaryFile file{test::text("5.0: {}\n4.0: {}\n6.0: {}\n")};
  SerializationPool buffers{small_pool(4096)};
  JsonFileSource source{ByteStream{file.path()}, buffers};
  EXPECT_EQ(take_all(source).texts.size(), 3U);
  EXPECT_EQ(source.counters().get(SourceCounter::backward_times), 1U);
}

}  // namespace
}  // namespace tapeline::net

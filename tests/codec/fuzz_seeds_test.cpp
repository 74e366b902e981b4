// The seeds of the codec's fuzz targets, made by our encoders. With TAPELINE_WRITE_SEEDS set in the
// environment they are written to tests/fuzz/corpus; otherwise what lies there is checked to lead
// the fuzzers where it should.

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/archive/frame.hpp"
#include "codec/archive/frame_index.hpp"
#include "codec/archive/seek_table.hpp"
#include "codec/iex/messages.hpp"
#include "codec/iextp/decoder.hpp"
#include "codec/iextp/encoder.hpp"
#include "codec/itch/decoder.hpp"
#include "codec/moldudp64/decoder.hpp"
#include "codec/moldudp64/encoder.hpp"
#include "tests/codec/iex/vectors.hpp"
#include "tests/codec/itch/vectors.hpp"
#include "tests/codec/json/golden.hpp"
#include "tests/net/archive_bytes.hpp"

namespace tapeline::codec {
namespace {

using Bytes = std::vector<std::byte>;
using Seeds = std::map<std::string, Bytes>;

Bytes copy(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

Seeds itch_seeds() {
  Seeds seeds;
  for (const auto& vector : itch::test::kVectors) {
    seeds[std::string{vector.name}] = itch::test::from_hex(vector.hex);
  }
  seeds["longer"] = itch::test::from_hex(itch::test::kAddOrder);
  seeds["longer"].resize(60);
  seeds["shorter"] = itch::test::from_hex(itch::test::kOrderDelete);
  seeds["shorter"].pop_back();
  return seeds;
}

Seeds moldudp64_seeds() {
  Seeds seeds;
  Bytes out(1'472);
  const auto session = moldudp64::Session::from_text("000010059B");
  moldudp64::PacketBuilder builder{out};
  builder.start(session, 14'757'721);
  for (const auto& [name, message] : itch_seeds()) EXPECT_TRUE(builder.try_add(message)) << name;
  seeds["every_type"] = copy(builder.finish());
  builder.start(session, 0);
  EXPECT_TRUE(builder.try_add({}));
  EXPECT_TRUE(builder.try_add(itch::test::from_hex(itch::test::kTrade)));
  seeds["unsequenced"] = copy(builder.finish());
  seeds["truncated"] = seeds["unsequenced"];
  seeds["truncated"].pop_back();
  seeds["trailing"] = seeds["unsequenced"];
  seeds["trailing"].push_back(std::byte{0});
  builder.start(session, ~std::uint64_t{0});
  EXPECT_TRUE(builder.try_add({}));
  seeds["overflow"] = copy(builder.finish());
  seeds["heartbeat"] = copy(std::span{out}.first(moldudp64::write_heartbeat(out, session, 3)));
  seeds["end"] = copy(std::span{out}.first(moldudp64::write_end_of_session(out, session, 3)));
  return seeds;
}

Seeds iex_seeds() {
  Seeds seeds;
  for (const auto& vector : iex::test::kVectors) {
    seeds[std::string{vector.name}] = iex::test::from_hex(vector.hex);
  }
  seeds["longer"] = iex::test::from_hex(iex::test::kQuoteUpdate);
  seeds["longer"].resize(60);
  seeds["shorter"] = iex::test::from_hex(iex::test::kTradeReport);
  seeds["shorter"].pop_back();
  return seeds;
}

Seeds iextp_seeds() {
  Seeds seeds;
  Bytes out(1'500);
  const auto session = iextp::Session::from(iextp::Protocol::tops, 1, 1'150'681'088);
  const std::uint64_t time = 1'517'065'700'931'793'219;
  iextp::SegmentBuilder builder{out};
  builder.start(session, 49'821, 1'639'902);
  for (const auto& [name, message] : iex_seeds()) EXPECT_TRUE(builder.try_add(message)) << name;
  seeds["every_type"] = copy(builder.finish(time));
  builder.start(session, 0, 0);
  EXPECT_TRUE(builder.try_add({}));
  EXPECT_TRUE(builder.try_add(iex::test::from_hex(iex::test::kTradeReport)));
  const Bytes two = copy(builder.finish(time));
  const auto changed = [](Bytes bytes, std::size_t offset, std::uint8_t value) {
    bytes.at(offset) = std::byte{value};
    return bytes;
  };
  seeds["unsequenced"] = two;
  seeds["truncated"] = two;
  seeds["truncated"].pop_back();
  seeds["padded"] = two;
  seeds["padded"].push_back(std::byte{0});
  seeds["too_many"] = changed(two, 14, 3);
  seeds["too_few"] = changed(two, 14, 1);
  seeds["other_version"] = changed(two, 0, 2);
  seeds["negative"] = changed(two, 31, 0x80);
  builder.start(session, 3, 44);
  seeds["heartbeat"] = copy(builder.finish(time));
  return seeds;
}

Seeds archive_seeds() {
  Seeds seeds;
  archive::FrameEncoder encoder;
  Bytes out(8'192);
  Bytes text;
  for (int i = 0; i < 20; ++i) {
    for (const auto& [name, message] : itch_seeds()) {
      text.insert(text.end(), message.begin(), message.end());
    }
  }
  const auto frame = [&](std::span<const std::byte> content) {
    const auto result = encoder.compress(content, out);
    EXPECT_EQ(result.status, archive::FrameStatus::ok);
    return copy(std::span{out}.first(result.frame_bytes));
  };
  seeds["empty_content"] = frame({});
  seeds["stored"] = frame(std::span{text}.first(20));
  seeds["compressed"] = frame(text);
  Bytes& row = seeds["row"];
  for (const char* const name : {"stored", "empty_content", "compressed"}) {
    row.insert(row.end(), seeds[name].begin(), seeds[name].end());
  }
  Bytes skippable(8 + 5);
  store_le(skippable.data(), std::uint32_t{0x184D2A5E});
  store_le(skippable.data() + 4, std::uint32_t{5});
  row.insert(row.end(), skippable.begin(), skippable.end());
  seeds["skippable"] = skippable;
  return seeds;
}

Seeds archive_table_seeds() {
  Seeds seeds;
  archive::FrameIndexBuilder index;
  archive::SeekTableBuilder seek;
  for (std::uint32_t i = 0; i < 3; ++i) {
    archive::FrameSummary frame{.offset = i * 100, .content_bytes = 300, .packets = i};
    frame.messages = 2 * i;
    frame.earliest_ns = 1'000 * i;
    frame.latest_ns = 1'000 * i + 500;
    frame.span_count = i;
    for (std::uint32_t k = 0; k < i; ++k) {
      frame.spans[k] = {{archive::IndexFraming::moldudp64, {static_cast<char>('A' + k)}}, 5, 9};
    }
    EXPECT_TRUE(index.add(frame));
    EXPECT_TRUE(seek.add(100, 300));
  }
  index.add(250, archive::LossNote{.session = {'A'}, .first = 9, .last_exclusive = 12});
  index.add(280, archive::OutageNote{.packets = 4, .first_time_ns = 1, .last_time_ns = 2});
  const auto join = [](const auto& pieces) {
    Bytes bytes;
    for (const auto piece : pieces) bytes.insert(bytes.end(), piece.begin(), piece.end());
    return bytes;
  };
  seeds["index"] = join(index.pieces(300));
  seeds["seek_table"] = join(seek.pieces());
  seeds["truncated"] = seeds["index"];
  seeds["truncated"].pop_back();
  seeds["other_version"] = seeds["index"];
  seeds["other_version"].at(15) = std::byte{'2'};
  return seeds;
}

Seeds archive_file_seeds() {
  Seeds seeds;
  const auto built = net::test::build_archive(net::test::disordered_packets(12, 1, 900), 400);
  seeds["whole"] = built.file;
  seeds["torn"] = copy(std::span{built.file}.first(built.frames_end - 7));
  seeds["no_tables"] = copy(std::span{built.file}.first(built.frames_end));
  seeds["damaged"] = built.file;
  seeds["damaged"].at(built.frames_end / 2) ^= std::byte{1};
  seeds["bad_index"] = built.file;
  seeds["bad_index"].at(built.frames_end + 40) ^= std::byte{1};
  return seeds;
}

Bytes bytes_of(std::string_view text) { return copy(std::as_bytes(std::span{text})); }

Seeds json_seeds() {
  Seeds seeds;
  for (const json::test::Golden& golden : json::test::kGolden) {
    seeds[std::string{golden.name}] = bytes_of(golden.text);
  }
  return seeds;
}

Seeds recorded_line_seeds() {
  return {
      {"connected", bytes_of("wss://ws.kraken.com <-> 1618678132.3858151")},
      {"sent", bytes_of("wss://ws.kraken.com <- 1618678132.8253062: {\"event\":\"subscribe\"}")},
      {"answer", bytes_of("https://api.binance.com/api/v3/depth?symbol=NKNUSDT&limit=1000 -> "
                          "1633998512.320639: {\"lastUpdateId\":1}")},
      {"product", bytes_of("https://api.exchange.coinbase.com/products/BTC-USD/book -> 1: []")},
      {"received", bytes_of("1618678133.37: [1,2]\r\n")},
      {"stamped", bytes_of("1723161600001658384 {\"a\":1}")},
      {"bare", bytes_of("{\"a\": 1}")},
      {"last_time", bytes_of("9223372036.854775807: {}")},
  };
}

std::filesystem::path folder(const std::string& target) {
  return std::filesystem::path{TAPELINE_FUZZ_CORPUS} / target;
}

// Returns true if the seeds were written instead of being left alone.
bool write_if_asked(const std::string& target, const Seeds& seeds) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the tests have one thread
  if (std::getenv("TAPELINE_WRITE_SEEDS") == nullptr) return false;
  std::filesystem::create_directories(folder(target));
  for (const auto& [name, bytes] : seeds) {
    std::ofstream file{folder(target) / name, std::ios::binary};
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    EXPECT_TRUE(file.good()) << name;
  }
  return true;
}

Bytes read(const std::string& target, const std::string& name) {
  std::ifstream file{folder(target) / name, std::ios::binary};
  EXPECT_TRUE(file.good()) << target << '/' << name;
  const std::string content{std::istreambuf_iterator<char>{file}, {}};
  return copy(std::as_bytes(std::span{content}));
}

TEST(FuzzSeeds, OfItchAreWhatTheEncoderWrites) {
  const Seeds seeds = itch_seeds();
  if (write_if_asked("itch", seeds)) GTEST_SKIP() << "written";
  std::set<char> types;
  for (const auto& [name, bytes] : seeds) {
    EXPECT_EQ(read("itch", name), bytes) << name;
    types.insert(static_cast<char>(bytes.front()));
  }
  EXPECT_EQ(types.size(), itch::kMessageTypes.size());
}

TEST(FuzzSeeds, OfMoldUdp64AreWhatTheEncoderWrites) {
  const Seeds seeds = moldudp64_seeds();
  if (write_if_asked("moldudp64", seeds)) GTEST_SKIP() << "written";
  std::set<moldudp64::PacketStatus> reached;
  for (const auto& [name, bytes] : seeds) {
    EXPECT_EQ(read("moldudp64", name), bytes) << name;
    reached.insert(moldudp64::for_each_message(bytes, [](auto, auto) {}));
  }
  EXPECT_EQ(reached.size(), 6U);
}

TEST(FuzzSeeds, OfIexAreWhatTheEncoderWrites) {
  const Seeds seeds = iex_seeds();
  if (write_if_asked("iex", seeds)) GTEST_SKIP() << "written";
  std::set<char> types;
  for (const auto& [name, bytes] : seeds) {
    EXPECT_EQ(read("iex", name), bytes) << name;
    types.insert(static_cast<char>(bytes.front()));
  }
  EXPECT_EQ(types.size(), iex::kMessageTypes.size());
}

TEST(FuzzSeeds, OfIexTpAreWhatTheEncoderWrites) {
  const Seeds seeds = iextp_seeds();
  if (write_if_asked("iextp", seeds)) GTEST_SKIP() << "written";
  std::set<iextp::PacketStatus> reached;
  for (const auto& [name, bytes] : seeds) {
    EXPECT_EQ(read("iextp", name), bytes) << name;
    reached.insert(iextp::for_each_message(bytes, [](auto, auto) {}));
  }
  EXPECT_EQ(reached.size(), 8U);
}

TEST(FuzzSeeds, OfJsonAreTheGoldenDocuments) {
  const Seeds documents = json_seeds();
  const Seeds lines = recorded_line_seeds();
  const bool is_written = write_if_asked("json", documents);
  if (write_if_asked("recorded_line", lines) && is_written) GTEST_SKIP() << "written";
  for (const auto& [name, bytes] : documents) EXPECT_EQ(read("json", name), bytes) << name;
  for (const auto& [name, bytes] : lines) EXPECT_EQ(read("recorded_line", name), bytes) << name;
}

// The bytes of a frame may differ between versions of zstd; the content may not.
TEST(FuzzSeeds, OfArchiveFramesHoldWhatTheEncoderPutIn) {
  const Seeds seeds = archive_seeds();
  if (write_if_asked("archive_frame", seeds)) GTEST_SKIP() << "written";
  archive::FrameDecoder decoder;
  Bytes expected(65'536);
  Bytes out(65'536);
  for (const auto& [name, bytes] : seeds) {
    const auto made = decoder.decompress(bytes, expected);
    const auto stored = decoder.decompress(read("archive_frame", name), out);
    EXPECT_EQ(stored.status, made.status) << name;
    EXPECT_EQ(stored.content_bytes, made.content_bytes) << name;
    EXPECT_EQ(out, expected) << name;
  }
}

TEST(FuzzSeeds, OfArchiveTablesAreWhatTheBuildersWrite) {
  const Seeds seeds = archive_table_seeds();
  if (write_if_asked("archive_tables", seeds)) GTEST_SKIP() << "written";
  for (const auto& [name, bytes] : seeds) EXPECT_EQ(read("archive_tables", name), bytes) << name;
}

// The bytes of their frames may differ between versions of zstd; the tables are there.
TEST(FuzzSeeds, OfArchiveFilesHaveTheirTables) {
  const Seeds seeds = archive_file_seeds();
  if (write_if_asked("archive_file", seeds)) GTEST_SKIP() << "written";
  for (const auto& [name, bytes] : seeds) {
    const Bytes stored = read("archive_file", name);
    EXPECT_EQ(archive::read_seek_footer(stored).status, archive::read_seek_footer(bytes).status)
        << name;
  }
}

}  // namespace
}  // namespace tapeline::codec

#include "net/merged_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

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
using test::SerializationPool;
using test::small_pool;
using test::TemporaryFile;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr capture::PcapFormat kFormat = capture::kPcapFormats[0];

struct Planned {
  std::uint32_t second = 0;
  std::string payload;
};

Bytes pcap(const std::vector<Planned>& packets) {
  Bytes file = capture::pcap_header(kFormat, LinkType::raw);
  for (const Planned& packet : packets) {
    capture::add_record(file, kFormat, packet.second, 0,
                        capture::ip_packet(false, test::text(packet.payload)));
  }
  return file;
}

// Files, and what was read of their merged packets.
class Merging {
 public:
  explicit Merging(std::uint32_t buffers = 16) : pool_{small_pool(16 * 1024, buffers)} {}

  Merging& add(const Bytes& content, std::uint16_t tag = 0, bool has_times = true) {
    files_.push_back(std::make_unique<TemporaryFile>(content));
    OpenedCapture opened = open_capture(files_.back()->path(), pool_);
    EXPECT_EQ(opened.error, "");
    inputs_.push_back({std::move(opened.source), tag, has_times});
    return *this;
  }
  void look_ahead(std::uint16_t tag) {
    source_ = std::make_unique<MergedSource>(std::move(inputs_), pool_);
    while (!source_->look_ahead(tag)) {
    }
  }
  std::vector<std::string> read() {
    if (source_ == nullptr) source_ = std::make_unique<MergedSource>(std::move(inputs_), pool_);
    reading_ = drain(*source_);
    std::vector<std::string> payloads;
    for (const auto& packet : reading_.packets) {
      payloads.emplace_back(reinterpret_cast<const char*>(packet.payload.data()),
                            packet.payload.size());
    }
    return payloads;
  }
  [[nodiscard]] const MergedSource& source() const { return *source_; }
  [[nodiscard]] const test::SourceReading& reading() const { return reading_; }

 private:
  SerializationPool pool_;
  std::vector<std::unique_ptr<TemporaryFile>> files_;
  std::vector<MergeInput> inputs_;
  std::unique_ptr<MergedSource> source_;
  test::SourceReading reading_;
};

TEST(MergedSource, DeliversInTheOrderOfTimes) {
  Merging merging;
  merging.add(pcap({{1, "a"}, {4, "d"}, {5, "e"}})).add(pcap({{2, "b"}, {3, "c"}, {6, "f"}}));
  EXPECT_THAT(merging.read(), ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_EQ(merging.reading().state, SourceState::ended);
}

TEST(MergedSource, TakesEqualTimesInTheOrderOfTheFiles) {
  Merging merging;
  merging.add(pcap({{1, "a1"}, {2, "a2"}})).add(pcap({{1, "b1"}, {2, "b2"}})).add(pcap({{1, "c"}}));
  EXPECT_THAT(merging.read(), ElementsAre("a1", "b1", "c", "a2", "b2"));
}

TEST(MergedSource, DoesNotReorderInsideAFile) {
  Merging merging;
  merging.add(pcap({{5, "a"}, {1, "b"}})).add(pcap({{2, "c"}, {6, "d"}}));
  EXPECT_THAT(merging.read(), ElementsAre("c", "a", "b", "d"));
}

TEST(MergedSource, DeliversAFileWithoutTimesInItsPlace) {
  Merging merging;
  merging.add(pcap({{7, "a"}})).add(pcap({{6, "b"}}));
  merging.add(pcap({{1, "c"}, {9, "d"}}), 0, false);
  merging.add(pcap({{3, "e"}})).add(pcap({{2, "f"}}));
  EXPECT_THAT(merging.read(), ElementsAre("b", "a", "c", "d", "f", "e"));
}

// Which batches begin a file behind the end of all before it.
TEST(MergedSource, SaysWhenAFileBeginsAfterAllOthersHaveEnded) {
  auto buffers = small_pool(16 * 1024, 16);
  SerializationPool pool{buffers};
  const TemporaryFile monday_a{pcap({{1, "a"}, {3, "c"}})};
  const TemporaryFile monday_b{pcap({{2, "b"}, {4, "d"}})};
  const TemporaryFile tuesday{pcap({{9, "e"}, {10, "f"}})};
  std::vector<MergeInput> inputs;
  for (const TemporaryFile* file : {&tuesday, &monday_b, &monday_a}) {
    inputs.push_back({open_capture(file->path(), pool).source, 0, true});
  }
  MergedSource source{std::move(inputs), pool};
  std::vector<std::pair<std::string, bool>> batches;
  for (;;) {
    const PacketBatch batch = source.next();
    if (batch.empty()) break;
    std::string payloads;
    for (const Packet& packet : batch.packets()) {
      payloads.append(reinterpret_cast<const char*>(packet.payload().data()),
                      packet.payload().size());
    }
    batches.emplace_back(payloads, source.begins_anew());
  }
  EXPECT_THAT(batches, ElementsAre(std::pair{"abcd", false}, std::pair{"ef", true}));
}

TEST(MergedSource, GivesADestinationOneLinePerTag) {
  Merging merging;
  merging.add(pcap({{1, "a"}}), 3).add(pcap({{2, "b"}}), 8).add(pcap({{3, "c"}}), 3);
  static_cast<void>(merging.read());
  const auto& packets = merging.reading().packets;
  ASSERT_EQ(packets.size(), 3U);
  EXPECT_EQ(packets[0].line, packets[2].line);
  EXPECT_NE(packets[0].line, packets[1].line);
  EXPECT_EQ(merging.source().tag_of(packets[0].line), 3U);
  EXPECT_EQ(merging.source().tag_of(packets[1].line), 8U);
  EXPECT_EQ(merging.source().lines().size(), 2U);
}

TEST(MergedSource, GoesOnWithTheOthersWhenAFileIsDamaged) {
  Bytes torn = pcap({{1, "a"}, {3, "c"}});
  torn.pop_back();
  Merging merging;
  merging.add(torn).add(pcap({{2, "b"}, {4, "d"}}));
  EXPECT_THAT(merging.read(), ElementsAre("a", "b", "d"));
  EXPECT_EQ(merging.reading().state, SourceState::failed);
  ASSERT_EQ(merging.source().errors().size(), 1U);
  EXPECT_THAT(merging.source().errors()[0], HasSubstr("byte"));
  EXPECT_EQ(merging.reading().error, merging.source().errors()[0]);
}

TEST(MergedSource, CountsWhatAllSourcesCount) {
  Merging merging;
  merging.add(pcap({{1, "a"}, {2, "b"}})).add(pcap({{3, "c"}}));
  static_cast<void>(merging.read());
  EXPECT_EQ(merging.source().counters().get(SourceCounter::packets), 3U);
  EXPECT_EQ(merging.source().bytes_read(), merging.source().size_bytes());
}

// Many files, long and short packets, few buffers: the order is that of a sort.
TEST(MergedSource, AgreesWithAStableSort) {
  constexpr std::uint32_t kFiles = 9;
  Merging merging{kFiles + 2};
  std::uint32_t seed = 1;
  const auto draw = [&seed](std::uint32_t bound) {
    seed = seed * 1'664'525U + 1'013'904'223U;
    return (seed >> 16U) % bound;
  };
  std::vector<std::pair<std::uint32_t, std::string>> all;
  for (std::uint32_t file = 0; file < kFiles; ++file) {
    std::vector<Planned> packets;
    std::uint32_t second = 0;
    for (std::uint32_t i = 0; i < 400; ++i) {
      second += draw(3);
      std::string payload = std::to_string(file) + ":" + std::to_string(i);
      if (draw(50) == 0) payload += std::string(12'000, 'x');
      packets.push_back({second, payload});
      all.emplace_back(second, payload);
    }
    merging.add(pcap(packets));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> expected;
  for (auto& [second, payload] : all) expected.push_back(payload);
  EXPECT_EQ(merging.read(), expected);
}

TEST(MergedSource, DeliversWhatWasLookedAt) {
  const Bytes damaged = [] {
    Bytes file = pcap({{3, "c"}});
    file.resize(file.size() - 1);
    return file;
  }();
  Merging merging;
  merging.add(pcap({{1, "a"}, {4, "d"}})).add(pcap({{2, "b"}}), 1).add(damaged).look_ahead(0);
  EXPECT_EQ(merging.source().first_packets(0).size(), 2U);
  EXPECT_TRUE(merging.source().first_packets(1).empty()) << "of another tag";
  EXPECT_TRUE(merging.source().first_packets(2).empty());
  EXPECT_THAT(merging.read(), ElementsAre("a", "b", "d"));
  EXPECT_EQ(merging.source().errors().size(), 1U);
}

TEST(MergedSource, OfNoFilesEndsAtOnce) {
  Merging merging;
  EXPECT_THAT(merging.read(), ElementsAre());
  EXPECT_EQ(merging.reading().state, SourceState::ended);
}

}  // namespace
}  // namespace tapeline::net

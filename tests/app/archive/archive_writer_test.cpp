#include "app/archive/archive_writer.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "tests/app/archive/archive_writer_fixture.hpp"
#include "tests/app/archive/failing_calls.hpp"

namespace tapeline::archive {
namespace {

using testing::ArchiveWriterTest;
using testing::read_archives;
using testing::TestPacket;
using testing::wait_until;
using SteadyClock = std::chrono::steady_clock;

// Holds every write back until open() is called.
class GatedCalls : public testing::QuickCalls {
 public:
  ssize_t write(int descriptor, const std::byte* data, std::size_t bytes) override {
    std::unique_lock lock{mutex_};
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    return FileCalls::write(descriptor, data, bytes);
  }
  void wait_for_write() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return waiting_; });
  }
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false;
  bool open_ = false;
};

TEST_F(ArchiveWriterTest, ArchivesEveryPacketOfEveryBatch) {
  ArchiveWriter writer{config(), pool_.compression()};
  std::vector<TestPacket> offered;
  for (int i = 0; i < 100; ++i) {
    const std::vector<TestPacket> packets = next_packets();
    ASSERT_TRUE(writer.offer(batch_of(packets)));
    offered.insert(offered.end(), packets.begin(), packets.end());
  }
  writer.stop();
  EXPECT_EQ(read_archives(folder_.files(".pcap.zst")), offered);
  EXPECT_TRUE(folder_.files(".open").empty());
  const ArchiveCounts counts = writer.counts();
  EXPECT_EQ(counts.state, ArchiveState::closed);
  EXPECT_EQ(counts.packets, offered.size());
  EXPECT_EQ(counts.lost_packets + counts.gap_packets, 0U);
  EXPECT_EQ(counts.ring_depth, 0U);
  EXPECT_EQ(counts.ring_capacity, 128U);
  EXPECT_EQ(counts.last_error, "");
  EXPECT_GT(counts.cpu_seconds, 0.0);
  EXPECT_EQ(counts.file, folder_.files(".pcap.zst").at(0).string());
  EXPECT_FALSE(writer.failed_ever());
  expect_all_buffers_home();
}

TEST_F(ArchiveWriterTest, GivesBuffersBackWhileItsFrameIsStillOpen) {
  ArchiveWriterConfig slow = config();
  slow.frames.flush_ms = 0;
  ArchiveWriter writer{slow, pool_.compression()};
  ASSERT_TRUE(writer.offer(batch_of(next_packets())));
  EXPECT_TRUE(wait_until([this] { return pool_.stats().serialization.in_use == 0; }));
  EXPECT_EQ(writer.counts().frames, 0U);
}

TEST_F(ArchiveWriterTest, CountsWhatAFullRingRefuses) {
  auto gate = std::make_unique<GatedCalls>();
  GatedCalls& gated = *gate;
  ArchiveWriter writer{config(4), pool_.compression(), std::move(gate)};
  std::vector<TestPacket> taken;
  const auto offer = [&] {
    const std::vector<TestPacket> packets = maker_.make_many(60, 1000, 1500);
    const bool accepted = writer.offer(batch_of(packets));
    if (accepted) taken.insert(taken.end(), packets.begin(), packets.end());
    return accepted;
  };
  ASSERT_TRUE(offer());  // more than a frame: the thread stands in its first write
  gated.wait_for_write();
  std::size_t more = 0;
  while (offer()) ++more;
  EXPECT_EQ(more, 4U);
  EXPECT_FALSE(offer());
  EXPECT_EQ(writer.counts().gap_batches, 2U);
  EXPECT_EQ(writer.counts().gap_packets, 120U);
  EXPECT_EQ(writer.counts().ring_depth, 4U);
  EXPECT_LE(pool_.stats().serialization.in_use, 5U) << "refused batches go home at once";
  gated.open();
  writer.stop();
  EXPECT_EQ(read_archives(folder_.files(".pcap.zst")), taken);
  EXPECT_EQ(writer.counts().packets, taken.size());
  EXPECT_FALSE(writer.failed_ever()) << "a full ring is a gap, no failure";
  EXPECT_FALSE(writer.is_complete());
  EXPECT_FALSE(writer.counts().complete);
  expect_all_buffers_home();
}

TEST_F(ArchiveWriterTest, BackPressureLosesNothing) {
  ArchiveWriter writer{config(2), pool_.compression()};
  std::vector<TestPacket> offered;
  for (int i = 0; i < 150; ++i) {
    const std::vector<TestPacket> packets = next_packets();
    writer.offer_blocking(batch_of(packets));
    offered.insert(offered.end(), packets.begin(), packets.end());
  }
  writer.stop();
  EXPECT_EQ(read_archives(folder_.files(".pcap.zst")), offered);
  EXPECT_EQ(writer.counts().gap_batches, 0U);
  expect_all_buffers_home();
}

TEST_F(ArchiveWriterTest, StopDrainsAFullRingInTime) {
  auto gate = std::make_unique<GatedCalls>();
  GatedCalls& gated = *gate;
  ArchiveWriter writer{config(128), pool_.compression(), std::move(gate)};
  std::vector<TestPacket> packets = maker_.make_many(80, 1400, 1500);
  std::size_t batches = 0;
  while (writer.offer(batch_of(packets))) ++batches;
  EXPECT_GE(batches, 128U);
  gated.open();
  const auto began = SteadyClock::now();
  writer.stop();
  EXPECT_LT(SteadyClock::now() - began, std::chrono::seconds{20});
  EXPECT_EQ(writer.counts().packets, batches * packets.size());
  EXPECT_EQ(read_archives(folder_.files(".pcap.zst")).size(), batches * packets.size());
}

TEST_F(ArchiveWriterTest, TellsWhichPacketsAFullRingRefused) {
  auto gate = std::make_unique<GatedCalls>();
  GatedCalls& gated = *gate;
  ArchiveWriter writer{config(2), pool_.compression(), std::move(gate)};
  const std::vector<TestPacket> first = maker_.make_many(80, 1400, 1500);
  EXPECT_TRUE(writer.offer(batch_of(first)));
  gated.wait_for_write();
  while (writer.offer(batch_of(first))) {
  }
  const std::vector<TestPacket> second = maker_.make_many(60, 1400, 1500);
  EXPECT_FALSE(writer.offer(batch_of(second)));
  EXPECT_EQ(writer.counts().gap_packets, 140U);
  gated.open();
  writer.offer_blocking(batch_of(next_packets()));
  writer.stop();
  const MissedPackets missed = writer.counts().missed;
  EXPECT_EQ(missed.outages, 1U);
  EXPECT_EQ(missed.open.packets, 0U);
  EXPECT_EQ(missed.last.packets, 140U);
  EXPECT_EQ(missed.last.first_time, first.front().time);
  EXPECT_EQ(missed.last.last_time, second.back().time);
  EXPECT_FALSE(writer.failed_ever());
  EXPECT_FALSE(writer.counts().complete);
}

// A channel with a few packets at a time, and a disk that stands still. No ASSERT in front of
// open(): the writer's end would wait for the disk.
class CrowdedArchiveTest : public ArchiveWriterTest {
 protected:
  void fill_ring(ArchiveWriter& writer) {
    offer(writer, maker_.make_many(60, 1000, 1500));  // more than a frame
    calls->wait_for_write();
    while (writer.counts().ring_depth < writer.counts().ring_capacity / 2) offer(writer);
  }
  bool offer(ArchiveWriter& writer, const std::vector<TestPacket>& packets) {
    const bool taken = writer.offer(batch_of(packets));
    if (taken) offered.insert(offered.end(), packets.begin(), packets.end());
    return taken;
  }
  bool offer(ArchiveWriter& writer) { return offer(writer, maker_.make_many(2, 28, 200)); }

  std::unique_ptr<GatedCalls> gate = std::make_unique<GatedCalls>();
  GatedCalls* calls = gate.get();
  std::vector<TestPacket> offered;
};

TEST_F(CrowdedArchiveTest, SmallBatchesShareBuffersOnceTheRingIsHalfFull) {
  ArchiveWriter writer{config(8), pool_.compression(), std::move(gate)};
  fill_ring(writer);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(offer(writer)) << i;
  EXPECT_LE(pool_.stats().serialization.in_use, 9U);
  calls->open();
  writer.stop();
  EXPECT_EQ(read_archives(folder_.files(".pcap.zst")), offered);
  EXPECT_TRUE(writer.is_complete());
  expect_all_buffers_home();
}

TEST_F(CrowdedArchiveTest, RefusesTheNewestWhenAllIsFull) {
  ArchiveWriter writer{config(4), pool_.compression(), std::move(gate)};
  fill_ring(writer);
  while (offer(writer)) {
  }
  EXPECT_EQ(writer.counts().ring_depth, 4U);
  EXPECT_EQ(writer.counts().gap_packets, 2U);
  EXPECT_FALSE(writer.note_loss({.session = {}, .first = 1, .last_exclusive = 2, .time_ns = 0}));
  EXPECT_EQ(writer.counts().gap_notes, 1U);
  calls->open();
  EXPECT_TRUE(wait_until([&] { return writer.counts().ring_depth == 0; }));
  ASSERT_TRUE(offer(writer));
  writer.stop();
  EXPECT_EQ(read_archives(folder_.files(".pcap.zst")), offered);
  EXPECT_EQ(writer.counts().missed.last.packets, 2U);
}

// Claim to break: a small batch slips in behind what was copied together, and so in front of the
// note of one that came before it.
TEST_F(CrowdedArchiveTest, RefusesWhatFollowsARefusedBatch) {
  ArchiveWriter writer{config(2), pool_.compression(), std::move(gate)};
  fill_ring(writer);
  EXPECT_TRUE(offer(writer, maker_.make_many(40, 1400, 1500)));  // copied together from here on
  EXPECT_TRUE(offer(writer, maker_.make_many(30, 1400, 1500)));
  EXPECT_TRUE(offer(writer, maker_.make_many(40, 1400, 1500)));  // the others fill the ring
  const std::vector<TestPacket> refused = maker_.make_many(60, 1400, 1500);
  EXPECT_FALSE(offer(writer, refused));
  const std::vector<TestPacket> small = maker_.make_many(2, 28, 200);
  EXPECT_FALSE(offer(writer, small)) << "though there is room behind the last";
  EXPECT_EQ(writer.counts().gap_packets, 62U);
  calls->open();
  EXPECT_TRUE(wait_until([&] { return writer.counts().ring_depth == 0; }));
  ASSERT_TRUE(offer(writer));
  writer.stop();
  EXPECT_EQ(read_archives(folder_.files(".pcap.zst")), offered);
  const MissedPackets missed = writer.counts().missed;
  EXPECT_EQ(missed.outages, 1U);
  EXPECT_EQ(missed.last.packets, 62U);
  EXPECT_EQ(missed.last.first_time, refused.front().time);
  EXPECT_EQ(missed.last.last_time, small.back().time);
}

TEST_F(CrowdedArchiveTest, ATickLeavesTheRingToFullBuffersWhileItIsCrowded) {
  ArchiveWriter writer{config(4), pool_.compression(), std::move(gate)};
  fill_ring(writer);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(offer(writer));
    writer.tick();
  }
  EXPECT_EQ(writer.counts().ring_depth, 2U);
  calls->open();
  writer.stop();
  EXPECT_EQ(read_archives(folder_.files(".pcap.zst")), offered);
}

TEST_F(CrowdedArchiveTest, ATickHandsOnWhatWasCopiedTogether) {
  ArchiveWriter writer{config(4), pool_.compression(), std::move(gate)};
  fill_ring(writer);
  EXPECT_TRUE(offer(writer));
  calls->open();
  EXPECT_TRUE(wait_until([&] { return writer.taken_packets() == offered.size() - 2; }));
  EXPECT_TRUE(wait_until([&] { return pool_.stats().serialization.in_use == 1; }));
  writer.tick();
  writer.tick();
  EXPECT_TRUE(wait_until([&] { return writer.taken_packets() == offered.size(); }));
  writer.stop();
  EXPECT_EQ(read_archives(folder_.files(".pcap.zst")), offered);
}

TEST_F(CrowdedArchiveTest, ABatchComesBehindWhatWasCopiedTogether) {
  ArchiveWriter writer{config(4), pool_.compression(), std::move(gate)};
  fill_ring(writer);
  EXPECT_TRUE(offer(writer));
  calls->open();
  EXPECT_TRUE(wait_until([&] { return writer.counts().ring_depth == 0; }));
  ASSERT_TRUE(offer(writer));
  writer.stop();
  EXPECT_EQ(read_archives(folder_.files(".pcap.zst")), offered);
}

TEST_F(ArchiveWriterTest, RefusesBatchesAfterStop) {
  ArchiveWriter writer{config(), pool_.compression()};
  writer.stop();
  writer.stop();
  EXPECT_FALSE(writer.offer(batch_of(next_packets())));
  writer.offer_blocking(batch_of(next_packets()));
  EXPECT_EQ(writer.counts().gap_batches, 2U);
  EXPECT_EQ(writer.counts().gap_packets, 80U);
  expect_all_buffers_home();
}

TEST_F(ArchiveWriterTest, DestructorWritesEverything) {
  const std::vector<TestPacket> packets = next_packets();
  {
    ArchiveWriter writer{config(), pool_.compression()};
    ASSERT_TRUE(writer.offer(batch_of(packets)));
  }
  EXPECT_EQ(read_archives(folder_.files(".pcap.zst")), packets);
}

TEST_F(ArchiveWriterTest, FlushesAnOpenFrameWithoutFurtherBatches) {
  ArchiveWriterConfig quick = config();
  quick.frames.flush_ms = 1;
  ArchiveWriter writer{quick, pool_.compression()};
  const std::vector<TestPacket> packets = next_packets();
  ASSERT_TRUE(writer.offer(batch_of(packets)));
  EXPECT_TRUE(wait_until([&writer] { return writer.counts().packets == 40; }));
  EXPECT_EQ(writer.counts().state, ArchiveState::writing);
  EXPECT_EQ(read_archives(folder_.files(".pcap.zst.open")), packets);
}

// The claim: counts may be read at any time while both other threads count.
TEST_F(ArchiveWriterTest, CountsMayBeReadWhileItWorks) {
  ArchiveWriter writer{config(8), pool_.compression()};
  std::atomic<bool> done{false};
  std::thread reader{[&] {
    std::uint64_t before = 0;
    while (!done.load(std::memory_order_relaxed)) {
      const ArchiveCounts counts = writer.counts();
      EXPECT_GE(counts.packets, before);
      EXPECT_LE(counts.ring_depth, counts.ring_capacity);
      before = counts.packets;
    }
  }};
  for (int i = 0; i < 100; ++i) writer.offer_blocking(batch_of(next_packets()));
  writer.stop();
  done.store(true, std::memory_order_relaxed);
  reader.join();
  EXPECT_EQ(writer.counts().packets, 4000U);
}

}  // namespace
}  // namespace tapeline::archive

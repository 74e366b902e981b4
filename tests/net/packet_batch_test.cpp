#include "net/packet_batch.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace tapeline::net {
namespace {

class PacketBatchTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kBufferBytes = 1024;

  // As a source makes it: descriptors, a gap, and the texts one behind the other.
  PacketBatch batch_of(const std::vector<std::string>& texts, std::size_t gap = 0) {
    pool::SerializationGuard buffer = pool_.serialization().try_acquire();
    std::size_t at = texts.size() * sizeof(Packet) + gap;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      std::memcpy(buffer.data() + at, texts[i].data(), texts[i].size());
      *packet_slot(buffer, i) = packet(buffer.data() + at, texts[i].size());
      at += texts[i].size();
    }
    return {std::move(buffer), texts.size()};
  }
  static Packet packet(const std::byte* datagram, std::size_t bytes) {
    return {.datagram = datagram,
            .rx_time = static_cast<UnixNanos>(bytes),
            .datagram_bytes = static_cast<std::uint32_t>(bytes),
            .payload_bytes = 0,
            .payload_offset = 0,
            .line = 3,
            .lost_bytes = 0};
  }
  static std::vector<std::string> texts_of(const PacketBatch& batch) {
    std::vector<std::string> texts;
    for (const Packet& each : batch.packets()) {
      EXPECT_EQ(each.rx_time, each.datagram_bytes);
      texts.emplace_back(reinterpret_cast<const char*>(each.datagram), each.datagram_bytes);
    }
    return texts;
  }

  pool::LockFreeBufferPool pool_{{.serialization = {.buffer_bytes = kBufferBytes,
                                                    .buffer_count = 8,
                                                    .overflow_buffers = 0,
                                                    .huge_pages = false}}};
};

TEST_F(PacketBatchTest, MakingRoomKeepsThePackets) {
  for (const std::size_t gap : {0U, 7U, 500U}) {
    PacketBatch batch = batch_of({"first", "", "third"}, gap);
    ASSERT_TRUE(batch.make_room());
    EXPECT_EQ(texts_of(batch), (std::vector<std::string>{"first", "", "third"}));
    ASSERT_TRUE(batch.make_room()) << "again";
    EXPECT_EQ(texts_of(batch), (std::vector<std::string>{"first", "", "third"}));
  }
}

TEST_F(PacketBatchTest, AppendsInOrderUntilTheBufferIsFull) {
  PacketBatch batch = batch_of({"first", "second"});
  ASSERT_TRUE(batch.make_room());
  std::vector<std::string> all{"first", "second"};
  const PacketBatch other = batch_of({"a", std::string(30, 'b')});
  while (batch.append(other)) {
    all.emplace_back("a");
    all.emplace_back(30, 'b');
  }
  EXPECT_EQ(texts_of(batch), all);
  const std::size_t used =
      11 + 2 * sizeof(Packet) + (all.size() / 2 - 1) * (31 + 2 * sizeof(Packet));
  EXPECT_LE(used, kBufferBytes);
  EXPECT_GT(used + 31 + 2 * sizeof(Packet), kBufferBytes) << "room for one more was left";
  EXPECT_EQ(texts_of(other), (std::vector<std::string>{"a", std::string(30, 'b')}));
}

TEST_F(PacketBatchTest, TheLastByteOfTheBufferIsUsed) {
  PacketBatch batch = batch_of({"first"});
  ASSERT_TRUE(batch.make_room());
  const std::size_t room = kBufferBytes - 5 - 2 * sizeof(Packet);
  EXPECT_FALSE(batch.append(batch_of({std::string(room + 1, 'x')})));
  ASSERT_TRUE(batch.append(batch_of({std::string(room, 'x')})));
  EXPECT_EQ(texts_of(batch), (std::vector<std::string>{"first", std::string(room, 'x')}));
  EXPECT_FALSE(batch.append(batch_of({""})));
  EXPECT_TRUE(batch.append(batch_of({})));
}

TEST_F(PacketBatchTest, ABatchWithoutPacketsTakesOthers) {
  PacketBatch batch = batch_of({});
  ASSERT_TRUE(batch.make_room());
  ASSERT_TRUE(batch.append(batch_of({"first", "second"})));
  EXPECT_EQ(texts_of(batch), (std::vector<std::string>{"first", "second"}));
}

TEST_F(PacketBatchTest, MakesNoRoomWhenMoreThanHalfIsTaken) {
  const std::size_t half = kBufferBytes / 2 - sizeof(Packet);
  EXPECT_TRUE(batch_of({std::string(half, 'x')}).make_room());
  EXPECT_FALSE(batch_of({std::string(half + 1, 'x')}).make_room());
}

TEST_F(PacketBatchTest, MakesNoRoomAmongPacketsThatLieElsewhere) {
  const std::string elsewhere = "elsewhere";
  for (const std::size_t place : {0U, 1U}) {
    pool::SerializationGuard buffer = pool_.serialization().try_acquire();
    const auto* const outside = reinterpret_cast<const std::byte*>(elsewhere.data());
    *packet_slot(buffer, place) = packet(outside, elsewhere.size());
    *packet_slot(buffer, 1 - place) = packet(buffer.data() + 2 * sizeof(Packet), 4);
    PacketBatch batch{std::move(buffer), 2};
    EXPECT_FALSE(batch.make_room());
    EXPECT_EQ(batch.packets()[place].datagram, outside);
  }
}

TEST_F(PacketBatchTest, MakesNoRoomAmongPacketsOutOfOrder) {
  pool::SerializationGuard buffer = pool_.serialization().try_acquire();
  *packet_slot(buffer, 0) = packet(buffer.data() + 200, 4);
  *packet_slot(buffer, 1) = packet(buffer.data() + 100, 4);
  PacketBatch batch{std::move(buffer), 2};
  EXPECT_FALSE(batch.make_room());
}

}  // namespace
}  // namespace tapeline::net

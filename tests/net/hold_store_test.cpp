#include "net/hold_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/net/mold_packet.hpp"

namespace tapeline::net {
namespace {

using ::testing::ElementsAre;
using testing::MoldPacket;

class HoldStoreTest : public ::testing::Test {
 protected:
  HoldStore::Outcome hold(std::uint64_t first, std::uint64_t last_exclusive) {
    const MoldPacket packet{0, first, {"x"}};
    return store.hold(packet.view(), {first, last_exclusive}, 0, new_messages);
  }
  [[nodiscard]] std::vector<GapRange> pieces() {
    std::vector<GapRange> all;
    for (; !store.empty(); store.pop_front()) all.push_back(store.front().range);
    return all;
  }

  pool::LockFreeBufferPool pool{testing::small_pool(4)};
  HoldStore store{pool.serialization(), 4, 1};
  std::uint64_t new_messages = 0;
};

TEST_F(HoldStoreTest, KeepsPiecesSortedWhateverTheOrderOfArrival) {
  static_cast<void>(hold(30, 31));
  static_cast<void>(hold(10, 12));
  static_cast<void>(hold(20, 25));
  EXPECT_EQ(store.first(), 10U);
  EXPECT_EQ(store.last_exclusive(), 31U);
  EXPECT_THAT(pieces(), ElementsAre(GapRange{10, 12}, GapRange{20, 25}, GapRange{30, 31}));
  EXPECT_EQ(store.first(), HoldStore::kNone);
}

TEST_F(HoldStoreTest, KeepsOnlyWhatNoPieceCovers) {
  static_cast<void>(hold(10, 12));
  static_cast<void>(hold(14, 16));
  EXPECT_EQ(hold(8, 20), HoldStore::Outcome::full);  // three parts, there is room for two
  EXPECT_EQ(store.size(), 2U);
  EXPECT_EQ(hold(11, 18), HoldStore::Outcome::held);  // [12,14) and [16,18)
  EXPECT_EQ(new_messages, 4U);
  EXPECT_EQ(hold(10, 18), HoldStore::Outcome::duplicate);
  EXPECT_EQ(new_messages, 0U);
  EXPECT_THAT(pieces(),
              ElementsAre(GapRange{10, 12}, GapRange{12, 14}, GapRange{14, 16}, GapRange{16, 18}));
  EXPECT_EQ(pool.stats().serialization.in_use, 0U);
}

TEST_F(HoldStoreTest, MarksShowNoHole) {
  store.mark_passed({10, 20});
  EXPECT_EQ(store.first_revealing(), nullptr);
  static_cast<void>(hold(30, 31));
  ASSERT_NE(store.first_revealing(), nullptr);
  EXPECT_EQ(store.first_revealing()->range.first, 30U);
  std::vector<GapRange> holes;
  store.for_each_hole(5, [&](const GapRange& hole) { holes.push_back(hole); });
  EXPECT_THAT(holes, ElementsAre(GapRange{5, 10}, GapRange{20, 30}));
}

TEST_F(HoldStoreTest, ManyPacketsShareABuffer) {
  for (std::uint64_t first = 10; first < 14; ++first) static_cast<void>(hold(first, first + 1));
  EXPECT_EQ(pool.stats().serialization.in_use, 1U);
  store.clear();
  EXPECT_EQ(pool.stats().serialization.in_use, 0U);
}

TEST_F(HoldStoreTest, NeverTakesMoreBuffersThanItsBound) {
  HoldStore wide{pool.serialization(), 1000, 1};  // two buffers of 16 KiB
  const MoldPacket packet{0, 1, {std::string(1000, 'x')}};
  std::size_t held = 0;
  for (std::uint64_t first = 1; first < 100; ++first) {
    if (wide.hold(packet.view(), {first, first + 1}, 0, new_messages) == HoldStore::Outcome::held) {
      ++held;
    }
  }
  EXPECT_EQ(held, 2 * (16 * 1024 / packet.view().datagram_bytes));
  EXPECT_EQ(pool.stats().serialization.in_use, 2U);
}

}  // namespace
}  // namespace tapeline::net

#include "net/hold_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>
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
    result = store.hold(packet.view(), {first, last_exclusive}, now_ns, known);
    return result.outcome;
  }
  [[nodiscard]] std::vector<GapRange> pieces() {
    std::vector<GapRange> all;
    for (; !store.empty(); store.pop_front()) all.push_back(store.front().range);
    return all;
  }

  // The runs of numbers that are missing between known.first and the highest that is known.
  static std::vector<GapRange> holes_of(const std::set<std::uint64_t>& numbers,
                                        const GapRange& known) {
    const std::uint64_t end =
        std::max(known.last_exclusive, numbers.empty() ? 0 : *numbers.rbegin() + 1);
    std::vector<GapRange> holes;
    for (std::uint64_t at = known.first; at < end; ++at) {
      if (numbers.contains(at)) continue;
      if (holes.empty() || holes.back().last_exclusive != at) holes.push_back({at, at});
      holes.back().last_exclusive = at + 1;
    }
    return holes;
  }

  pool::LockFreeBufferPool pool{testing::small_pool(4)};
  HoldStore store{pool.serialization(), 4, 1};
  HoldStore::Result result;
  GapRange known{0, 0};
  std::int64_t now_ns = 0;
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
  EXPECT_EQ(result.new_messages, 4U);
  EXPECT_EQ(hold(10, 18), HoldStore::Outcome::duplicate);
  EXPECT_EQ(result.new_messages, 0U);
  EXPECT_THAT(pieces(),
              ElementsAre(GapRange{10, 12}, GapRange{12, 14}, GapRange{14, 16}, GapRange{16, 18}));
  EXPECT_EQ(pool.stats().serialization.in_use, 0U);
}

TEST_F(HoldStoreTest, MarksShowNoHole) {
  store.mark_passed({10, 20});
  EXPECT_EQ(store.since_ns(), HoldStore::kNever);
  now_ns = 7;
  static_cast<void>(hold(30, 31));
  EXPECT_EQ(store.since_ns(), 7);
  std::vector<GapRange> holes;
  store.for_each_hole(5, [&](const GapRange& hole, std::int64_t since_ns) {
    holes.push_back(hole);
    EXPECT_EQ(since_ns, 7);
  });
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
    const auto outcome = wide.hold(packet.view(), {first, first + 1}, 0, known).outcome;
    if (outcome == HoldStore::Outcome::held) ++held;
  }
  EXPECT_EQ(held, 2 * (16 * 1024 / packet.view().datagram_bytes));
  EXPECT_EQ(pool.stats().serialization.in_use, 2U);
}

TEST_F(HoldStoreTest, AHoleIsKnownSinceTheOldestPieceAboveIt) {
  now_ns = 50;
  static_cast<void>(hold(30, 31));
  now_ns = 70;
  static_cast<void>(hold(40, 41));
  static_cast<void>(hold(20, 21));
  std::vector<std::int64_t> since;
  store.for_each_hole(10, [&](const GapRange&, std::int64_t at) { since.push_back(at); });
  EXPECT_THAT(since, ElementsAre(50, 50, 70));
  now_ns = std::numeric_limits<std::int64_t>::max();  // no hole is known since never
  store.clear();
  static_cast<void>(hold(30, 31));
  EXPECT_LT(store.since_ns(), HoldStore::kNever);
}

TEST_F(HoldStoreTest, FindsThePieceOfANumber) {
  static_cast<void>(hold(10, 12));
  static_cast<void>(hold(20, 21));
  EXPECT_EQ(store.find(9), nullptr);
  ASSERT_NE(store.find(11), nullptr);
  EXPECT_EQ(store.find(11)->range, (GapRange{10, 12}));
  EXPECT_EQ(store.find(12), nullptr);
  EXPECT_EQ(store.find(21), nullptr);
}

// Against a set of numbers, whatever the order of arrival and of leaving.
TEST_F(HoldStoreTest, AgreesWithASetOfNumbers) {
  std::mt19937_64 random{1};
  for (int round = 0; round < 300; ++round) {
    HoldStore wide{pool.serialization(), 40, std::size_t{64} * 1024};
    std::set<std::uint64_t> numbers;
    std::uint64_t position = 1;
    known = {position, 1 + random() % 60};
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t first = position + random() % 50;
      const GapRange range{first, first + 1 + random() % 6};
      std::vector<GapRange> before = holes_of(numbers, known);
      const MoldPacket packet{0, first, {"x"}};
      const HoldStore::Result got = wide.hold(packet.view(), range, step, known);
      if (got.outcome != HoldStore::Outcome::full) {
        std::uint64_t fresh = 0;
        for (std::uint64_t at = range.first; at < range.last_exclusive; ++at) {
          if (numbers.insert(at).second) ++fresh;
        }
        EXPECT_EQ(got.new_messages, fresh);
        EXPECT_EQ(got.outcome == HoldStore::Outcome::duplicate, fresh == 0);
        EXPECT_EQ(got.holes_closed, std::count_if(before.begin(), before.end(), [&](auto& hole) {
                    return range.first <= hole.first && hole.last_exclusive <= range.last_exclusive;
                  }));
        const std::vector<GapRange> after = holes_of(numbers, known);
        if (!got.holes_changed && !before.empty() && !after.empty()) {
          EXPECT_LE(after.size(), before.size());
        }
      }
      if (random() % 8 == 0 && !wide.empty()) {
        for (std::uint64_t at = wide.front().range.first; at < wide.front().range.last_exclusive;
             ++at) {
          numbers.erase(at);
        }
        position = wide.front().range.last_exclusive;
        known.first = position;
        wide.pop_front();
      }
      ASSERT_EQ(wide.messages(), numbers.size());
      ASSERT_EQ(wide.first(), numbers.empty() ? HoldStore::kNone : *numbers.begin());
      std::vector<GapRange> holes;
      wide.for_each_hole(position,
                         [&](const GapRange& hole, std::int64_t) { holes.push_back(hole); });
      ASSERT_EQ(holes, holes_of(numbers, {position, 0}));
    }
  }
  EXPECT_EQ(pool.stats().serialization.in_use, 0U);
}

}  // namespace
}  // namespace tapeline::net

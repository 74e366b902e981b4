#include "net/line_health.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <utility>
#include <vector>

namespace tapeline::net {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr std::int64_t kDead = 800;

class LineHealthTest : public ::testing::Test {
 protected:
  void packet(std::size_t line, std::int64_t now_ns) {
    ++packets[line];
    if (now_ns < health.next_look()) return;
    health.look(
        now_ns, [&](std::size_t at) { return packets[at]; },
        [&](std::size_t at, bool alive) { changes.emplace_back(at, alive); });
  }
  // One packet each 10 ns on `line` in [from, to).
  void speak(std::size_t line, std::int64_t from, std::int64_t to) {
    for (std::int64_t now = from; now < to; now += 10) packet(line, now);
  }

  LineHealth health{2, kDead, false};
  std::array<std::uint64_t, 2> packets{};
  std::vector<std::pair<std::size_t, bool>> changes;
};

TEST_F(LineHealthTest, ALineThatAloneIsSilentDies) {
  speak(0, 0, 100);
  speak(1, 0, 100);
  speak(0, 100, 100 + kDead);
  EXPECT_THAT(changes, IsEmpty());
  speak(0, 100 + kDead, 100 + kDead + kDead / 4);
  EXPECT_THAT(changes, ElementsAre(Pair(1, false)));
}

TEST_F(LineHealthTest, ItComesBackWithItsFirstPacket) {
  packet(1, 0);
  speak(0, 0, 10 * kDead);
  ASSERT_THAT(changes, ElementsAre(Pair(1, false)));
  packet(1, 10 * kDead);
  EXPECT_THAT(changes, ElementsAre(Pair(1, false), Pair(1, true)));
}

TEST_F(LineHealthTest, ALineThatNeverSpokeDies) {
  speak(0, 0, 2 * kDead);
  EXPECT_THAT(changes, ElementsAre(Pair(1, false)));
}

TEST_F(LineHealthTest, AQuietChannelHasNoDeadLines) {
  packet(1, 0);
  packet(0, 10);
  packet(0, 100 * kDead);  // the first of the next day
  packet(1, 100 * kDead + 5);
  packet(0, 200 * kDead);
  packet(0, 200 * kDead + kDead - 1);
  EXPECT_THAT(changes, IsEmpty());
}

TEST_F(LineHealthTest, HeartbeatsInTurnKeepBothAlive) {
  for (std::int64_t now = 0; now < 100 * kDead; now += kDead / 2) {
    packet(0, now);
    packet(1, now + kDead / 4);
  }
  EXPECT_THAT(changes, IsEmpty());
}

TEST_F(LineHealthTest, HeardOnlyIgnoresLinesWithoutPackets) {
  health = LineHealth{2, kDead, true};
  speak(0, 0, 2 * kDead);
  EXPECT_THAT(changes, IsEmpty());
  packet(1, 2 * kDead);
  speak(0, 2 * kDead, 5 * kDead);
  EXPECT_THAT(changes, ElementsAre(Pair(1, false)));
}

TEST_F(LineHealthTest, OneLineOrNoTimeIsNeverLookedAt) {
  constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ((LineHealth{1, kDead, false}.next_look()), kNever);
  EXPECT_EQ((LineHealth{2, 0, false}.next_look()), kNever);
}

TEST_F(LineHealthTest, ExtremeClockValuesAreHarmless) {
  packet(0, std::numeric_limits<std::int64_t>::max());
  packet(0, std::numeric_limits<std::int64_t>::min());
  packet(0, std::numeric_limits<std::int64_t>::max());
  packet(1, 0);
  EXPECT_LE(changes.size(), 4U);
}

}  // namespace
}  // namespace tapeline::net

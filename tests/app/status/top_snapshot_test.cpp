#include "app/status/top_snapshot.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

namespace tapeline::status {
namespace {

// An entry in which every field says the same number.
TopInstrument entry_of(std::uint64_t number) {
  TopInstrument entry;
  entry.set_symbol(std::to_string(number));
  entry.volume = number;
  entry.trades = number;
  const auto value = static_cast<double>(number);
  entry.vwap = value;
  entry.last = value;
  entry.bid = value;
  entry.ask = value;
  return entry;
}

bool says(const TopInstrument& entry, std::uint64_t number) {
  const auto value = static_cast<double>(number);
  return entry.symbol_text() == std::to_string(number) && entry.volume == number &&
         entry.trades == number && entry.vwap == value && entry.last == value &&
         entry.bid == value && entry.ask == value;
}

TEST(TopSnapshot, IsEmptyBeforeTheFirstPublication) {
  const TopSnapshot snapshot;
  std::vector<TopInstrument> top(3);
  EXPECT_TRUE(snapshot.read(top));
  EXPECT_TRUE(top.empty());
}

TEST(TopSnapshot, GivesWhatWasPublishedLast) {
  TopSnapshot snapshot;
  snapshot.publish(std::vector<TopInstrument>{entry_of(1), entry_of(2), entry_of(3)});
  snapshot.publish(std::vector<TopInstrument>{entry_of(4), entry_of(5)});
  std::vector<TopInstrument> top;
  ASSERT_TRUE(snapshot.read(top));
  ASSERT_EQ(top.size(), 2U);
  EXPECT_TRUE(says(top[0], 4));
  EXPECT_TRUE(says(top[1], 5));
}

TEST(TopSnapshot, LeavesOutWhatIsTooMany) {
  TopSnapshot snapshot;
  snapshot.publish(std::vector<TopInstrument>(100, entry_of(1)));
  std::vector<TopInstrument> top;
  ASSERT_TRUE(snapshot.read(top));
  EXPECT_EQ(top.size(), TopSnapshot::kMaxInstruments);
}

// The claim: a reader never sees a mixture of two publications. The
// publisher does nothing but publish, so that it is interrupted and overtaken in the middle.
TEST(TopSnapshot, IsNeverSeenHalfPublished) {
  constexpr std::uint64_t kDifferent = 64;
  constexpr auto kDuration = std::chrono::milliseconds{300};
  std::vector<std::vector<TopInstrument>> rounds;
  for (std::uint64_t round = 0; round < kDifferent; ++round) {
    rounds.emplace_back(TopSnapshot::kMaxInstruments - round % 8, entry_of(round));
  }
  const auto snapshot = std::make_unique<TopSnapshot>();
  snapshot->publish(rounds[0]);
  std::atomic<bool> stop{false};
  std::thread publisher{[&] {
    for (std::size_t round = 0; !stop.load(std::memory_order_relaxed); ++round) {
      snapshot->publish(rounds[round % kDifferent]);
    }
  }};
  std::vector<TopInstrument> top;
  std::uint64_t looks = 0;
  std::uint64_t torn = 0;
  const auto end = std::chrono::steady_clock::now() + kDuration;
  while (std::chrono::steady_clock::now() < end) {
    if (!snapshot->read(top)) continue;
    ++looks;
    const std::uint64_t round = top.at(0).volume;
    bool whole = top.size() == TopSnapshot::kMaxInstruments - round % 8;
    for (const TopInstrument& entry : top) whole = whole && says(entry, round);
    if (!whole) ++torn;
  }
  stop.store(true);
  publisher.join();
  EXPECT_EQ(torn, 0U) << "of " << looks;
  EXPECT_TRUE(snapshot->read(top)) << "nobody publishes any more";
}

}  // namespace
}  // namespace tapeline::status

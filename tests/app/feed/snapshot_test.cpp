// Claim: a channel that missed messages and was told a snapshot has the same books from then on as
// one that saw everything, for every instrument; and one whose snapshot was not whole says so.

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "app/feed/itch_feed.hpp"
#include "app/simulate/snapshot_builder.hpp"
#include "codec/bytes.hpp"
#include "tests/app/feed/generated_session.hpp"
#include "tests/app/market/market_fixture.hpp"

namespace tapeline::feed {
namespace {

using market::InstrumentId;
using market::Level;
using market::Side;
using testing::Message;

constexpr std::uint64_t kSeeds = market::testing::kSanitized ? 5 : 40;

struct Range {
  std::uint64_t first = 0;
  std::uint64_t last_exclusive = 0;
  [[nodiscard]] std::uint64_t count() const { return last_exclusive - first; }
};
struct Nothing {};

struct Follower : market::testing::Fixture {
  void apply(const Message& message) { feed.apply(message); }
  void join(std::uint64_t sequence) { feed.on_session(Nothing{}, sequence); }

  // Returns the number that the snapshot told at its end.
  std::uint64_t tell(std::span<const Message> snapshot) {
    feed.begin_snapshot();
    SnapshotResult result;
    for (const Message& message : snapshot) {
      EXPECT_EQ(result.step, SnapshotStep::more);
      result = feed.apply_snapshot(message);
    }
    EXPECT_EQ(result.step, SnapshotStep::complete);
    return result.next_sequence;
  }

  ItchFeed feed{market};
};

void expect_same_side(std::span<const Level> levels, std::span<const Level> truth, std::size_t i) {
  ASSERT_EQ(levels.size(), truth.size()) << "instrument " << i;
  for (std::size_t at = 0; at < truth.size(); ++at) {
    ASSERT_EQ(levels[at], truth[at]) << "instrument " << i;
  }
}

void expect_same_books(const Follower& follower, const Follower& truth) {
  ASSERT_EQ(follower.market.instrument_bound(), truth.market.instrument_bound());
  ASSERT_EQ(follower.market.order_counts().orders.get(), truth.market.order_counts().orders.get());
  for (std::size_t i = 1; i < truth.market.instrument_bound(); ++i) {
    const InstrumentId id{static_cast<std::uint16_t>(i)};
    ASSERT_TRUE(follower.market.is_book_whole(id)) << "instrument " << i;
    ASSERT_EQ(follower.market.symbol(id), truth.market.symbol(id));
    ASSERT_EQ(follower.market.instrument(id).trading_state,
              truth.market.instrument(id).trading_state);
    for (const Side side : {Side::buy, Side::sell}) {
      ASSERT_NO_FATAL_FAILURE(expect_same_side(follower.market.book(id).levels(side),
                                               truth.market.book(id).levels(side), i));
    }
  }
}

// A generated session, a market that sees all of it, and a point in it.
struct Day {
  explicit Day(std::uint64_t seed)
      : session{{.seed = seed, .messages = 12'000, .instruments = 40, .keep_bars = false}},
        messages{testing::generated_messages(session)},
        random{seed} {}

  // A number from `low` to `high`.
  std::uint64_t pick(std::uint64_t low, std::uint64_t high) {
    return low + random() % (high - low + 1);
  }
  [[nodiscard]] std::uint64_t last() const { return messages.size(); }
  [[nodiscard]] const Message& message(std::uint64_t sequence) const {
    return messages[sequence - 1];
  }
  // The market that sees all has seen everything before `sequence`.
  void follow_to(std::uint64_t sequence) {
    for (; next < sequence; ++next) {
      truth.apply(message(next));
      placed.note(message(next));
    }
  }
  [[nodiscard]] std::vector<Message> snapshot() {
    return testing::snapshot_of(truth.market, placed, next);
  }
  // Both go on to the end; the books are held against each other on the way.
  void expect_same_to_the_end(Follower& follower) {
    const std::uint64_t look = pick(next, last());
    while (next <= last()) {
      follower.apply(message(next));
      follow_to(next + 1);
      if (next != look) continue;
      ASSERT_NO_FATAL_FAILURE(expect_same_books(follower, truth));
    }
    ASSERT_NO_FATAL_FAILURE(expect_same_books(follower, truth));
    EXPECT_EQ(follower.market.counts().unknown_orders.get(), 0U);
    EXPECT_EQ(follower.market.counts().duplicate_orders.get(), 0U);
  }

  simulate::Session session;
  std::vector<Message> messages;
  std::mt19937_64 random;
  Follower truth;
  testing::PlacedOrders placed;
  std::uint64_t next = 1;
};

TEST(Snapshot, LateJoinHasTheBooksOfAFullReplayFromThereOn) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Day day{seed};
    const std::uint64_t told = day.pick(2, day.last());
    day.follow_to(told);
    Follower late;
    late.join(day.pick(2, told));
    const auto snapshot = day.snapshot();
    ASSERT_EQ(late.tell(snapshot), told);
    EXPECT_TRUE(late.market.books_stale());
    late.feed.end_snapshot();
    EXPECT_FALSE(late.market.books_stale());
    EXPECT_TRUE(late.market.totals_incomplete());
    ASSERT_NO_FATAL_FAILURE(expect_same_books(late, day.truth));
    ASSERT_NO_FATAL_FAILURE(day.expect_same_to_the_end(late));
  }
}

// What the simulated exchange's GLIMPSE server would send: made without any part of app/market.
std::vector<Message> told_by_exchange(const Day& day, std::uint64_t next) {
  simulate::SnapshotBuilder builder;
  for (std::uint64_t n = 1; n < next; ++n) builder.apply(day.message(n));
  const simulate::Snapshot snapshot = builder.make();
  std::vector<Message> messages;
  for (std::span<const std::byte> rest{snapshot.blocks}; !rest.empty();) {
    const std::size_t length = codec::load_be<std::uint16_t>(rest.data());
    const auto message = rest.subspan(2, length);
    messages.emplace_back(message.begin(), message.end());
    rest = rest.subspan(2 + length);
  }
  testing::SnapshotWriter end;
  end.end(snapshot.next);
  messages.push_back(end.take().front());
  return messages;
}

TEST(Snapshot, OfTheSimulatedExchangeGivesTheBooksOfAFullReplay) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Day day{3000 + seed};
    const std::uint64_t told = day.pick(2, day.last());
    day.follow_to(told);
    Follower late;
    late.join(day.pick(2, told));
    ASSERT_EQ(late.tell(told_by_exchange(day, told)), told);
    late.feed.end_snapshot();
    ASSERT_NO_FATAL_FAILURE(expect_same_books(late, day.truth));
    ASSERT_NO_FATAL_FAILURE(day.expect_same_to_the_end(late));
  }
}

TEST(Snapshot, GapThatASnapshotBridgesLeavesTheBooksOfAFullReplay) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Day day{1000 + seed};
    const std::uint64_t lost = day.pick(2, day.last() - 1);
    const std::uint64_t told = day.pick(lost + 1, day.last());
    Follower follower;
    follower.join(1);
    for (std::uint64_t n = 1; n < lost; ++n) follower.apply(day.message(n));
    const auto prints = follower.market.counts().prints.get();
    day.follow_to(told);
    ASSERT_EQ(follower.tell(day.snapshot()), told);
    follower.feed.end_snapshot();
    follower.feed.on_bridged(Range{lost, told});
    ASSERT_NO_FATAL_FAILURE(day.expect_same_to_the_end(follower));
    EXPECT_GE(follower.market.counts().prints.get(), prints);
    EXPECT_TRUE(follower.market.totals_incomplete());
    EXPECT_FALSE(day.truth.market.totals_incomplete());
    EXPECT_EQ(follower.feed.counts().bridged_messages.get(), told - lost);
  }
}

TEST(Snapshot, TradesOfTheSessionOutliveIt) {
  Day day{7};
  day.follow_to(day.last() + 1);
  Follower follower;
  for (const Message& message : day.messages) follower.apply(message);
  follower.market.close_all();
  const std::size_t bars = follower.sink.bars.size();
  static_cast<void>(follower.tell(day.snapshot()));
  follower.feed.end_snapshot();
  EXPECT_EQ(follower.sink.bars.size(), bars);
  EXPECT_FALSE(follower.market.totals_incomplete());
  for (std::size_t i = 1; i < day.truth.market.instrument_bound(); ++i) {
    const InstrumentId id{static_cast<std::uint16_t>(i)};
    EXPECT_EQ(follower.market.totals(id).volume, day.truth.market.totals(id).volume);
    EXPECT_EQ(follower.market.totals(id).vwap(), day.truth.market.totals(id).vwap());
  }
  EXPECT_EQ(follower.market.now(), day.truth.market.now());
}

TEST(Snapshot, CutOffAnywhereLeavesNothingTrustedAndTheNextOneRepairs) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    Day day{2000 + seed};
    day.follow_to(day.pick(2, day.last()));
    const auto snapshot = day.snapshot();
    Follower late;
    late.join(day.next);
    late.feed.begin_snapshot();
    const std::size_t cut = day.pick(0, snapshot.size() - 1);
    for (std::size_t i = 0; i < cut; ++i) {
      ASSERT_EQ(late.feed.apply_snapshot(snapshot[i]).step, SnapshotStep::more);
    }
    late.feed.abandon_snapshot();
    EXPECT_TRUE(late.market.books_stale());
    EXPECT_EQ(late.market.order_counts().orders.get(), 0U);
    for (std::size_t i = 1; i < late.market.instrument_bound(); ++i) {
      const InstrumentId id{static_cast<std::uint16_t>(i)};
      ASSERT_FALSE(late.market.is_book_whole(id));
      ASSERT_EQ(late.market.book(id).depth(Side::buy), 0U);
    }
    static_cast<void>(late.tell(snapshot));
    late.feed.end_snapshot();
    ASSERT_NO_FATAL_FAILURE(day.expect_same_to_the_end(late));
    EXPECT_EQ(late.feed.counts().snapshots_abandoned.get(), 1U);
    EXPECT_EQ(late.feed.counts().snapshots_applied.get(), 1U);
  }
}

TEST(Snapshot, GapInsideItSpoilsIt) {
  Day day{9};
  day.follow_to(5'000);
  Follower follower;
  follower.feed.begin_snapshot();
  follower.feed.on_gap(Range{1, 2});
  for (const Message& message : day.snapshot()) {
    static_cast<void>(follower.feed.apply_snapshot(message));
  }
  follower.feed.end_snapshot();
  EXPECT_TRUE(follower.market.books_stale());
}

TEST(Snapshot, MessageThatCannotBelongToItBreaksIt) {
  Day day{10};
  day.follow_to(6'000);
  const auto snapshot = day.snapshot();
  Follower follower;
  std::uint64_t refused = 0;
  for (const Message& live : day.messages) {
    const char type = static_cast<char>(live.front());
    const bool changes = std::string_view{"ECXDUPQB"}.find(type) != std::string_view::npos;
    follower.feed.begin_snapshot();
    const SnapshotResult result = follower.feed.apply_snapshot(live);
    EXPECT_EQ(result.step, changes ? SnapshotStep::broken : SnapshotStep::more) << type;
    refused += changes ? 1 : 0;
    follower.feed.abandon_snapshot();
    if (refused > 200) break;  // each one empties the order table
  }
  EXPECT_GT(refused, 0U);
  EXPECT_EQ(follower.feed.counts().snapshot_refusals.get(), refused);
  EXPECT_EQ(follower.market.counts().prints.get(), 0U);
}

TEST(Snapshot, EveryTruncationOfEveryMessageBreaksIt) {
  Day day{11};
  day.follow_to(3'000);
  Follower follower;
  follower.feed.begin_snapshot();
  std::string seen;
  for (const Message& whole : day.snapshot()) {
    const char type = static_cast<char>(whole.front());
    if (seen.find(type) != std::string::npos) continue;
    seen += type;
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const Message cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_EQ(follower.feed.apply_snapshot(cut).step, SnapshotStep::broken) << type << length;
    }
  }
  EXPECT_EQ(seen.size(), 6U) << seen;  // S R H Y A G
}

TEST(Snapshot, UnknownTypesAreSkipped) {
  Follower follower;
  follower.feed.begin_snapshot();
  EXPECT_EQ(follower.feed.apply_snapshot(Message(30, std::byte{'z'})).step, SnapshotStep::more);
  EXPECT_EQ(follower.feed.counts().unknown_types.get(), 1U);
  EXPECT_EQ(follower.feed.counts().messages(), 0U);
}

TEST(Snapshot, SessionThatBeginsInsideItForgetsIt) {
  Day day{12};
  day.follow_to(5'000);
  Follower follower;
  follower.join(1);
  follower.feed.begin_snapshot();
  for (const Message& message : day.snapshot()) {
    static_cast<void>(follower.feed.apply_snapshot(message));
  }
  follower.join(1);
  EXPECT_FALSE(follower.market.in_snapshot());
  EXPECT_FALSE(follower.market.books_stale());
  EXPECT_EQ(follower.market.order_counts().orders.get(), 0U);
  follower.feed.abandon_snapshot();
  EXPECT_EQ(follower.feed.counts().snapshots_abandoned.get(), 0U);
}

TEST(Snapshot, RandomBytesAreSurvived) {
  std::mt19937_64 random{43};
  constexpr std::string_view kTypes = "SRHYLVWKJhAFECXDUPQBINOG";
  Follower follower;
  follower.feed.begin_snapshot();
  const int rounds = market::testing::kSanitized ? 20'000 : 200'000;
  Message message;
  for (int round = 0; round < rounds; ++round) {
    message.resize(random() % 56);
    for (std::byte& byte : message) byte = static_cast<std::byte>(random() % 4 == 0 ? random() : 0);
    if (!message.empty()) message.front() = static_cast<std::byte>(kTypes[random() % 24]);
    static_cast<void>(follower.feed.apply_snapshot(message));
  }
  EXPECT_EQ(follower.feed.counts().snapshot_messages.get(), static_cast<std::uint64_t>(rounds));
  EXPECT_EQ(follower.market.counts().prints.get(), 0U);
  EXPECT_TRUE(follower.market.books_stale());
}

}  // namespace
}  // namespace tapeline::feed

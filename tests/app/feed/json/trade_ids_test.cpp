#include "app/feed/json/trade_ids.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace tapeline::feed {
namespace {

using codec::json::Trade;

Trade trade(std::uint64_t id, bool is_replayed = false) {
  Trade trade;
  trade.trade_id = trade.first_trade_id = trade.last_trade_id = id;
  trade.has_id = true;
  trade.is_replayed = is_replayed;
  return trade;
}

Trade aggregate(std::uint64_t id, std::uint64_t first, std::uint64_t last) {
  Trade trade;
  trade.trade_id = id;
  trade.first_trade_id = first;
  trade.last_trade_id = last;
  trade.has_id = true;
  trade.is_aggregate = true;
  return trade;
}

void expect_step(const TradeStep& step, TradeVerdict verdict, std::uint64_t lost = 0,
                 std::uint64_t first_lost = 0) {
  EXPECT_EQ(step.verdict, verdict);
  EXPECT_EQ(step.lost, lost);
  if (lost == 0) return;
  EXPECT_EQ(step.first_lost, first_lost);
}

TEST(TradeIds, NumbersThatFollowEachOtherCount) {
  TradeIds ids;
  expect_step(ids.on_trade(trade(100)), TradeVerdict::counts);
  expect_step(ids.on_trade(trade(101)), TradeVerdict::counts);
  expect_step(ids.on_trade(trade(102)), TradeVerdict::counts);
}

TEST(TradeIds, HoleIsLostAndTheTradeBehindItCounts) {
  TradeIds ids;
  static_cast<void>(ids.on_trade(trade(100)));
  expect_step(ids.on_trade(trade(104)), TradeVerdict::counts, 3, 101);
  expect_step(ids.on_trade(trade(105)), TradeVerdict::counts);
}

TEST(TradeIds, SameOrOlderNumberIsADuplicate) {
  TradeIds ids;
  static_cast<void>(ids.on_trade(trade(100)));
  expect_step(ids.on_trade(trade(100)), TradeVerdict::duplicate);
  expect_step(ids.on_trade(trade(99)), TradeVerdict::duplicate);
  expect_step(ids.on_trade(trade(101)), TradeVerdict::counts);
}

TEST(TradeIds, ReplayedTradesAreTheStartOfTheCount) {
  TradeIds ids;
  expect_step(ids.on_trade(trade(95, true)), TradeVerdict::replayed);
  expect_step(ids.on_trade(trade(100, true)), TradeVerdict::replayed);
  expect_step(ids.on_trade(trade(102)), TradeVerdict::counts, 1, 101);
}

TEST(TradeIds, ReplayAfterALossShowsWhatWasMissed) {
  TradeIds ids;
  static_cast<void>(ids.on_trade(trade(100)));
  expect_step(ids.on_trade(trade(99, true)), TradeVerdict::replayed);
  expect_step(ids.on_trade(trade(103, true)), TradeVerdict::replayed, 3, 101);
  const TradeStep next = ids.on_trade(trade(104, true));
  expect_step(next, TradeVerdict::replayed, 1, 104);
  EXPECT_TRUE(next.hole_goes_on);
  expect_step(ids.on_trade(trade(105)), TradeVerdict::counts);
  const TradeStep other = ids.on_trade(trade(107));
  expect_step(other, TradeVerdict::counts, 1, 106);
  EXPECT_FALSE(other.hole_goes_on);
}

TEST(TradeIds, TradesWithoutNumbersAlwaysCount) {
  TradeIds ids;
  Trade unnumbered;
  expect_step(ids.on_trade(unnumbered), TradeVerdict::counts);
  expect_step(ids.on_trade(unnumbered), TradeVerdict::counts);
  unnumbered.is_replayed = true;
  expect_step(ids.on_trade(unnumbered), TradeVerdict::replayed);
}

TEST(TradeIds, AggregatesFollowByTheirTrades) {
  TradeIds ids;
  expect_step(ids.on_trade(aggregate(7, 100, 104)), TradeVerdict::counts);
  expect_step(ids.on_trade(aggregate(8, 105, 105)), TradeVerdict::counts);
  expect_step(ids.on_trade(aggregate(9, 108, 110)), TradeVerdict::counts, 2, 106);
  expect_step(ids.on_trade(aggregate(9, 108, 110)), TradeVerdict::duplicate);
  expect_step(ids.on_trade(aggregate(11, 114, 114)), TradeVerdict::counts, 3, 111);
}

TEST(TradeIds, MissingAggregateIsLostEvenIfItsTradesAreNotMissed) {
  TradeIds ids;
  static_cast<void>(ids.on_trade(aggregate(7, 100, 104)));
  expect_step(ids.on_trade(aggregate(9, 105, 106)), TradeVerdict::counts, 1, 105);
}

TEST(TradeIds, StreamThatCameFirstIsTheOneThatCounts) {
  TradeIds ids;
  static_cast<void>(ids.on_trade(aggregate(7, 100, 104)));
  expect_step(ids.on_trade(trade(105)), TradeVerdict::parallel);
  expect_step(ids.on_trade(aggregate(8, 105, 105)), TradeVerdict::counts);
}

TEST(TradeIds, PromisedTradeIsLostWhenTheNextPromiseComesWithoutIt) {
  TradeIds ids;
  static_cast<void>(ids.on_trade(trade(100)));
  expect_step(ids.on_promise(100), TradeVerdict::counts);
  expect_step(ids.on_promise(102), TradeVerdict::counts);
  expect_step(ids.on_trade(trade(101)), TradeVerdict::counts);
  expect_step(ids.on_promise(102), TradeVerdict::counts, 1, 102);
  expect_step(ids.on_promise(102), TradeVerdict::counts);
  expect_step(ids.on_trade(trade(103)), TradeVerdict::counts);
}

TEST(TradeIds, PromisedTradeIsLostAtTheEnd) {
  TradeIds ids;
  static_cast<void>(ids.on_trade(trade(100)));
  static_cast<void>(ids.on_promise(105));
  expect_step(ids.settle(), TradeVerdict::counts, 5, 101);
  expect_step(ids.settle(), TradeVerdict::counts);
}

TEST(TradeIds, PromiseOfASymbolWithoutTradesIsNoLoss) {
  TradeIds ids;
  expect_step(ids.on_promise(500), TradeVerdict::counts);
  expect_step(ids.on_promise(600), TradeVerdict::counts);
  expect_step(ids.settle(), TradeVerdict::counts);
}

TEST(TradeIds, OneNumberFarAheadDoesNotMakeTheNextOnesDuplicates) {
  for (const std::uint64_t far : {std::uint64_t{5'000}, std::uint64_t{1} << 63U}) {
    TradeIds ids;
    static_cast<void>(ids.on_trade(trade(100)));
    const TradeStep jump = ids.on_trade(trade(far));
    EXPECT_EQ(jump.verdict, TradeVerdict::counts);
    EXPECT_EQ(jump.lost, std::min(far - 101, std::uint64_t{1} << 40U));
    expect_step(ids.on_trade(trade(101)), TradeVerdict::counts);
    expect_step(ids.on_trade(trade(102)), TradeVerdict::counts);
    expect_step(ids.on_trade(trade(102)), TradeVerdict::duplicate);
    expect_step(ids.on_trade(trade(105)), TradeVerdict::counts, 2, 103);
  }
}

TEST(TradeIds, JumpThatIsFollowedIsALoss) {
  TradeIds ids;
  static_cast<void>(ids.on_trade(trade(100)));
  expect_step(ids.on_trade(trade(9'000)), TradeVerdict::counts, 8'899, 101);
  expect_step(ids.on_trade(trade(9'001)), TradeVerdict::counts);
  expect_step(ids.on_trade(trade(101)), TradeVerdict::duplicate);
  expect_step(ids.on_trade(trade(9'002)), TradeVerdict::counts);
}

TEST(TradeIds, ReplayedTradesDoNotGoBackBeforeAJump) {
  TradeIds ids;
  static_cast<void>(ids.on_trade(trade(100)));
  static_cast<void>(ids.on_trade(trade(9'000)));
  expect_step(ids.on_trade(trade(8'990, true)), TradeVerdict::replayed);
  expect_step(ids.on_trade(trade(9'001)), TradeVerdict::counts);
}

TEST(TradeIds, AggregatesGoBackBeforeAJumpToo) {
  TradeIds ids;
  static_cast<void>(ids.on_trade(aggregate(7, 100, 104)));
  static_cast<void>(ids.on_trade(aggregate(8'000'000, 90'000'000, 90'000'001)));
  expect_step(ids.on_trade(aggregate(8, 105, 106)), TradeVerdict::counts);
  expect_step(ids.on_trade(aggregate(9, 107, 107)), TradeVerdict::counts);
}

TEST(TradeIds, LargestNumberIsFollowedByNone) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  TradeIds ids;
  static_cast<void>(ids.on_trade(trade(kMax - 1)));
  expect_step(ids.on_trade(trade(kMax)), TradeVerdict::counts);
  expect_step(ids.on_trade(trade(0)), TradeVerdict::duplicate);
  expect_step(ids.on_trade(trade(kMax)), TradeVerdict::duplicate);
}

}  // namespace
}  // namespace tapeline::feed

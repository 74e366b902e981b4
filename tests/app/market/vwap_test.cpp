#include "app/market/vwap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <tuple>
#include <vector>

#include "tests/app/market/market_fixture.hpp"

namespace tapeline::market {
namespace {

using testing::Fixture;
using testing::kInstrument;
using testing::kOther;
using testing::match;
using testing::price;
using testing::seconds;

std::vector<Bar> bars_of(const testing::RecordingSink& sink, BarPeriod period) {
  std::vector<Bar> bars;
  std::copy_if(sink.bars.begin(), sink.bars.end(), std::back_inserter(bars),
               [period](const Bar& bar) { return bar.period == period; });
  return bars;
}

TEST(Vwap, IsZeroWithoutTrades) {
  Fixture f;
  EXPECT_EQ(f.market.totals(kInstrument).vwap(), 0.0);
  EXPECT_FALSE(f.market.totals(kInstrument).traded);
  f.market.advance(seconds(100));
  f.market.close_all();
  EXPECT_TRUE(f.sink.bars.empty());
}

TEST(Vwap, CountsPrintsBeforeTheirColumnIsFolded) {
  Fixture f;
  f.market.advance(seconds(10));
  f.market.trade(kInstrument, 100, price(20), match(1));
  f.market.trade(kInstrument, 300, price(40), match(2));
  f.market.trade(kInstrument, 100, price(10), match(3));
  const SessionTotals totals = f.market.totals(kInstrument);
  EXPECT_EQ(f.market.counts().folds.get(), 0U);
  EXPECT_EQ(totals.volume, 500U);
  EXPECT_EQ(totals.trades, 3U);
  EXPECT_TRUE(totals.notional.exact() == 15'000);
  EXPECT_EQ(totals.vwap(), 30.0);
  EXPECT_EQ(totals.open, price(20));
  EXPECT_EQ(totals.high, price(40));
  EXPECT_EQ(totals.low, price(10));
  EXPECT_EQ(totals.last, price(10));
  EXPECT_FALSE(totals.incomplete);
  // Reading changes nothing.
  EXPECT_TRUE(f.market.totals(kInstrument).notional.exact() == 15'000);
}

TEST(Vwap, SkipsPrintsOfNoShares) {
  Fixture f;
  f.market.cross_trade(kInstrument, 0, price(0), match(1));
  EXPECT_EQ(f.market.totals(kInstrument).trades, 0U);
  EXPECT_EQ(f.market.counts().empty_prints.get(), 1U);
  EXPECT_EQ(f.market.counts().zero_prices.get(), 0U);
}

TEST(Vwap, TellsSecondWhenTimePassesItsEnd) {
  Fixture f;
  f.market.advance(seconds(61) + 5);
  f.market.trade(kInstrument, 100, price(20), match(1));
  f.market.advance(seconds(61) + 999'999'999);
  f.market.trade(kInstrument, 300, price(40), match(2));
  EXPECT_TRUE(f.sink.bars.empty());
  f.market.advance(seconds(62));
  ASSERT_EQ(f.sink.bars.size(), 1U);
  const Bar& bar = f.sink.bars.front();
  EXPECT_EQ(bar.period, BarPeriod::second);
  EXPECT_EQ(bar.start_ns, seconds(61));
  EXPECT_EQ(bar.instrument, kInstrument);
  EXPECT_EQ(bar.open, price(20));
  EXPECT_EQ(bar.high, price(40));
  EXPECT_EQ(bar.low, price(20));
  EXPECT_EQ(bar.close, price(40));
  EXPECT_EQ(bar.volume, 400U);
  EXPECT_EQ(bar.trades, 2U);
  EXPECT_EQ(bar.vwap, 35.0);
  EXPECT_TRUE(bar.complete);
}

TEST(Vwap, TellsMinuteOnceFromItsSeconds) {
  Fixture f;
  f.market.advance(seconds(60));
  f.market.trade(kInstrument, 1, price(20), match(1));
  f.market.advance(seconds(90));
  f.market.trade(kInstrument, 1, price(60), match(2));
  f.market.advance(seconds(119));
  f.market.trade(kInstrument, 2, price(10), match(3));
  f.market.advance(seconds(500));
  f.market.close_all();
  const std::vector<Bar> minutes = bars_of(f.sink, BarPeriod::minute);
  ASSERT_EQ(minutes.size(), 1U);
  EXPECT_EQ(bars_of(f.sink, BarPeriod::second).size(), 3U);
  EXPECT_EQ(f.sink.bars.back().period, BarPeriod::minute);
  EXPECT_EQ(minutes[0].start_ns, seconds(60));
  EXPECT_EQ(minutes[0].open, price(20));
  EXPECT_EQ(minutes[0].high, price(60));
  EXPECT_EQ(minutes[0].low, price(10));
  EXPECT_EQ(minutes[0].close, price(10));
  EXPECT_EQ(minutes[0].volume, 4U);
  EXPECT_EQ(minutes[0].trades, 3U);
  EXPECT_EQ(minutes[0].vwap, 25.0);
}

TEST(Vwap, TimeThatGoesBackNeitherClosesNorReopensBars) {
  Fixture f;
  f.market.advance(seconds(100));
  f.market.trade(kInstrument, 1, price(20), match(1));
  f.market.advance(seconds(99));
  f.market.trade(kInstrument, 1, price(20), match(2));
  EXPECT_TRUE(f.sink.bars.empty());
  f.market.advance(seconds(101));
  ASSERT_EQ(f.sink.bars.size(), 1U);
  EXPECT_EQ(f.sink.bars[0].volume, 2U);
  EXPECT_EQ(f.market.counts().time_backwards.get(), 1U);
}

TEST(Vwap, CloseAllTellsOpenBarsOnce) {
  Fixture f;
  f.market.advance(seconds(5));
  f.market.trade(kInstrument, 1, price(20), match(1));
  f.market.close_all();
  f.market.close_all();
  EXPECT_EQ(f.sink.bars.size(), 2U);
  EXPECT_EQ(f.pool.counts().in_use, 0U);
}

TEST(Vwap, FarthestTimeEndsNothingButBars) {
  Fixture f;
  f.market.trade(kInstrument, 1, price(20), match(1));
  f.market.advance(std::numeric_limits<ExchangeNanos>::max());
  f.market.trade(kInstrument, 1, price(20), match(2));
  f.market.advance(std::numeric_limits<ExchangeNanos>::max());
  f.market.close_all();
  EXPECT_EQ(bars_of(f.sink, BarPeriod::second).size(), 2U);
  EXPECT_EQ(f.market.totals(kInstrument).volume, 2U);
}

TEST(Vwap, BreakInTheRunningSecondLeavesNoTrace) {
  Fixture f;
  f.market.advance(seconds(10));
  f.market.trade(kInstrument, 100, price(20), match(1));
  f.market.trade(kInstrument, 100, price(90), match(2));
  f.market.break_trade(kInstrument, match(2));
  EXPECT_EQ(f.market.totals(kInstrument).volume, 100U);
  EXPECT_EQ(f.market.totals(kInstrument).trades, 1U);
  EXPECT_EQ(f.market.totals(kInstrument).vwap(), 20.0);
  f.market.close_all();
  ASSERT_EQ(f.sink.bars.size(), 2U);
  for (const Bar& bar : f.sink.bars) {
    EXPECT_EQ(bar.volume, 100U);
    EXPECT_EQ(bar.trades, 1U);
    EXPECT_EQ(bar.vwap, 20.0);
    EXPECT_EQ(bar.high, price(90));  // prices stay as they traded
  }
  EXPECT_EQ(f.market.counts().breaks_after_close.get(), 0U);
}

TEST(Vwap, BarWhoseTradesWereAllBrokenIsNotTold) {
  Fixture f;
  f.market.advance(seconds(10));
  f.market.trade(kInstrument, 100, price(20), match(1));
  f.market.break_trade(kInstrument, match(1));
  f.market.close_all();
  EXPECT_TRUE(f.sink.bars.empty());
  EXPECT_EQ(f.market.totals(kInstrument).volume, 0U);
  EXPECT_EQ(f.market.totals(kInstrument).vwap(), 0.0);
}

TEST(Vwap, BreakAfterItsSecondChangesTheOpenMinuteOnly) {
  Fixture f;
  f.market.advance(seconds(60));
  f.market.trade(kInstrument, 100, price(20), match(1));
  f.market.trade(kInstrument, 100, price(30), match(2));
  f.market.advance(seconds(61));
  f.market.break_trade(kInstrument, match(1));
  f.market.close_all();
  ASSERT_EQ(f.sink.bars.size(), 2U);
  EXPECT_EQ(f.sink.bars[0].volume, 200U);
  EXPECT_EQ(f.sink.bars[1].volume, 100U);
  EXPECT_EQ(f.sink.bars[1].vwap, 30.0);
  EXPECT_EQ(f.market.counts().breaks_after_close.get(), 1U);
}

TEST(Vwap, BreakAfterItsMinuteChangesTheSessionOnly) {
  Fixture f;
  f.market.advance(seconds(60));
  f.market.trade(kInstrument, 100, price(20), match(1));
  f.market.advance(seconds(130));
  f.market.trade(kInstrument, 50, price(30), match(2));
  f.market.break_trade(kInstrument, match(1));
  EXPECT_EQ(f.market.totals(kInstrument).volume, 50U);
  EXPECT_EQ(f.market.totals(kInstrument).vwap(), 30.0);
  f.market.close_all();
  for (const Bar& bar : f.sink.bars) {
    EXPECT_EQ(bar.volume, bar.start_ns < seconds(120) ? 100U : 50U);
  }
}

TEST(Vwap, BreakIsFinal) {
  Fixture f;
  f.market.trade(kInstrument, 100, price(20), match(1));
  f.market.trade(kInstrument, 100, price(20), match(2));
  f.market.break_trade(kInstrument, match(1));
  f.market.break_trade(kInstrument, match(1));
  EXPECT_EQ(f.market.totals(kInstrument).volume, 100U);
  EXPECT_EQ(f.market.totals(kInstrument).broken_trades, 1U);
  EXPECT_EQ(f.market.counts().repeated_breaks.get(), 1U);
}

TEST(Vwap, UnknownBreakMarksTheVwap) {
  Fixture f;
  f.market.trade(kInstrument, 100, price(20), match(1));
  f.market.break_trade(kInstrument, match(9));
  EXPECT_EQ(f.market.counts().unknown_breaks.get(), 1U);
  EXPECT_TRUE(f.market.totals(kInstrument).breaks_missing);
  EXPECT_FALSE(f.market.totals(kOther).breaks_missing);
  EXPECT_EQ(f.market.totals(kInstrument).volume, 100U);
}

TEST(Vwap, PrintsOlderThanTheHistoryCanNotBeBroken) {
  MarketConfig config = testing::small_market();
  config.print_history = 1000;  // becomes 1024
  Fixture f{config};
  for (std::uint64_t i = 0; i < 1025; ++i) f.market.trade(kInstrument, 1, price(20), match(i));
  f.market.break_trade(kInstrument, match(0));
  EXPECT_EQ(f.market.counts().unknown_breaks.get(), 1U);
  f.market.break_trade(kInstrument, match(1));
  EXPECT_EQ(f.market.counts().breaks.get(), 1U);
}

TEST(Vwap, SecondPrintOfOneMatchNumberIsCounted) {
  Fixture f;
  f.market.trade(kInstrument, 1, price(20), match(5));
  f.market.trade(kInstrument, 2, price(20), match(5));
  EXPECT_EQ(f.market.counts().duplicate_matches.get(), 1U);
  EXPECT_EQ(f.market.totals(kInstrument).volume, 3U);
}

TEST(Vwap, VolumeBeyond64BitsIsLeftOutAndTold) {
  Fixture f;
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  f.market.cross_trade(kInstrument, most, price(2'000'000'000), match(1));
  f.market.cross_trade(kInstrument, 1, price(1), match(2));
  const SessionTotals totals = f.market.totals(kInstrument);
  EXPECT_EQ(totals.volume, most);
  EXPECT_NEAR(totals.vwap(), 2e9, 1e-3);
  EXPECT_TRUE(totals.incomplete);
  EXPECT_EQ(f.market.counts().volume_overflows.get(), 1U);
  f.market.break_trade(kInstrument, match(1));
  f.market.cross_trade(kInstrument, 7, price(3), match(3));
  EXPECT_EQ(f.market.totals(kInstrument).vwap(), 3.0);
}

TEST(Vwap, GapMarksTotalsAndTheBarsAroundIt) {
  Fixture f;
  f.market.advance(seconds(59));
  f.market.trade(kInstrument, 1, price(1), match(1));
  f.market.advance(seconds(60));
  f.market.trade(kInstrument, 1, price(1), match(2));
  f.market.on_gap();
  f.market.advance(seconds(61));
  f.market.trade(kInstrument, 1, price(1), match(3));
  f.market.advance(seconds(62));
  f.market.trade(kInstrument, 1, price(1), match(4));
  f.market.close_all();
  std::map<std::pair<BarPeriod, ExchangeNanos>, bool> complete;
  for (const Bar& bar : f.sink.bars) complete[{bar.period, bar.start_ns}] = bar.complete;
  EXPECT_TRUE((complete.at({BarPeriod::second, seconds(59)})));
  EXPECT_FALSE((complete.at({BarPeriod::second, seconds(60)})));
  EXPECT_FALSE((complete.at({BarPeriod::second, seconds(61)})));
  EXPECT_TRUE((complete.at({BarPeriod::second, seconds(62)})));
  EXPECT_TRUE((complete.at({BarPeriod::minute, seconds(0)})));
  EXPECT_FALSE((complete.at({BarPeriod::minute, seconds(60)})));
  EXPECT_TRUE(f.market.totals(kInstrument).incomplete);
  EXPECT_TRUE(f.market.totals(kOther).incomplete);
}

TEST(Vwap, TopByVolumeIsSorted) {
  Fixture f;
  for (std::uint16_t i = 0; i < 50; ++i) {
    f.market.trade(InstrumentId{i}, (i * 37U) % 51U, price(5), match(i));
  }
  std::array<VolumeRank, 5> top{};
  ASSERT_EQ(f.market.top_by_volume(top), 5U);
  for (std::size_t i = 0; i < top.size(); ++i) {
    EXPECT_EQ(top[i].volume, 50U - i);
    EXPECT_EQ(f.market.totals(top[i].instrument).volume, top[i].volume);
  }
  std::array<VolumeRank, 100> all{};
  EXPECT_EQ(f.market.top_by_volume(all), 49U);
  EXPECT_EQ(f.market.top_by_volume({}), 0U);
}

// Any number of trades, one instrument after the other, held against plain integers.
struct NaiveBar {
  Price open{}, high{}, low{}, close{};
  std::uint64_t volume = 0, trades = 0;
  Int128 notional = 0;

  void add(Price at, std::uint64_t shares) {
    if (trades == 0) open = high = low = at;
    high = std::max(high, at);
    low = std::min(low, at);
    close = at;
    volume += shares;
    ++trades;
    notional += Int128{raw(at)} * static_cast<std::int64_t>(shares);
  }
};

using BarKey = std::tuple<BarPeriod, ExchangeNanos, InstrumentId>;

void expect_bars(const std::vector<Bar>& bars, const std::map<BarKey, NaiveBar>& naive) {
  ASSERT_EQ(bars.size(), naive.size());
  for (const Bar& bar : bars) {
    const auto found = naive.find({bar.period, bar.start_ns, bar.instrument});
    ASSERT_NE(found, naive.end());
    const NaiveBar& expected = found->second;
    ASSERT_EQ(bar.open, expected.open);
    ASSERT_EQ(bar.high, expected.high);
    ASSERT_EQ(bar.low, expected.low);
    ASSERT_EQ(bar.close, expected.close);
    ASSERT_EQ(bar.volume, expected.volume);
    ASSERT_EQ(bar.trades, expected.trades);
    const auto exact =
        static_cast<long double>(expected.notional) / static_cast<long double>(expected.volume);
    ASSERT_LE(std::fabs(static_cast<long double>(bar.vwap) - exact), exact * 1e-12L);
  }
}

std::vector<Bar> run_against_naive(bool scalar, const pool::PoolConfig& columns) {
  MarketConfig config = testing::small_market();
  config.scalar_kernels = scalar;
  Fixture f{config, columns};
  std::mt19937_64 random{17};
  std::map<BarKey, NaiveBar> naive;
  std::array<Int128, 40> notional{};
  ExchangeNanos now = seconds(34'200);
  const std::uint64_t trades = testing::kSanitized ? 50'000 : 400'000;
  for (std::uint64_t i = 0; i < trades; ++i) {
    now += random() % 3'000'000 + (random() % 5000 == 0 ? seconds(random() % 100) : 0);
    // A few instruments trade so much that their columns fill up.
    const InstrumentId id{static_cast<std::uint16_t>(random() % 4 == 0 ? random() % 40 : 1)};
    const Price at{static_cast<std::int64_t>(random() % 2'000'000'000 + 1)};
    const std::uint64_t shares = (random() >> (32U + random() % 32U)) + 1;
    f.market.advance(now);
    f.market.trade(id, shares, at, match(i));
    const ExchangeNanos second = now / seconds(1) * seconds(1);
    const ExchangeNanos minute = now / seconds(60) * seconds(60);
    naive[{BarPeriod::second, second, id}].add(at, shares);
    naive[{BarPeriod::minute, minute, id}].add(at, shares);
    notional[index_of(id)] += Int128{raw(at)} * static_cast<std::int64_t>(shares);
  }
  f.market.close_all();
  expect_bars(f.sink.bars, naive);
  for (std::uint16_t i = 0; i < 40; ++i) {
    EXPECT_TRUE(f.market.totals(InstrumentId{i}).notional.exact() == notional[i]) << i;
  }
  return f.sink.bars;
}

void expect_same_bits(const std::vector<Bar>& left, const std::vector<Bar>& right) {
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) ASSERT_EQ(left[i].vwap, right[i].vwap);
}

TEST(Vwap, BarsAgreeWithIntegersWithEveryKernelAndWithoutColumns) {
  const std::vector<Bar> fastest = run_against_naive(false, testing::small_pool());
  expect_same_bits(fastest, run_against_naive(true, testing::small_pool()));
  expect_same_bits(fastest, run_against_naive(false, testing::small_pool(1, 0)));
}

TEST(Vwap, ExhaustedPoolIsCounted) {
  Fixture f{testing::small_market(), testing::small_pool(1, 0)};
  f.market.trade(kInstrument, 1, price(1), match(1));
  f.market.trade(kOther, 1, price(1), match(2));
  EXPECT_EQ(f.market.counts().refused_columns.get(), 1U);
  EXPECT_EQ(f.market.totals(kOther).volume, 1U);
  EXPECT_EQ(f.market.totals(kOther).vwap(), 1.0);
}

TEST(Vwap, TenMillionTradesOfAnySizeStayExact) {
  Fixture f;
  std::mt19937_64 random{23};
  __extension__ unsigned __int128 exact = 0;
  std::uint64_t volume = 0;
  const std::uint64_t trades = testing::kSanitized ? 300'000 : 10'000'000;
  for (std::uint64_t i = 0; i < trades; ++i) {
    const std::uint64_t bits = random();
    const std::uint64_t units = (bits & 0x7FFF'FFFF) >> (bits >> 60U) | 1U;
    const std::uint64_t shares = (bits >> 31U & 0xFFFF'FFFF) >> (bits % 32) | 1U;
    f.market.advance(seconds(34'200) + i * 1000);
    f.market.trade(kInstrument, shares, Price{static_cast<std::int64_t>(units)}, match(i));
    exact += static_cast<decltype(exact)>(units) * shares;
    volume += shares;
  }
  const SessionTotals totals = f.market.totals(kInstrument);
  EXPECT_EQ(totals.volume, volume);
  const auto reference = static_cast<long double>(exact);
  const auto error = static_cast<long double>(totals.notional.value()) - reference;
  EXPECT_LE(std::fabs(error / reference), 1e-12L);
  EXPECT_TRUE(totals.notional.exact() == static_cast<Int128>(exact));
}

}  // namespace
}  // namespace tapeline::market

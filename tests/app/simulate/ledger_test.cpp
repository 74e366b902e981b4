#include "app/simulate/ledger.hpp"

#include <gtest/gtest.h>

namespace tapeline::simulate {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

class LedgerTest : public ::testing::Test {
 protected:
  Print trade(std::uint64_t time_ns, std::uint64_t shares, std::uint32_t price) {
    ledger_.count('P', 1, time_ns);
    const Print print{.match_number = ++match_,
                      .time_ns = time_ns,
                      .shares = shares,
                      .price = price,
                      .locate = 1};
    ledger_.add(print);
    return print;
  }
  void break_at(std::uint64_t time_ns, const Print& print) {
    ledger_.count('B', 1, time_ns);
    ledger_.take_back(print);
  }
  [[nodiscard]] const InstrumentTruth& truth() const { return ledger_.truths()[1]; }

  Ledger ledger_{2, true};
  std::uint64_t match_ = 0;
};

TEST_F(LedgerTest, SumsVolumeAndExactNotional) {
  trade(1, 0xFFFF'FFFF'FFFFU, 2'000'000'000);
  trade(2, 0xFFFF'FFFF'FFFFU, 2'000'000'000);
  EXPECT_EQ(truth().trades, 2U);
  EXPECT_EQ(truth().volume, 2 * 0xFFFF'FFFF'FFFFU);
  EXPECT_TRUE(truth().notional == Notional{2} * 0xFFFF'FFFF'FFFFU * 2'000'000'000U);
  EXPECT_EQ(ledger_.truths()[2].trades, 0U);
}

TEST_F(LedgerTest, BarHasFirstHighestLowestAndLastPrice) {
  trade(5 * kSecond, 10, 300);
  trade(5 * kSecond + 1, 20, 500);
  trade(6 * kSecond - 1, 30, 200);
  trade(6 * kSecond, 40, 400);
  const auto seconds = second_bars(truth());
  ASSERT_EQ(seconds.size(), 2U);
  EXPECT_EQ(seconds[0].start, 5U);
  EXPECT_EQ(seconds[0].open, 300U);
  EXPECT_EQ(seconds[0].high, 500U);
  EXPECT_EQ(seconds[0].low, 200U);
  EXPECT_EQ(seconds[0].close, 200U);
  EXPECT_EQ(seconds[0].volume, 60U);
  EXPECT_TRUE(seconds[0].notional == Notional{10 * 300 + 20 * 500 + 30 * 200});
  EXPECT_EQ(seconds[0].trades, 3U);
  const auto minutes = minute_bars(truth());
  ASSERT_EQ(minutes.size(), 1U);
  EXPECT_EQ(minutes[0].open, 300U);
  EXPECT_EQ(minutes[0].close, 400U);
  EXPECT_EQ(minutes[0].volume, 100U);
}

TEST_F(LedgerTest, BreakInTheSameSecondChangesBothBars) {
  const Print broken = trade(kSecond, 10, 900);
  trade(kSecond, 5, 100);
  break_at(2 * kSecond - 1, broken);
  EXPECT_EQ(truth().volume, 5U);
  EXPECT_EQ(truth().broken, 1U);
  EXPECT_EQ(second_bars(truth())[0].volume, 5U);
  EXPECT_EQ(second_bars(truth())[0].high, 900U);
  EXPECT_EQ(minute_bars(truth())[0].volume, 5U);
  EXPECT_EQ(minute_bars(truth())[0].trades, 1U);
}

TEST_F(LedgerTest, BreakInTheSameMinuteChangesTheMinuteOnly) {
  const Print broken = trade(kSecond, 10, 900);
  trade(kSecond, 5, 100);
  break_at(59 * kSecond, broken);
  EXPECT_EQ(second_bars(truth())[0].volume, 15U);
  EXPECT_EQ(minute_bars(truth())[0].volume, 5U);
}

TEST_F(LedgerTest, LateBreakChangesTheTotalsOnly) {
  const Print broken = trade(kSecond, 10, 900);
  break_at(60 * kSecond, broken);
  EXPECT_EQ(truth().trades, 0U);
  EXPECT_TRUE(truth().notional == Notional{0});
  EXPECT_EQ(second_bars(truth())[0].volume, 10U);
  EXPECT_EQ(minute_bars(truth())[0].volume, 10U);
}

TEST_F(LedgerTest, SecondThatLosesAllTradesIsNoBarAndLeavesNothingInItsMinute) {
  const Print broken = trade(kSecond, 10, 900);
  break_at(kSecond + 1, broken);
  EXPECT_TRUE(second_bars(truth()).empty());
  EXPECT_TRUE(minute_bars(truth()).empty());
  trade(2 * kSecond, 1, 400);
  EXPECT_EQ(minute_bars(truth())[0].high, 400U);
}

TEST_F(LedgerTest, MessagesAreCountedByType) {
  ledger_.count('S', 0, 0);
  ledger_.count('O', 2, 1);
  EXPECT_EQ(ledger_.truths()[0].messages[kMessageTypes.find('S')], 1U);
  EXPECT_EQ(ledger_.truths()[2].messages[kMessageTypes.find('O')], 1U);
}

}  // namespace
}  // namespace tapeline::simulate

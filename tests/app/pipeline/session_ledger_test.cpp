// A generated session through the whole replay, held against the ledger of its generator: books,
// trades, volume, VWAP and bars of every instrument.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "app/replay.hpp"
#include "tests/app/pipeline/generated_capture.hpp"

namespace tapeline {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

constexpr std::uint64_t kWholeSession = kSanitized ? 400'000 : 10'000'000;
constexpr std::uint64_t kSmallSession = kSanitized ? 100'000 : 500'000;
constexpr double kRelativeError = 1e-12;

class BarRecorder final : public market::BarSink {
 public:
  void on_bar(const market::Bar& bar) noexcept override {
    bars_[{market::index_of(bar.instrument), bar.period}].push_back(bar);
  }
  [[nodiscard]] std::vector<market::Bar> of(std::size_t instrument, market::BarPeriod period) {
    return bars_[{instrument, period}];
  }

 private:
  std::map<std::tuple<std::size_t, market::BarPeriod>, std::vector<market::Bar>> bars_;
};

[[nodiscard]] double relative_error(double value, simulate::Notional notional,
                                    std::uint64_t volume) {
  const long double exact = static_cast<long double>(notional) / static_cast<long double>(volume);
  return static_cast<double>(std::fabs((static_cast<long double>(value) - exact) / exact));
}

void expect_side(std::span<const market::Level> levels, std::span<const simulate::Level> truth,
                 std::size_t locate) {
  ASSERT_EQ(levels.size(), truth.size()) << "locate " << locate;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    ASSERT_EQ(market::raw(levels[i].price), std::int64_t{truth[i].price}) << "locate " << locate;
    ASSERT_EQ(levels[i].shares, truth[i].shares) << "locate " << locate;
    ASSERT_EQ(levels[i].orders, truth[i].orders) << "locate " << locate;
  }
}

void expect_book(const market::Market& market, const simulate::Session& truth, std::size_t locate) {
  const auto instrument = static_cast<std::uint16_t>(locate - 1);
  const auto& book = market.book(market::InstrumentId(locate));
  expect_side(book.levels(market::Side::buy), truth.books().levels(instrument, simulate::Side::buy),
              locate);
  expect_side(book.levels(market::Side::sell),
              truth.books().levels(instrument, simulate::Side::sell), locate);
}

void expect_trades(const market::Market& market, const simulate::InstrumentTruth& truth,
                   std::size_t locate) {
  const market::SessionTotals totals = market.totals(market::InstrumentId(locate));
  ASSERT_EQ(totals.volume, truth.volume) << "locate " << locate;
  ASSERT_EQ(totals.trades, truth.trades) << "locate " << locate;
  ASSERT_EQ(totals.broken_trades, truth.broken) << "locate " << locate;
  ASSERT_FALSE(totals.incomplete) << "locate " << locate;
  if (truth.volume == 0) return;
  ASSERT_LE(relative_error(totals.vwap(), truth.notional, truth.volume), kRelativeError)
      << "locate " << locate;
}

void expect_bars(const std::vector<market::Bar>& bars, const std::vector<simulate::Bar>& truth,
                 std::uint64_t nanos_per_bar, std::size_t locate) {
  ASSERT_EQ(bars.size(), truth.size()) << "locate " << locate;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    ASSERT_EQ(bars[i].start_ns, truth[i].start * nanos_per_bar) << "locate " << locate;
    ASSERT_EQ(market::raw(bars[i].open), std::int64_t{truth[i].open}) << "locate " << locate;
    ASSERT_EQ(market::raw(bars[i].high), std::int64_t{truth[i].high}) << "locate " << locate;
    ASSERT_EQ(market::raw(bars[i].low), std::int64_t{truth[i].low}) << "locate " << locate;
    ASSERT_EQ(market::raw(bars[i].close), std::int64_t{truth[i].close}) << "locate " << locate;
    ASSERT_EQ(bars[i].trades, truth[i].trades) << "locate " << locate;
    ASSERT_EQ(bars[i].volume, truth[i].volume) << "locate " << locate;
    ASSERT_LE(relative_error(bars[i].vwap, truth[i].notional, truth[i].volume), kRelativeError)
        << "locate " << locate;
  }
}

// Message counts by type of the whole session.
void expect_counts(const Replay& replay, const simulate::Session& truth, std::uint64_t messages) {
  const auto channel = replay.snapshot().feeds.at(0).channels.at(0);
  EXPECT_EQ(channel.messages, messages);
  EXPECT_EQ(channel.gaps, 0U);
  EXPECT_EQ(channel.unknown_types, 0U);
  for (const auto& kind : channel.malformed) EXPECT_EQ(kind.count, 0U) << kind.name;
  for (std::size_t type = 0; type < simulate::kMessageTypes.size(); ++type) {
    std::uint64_t expected = 0;
    for (const auto& instrument : truth.ledger().truths()) expected += instrument.messages[type];
    const std::string name(1, simulate::kMessageTypes[type]);
    const auto told = std::find_if(channel.messages_by_type.begin(), channel.messages_by_type.end(),
                                   [&](const auto& count) { return count.name == name; });
    ASSERT_NE(told, channel.messages_by_type.end()) << name;
    EXPECT_EQ(told->count, expected) << name;
  }
}

void expect_everything(const GeneratedCapture& capture, std::uint64_t messages, bool with_bars,
                       bool scalar) {
  BarRecorder bars;
  Config config = replay_config();
  config.market.scalar_kernels = scalar;
  Replay replay{
      config, {capture.path()}, {.input = {}, .speed = 0.0, .bars = with_bars ? &bars : nullptr}};
  replay.run();
  ASSERT_TRUE(replay.errors().empty()) << replay.errors().front();
  expect_counts(replay, capture.truth(), messages);
  const auto& truths = capture.truth().ledger().truths();
  for (std::size_t locate = 1; locate < truths.size(); ++locate) {
    ASSERT_NO_FATAL_FAILURE(expect_book(replay.market(), capture.truth(), locate));
    ASSERT_NO_FATAL_FAILURE(expect_trades(replay.market(), truths[locate], locate));
    if (!with_bars) continue;
    ASSERT_NO_FATAL_FAILURE(expect_bars(bars.of(locate, market::BarPeriod::second),
                                        simulate::second_bars(truths[locate]),
                                        market::kNanosPerSecond, locate));
    ASSERT_NO_FATAL_FAILURE(expect_bars(bars.of(locate, market::BarPeriod::minute),
                                        simulate::minute_bars(truths[locate]),
                                        60 * market::kNanosPerSecond, locate));
  }
}

TEST(SessionLedger, EqualsBooksTradesAndVwapOfAWholeSession) {
  const GeneratedCapture capture{
      {.seed = 7, .messages = kWholeSession, .instruments = 8'000, .keep_bars = false}, false};
  expect_everything(capture, kWholeSession, false, false);
}

TEST(SessionLedger, EqualsBarsAlsoWhenTwoLinesAreCutDifferently) {
  const GeneratedCapture capture{
      {.seed = 8, .messages = kSmallSession, .instruments = 500, .keep_bars = true}, true};
  expect_everything(capture, kSmallSession, true, false);
}

TEST(SessionLedger, EqualsBarsWithScalarKernels) {
  const GeneratedCapture capture{
      {.seed = 9, .messages = 100'000, .instruments = 200, .keep_bars = true}, true};
  expect_everything(capture, 100'000, true, true);
}

TEST(SessionLedger, EqualsTheLastOfTwoSessionsThatFollowEachOther) {
  const GeneratedCapture first{
      {.seed = 12, .messages = 50'000, .instruments = 100, .keep_bars = true}, true, "MONDAY"};
  const GeneratedCapture second{
      {.seed = 13, .messages = 50'000, .instruments = 100, .keep_bars = true}, true, "TUESDAY", 1};
  Replay replay{replay_config(), {second.path(), first.path()}};  // in the order of their times
  replay.run();
  const auto channel = replay.snapshot().feeds.at(0).channels.at(0);
  EXPECT_EQ(channel.session, "TUESDAY");
  EXPECT_EQ(channel.messages, 100'000U);
  EXPECT_FALSE(channel.stale);
  const auto& truths = second.truth().ledger().truths();
  for (std::size_t locate = 1; locate < truths.size(); ++locate) {
    ASSERT_NO_FATAL_FAILURE(expect_book(replay.market(), second.truth(), locate));
    ASSERT_NO_FATAL_FAILURE(expect_trades(replay.market(), truths[locate], locate));
  }
}

}  // namespace
}  // namespace tapeline

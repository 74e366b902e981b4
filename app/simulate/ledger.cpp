#include "app/simulate/ledger.hpp"

#include <algorithm>
#include <cassert>

namespace tapeline::simulate {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kMinuteNs = 60 * kSecondNs;
constexpr std::uint32_t kSecondsPerMinute = 60;

void take_back_from(Bar& bar, const Print& print) noexcept {
  assert(bar.trades > 0 && bar.volume >= print.shares);
  --bar.trades;
  bar.volume -= print.shares;
  bar.notional -= Notional{print.price} * print.shares;
}

void drop_empty(std::vector<Bar>& bars) {
  std::erase_if(bars, [](const Bar& bar) { return bar.trades == 0; });
}

}  // namespace

Ledger::Ledger(std::size_t instruments, bool keep_bars)
    : truths_(instruments + 1), keep_bars_{keep_bars} {}

void Ledger::add(const Print& print) {
  assert(print.shares > 0);
  InstrumentTruth& truth = truths_[print.locate];
  ++truth.trades;
  truth.volume += print.shares;
  truth.notional += Notional{print.price} * print.shares;
  if (!keep_bars_) return;
  const auto second = static_cast<std::uint32_t>(print.time_ns / kSecondNs);
  if (truth.seconds.empty() || truth.seconds.back().start != second) {
    truth.seconds.push_back(
        Bar{.start = second, .open = print.price, .high = print.price, .low = print.price});
  }
  Bar& bar = truth.seconds.back();
  bar.high = std::max(bar.high, print.price);
  bar.low = std::min(bar.low, print.price);
  bar.close = print.price;
  ++bar.trades;
  bar.volume += print.shares;
  bar.notional += Notional{print.price} * print.shares;
}

void Ledger::take_back(const Print& print) {
  InstrumentTruth& truth = truths_[print.locate];
  assert(truth.trades > 0 && truth.volume >= print.shares);
  ++truth.broken;
  --truth.trades;
  truth.volume -= print.shares;
  truth.notional -= Notional{print.price} * print.shares;
  if (!keep_bars_) return;
  if (latest_ns_ / kSecondNs == print.time_ns / kSecondNs) {
    take_back_from(truth.seconds.back(), print);
  } else if (latest_ns_ / kMinuteNs == print.time_ns / kMinuteNs) {
    truth.late_breaks.push_back(print);
  }
}

std::vector<Bar> second_bars(const InstrumentTruth& truth) {
  std::vector<Bar> seconds = truth.seconds;
  drop_empty(seconds);
  return seconds;
}

std::vector<Bar> minute_bars(const InstrumentTruth& truth) {
  std::vector<Bar> minutes;
  for (const Bar& second : second_bars(truth)) {
    const std::uint32_t start = second.start / kSecondsPerMinute;
    if (minutes.empty() || minutes.back().start != start) {
      minutes.push_back(second);
      minutes.back().start = start;
      continue;
    }
    Bar& minute = minutes.back();
    minute.high = std::max(minute.high, second.high);
    minute.low = std::min(minute.low, second.low);
    minute.close = second.close;
    minute.trades += second.trades;
    minute.volume += second.volume;
    minute.notional += second.notional;
  }
  for (const Print& print : truth.late_breaks) {
    const auto minute =
        std::lower_bound(minutes.begin(), minutes.end(), print.time_ns / kMinuteNs,
                         [](const Bar& bar, std::uint64_t start) { return bar.start < start; });
    take_back_from(*minute, print);
  }
  drop_empty(minutes);
  return minutes;
}

}  // namespace tapeline::simulate

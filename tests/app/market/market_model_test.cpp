// Market against a naive model of maps, over random events of which some are wrong on purpose.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <unordered_map>
#include <vector>

#include "app/market/market.hpp"
#include "tests/app/market/market_fixture.hpp"

namespace tapeline::market {
namespace {

constexpr std::size_t kInstruments = 12;

struct ModelOrder {
  std::uint16_t instrument;
  Side side;
  std::uint32_t shares;
  std::int64_t price;
};
struct ModelLevel {
  std::uint64_t shares = 0;
  std::uint32_t orders = 0;
};
struct ModelPrint {
  std::uint16_t instrument;
  std::uint64_t shares;
  std::int64_t price;
};
struct ModelInstrument {
  std::array<std::map<std::int64_t, ModelLevel>, 2> sides;
  std::uint64_t volume = 0;
  std::uint64_t trades = 0;
  Int128 notional = 0;
};

class Model {
 public:
  std::unordered_map<std::uint64_t, ModelOrder> orders;
  std::unordered_map<std::uint64_t, ModelPrint> prints;
  std::array<ModelInstrument, kInstruments> instruments;

  void add(std::uint64_t ref, const ModelOrder& order) {
    if (order.shares == 0 || !orders.emplace(ref, order).second) return;
    ModelLevel& level = level_of(order);
    level.shares += order.shares;
    ++level.orders;
  }
  void take(std::uint64_t ref, std::uint32_t shares) {
    const auto found = orders.find(ref);
    if (found == orders.end()) return;
    ModelOrder& order = found->second;
    const std::uint32_t taken = std::min(shares, order.shares);
    ModelLevel& level = level_of(order);
    level.shares -= taken;
    order.shares -= taken;
    if (order.shares > 0) return;
    if (--level.orders == 0) side_of(order).erase(order.price);
    orders.erase(found);
  }
  void print(std::uint64_t match, const ModelPrint& print) {
    if (print.shares == 0) return;
    prints[match] = print;
    apply(print, 1);
  }
  void break_print(std::uint64_t match) {
    const auto found = prints.find(match);
    if (found == prints.end()) return;
    apply(found->second, -1);
    prints.erase(found);
  }

 private:
  std::map<std::int64_t, ModelLevel>& side_of(const ModelOrder& order) {
    return instruments[order.instrument].sides[static_cast<std::size_t>(order.side)];
  }
  ModelLevel& level_of(const ModelOrder& order) { return side_of(order)[order.price]; }
  void apply(const ModelPrint& print, int sign) {
    ModelInstrument& instrument = instruments[print.instrument];
    const std::uint64_t factor = sign > 0 ? 1 : std::uint64_t{0} - 1;
    instrument.volume += factor * print.shares;
    instrument.trades += factor;
    instrument.notional += Int128{sign} * print.price * static_cast<std::int64_t>(print.shares);
  }
};

// Sends the same random events to both.
class Driver {
 public:
  explicit Driver(std::uint64_t seed) : random_{seed} {
    for (std::int64_t& middle : middles_) middle = static_cast<std::int64_t>(5000 + below(90'000));
  }

  void step() {
    now_ += below(2'000'000);
    market().advance(now_);
    const std::uint64_t dice = below(1000);
    if (dice < 440) {
      add();
    } else if (dice < 800) {
      remove();
    } else if (dice < 870) {
      replace();
    } else if (dice < 920) {
      execute();
    } else if (dice < 950) {
      execute_at_price();
    } else if (dice < 970) {
      cancel();
    } else if (dice < 990) {
      print();
    } else {
      break_print();
    }
  }

  void expect_equal() {
    for (std::uint16_t i = 0; i < kInstruments; ++i) {
      ASSERT_NO_FATAL_FAILURE(expect_equal_side(i, Side::buy));
      ASSERT_NO_FATAL_FAILURE(expect_equal_side(i, Side::sell));
      const ModelInstrument& expected = model_.instruments[i];
      const SessionTotals totals = market().totals(InstrumentId{i});
      ASSERT_EQ(totals.volume, expected.volume);
      ASSERT_EQ(totals.trades, expected.trades);
      ASSERT_TRUE(totals.notional.exact() == expected.notional);
    }
    ASSERT_EQ(market().order_counts().orders.get(), model_.orders.size());
  }

  Market& market() { return fixture_.market; }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool rarely() { return below(200) == 0; }

  // Usually an order that is open, sometimes any reference.
  std::uint64_t some_ref() {
    if (known_.empty() || rarely()) return below(next_ref_ + 10);
    const std::size_t index =
        below(4) == 0 ? below(known_.size())
                      : known_.size() - 1 - below(std::min<std::size_t>(known_.size(), 200));
    const std::uint64_t ref = known_[index];
    if (model_.orders.contains(ref)) return ref;
    known_[index] = known_.back();
    known_.pop_back();
    return ref;
  }
  std::uint32_t some_shares() {
    return static_cast<std::uint32_t>(rarely() ? below(2) * 4'000'000'000 : 1 + below(500));
  }
  std::int64_t some_price(std::size_t instrument, Side side) {
    std::int64_t& middle = middles_[instrument];
    if (below(100) == 0) middle += static_cast<std::int64_t>(below(21)) - 10;
    const auto away = static_cast<std::int64_t>(below(10) == 0 ? below(2000) : below(20));
    return std::max<std::int64_t>(0, side == Side::buy ? middle - away : middle + 1 + away);
  }
  std::uint16_t instrument_of(std::uint64_t ref) {
    const auto found = model_.orders.find(ref);
    if (found == model_.orders.end() || rarely()) {
      return static_cast<std::uint16_t>(below(kInstruments));
    }
    return found->second.instrument;
  }

  void add() {
    const std::uint64_t ref = rarely() ? some_ref() : next_ref_ += 1 + below(3);
    const auto id = static_cast<std::uint16_t>(below(kInstruments));
    const Side side = below(2) == 0 ? Side::buy : Side::sell;
    const ModelOrder order{id, side, some_shares(), some_price(id, side)};
    market().add_order(InstrumentId{id}, OrderRef{ref}, side, order.shares, Price{order.price});
    model_.add(ref, order);
    known_.push_back(ref);
  }
  void remove() {
    const std::uint64_t ref = some_ref();
    market().remove(InstrumentId{instrument_of(ref)}, OrderRef{ref});
    model_.take(ref, 0xFFFF'FFFF);
  }
  void replace() {
    const std::uint64_t ref = some_ref();
    const std::uint64_t next = rarely() ? some_ref() : next_ref_ += 1 + below(3);
    const std::uint16_t named = instrument_of(ref);
    const auto found = model_.orders.find(ref);
    ModelOrder order = found == model_.orders.end() ? ModelOrder{} : found->second;
    order.shares = some_shares();
    order.price = some_price(order.instrument, order.side);
    market().replace(InstrumentId{named}, OrderRef{ref}, OrderRef{next}, order.shares,
                     Price{order.price});
    if (found == model_.orders.end()) return;
    model_.take(ref, 0xFFFF'FFFF);
    model_.add(next, order);
    known_.push_back(next);
  }
  void execute() {
    const std::uint64_t ref = some_ref();
    const std::uint32_t shares = some_shares();
    const std::uint64_t match = next_match_++;
    market().execute(InstrumentId{instrument_of(ref)}, OrderRef{ref}, shares, MatchNumber{match});
    const auto found = model_.orders.find(ref);
    if (found == model_.orders.end()) return;
    model_.print(match, {found->second.instrument, shares, found->second.price});
    if (shares > 0) model_.take(ref, shares);
  }
  void execute_at_price() {
    const std::uint64_t ref = some_ref();
    const std::uint32_t shares = some_shares();
    const std::uint64_t match = next_match_++;
    const std::uint16_t named = instrument_of(ref);
    const bool printable = below(2) == 0;
    const std::int64_t price = some_price(named, Side::buy);
    market().execute_at_price(InstrumentId{named}, OrderRef{ref}, shares, MatchNumber{match},
                              printable, Price{price});
    const auto found = model_.orders.find(ref);
    const std::uint16_t traded = found == model_.orders.end() ? named : found->second.instrument;
    if (printable) model_.print(match, {traded, shares, price});
    if (shares > 0) model_.take(ref, shares);
  }
  void cancel() {
    const std::uint64_t ref = some_ref();
    const std::uint32_t shares = some_shares();
    market().cancel(InstrumentId{instrument_of(ref)}, OrderRef{ref}, shares);
    if (shares > 0) model_.take(ref, shares);
  }
  void print() {
    const auto id = static_cast<std::uint16_t>(below(kInstruments));
    const std::uint64_t match = next_match_++;
    const std::int64_t price = some_price(id, Side::sell);
    if (below(10) == 0) {
      const std::uint64_t shares = below(3) == 0 ? 0 : random_() >> 24U;
      market().cross_trade(InstrumentId{id}, shares, Price{price}, MatchNumber{match});
      model_.print(match, {id, shares, price});
    } else {
      const std::uint32_t shares = some_shares();
      market().trade(InstrumentId{id}, shares, Price{price}, MatchNumber{match});
      model_.print(match, {id, shares, price});
    }
  }
  void break_print() {
    const std::uint64_t back = 1 + below(1000);
    const std::uint64_t match = next_match_ > back ? next_match_ - back : 1;
    market().break_trade(InstrumentId{static_cast<std::uint16_t>(below(kInstruments))},
                         MatchNumber{match});
    model_.break_print(match);
  }

  void expect_equal_side(std::uint16_t id, Side side) {
    const auto& expected = model_.instruments[id].sides[static_cast<std::size_t>(side)];
    const std::span<const Level> levels = market().book(InstrumentId{id}).levels(side);
    ASSERT_EQ(levels.size(), expected.size());
    std::size_t index = side == Side::buy ? 0 : levels.size() - 1;
    for (const auto& [price, level] : expected) {
      ASSERT_EQ(raw(levels[index].price), price);
      ASSERT_EQ(levels[index].shares, level.shares);
      ASSERT_EQ(levels[index].orders, level.orders);
      index = side == Side::buy ? index + 1 : index - 1;
    }
  }

  std::mt19937_64 random_;
  testing::Fixture fixture_;
  Model model_;
  std::array<std::int64_t, kInstruments> middles_{};
  std::vector<std::uint64_t> known_;
  std::uint64_t next_ref_ = 1;
  std::uint64_t next_match_ = 1;
  ExchangeNanos now_ = testing::seconds(34'200);
};

class MarketModel : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(MarketModel, AgreesWithMapsOverRandomEvents) {
  Driver driver{GetParam()};
  const int steps = testing::kSanitized ? 150'000 : 1'500'000;
  for (int step = 0; step < steps; ++step) {
    driver.step();
    if (step % 20'000 == 0) {
      ASSERT_NO_FATAL_FAILURE(driver.expect_equal());
    }
  }
  ASSERT_NO_FATAL_FAILURE(driver.expect_equal());
  // The wrong events were really there.
  const MarketCounts& counts = driver.market().counts();
  EXPECT_GT(counts.unknown_orders.get(), 0U);
  EXPECT_GT(counts.duplicate_orders.get(), 0U);
  EXPECT_GT(counts.replaced_onto_open.get(), 0U);
  EXPECT_GT(counts.oversized_takes.get(), 0U);
  EXPECT_GT(counts.wrong_instruments.get(), 0U);
  EXPECT_GT(counts.breaks.get(), 0U);
  EXPECT_GT(counts.unknown_breaks.get(), 0U);
  EXPECT_EQ(counts.refused_orders.get(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, MarketModel, ::testing::Values(1U, 2U, 3U));

}  // namespace
}  // namespace tapeline::market

// Counts every allocation of the process while a market works.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "app/market/market.hpp"
#include "tests/app/market/market_fixture.hpp"
#include "tests/support/counting_new.hpp"

namespace tapeline::market {
namespace {

struct Open {
  std::uint64_t ref;
  InstrumentId instrument;
};

// Keeps a few thousand orders open on a few hundred instruments; bars close all the time.
class Load {
 public:
  explicit Load(Market& market) : market_{market} { open_.reserve(20'000); }

  void step() {
    now_ += random_() % 1'000'000;
    market_.advance(now_);
    if (open_.size() < 2000 || (open_.size() < 10'000 && random_() % 2 == 0)) return add();
    const std::size_t index = random_() % open_.size();
    const Open order = open_[index];
    switch (random_() % 8) {
      case 0:
        market_.execute(order.instrument, OrderRef{order.ref}, 100, MatchNumber{++match_});
        break;
      case 1: market_.trade(order.instrument, 100, Price{1000}, MatchNumber{++match_}); return;
      case 2: market_.break_trade(order.instrument, MatchNumber{match_}); return;
      case 3:
        market_.replace(order.instrument, OrderRef{order.ref}, OrderRef{++ref_}, 100,
                        Price{static_cast<std::int64_t>(1 + random_() % 50)});
        open_[index].ref = ref_;
        return;
      default: market_.remove(order.instrument, OrderRef{order.ref});
    }
    open_[index] = open_.back();
    open_.pop_back();
  }

 private:
  void add() {
    const InstrumentId id{static_cast<std::uint16_t>(random_() % 300)};
    market_.add_order(id, OrderRef{++ref_}, random_() % 2 == 0 ? Side::buy : Side::sell, 100,
                      Price{static_cast<std::int64_t>(1 + random_() % 50)});
    open_.push_back({ref_, id});
  }

  Market& market_;
  std::mt19937_64 random_{31};
  std::vector<Open> open_;
  std::uint64_t ref_ = 0;
  std::uint64_t match_ = 0;
  ExchangeNanos now_ = testing::seconds(34'200);
};

TEST(MarketAllocation, CounterSeesAllocations) {
  const std::uint64_t before = support::allocations.load();
  const std::vector<int> memory(100);
  EXPECT_EQ(support::allocations.load(), before + 1);
  EXPECT_EQ(memory.size(), 100U);
}

TEST(MarketAllocation, SteadyStateAllocatesNothing) {
  pool::BufferPool<pool::SimdKind> pool{testing::small_pool()};
  Market market{testing::small_market(), pool};  // no sink: that of the tests keeps what it is told
  Load load{market};
  for (int step = 0; step < 200'000; ++step) load.step();
  const std::uint64_t before = support::allocations.load();
  const std::uint64_t growths =
      market.order_counts().growths.get() + market.level_counts().growths.get();
  for (int step = 0; step < 1'000'000; ++step) load.step();
  EXPECT_EQ(support::allocations.load() - before, 0U);
  EXPECT_EQ(market.order_counts().growths.get() + market.level_counts().growths.get(), growths);
  EXPECT_GT(market.counts().prints.get(), 10'000U);
  EXPECT_GT(market.counts().second_bars.get(), 1'000U);
}

}  // namespace
}  // namespace tapeline::market

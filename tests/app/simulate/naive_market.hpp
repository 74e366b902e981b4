#pragma once

// The plainest possible market: it decodes messages into maps, and keeps every print. Slow, and
// independent of the generator's own books and ledger, which are held against it. Any message that
// contradicts an earlier one is kept in `faults` as text.
//
// Thread safety: none.

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "codec/itch/decoder.hpp"

namespace tapeline::simulate {

class NaiveMarket {
 public:
  __extension__ using Notional = unsigned __int128;

  struct Order {
    std::uint16_t locate;
    char side;
    std::uint32_t shares;
    std::uint32_t price;
  };
  struct Print {
    std::uint16_t locate;
    std::uint64_t time_ns;
    std::uint64_t shares;
    std::uint32_t price;
    std::uint64_t broken_ns;  // 0: it stands
  };
  struct Level {
    std::uint64_t shares = 0;
    std::uint32_t orders = 0;
  };
  struct Totals {
    std::uint64_t trades = 0;
    std::uint64_t broken = 0;
    std::uint64_t volume = 0;
    Notional notional = 0;
  };
  struct Bar {
    std::uint32_t open = 0;
    std::uint32_t high = 0;
    std::uint32_t low = 0;
    std::uint32_t close = 0;
    std::uint64_t volume = 0;
    std::uint64_t trades = 0;
    Notional notional = 0;
  };
  using Levels = std::map<std::uint32_t, Level>;
  using Bars = std::map<std::uint64_t, Bar>;  // by second or minute

  void take(std::span<const std::byte> message);

  [[nodiscard]] Totals totals(std::uint16_t locate) const;
  [[nodiscard]] Levels levels(std::uint16_t locate, char side) const;
  // Worked out from all prints at once, not as they come.
  [[nodiscard]] Bars seconds(std::uint16_t locate) const;
  [[nodiscard]] Bars minutes(std::uint16_t locate) const;

  // Views by type; the rest of the messages is only counted.
  void operator()(const codec::itch::AddOrder& view);
  void operator()(const codec::itch::AddOrderMpid& view);
  void operator()(const codec::itch::OrderExecuted& view);
  void operator()(const codec::itch::OrderExecutedWithPrice& view);
  void operator()(const codec::itch::OrderCancel& view);
  void operator()(const codec::itch::OrderDelete& view);
  void operator()(const codec::itch::OrderReplace& view);
  void operator()(const codec::itch::Trade& view);
  void operator()(const codec::itch::CrossTrade& view);
  void operator()(const codec::itch::BrokenTrade& view);
  void operator()(const codec::itch::StockDirectory& view);
  void operator()(const codec::itch::TradingAction& view);
  void operator()(const codec::itch::OperationalHalt& view);
  void operator()(const codec::itch::SystemEvent& view);
  template <typename Other>
  void operator()(const Other&) {}

  std::vector<std::string> faults;  // the first few
  std::uint64_t fault_count = 0;
  std::uint64_t messages = 0;
  std::map<std::pair<std::uint16_t, char>, std::uint64_t> by_type;  // locate and type
  std::map<std::uint16_t, std::string> symbols;
  std::string events;
  std::uint64_t last_time_ns = 0;
  std::uint64_t ref_gaps = 0;
  std::uint64_t zero_share_crosses = 0;
  std::uint64_t unprinted_executions = 0;

 private:
  template <typename View>
  void add(const View& view);
  // The order of this reference if it has so many shares, else null and a fault.
  Order* find(codec::itch::OrderRef ref, codec::itch::Locate locate, std::uint64_t shares);
  void reduce(codec::itch::OrderRef ref, std::uint32_t shares);
  void enter(std::uint64_t ref, const Order& order);
  void leave(const Order& order, std::uint32_t shares);
  void print(codec::itch::MatchNumber match, const Print& print);
  void require_trading(std::uint16_t locate);
  void fault(const std::string& text);

  std::map<std::uint64_t, Order> orders_;
  std::set<std::uint64_t> refs_;  // ever used
  std::map<std::pair<std::uint16_t, char>, Levels> levels_;
  std::map<std::uint64_t, Print> prints_;
  std::set<std::uint16_t> halted_;
  std::uint64_t last_ref_ = 0;
};

}  // namespace tapeline::simulate

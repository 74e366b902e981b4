#pragma once

// What participants do in one instrument: orders come, change, go and trade around a price that
// walks at random. Every step makes its messages on the tape, keeps the books and tells the
// ledger what traded.
//
// Thread safety: none.
// Invariants:    messages refer to open orders with enough shares; books never cross; an
//                instrument that is halted does not trade, one that is closed takes no orders.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "app/simulate/instruments.hpp"
#include "app/simulate/ledger.hpp"
#include "app/simulate/order_books.hpp"
#include "app/simulate/random.hpp"
#include "app/simulate/tape.hpp"

namespace tapeline::simulate {

enum class TradingState : std::uint8_t { trading, halted, closed };

class OrderFlow {
 public:
  // The most messages that one call of act() or cross() makes.
  static constexpr std::size_t kMaxMessages = 6;

  // Collaborators are not owned and must outlive this. `orders_kept` is how many orders an
  // instrument has before some are deleted, `most_orders` how many are open at once in all.
  OrderFlow(const std::vector<Instrument>& instruments, std::uint32_t orders_kept,
            std::size_t most_orders, OrderBooks& books, Tape& tape, Ledger& ledger, Random& random);

  // One act of a participant. With `single` it makes exactly one message, otherwise one or more.
  void act(std::uint16_t instrument, bool single);

  // Lets the price of an instrument walk a step.
  void walk(std::uint16_t instrument) noexcept;

  // An auction: orders of one side execute without printing, then the cross prints them and what
  // else took part, or prints 0 shares if there was none. Requires: budget >= 1.
  void cross(std::uint16_t instrument, char type, bool takes_place, std::uint64_t budget);

  // Breaks one of the recent prints, which never returns. Returns false if there is none.
  bool break_trade();

  void imbalance(std::uint16_t instrument, char cross_type);

  void set_state(std::uint16_t instrument, TradingState state) noexcept {
    actors_[instrument].state = state;
  }
  [[nodiscard]] TradingState state(std::uint16_t instrument) const noexcept {
    return actors_[instrument].state;
  }
  // In 1/10,000 dollar.
  [[nodiscard]] std::uint32_t price(std::uint16_t instrument) const noexcept {
    return actors_[instrument].fair_ticks * kTick;
  }

 private:
  static constexpr std::uint32_t kTick = 100;  // 1/10,000 dollar
  static constexpr std::size_t kRecentPrints = 256;

  struct Actor {
    std::uint32_t fair_ticks = 0;
    TradingState state = TradingState::trading;
  };

  [[nodiscard]] static std::uint16_t locate(std::uint16_t instrument) noexcept {
    return static_cast<std::uint16_t>(instrument + 1);
  }

  // Each returns false, and does nothing, where it can not be done.
  bool drop(std::uint16_t instrument);
  bool replace(std::uint16_t instrument);
  bool cancel(std::uint16_t instrument);
  bool execute(std::uint16_t instrument);
  bool execute_at_price(std::uint16_t instrument);
  bool trade_hidden(std::uint16_t instrument);
  void add(std::uint16_t instrument);
  void add_or_drop(std::uint16_t instrument);
  void notice(std::uint16_t instrument);
  std::uint64_t execute_in_cross(std::uint16_t instrument, std::uint64_t most,
                                 std::uint32_t& price);

  [[nodiscard]] Side side_to_hit(std::uint16_t instrument) noexcept;
  [[nodiscard]] std::uint32_t place(std::uint16_t instrument, Side side) noexcept;
  [[nodiscard]] std::uint32_t make_shares() noexcept;
  [[nodiscard]] std::uint64_t next_ref() noexcept;
  [[nodiscard]] std::uint64_t next_match() noexcept;
  void print(std::uint16_t instrument, std::uint64_t match, std::uint64_t shares,
             std::uint32_t price);

  const std::vector<Instrument>& instruments_;  // not owned, like the four below
  OrderBooks& books_;
  Tape& tape_;
  Ledger& ledger_;
  Random& random_;
  std::vector<Actor> actors_;
  WeightedChoice acts_;
  std::uint32_t orders_kept_;
  std::size_t most_orders_;
  std::uint64_t added_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t ref_ = 0;
  std::uint64_t match_ = 0;
  Print newest_print_;  // match number 0 where there is none
  std::array<Print, kRecentPrints> recent_prints_{};
};

}  // namespace tapeline::simulate

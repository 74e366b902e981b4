#pragma once

// Rows of what a market knows: trades, best bid and offer, levels, bars, VWAP. The same for every
// venue; a decoder applies its messages to the market and says when.
//
//   rows.before(head);             // then the message is applied to the market
//   rows.on_book(instrument);      // whose book it may have changed
//   rows.on_book(instrument, head) // the same, when the message told what is in its head
//   ...
//   rows.finish();
//
// Thread safety: none.
// Ownership:     table, names and market are not owned and must outlive this.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "app/decode/packet_decoder.hpp"
#include "app/decode/schema.hpp"
#include "app/decode/table.hpp"
#include "app/market/bar.hpp"
#include "app/market/level.hpp"
#include "app/market/market.hpp"
#include "app/market/trade.hpp"

namespace tapeline::decode {

// What the instruments of a channel are called.
class SymbolNames {
 public:
  SymbolNames() = default;
  SymbolNames(const SymbolNames&) = delete;
  SymbolNames& operator=(const SymbolNames&) = delete;
  virtual ~SymbolNames() = default;

  // Empty if it was never told.
  [[nodiscard]] virtual std::string_view symbol(market::InstrumentId id) const noexcept = 0;
};

class MarketRows final : public market::BarSink, public market::TradeSink {
 public:
  // Requires: schema.name().needs_market().
  MarketRows(const Schema& schema, Table& table, const SymbolNames& names);

  // The market whose bar sink this is, before anything is applied to it.
  void attach(market::Market& market) noexcept;

  void before(const MessageHead& head);
  void on_book(market::InstrumentId id) {
    if (shows_books_) compare_book(id);
  }
  void on_book(market::InstrumentId id, const MessageHead& head) {
    head_ = head;
    on_book(id);
  }
  void finish();

  void on_bar(const market::Bar& bar) noexcept override;
  void on_trade(const market::Trade& trade) noexcept override;
  void on_break(market::InstrumentId told, market::MatchNumber match) noexcept override;

 private:
  // Several bars of the market that make up one of the table's.
  struct OpenBar {
    market::Bar sum;
    double notional = 0.0;
  };
  struct LevelColumns {
    Column price{};
    Column shares{};
    Column orders{};
  };

  [[nodiscard]] Moment at(std::uint64_t since_zero) const noexcept {
    return {since_zero, head_.exchange.zero, head_.exchange.midnight};
  }
  [[nodiscard]] std::uint8_t decimals(market::InstrumentId id) const noexcept {
    return market_->instrument(id).price_decimals;
  }
  [[nodiscard]] std::uint8_t size_decimals(market::InstrumentId id) const noexcept {
    return market_->instrument(id).size_decimals;
  }
  void reach(std::uint64_t since_zero);
  // Begins a row if it is wanted; nullptr if not.
  [[nodiscard]] Row* begin_row(market::InstrumentId id, const Moment& shown, const Moment& asked);
  void compare_book(market::InstrumentId id);
  void write_bar(const market::Bar& bar);
  void close_bars();
  void note_traded(market::InstrumentId id);
  void write_vwap(market::InstrumentId id, const Moment& moment);
  void write_traded(std::uint64_t until);

  SchemaName schema_;
  Table& table_;
  const SymbolNames& names_;
  market::Market* market_ = nullptr;
  MessageHead head_;  // of the message that is being applied
  bool shows_books_;

  // trades
  Column kind_{}, price_{}, shares_{}, match_{}, printable_{};
  // bbo and levels: the columns of each level, bid and ask; what was shown last, by instrument
  std::vector<std::array<LevelColumns, 2>> level_columns_;
  Column stale_{};
  std::vector<std::uint32_t> shown_at_;  // 1 + index of its first level in shown_; 0: nothing yet
  std::vector<market::Level> shown_;
  std::vector<bool> shown_stale_;
  std::vector<market::Level> now_;
  // bars and vwap
  Column start_{}, open_{}, high_{}, low_{}, close_{}, volume_{}, trades_{}, vwap_{}, complete_{};
  Column broken_{};
  std::uint64_t bucket_ = 0;  // start of the open bars
  std::vector<OpenBar> open_bars_;
  std::vector<std::uint32_t> open_bar_of_;  // 1 + index in open_bars_, by instrument
  std::uint64_t vwap_end_ = 0;              // end of the running interval; 0: none yet
  std::vector<market::InstrumentId> traded_;
  std::vector<bool> is_traded_;
};

}  // namespace tapeline::decode

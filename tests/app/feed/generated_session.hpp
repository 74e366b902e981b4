#pragma once

// The messages of a generated session in memory, and a snapshot of a market as a GLIMPSE server
// would tell it: directory, states, then every open order with what is left of it, then 'G'.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "app/market/market.hpp"
#include "app/simulate/session.hpp"
#include "codec/glimpse/end_of_snapshot.hpp"
#include "codec/itch/decoder.hpp"
#include "codec/itch/encoder.hpp"

namespace tapeline::feed::testing {

using Message = std::vector<std::byte>;

// message n is at [n - 1].
[[nodiscard]] inline std::vector<Message> generated_messages(simulate::Session& session) {
  std::vector<Message> messages;
  std::array<std::byte, codec::itch::kMaxMessageBytes> out{};
  while (const std::size_t bytes = session.next(out)) {
    messages.emplace_back(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(bytes));
  }
  return messages;
}

// Where every order was placed, by its reference: what is needed to find it in a market.
class PlacedOrders {
 public:
  void note(std::span<const std::byte> message) {
    static_cast<void>(codec::itch::decode(message, *this));
  }
  void operator()(const codec::itch::AddOrder& add) { place(add.order_ref(), add.stock()); }
  void operator()(const codec::itch::AddOrderMpid& add) { place(add.order_ref(), add.stock()); }
  void operator()(const codec::itch::OrderReplace& replace) {
    place(replace.new_order_ref(),
          placed_[static_cast<std::uint64_t>(replace.original_order_ref())]);
  }
  template <typename Other>
  void operator()(const Other&) {}

  [[nodiscard]] const std::map<std::uint64_t, codec::itch::Symbol>& all() const { return placed_; }

 private:
  void place(codec::itch::OrderRef ref, const codec::itch::Symbol& symbol) {
    placed_[static_cast<std::uint64_t>(ref)] = symbol;
  }

  std::map<std::uint64_t, codec::itch::Symbol> placed_;
};

class SnapshotWriter {
 public:
  template <typename Encode, typename... Arguments>
  void add(std::uint16_t locate, Encode&& encode, const Arguments&... arguments) {
    std::array<std::byte, codec::itch::kMaxMessageBytes> out{};
    const codec::itch::Prefix prefix{.stock_locate = codec::itch::Locate{locate},
                                     .timestamp_ns = 1};  // no time of the live messages
    const std::size_t bytes = encode(std::span<std::byte>{out}, prefix, arguments...);
    messages_.emplace_back(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(bytes));
  }
  void end(std::uint64_t next_sequence) {
    Message out(codec::glimpse::EndOfSnapshot::kBytes);
    codec::glimpse::write_end_of_snapshot(out, {next_sequence});
    messages_.push_back(std::move(out));
  }
  [[nodiscard]] std::vector<Message> take() { return std::move(messages_); }

 private:
  std::vector<Message> messages_;
};

[[nodiscard]] inline char itch_state(market::TradingState state) {
  switch (state) {
    case market::TradingState::halted: return 'H';
    case market::TradingState::paused: return 'P';
    case market::TradingState::quote_only: return 'Q';
    default: return 'T';
  }
}

// Of `market`, which has seen everything before message `next_sequence`.
[[nodiscard]] inline std::vector<Message> snapshot_of(market::Market& market,
                                                      const PlacedOrders& placed,
                                                      std::uint64_t next_sequence) {
  namespace itch = codec::itch;
  SnapshotWriter writer;
  writer.add(0, itch::encode_system_event, 'Q');
  for (std::size_t i = 1; i < market.instrument_bound(); ++i) {
    const market::Instrument& instrument = market.instrument(market::InstrumentId(i));
    itch::StockDirectoryFields fields;
    fields.stock = itch::Symbol::from(market.symbol(market::InstrumentId(i)));
    fields.round_lot_size = instrument.round_lot;
    const auto locate = static_cast<std::uint16_t>(i);
    writer.add(locate, itch::encode_stock_directory, fields);
    if (instrument.trading_state == market::TradingState::untold) continue;
    itch::Reason reason;
    reason.chars = instrument.halt_reason;
    writer.add(locate, itch::encode_trading_action, fields.stock,
               itch_state(instrument.trading_state), reason, ' ');
    writer.add(locate, itch::encode_reg_sho_restriction, fields.stock, '0');
  }
  for (const auto& [ref, symbol] : placed.all()) {
    const market::Order* order = market.find_order(market::OrderRef{ref});
    if (order == nullptr) continue;
    writer.add(static_cast<std::uint16_t>(order->instrument), itch::encode_add_order,
               itch::OrderRef{ref}, order->side == market::Side::buy ? 'B' : 'S', order->shares,
               symbol, static_cast<std::uint32_t>(market::raw(order->price)));
  }
  writer.end(next_sequence);
  return writer.take();
}

}  // namespace tapeline::feed::testing

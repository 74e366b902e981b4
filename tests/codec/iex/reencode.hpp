#pragma once

// A handler that writes each message it is given again, field by field, through the encoder.

#include <cstddef>
#include <span>

#include "codec/iex/encoder.hpp"
#include "codec/iex/messages.hpp"

namespace tapeline::codec::iex::test {

class Reencoder {
 public:
  // Requires: out.size() >= kMaxMessageBytes.
  explicit Reencoder(std::span<std::byte> out) : out_{out} {}

  // What was written for the one message that came; empty if none did.
  [[nodiscard]] std::span<const std::byte> written() const { return out_.first(size_); }

  void operator()(const SystemEvent& m) {
    size_ = encode_system_event(out_, m.event(), m.timestamp_ns());
  }
  void operator()(const SecurityDirectory& m) {
    size_ = encode_security_directory(
        out_, m.timestamp_ns(), m.symbol(),
        {m.flags(), m.round_lot_size(), m.adjusted_close(), m.luld_tier()});
  }
  void operator()(const TradingStatus& m) {
    size_ = encode_trading_status(out_, m.status(), m.timestamp_ns(), m.symbol(), m.reason());
  }
  void operator()(const RetailLiquidity& m) {
    size_ = encode_retail_liquidity(out_, m.interest(), m.timestamp_ns(), m.symbol());
  }
  void operator()(const OperationalHalt& m) {
    size_ = encode_operational_halt(out_, m.status(), m.timestamp_ns(), m.symbol());
  }
  void operator()(const ShortSalePriceTest& m) {
    size_ =
        encode_short_sale_price_test(out_, m.status(), m.timestamp_ns(), m.symbol(), m.detail());
  }
  void operator()(const SecurityEvent& m) {
    size_ = encode_security_event(out_, m.event(), m.timestamp_ns(), m.symbol());
  }
  void operator()(const QuoteUpdate& m) {
    size_ = encode_quote_update(out_, m.flags(), m.timestamp_ns(), m.symbol(),
                                {m.bid_size(), m.bid_price(), m.ask_price(), m.ask_size()});
  }
  template <char Type>
  void operator()(const PriceLevelUpdate<Type>& m) {
    size_ = encode_level_update<PriceLevelUpdate<Type>>(out_, m.flags(), m.timestamp_ns(),
                                                        m.symbol(), m.size(), m.price());
  }
  void operator()(const AddOrder& m) {
    size_ = encode_add_order(out_, m.side(), m.timestamp_ns(), m.symbol(), m.order_id(), m.size(),
                             m.price());
  }
  void operator()(const OrderModify& m) {
    size_ = encode_order_modify(out_, m.flags(), m.timestamp_ns(), m.symbol(), m.order_id(),
                                m.size(), m.price());
  }
  void operator()(const OrderDelete& m) {
    size_ = encode_order_delete(out_, m.reserved(), m.timestamp_ns(), m.symbol(), m.order_id());
  }
  void operator()(const OrderExecuted& m) {
    size_ = encode_order_executed(out_, m.conditions(), m.timestamp_ns(), m.symbol(), m.order_id(),
                                  m.size(), m.price(), m.trade_id());
  }
  void operator()(const ClearBook& m) {
    size_ = encode_clear_book(out_, m.reserved(), m.timestamp_ns(), m.symbol());
  }
  void operator()(const TradeReport& m) {
    size_ = encode_trade<TradeReport>(out_, m.conditions(), m.timestamp_ns(), m.symbol(),
                                      {m.size(), m.price(), m.trade_id()});
  }
  void operator()(const TradeBreak& m) {
    size_ = encode_trade<TradeBreak>(out_, m.conditions(), m.timestamp_ns(), m.symbol(),
                                     {m.size(), m.price(), m.trade_id()});
  }
  void operator()(const OfficialPrice& m) {
    size_ = encode_official_price(out_, m.price_type(), m.timestamp_ns(), m.symbol(), m.price());
  }
  void operator()(const AuctionInformation& m) {
    size_ = encode_auction_information(
        out_, m.auction_type(), m.timestamp_ns(), m.symbol(),
        {m.paired_shares(), m.reference_price(), m.indicative_clearing_price(),
         m.imbalance_shares(), m.imbalance_side(), m.extension_number(), m.scheduled_time_s(),
         m.auction_book_clearing_price(), m.collar_reference_price(), m.lower_collar(),
         m.upper_collar()});
  }

 private:
  std::span<std::byte> out_;
  std::size_t size_ = 0;
};

}  // namespace tapeline::codec::iex::test

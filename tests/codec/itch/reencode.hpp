#pragma once

// Reads every field of a message through its view and writes them through the encoder. Two
// independent lists of offsets have to agree for the bytes to come out as they went in.

#include <cstddef>
#include <span>

#include "codec/itch/encoder.hpp"
#include "codec/itch/messages.hpp"

namespace tapeline::codec::itch::test {

class Reencoder {
 public:
  // Requires: `out` holds kMaxMessageBytes and outlives this.
  explicit Reencoder(std::span<std::byte> out) noexcept : out_{out} {}

  // Of the last message; 0 before the first.
  [[nodiscard]] std::span<const std::byte> written() const noexcept { return out_.first(size_); }

  void operator()(const SystemEvent& m) {
    size_ = encode_system_event(out_, m.prefix(), m.event());
  }
  void operator()(const StockDirectory& m) {
    size_ = encode_stock_directory(
        out_, m.prefix(),
        {m.stock(), m.market_category(), m.financial_status(), m.round_lot_size(),
         m.round_lots_only(), m.issue_classification(), m.issue_sub_type(), m.authenticity(),
         m.short_sale_threshold(), m.ipo_flag(), m.luld_tier(), m.etp_flag(),
         m.etp_leverage_factor(), m.inverse_indicator()});
  }
  void operator()(const TradingAction& m) {
    size_ = encode_trading_action(out_, m.prefix(), m.stock(), m.trading_state(), m.reason(),
                                  m.reserved());
  }
  void operator()(const RegShoRestriction& m) {
    size_ = encode_reg_sho_restriction(out_, m.prefix(), m.stock(), m.action());
  }
  void operator()(const MarketParticipantPosition& m) {
    size_ = encode_market_participant_position(out_, m.prefix(), m.mpid(), m.stock(),
                                               m.primary_market_maker(), m.market_maker_mode(),
                                               m.participant_state());
  }
  void operator()(const MwcbDeclineLevel& m) {
    size_ = encode_mwcb_decline_level(out_, m.prefix(), m.level_1(), m.level_2(), m.level_3());
  }
  void operator()(const MwcbStatus& m) {
    size_ = encode_mwcb_status(out_, m.prefix(), m.breached_level());
  }
  void operator()(const IpoQuotingPeriod& m) {
    size_ = encode_ipo_quoting_period(out_, m.prefix(), m.stock(), m.release_time_s(),
                                      m.release_qualifier(), m.ipo_price());
  }
  void operator()(const LuldAuctionCollar& m) {
    size_ = encode_luld_auction_collar(out_, m.prefix(), m.stock(), m.reference_price(),
                                       m.upper_price(), m.lower_price(), m.extension_count());
  }
  void operator()(const OperationalHalt& m) {
    size_ = encode_operational_halt(out_, m.prefix(), m.stock(), m.market_code(), m.action());
  }
  void operator()(const AddOrder& m) {
    size_ = encode_add_order(out_, m.prefix(), m.order_ref(), m.side(), m.shares(), m.stock(),
                             m.price());
  }
  void operator()(const AddOrderMpid& m) {
    size_ = encode_add_order_mpid(out_, m.prefix(), m.order_ref(), m.side(), m.shares(), m.stock(),
                                  m.price(), m.mpid());
  }
  void operator()(const OrderExecuted& m) {
    size_ = encode_order_executed(out_, m.prefix(), m.order_ref(), m.shares(), m.match_number());
  }
  void operator()(const OrderExecutedWithPrice& m) {
    size_ = encode_order_executed_with_price(out_, m.prefix(), m.order_ref(), m.shares(),
                                             m.match_number(), m.printable(), m.price());
  }
  void operator()(const OrderCancel& m) {
    size_ = encode_order_cancel(out_, m.prefix(), m.order_ref(), m.shares());
  }
  void operator()(const OrderDelete& m) {
    size_ = encode_order_delete(out_, m.prefix(), m.order_ref());
  }
  void operator()(const OrderReplace& m) {
    size_ = encode_order_replace(out_, m.prefix(), m.original_order_ref(), m.new_order_ref(),
                                 m.shares(), m.price());
  }
  void operator()(const Trade& m) {
    size_ = encode_trade(out_, m.prefix(), m.order_ref(), m.side(), m.shares(), m.stock(),
                         m.price(), m.match_number());
  }
  void operator()(const CrossTrade& m) {
    size_ = encode_cross_trade(out_, m.prefix(), m.shares(), m.stock(), m.price(), m.match_number(),
                               m.cross_type());
  }
  void operator()(const BrokenTrade& m) {
    size_ = encode_broken_trade(out_, m.prefix(), m.match_number());
  }
  void operator()(const NetOrderImbalance& m) {
    size_ = encode_net_order_imbalance(
        out_, m.prefix(),
        {m.paired_shares(), m.imbalance_shares(), m.imbalance_direction(), m.stock(), m.far_price(),
         m.near_price(), m.reference_price(), m.cross_type(), m.price_variation()});
  }
  void operator()(const RetailInterest& m) {
    size_ = encode_retail_interest(out_, m.prefix(), m.stock(), m.interest());
  }
  void operator()(const DirectListing& m) {
    size_ = encode_direct_listing(
        out_, m.prefix(),
        {m.stock(), m.open_eligible(), m.minimum_price(), m.maximum_price(),
         m.near_execution_price(), m.near_execution_time_ns(), m.lower_collar(), m.upper_collar()});
  }

 private:
  std::span<std::byte> out_;
  std::size_t size_ = 0;
};

}  // namespace tapeline::codec::itch::test

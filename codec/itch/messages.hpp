#pragma once

// All 23 messages of Nasdaq TotalView-ITCH 5.0, and a table of their types.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/itch/messages_admin.hpp"
#include "codec/itch/messages_order.hpp"
#include "codec/itch/messages_trade.hpp"

namespace tapeline::codec::itch {

struct MessageType {
  char type = '\0';
  std::size_t bytes = 0;  // with the type byte
  std::string_view name;
};

inline constexpr std::array<MessageType, 23> kMessageTypes{{
    {SystemEvent::kType, SystemEvent::kBytes, "system_event"},
    {StockDirectory::kType, StockDirectory::kBytes, "stock_directory"},
    {TradingAction::kType, TradingAction::kBytes, "trading_action"},
    {RegShoRestriction::kType, RegShoRestriction::kBytes, "reg_sho_restriction"},
    {MarketParticipantPosition::kType, MarketParticipantPosition::kBytes,
     "market_participant_position"},
    {MwcbDeclineLevel::kType, MwcbDeclineLevel::kBytes, "mwcb_decline_level"},
    {MwcbStatus::kType, MwcbStatus::kBytes, "mwcb_status"},
    {IpoQuotingPeriod::kType, IpoQuotingPeriod::kBytes, "ipo_quoting_period"},
    {LuldAuctionCollar::kType, LuldAuctionCollar::kBytes, "luld_auction_collar"},
    {OperationalHalt::kType, OperationalHalt::kBytes, "operational_halt"},
    {AddOrder::kType, AddOrder::kBytes, "add_order"},
    {AddOrderMpid::kType, AddOrderMpid::kBytes, "add_order_mpid"},
    {OrderExecuted::kType, OrderExecuted::kBytes, "order_executed"},
    {OrderExecutedWithPrice::kType, OrderExecutedWithPrice::kBytes, "order_executed_with_price"},
    {OrderCancel::kType, OrderCancel::kBytes, "order_cancel"},
    {OrderDelete::kType, OrderDelete::kBytes, "order_delete"},
    {OrderReplace::kType, OrderReplace::kBytes, "order_replace"},
    {Trade::kType, Trade::kBytes, "trade"},
    {CrossTrade::kType, CrossTrade::kBytes, "cross_trade"},
    {BrokenTrade::kType, BrokenTrade::kBytes, "broken_trade"},
    {NetOrderImbalance::kType, NetOrderImbalance::kBytes, "net_order_imbalance"},
    {RetailInterest::kType, RetailInterest::kBytes, "retail_interest"},
    {DirectListing::kType, DirectListing::kBytes, "direct_listing"},
}};

inline constexpr std::size_t kNoMessageType = kMessageTypes.size();

// For each value of the type byte: its index in kMessageTypes, or kNoMessageType.
inline constexpr std::array<std::uint8_t, 256> kMessageTypeIndex = [] {
  std::array<std::uint8_t, 256> index{};
  index.fill(static_cast<std::uint8_t>(kNoMessageType));
  for (std::size_t i = 0; i < kMessageTypes.size(); ++i) {
    index[static_cast<unsigned char>(kMessageTypes[i].type)] = static_cast<std::uint8_t>(i);
  }
  return index;
}();

static_assert(std::ranges::max(kMessageTypes, {}, &MessageType::bytes).bytes == kMaxMessageBytes);

}  // namespace tapeline::codec::itch

#pragma once

// All 19 messages of IEX TOPS 1.5 and 1.6, DEEP 1.0 and DEEP+ 1.0, and a table of their types. A
// type byte means the same in every protocol that has it.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/iex/messages_admin.hpp"
#include "codec/iex/messages_book.hpp"
#include "codec/iex/messages_trade.hpp"

namespace tapeline::codec::iex {

struct MessageType {
  char type = '\0';
  std::size_t bytes = 0;  // with the type byte
  std::string_view name;
};

inline constexpr std::array<MessageType, 19> kMessageTypes{{
    {SystemEvent::kType, SystemEvent::kBytes, "system_event"},
    {SecurityDirectory::kType, SecurityDirectory::kBytes, "security_directory"},
    {TradingStatus::kType, TradingStatus::kBytes, "trading_status"},
    {RetailLiquidity::kType, RetailLiquidity::kBytes, "retail_liquidity"},
    {OperationalHalt::kType, OperationalHalt::kBytes, "operational_halt"},
    {ShortSalePriceTest::kType, ShortSalePriceTest::kBytes, "short_sale_price_test"},
    {SecurityEvent::kType, SecurityEvent::kBytes, "security_event"},
    {QuoteUpdate::kType, QuoteUpdate::kBytes, "quote_update"},
    {BuyLevelUpdate::kType, BuyLevelUpdate::kBytes, "buy_level_update"},
    {SellLevelUpdate::kType, SellLevelUpdate::kBytes, "sell_level_update"},
    {AddOrder::kType, AddOrder::kBytes, "add_order"},
    {OrderModify::kType, OrderModify::kBytes, "order_modify"},
    {OrderDelete::kType, OrderDelete::kBytes, "order_delete"},
    {OrderExecuted::kType, OrderExecuted::kBytes, "order_executed"},
    {ClearBook::kType, ClearBook::kBytes, "clear_book"},
    {TradeReport::kType, TradeReport::kBytes, "trade_report"},
    {TradeBreak::kType, TradeBreak::kBytes, "trade_break"},
    {OfficialPrice::kType, OfficialPrice::kBytes, "official_price"},
    {AuctionInformation::kType, AuctionInformation::kBytes, "auction_information"},
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

}  // namespace tapeline::codec::iex

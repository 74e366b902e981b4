#pragma once

// Gives each message of IEX TOPS, DEEP and DEEP+ to the handler as a view of its type.
//
// A message is one type byte and a fixed body; its length comes from the transport. IEX adds types
// and appends fields without notice: a longer message than the layout is delivered with its known
// part, an unknown type is told by the status. Characters and bits outside the specifications'
// lists are no error: the view passes them on.
//
// Dispatch is static, as in codec/itch/decoder.hpp: a handler has an overload for each view it
// wants and a catch-all for the rest.
//
// Thread safety: pure function.
// Lifetime:      the view is valid as long as the bytes of the message.

#include <cstddef>
#include <span>

#include "codec/decode_status.hpp"
#include "codec/iex/messages.hpp"
#include "codec/message_view.hpp"

namespace tapeline::codec::iex {

// Calls handler(view) at most once, and only when is_delivered(returned status).
// Never reads outside `message`, never allocates.
template <typename Handler>
[[nodiscard, gnu::always_inline]] inline DecodeStatus decode(std::span<const std::byte> message,
                                                             Handler&& handler) {
  if (message.empty()) return DecodeStatus::wrong_length;
  switch (static_cast<char>(message.front())) {
    case QuoteUpdate::kType: return deliver<QuoteUpdate>(message, handler);
    case BuyLevelUpdate::kType: return deliver<BuyLevelUpdate>(message, handler);
    case SellLevelUpdate::kType: return deliver<SellLevelUpdate>(message, handler);
    case AddOrder::kType: return deliver<AddOrder>(message, handler);
    case OrderModify::kType: return deliver<OrderModify>(message, handler);
    case OrderDelete::kType: return deliver<OrderDelete>(message, handler);
    case OrderExecuted::kType: return deliver<OrderExecuted>(message, handler);
    case ClearBook::kType: return deliver<ClearBook>(message, handler);
    case TradeReport::kType: return deliver<TradeReport>(message, handler);
    case TradeBreak::kType: return deliver<TradeBreak>(message, handler);
    case OfficialPrice::kType: return deliver<OfficialPrice>(message, handler);
    case AuctionInformation::kType: return deliver<AuctionInformation>(message, handler);
    case SystemEvent::kType: return deliver<SystemEvent>(message, handler);
    case SecurityDirectory::kType: return deliver<SecurityDirectory>(message, handler);
    case TradingStatus::kType: return deliver<TradingStatus>(message, handler);
    case RetailLiquidity::kType: return deliver<RetailLiquidity>(message, handler);
    case OperationalHalt::kType: return deliver<OperationalHalt>(message, handler);
    case ShortSalePriceTest::kType: return deliver<ShortSalePriceTest>(message, handler);
    case SecurityEvent::kType: return deliver<SecurityEvent>(message, handler);
    default: return DecodeStatus::unknown_type;
  }
}

}  // namespace tapeline::codec::iex

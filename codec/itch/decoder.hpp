#pragma once

// Gives each Nasdaq TotalView-ITCH 5.0 message to the handler as a view of its type.
//
// A message is one type byte and a fixed body; its length comes from the transport. A longer
// message than the layout is delivered with its known part, since later revisions may append
// fields. Characters outside the specification's lists are no error: the view passes them on.
//
// Dispatch is static. A handler has an overload for each view it wants and a catch-all for the
// rest:
//   struct Prints {
//     void operator()(const Trade& trade) { ... }
//     template <typename Other>
//     void operator()(const Other&) {}
//   };
//
// Thread safety: pure function.
// Lifetime:      the view is valid as long as the bytes of the message.

#include <cstddef>
#include <span>

#include "codec/decode_status.hpp"
#include "codec/itch/messages.hpp"
#include "codec/message_view.hpp"

namespace tapeline::codec::itch {

// Calls handler(view) at most once, and only when is_delivered(returned status).
// Never reads outside `message`, never allocates. Always inlined: out of line, the call and the
// handler's trip through memory would be a good part of a short message's cost.
template <typename Handler>
[[nodiscard, gnu::always_inline]] inline DecodeStatus decode(std::span<const std::byte> message,
                                                             Handler&& handler) {
  if (message.empty()) return DecodeStatus::wrong_length;
  switch (static_cast<char>(message.front())) {
    case AddOrder::kType: return deliver<AddOrder>(message, handler);
    case AddOrderMpid::kType: return deliver<AddOrderMpid>(message, handler);
    case OrderExecuted::kType: return deliver<OrderExecuted>(message, handler);
    case OrderExecutedWithPrice::kType: return deliver<OrderExecutedWithPrice>(message, handler);
    case OrderCancel::kType: return deliver<OrderCancel>(message, handler);
    case OrderDelete::kType: return deliver<OrderDelete>(message, handler);
    case OrderReplace::kType: return deliver<OrderReplace>(message, handler);
    case Trade::kType: return deliver<Trade>(message, handler);
    case CrossTrade::kType: return deliver<CrossTrade>(message, handler);
    case BrokenTrade::kType: return deliver<BrokenTrade>(message, handler);
    case NetOrderImbalance::kType: return deliver<NetOrderImbalance>(message, handler);
    case RetailInterest::kType: return deliver<RetailInterest>(message, handler);
    case DirectListing::kType: return deliver<DirectListing>(message, handler);
    case SystemEvent::kType: return deliver<SystemEvent>(message, handler);
    case StockDirectory::kType: return deliver<StockDirectory>(message, handler);
    case TradingAction::kType: return deliver<TradingAction>(message, handler);
    case RegShoRestriction::kType: return deliver<RegShoRestriction>(message, handler);
    case MarketParticipantPosition::kType:
      return deliver<MarketParticipantPosition>(message, handler);
    case MwcbDeclineLevel::kType: return deliver<MwcbDeclineLevel>(message, handler);
    case MwcbStatus::kType: return deliver<MwcbStatus>(message, handler);
    case IpoQuotingPeriod::kType: return deliver<IpoQuotingPeriod>(message, handler);
    case LuldAuctionCollar::kType: return deliver<LuldAuctionCollar>(message, handler);
    case OperationalHalt::kType: return deliver<OperationalHalt>(message, handler);
    default: return DecodeStatus::unknown_type;
  }
}

}  // namespace tapeline::codec::itch

#pragma once

// Writes the messages of messages_trade.hpp. See encoder.hpp.

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/iex/fields.hpp"
#include "codec/iex/layout.hpp"
#include "codec/iex/messages_trade.hpp"

namespace tapeline::codec::iex {

struct TradeFields {
  std::uint32_t size = 0;
  Price price = 0;
  TradeId id{};
};

// View: TradeReport or TradeBreak.
template <typename View>
std::size_t encode_trade(std::span<std::byte> out, std::uint8_t conditions,
                         std::int64_t timestamp_ns, const Symbol& symbol,
                         const TradeFields& fields) noexcept {
  return detail::Layout<View>{out, conditions, timestamp_ns}
      .template put<10>(symbol)
      .template put<18>(fields.size)
      .template put<22>(fields.price)
      .template put<30>(fields.id)
      .size();
}

inline std::size_t encode_official_price(std::span<std::byte> out, char price_type,
                                         std::int64_t timestamp_ns, const Symbol& symbol,
                                         Price price) noexcept {
  return detail::Layout<OfficialPrice>{out, price_type, timestamp_ns}
      .put<10>(symbol)
      .put<18>(price)
      .size();
}

struct AuctionFields {
  std::uint32_t paired_shares = 0;
  Price reference_price = 0;
  Price indicative_clearing_price = 0;
  std::uint32_t imbalance_shares = 0;
  char imbalance_side = 'N';
  std::uint8_t extension_number = 0;
  std::uint32_t scheduled_time_s = 0;
  Price auction_book_clearing_price = 0;
  Price collar_reference_price = 0;
  Price lower_collar = 0;
  Price upper_collar = 0;
};

inline std::size_t encode_auction_information(std::span<std::byte> out, char auction_type,
                                              std::int64_t timestamp_ns, const Symbol& symbol,
                                              const AuctionFields& fields) noexcept {
  return detail::Layout<AuctionInformation>{out, auction_type, timestamp_ns}
      .put<10>(symbol)
      .put<18>(fields.paired_shares)
      .put<22>(fields.reference_price)
      .put<30>(fields.indicative_clearing_price)
      .put<38>(fields.imbalance_shares)
      .put<42>(fields.imbalance_side)
      .put<43>(fields.extension_number)
      .put<44>(fields.scheduled_time_s)
      .put<48>(fields.auction_book_clearing_price)
      .put<56>(fields.collar_reference_price)
      .put<64>(fields.lower_collar)
      .put<72>(fields.upper_collar)
      .size();
}

}  // namespace tapeline::codec::iex

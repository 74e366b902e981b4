#pragma once

// Writes the messages of messages_trade.hpp. See encoder.hpp.

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/itch/fields.hpp"
#include "codec/itch/layout.hpp"
#include "codec/itch/messages_trade.hpp"

namespace tapeline::codec::itch {

inline std::size_t encode_trade(std::span<std::byte> out, const Prefix& prefix, OrderRef ref,
                                char side, std::uint32_t shares, const Symbol& stock, Price4 price,
                                MatchNumber match) noexcept {
  return detail::Layout<Trade>{out, prefix}
      .put<11>(ref)
      .put<19>(side)
      .put<20>(shares)
      .put<24>(stock)
      .put<32>(price)
      .put<36>(match)
      .size();
}

inline std::size_t encode_cross_trade(std::span<std::byte> out, const Prefix& prefix,
                                      std::uint64_t shares, const Symbol& stock, Price4 price,
                                      MatchNumber match, char cross_type) noexcept {
  return detail::Layout<CrossTrade>{out, prefix}
      .put<11>(shares)
      .put<19>(stock)
      .put<27>(price)
      .put<31>(match)
      .put<39>(cross_type)
      .size();
}

inline std::size_t encode_broken_trade(std::span<std::byte> out, const Prefix& prefix,
                                       MatchNumber match) noexcept {
  return detail::Layout<BrokenTrade>{out, prefix}.put<11>(match).size();
}

struct NetOrderImbalanceFields {
  std::uint64_t paired_shares = 0;
  std::uint64_t imbalance_shares = 0;
  char imbalance_direction = 'N';
  Symbol stock = Symbol::from("");
  Price4 far_price = 0;
  Price4 near_price = 0;
  Price4 reference_price = 0;
  char cross_type = 'O';
  char price_variation = ' ';
};

inline std::size_t encode_net_order_imbalance(std::span<std::byte> out, const Prefix& prefix,
                                              const NetOrderImbalanceFields& fields) noexcept {
  return detail::Layout<NetOrderImbalance>{out, prefix}
      .put<11>(fields.paired_shares)
      .put<19>(fields.imbalance_shares)
      .put<27>(fields.imbalance_direction)
      .put<28>(fields.stock)
      .put<36>(fields.far_price)
      .put<40>(fields.near_price)
      .put<44>(fields.reference_price)
      .put<48>(fields.cross_type)
      .put<49>(fields.price_variation)
      .size();
}

inline std::size_t encode_retail_interest(std::span<std::byte> out, const Prefix& prefix,
                                          const Symbol& stock, char interest) noexcept {
  return detail::Layout<RetailInterest>{out, prefix}.put<11>(stock).put<19>(interest).size();
}

struct DirectListingFields {
  Symbol stock = Symbol::from("");
  char open_eligible = 'N';
  Price4 minimum_price = 0;
  Price4 maximum_price = 0;
  Price4 near_execution_price = 0;
  std::uint64_t near_execution_time_ns = 0;
  Price4 lower_collar = 0;
  Price4 upper_collar = 0;
};

inline std::size_t encode_direct_listing(std::span<std::byte> out, const Prefix& prefix,
                                         const DirectListingFields& fields) noexcept {
  return detail::Layout<DirectListing>{out, prefix}
      .put<11>(fields.stock)
      .put<19>(fields.open_eligible)
      .put<20>(fields.minimum_price)
      .put<24>(fields.maximum_price)
      .put<28>(fields.near_execution_price)
      .put<32>(fields.near_execution_time_ns)
      .put<40>(fields.lower_collar)
      .put<44>(fields.upper_collar)
      .size();
}

}  // namespace tapeline::codec::itch

#pragma once

// Writes the messages of messages_admin.hpp. See encoder.hpp.

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/itch/fields.hpp"
#include "codec/itch/layout.hpp"
#include "codec/itch/messages_admin.hpp"

namespace tapeline::codec::itch {

inline std::size_t encode_system_event(std::span<std::byte> out, const Prefix& prefix,
                                       char event) noexcept {
  return detail::Layout<SystemEvent>{out, prefix}.put<11>(event).size();
}

struct StockDirectoryFields {
  Symbol stock = Symbol::from("");
  char market_category = 'Q';
  char financial_status = 'N';
  std::uint32_t round_lot_size = 100;
  char round_lots_only = 'N';
  char issue_classification = 'C';
  SubType issue_sub_type = SubType::from("Z");
  char authenticity = 'P';
  char short_sale_threshold = 'N';
  char ipo_flag = 'N';
  char luld_tier = '1';
  char etp_flag = 'N';
  std::uint32_t etp_leverage_factor = 0;
  char inverse_indicator = 'N';
};

inline std::size_t encode_stock_directory(std::span<std::byte> out, const Prefix& prefix,
                                          const StockDirectoryFields& fields) noexcept {
  return detail::Layout<StockDirectory>{out, prefix}
      .put<11>(fields.stock)
      .put<19>(fields.market_category)
      .put<20>(fields.financial_status)
      .put<21>(fields.round_lot_size)
      .put<25>(fields.round_lots_only)
      .put<26>(fields.issue_classification)
      .put<27>(fields.issue_sub_type)
      .put<29>(fields.authenticity)
      .put<30>(fields.short_sale_threshold)
      .put<31>(fields.ipo_flag)
      .put<32>(fields.luld_tier)
      .put<33>(fields.etp_flag)
      .put<34>(fields.etp_leverage_factor)
      .put<38>(fields.inverse_indicator)
      .size();
}

inline std::size_t encode_trading_action(std::span<std::byte> out, const Prefix& prefix,
                                         const Symbol& stock, char trading_state,
                                         const Reason& reason, char reserved = ' ') noexcept {
  return detail::Layout<TradingAction>{out, prefix}
      .put<11>(stock)
      .put<19>(trading_state)
      .put<20>(reserved)
      .put<21>(reason)
      .size();
}

inline std::size_t encode_reg_sho_restriction(std::span<std::byte> out, const Prefix& prefix,
                                              const Symbol& stock, char action) noexcept {
  return detail::Layout<RegShoRestriction>{out, prefix}.put<11>(stock).put<19>(action).size();
}

inline std::size_t encode_market_participant_position(std::span<std::byte> out,
                                                      const Prefix& prefix, const Mpid& mpid,
                                                      const Symbol& stock, char primary, char mode,
                                                      char state) noexcept {
  return detail::Layout<MarketParticipantPosition>{out, prefix}
      .put<11>(mpid)
      .put<15>(stock)
      .put<23>(primary)
      .put<24>(mode)
      .put<25>(state)
      .size();
}

inline std::size_t encode_mwcb_decline_level(std::span<std::byte> out, const Prefix& prefix,
                                             Price8 level_1, Price8 level_2,
                                             Price8 level_3) noexcept {
  return detail::Layout<MwcbDeclineLevel>{out, prefix}
      .put<11>(level_1)
      .put<19>(level_2)
      .put<27>(level_3)
      .size();
}

inline std::size_t encode_mwcb_status(std::span<std::byte> out, const Prefix& prefix,
                                      char breached_level) noexcept {
  return detail::Layout<MwcbStatus>{out, prefix}.put<11>(breached_level).size();
}

inline std::size_t encode_ipo_quoting_period(std::span<std::byte> out, const Prefix& prefix,
                                             const Symbol& stock, std::uint32_t release_time_s,
                                             char release_qualifier, Price4 ipo_price) noexcept {
  return detail::Layout<IpoQuotingPeriod>{out, prefix}
      .put<11>(stock)
      .put<19>(release_time_s)
      .put<23>(release_qualifier)
      .put<24>(ipo_price)
      .size();
}

inline std::size_t encode_luld_auction_collar(std::span<std::byte> out, const Prefix& prefix,
                                              const Symbol& stock, Price4 reference_price,
                                              Price4 upper_price, Price4 lower_price,
                                              std::uint32_t extension_count) noexcept {
  return detail::Layout<LuldAuctionCollar>{out, prefix}
      .put<11>(stock)
      .put<19>(reference_price)
      .put<23>(upper_price)
      .put<27>(lower_price)
      .put<31>(extension_count)
      .size();
}

inline std::size_t encode_operational_halt(std::span<std::byte> out, const Prefix& prefix,
                                           const Symbol& stock, char market_code,
                                           char action) noexcept {
  return detail::Layout<OperationalHalt>{out, prefix}
      .put<11>(stock)
      .put<19>(market_code)
      .put<20>(action)
      .size();
}

}  // namespace tapeline::codec::itch

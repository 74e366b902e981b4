#pragma once

// System and stock related messages (ITCH 5.0, sections 4.1 and 4.2). See message.hpp.
// Characters that the specification does not list are passed on as they are.

#include <cstddef>
#include <cstdint>

#include "codec/itch/message.hpp"

namespace tapeline::codec::itch {

// 'S' System Event (4.1). 'O' start of messages, 'S' start of system hours, 'Q' start of market
// hours, 'M' end of market hours, 'E' end of system hours, 'C' end of messages.
class SystemEvent : public Message<'S', 12> {
 public:
  using Message::Message;
  [[nodiscard]] char event() const noexcept { return character<11>(); }
};

// 'R' Stock Directory (4.2.1).
class StockDirectory : public Message<'R', 39> {
 public:
  using Message::Message;
  [[nodiscard]] Symbol stock() const noexcept { return text<11, 8>(); }
  [[nodiscard]] char market_category() const noexcept { return character<19>(); }
  [[nodiscard]] char financial_status() const noexcept { return character<20>(); }
  [[nodiscard]] std::uint32_t round_lot_size() const noexcept { return u32<21>(); }
  [[nodiscard]] char round_lots_only() const noexcept { return character<25>(); }  // 'Y' or 'N'
  [[nodiscard]] char issue_classification() const noexcept { return character<26>(); }
  [[nodiscard]] SubType issue_sub_type() const noexcept { return text<27, 2>(); }
  [[nodiscard]] char authenticity() const noexcept {
    return character<29>();
  }  // 'P' live, 'T' test
  [[nodiscard]] char short_sale_threshold() const noexcept { return character<30>(); }
  [[nodiscard]] char ipo_flag() const noexcept { return character<31>(); }
  [[nodiscard]] char luld_tier() const noexcept { return character<32>(); }  // '1', '2', ' '
  [[nodiscard]] char etp_flag() const noexcept { return character<33>(); }
  [[nodiscard]] std::uint32_t etp_leverage_factor() const noexcept { return u32<34>(); }
  [[nodiscard]] char inverse_indicator() const noexcept { return character<38>(); }
};

// 'H' Stock Trading Action (4.2.2). 'H' halted, 'P' paused, 'Q' quotation only, 'T' trading.
class TradingAction : public Message<'H', 25> {
 public:
  using Message::Message;
  [[nodiscard]] Symbol stock() const noexcept { return text<11, 8>(); }
  [[nodiscard]] char trading_state() const noexcept { return character<19>(); }
  [[nodiscard]] char reserved() const noexcept { return character<20>(); }
  [[nodiscard]] Reason reason() const noexcept { return text<21, 4>(); }
};

// 'Y' Reg SHO Short Sale Price Test Restricted Indicator (4.2.3). '0' none, '1' in force from
// today, '2' still in force.
class RegShoRestriction : public Message<'Y', 20> {
 public:
  using Message::Message;
  [[nodiscard]] Symbol stock() const noexcept { return text<11, 8>(); }
  [[nodiscard]] char action() const noexcept { return character<19>(); }
};

// 'L' Market Participant Position (4.2.4). The participant stands before the stock.
class MarketParticipantPosition : public Message<'L', 26> {
 public:
  using Message::Message;
  [[nodiscard]] Mpid mpid() const noexcept { return text<11, 4>(); }
  [[nodiscard]] Symbol stock() const noexcept { return text<15, 8>(); }
  [[nodiscard]] char primary_market_maker() const noexcept { return character<23>(); }  // 'Y', 'N'
  [[nodiscard]] char market_maker_mode() const noexcept { return character<24>(); }
  [[nodiscard]] char participant_state() const noexcept { return character<25>(); }
};

// 'V' Market-Wide Circuit Breaker Decline Level (4.2.5.1). Prices have eight decimals.
class MwcbDeclineLevel : public Message<'V', 35> {
 public:
  using Message::Message;
  [[nodiscard]] Price8 level_1() const noexcept { return u64<11>(); }
  [[nodiscard]] Price8 level_2() const noexcept { return u64<19>(); }
  [[nodiscard]] Price8 level_3() const noexcept { return u64<27>(); }
};

// 'W' Market-Wide Circuit Breaker Status (4.2.5.2). The level that was breached: '1', '2', '3'.
class MwcbStatus : public Message<'W', 12> {
 public:
  using Message::Message;
  [[nodiscard]] char breached_level() const noexcept { return character<11>(); }
};

// 'K' Quoting Period Update of an IPO (4.2.6). Time and price are 0 when cancelled.
class IpoQuotingPeriod : public Message<'K', 28> {
 public:
  using Message::Message;
  [[nodiscard]] Symbol stock() const noexcept { return text<11, 8>(); }
  [[nodiscard]] std::uint32_t release_time_s() const noexcept { return u32<19>(); }  // of the day
  [[nodiscard]] char release_qualifier() const noexcept { return character<23>(); }  // 'A', 'C'
  [[nodiscard]] Price4 ipo_price() const noexcept { return u32<24>(); }
};

// 'J' Limit Up, Limit Down Auction Collar (4.2.7).
class LuldAuctionCollar : public Message<'J', 35> {
 public:
  using Message::Message;
  [[nodiscard]] Symbol stock() const noexcept { return text<11, 8>(); }
  [[nodiscard]] Price4 reference_price() const noexcept { return u32<19>(); }
  [[nodiscard]] Price4 upper_price() const noexcept { return u32<23>(); }
  [[nodiscard]] Price4 lower_price() const noexcept { return u32<27>(); }
  [[nodiscard]] std::uint32_t extension_count() const noexcept { return u32<31>(); }
};

// 'h' Operational Halt (4.2.8). 'H' halted, 'T' resumed, on market 'Q' (Nasdaq), 'B', 'X'.
class OperationalHalt : public Message<'h', 21> {
 public:
  using Message::Message;
  [[nodiscard]] Symbol stock() const noexcept { return text<11, 8>(); }
  [[nodiscard]] char market_code() const noexcept { return character<19>(); }
  [[nodiscard]] char action() const noexcept { return character<20>(); }
};

}  // namespace tapeline::codec::itch

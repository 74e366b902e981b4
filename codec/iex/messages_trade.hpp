#pragma once

// Trades, official prices and auctions of TOPS, DEEP and DEEP+. See message.hpp.

#include <cstddef>
#include <cstdint>

#include "codec/iex/message.hpp"

namespace tapeline::codec::iex {

// 'T' Trade Report: any trade in TOPS and DEEP; one without a displayed order in DEEP+.
class TradeReport : public SecurityMessage<'T', 38> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] std::uint8_t conditions() const noexcept { return u8<1>(); }  // see fields.hpp
  [[nodiscard]] std::uint32_t size() const noexcept { return u32<18>(); }
  [[nodiscard]] Price price() const noexcept { return i64<22>(); }
  [[nodiscard]] TradeId trade_id() const noexcept { return TradeId{u64<30>()}; }
};

// 'B' Trade Break: takes the trade of that id back, on the same day. The rest is as it was told.
class TradeBreak : public SecurityMessage<'B', 38> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] std::uint8_t conditions() const noexcept { return u8<1>(); }  // see fields.hpp
  [[nodiscard]] std::uint32_t size() const noexcept { return u32<18>(); }
  [[nodiscard]] Price price() const noexcept { return i64<22>(); }
  [[nodiscard]] TradeId trade_id() const noexcept { return TradeId{u64<30>()}; }
};

// 'X' Official Price, TOPS and DEEP, of IEX-listed securities. 'Q' opening, 'M' closing.
class OfficialPrice : public SecurityMessage<'X', 26> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] char price_type() const noexcept { return character<1>(); }
  [[nodiscard]] Price price() const noexcept { return i64<18>(); }
};

// 'A' Auction Information, TOPS and DEEP. 'O' opening, 'C' closing, 'I' IPO, 'H' after a halt,
// 'V' after volatility. Price 0: there is none yet.
class AuctionInformation : public SecurityMessage<'A', 80> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] char auction_type() const noexcept { return character<1>(); }
  [[nodiscard]] std::uint32_t paired_shares() const noexcept { return u32<18>(); }
  [[nodiscard]] Price reference_price() const noexcept { return i64<22>(); }
  [[nodiscard]] Price indicative_clearing_price() const noexcept { return i64<30>(); }
  [[nodiscard]] std::uint32_t imbalance_shares() const noexcept { return u32<38>(); }
  [[nodiscard]] char imbalance_side() const noexcept { return character<42>(); }  // 'B', 'S', 'N'
  [[nodiscard]] std::uint8_t extension_number() const noexcept { return u8<43>(); }
  [[nodiscard]] std::uint32_t scheduled_time_s() const noexcept { return u32<44>(); }  // since 1970
  [[nodiscard]] Price auction_book_clearing_price() const noexcept { return i64<48>(); }
  [[nodiscard]] Price collar_reference_price() const noexcept { return i64<56>(); }
  [[nodiscard]] Price lower_collar() const noexcept { return i64<64>(); }
  [[nodiscard]] Price upper_collar() const noexcept { return i64<72>(); }
};

}  // namespace tapeline::codec::iex

#pragma once

// System and security messages of TOPS, DEEP and DEEP+ ("Administrative Messages"). See
// message.hpp. Characters and bits that the specifications do not list are passed on as they are.

#include <cstddef>
#include <cstdint>

#include "codec/iex/message.hpp"

namespace tapeline::codec::iex {

// 'S' System Event. 'O' start of messages, 'S' start of system hours, 'R' start of regular market
// hours, 'M' end of regular market hours, 'E' end of system hours, 'C' end of messages.
class SystemEvent : public Message<'S', 10> {
 public:
  using Message::Message;
  [[nodiscard]] char event() const noexcept { return character<1>(); }
};

// 'D' Security Directory.
class SecurityDirectory : public SecurityMessage<'D', 31> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] std::uint8_t flags() const noexcept { return u8<1>(); }  // see fields.hpp
  [[nodiscard]] std::uint32_t round_lot_size() const noexcept { return u32<18>(); }
  [[nodiscard]] Price adjusted_close() const noexcept { return i64<22>(); }  // of the day before
  // Limit up, limit down: 0 none, 1 or 2.
  [[nodiscard]] std::uint8_t luld_tier() const noexcept { return u8<30>(); }
};

// 'H' Trading Status. 'H' halted, 'O' released into an order acceptance period, 'P' paused and in
// one, 'T' trading.
class TradingStatus : public SecurityMessage<'H', 22> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] char status() const noexcept { return character<1>(); }
  [[nodiscard]] Reason reason() const noexcept { return text<18, 4>(); }
};

// 'I' Retail Liquidity Indicator. ' ' none, 'A' buy, 'B' sell, 'C' both.
class RetailLiquidity : public SecurityMessage<'I', 18> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] char interest() const noexcept { return character<1>(); }
};

// 'O' Operational Halt Status. 'O' halted on IEX only, 'N' not.
class OperationalHalt : public SecurityMessage<'O', 18> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] char status() const noexcept { return character<1>(); }
};

// 'P' Short Sale Price Test Status. 1 in effect, 0 not; the detail is ' ' none given, 'A'
// activated, 'C' continued, 'D' deactivated, 'N' not to be had.
class ShortSalePriceTest : public SecurityMessage<'P', 19> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] std::uint8_t status() const noexcept { return u8<1>(); }
  [[nodiscard]] char detail() const noexcept { return character<18>(); }
};

// 'E' Security Event, DEEP and DEEP+. 'O' the opening is done, 'C' the closing.
class SecurityEvent : public SecurityMessage<'E', 18> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] char event() const noexcept { return character<1>(); }
};

}  // namespace tapeline::codec::iex

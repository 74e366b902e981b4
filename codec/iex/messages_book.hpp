#pragma once

// What changes a book: the top of TOPS, the levels of DEEP, the orders of DEEP+. See message.hpp.

#include <cstddef>
#include <cstdint>

#include "codec/iex/message.hpp"

namespace tapeline::codec::iex {

// 'Q' Quote Update, TOPS: both sides of the top of the book. Size 0 and price 0: nothing on that
// side. The ask's size stands behind its price.
class QuoteUpdate : public SecurityMessage<'Q', 42> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] std::uint8_t flags() const noexcept { return u8<1>(); }  // see fields.hpp
  [[nodiscard]] std::uint32_t bid_size() const noexcept { return u32<18>(); }
  [[nodiscard]] Price bid_price() const noexcept { return i64<22>(); }
  [[nodiscard]] Price ask_price() const noexcept { return i64<30>(); }
  [[nodiscard]] std::uint32_t ask_size() const noexcept { return u32<38>(); }
};

// '8' and '5' Price Level Update, DEEP: all that is displayed at a price of one side, 0 for
// nothing. The book may be looked at when flags() has kEventComplete.
template <char Type>
class PriceLevelUpdate : public SecurityMessage<Type, 30> {
 public:
  using SecurityMessage<Type, 30>::SecurityMessage;
  [[nodiscard]] std::uint8_t flags() const noexcept { return this->template u8<1>(); }
  [[nodiscard]] std::uint32_t size() const noexcept { return this->template u32<18>(); }
  [[nodiscard]] Price price() const noexcept { return this->template i64<22>(); }
};
using BuyLevelUpdate = PriceLevelUpdate<'8'>;
using SellLevelUpdate = PriceLevelUpdate<'5'>;

// 'a' Add Order, DEEP+. Side '8' buy, '5' sell.
class AddOrder : public SecurityMessage<'a', 38> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] char side() const noexcept { return character<1>(); }
  [[nodiscard]] OrderId order_id() const noexcept { return OrderId{u64<18>()}; }
  [[nodiscard]] std::uint32_t size() const noexcept { return u32<26>(); }
  [[nodiscard]] Price price() const noexcept { return i64<30>(); }
};

// 'M' Order Modify, DEEP+: new size and price of an order that keeps its id.
class OrderModify : public SecurityMessage<'M', 38> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] std::uint8_t flags() const noexcept { return u8<1>(); }
  [[nodiscard]] OrderId order_id() const noexcept { return OrderId{u64<18>()}; }
  [[nodiscard]] std::uint32_t size() const noexcept { return u32<26>(); }
  [[nodiscard]] Price price() const noexcept { return i64<30>(); }
};

// 'R' Order Delete, DEEP+.
class OrderDelete : public SecurityMessage<'R', 26> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] std::uint8_t reserved() const noexcept { return u8<1>(); }  // of any value
  [[nodiscard]] OrderId order_id() const noexcept { return OrderId{u64<18>()}; }
};

// 'L' Order Executed, DEEP+: a trade of a displayed order, which keeps its own price.
class OrderExecuted : public SecurityMessage<'L', 46> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] std::uint8_t conditions() const noexcept { return u8<1>(); }  // see fields.hpp
  [[nodiscard]] OrderId order_id() const noexcept { return OrderId{u64<18>()}; }
  [[nodiscard]] std::uint32_t size() const noexcept { return u32<26>(); }
  [[nodiscard]] Price price() const noexcept { return i64<30>(); }
  [[nodiscard]] TradeId trade_id() const noexcept { return TradeId{u64<38>()}; }
};

// 'C' Clear Book, DEEP+: all orders of the security are gone.
class ClearBook : public SecurityMessage<'C', 18> {
 public:
  using SecurityMessage::SecurityMessage;
  [[nodiscard]] std::uint8_t reserved() const noexcept { return u8<1>(); }  // of any value
};

}  // namespace tapeline::codec::iex

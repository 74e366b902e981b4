#pragma once

// Messages that make up the order book (ITCH 5.0, sections 4.3 and 4.4). See message.hpp.

#include <cstddef>
#include <cstdint>

#include "codec/itch/message.hpp"

namespace tapeline::codec::itch {

// 'A' Add Order, No MPID Attribution (4.3.1).
class AddOrder : public Message<'A', 36> {
 public:
  using Message::Message;
  [[nodiscard]] OrderRef order_ref() const noexcept { return OrderRef{u64<11>()}; }
  [[nodiscard]] char side() const noexcept { return character<19>(); }  // 'B' or 'S'
  [[nodiscard]] std::uint32_t shares() const noexcept { return u32<20>(); }
  [[nodiscard]] Symbol stock() const noexcept { return text<24, 8>(); }
  [[nodiscard]] Price4 price() const noexcept { return u32<32>(); }
};

// 'F' Add Order with MPID Attribution (4.3.2). 'A' and the participant.
class AddOrderMpid : public Message<'F', 40> {
 public:
  using Message::Message;
  [[nodiscard]] OrderRef order_ref() const noexcept { return OrderRef{u64<11>()}; }
  [[nodiscard]] char side() const noexcept { return character<19>(); }  // 'B' or 'S'
  [[nodiscard]] std::uint32_t shares() const noexcept { return u32<20>(); }
  [[nodiscard]] Symbol stock() const noexcept { return text<24, 8>(); }
  [[nodiscard]] Price4 price() const noexcept { return u32<32>(); }
  [[nodiscard]] Mpid mpid() const noexcept { return text<36, 4>(); }
};

// 'E' Order Executed (4.4.1). Carries no price: it trades at the price of the resting order.
class OrderExecuted : public Message<'E', 31> {
 public:
  using Message::Message;
  [[nodiscard]] OrderRef order_ref() const noexcept { return OrderRef{u64<11>()}; }
  [[nodiscard]] std::uint32_t shares() const noexcept { return u32<19>(); }
  [[nodiscard]] MatchNumber match_number() const noexcept { return MatchNumber{u64<23>()}; }
};

// 'C' Order Executed with Price (4.4.2). The price of the remainder does not change. When not
// printable, the same shares come again in a cross trade and must not count as volume here.
class OrderExecutedWithPrice : public Message<'C', 36> {
 public:
  using Message::Message;
  [[nodiscard]] OrderRef order_ref() const noexcept { return OrderRef{u64<11>()}; }
  [[nodiscard]] std::uint32_t shares() const noexcept { return u32<19>(); }
  [[nodiscard]] MatchNumber match_number() const noexcept { return MatchNumber{u64<23>()}; }
  [[nodiscard]] char printable() const noexcept { return character<31>(); }  // 'Y' or 'N'
  [[nodiscard]] Price4 price() const noexcept { return u32<32>(); }
};

// 'X' Order Cancel (4.4.3). A part of the order: shares() is what is taken away.
class OrderCancel : public Message<'X', 23> {
 public:
  using Message::Message;
  [[nodiscard]] OrderRef order_ref() const noexcept { return OrderRef{u64<11>()}; }
  [[nodiscard]] std::uint32_t shares() const noexcept { return u32<19>(); }
};

// 'D' Order Delete (4.4.4).
class OrderDelete : public Message<'D', 19> {
 public:
  using Message::Message;
  [[nodiscard]] OrderRef order_ref() const noexcept { return OrderRef{u64<11>()}; }
};

// 'U' Order Replace (4.4.5). Side, stock and participant are those of the original order;
// shares() is the new total.
class OrderReplace : public Message<'U', 35> {
 public:
  using Message::Message;
  [[nodiscard]] OrderRef original_order_ref() const noexcept { return OrderRef{u64<11>()}; }
  [[nodiscard]] OrderRef new_order_ref() const noexcept { return OrderRef{u64<19>()}; }
  [[nodiscard]] std::uint32_t shares() const noexcept { return u32<27>(); }
  [[nodiscard]] Price4 price() const noexcept { return u32<31>(); }
};

}  // namespace tapeline::codec::itch

#pragma once

// Trades and auctions (ITCH 5.0, sections 4.5 to 4.8). None touches the book. See message.hpp.

#include <cstddef>
#include <cstdint>

#include "codec/itch/message.hpp"

namespace tapeline::codec::itch {

// 'P' Trade, Non-Cross (4.5.1). A match of hidden orders. The order reference is 0 and the side
// 'B' in present feeds.
class Trade : public Message<'P', 44> {
 public:
  using Message::Message;
  [[nodiscard]] OrderRef order_ref() const noexcept { return OrderRef{u64<11>()}; }
  [[nodiscard]] char side() const noexcept { return character<19>(); }
  [[nodiscard]] std::uint32_t shares() const noexcept { return u32<20>(); }
  [[nodiscard]] Symbol stock() const noexcept { return text<24, 8>(); }
  [[nodiscard]] Price4 price() const noexcept { return u32<32>(); }
  [[nodiscard]] MatchNumber match_number() const noexcept { return MatchNumber{u64<36>()}; }
};

// 'Q' Cross Trade (4.5.2). shares() is 64 bits wide and may be 0.
class CrossTrade : public Message<'Q', 40> {
 public:
  using Message::Message;
  [[nodiscard]] std::uint64_t shares() const noexcept { return u64<11>(); }
  [[nodiscard]] Symbol stock() const noexcept { return text<19, 8>(); }
  [[nodiscard]] Price4 price() const noexcept { return u32<27>(); }
  [[nodiscard]] MatchNumber match_number() const noexcept { return MatchNumber{u64<31>()}; }
  [[nodiscard]] char cross_type() const noexcept { return character<39>(); }
};

// 'B' Broken Trade (4.5.3). Takes back the print of that match number for good.
class BrokenTrade : public Message<'B', 19> {
 public:
  using Message::Message;
  [[nodiscard]] MatchNumber match_number() const noexcept { return MatchNumber{u64<11>()}; }
};

// 'I' Net Order Imbalance Indicator (4.6).
class NetOrderImbalance : public Message<'I', 50> {
 public:
  using Message::Message;
  [[nodiscard]] std::uint64_t paired_shares() const noexcept { return u64<11>(); }
  [[nodiscard]] std::uint64_t imbalance_shares() const noexcept { return u64<19>(); }
  [[nodiscard]] char imbalance_direction() const noexcept { return character<27>(); }
  [[nodiscard]] Symbol stock() const noexcept { return text<28, 8>(); }
  [[nodiscard]] Price4 far_price() const noexcept { return u32<36>(); }
  [[nodiscard]] Price4 near_price() const noexcept { return u32<40>(); }
  [[nodiscard]] Price4 reference_price() const noexcept { return u32<44>(); }
  [[nodiscard]] char cross_type() const noexcept { return character<48>(); }
  [[nodiscard]] char price_variation() const noexcept { return character<49>(); }
};

// 'N' Retail Interest, Retail Price Improvement Indicator (4.7).
class RetailInterest : public Message<'N', 20> {
 public:
  using Message::Message;
  [[nodiscard]] Symbol stock() const noexcept { return text<11, 8>(); }
  [[nodiscard]] char interest() const noexcept { return character<19>(); }  // 'B', 'S', 'A', 'N'
};

// 'O' Direct Listing with Capital Raise Price Discovery (4.8).
class DirectListing : public Message<'O', 48> {
 public:
  using Message::Message;
  [[nodiscard]] Symbol stock() const noexcept { return text<11, 8>(); }
  [[nodiscard]] char open_eligible() const noexcept { return character<19>(); }  // 'Y' or 'N'
  [[nodiscard]] Price4 minimum_price() const noexcept { return u32<20>(); }
  [[nodiscard]] Price4 maximum_price() const noexcept { return u32<24>(); }
  [[nodiscard]] Price4 near_execution_price() const noexcept { return u32<28>(); }
  [[nodiscard]] std::uint64_t near_execution_time_ns() const noexcept { return u64<32>(); }
  [[nodiscard]] Price4 lower_collar() const noexcept { return u32<40>(); }
  [[nodiscard]] Price4 upper_collar() const noexcept { return u32<44>(); }
};

}  // namespace tapeline::codec::itch

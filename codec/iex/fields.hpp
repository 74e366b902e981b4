#pragma once

// Types of the fields of IEX TOPS 1.5 and 1.6, DEEP 1.0 and DEEP+ 1.0 (section "Data Types").
//
// Units:         prices are signed integers in 1/10,000 of a dollar. Time stamps are nanoseconds
//                since 1970-01-01 UTC; an event time is whole seconds since then.
// Thread safety: values.

#include <cstddef>
#include <cstdint>

#include "codec/text.hpp"

namespace tapeline::codec::iex {

enum class OrderId : std::uint64_t {};  // of a day
enum class TradeId : std::uint64_t {};  // of a day

using Price = std::int64_t;
using Symbol = codec::Text<8>;
using Reason = codec::Text<4>;

// Sale conditions, bits of TradeReport::conditions() and its like. Others may be set: they say
// nothing that is known.
inline constexpr std::uint8_t kIntermarketSweep = 0x80;
inline constexpr std::uint8_t kExtendedHours = 0x40;  // form T
inline constexpr std::uint8_t kOddLot = 0x20;
inline constexpr std::uint8_t kTradeThroughExempt = 0x10;
inline constexpr std::uint8_t kSinglePriceCross = 0x08;

// QuoteUpdate::flags().
inline constexpr std::uint8_t kQuoteUnavailable = 0x80;  // halted, paused, or not to be had
inline constexpr std::uint8_t kQuoteOutOfHours = 0x40;   // pre-market or post-market session

// SecurityDirectory::flags().
inline constexpr std::uint8_t kTestSecurity = 0x80;
inline constexpr std::uint8_t kWhenIssued = 0x40;
inline constexpr std::uint8_t kExchangeTradedProduct = 0x20;

// PriceLevelUpdate::flags().
inline constexpr std::uint8_t kEventComplete = 0x01;

// OrderModify::flags(). Whether the order keeps its priority; sources differ in which way round.
inline constexpr std::uint8_t kModifyPriority = 0x80;

inline constexpr std::size_t kMaxMessageBytes = 80;  // of the longest layout, 'A'

}  // namespace tapeline::codec::iex

#pragma once

// Writes the messages of messages_book.hpp. See encoder.hpp.

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/iex/fields.hpp"
#include "codec/iex/layout.hpp"
#include "codec/iex/messages_book.hpp"

namespace tapeline::codec::iex {

struct QuoteFields {
  std::uint32_t bid_size = 0;
  Price bid_price = 0;
  Price ask_price = 0;
  std::uint32_t ask_size = 0;

  friend bool operator==(const QuoteFields&, const QuoteFields&) = default;
};

inline std::size_t encode_quote_update(std::span<std::byte> out, std::uint8_t flags,
                                       std::int64_t timestamp_ns, const Symbol& symbol,
                                       const QuoteFields& fields) noexcept {
  return detail::Layout<QuoteUpdate>{out, flags, timestamp_ns}
      .put<10>(symbol)
      .put<18>(fields.bid_size)
      .put<22>(fields.bid_price)
      .put<30>(fields.ask_price)
      .put<38>(fields.ask_size)
      .size();
}

// View: BuyLevelUpdate or SellLevelUpdate.
template <typename View>
std::size_t encode_level_update(std::span<std::byte> out, std::uint8_t flags,
                                std::int64_t timestamp_ns, const Symbol& symbol, std::uint32_t size,
                                Price price) noexcept {
  return detail::Layout<View>{out, flags, timestamp_ns}
      .template put<10>(symbol)
      .template put<18>(size)
      .template put<22>(price)
      .size();
}

inline std::size_t encode_add_order(std::span<std::byte> out, char side, std::int64_t timestamp_ns,
                                    const Symbol& symbol, OrderId id, std::uint32_t size,
                                    Price price) noexcept {
  return detail::Layout<AddOrder>{out, side, timestamp_ns}
      .put<10>(symbol)
      .put<18>(id)
      .put<26>(size)
      .put<30>(price)
      .size();
}

inline std::size_t encode_order_modify(std::span<std::byte> out, std::uint8_t flags,
                                       std::int64_t timestamp_ns, const Symbol& symbol, OrderId id,
                                       std::uint32_t size, Price price) noexcept {
  return detail::Layout<OrderModify>{out, flags, timestamp_ns}
      .put<10>(symbol)
      .put<18>(id)
      .put<26>(size)
      .put<30>(price)
      .size();
}

inline std::size_t encode_order_delete(std::span<std::byte> out, std::uint8_t reserved,
                                       std::int64_t timestamp_ns, const Symbol& symbol,
                                       OrderId id) noexcept {
  return detail::Layout<OrderDelete>{out, reserved, timestamp_ns}
      .put<10>(symbol)
      .put<18>(id)
      .size();
}

inline std::size_t encode_order_executed(std::span<std::byte> out, std::uint8_t conditions,
                                         std::int64_t timestamp_ns, const Symbol& symbol,
                                         OrderId id, std::uint32_t size, Price price,
                                         TradeId trade) noexcept {
  return detail::Layout<OrderExecuted>{out, conditions, timestamp_ns}
      .put<10>(symbol)
      .put<18>(id)
      .put<26>(size)
      .put<30>(price)
      .put<38>(trade)
      .size();
}

inline std::size_t encode_clear_book(std::span<std::byte> out, std::uint8_t reserved,
                                     std::int64_t timestamp_ns, const Symbol& symbol) noexcept {
  return detail::Layout<ClearBook>{out, reserved, timestamp_ns}.put<10>(symbol).size();
}

}  // namespace tapeline::codec::iex

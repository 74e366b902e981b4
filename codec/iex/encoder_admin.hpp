#pragma once

// Writes the messages of messages_admin.hpp. See encoder.hpp.

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/iex/fields.hpp"
#include "codec/iex/layout.hpp"
#include "codec/iex/messages_admin.hpp"

namespace tapeline::codec::iex {

inline std::size_t encode_system_event(std::span<std::byte> out, char event,
                                       std::int64_t timestamp_ns) noexcept {
  return detail::Layout<SystemEvent>{out, event, timestamp_ns}.size();
}

struct SecurityDirectoryFields {
  std::uint8_t flags = 0;
  std::uint32_t round_lot_size = 100;
  Price adjusted_close = 0;
  std::uint8_t luld_tier = 0;
};

inline std::size_t encode_security_directory(std::span<std::byte> out, std::int64_t timestamp_ns,
                                             const Symbol& symbol,
                                             const SecurityDirectoryFields& fields) noexcept {
  return detail::Layout<SecurityDirectory>{out, fields.flags, timestamp_ns}
      .put<10>(symbol)
      .put<18>(fields.round_lot_size)
      .put<22>(fields.adjusted_close)
      .put<30>(fields.luld_tier)
      .size();
}

inline std::size_t encode_trading_status(std::span<std::byte> out, char status,
                                         std::int64_t timestamp_ns, const Symbol& symbol,
                                         const Reason& reason) noexcept {
  return detail::Layout<TradingStatus>{out, status, timestamp_ns}
      .put<10>(symbol)
      .put<18>(reason)
      .size();
}

inline std::size_t encode_retail_liquidity(std::span<std::byte> out, char interest,
                                           std::int64_t timestamp_ns,
                                           const Symbol& symbol) noexcept {
  return detail::Layout<RetailLiquidity>{out, interest, timestamp_ns}.put<10>(symbol).size();
}

inline std::size_t encode_operational_halt(std::span<std::byte> out, char status,
                                           std::int64_t timestamp_ns,
                                           const Symbol& symbol) noexcept {
  return detail::Layout<OperationalHalt>{out, status, timestamp_ns}.put<10>(symbol).size();
}

inline std::size_t encode_short_sale_price_test(std::span<std::byte> out, std::uint8_t status,
                                                std::int64_t timestamp_ns, const Symbol& symbol,
                                                char detail) noexcept {
  return detail::Layout<ShortSalePriceTest>{out, status, timestamp_ns}
      .put<10>(symbol)
      .put<18>(detail)
      .size();
}

inline std::size_t encode_security_event(std::span<std::byte> out, char event,
                                         std::int64_t timestamp_ns, const Symbol& symbol) noexcept {
  return detail::Layout<SecurityEvent>{out, event, timestamp_ns}.put<10>(symbol).size();
}

}  // namespace tapeline::codec::iex

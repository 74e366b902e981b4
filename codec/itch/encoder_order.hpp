#pragma once

// Writes the messages of messages_order.hpp. See encoder.hpp.

#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/itch/fields.hpp"
#include "codec/itch/layout.hpp"
#include "codec/itch/messages_order.hpp"

namespace tapeline::codec::itch {

inline std::size_t encode_add_order(std::span<std::byte> out, const Prefix& prefix, OrderRef ref,
                                    char side, std::uint32_t shares, const Symbol& stock,
                                    Price4 price) noexcept {
  return detail::Layout<AddOrder>{out, prefix}
      .put<11>(ref)
      .put<19>(side)
      .put<20>(shares)
      .put<24>(stock)
      .put<32>(price)
      .size();
}

inline std::size_t encode_add_order_mpid(std::span<std::byte> out, const Prefix& prefix,
                                         OrderRef ref, char side, std::uint32_t shares,
                                         const Symbol& stock, Price4 price,
                                         const Mpid& mpid) noexcept {
  return detail::Layout<AddOrderMpid>{out, prefix}
      .put<11>(ref)
      .put<19>(side)
      .put<20>(shares)
      .put<24>(stock)
      .put<32>(price)
      .put<36>(mpid)
      .size();
}

inline std::size_t encode_order_executed(std::span<std::byte> out, const Prefix& prefix,
                                         OrderRef ref, std::uint32_t shares,
                                         MatchNumber match) noexcept {
  return detail::Layout<OrderExecuted>{out, prefix}
      .put<11>(ref)
      .put<19>(shares)
      .put<23>(match)
      .size();
}

inline std::size_t encode_order_executed_with_price(std::span<std::byte> out, const Prefix& prefix,
                                                    OrderRef ref, std::uint32_t shares,
                                                    MatchNumber match, char printable,
                                                    Price4 price) noexcept {
  return detail::Layout<OrderExecutedWithPrice>{out, prefix}
      .put<11>(ref)
      .put<19>(shares)
      .put<23>(match)
      .put<31>(printable)
      .put<32>(price)
      .size();
}

inline std::size_t encode_order_cancel(std::span<std::byte> out, const Prefix& prefix, OrderRef ref,
                                       std::uint32_t cancelled_shares) noexcept {
  return detail::Layout<OrderCancel>{out, prefix}.put<11>(ref).put<19>(cancelled_shares).size();
}

inline std::size_t encode_order_delete(std::span<std::byte> out, const Prefix& prefix,
                                       OrderRef ref) noexcept {
  return detail::Layout<OrderDelete>{out, prefix}.put<11>(ref).size();
}

inline std::size_t encode_order_replace(std::span<std::byte> out, const Prefix& prefix,
                                        OrderRef original, OrderRef replacement,
                                        std::uint32_t shares, Price4 price) noexcept {
  return detail::Layout<OrderReplace>{out, prefix}
      .put<11>(original)
      .put<19>(replacement)
      .put<27>(shares)
      .put<31>(price)
      .size();
}

}  // namespace tapeline::codec::itch

#pragma once

// What all ITCH 5.0 messages share: the type byte and the prefix. See codec/message_view.hpp.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "codec/bytes.hpp"
#include "codec/itch/fields.hpp"
#include "codec/message_view.hpp"

namespace tapeline::codec::itch {

template <char Type, std::size_t Length>
class Message : public MessageView<std::endian::big, Type, Length> {
  using View = MessageView<std::endian::big, Type, Length>;

 public:
  using View::View;

  [[nodiscard]] Locate stock_locate() const noexcept { return Locate{this->template u16<1>()}; }
  [[nodiscard]] std::uint16_t tracking_number() const noexcept { return this->template u16<3>(); }
  [[nodiscard]] std::uint64_t timestamp_ns() const noexcept { return load_be48<5>(this->bytes()); }
  [[nodiscard]] Prefix prefix() const noexcept {
    return {stock_locate(), tracking_number(), timestamp_ns()};
  }
};

}  // namespace tapeline::codec::itch

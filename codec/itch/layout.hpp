#pragma once

// An ITCH 5.0 message under construction, for encoder.hpp. See codec/message_layout.hpp.

#include <bit>
#include <cstddef>
#include <span>

#include "codec/bytes.hpp"
#include "codec/itch/fields.hpp"
#include "codec/message_layout.hpp"

namespace tapeline::codec::itch::detail {

template <typename View>
class Layout : public MessageLayout<std::endian::big, View> {
 public:
  Layout(std::span<std::byte> out, const Prefix& prefix) noexcept
      : MessageLayout<std::endian::big, View>{out} {
    this->template put<1>(prefix.stock_locate);
    this->template put<3>(prefix.tracking_number);
    store_be48<5>(this->bytes(), prefix.timestamp_ns);
  }
};

}  // namespace tapeline::codec::itch::detail

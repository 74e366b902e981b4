#pragma once

// An IEX message under construction, for encoder.hpp. See codec/message_layout.hpp.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/iex/fields.hpp"
#include "codec/message_layout.hpp"

namespace tapeline::codec::iex::detail {

// `first` is the byte behind the type: flags, or a character.
template <typename View>
class Layout : public MessageLayout<std::endian::little, View> {
 public:
  Layout(std::span<std::byte> out, std::uint8_t first, std::int64_t timestamp_ns) noexcept
      : MessageLayout<std::endian::little, View>{out} {
    this->template put<1>(first);
    this->template put<2>(timestamp_ns);
  }
  Layout(std::span<std::byte> out, char first, std::int64_t timestamp_ns) noexcept
      : Layout{out, static_cast<std::uint8_t>(first), timestamp_ns} {}
};

}  // namespace tapeline::codec::iex::detail

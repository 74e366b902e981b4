#pragma once

// What the messages of IEX TOPS, DEEP and DEEP+ share: the type byte, a byte of flags or a
// character, the time stamp, in all but one the symbol. Little endian. See codec/message_view.hpp.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "codec/iex/fields.hpp"
#include "codec/message_view.hpp"

namespace tapeline::codec::iex {

template <char Type, std::size_t Length>
class Message : public MessageView<std::endian::little, Type, Length> {
  using View = MessageView<std::endian::little, Type, Length>;

 public:
  using View::View;

  [[nodiscard]] std::int64_t timestamp_ns() const noexcept { return this->template i64<2>(); }
};

// A message about one security.
template <char Type, std::size_t Length>
class SecurityMessage : public Message<Type, Length> {
 public:
  using Message<Type, Length>::Message;
  [[nodiscard]] Symbol symbol() const noexcept { return this->template text<10, 8>(); }
};

}  // namespace tapeline::codec::iex

#pragma once

// What the messages of binary venues share, ITCH and IEX alike: a type byte and a fixed layout of
// integers in one byte order, and characters. The venue's own Message adds what all of its messages
// begin with.
//
// A message is a view: it copies nothing and reads a field when asked. Its span has the exact
// length of the layout, so an offset past the end does not compile.
//
// Thread safety: any number of readers.
// Lifetime:      that of the bytes, which a view does not own.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "codec/bytes.hpp"
#include "codec/decode_status.hpp"
#include "codec/text.hpp"

namespace tapeline::codec {

template <std::endian Order, char Type, std::size_t Length>
class MessageView {
 public:
  static constexpr char kType = Type;
  static constexpr std::size_t kBytes = Length;
  using Bytes = std::span<const std::byte, kBytes>;

  explicit MessageView(Bytes bytes) noexcept : bytes_{bytes} {}

  [[nodiscard]] Bytes bytes() const noexcept { return bytes_; }

 protected:
  template <std::size_t Offset>
  [[nodiscard]] char character() const noexcept {
    return static_cast<char>(u8<Offset>());
  }
  template <std::size_t Offset>
  [[nodiscard]] std::uint8_t u8() const noexcept {
    return load<Offset, std::uint8_t>();
  }
  template <std::size_t Offset>
  [[nodiscard]] std::uint16_t u16() const noexcept {
    return load<Offset, std::uint16_t>();
  }
  template <std::size_t Offset>
  [[nodiscard]] std::uint32_t u32() const noexcept {
    return load<Offset, std::uint32_t>();
  }
  template <std::size_t Offset>
  [[nodiscard]] std::uint64_t u64() const noexcept {
    return load<Offset, std::uint64_t>();
  }
  template <std::size_t Offset>
  [[nodiscard]] std::int64_t i64() const noexcept {
    return static_cast<std::int64_t>(u64<Offset>());
  }
  template <std::size_t Offset, std::size_t Width>
  [[nodiscard]] Text<Width> text() const noexcept {
    static_assert(Offset + Width <= kBytes);
    Text<Width> result;
    std::memcpy(result.chars.data(), bytes_.data() + Offset, Width);
    return result;
  }

 private:
  template <std::size_t Offset, WireInteger T>
  [[nodiscard]] T load() const noexcept {
    if constexpr (Order == std::endian::big) {
      return load_be<Offset, T>(bytes_);
    } else {
      return load_le<Offset, T>(bytes_);
    }
  }

  Bytes bytes_;
};

// For the dispatch of a decoder: calls handler(View) if the message is as long as the layout, or
// longer.
template <typename View, typename Handler>
[[nodiscard, gnu::always_inline]] inline DecodeStatus deliver(std::span<const std::byte> message,
                                                              Handler& handler) {
  if (message.size() < View::kBytes) [[unlikely]]
    return DecodeStatus::wrong_length;
  handler(View{message.template first<View::kBytes>()});
  return message.size() == View::kBytes ? DecodeStatus::ok : DecodeStatus::ok_longer;
}

}  // namespace tapeline::codec

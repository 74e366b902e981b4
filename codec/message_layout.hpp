#pragma once

// A message of a binary venue under construction, for its encoder: fields go to offsets that are
// checked at compile time. The venue's own Layout writes what all of its messages begin with.
//
// Thread safety: one user.
// Ownership:     the span is the caller's.

#include <bit>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "codec/bytes.hpp"
#include "codec/text.hpp"

namespace tapeline::codec {

// Takes kType and kBytes from the view of the message, and writes the type.
template <std::endian Order, typename View>
class MessageLayout {
 public:
  // Requires: out.size() >= View::kBytes.
  explicit MessageLayout(std::span<std::byte> out) noexcept : bytes_{exact(out)} {
    put<0>(View::kType);
  }

  template <std::size_t Offset, WireInteger T>
  MessageLayout& put(T value) noexcept {
    static_assert(Offset + sizeof(T) <= View::kBytes);
    if constexpr (Order == std::endian::big) {
      store_be(bytes_.data() + Offset, value);
    } else {
      store_le(bytes_.data() + Offset, value);
    }
    return *this;
  }
  template <std::size_t Offset>
  MessageLayout& put(char value) noexcept {
    return put<Offset>(static_cast<std::uint8_t>(value));
  }
  template <std::size_t Offset>
  MessageLayout& put(std::int64_t value) noexcept {
    return put<Offset>(static_cast<std::uint64_t>(value));
  }
  // Numbers that are types of their own, such as an order reference.
  template <std::size_t Offset, typename Number>
  requires std::is_enum_v<Number> MessageLayout& put(Number value) noexcept {
    return put<Offset>(static_cast<std::underlying_type_t<Number>>(value));
  }
  template <std::size_t Offset, std::size_t Width>
  MessageLayout& put(const Text<Width>& value) noexcept {
    static_assert(Offset + Width <= View::kBytes);
    std::memcpy(bytes_.data() + Offset, value.chars.data(), Width);
    return *this;
  }

  [[nodiscard]] std::size_t size() const noexcept { return View::kBytes; }

 protected:
  using Bytes = std::span<std::byte, View::kBytes>;
  [[nodiscard]] Bytes bytes() const noexcept { return bytes_; }

 private:
  static Bytes exact(std::span<std::byte> out) noexcept {
    assert(out.size() >= View::kBytes);
    return out.first<View::kBytes>();
  }

  Bytes bytes_;
};

}  // namespace tapeline::codec

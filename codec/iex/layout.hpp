#pragma once

// An IEX message under construction, for encoder.hpp: fields go to offsets that are checked at
// compile time.
//
// Thread safety: one user.
// Ownership:     the span is the caller's.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "codec/bytes.hpp"
#include "codec/iex/fields.hpp"

namespace tapeline::codec::iex::detail {

// Takes kType and kBytes from the view of the message. `first` is the byte behind the type: flags,
// or a character.
template <typename View>
class Layout {
 public:
  Layout(std::span<std::byte> out, std::uint8_t first, std::int64_t timestamp_ns) noexcept
      : bytes_{exact(out)} {
    put<0>(View::kType);
    put<1>(first);
    put<2>(timestamp_ns);
  }
  Layout(std::span<std::byte> out, char first, std::int64_t timestamp_ns) noexcept
      : Layout{out, static_cast<std::uint8_t>(first), timestamp_ns} {}

  template <std::size_t Offset>
  Layout& put(char value) noexcept {
    return put<Offset>(static_cast<std::uint8_t>(value));
  }
  template <std::size_t Offset>
  Layout& put(std::int64_t value) noexcept {
    return put<Offset>(static_cast<std::uint64_t>(value));
  }
  template <std::size_t Offset>
  Layout& put(OrderId value) noexcept {
    return put<Offset>(static_cast<std::uint64_t>(value));
  }
  template <std::size_t Offset>
  Layout& put(TradeId value) noexcept {
    return put<Offset>(static_cast<std::uint64_t>(value));
  }
  template <std::size_t Offset, WireInteger T>
  Layout& put(T value) noexcept {
    static_assert(Offset + sizeof(T) <= View::kBytes);
    store_le(bytes_.data() + Offset, value);
    return *this;
  }
  template <std::size_t Offset, std::size_t Width>
  Layout& put(const Text<Width>& value) noexcept {
    static_assert(Offset + Width <= View::kBytes);
    std::memcpy(bytes_.data() + Offset, value.chars.data(), Width);
    return *this;
  }

  [[nodiscard]] std::size_t size() const noexcept { return View::kBytes; }

 private:
  using Bytes = std::span<std::byte, View::kBytes>;

  static Bytes exact(std::span<std::byte> out) noexcept {
    assert(out.size() >= View::kBytes);
    return out.first<View::kBytes>();
  }

  Bytes bytes_;
};

}  // namespace tapeline::codec::iex::detail

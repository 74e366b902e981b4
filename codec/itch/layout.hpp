#pragma once

// An ITCH 5.0 message under construction, for encoder.hpp: fields go to offsets that are checked
// at compile time.
//
// Thread safety: one user.
// Ownership:     the span is the caller's.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "codec/bytes.hpp"
#include "codec/itch/fields.hpp"

namespace tapeline::codec::itch::detail {

// Takes kType and kBytes from the view of the message.
template <typename View>
class Layout {
 public:
  Layout(std::span<std::byte> out, const Prefix& prefix) noexcept : bytes_{exact(out)} {
    put<0>(View::kType);
    put<1>(prefix.stock_locate);
    put<3>(prefix.tracking_number);
    store_be48<5>(bytes_, prefix.timestamp_ns);
  }

  template <std::size_t Offset>
  Layout& put(char value) noexcept {
    return put<Offset>(static_cast<std::uint8_t>(value));
  }
  template <std::size_t Offset, WireInteger T>
  Layout& put(T value) noexcept {
    store_be<Offset>(bytes_, value);
    return *this;
  }
  template <std::size_t Offset>
  Layout& put(Locate value) noexcept {
    return put<Offset>(static_cast<std::uint16_t>(value));
  }
  template <std::size_t Offset>
  Layout& put(OrderRef value) noexcept {
    return put<Offset>(static_cast<std::uint64_t>(value));
  }
  template <std::size_t Offset>
  Layout& put(MatchNumber value) noexcept {
    return put<Offset>(static_cast<std::uint64_t>(value));
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

}  // namespace tapeline::codec::itch::detail

#pragma once

// What all ITCH 5.0 messages share: the type byte, the prefix, and checked access to the bytes.
//
// A message is a view: it copies nothing and reads a field when asked. Its span has the exact
// length of the layout, so an offset past the end does not compile.
//
// Thread safety: any number of readers.
// Lifetime:      that of the bytes, which a view does not own.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "codec/bytes.hpp"
#include "codec/itch/fields.hpp"

namespace tapeline::codec::itch {

template <char Type, std::size_t Length>
class Message {
 public:
  static constexpr char kType = Type;
  static constexpr std::size_t kBytes = Length;
  using Bytes = std::span<const std::byte, kBytes>;

  explicit Message(Bytes bytes) noexcept : bytes_{bytes} {}

  [[nodiscard]] Bytes bytes() const noexcept { return bytes_; }
  [[nodiscard]] Locate stock_locate() const noexcept { return Locate{u16<1>()}; }
  [[nodiscard]] std::uint16_t tracking_number() const noexcept { return u16<3>(); }
  [[nodiscard]] std::uint64_t timestamp_ns() const noexcept { return load_be48<5>(bytes_); }
  [[nodiscard]] Prefix prefix() const noexcept {
    return {stock_locate(), tracking_number(), timestamp_ns()};
  }

 protected:
  template <std::size_t Offset>
  [[nodiscard]] char character() const noexcept {
    return static_cast<char>(load_be<Offset, std::uint8_t>(bytes_));
  }
  template <std::size_t Offset>
  [[nodiscard]] std::uint16_t u16() const noexcept {
    return load_be<Offset, std::uint16_t>(bytes_);
  }
  template <std::size_t Offset>
  [[nodiscard]] std::uint32_t u32() const noexcept {
    return load_be<Offset, std::uint32_t>(bytes_);
  }
  template <std::size_t Offset>
  [[nodiscard]] std::uint64_t u64() const noexcept {
    return load_be<Offset, std::uint64_t>(bytes_);
  }
  template <std::size_t Offset, std::size_t Width>
  [[nodiscard]] Text<Width> text() const noexcept {
    static_assert(Offset + Width <= kBytes);
    Text<Width> result;
    std::memcpy(result.chars.data(), bytes_.data() + Offset, Width);
    return result;
  }

 private:
  Bytes bytes_;
};

}  // namespace tapeline::codec::itch

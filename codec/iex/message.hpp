#pragma once

// What the messages of IEX TOPS, DEEP and DEEP+ share: the type byte, a byte of flags or a
// character, the time stamp, in all but one the symbol, and checked access to the bytes, which
// are little endian.
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
#include "codec/iex/fields.hpp"

namespace tapeline::codec::iex {

template <char Type, std::size_t Length>
class Message {
 public:
  static constexpr char kType = Type;
  static constexpr std::size_t kBytes = Length;
  using Bytes = std::span<const std::byte, kBytes>;

  explicit Message(Bytes bytes) noexcept : bytes_{bytes} {}

  [[nodiscard]] Bytes bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::int64_t timestamp_ns() const noexcept { return i64<2>(); }

 protected:
  template <std::size_t Offset>
  [[nodiscard]] char character() const noexcept {
    return static_cast<char>(u8<Offset>());
  }
  template <std::size_t Offset>
  [[nodiscard]] std::uint8_t u8() const noexcept {
    return load_le<Offset, std::uint8_t>(bytes_);
  }
  template <std::size_t Offset>
  [[nodiscard]] std::uint32_t u32() const noexcept {
    return load_le<Offset, std::uint32_t>(bytes_);
  }
  template <std::size_t Offset>
  [[nodiscard]] std::uint64_t u64() const noexcept {
    return load_le<Offset, std::uint64_t>(bytes_);
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
  Bytes bytes_;
};

// A message about one security.
template <char Type, std::size_t Length>
class SecurityMessage : public Message<Type, Length> {
 public:
  using Message<Type, Length>::Message;
  [[nodiscard]] Symbol symbol() const noexcept { return this->template text<10, 8>(); }
};

}  // namespace tapeline::codec::iex

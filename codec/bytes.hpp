#pragma once

// Integers on the wire, in both byte orders, at any alignment.
//
// Two forms. The pointer form reads or writes where it is told; its caller has checked the length.
// The span form takes the offset as a template argument and a span of fixed extent: an offset
// past the end does not compile. Copying into an integer and swapping the bytes is written out
// because compilers do not reliably turn a loop of shifts into one load.
//
// Thread safety: pure functions.

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace tapeline::codec {

static_assert(std::endian::native == std::endian::little, "the byte swaps assume little endian");

using ByteSpan = std::span<const std::byte>;
using MutableByteSpan = std::span<std::byte>;

template <typename T>
concept WireInteger = std::same_as<T, std::uint8_t> || std::same_as<T, std::uint16_t> ||
    std::same_as<T, std::uint32_t> || std::same_as<T, std::uint64_t>;

template <WireInteger T>
[[nodiscard]] constexpr T swap_bytes(T value) noexcept {
  if constexpr (sizeof(T) == 2) {
    return __builtin_bswap16(value);
  } else if constexpr (sizeof(T) == 4) {
    return __builtin_bswap32(value);
  } else if constexpr (sizeof(T) == 8) {
    return __builtin_bswap64(value);
  } else {
    return value;
  }
}

// Requires: sizeof(T) readable bytes at `from`.
template <WireInteger T>
[[nodiscard]] inline T load_le(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

// Requires: sizeof(T) readable bytes at `from`.
template <WireInteger T>
[[nodiscard]] inline T load_be(const std::byte* from) noexcept {
  return swap_bytes(load_le<T>(from));
}

// 48-bit unsigned, big endian. Requires: 6 readable bytes at `from`; reads no more than these.
[[nodiscard]] inline std::uint64_t load_be48(const std::byte* from) noexcept {
  return (std::uint64_t{load_be<std::uint16_t>(from)} << 32U) | load_be<std::uint32_t>(from + 2);
}

// Requires: sizeof(T) writable bytes at `to`.
template <WireInteger T>
inline void store_le(std::byte* to, T value) noexcept {
  std::memcpy(to, &value, sizeof(T));
}

// Requires: sizeof(T) writable bytes at `to`.
template <WireInteger T>
inline void store_be(std::byte* to, T value) noexcept {
  store_le(to, swap_bytes(value));
}

// 48-bit unsigned, big endian; the upper 16 bits of `value` are not written.
// Requires: 6 writable bytes at `to`.
inline void store_be48(std::byte* to, std::uint64_t value) noexcept {
  store_be(to, static_cast<std::uint16_t>(value >> 32U));
  store_be(to + 2, static_cast<std::uint32_t>(value));
}

template <std::size_t Offset, WireInteger T, std::size_t Extent>
[[nodiscard]] inline T load_le(std::span<const std::byte, Extent> bytes) noexcept {
  static_assert(Extent != std::dynamic_extent && Offset + sizeof(T) <= Extent);
  return load_le<T>(bytes.data() + Offset);
}

template <std::size_t Offset, WireInteger T, std::size_t Extent>
[[nodiscard]] inline T load_be(std::span<const std::byte, Extent> bytes) noexcept {
  static_assert(Extent != std::dynamic_extent && Offset + sizeof(T) <= Extent);
  return load_be<T>(bytes.data() + Offset);
}

template <std::size_t Offset, std::size_t Extent>
[[nodiscard]] inline std::uint64_t load_be48(std::span<const std::byte, Extent> bytes) noexcept {
  static_assert(Extent != std::dynamic_extent && Offset + 6 <= Extent);
  return load_be48(bytes.data() + Offset);
}

template <std::size_t Offset, WireInteger T, std::size_t Extent>
inline void store_be(std::span<std::byte, Extent> bytes, T value) noexcept {
  static_assert(Extent != std::dynamic_extent && Offset + sizeof(T) <= Extent);
  store_be(bytes.data() + Offset, value);
}

template <std::size_t Offset, std::size_t Extent>
inline void store_be48(std::span<std::byte, Extent> bytes, std::uint64_t value) noexcept {
  static_assert(Extent != std::dynamic_extent && Offset + 6 <= Extent);
  store_be48(bytes.data() + Offset, value);
}

}  // namespace tapeline::codec

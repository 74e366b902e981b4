#pragma once

// The fields of every message of IEX TOPS, DEEP and DEEP+ as a table: for who shows messages
// instead of using them. The views (messages.hpp) are for the path of a packet.
//
// The fields are in the order of the message, without what all begin with: the type byte, the time
// stamp and, in all but a system event, the symbol. Bytes that are reserved are no fields. Names
// are the same where the meaning is; flags, and characters that tell a state, are named after what
// they are of, since each type has its own. A name that the tables of ITCH have as well
// (codec/itch/field_table.hpp) means the same there.
//
// Source: IEX TOPS 1.66, DEEP 1.08 and DEEP+ 1.01 specifications, "Message Formats".

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tapeline::codec::iex {

enum class FieldKind : std::uint8_t {
  text,     // characters, padded with spaces
  number1,  // unsigned, 1 byte
  number4,
  number8,
  price8,  // signed, 8 bytes, four decimals
};

struct Field {
  std::string_view name;
  FieldKind kind = FieldKind::text;
  std::uint8_t offset = 0;  // from the type byte on
  std::uint8_t bytes = 0;
};

// Of a message type; empty if it has none but those that all begin with, or if there is no such
// type.
[[nodiscard]] std::span<const Field> fields_of(char type) noexcept;

inline constexpr std::size_t kTimestampOffset = 2;  // 8 bytes, nanoseconds since 1970, signed
inline constexpr std::size_t kSymbolOffset = 10;
inline constexpr std::size_t kSymbolBytes = 8;
[[nodiscard]] constexpr bool has_symbol(char type) noexcept { return type != 'S'; }

}  // namespace tapeline::codec::iex

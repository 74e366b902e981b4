#pragma once

// The fields of every ITCH 5.0 message as a table: for who shows messages instead of using them.
// The views (messages.hpp) are for the path of a packet.
//
// The fields are in the order of the message, behind the prefix that all messages have (type,
// locate, tracking number, time stamp). Names are the same where the meaning is: `shares` of an
// execution are those that were executed, of a cancel those that were taken off, of a replace the
// new total. Where the specification uses one name for different things, the name says which:
// `reg_sho_action`, `halt_action`.
//
// Source: Nasdaq TotalView-ITCH 5.0, section 4.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tapeline::codec::itch {

enum class FieldKind : std::uint8_t {
  text,     // characters, padded with spaces
  number4,  // unsigned, 4 bytes
  number8,
  price4,  // 4 bytes, four decimals
  price8,  // 8 bytes, eight decimals
};

struct Field {
  std::string_view name;
  FieldKind kind = FieldKind::text;
  std::uint8_t offset = 0;  // from the type byte on
  std::uint8_t bytes = 0;
};

// Of a message type; empty if there is no such type.
[[nodiscard]] std::span<const Field> fields_of(char type) noexcept;

// Where the symbol stands in a message of this type; 0 if it has none.
[[nodiscard]] constexpr std::uint8_t stock_offset(char type) noexcept {
  switch (type) {
    case 'R':
    case 'H':
    case 'Y':
    case 'K':
    case 'J':
    case 'h':
    case 'N':
    case 'O': return 11;
    case 'L': return 15;
    case 'Q': return 19;
    case 'A':
    case 'F':
    case 'P': return 24;
    case 'I': return 28;
    default: return 0;
  }
}

}  // namespace tapeline::codec::itch

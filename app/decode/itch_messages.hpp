#pragma once

// ITCH 5.0 messages as rows, with the fields as the venue states them; and what its instruments
// are called.
//
// Thread safety: none.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/decode/market_rows.hpp"
#include "app/decode/packet_decoder.hpp"
#include "app/decode/schema.hpp"
#include "app/decode/table.hpp"
#include "codec/bytes.hpp"
#include "codec/itch/field_table.hpp"
#include "codec/itch/fields.hpp"

namespace tapeline::decode {

// Which message types are wanted, by type byte.
using ItchTypes = std::array<bool, 256>;

// What the user may call them: each type by its letter and by its name ("A", "add_order").
[[nodiscard]] std::vector<std::string_view> itch_type_names();
// Requires: every name is one of itch_type_names(); none at all: every type.
[[nodiscard]] ItchTypes itch_types(std::span<const std::string_view> names);
// The columns of the schema `messages`: type, what all messages begin with, and every field.
[[nodiscard]] std::vector<std::string_view> itch_fields();

// The symbols of the stock locates of one session: as the last message told that has both.
class ItchSymbols final : public SymbolNames {
 public:
  ItchSymbols() : symbols_(kLocates) {}

  // Requires: `message` has the length of its type, or more.
  void learn(std::span<const std::byte> message) noexcept {
    const std::uint8_t stock = codec::itch::stock_offset(std::to_integer<char>(message.front()));
    const auto locate = codec::load_be<std::uint16_t>(message.data() + 1);
    if (stock == 0 || locate == 0) return;
    auto& symbol = symbols_[locate].chars;
    std::memcpy(symbol.data(), message.data() + stock, symbol.size());
  }
  // Of locates that were never told all bytes are 0.
  [[nodiscard]] std::string_view symbol(std::uint16_t locate) const noexcept {
    const std::string_view text = symbols_[locate].trimmed();
    return text.find('\0') == 0 ? std::string_view{} : text;
  }
  [[nodiscard]] std::string_view symbol(market::InstrumentId id) const noexcept override {
    return symbol(static_cast<std::uint16_t>(id));
  }

 private:
  static constexpr std::size_t kLocates = 65'536;
  std::vector<codec::itch::Symbol> symbols_;
};

// Where the fields of each type go; shared by all channels.
class ItchMessageRows {
 public:
  // `table` is not owned and must outlive this.
  ItchMessageRows(const Schema& schema, const ItchTypes& types, Table& table);

  // Writes the row of a message if it is wanted. `symbols` learns from it.
  // Requires: `message` has the length of its type, or more.
  void write(const MessageHead& head, std::span<const std::byte> message, ItchSymbols& symbols);

 private:
  struct Placed {
    Column column{};
    codec::itch::FieldKind kind = codec::itch::FieldKind::text;
    std::uint8_t offset = 0;
    std::uint8_t bytes = 0;
  };
  struct Layout {
    std::vector<Placed> fields;  // those that are in the table
    std::uint8_t stock = 0;      // offset of the symbol, 0 = none
    bool is_wanted = false;
  };

  Table& table_;
  Column type_{}, locate_{}, tracking_{}, timestamp_{};
  std::array<Layout, 256> layouts_;
};

}  // namespace tapeline::decode

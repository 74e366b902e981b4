#pragma once

// Messages of IEX TOPS, DEEP and DEEP+ as rows, with the fields as the venue states them.
//
// Thread safety: none.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "app/decode/packet_decoder.hpp"
#include "app/decode/schema.hpp"
#include "app/decode/table.hpp"
#include "codec/iex/field_table.hpp"

namespace tapeline::decode {

// Which message types are wanted, by type byte.
using IexTypes = std::array<bool, 256>;

// What the user may call them: each type by its character and by its name ("8",
// "buy_level_update").
[[nodiscard]] std::vector<std::string_view> iex_type_names();
// Those that one of the names means; no name at all: every type. Names of other venues' types mean
// none.
[[nodiscard]] IexTypes iex_types(std::span<const std::string_view> names);
// The columns of the schema `messages`: type, what all messages begin with, and every field.
[[nodiscard]] std::vector<std::string_view> iex_fields();

// Where the fields of each type go; shared by all channels.
class IexMessageRows {
 public:
  // `table` is not owned and must outlive this. Requires: the schema has iex_fields().
  IexMessageRows(const Schema& schema, const IexTypes& types, Table& table);

  // Writes the row of a message if it is wanted.
  // Requires: `message` has the length of its type, or more.
  void write(const MessageHead& head, std::span<const std::byte> message);

 private:
  struct Placed {
    Column column{};
    codec::iex::FieldKind kind = codec::iex::FieldKind::text;
    std::uint8_t offset = 0;
    std::uint8_t bytes = 0;
  };
  struct Layout {
    std::vector<Placed> fields;  // those that are in the table
    bool is_wanted = false;
  };

  Table& table_;
  Column type_{}, timestamp_{};
  std::array<Layout, 256> layouts_;
};

}  // namespace tapeline::decode

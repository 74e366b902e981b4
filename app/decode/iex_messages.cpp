#include "app/decode/iex_messages.hpp"

#include <algorithm>

#include "app/decode/wire_text.hpp"
#include "codec/bytes.hpp"
#include "codec/iex/messages.hpp"

namespace tapeline::decode {

namespace {

using codec::iex::Field;
using codec::iex::FieldKind;
using codec::iex::kMessageTypes;
using codec::iex::MessageType;

constexpr std::array<std::string_view, 2> kPrefixColumns{"type", "timestamp"};
constexpr std::uint8_t kPriceDigits = 4;

[[nodiscard]] std::string_view letter_of(const MessageType& type) noexcept {
  return {&type.type, 1};
}

}  // namespace

std::vector<std::string_view> iex_type_names() {
  std::vector<std::string_view> names;
  names.reserve(2 * kMessageTypes.size());
  for (const MessageType& type : kMessageTypes) names.push_back(letter_of(type));
  for (const MessageType& type : kMessageTypes) names.push_back(type.name);
  return names;
}

IexTypes iex_types(std::span<const std::string_view> names) {
  IexTypes types{};
  for (const MessageType& type : kMessageTypes) {
    types[static_cast<unsigned char>(type.type)] =
        names.empty() || std::find(names.begin(), names.end(), letter_of(type)) != names.end() ||
        std::find(names.begin(), names.end(), type.name) != names.end();
  }
  return types;
}

std::vector<std::string_view> iex_fields() {
  std::vector<std::string_view> names{kPrefixColumns.begin(), kPrefixColumns.end()};
  // What most rows have stands in front.
  for (const char type : {'8', 'T', 'L', 'a', 'Q'}) {
    for (const Field& field : codec::iex::fields_of(type)) names.push_back(field.name);
  }
  for (const MessageType& type : kMessageTypes) {
    for (const Field& field : codec::iex::fields_of(type.type)) names.push_back(field.name);
  }
  return names;
}

IexMessageRows::IexMessageRows(const Schema& schema, const IexTypes& types, Table& table)
    : table_{table},
      type_{schema.column(kPrefixColumns[0])},
      timestamp_{schema.column(kPrefixColumns[1])} {
  for (const MessageType& type : kMessageTypes) {
    Layout& layout = layouts_[static_cast<unsigned char>(type.type)];
    layout.is_wanted = types[static_cast<unsigned char>(type.type)];
    for (const Field& field : codec::iex::fields_of(type.type)) {
      const Column column = schema.column(field.name);
      if (!table.begin_row().wants(column)) continue;
      layout.fields.push_back({column, field.kind, field.offset, field.bytes});
    }
  }
}

void IexMessageRows::write(const MessageHead& head, std::span<const std::byte> message) {
  const std::byte* const at = message.data();
  const Layout& layout = layouts_[std::to_integer<unsigned char>(*at)];
  if (!layout.is_wanted || table_.is_done() || !table_.wants_time(head.exchange)) return;
  const std::string_view symbol =
      codec::iex::has_symbol(std::to_integer<char>(*at))
          ? trimmed(at + codec::iex::kSymbolOffset, codec::iex::kSymbolBytes)
          : std::string_view{};
  if (!table_.wants_symbol(symbol)) return;

  Row& row = table_.begin_row();
  set_head(row, head, head.exchange, symbol);
  row.text(type_, {reinterpret_cast<const char*>(at), 1});
  row.signed_number(
      timestamp_,
      static_cast<std::int64_t>(codec::load_le<std::uint64_t>(at + codec::iex::kTimestampOffset)));
  for (const Placed& field : layout.fields) {
    const std::byte* const from = at + field.offset;
    switch (field.kind) {
      case FieldKind::text: row.text(field.column, trimmed(from, field.bytes)); break;
      case FieldKind::number1: row.number(field.column, codec::load_le<std::uint8_t>(from)); break;
      case FieldKind::number4: row.number(field.column, codec::load_le<std::uint32_t>(from)); break;
      case FieldKind::number8: row.number(field.column, codec::load_le<std::uint64_t>(from)); break;
      case FieldKind::price8:
        row.signed_decimal(field.column,
                           static_cast<std::int64_t>(codec::load_le<std::uint64_t>(from)),
                           kPriceDigits);
        break;
    }
  }
  table_.end_row();
}

}  // namespace tapeline::decode

#include "app/decode/itch_messages.hpp"

#include <algorithm>

#include "app/decode/wire_text.hpp"
#include "codec/itch/messages.hpp"

namespace tapeline::decode {

namespace {

using codec::itch::Field;
using codec::itch::FieldKind;
using codec::itch::kMessageTypes;
using codec::itch::MessageType;

constexpr std::size_t kTrackingOffset = 3;
constexpr std::size_t kTimeOffset = 5;
constexpr std::array<std::string_view, 4> kPrefixColumns{"type", "stock_locate", "tracking_number",
                                                         "timestamp"};

[[nodiscard]] std::string_view letter_of(const MessageType& type) noexcept {
  return {&type.type, 1};
}

}  // namespace

std::vector<std::string_view> itch_type_names() {
  std::vector<std::string_view> names;
  names.reserve(2 * kMessageTypes.size());
  for (const MessageType& type : kMessageTypes) names.push_back(letter_of(type));
  for (const MessageType& type : kMessageTypes) names.push_back(type.name);
  return names;
}

ItchTypes itch_types(std::span<const std::string_view> names) {
  ItchTypes types{};
  for (const MessageType& type : kMessageTypes) {
    types[static_cast<unsigned char>(type.type)] =
        names.empty() || std::find(names.begin(), names.end(), letter_of(type)) != names.end() ||
        std::find(names.begin(), names.end(), type.name) != names.end();
  }
  return types;
}

std::vector<std::string_view> itch_fields() {
  std::vector<std::string_view> names{kPrefixColumns.begin(), kPrefixColumns.end()};
  // What most rows have stands in front.
  for (const char type : {'U', 'F', 'C', 'Q'}) {
    for (const Field& field : codec::itch::fields_of(type)) names.push_back(field.name);
  }
  for (const MessageType& type : kMessageTypes) {
    for (const Field& field : codec::itch::fields_of(type.type)) names.push_back(field.name);
  }
  return names;
}

ItchMessageRows::ItchMessageRows(const Schema& schema, const ItchTypes& types, Table& table)
    : table_{table},
      type_{schema.column(kPrefixColumns[0])},
      locate_{schema.column(kPrefixColumns[1])},
      tracking_{schema.column(kPrefixColumns[2])},
      timestamp_{schema.column(kPrefixColumns[3])} {
  for (const MessageType& type : kMessageTypes) {
    Layout& layout = layouts_[static_cast<unsigned char>(type.type)];
    layout.is_wanted = types[static_cast<unsigned char>(type.type)];
    layout.stock = codec::itch::stock_offset(type.type);
    for (const Field& field : codec::itch::fields_of(type.type)) {
      const Column column = schema.column(field.name);
      if (!table.begin_row().wants(column)) continue;
      layout.fields.push_back({column, field.kind, field.offset, field.bytes});
    }
  }
}

void ItchMessageRows::write(const MessageHead& head, std::span<const std::byte> message,
                            ItchSymbols& symbols) {
  const std::byte* const at = message.data();
  const Layout& layout = layouts_[std::to_integer<unsigned char>(*at)];
  const auto locate = codec::load_be<std::uint16_t>(at + 1);
  symbols.learn(message);
  if (!layout.is_wanted || table_.is_done() || !table_.wants_time(head.exchange)) return;
  const std::string_view symbol =
      layout.stock != 0 ? trimmed(at + layout.stock, 8) : symbols.symbol(locate);
  if (!table_.wants_symbol(symbol)) return;

  Row& row = table_.begin_row();
  set_head(row, head, head.exchange, symbol);
  row.text(type_, {reinterpret_cast<const char*>(at), 1});
  row.number(locate_, locate);
  row.number(tracking_, codec::load_be<std::uint16_t>(at + kTrackingOffset));
  row.number(timestamp_, codec::load_be48(at + kTimeOffset));
  for (const Placed& field : layout.fields) {
    const std::byte* const from = at + field.offset;
    switch (field.kind) {
      case FieldKind::text: row.text(field.column, trimmed(from, field.bytes)); break;
      case FieldKind::number4: row.number(field.column, codec::load_be<std::uint32_t>(from)); break;
      case FieldKind::number8: row.number(field.column, codec::load_be<std::uint64_t>(from)); break;
      case FieldKind::price4:
        row.decimal(field.column, codec::load_be<std::uint32_t>(from), 4);
        break;
      case FieldKind::price8:
        row.decimal(field.column, codec::load_be<std::uint64_t>(from), 8);
        break;
    }
  }
  table_.end_row();
}

}  // namespace tapeline::decode

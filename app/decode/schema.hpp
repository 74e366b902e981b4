#pragma once

// What the rows of a table are about, and which columns they have.
//
// Every schema begins with the same six columns. `messages` goes on with the fields of the venues'
// messages, a column for each name; the others go on with columns of their own, whatever the venue.
//
// Thread safety: const after it was made.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/decode/row.hpp"

namespace tapeline::decode {

enum class SchemaKind : std::uint8_t { messages, trades, bbo, levels, bars, vwap };

// What the user wrote: "levels:5", "bars:1s", "vwap".
struct SchemaName {
  SchemaKind kind = SchemaKind::messages;
  std::size_t levels = 1;         // of each side; bbo and levels
  std::uint64_t interval_ns = 0;  // bars and vwap; vwap: 0 = at the end

  // Throws std::invalid_argument, with the nearest name.
  [[nodiscard]] static SchemaName parse(std::string_view text);
  // Whether the rows are made of books and trades, not of messages as they are.
  [[nodiscard]] bool needs_market() const noexcept { return kind != SchemaKind::messages; }
};

inline constexpr std::size_t kMaxLevels = 50;

// The first columns of every schema.
inline constexpr Column kFeed{0};
inline constexpr Column kChannel{1};
inline constexpr Column kSequence{2};
inline constexpr Column kReceiveTime{3};
inline constexpr Column kExchangeTime{4};
inline constexpr Column kSymbol{5};

class Schema {
 public:
  // `message_fields`: names of the fields of all venues' messages, for `messages`; a name may come
  // more than once. `on_request`: more of them, which only --fields shows.
  Schema(const SchemaName& name, std::span<const std::string_view> message_fields,
         std::span<const std::string_view> on_request = {});

  [[nodiscard]] const SchemaName& name() const noexcept { return name_; }
  [[nodiscard]] std::span<const std::string> columns() const noexcept { return columns_; }
  // Those that are shown when no fields are named: all but the last ones.
  [[nodiscard]] std::size_t shown() const noexcept { return shown_; }
  // Requires: there is such a column.
  [[nodiscard]] Column column(std::string_view name) const noexcept;

 private:
  void add(std::string_view name);

  SchemaName name_;
  std::vector<std::string> columns_;
  std::size_t shown_ = 0;
};

// The columns of a table in the order in which they are shown.
class Selection {
 public:
  // `fields`: "symbol,price"; empty: those that the schema shows. Throws std::invalid_argument for
  // a name that the schema has not, with the nearest one, and for a name that comes twice.
  Selection(const Schema& schema, std::string_view fields);

  [[nodiscard]] std::span<const std::string> names() const noexcept { return names_; }
  // By column of the schema: the place in the row, or Row::kUnwanted.
  [[nodiscard]] const std::vector<std::uint16_t>& places() const noexcept { return places_; }

 private:
  std::vector<std::string> names_;
  std::vector<std::uint16_t> places_;
};

// "a,b,c" cut at the commas; spaces around the names are left out.
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view text);

}  // namespace tapeline::decode

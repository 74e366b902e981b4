#include "app/decode/schema.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <optional>
#include <stdexcept>

#include "app/nearest.hpp"

namespace tapeline::decode {

namespace {

constexpr std::uint64_t kNanosPerSecond = 1'000'000'000;
constexpr std::uint64_t kSecondsPerDay = 86'400;

constexpr std::array<std::string_view, 6> kKinds{"messages", "trades", "bbo",
                                                 "levels",   "bars",   "vwap"};
constexpr std::array<std::string_view, 6> kHeadColumns{"feed",         "channel",       "sequence",
                                                       "receive_time", "exchange_time", "symbol"};
constexpr std::array<std::string_view, 5> kTradeColumns{"kind", "price", "shares", "match_number",
                                                        "printable"};
constexpr std::array<std::string_view, 3> kLevelColumns{"price", "shares", "orders"};
constexpr std::array<std::string_view, 9> kBarColumns{
    "start", "open", "high", "low", "close", "volume", "trades", "vwap", "complete"};
constexpr std::array<std::string_view, 9> kVwapColumns{
    "vwap", "volume", "trades", "broken_trades", "open", "high", "low", "last", "complete"};

[[nodiscard]] std::optional<std::uint64_t> whole(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

// "1s", "5m", "1h" in nanoseconds: at most a day, and a day is a whole number of them.
[[nodiscard]] std::optional<std::uint64_t> interval(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t unit = 0;
  switch (text.back()) {
    case 's': unit = 1; break;
    case 'm': unit = 60; break;
    case 'h': unit = 3600; break;
    default: return std::nullopt;
  }
  const auto count = whole(text.substr(0, text.size() - 1));
  if (!count || *count == 0 || *count > kSecondsPerDay / unit) return std::nullopt;
  if (kSecondsPerDay % (*count * unit) != 0) return std::nullopt;
  return *count * unit * kNanosPerSecond;
}

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw std::invalid_argument{"--schema: '" + std::string{text} + "' " + why};
}

}  // namespace

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> names;
  for (;;) {
    const std::size_t comma = text.find(',');
    std::string_view name = text.substr(0, comma);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    names.push_back(name);
    if (comma == std::string_view::npos) return names;
    text.remove_prefix(comma + 1);
  }
}

SchemaName SchemaName::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const bool has_value = colon != std::string_view::npos;
  const std::string_view value = has_value ? text.substr(colon + 1) : std::string_view{};
  const auto found = std::find(kKinds.begin(), kKinds.end(), kind);
  if (found == kKinds.end()) {
    refuse(text, "is none of messages, trades, bbo, levels:N, bars:1s, vwap" +
                     did_you_mean(kind, kKinds));
  }
  SchemaName name;
  name.kind = static_cast<SchemaKind>(found - kKinds.begin());
  const std::string intervals =
      "wants an interval that divides a day, such as 1s, 30s, 5m or 1h, behind the colon";
  switch (name.kind) {
    case SchemaKind::levels: {
      const auto levels = whole(value);
      if (!levels || *levels == 0 || *levels > kMaxLevels) {
        refuse(text, "wants a number of levels from 1 to 50: levels:5");
      }
      name.levels = static_cast<std::size_t>(*levels);
      break;
    }
    case SchemaKind::bars:
    case SchemaKind::vwap: {
      if (!has_value && name.kind == SchemaKind::vwap) break;
      const auto length = interval(has_value ? value : "1s");
      if (!length) refuse(text, intervals);
      name.interval_ns = *length;
      break;
    }
    default:
      if (has_value) refuse(text, "has nothing behind a colon");
  }
  return name;
}

Schema::Schema(const SchemaName& name, std::span<const std::string_view> message_fields,
               std::span<const std::string_view> on_request)
    : name_{name} {
  const auto add_all = [this](std::span<const std::string_view> names) {
    for (const std::string_view column : names) add(column);
  };
  add_all(kHeadColumns);
  switch (name.kind) {
    case SchemaKind::messages: add_all(message_fields); break;
    case SchemaKind::trades: add_all(kTradeColumns); break;
    case SchemaKind::bars: add_all(kBarColumns); break;
    case SchemaKind::vwap: add_all(kVwapColumns); break;
    case SchemaKind::bbo:
    case SchemaKind::levels:
      for (std::size_t level = 1; level <= name.levels; ++level) {
        for (const char* side : {"bid_", "ask_"}) {
          for (const std::string_view column : kLevelColumns) {
            const std::string number =
                name.kind == SchemaKind::bbo ? "" : "_" + std::to_string(level);
            add(side + std::string{column} + number);
          }
        }
      }
      add("stale");
      break;
  }
  shown_ = columns_.size();
  if (name.kind == SchemaKind::messages) add_all(on_request);
}

void Schema::add(std::string_view name) {
  if (std::find(columns_.begin(), columns_.end(), name) == columns_.end()) {
    columns_.emplace_back(name);
  }
  assert(columns_.size() <= kMaxColumns);
}

Column Schema::column(std::string_view name) const noexcept {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  assert(found != columns_.end());
  return Column{static_cast<std::uint16_t>(found - columns_.begin())};
}

Selection::Selection(const Schema& schema, std::string_view fields)
    : places_(schema.columns().size(), Row::kUnwanted) {
  const std::span<const std::string> columns = schema.columns();
  if (fields.empty()) {
    names_.assign(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(schema.shown()));
    for (std::size_t i = 0; i < names_.size(); ++i) places_[i] = static_cast<std::uint16_t>(i);
    return;
  }
  for (const std::string_view field : split_list(fields)) {
    const auto found = std::find(columns.begin(), columns.end(), field);
    if (found == columns.end()) {
      const std::vector<std::string_view> candidates{columns.begin(), columns.end()};
      std::string nearest = did_you_mean(field, candidates);
      if (nearest.empty()) {
        nearest = "; there is ";
        for (const std::string& name : columns) {
          nearest += (name == columns.front() ? "" : ", ") + name;
        }
      }
      throw std::invalid_argument{"--fields: the schema has no column '" + std::string{field} +
                                  "'" + nearest};
    }
    std::uint16_t& place = places_[static_cast<std::size_t>(found - columns.begin())];
    if (place != Row::kUnwanted) {
      throw std::invalid_argument{"--fields: '" + std::string{field} + "' comes twice"};
    }
    place = static_cast<std::uint16_t>(names_.size());
    names_.emplace_back(field);
  }
}

}  // namespace tapeline::decode

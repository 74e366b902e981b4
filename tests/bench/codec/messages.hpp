#pragma once

// What the codec benchmark decodes: documents, each with the padding that simdjson wants behind it,
// and what every contender has to make of a trade.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json/decoder.hpp"

namespace tapeline::bench {

struct Message {
  codec::json::Venue venue;
  std::string_view text;  // kPaddingBytes readable bytes behind it
};

class Messages {
 public:
  void add(codec::json::Venue venue, std::string_view text);
  // Messages as views; valid until the next add().
  [[nodiscard]] std::vector<Message> views() const;
  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }

 private:
  struct Row {
    codec::json::Venue venue;
    std::size_t offset;
    std::size_t length;
  };
  std::string content_;
  std::vector<Row> rows_;
};

// The recorded trades (or book updates) of Binance and Coinbase below the folder that
// TAPELINE_CAPTURES names; generated ones of the same shapes if it names none.
[[nodiscard]] Messages trade_messages();
[[nodiscard]] Messages update_messages();

// True if the messages are those of the captures.
[[nodiscard]] bool has_captures();

struct TradeValue {
  std::string_view symbol;  // may point into the contender's memory
  std::uint64_t id = 0;
  std::int64_t price = 0;  // mantissas, as parse_decimal() reads them
  std::int64_t size = 0;
  std::int64_t time_ns = 0;
  std::uint8_t price_decimals = 0;
  std::uint8_t size_decimals = 0;
  bool is_buy = false;  // of the taker
};

[[nodiscard]] inline std::uint64_t digest(const TradeValue& value) noexcept {
  std::uint64_t out = value.symbol.size();
  for (const char c : value.symbol) out = out * 31 + static_cast<unsigned char>(c);
  out = out * 31 + value.id;
  out = out * 31 + static_cast<std::uint64_t>(value.price);
  out = out * 31 + static_cast<std::uint64_t>(value.size);
  out = out * 31 + static_cast<std::uint64_t>(value.time_ns);
  return out * 31 + value.price_decimals * 64U + value.size_decimals * 2U + (value.is_buy ? 1 : 0);
}

// Of a book update: the number of levels and the sum of their mantissas.
struct UpdateValue {
  std::uint64_t levels = 0;
  std::uint64_t sum = 0;
};

// For the rivals, which find fields but read neither decimals nor times: all use these.

// Throws std::runtime_error if it is no such number.
[[nodiscard]] codec::json::Decimal decimal_of(std::string_view text);

// "2021-04-17T16:43:37.089723Z", with a fraction of six digits, in nanoseconds since 1970.
[[nodiscard]] std::int64_t time_of(std::string_view text);

}  // namespace tapeline::bench

#pragma once

// Decoders of every kernel that this processor can run, for the tests.

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json/decoder.hpp"
#include "codec/json/kernel.hpp"

namespace tapeline::codec::json::test {

inline std::vector<const detail::Kernel*> kernels() {
  std::vector<const detail::Kernel*> out{&detail::fallback_kernel()};
  if (detail::can_run_haswell()) out.push_back(&detail::haswell_kernel());
  return out;
}

inline constexpr std::array kVenues{Venue::coinbase, Venue::binance, Venue::kraken};

// `text` with `from` replaced by `to`, once. Requires: it is there.
inline std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out{text};
  return out.replace(out.find(from), from.size(), to);
}

inline bool equal(const Level& a, const Level& b) {
  return a.side == b.side && a.price == b.price && a.size == b.size;
}

inline bool equal(const Trade& a, const Trade& b) {
  return a.symbol == b.symbol && a.trade_id == b.trade_id && a.first_trade_id == b.first_trade_id &&
         a.last_trade_id == b.last_trade_id && a.price == b.price && a.size == b.size &&
         a.time_ns == b.time_ns && a.aggressor == b.aggressor && a.has_id == b.has_id &&
         a.is_aggregate == b.is_aggregate && a.is_replayed == b.is_replayed;
}

inline bool equal(const Quote& a, const Quote& b) {
  return a.bid == b.bid && a.bid_size == b.bid_size && a.ask == b.ask && a.ask_size == b.ask_size &&
         a.last_price == b.last_price && a.last_size == b.last_size && a.has_sizes == b.has_sizes &&
         a.has_last == b.has_last && a.has_last_size == b.has_last_size;
}

inline bool equal_numbers(const Document& a, const Document& b) {
  return a.exchange_time_ns == b.exchange_time_ns && a.sent_time_ns == b.sent_time_ns &&
         a.first_update_id == b.first_update_id && a.last_update_id == b.last_update_id &&
         a.previous_update_id == b.previous_update_id && a.sequence == b.sequence &&
         a.last_trade_id == b.last_trade_id && a.checksum == b.checksum && a.depth == b.depth &&
         a.has_update_ids == b.has_update_ids &&
         a.has_previous_update_id == b.has_previous_update_id && a.has_sequence == b.has_sequence &&
         a.has_last_trade_id == b.has_last_trade_id && a.has_checksum == b.has_checksum;
}

// True if both say the same, wherever their views point.
inline bool equal(const Document& a, const Document& b) {
  const auto same = [](const auto& left, const auto& right) { return equal(left, right); };
  return a.venue == b.venue && a.kind == b.kind && a.symbol == b.symbol && a.type == b.type &&
         equal_numbers(a, b) && equal(a.quote, b.quote) &&
         std::equal(a.levels.begin(), a.levels.end(), b.levels.begin(), b.levels.end(), same) &&
         std::equal(a.trades.begin(), a.trades.end(), b.trades.begin(), b.trades.end(), same);
}

}  // namespace tapeline::codec::json::test

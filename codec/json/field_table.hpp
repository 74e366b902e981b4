#pragma once

// The names of the members that a venue's documents have: for who shows documents instead of using
// them (Decoder::for_each_field). The elements of an array are named "0", "1", ...
//
// Source: Coinbase Exchange WebSocket feed and REST book, Binance spot and futures streams and REST
// depth, Kraken WebSocket v2 and v1. A venue adds members without notice: a name that is not here
// is no error.
//
// Thread safety: pure functions.

#include <span>
#include <string_view>

#include "codec/json/document.hpp"

namespace tapeline::codec::json {

// Those that most documents have stand in front. None comes twice.
[[nodiscard]] std::span<const std::string_view> field_names(Venue venue) noexcept;

}  // namespace tapeline::codec::json

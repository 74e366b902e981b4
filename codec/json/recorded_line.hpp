#pragma once

// One line of a recording of JSON documents. Forms, T being seconds since 1970 with a fraction:
//
//   URL <-> T          connected
//   URL <- T: TEXT     sent by the client
//   URL -> T: TEXT     answer to a REST request
//   T: TEXT            received
//   NANOSECONDS TEXT   received, nanoseconds since 1970
//   TEXT               received, at a time that is not told
//
// Thread safety: pure functions. The views point into the line.

#include <cstdint>
#include <optional>
#include <string_view>

#include "codec/json/document.hpp"

namespace tapeline::codec::json {

enum class LineKind : std::uint8_t {
  empty,      // nothing but white space
  connected,  // no document
  sent,
  answer,
  received,
  unknown,  // none of the forms
};

struct RecordedLine {
  LineKind kind = LineKind::unknown;
  std::int64_t receive_time_ns = 0;  // 0: not told. Digits behind the ninth are cut off.
  std::string_view url;              // of connected, sent and answer
  std::string_view document;         // of sent, answer and received
};

// `line` with or without its line end. A line is one of the known forms only if its time fits and
// its document begins like a JSON object or array.
[[nodiscard]] RecordedLine parse_recorded_line(std::string_view line) noexcept;

// The venue whose host stands in `url`, or nothing.
[[nodiscard]] std::optional<Venue> venue_of_url(std::string_view url) noexcept;

// The value of the parameter "symbol" (or Kraken's "pair") of `url`, or the product id in
// "/products/ID/" (Coinbase); empty if there is none. Not decoded: no venue escapes it.
[[nodiscard]] std::string_view symbol_of_url(std::string_view url) noexcept;

}  // namespace tapeline::codec::json

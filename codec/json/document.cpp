#include "codec/json/document.hpp"

namespace tapeline::codec::json {

std::string_view to_string(Venue venue) noexcept {
  switch (venue) {
    case Venue::coinbase: return "coinbase";
    case Venue::binance: return "binance";
    case Venue::kraken: return "kraken";
  }
  return "invalid";
}

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::trades: return "trades";
    case Kind::quote: return "quote";
    case Kind::book_snapshot: return "book_snapshot";
    case Kind::book_update: return "book_update";
    case Kind::heartbeat: return "heartbeat";
    case Kind::acknowledgement: return "acknowledgement";
    case Kind::status: return "status";
    case Kind::venue_error: return "venue_error";
    case Kind::instruments: return "instruments";
    case Kind::request: return "request";
    case Kind::other_known: return "other_known";
  }
  return "invalid";
}

}  // namespace tapeline::codec::json

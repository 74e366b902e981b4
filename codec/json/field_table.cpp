#include "codec/json/field_table.hpp"

#include <array>

namespace tapeline::codec::json {

namespace {

using Name = std::string_view;

constexpr std::array kCoinbase{
    Name{"type"},           Name{"product_id"},     Name{"time"},           Name{"sequence"},
    Name{"trade_id"},       Name{"side"},           Name{"price"},          Name{"size"},
    Name{"maker_order_id"}, Name{"taker_order_id"}, Name{"changes"},        Name{"bids"},
    Name{"asks"},           Name{"best_bid"},       Name{"best_bid_size"},  Name{"best_ask"},
    Name{"best_ask_size"},  Name{"last_size"},      Name{"open_24h"},       Name{"volume_24h"},
    Name{"low_24h"},        Name{"high_24h"},       Name{"volume_30d"},     Name{"last_trade_id"},
    Name{"product_ids"},    Name{"channels"},       Name{"message"},        Name{"reason"},
    Name{"order_id"},       Name{"order_type"},     Name{"remaining_size"}, Name{"new_size"},
    Name{"old_size"},       Name{"funds"},
};

constexpr std::array kBinance{
    Name{"stream"},
    Name{"e"},
    Name{"E"},
    Name{"s"},
    Name{"T"},
    Name{"t"},
    Name{"p"},
    Name{"q"},
    Name{"m"},
    Name{"M"},
    Name{"U"},
    Name{"u"},
    Name{"pu"},
    Name{"b"},
    Name{"B"},
    Name{"a"},
    Name{"A"},
    Name{"f"},
    Name{"l"},
    Name{"X"},
    Name{"k"},
    Name{"ps"},
    Name{"st"},
    Name{"nq"},
    Name{"lastUpdateId"},
    Name{"bids"},
    Name{"asks"},
    Name{"method"},
    Name{"params"},
    Name{"id"},
    Name{"result"},
    Name{"error"},
    Name{"code"},
    Name{"msg"},
    Name{"timezone"},
    Name{"serverTime"},
    Name{"symbols"},
    Name{"rateLimits"},
    Name{"exchangeFilters"},
};

constexpr std::array kKraken{
    Name{"channel"},
    Name{"type"},
    Name{"data"},
    Name{"0"},
    Name{"1"},
    Name{"2"},
    Name{"3"},
    Name{"4"},
    Name{"event"},
    Name{"channelID"},
    Name{"channelName"},
    Name{"pair"},
    Name{"subscription"},
    Name{"connectionID"},
    Name{"status"},
    Name{"version"},
    Name{"errorMessage"},
    Name{"reqid"},
    Name{"method"},
    Name{"params"},
    Name{"result"},
    Name{"success"},
    Name{"error"},
    Name{"warnings"},
    Name{"req_id"},
    Name{"time_in"},
    Name{"time_out"},
};

}  // namespace

std::span<const std::string_view> field_names(Venue venue) noexcept {
  switch (venue) {
    case Venue::coinbase: return kCoinbase;
    case Venue::binance: return kBinance;
    case Venue::kraken: return kKraken;
  }
  return {};
}

}  // namespace tapeline::codec::json

#include "codec/iex/field_table.hpp"

#include <array>

namespace tapeline::codec::iex {

namespace {

constexpr std::size_t kFirst = 1;  // what stands between type and time stamp

constexpr Field text(std::string_view name, std::uint8_t offset, std::uint8_t bytes) noexcept {
  return {name, FieldKind::text, offset, bytes};
}
constexpr Field letter(std::string_view name, std::uint8_t offset = kFirst) noexcept {
  return text(name, offset, 1);
}
constexpr Field number1(std::string_view name, std::uint8_t offset = kFirst) noexcept {
  return {name, FieldKind::number1, offset, 1};
}
constexpr Field number4(std::string_view name, std::uint8_t offset) noexcept {
  return {name, FieldKind::number4, offset, 4};
}
constexpr Field number8(std::string_view name, std::uint8_t offset) noexcept {
  return {name, FieldKind::number8, offset, 8};
}
constexpr Field price8(std::string_view name, std::uint8_t offset) noexcept {
  return {name, FieldKind::price8, offset, 8};
}

constexpr std::array kSystemEvent{letter("event")};
constexpr std::array kSecurityDirectory{number1("security_flags"), number4("round_lot_size", 18),
                                        price8("adjusted_close", 22), number1("luld_tier", 30)};
constexpr std::array kTradingStatus{letter("trading_status"), text("reason", 18, 4)};
constexpr std::array kRetailLiquidity{letter("retail_interest")};
constexpr std::array kOperationalHalt{letter("halt_status")};
constexpr std::array kShortSalePriceTest{number1("short_sale_test"),
                                         letter("short_sale_test_detail", 18)};
constexpr std::array kSecurityEvent{letter("security_event")};
constexpr std::array kQuote{number1("quote_flags"), number4("bid_size", 18),
                            price8("bid_price", 22), price8("ask_price", 30),
                            number4("ask_size", 38)};
constexpr std::array kLevel{number1("event_flags"), number4("size", 18), price8("price", 22)};
constexpr std::array kAddOrder{letter("side"), number8("order_id", 18), number4("size", 26),
                               price8("price", 30)};
constexpr std::array kModify{number1("modify_flags"), number8("order_id", 18), number4("size", 26),
                             price8("price", 30)};
constexpr std::array kDelete{number8("order_id", 18)};
constexpr std::array kExecuted{number1("sale_conditions"), number8("order_id", 18),
                               number4("size", 26), price8("price", 30), number8("trade_id", 38)};
constexpr std::array kTrade{number1("sale_conditions"), number4("size", 18), price8("price", 22),
                            number8("trade_id", 30)};
constexpr std::array kOfficialPrice{letter("price_type"), price8("price", 18)};
constexpr std::array kAuction{letter("auction_type"),
                              number4("paired_shares", 18),
                              price8("reference_price", 22),
                              price8("indicative_clearing_price", 30),
                              number4("imbalance_shares", 38),
                              letter("imbalance_side", 42),
                              number1("extension_number", 43),
                              number4("scheduled_time", 44),
                              price8("auction_book_clearing_price", 48),
                              price8("collar_reference_price", 56),
                              price8("lower_collar", 64),
                              price8("upper_collar", 72)};

}  // namespace

std::span<const Field> fields_of(char type) noexcept {
  switch (type) {
    case 'S': return kSystemEvent;
    case 'D': return kSecurityDirectory;
    case 'H': return kTradingStatus;
    case 'I': return kRetailLiquidity;
    case 'O': return kOperationalHalt;
    case 'P': return kShortSalePriceTest;
    case 'E': return kSecurityEvent;
    case 'Q': return kQuote;
    case '8':
    case '5': return kLevel;
    case 'a': return kAddOrder;
    case 'M': return kModify;
    case 'R': return kDelete;
    case 'L': return kExecuted;
    case 'T':
    case 'B': return kTrade;
    case 'X': return kOfficialPrice;
    case 'A': return kAuction;
    default: return {};
  }
}

}  // namespace tapeline::codec::iex

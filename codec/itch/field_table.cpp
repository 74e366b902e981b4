#include "codec/itch/field_table.hpp"

#include <array>

namespace tapeline::codec::itch {

namespace {

constexpr Field text(std::string_view name, std::uint8_t offset, std::uint8_t bytes) noexcept {
  return {name, FieldKind::text, offset, bytes};
}
constexpr Field letter(std::string_view name, std::uint8_t offset) noexcept {
  return text(name, offset, 1);
}
constexpr Field stock(std::uint8_t offset) noexcept { return text("stock", offset, 8); }
constexpr Field number4(std::string_view name, std::uint8_t offset) noexcept {
  return {name, FieldKind::number4, offset, 4};
}
constexpr Field number8(std::string_view name, std::uint8_t offset) noexcept {
  return {name, FieldKind::number8, offset, 8};
}
constexpr Field price4(std::string_view name, std::uint8_t offset) noexcept {
  return {name, FieldKind::price4, offset, 4};
}
constexpr Field price8(std::string_view name, std::uint8_t offset) noexcept {
  return {name, FieldKind::price8, offset, 8};
}

constexpr std::array kSystemEvent{letter("event", 11)};
constexpr std::array kStockDirectory{stock(11),
                                     letter("market_category", 19),
                                     letter("financial_status", 20),
                                     number4("round_lot_size", 21),
                                     letter("round_lots_only", 25),
                                     letter("issue_classification", 26),
                                     text("issue_sub_type", 27, 2),
                                     letter("authenticity", 29),
                                     letter("short_sale_threshold", 30),
                                     letter("ipo_flag", 31),
                                     letter("luld_tier", 32),
                                     letter("etp_flag", 33),
                                     number4("etp_leverage_factor", 34),
                                     letter("inverse_indicator", 38)};
constexpr std::array kTradingAction{stock(11), letter("trading_state", 19), letter("reserved", 20),
                                    text("reason", 21, 4)};
constexpr std::array kRegSho{stock(11), letter("reg_sho_action", 19)};
constexpr std::array kParticipant{text("mpid", 11, 4), stock(15),
                                  letter("primary_market_maker", 23),
                                  letter("market_maker_mode", 24), letter("participant_state", 25)};
constexpr std::array kMwcbLevels{price8("level_1", 11), price8("level_2", 19),
                                 price8("level_3", 27)};
constexpr std::array kMwcbStatus{letter("breached_level", 11)};
constexpr std::array kIpo{stock(11), number4("release_time", 19), letter("release_qualifier", 23),
                          price4("ipo_price", 24)};
constexpr std::array kCollar{stock(11), price4("reference_price", 19), price4("upper_price", 23),
                             price4("lower_price", 27), number4("extension_count", 31)};
constexpr std::array kHalt{stock(11), letter("market_code", 19), letter("halt_action", 20)};
constexpr std::array kAdd{number8("order_ref", 11), letter("side", 19), number4("shares", 20),
                          stock(24), price4("price", 32)};
constexpr std::array kAddMpid{number8("order_ref", 11), letter("side", 19),
                              number4("shares", 20),    stock(24),
                              price4("price", 32),      text("mpid", 36, 4)};
constexpr std::array kExecuted{number8("order_ref", 11), number4("shares", 19),
                               number8("match_number", 23)};
constexpr std::array kExecutedWithPrice{number8("order_ref", 11), number4("shares", 19),
                                        number8("match_number", 23), letter("printable", 31),
                                        price4("price", 32)};
constexpr std::array kCancel{number8("order_ref", 11), number4("shares", 19)};
constexpr std::array kDelete{number8("order_ref", 11)};
constexpr std::array kReplace{number8("order_ref", 11), number8("new_order_ref", 19),
                              number4("shares", 27), price4("price", 31)};
constexpr std::array kTrade{number8("order_ref", 11), letter("side", 19),
                            number4("shares", 20),    stock(24),
                            price4("price", 32),      number8("match_number", 36)};
constexpr std::array kCross{number8("shares", 11), stock(19), price4("price", 27),
                            number8("match_number", 31), letter("cross_type", 39)};
constexpr std::array kBroken{number8("match_number", 11)};
constexpr std::array kImbalance{number8("paired_shares", 11),      number8("imbalance_shares", 19),
                                letter("imbalance_direction", 27), stock(28),
                                price4("far_price", 36),           price4("near_price", 40),
                                price4("reference_price", 44),     letter("cross_type", 48),
                                letter("price_variation", 49)};
constexpr std::array kRetail{stock(11), letter("interest", 19)};
constexpr std::array kListing{stock(11),
                              letter("open_eligible", 19),
                              price4("minimum_price", 20),
                              price4("maximum_price", 24),
                              price4("near_execution_price", 28),
                              number8("near_execution_time", 32),
                              price4("lower_collar", 40),
                              price4("upper_collar", 44)};

}  // namespace

std::span<const Field> fields_of(char type) noexcept {
  switch (type) {
    case 'S': return kSystemEvent;
    case 'R': return kStockDirectory;
    case 'H': return kTradingAction;
    case 'Y': return kRegSho;
    case 'L': return kParticipant;
    case 'V': return kMwcbLevels;
    case 'W': return kMwcbStatus;
    case 'K': return kIpo;
    case 'J': return kCollar;
    case 'h': return kHalt;
    case 'A': return kAdd;
    case 'F': return kAddMpid;
    case 'E': return kExecuted;
    case 'C': return kExecutedWithPrice;
    case 'X': return kCancel;
    case 'D': return kDelete;
    case 'U': return kReplace;
    case 'P': return kTrade;
    case 'Q': return kCross;
    case 'B': return kBroken;
    case 'I': return kImbalance;
    case 'N': return kRetail;
    case 'O': return kListing;
    default: return {};
  }
}

}  // namespace tapeline::codec::itch

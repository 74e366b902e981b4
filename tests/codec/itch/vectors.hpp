#pragma once

// One message of each ITCH 5.0 type, as hexadecimal digits. The first 16 are messages of a real
// session (2023-08-22); the rest are written by hand from the specification.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tapeline::codec::itch::test {

inline constexpr std::string_view kAddOrder =
    "41159800001f1aced85306000000000166b53e420000064049564f4f20202020000d55ac";
inline constexpr std::string_view kOrderExecutedWithPrice =
    "4313e400011f1aceebb03b00000000013113de0000133e000000000003e65d4e00036e20";
inline constexpr std::string_view kOrderDelete = "440d1900001f1aced840ed000000000165b51a";
inline constexpr std::string_view kOrderExecuted =
    "45092900021f1aced8f061000000000166929a00000019000000000003e63b";
inline constexpr std::string_view kAddOrderMpid =
    "4606ca00001f1aced99936000000000120be75530000006443415359202020200026fd40464c5455";
inline constexpr std::string_view kTradingAction =
    "482c3d00001f1e7036e4655a585a5a5420202050204c554450";
inline constexpr std::string_view kNetOrderImbalance =
    "491ead00001f1acedb43f1000000000000000000000000000000004f505446415720202000000000000000000000"
    "00004f20";
inline constexpr std::string_view kLuldAuctionCollar =
    "4a2c3d00001f1e703b4f955a585a5a5420202000020918000223440001aa9000000000";
inline constexpr std::string_view kMarketParticipantPosition =
    "4c0e4000001f208142f8464d41584d46444c5320202020594e41";
inline constexpr std::string_view kRetailInterest = "4e04ea00001f1aceceff2f42495a44202020204e";
inline constexpr std::string_view kTrade =
    "50119300021f1acee462a900000000000000004200000064474f4f474c202020001399f8000000000003e642";
inline constexpr std::string_view kCrossTrade =
    "5103d700011f1acee1500300000000000000004241432d5120202000000000000000000003e63e4f";
inline constexpr std::string_view kSystemEvent = "53000000001f1acedb02f051";
inline constexpr std::string_view kOrderReplace =
    "551db300001f1aced771e90000000000e6897f000000000145f2c700000064001036c8";
inline constexpr std::string_view kOrderCancel = "5824c500001f1acefe785d0000000002041a0000000064";
inline constexpr std::string_view kRegShoRestriction = "5924bd00001f1ad5cc18b7534f50412020202031";

inline constexpr std::string_view kStockDirectory =
    "52000d00070a2d3c4d5e6f4142432e57532020"  // locate 13, tracking 7, 'ABC.WS  '
    "5144000000645943"                        // 'Q' 'D' 100 'Y' 'C'
    "5a20504e5a3259"                          // 'Z ' 'P' 'N' 'Z' '2' 'Y'
    "0000000353";                             // 3 'S'
inline constexpr std::string_view kMwcbDeclineLevel =
    "56000000000a2d3c4d5e6f"
    "0000005d21dba000"   // 4000.00000000
    "000000574fbde600"   // 3750.00000000
    "0000004d7c6d0123";  // 3328.00000291
inline constexpr std::string_view kMwcbStatus = "57000000010a2d3c4d5e6f32";
inline constexpr std::string_view kIpoQuotingPeriod =
    "4b000000000a2d3c4d5e6f4e45574950302020"
    "00009c4e41000493e0";  // 40014 s, 'A', 30.0000
inline constexpr std::string_view kOperationalHalt =
    "6801f400000a2d3c4d5e6f5a585a5a542020205148";  // 'Q' 'H'
inline constexpr std::string_view kBrokenTrade = "4201f500030a2d3c4d5e6f00000000deadbeef";
inline constexpr std::string_view kDirectListing =
    "4f01f600000a2d3c4d5e6f444c434152504120"
    "59000186a0000c3500"        // 'Y' 10.0000 80.0000
    "000493e100001f1acede0001"  // 30.0001 at 34200000266241
    "00041eb000055731";         // 27.0000 35.0001

struct Vector {
  std::string_view name;
  std::string_view hex;
};

inline constexpr std::array<Vector, 23> kVectors{{
    {"system_event", kSystemEvent},
    {"stock_directory", kStockDirectory},
    {"trading_action", kTradingAction},
    {"reg_sho_restriction", kRegShoRestriction},
    {"market_participant_position", kMarketParticipantPosition},
    {"mwcb_decline_level", kMwcbDeclineLevel},
    {"mwcb_status", kMwcbStatus},
    {"ipo_quoting_period", kIpoQuotingPeriod},
    {"luld_auction_collar", kLuldAuctionCollar},
    {"operational_halt", kOperationalHalt},
    {"add_order", kAddOrder},
    {"add_order_mpid", kAddOrderMpid},
    {"order_executed", kOrderExecuted},
    {"order_executed_with_price", kOrderExecutedWithPrice},
    {"order_cancel", kOrderCancel},
    {"order_delete", kOrderDelete},
    {"order_replace", kOrderReplace},
    {"trade", kTrade},
    {"cross_trade", kCrossTrade},
    {"broken_trade", kBrokenTrade},
    {"net_order_imbalance", kNetOrderImbalance},
    {"retail_interest", kRetailInterest},
    {"direct_listing", kDirectListing},
}};

// Requires: an even number of lower-case hexadecimal digits.
inline std::vector<std::byte> from_hex(std::string_view hex) {
  const auto digit = [](char c) {
    return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
  };
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return bytes;
}

}  // namespace tapeline::codec::itch::test

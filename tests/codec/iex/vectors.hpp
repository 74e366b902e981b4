#pragma once

// One message of each IEX type, as hexadecimal digits: of real sessions (TOPS 2018-01-27, DEEP
// 2021-01-26, DEEP+), or by hand from the specifications where it says so.

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

namespace tapeline::codec::iex::test {

inline constexpr std::string_view kSystemEvent = "53531a604d9c3aac0d15";
inline constexpr std::string_view kSecurityDirectory =
    "4480dd9961793aac0d155a4558495420202064000000a08601000000000001";
inline constexpr std::string_view kTradingStatus = "4848f13dda36a7b30d154a484d55202020204e412020";
inline constexpr std::string_view kOperationalHalt = "4f4e538162793aac0d155a594e4520202020";
inline constexpr std::string_view kShortSalePriceTest = "500142b39ef24cac0d1541484c20202020204e";
inline constexpr std::string_view kQuoteUpdate =
    "5100c048e39c37b30d15415453472020202055490000ecb003000000000044b303000000000005ed0000";
inline constexpr std::string_view kTradeReport =
    "54c0f8f29d8ae8ad0d155a49455854202020640000000e2700000000000012d60e0000000000";
inline constexpr std::string_view kOfficialPrice =
    "5851f85f3a86d5b10d155a5849455420202040420f0000000000";
inline constexpr std::string_view kAuctionInformation =
    "41484736456c65ae0d155a49455854202020"
    "0000000010270000000000001027000000000000fb00000053005c826c5a"
    "1027000000000000000000000000000000000000000000000000000000000000";
inline constexpr std::string_view kBuyLevelUpdate =
    "3801be7f13353ae25d165620202020202020be000000b4f01e0000000000";
inline constexpr std::string_view kSellLevelUpdate =
    "35012ab9d8623ae25d16554e48202020202052000000f882340000000000";
inline constexpr std::string_view kAddOrder =
    "61351e7711156155fa1749424b52202020200a00000000006300"
    "6400000008d4140000000000";
inline constexpr std::string_view kOrderModify =
    "4d00ce8b8436a455fa1749424b5220202020ae00000000006300"
    "c8000000841b150000000000";
inline constexpr std::string_view kOrderDelete =
    "52204a97fec26155fa1749424b52202020200a00000000006300";
inline constexpr std::string_view kOrderExecuted =
    "4c409c378e7c6855fa1749424b52202020200d00000000006300"
    "64000000a00e1500000000001800000000006300";

// By hand; the time is 0x0102030405060708 in the order of the wire.
inline constexpr std::string_view kRetailLiquidity = "49430807060504030201465a5a5a20202020";
inline constexpr std::string_view kSecurityEvent = "454f08070605040302015a494558542b2020";
inline constexpr std::string_view kClearBook = "43ff080706050403020149424b5220202020";
inline constexpr std::string_view kTradeBreak =
    "42a808070605040302015a49455854202020"
    "0100008070c0feffffffffffefbeadde78563412";  // price -81808

struct Vector {
  std::string_view name;
  std::string_view hex;
};

inline constexpr std::array<Vector, 19> kVectors{{
    {"system_event", kSystemEvent},
    {"security_directory", kSecurityDirectory},
    {"trading_status", kTradingStatus},
    {"retail_liquidity", kRetailLiquidity},
    {"operational_halt", kOperationalHalt},
    {"short_sale_price_test", kShortSalePriceTest},
    {"security_event", kSecurityEvent},
    {"quote_update", kQuoteUpdate},
    {"buy_level_update", kBuyLevelUpdate},
    {"sell_level_update", kSellLevelUpdate},
    {"add_order", kAddOrder},
    {"order_modify", kOrderModify},
    {"order_delete", kOrderDelete},
    {"order_executed", kOrderExecuted},
    {"clear_book", kClearBook},
    {"trade_report", kTradeReport},
    {"trade_break", kTradeBreak},
    {"official_price", kOfficialPrice},
    {"auction_information", kAuctionInformation},
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

}  // namespace tapeline::codec::iex::test

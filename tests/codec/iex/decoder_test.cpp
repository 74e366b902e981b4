#include "codec/iex/decoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/iex/messages.hpp"
#include "tests/codec/iex/vectors.hpp"

namespace tapeline::codec::iex {
namespace {

using test::from_hex;

constexpr std::int64_t kHandMadeTime = 0x0102030405060708;

// Keeps the view of the one message that it waits for, and counts all deliveries.
template <typename View>
class Expecting {
 public:
  void operator()(const View& view) {
    ++deliveries_;
    view_.emplace(view);
  }
  template <typename Other>
  void operator()(const Other&) {
    ++deliveries_;
  }
  [[nodiscard]] std::size_t deliveries() const { return deliveries_; }
  [[nodiscard]] const std::optional<View>& view() const { return view_; }

 private:
  std::size_t deliveries_ = 0;
  std::optional<View> view_;
};

// Counts whatever comes.
struct Counter {
  std::size_t deliveries = 0;
  char type = '\0';
  template <typename View>
  void operator()(const View&) {
    ++deliveries;
    type = View::kType;
  }
};

template <typename View>
class Golden {
 public:
  explicit Golden(std::string_view hex) : bytes_{from_hex(hex)} {
    EXPECT_EQ(decode(bytes_, seen_), DecodeStatus::ok);
    EXPECT_EQ(seen_.deliveries(), 1U);
    EXPECT_EQ(bytes_.size(), View::kBytes);
  }
  const View* operator->() const { return &seen_.view().value(); }

 private:
  std::vector<std::byte> bytes_;
  Expecting<View> seen_;
};

TEST(IexDecoder, ReadsSystemEvent) {
  const Golden<SystemEvent> m{test::kSystemEvent};
  EXPECT_EQ(m->event(), 'S');
  EXPECT_EQ(m->timestamp_ns(), 1517058017224122394);
}

TEST(IexDecoder, ReadsSecurityDirectory) {
  const Golden<SecurityDirectory> m{test::kSecurityDirectory};
  EXPECT_EQ(m->flags(), kTestSecurity);
  EXPECT_EQ(m->timestamp_ns(), 1517058016638245341);
  EXPECT_EQ(m->symbol().trimmed(), "ZEXIT");
  EXPECT_EQ(m->round_lot_size(), 100U);
  EXPECT_EQ(m->adjusted_close(), 100'000);
  EXPECT_EQ(m->luld_tier(), 1U);
}

TEST(IexDecoder, ReadsTradingStatus) {
  const Golden<TradingStatus> m{test::kTradingStatus};
  EXPECT_EQ(m->status(), 'H');
  EXPECT_EQ(m->timestamp_ns(), 1517066180254907889);
  EXPECT_EQ(m->symbol().trimmed(), "JHMU");
  EXPECT_EQ(m->reason().trimmed(), "NA");
}

TEST(IexDecoder, ReadsRetailLiquidity) {
  const Golden<RetailLiquidity> m{test::kRetailLiquidity};
  EXPECT_EQ(m->interest(), 'C');
  EXPECT_EQ(m->timestamp_ns(), kHandMadeTime);
  EXPECT_EQ(m->symbol().trimmed(), "FZZZ");
}

TEST(IexDecoder, ReadsOperationalHalt) {
  const Golden<OperationalHalt> m{test::kOperationalHalt};
  EXPECT_EQ(m->status(), 'N');
  EXPECT_EQ(m->timestamp_ns(), 1517058016638304595);
  EXPECT_EQ(m->symbol().trimmed(), "ZYNE");
}

TEST(IexDecoder, ReadsShortSalePriceTest) {
  const Golden<ShortSalePriceTest> m{test::kShortSalePriceTest};
  EXPECT_EQ(m->status(), 1U);
  EXPECT_EQ(m->timestamp_ns(), 1517058095981704002);
  EXPECT_EQ(m->symbol().trimmed(), "AHL");
  EXPECT_EQ(m->detail(), 'N');
}

TEST(IexDecoder, ReadsSecurityEvent) {
  const Golden<SecurityEvent> m{test::kSecurityEvent};
  EXPECT_EQ(m->event(), 'O');
  EXPECT_EQ(m->timestamp_ns(), kHandMadeTime);
  EXPECT_EQ(m->symbol().trimmed(), "ZIEXT+");
}

TEST(IexDecoder, ReadsQuoteUpdate) {
  const Golden<QuoteUpdate> m{test::kQuoteUpdate};
  EXPECT_EQ(m->flags(), 0U);
  EXPECT_EQ(m->timestamp_ns(), 1517065700930439360);
  EXPECT_EQ(m->symbol().trimmed(), "ATSG");
  EXPECT_EQ(m->bid_size(), 18'773U);
  EXPECT_EQ(m->bid_price(), 241'900);
  EXPECT_EQ(m->ask_price(), 242'500);
  EXPECT_EQ(m->ask_size(), 60'677U);
}

TEST(IexDecoder, ReadsPriceLevelUpdates) {
  const Golden<BuyLevelUpdate> buy{test::kBuyLevelUpdate};
  EXPECT_EQ(buy->flags(), kEventComplete);
  EXPECT_EQ(buy->timestamp_ns(), 1611692981294956478);
  EXPECT_EQ(buy->symbol().trimmed(), "V");
  EXPECT_EQ(buy->size(), 190U);
  EXPECT_EQ(buy->price(), 2'027'700);

  const Golden<SellLevelUpdate> sell{test::kSellLevelUpdate};
  EXPECT_EQ(sell->flags(), kEventComplete);
  EXPECT_EQ(sell->symbol().trimmed(), "UNH");
  EXPECT_EQ(sell->size(), 82U);
  EXPECT_EQ(sell->price(), 3'441'400);
}

TEST(IexDecoder, ReadsAddOrder) {
  const Golden<AddOrder> m{test::kAddOrder};
  EXPECT_EQ(m->side(), '5');
  EXPECT_EQ(m->symbol().trimmed(), "IBKR");
  EXPECT_EQ(m->order_id(), OrderId{0x006300000000000a});
  EXPECT_EQ(m->size(), 100U);
  EXPECT_EQ(m->price(), 1'365'000);
}

TEST(IexDecoder, ReadsOrderModify) {
  const Golden<OrderModify> m{test::kOrderModify};
  EXPECT_EQ(m->flags(), 0U);
  EXPECT_EQ(m->symbol().trimmed(), "IBKR");
  EXPECT_EQ(m->order_id(), OrderId{0x00630000000000ae});
  EXPECT_EQ(m->size(), 200U);
  EXPECT_EQ(m->price(), 1'383'300);
}

TEST(IexDecoder, ReadsOrderDelete) {
  const Golden<OrderDelete> m{test::kOrderDelete};
  EXPECT_EQ(m->reserved(), 0x20U);
  EXPECT_EQ(m->symbol().trimmed(), "IBKR");
  EXPECT_EQ(m->order_id(), OrderId{0x006300000000000a});
}

TEST(IexDecoder, ReadsOrderExecuted) {
  const Golden<OrderExecuted> m{test::kOrderExecuted};
  EXPECT_EQ(m->conditions(), kExtendedHours);
  EXPECT_EQ(m->symbol().trimmed(), "IBKR");
  EXPECT_EQ(m->order_id(), OrderId{0x006300000000000d});
  EXPECT_EQ(m->size(), 100U);
  EXPECT_EQ(m->price(), 1'380'000);
  EXPECT_EQ(m->trade_id(), TradeId{0x0063000000000018});
}

TEST(IexDecoder, ReadsClearBook) {
  const Golden<ClearBook> m{test::kClearBook};
  EXPECT_EQ(m->reserved(), 0xFFU);
  EXPECT_EQ(m->timestamp_ns(), kHandMadeTime);
  EXPECT_EQ(m->symbol().trimmed(), "IBKR");
}

TEST(IexDecoder, ReadsTradeReport) {
  const Golden<TradeReport> m{test::kTradeReport};
  EXPECT_EQ(m->conditions(), kIntermarketSweep | kExtendedHours);
  EXPECT_EQ(m->symbol().trimmed(), "ZIEXT");
  EXPECT_EQ(m->size(), 100U);
  EXPECT_EQ(m->price(), 9'998);
  EXPECT_EQ(m->trade_id(), TradeId{972'306});
}

TEST(IexDecoder, ReadsTradeBreakWithSignedPrice) {
  const Golden<TradeBreak> m{test::kTradeBreak};
  EXPECT_EQ(m->conditions(), kIntermarketSweep | kOddLot | kSinglePriceCross);
  EXPECT_EQ(m->timestamp_ns(), kHandMadeTime);
  EXPECT_EQ(m->symbol().trimmed(), "ZIEXT");
  EXPECT_EQ(m->size(), 0x80000001U);
  EXPECT_EQ(m->price(), -0x13F90);
  EXPECT_EQ(m->trade_id(), TradeId{0x12345678deadbeef});
}

TEST(IexDecoder, ReadsOfficialPrice) {
  const Golden<OfficialPrice> m{test::kOfficialPrice};
  EXPECT_EQ(m->price_type(), 'Q');
  EXPECT_EQ(m->symbol().trimmed(), "ZXIET");
  EXPECT_EQ(m->price(), 1'000'000);
}

TEST(IexDecoder, ReadsAuctionInformation) {
  const Golden<AuctionInformation> m{test::kAuctionInformation};
  EXPECT_EQ(m->auction_type(), 'H');
  EXPECT_EQ(m->symbol().trimmed(), "ZIEXT");
  EXPECT_EQ(m->paired_shares(), 0U);
  EXPECT_EQ(m->reference_price(), 10'000);
  EXPECT_EQ(m->indicative_clearing_price(), 10'000);
  EXPECT_EQ(m->imbalance_shares(), 251U);
  EXPECT_EQ(m->imbalance_side(), 'S');
  EXPECT_EQ(m->extension_number(), 0U);
  EXPECT_EQ(m->scheduled_time_s(), 1'517'060'700U);
  EXPECT_EQ(m->auction_book_clearing_price(), 10'000);
  EXPECT_EQ(m->collar_reference_price(), 0);
  EXPECT_EQ(m->lower_collar(), 0);
  EXPECT_EQ(m->upper_collar(), 0);
}

TEST(IexDecoder, HasAVectorForEveryType) {
  std::set<char> types;
  for (const test::Vector& vector : test::kVectors) {
    types.insert(static_cast<char>(from_hex(vector.hex).front()));
  }
  EXPECT_EQ(types.size(), kMessageTypes.size());
}

TEST(IexDecoder, RejectsEveryTruncationOfEveryType) {
  for (const test::Vector& vector : test::kVectors) {
    const std::vector<std::byte> whole = from_hex(vector.hex);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      // Memory of exactly this size, so that the sanitizer sees a read past the end.
      const std::vector<std::byte> cut(whole.begin(),
                                       whole.begin() + static_cast<std::ptrdiff_t>(length));
      Counter seen;
      EXPECT_EQ(decode(cut, seen), DecodeStatus::wrong_length) << vector.name << ' ' << length;
      EXPECT_EQ(seen.deliveries, 0U) << vector.name << ' ' << length;
    }
  }
}

TEST(IexDecoder, DeliversTheKnownPartOfLongerMessages) {
  for (const test::Vector& vector : test::kVectors) {
    std::vector<std::byte> longer = from_hex(vector.hex);
    longer.push_back(std::byte{0x55});
    Counter seen;
    EXPECT_EQ(decode(longer, seen), DecodeStatus::ok_longer) << vector.name;
    EXPECT_EQ(seen.deliveries, 1U);
    EXPECT_EQ(seen.type, static_cast<char>(longer.front()));
  }
}

TEST(IexDecoder, TellsUnknownTypes) {
  for (int type = 0; type < 256; ++type) {
    std::vector<std::byte> message(kMaxMessageBytes, std::byte{0});
    message.front() = static_cast<std::byte>(type);
    const bool known = kMessageTypeIndex.at(static_cast<std::size_t>(type)) != kNoMessageType;
    Counter seen;
    const DecodeStatus status = decode(message, seen);
    EXPECT_EQ(status != DecodeStatus::unknown_type, known) << type;
    EXPECT_EQ(seen.deliveries, known ? 1U : 0U) << type;
  }
}

TEST(IexMessageTypes, HoldTheLengthsOfTheSpecifications) {
  constexpr std::array<std::pair<char, std::size_t>, 19> kLengths{{{'S', 10},
                                                                   {'D', 31},
                                                                   {'H', 22},
                                                                   {'I', 18},
                                                                   {'O', 18},
                                                                   {'P', 19},
                                                                   {'E', 18},
                                                                   {'Q', 42},
                                                                   {'8', 30},
                                                                   {'5', 30},
                                                                   {'a', 38},
                                                                   {'M', 38},
                                                                   {'R', 26},
                                                                   {'L', 46},
                                                                   {'C', 18},
                                                                   {'T', 38},
                                                                   {'B', 38},
                                                                   {'X', 26},
                                                                   {'A', 80}}};
  for (const auto& [type, bytes] : kLengths) {
    const std::size_t index = kMessageTypeIndex.at(static_cast<unsigned char>(type));
    ASSERT_LT(index, kMessageTypes.size()) << type;
    EXPECT_EQ(kMessageTypes.at(index).type, type);
    EXPECT_EQ(kMessageTypes.at(index).bytes, bytes) << type;
  }
}

TEST(IexMessageTypes, HaveDistinctNames) {
  std::array<std::string_view, kMessageTypes.size()> names;
  std::ranges::transform(kMessageTypes, names.begin(), &MessageType::name);
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
  EXPECT_FALSE(names.front().empty());
}

}  // namespace
}  // namespace tapeline::codec::iex

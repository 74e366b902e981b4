#include "codec/itch/decoder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "codec/itch/messages.hpp"
#include "tests/codec/itch/vectors.hpp"

namespace tapeline::codec::itch {
namespace {

using test::from_hex;

// Keeps the bytes of the one message that it waits for, and counts all deliveries.
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
  const View& operator*() const { return seen_.view().value(); }
  const View* operator->() const { return &seen_.view().value(); }
  [[nodiscard]] Prefix prefix() const { return (*this)->prefix(); }

 private:
  std::vector<std::byte> bytes_;
  Expecting<View> seen_;
};

constexpr std::uint64_t kHandMadeTime = 11189401509487;

TEST(ItchDecoder, ReadsSystemEvent) {
  const Golden<SystemEvent> m{test::kSystemEvent};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{0}, 0, 34200000070384}));
  EXPECT_EQ(m->event(), 'Q');
}

TEST(ItchDecoder, ReadsStockDirectory) {
  const Golden<StockDirectory> m{test::kStockDirectory};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{13}, 7, kHandMadeTime}));
  EXPECT_EQ(m->stock().trimmed(), "ABC.WS");
  EXPECT_EQ(m->market_category(), 'Q');
  EXPECT_EQ(m->financial_status(), 'D');
  EXPECT_EQ(m->round_lot_size(), 100U);
  EXPECT_EQ(m->round_lots_only(), 'Y');
  EXPECT_EQ(m->issue_classification(), 'C');
  EXPECT_EQ(m->issue_sub_type().trimmed(), "Z");
  EXPECT_EQ(m->authenticity(), 'P');
  EXPECT_EQ(m->short_sale_threshold(), 'N');
  EXPECT_EQ(m->ipo_flag(), 'Z');
  EXPECT_EQ(m->luld_tier(), '2');
  EXPECT_EQ(m->etp_flag(), 'Y');
  EXPECT_EQ(m->etp_leverage_factor(), 3U);
  EXPECT_EQ(m->inverse_indicator(), 'S');
}

TEST(ItchDecoder, ReadsTradingAction) {
  const Golden<TradingAction> m{test::kTradingAction};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{11325}, 0, 34215592125541}));
  EXPECT_EQ(m->stock().trimmed(), "ZXZZT");
  EXPECT_EQ(m->trading_state(), 'P');
  EXPECT_EQ(m->reserved(), ' ');
  EXPECT_EQ(m->reason().trimmed(), "LUDP");
}

TEST(ItchDecoder, ReadsRegShoRestriction) {
  const Golden<RegShoRestriction> m{test::kRegShoRestriction};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{9405}, 0, 34200116533431}));
  EXPECT_EQ(m->stock().trimmed(), "SOPA");
  EXPECT_EQ(m->action(), '1');
}

TEST(ItchDecoder, ReadsMarketParticipantPosition) {
  const Golden<MarketParticipantPosition> m{test::kMarketParticipantPosition};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{3648}, 0, 34224468064326}));
  EXPECT_EQ(m->mpid().trimmed(), "MAXM");
  EXPECT_EQ(m->stock().trimmed(), "FDLS");
  EXPECT_EQ(m->primary_market_maker(), 'Y');
  EXPECT_EQ(m->market_maker_mode(), 'N');
  EXPECT_EQ(m->participant_state(), 'A');
}

TEST(ItchDecoder, ReadsMwcbDeclineLevel) {
  const Golden<MwcbDeclineLevel> m{test::kMwcbDeclineLevel};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{0}, 0, kHandMadeTime}));
  EXPECT_EQ(m->level_1(), 400'000'000'000U);
  EXPECT_EQ(m->level_2(), 375'000'000'000U);
  EXPECT_EQ(m->level_3(), 332'800'000'291U);
}

TEST(ItchDecoder, ReadsMwcbStatus) {
  const Golden<MwcbStatus> m{test::kMwcbStatus};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{0}, 1, kHandMadeTime}));
  EXPECT_EQ(m->breached_level(), '2');
}

TEST(ItchDecoder, ReadsIpoQuotingPeriod) {
  const Golden<IpoQuotingPeriod> m{test::kIpoQuotingPeriod};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{0}, 0, kHandMadeTime}));
  EXPECT_EQ(m->stock().trimmed(), "NEWIP0");
  EXPECT_EQ(m->release_time_s(), 40'014U);
  EXPECT_EQ(m->release_qualifier(), 'A');
  EXPECT_EQ(m->ipo_price(), 300'000U);
}

TEST(ItchDecoder, ReadsLuldAuctionCollar) {
  const Golden<LuldAuctionCollar> m{test::kLuldAuctionCollar};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{11325}, 0, 34215592415125}));
  EXPECT_EQ(m->stock().trimmed(), "ZXZZT");
  EXPECT_EQ(m->reference_price(), 133'400U);
  EXPECT_EQ(m->upper_price(), 140'100U);
  EXPECT_EQ(m->lower_price(), 109'200U);
  EXPECT_EQ(m->extension_count(), 0U);
}

TEST(ItchDecoder, ReadsOperationalHalt) {
  const Golden<OperationalHalt> m{test::kOperationalHalt};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{500}, 0, kHandMadeTime}));
  EXPECT_EQ(m->stock().trimmed(), "ZXZZT");
  EXPECT_EQ(m->market_code(), 'Q');
  EXPECT_EQ(m->action(), 'H');
}

TEST(ItchDecoder, ReadsAddOrder) {
  const Golden<AddOrder> m{test::kAddOrder};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{5528}, 0, 34199999894278}));
  EXPECT_EQ(m->order_ref(), OrderRef{23508286});
  EXPECT_EQ(m->side(), 'B');
  EXPECT_EQ(m->shares(), 1600U);
  EXPECT_EQ(m->stock().trimmed(), "IVOO");
  EXPECT_EQ(m->price(), 873'900U);
}

TEST(ItchDecoder, ReadsAddOrderMpid) {
  const Golden<AddOrderMpid> m{test::kAddOrderMpid};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{1738}, 0, 34199999977782}));
  EXPECT_EQ(m->order_ref(), OrderRef{18923125});
  EXPECT_EQ(m->side(), 'S');
  EXPECT_EQ(m->shares(), 100U);
  EXPECT_EQ(m->stock().trimmed(), "CASY");
  EXPECT_EQ(m->price(), 2'555'200U);
  EXPECT_EQ(m->mpid().trimmed(), "FLTU");
}

TEST(ItchDecoder, ReadsOrderExecuted) {
  const Golden<OrderExecuted> m{test::kOrderExecuted};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{2345}, 2, 34199999934561}));
  EXPECT_EQ(m->order_ref(), OrderRef{23499418});
  EXPECT_EQ(m->shares(), 25U);
  EXPECT_EQ(m->match_number(), MatchNumber{255547});
}

TEST(ItchDecoder, ReadsOrderExecutedWithPrice) {
  const Golden<OrderExecutedWithPrice> m{test::kOrderExecutedWithPrice};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{5092}, 1, 34200001163323}));
  EXPECT_EQ(m->order_ref(), OrderRef{19993566});
  EXPECT_EQ(m->shares(), 4926U);
  EXPECT_EQ(m->match_number(), MatchNumber{255581});
  EXPECT_EQ(m->printable(), 'N');
  EXPECT_EQ(m->price(), 224'800U);
}

TEST(ItchDecoder, ReadsOrderCancel) {
  const Golden<OrderCancel> m{test::kOrderCancel};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{9413}, 0, 34200002394205}));
  EXPECT_EQ(m->order_ref(), OrderRef{33823232});
  EXPECT_EQ(m->shares(), 100U);
}

TEST(ItchDecoder, ReadsOrderDelete) {
  const Golden<OrderDelete> m{test::kOrderDelete};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{3353}, 0, 34199999889645}));
  EXPECT_EQ(m->order_ref(), OrderRef{23442714});
}

TEST(ItchDecoder, ReadsOrderReplace) {
  const Golden<OrderReplace> m{test::kOrderReplace};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{7603}, 0, 34199999836649}));
  EXPECT_EQ(m->original_order_ref(), OrderRef{15108479});
  EXPECT_EQ(m->new_order_ref(), OrderRef{21361351});
  EXPECT_EQ(m->shares(), 100U);
  EXPECT_EQ(m->price(), 1'062'600U);
}

TEST(ItchDecoder, ReadsTrade) {
  const Golden<Trade> m{test::kTrade};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{4499}, 2, 34200000684713}));
  EXPECT_EQ(m->order_ref(), OrderRef{0});
  EXPECT_EQ(m->side(), 'B');
  EXPECT_EQ(m->shares(), 100U);
  EXPECT_EQ(m->stock().trimmed(), "GOOGL");
  EXPECT_EQ(m->price(), 1'284'600U);
  EXPECT_EQ(m->match_number(), MatchNumber{255554});
}

TEST(ItchDecoder, ReadsCrossTrade) {
  const Golden<CrossTrade> m{test::kCrossTrade};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{983}, 1, 34200000483331}));
  EXPECT_EQ(m->shares(), 0U);
  EXPECT_EQ(m->stock().trimmed(), "BAC-Q");
  EXPECT_EQ(m->price(), 0U);
  EXPECT_EQ(m->match_number(), MatchNumber{255550});
  EXPECT_EQ(m->cross_type(), 'O');
}

TEST(ItchDecoder, ReadsBrokenTrade) {
  const Golden<BrokenTrade> m{test::kBrokenTrade};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{501}, 3, kHandMadeTime}));
  EXPECT_EQ(m->match_number(), MatchNumber{3735928559});
}

TEST(ItchDecoder, ReadsNetOrderImbalance) {
  const Golden<NetOrderImbalance> m{test::kNetOrderImbalance};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{7853}, 0, 34200000087025}));
  EXPECT_EQ(m->paired_shares(), 0U);
  EXPECT_EQ(m->imbalance_shares(), 0U);
  EXPECT_EQ(m->imbalance_direction(), 'O');
  EXPECT_EQ(m->stock().trimmed(), "PTFAW");
  EXPECT_EQ(m->far_price(), 0U);
  EXPECT_EQ(m->near_price(), 0U);
  EXPECT_EQ(m->reference_price(), 0U);
  EXPECT_EQ(m->cross_type(), 'O');
  EXPECT_EQ(m->price_variation(), ' ');
}

TEST(ItchDecoder, ReadsRetailInterest) {
  const Golden<RetailInterest> m{test::kRetailInterest};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{1258}, 0, 34199999282991}));
  EXPECT_EQ(m->stock().trimmed(), "BIZD");
  EXPECT_EQ(m->interest(), 'N');
}

TEST(ItchDecoder, ReadsDirectListing) {
  const Golden<DirectListing> m{test::kDirectListing};
  EXPECT_EQ(m.prefix(), (Prefix{Locate{502}, 0, kHandMadeTime}));
  EXPECT_EQ(m->stock().trimmed(), "DLCARPA");
  EXPECT_EQ(m->open_eligible(), 'Y');
  EXPECT_EQ(m->minimum_price(), 100'000U);
  EXPECT_EQ(m->maximum_price(), 800'000U);
  EXPECT_EQ(m->near_execution_price(), 300'001U);
  EXPECT_EQ(m->near_execution_time_ns(), 34200000266241U);
  EXPECT_EQ(m->lower_collar(), 270'000U);
  EXPECT_EQ(m->upper_collar(), 350'001U);
}

TEST(ItchDecoder, RejectsEveryTruncationOfEveryType) {
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

TEST(ItchDecoder, DeliversKnownPartOfLongerMessage) {
  for (const test::Vector& vector : test::kVectors) {
    std::vector<std::byte> longer = from_hex(vector.hex);
    const char type = static_cast<char>(longer.front());
    for (const std::size_t extra : {std::size_t{1}, std::size_t{7}, std::size_t{70'000}}) {
      longer.resize(longer.size() + extra, std::byte{0xFF});
      Counter seen;
      EXPECT_EQ(decode(longer, seen), DecodeStatus::ok_longer) << vector.name;
      EXPECT_EQ(seen.deliveries, 1U);
      EXPECT_EQ(seen.type, type);
    }
  }
  std::vector<std::byte> longer = from_hex(test::kOrderCancel);
  longer.push_back(std::byte{0x99});
  Expecting<OrderCancel> seen;
  EXPECT_EQ(decode(longer, seen), DecodeStatus::ok_longer);
  EXPECT_EQ(seen.view().value().shares(), 100U);
  EXPECT_EQ(seen.view().value().bytes().size(), OrderCancel::kBytes);
}

TEST(ItchDecoder, TellsEveryUnknownType) {
  std::size_t unknown = 0;
  for (unsigned type = 0; type < 256; ++type) {
    std::array<std::byte, kMaxMessageBytes> message{};
    message.front() = static_cast<std::byte>(type);
    const bool known = kMessageTypeIndex[type] != kNoMessageType;
    Counter seen;
    const DecodeStatus status = decode(message, seen);
    EXPECT_EQ(status == DecodeStatus::unknown_type, !known) << type;
    EXPECT_EQ(seen.deliveries, known ? 1U : 0U) << type;
    unknown += known ? 0 : 1;
    if (!known) {
      EXPECT_EQ(decode(std::span{message}.first(1), seen), DecodeStatus::unknown_type);
    }
  }
  EXPECT_EQ(unknown, 256U - 23U);
}

TEST(ItchDecoder, RejectsEmptyMessage) {
  Counter seen;
  EXPECT_EQ(decode({}, seen), DecodeStatus::wrong_length);
  EXPECT_EQ(seen.deliveries, 0U);
}

TEST(ItchDecoder, PassesOnUnknownCharacters) {
  std::vector<std::byte> message = from_hex(test::kCrossTrade);
  message[39] = std::byte{0xFE};
  Expecting<CrossTrade> seen;
  EXPECT_EQ(decode(message, seen), DecodeStatus::ok);
  EXPECT_EQ(seen.view().value().cross_type(), '\xFE');

  message = from_hex(test::kAddOrder);
  message[19] = std::byte{0};
  Expecting<AddOrder> add;
  EXPECT_EQ(decode(message, add), DecodeStatus::ok);
  EXPECT_EQ(add.view().value().side(), '\0');
}

TEST(ItchDecoder, AcceptsTemporaryAndConstantHandlers) {
  const std::vector<std::byte> message = from_hex(test::kSystemEvent);
  std::size_t calls = 0;
  const auto count = [&calls](const auto&) { ++calls; };
  EXPECT_EQ(decode(message, count), DecodeStatus::ok);
  EXPECT_EQ(decode(message, [&calls](const auto&) { ++calls; }), DecodeStatus::ok);
  EXPECT_EQ(calls, 2U);
}

TEST(ItchDecoder, NamesEachStatusAndKnowsTheDelivered) {
  EXPECT_EQ(to_string(DecodeStatus::ok), "ok");
  EXPECT_EQ(to_string(DecodeStatus::ok_longer), "ok_longer");
  EXPECT_EQ(to_string(DecodeStatus::wrong_length), "wrong_length");
  EXPECT_EQ(to_string(DecodeStatus::unknown_type), "unknown_type");
  EXPECT_TRUE(is_delivered(DecodeStatus::ok) && is_delivered(DecodeStatus::ok_longer));
  EXPECT_FALSE(is_delivered(DecodeStatus::wrong_length));
  EXPECT_FALSE(is_delivered(DecodeStatus::unknown_type));
}

}  // namespace
}  // namespace tapeline::codec::itch

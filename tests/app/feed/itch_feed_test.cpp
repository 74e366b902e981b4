#include "app/feed/itch_feed.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/itch/encoder.hpp"
#include "tests/app/market/market_fixture.hpp"

namespace tapeline::feed {
namespace {

namespace itch = codec::itch;
using market::InstrumentId;
using market::Level;
using market::OrderRef;
using market::Price;
using market::Side;
using market::TradingState;

struct Nothing {};

std::vector<std::byte> from_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(
        static_cast<std::byte>(std::stoul(std::string{text.substr(i, 2)}, nullptr, 16)));
  }
  return bytes;
}

// Messages of a real session, one of each type that it had.
constexpr std::array<std::string_view, 16> kRealMessages{
    "41159800001f1aced85306000000000166b53e420000064049564f4f20202020000d55ac",
    "4313e400011f1aceebb03b00000000013113de0000133e000000000003e65d4e00036e20",
    "440d1900001f1aced840ed000000000165b51a",
    "45092900021f1aced8f061000000000166929a00000019000000000003e63b",
    "4606ca00001f1aced99936000000000120be75530000006443415359202020200026fd40464c5455",
    "482c3d00001f1e7036e4655a585a5a5420202050204c554450",
    "491ead00001f1acedb43f1000000000000000000000000000000004f50465441572020200000000000000000000000"
    "004"
    "f20",
    "4a2c3d00001f1e703b4f955a585a5a5420202020020918000223440001aa9000000000",
    "4c0e4000001f208142f8464d41584d46444c5320202020594e41",
    "4e04ea00001f1aceceff2f42495a44202020204e",
    "50119300021f1acee462a900000000000000004200000064474f4f474c202020001399f8000000000003e642",
    "5103d700011f1acee1500300000000000000004241432d5120202000000000000000000003e63e4f",
    "53000000001f1acedb02f051",
    "551db300001f1aced771e90000000000e6897f000000000145f2c700000064001036c8",
    "5824c500001f1acefe785d0000000002041a0000000064",
    "5924bd00001f1ad5cc18b7534f50412020202031"};

struct ItchFeedTest : ::testing::Test, market::testing::Fixture {
  void send(std::span<const std::byte> message) {
    feed.prefetch(message);
    feed.on_message(1, message, Nothing{});
  }
  void send(std::string_view hex) { send(std::span<const std::byte>{from_hex(hex)}); }

  // Encodes with `encode(out, prefix, arguments...)` and sends it.
  template <typename Encode, typename... Arguments>
  void send(Encode&& encode, const Arguments&... arguments) {
    std::array<std::byte, itch::kMaxMessageBytes> out{};
    const itch::Prefix prefix{.stock_locate = itch::Locate{kLocate}, .timestamp_ns = now};
    const std::size_t bytes = encode(std::span<std::byte>{out}, prefix, arguments...);
    send(std::span<const std::byte>{out}.first(bytes));
  }
  void add(std::uint64_t ref, char side, std::uint32_t shares, std::uint32_t price) {
    send(itch::encode_add_order, itch::OrderRef{ref}, side, shares, kSymbol, price);
  }
  [[nodiscard]] std::uint64_t count(char type) const {
    return feed.counts().by_type[static_cast<unsigned char>(type)].get();
  }
  [[nodiscard]] const market::OrderBook& book() const { return market.book(kId); }
  [[nodiscard]] market::SessionTotals totals() const { return market.totals(kId); }

  static constexpr std::uint16_t kLocate = 21;
  static constexpr InstrumentId kId{kLocate};
  static constexpr itch::Symbol kSymbol = itch::Symbol::from("TAPE");

  std::uint64_t now = 34'200'000'000'000;
  ItchFeed feed{market};
};

TEST_F(ItchFeedTest, AddOrderOfRealSession) {
  send(kRealMessages[0]);
  const market::Order* order = market.find_order(OrderRef{23508286});
  ASSERT_NE(order, nullptr);
  EXPECT_EQ(order->price, Price{873900});
  EXPECT_EQ(order->shares, 1600U);
  EXPECT_EQ(order->side, Side::buy);
  EXPECT_EQ(order->instrument, InstrumentId{5528});
  EXPECT_EQ(market.now(), 34199999894278U);
}

TEST_F(ItchFeedTest, AddOrderWithParticipantOfRealSession) {
  send(kRealMessages[4]);
  const Level* best = market.book(InstrumentId{1738}).best(Side::sell);
  ASSERT_NE(best, nullptr);
  EXPECT_EQ(*best, (Level{.price = Price{2555200}, .shares = 100, .orders = 1}));
}

TEST_F(ItchFeedTest, EveryRealMessageIsDecodedAndCounted) {
  for (const std::string_view hex : kRealMessages) send(hex);
  EXPECT_EQ(feed.counts().messages(), kRealMessages.size());
  EXPECT_EQ(feed.counts().unknown_types.get(), 0U);
  EXPECT_EQ(feed.counts().wrong_lengths.get(), 0U);
  EXPECT_EQ(feed.counts().longer.get(), 0U);
  EXPECT_EQ(feed.counts().unknown_values.get(), 0U);
  EXPECT_EQ(feed.counts().bad_timestamps.get(), 0U);
  for (const std::string_view hex : kRealMessages) {
    EXPECT_EQ(count(static_cast<char>(from_hex(hex).front())), 1U);
  }
  // C, D, E, U and X speak of orders from before.
  EXPECT_EQ(market.counts().unknown_orders.get(), 5U);
  EXPECT_EQ(market.instrument(InstrumentId{11325}).trading_state, TradingState::paused);
  EXPECT_EQ(market.instrument(InstrumentId{11325}).halt_reason,
            (std::array<char, 4>{'L', 'U', 'D', 'P'}));
  EXPECT_EQ(market.instrument(InstrumentId{9405}).short_sale_test,
            market::ShortSaleTest::in_force_today);
  EXPECT_EQ(market.totals(InstrumentId{4499}).volume, 100U);
  EXPECT_EQ(market.totals(InstrumentId{4499}).vwap(), 1284600.0);
  EXPECT_EQ(market.totals(InstrumentId{983}).volume, 0U);
  EXPECT_EQ(market.counts().unprintable.get(), 1U);
  EXPECT_EQ(feed.counts().last_system_event.get(), std::uint64_t{'Q'});
}

TEST_F(ItchFeedTest, EveryTruncationOfEveryTypeIsCountedAndChangesNothing) {
  std::uint64_t sent = 0;
  for (const std::string_view hex : kRealMessages) {
    const std::vector<std::byte> whole = from_hex(hex);
    for (std::size_t length = 0; length < whole.size(); ++length, ++sent) {
      // A copy of exactly that length, so that a read past it is seen by the sanitizer.
      const std::vector<std::byte> cut(whole.begin(),
                                       whole.begin() + static_cast<std::ptrdiff_t>(length));
      send(std::span<const std::byte>{cut});
    }
  }
  EXPECT_EQ(feed.counts().wrong_lengths.get(), sent);
  EXPECT_EQ(feed.counts().empty.get(), kRealMessages.size());
  EXPECT_EQ(feed.counts().messages(), sent);
  EXPECT_EQ(market.instrument_bound(), 0U);
  EXPECT_EQ(market.now(), 0U);
}

TEST_F(ItchFeedTest, LongerMessagesAreAppliedAndCounted) {
  for (const std::string_view hex : kRealMessages) {
    std::vector<std::byte> longer = from_hex(hex);
    longer.push_back(std::byte{0xFF});
    send(std::span<const std::byte>{longer});
  }
  EXPECT_EQ(feed.counts().longer.get(), kRealMessages.size());
  EXPECT_NE(market.find_order(OrderRef{23508286}), nullptr);
}

TEST_F(ItchFeedTest, UnknownTypesAreCountedByTheirByte) {
  const std::array<std::byte, 40> message{std::byte{'z'}};
  send(std::span<const std::byte>{message});
  EXPECT_EQ(feed.counts().unknown_types.get(), 1U);
  EXPECT_EQ(count('z'), 1U);
  EXPECT_EQ(market.instrument_bound(), 0U);
}

TEST_F(ItchFeedTest, OrderLivesThroughEveryMessageOfItsLife) {
  add(1, 'S', 1000, 500'000);
  send(itch::encode_add_order_mpid, itch::OrderRef{2}, 'S', 10U, kSymbol, 500'100U,
       itch::Mpid::from("ABCD"));
  send(itch::encode_order_executed, itch::OrderRef{1}, 100U, itch::MatchNumber{1});
  send(itch::encode_order_executed_with_price, itch::OrderRef{1}, 100U, itch::MatchNumber{2}, 'Y',
       499'000U);
  send(itch::encode_order_executed_with_price, itch::OrderRef{1}, 100U, itch::MatchNumber{3}, 'N',
       499'000U);
  send(itch::encode_order_cancel, itch::OrderRef{1}, 200U);
  EXPECT_EQ(book().best(Side::sell)->shares, 500U);
  EXPECT_EQ(totals().volume, 200U);
  EXPECT_EQ(totals().vwap(), 499'500.0);
  send(itch::encode_order_replace, itch::OrderRef{1}, itch::OrderRef{3}, 700U, 499'900U);
  EXPECT_EQ(*book().best(Side::sell), (Level{.price = Price{499'900}, .shares = 700, .orders = 1}));
  send(itch::encode_order_delete, itch::OrderRef{3});
  EXPECT_EQ(book().best(Side::sell)->price, Price{500'100});
  send(itch::encode_trade, itch::OrderRef{0}, 'B', 50U, kSymbol, 500'000U, itch::MatchNumber{4});
  send(itch::encode_cross_trade, std::uint64_t{100}, kSymbol, 500'000U, itch::MatchNumber{5}, 'O');
  EXPECT_EQ(totals().volume, 350U);
  send(itch::encode_broken_trade, itch::MatchNumber{5});
  EXPECT_EQ(totals().volume, 250U);
  EXPECT_EQ(totals().broken_trades, 1U);
}

TEST_F(ItchFeedTest, DirectoryAndStatesReachTheInstrument) {
  itch::StockDirectoryFields fields;
  fields.stock = kSymbol;
  fields.round_lot_size = 10;
  send(itch::encode_stock_directory, fields);
  send(itch::encode_trading_action, kSymbol, 'T', itch::Reason::from(""), ' ');
  const market::Instrument& instrument = market.instrument(kId);
  EXPECT_EQ(market.symbol(kId), kSymbol.trimmed());
  EXPECT_EQ(instrument.round_lot, 10U);
  EXPECT_TRUE(instrument.is_trading());
  send(itch::encode_operational_halt, kSymbol, 'X', 'H');
  EXPECT_FALSE(instrument.is_trading());
  send(itch::encode_operational_halt, kSymbol, 'X', 'T');
  EXPECT_TRUE(instrument.is_trading());
  send(itch::encode_reg_sho_restriction, kSymbol, '2');
  EXPECT_EQ(instrument.short_sale_test, market::ShortSaleTest::still_in_force);
  send(itch::encode_mwcb_status, '2');
  EXPECT_EQ(feed.counts().breached_level.get(), 2U);
  EXPECT_EQ(feed.counts().unknown_values.get(), 0U);
}

TEST_F(ItchFeedTest, MessagesThatTheMarketDoesNotKeepMoveTheTime) {
  send(itch::encode_market_participant_position, itch::Mpid::from("A"), kSymbol, 'Y', 'N', 'A');
  send(itch::encode_mwcb_decline_level, itch::Price8{1}, itch::Price8{2}, itch::Price8{3});
  send(itch::encode_ipo_quoting_period, kSymbol, 1U, 'A', 1U);
  send(itch::encode_luld_auction_collar, kSymbol, 1U, 2U, 3U, 4U);
  send(itch::encode_net_order_imbalance, itch::NetOrderImbalanceFields{});
  send(itch::encode_retail_interest, kSymbol, 'B');
  send(itch::encode_direct_listing, itch::DirectListingFields{});
  EXPECT_EQ(market.now(), now);
  for (const char type : {'L', 'V', 'K', 'J', 'I', 'N', 'O'}) EXPECT_EQ(count(type), 1U) << type;
  EXPECT_EQ(feed.counts().unknown_types.get(), 0U);
}

TEST_F(ItchFeedTest, UnknownCharactersAreCountedAndNotFatal) {
  add(1, '?', 100, 500'000);
  EXPECT_EQ(market.counts().bad_sides.get(), 1U);
  add(2, 'B', 100, 500'000);
  send(itch::encode_order_executed_with_price, itch::OrderRef{2}, 10U, itch::MatchNumber{1}, '?',
       500'000U);
  send(itch::encode_trading_action, kSymbol, '?', itch::Reason::from("????"), ' ');
  send(itch::encode_reg_sho_restriction, kSymbol, '?');
  send(itch::encode_operational_halt, kSymbol, 'Q', '?');
  send(itch::encode_mwcb_status, '9');
  send(itch::encode_system_event, '?');
  EXPECT_EQ(feed.counts().unknown_values.get(), 6U);
  EXPECT_EQ(totals().volume, 0U);
  EXPECT_EQ(market.instrument(kId).trading_state, TradingState::other);
}

TEST_F(ItchFeedTest, TimePastTheEndOfADayDoesNotMoveTheMarket) {
  add(1, 'B', 100, 500'000);
  const std::uint64_t before = market.now();
  now = 86'400'000'000'000;
  add(2, 'B', 100, 500'000);
  EXPECT_EQ(market.now(), before);
  EXPECT_EQ(feed.counts().bad_timestamps.get(), 1U);
  EXPECT_EQ(book().best(Side::buy)->orders, 2U);
}

TEST_F(ItchFeedTest, EndOfMessagesClosesBars) {
  send(itch::encode_trade, itch::OrderRef{0}, 'B', 50U, kSymbol, 500'000U, itch::MatchNumber{4});
  send(itch::encode_system_event, 'M');
  send(itch::encode_system_event, 'E');
  EXPECT_TRUE(sink.bars.empty());
  send(itch::encode_system_event, 'C');
  EXPECT_EQ(sink.bars.size(), 2U);
}

TEST_F(ItchFeedTest, GapMakesBooksDoubtful) {
  add(1, 'B', 100, 500'000);
  EXPECT_TRUE(market.is_book_whole(kId));
  feed.on_gap(Nothing{});
  EXPECT_FALSE(market.is_book_whole(kId));
  EXPECT_TRUE(totals().incomplete);
}

TEST_F(ItchFeedTest, SessionSeenFromItsStartIsTrusted) {
  feed.on_session(Nothing{}, 1);
  EXPECT_TRUE(market.is_book_whole(kId));
  EXPECT_EQ(feed.counts().late_joins.get(), 0U);
}

TEST_F(ItchFeedTest, SessionJoinedLateIsNot) {
  feed.on_session(Nothing{}, 2);
  EXPECT_FALSE(market.is_book_whole(kId));
  EXPECT_EQ(feed.counts().late_joins.get(), 1U);
}

TEST_F(ItchFeedTest, SessionAfterAnotherBeginsAfresh) {
  feed.on_session(Nothing{}, 1);
  add(1, 'B', 100, 500'000);
  feed.on_gap(Nothing{});
  feed.on_session(Nothing{}, 1);
  EXPECT_TRUE(market.is_book_whole(kId));
  EXPECT_EQ(market.book(kId).depth(market::Side::buy), 0U);
  EXPECT_FALSE(totals().incomplete);
  EXPECT_EQ(feed.counts().session_changes.get(), 1U);
}

TEST_F(ItchFeedTest, RandomBytesAreSurvived) {
  constexpr std::string_view kTypes = "SRHYLVWKJhAFECXDUPQBINO";
  std::mt19937_64 random{41};
  std::vector<std::byte> message;
  const int rounds = market::testing::kSanitized ? 50'000 : 300'000;
  for (int round = 0; round < rounds; ++round) {
    message.resize(random() % 56);
    for (std::byte& byte : message) byte = static_cast<std::byte>(random() % 4 == 0 ? random() : 0);
    if (!message.empty() && random() % 8 != 0) {
      message.front() = static_cast<std::byte>(kTypes[random() % kTypes.size()]);
    }
    send(std::span<const std::byte>{message});
  }
  EXPECT_EQ(feed.counts().messages(), static_cast<std::uint64_t>(rounds));
  EXPECT_LE(market.order_counts().committed_bytes.get(), std::uint64_t{64} << 20U);
  EXPECT_GT(market.counts().prints.get(), 0U);
  EXPECT_GT(market.counts().unknown_orders.get(), 0U);
}

}  // namespace
}  // namespace tapeline::feed

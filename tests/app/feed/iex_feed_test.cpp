#include "app/feed/iex_feed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/iex/encoder.hpp"
#include "codec/iex/messages.hpp"
#include "tests/app/market/market_fixture.hpp"
#include "tests/codec/iex/vectors.hpp"

namespace tapeline::feed {
namespace {

namespace iex = codec::iex;
using iex::OrderId;
using iex::Symbol;
using iex::TradeId;
using market::AuctionKind;
using market::InstrumentId;
using market::Price;
using market::ShortSaleTest;
using market::Side;
using market::TradingState;
using ::testing::ElementsAre;
using ::testing::Pair;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNoon = 1'611'680'400 * kSecond;
const Symbol kSymbol = Symbol::from("ZVZZT");
const Symbol kOther = Symbol::from("ZXIET+");

struct Nothing {};
struct Lost {
  [[nodiscard]] std::uint64_t count() const { return 3; }
};

struct IexFeedTest : ::testing::Test, market::testing::Fixture {
  using Side_ = std::vector<std::pair<std::int64_t, std::uint64_t>>;

  // `encode` writes one message.
  template <typename Encode>
  void say(Encode&& encode) {
    const std::size_t bytes = encode(std::span{out});
    feed.on_message(next++, std::span{out}.first(bytes), Nothing{});
  }
  template <typename View>
  void level(const Symbol& symbol, std::uint32_t size, std::int64_t units, bool complete = true) {
    say([&](auto to) {
      return iex::encode_level_update<View>(to, complete ? 1 : 0, now, symbol, size, units);
    });
  }
  void bid(std::uint32_t size, std::int64_t units, bool complete = true) {
    level<iex::BuyLevelUpdate>(kSymbol, size, units, complete);
  }
  void ask(std::uint32_t size, std::int64_t units, bool complete = true) {
    level<iex::SellLevelUpdate>(kSymbol, size, units, complete);
  }
  void quote(const iex::QuoteFields& fields) {
    say([&](auto to) { return iex::encode_quote_update(to, 0, now, kSymbol, fields); });
  }
  void trade(std::uint32_t size, std::int64_t units, std::uint64_t id,
             std::uint8_t conditions = 0) {
    say([&](auto to) {
      return iex::encode_trade<iex::TradeReport>(to, conditions, now, kSymbol,
                                                 {size, units, TradeId{id}});
    });
  }
  void break_trade(std::uint64_t id) {
    say([&](auto to) {
      return iex::encode_trade<iex::TradeBreak>(to, 0, now, kSymbol, {1, 1, TradeId{id}});
    });
  }

  [[nodiscard]] InstrumentId id(const Symbol& symbol = kSymbol) const {
    return feed.symbols().find(symbol.trimmed()).value();
  }
  // Best level last.
  [[nodiscard]] Side_ side(Side which, const Symbol& symbol = kSymbol) const {
    Side_ levels;
    for (const market::Level& l : market.book(id(symbol)).levels(which)) {
      levels.emplace_back(raw(l.price), l.shares);
    }
    return levels;
  }
  [[nodiscard]] const market::Instrument& instrument() const { return market.instrument(id()); }
  [[nodiscard]] market::SessionTotals totals() const { return market.totals(id()); }

  std::array<std::byte, iex::kMaxMessageBytes> out{};
  std::int64_t now = kNoon;
  std::uint64_t next = 1;
  IexFeed feed{market};
};

TEST_F(IexFeedTest, NumbersAndNamesSymbolsAsTheyCome) {
  bid(10, 100);
  level<iex::SellLevelUpdate>(kOther, 5, 200);
  bid(20, 100);
  EXPECT_EQ(id(kSymbol), InstrumentId{0});
  EXPECT_EQ(id(kOther), InstrumentId{1});
  EXPECT_EQ(market.symbol(InstrumentId{0}), "ZVZZT");
  EXPECT_EQ(market.symbol(InstrumentId{1}), "ZXIET+");
  EXPECT_EQ(market.instrument(InstrumentId{0}).price_decimals, 4U);
  say([&](auto to) {
    return iex::encode_security_directory(to, now, kSymbol, {.round_lot_size = 40});
  });
  EXPECT_EQ(instrument().round_lot, 40U);
  EXPECT_EQ(market.symbol(InstrumentId{0}), "ZVZZT");
}

TEST_F(IexFeedTest, FindsEachOfManySymbolsAgain) {
  constexpr int kSymbols = 30'000;  // more than have a place of their own
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kSymbols; ++i) {
      level<iex::BuyLevelUpdate>(Symbol::from("S" + std::to_string(i)), 1, 100 + i);
    }
  }
  EXPECT_EQ(feed.symbols().size(), static_cast<std::size_t>(kSymbols));
  for (int i = 0; i < kSymbols; ++i) {
    ASSERT_THAT(side(Side::buy, Symbol::from("S" + std::to_string(i))),
                ElementsAre(Pair(100 + i, 1)));
  }
}

TEST_F(IexFeedTest, SymbolOfZerosIsNoSymbol) {
  Symbol zeros;
  level<iex::BuyLevelUpdate>(zeros, 1, 100);
  EXPECT_EQ(feed.counts().refused_symbols.get(), 1U);
}

TEST_F(IexFeedTest, PrefetchOfAnythingIsHarmless) {
  bid(10, 100);
  for (std::size_t bytes = 0; bytes <= out.size(); ++bytes) {
    feed.prefetch(std::span{out}.first(bytes));
  }
  EXPECT_EQ(feed.symbols().size(), 1U);
}

TEST_F(IexFeedTest, QuoteIsBothSidesOfTheTop) {
  quote({.bid_size = 100, .bid_price = 50, .ask_price = 60, .ask_size = 200});
  EXPECT_THAT(side(Side::buy), ElementsAre(Pair(50, 100)));
  EXPECT_THAT(side(Side::sell), ElementsAre(Pair(60, 200)));
  quote({.bid_size = 0, .bid_price = 0, .ask_price = 61, .ask_size = 10});
  EXPECT_THAT(side(Side::buy), ElementsAre());
  EXPECT_THAT(side(Side::sell), ElementsAre(Pair(61, 10)));
}

TEST_F(IexFeedTest, QuoteMakesItsBookWholeAfterALoss) {
  quote({.bid_size = 100, .bid_price = 50, .ask_price = 60, .ask_size = 200});
  feed.on_gap(Lost{});
  EXPECT_FALSE(market.is_book_whole(id()));
  EXPECT_TRUE(market.totals_incomplete());
  quote({.bid_size = 90, .bid_price = 50, .ask_price = 60, .ask_size = 200});
  EXPECT_TRUE(market.is_book_whole(id()));
  EXPECT_TRUE(market.totals_incomplete());
}

TEST_F(IexFeedTest, LevelsAreTheSizeAtAPrice) {
  bid(100, 50);
  bid(30, 49);
  ask(20, 52);
  bid(70, 50);
  EXPECT_THAT(side(Side::buy), ElementsAre(Pair(49, 30), Pair(50, 70)));
  EXPECT_THAT(side(Side::sell), ElementsAre(Pair(52, 20)));
  bid(0, 50);
  EXPECT_THAT(side(Side::buy), ElementsAre(Pair(49, 30)));
  bid(0, 12);  // normal for DEEP: a level that was never shown
  EXPECT_EQ(market.counts().absent_levels.get(), 1U);
  EXPECT_TRUE(market.is_book_whole(id()));
  EXPECT_EQ(feed.counts().events.get(), 6U);
}

TEST_F(IexFeedTest, EventIsAppliedAtOnceWhenItIsComplete) {
  bid(100, 50);
  ask(20, 52);
  ask(0, 52, false);
  bid(80, 53, false);
  EXPECT_TRUE(feed.is_in_event(id()));
  EXPECT_THAT(side(Side::buy), ElementsAre(Pair(50, 100)));
  EXPECT_THAT(side(Side::sell), ElementsAre(Pair(52, 20)));
  trade(20, 52, 1);
  EXPECT_EQ(totals().volume, 20U);
  ask(40, 54, true);
  EXPECT_FALSE(feed.is_in_event(id()));
  EXPECT_THAT(side(Side::buy), ElementsAre(Pair(50, 100), Pair(53, 80)));
  EXPECT_THAT(side(Side::sell), ElementsAre(Pair(54, 40)));
  EXPECT_EQ(feed.counts().events.get(), 3U);
}

TEST_F(IexFeedTest, LaterUpdateOfAnEventWins) {
  bid(10, 50, false);
  bid(20, 50, false);
  bid(30, 51, false);
  bid(0, 51, true);
  EXPECT_THAT(side(Side::buy), ElementsAre(Pair(50, 20)));
}

TEST_F(IexFeedTest, EventsOfTwoInstrumentsDoNotDisturbEachOther) {
  bid(10, 50, false);
  level<iex::BuyLevelUpdate>(kOther, 7, 40, false);
  bid(11, 51, true);
  EXPECT_THAT(side(Side::buy), ElementsAre(Pair(50, 10), Pair(51, 11)));
  EXPECT_TRUE(feed.is_in_event(id(kOther)));
  EXPECT_THAT(side(Side::buy, kOther), ElementsAre());
  level<iex::BuyLevelUpdate>(kOther, 8, 41, true);
  EXPECT_THAT(side(Side::buy, kOther), ElementsAre(Pair(40, 7), Pair(41, 8)));
}

TEST_F(IexFeedTest, LossForgetsTheEventItCameIn) {
  bid(100, 50);
  bid(0, 50, false);
  feed.on_gap(Lost{});
  EXPECT_FALSE(feed.is_in_event(id()));
  EXPECT_EQ(feed.counts().broken_events.get(), 1U);
  bid(5, 40, true);
  EXPECT_THAT(side(Side::buy), ElementsAre(Pair(40, 5), Pair(50, 100)));
  EXPECT_FALSE(market.is_book_whole(id()));  // levels that changed in the loss are not told again
}

TEST_F(IexFeedTest, EventOfTooManyLevelsIsAppliedInParts) {
  const auto most = static_cast<std::int64_t>(IexFeed::kMaxPending);
  for (std::int64_t i = 0; i < most; ++i) bid(10, 1 + i, false);
  EXPECT_EQ(feed.counts().oversized_events.get(), 0U);
  bid(10, 1 + most, false);
  EXPECT_EQ(feed.counts().oversized_events.get(), 1U);
  bid(10, 2 + most, true);
  EXPECT_EQ(side(Side::buy).size(), IexFeed::kMaxPending + 2);
  EXPECT_FALSE(feed.is_in_event(id()));
}

TEST_F(IexFeedTest, EventsThatNeverCompleteDoNotStopOthers) {
  for (std::size_t i = 0; i < IexFeed::kMaxPending; ++i) bid(10, 1 + static_cast<int>(i), false);
  level<iex::BuyLevelUpdate>(kOther, 7, 40, false);
  level<iex::BuyLevelUpdate>(kOther, 8, 41, true);
  EXPECT_THAT(side(Side::buy, kOther), ElementsAre(Pair(40, 7), Pair(41, 8)));
  EXPECT_EQ(feed.counts().oversized_events.get(), 1U);
}

TEST_F(IexFeedTest, KeepsTheOrdersOfDeepPlus) {
  const auto add = [&](std::uint64_t order, char which, std::uint32_t size, std::int64_t units) {
    say([&](auto to) {
      return iex::encode_add_order(to, which, now, kSymbol, OrderId{order}, size, units);
    });
  };
  constexpr std::uint64_t kBase = 0x0063'0000'0000'0000;
  add(kBase + 10, '8', 100, 50);
  add(kBase + 11, '8', 40, 50);
  add(kBase + 12, '5', 70, 55);
  EXPECT_THAT(side(Side::buy), ElementsAre(Pair(50, 140)));
  say([&](auto to) {
    return iex::encode_order_modify(to, 0x80, now, kSymbol, OrderId{kBase + 11}, 30, 51);
  });
  EXPECT_THAT(side(Side::buy), ElementsAre(Pair(50, 100), Pair(51, 30)));
  // A trade at another price than the order's: the rest stays where it was.
  say([&](auto to) {
    return iex::encode_order_executed(to, 0, now, kSymbol, OrderId{kBase + 10}, 60, 52,
                                      TradeId{kBase + 13});
  });
  EXPECT_THAT(side(Side::buy), ElementsAre(Pair(50, 40), Pair(51, 30)));
  EXPECT_EQ(totals().volume, 60U);
  EXPECT_EQ(totals().last, Price{52});
  say([&](auto to) {
    return iex::encode_order_delete(to, 0x20, now, kSymbol, OrderId{kBase + 11});
  });
  EXPECT_THAT(side(Side::buy), ElementsAre(Pair(50, 40)));
  break_trade(kBase + 13);
  EXPECT_EQ(totals().volume, 0U);
  say([&](auto to) { return iex::encode_clear_book(to, 0, now, kSymbol); });
  EXPECT_THAT(side(Side::buy), ElementsAre());
  EXPECT_THAT(side(Side::sell), ElementsAre());
  EXPECT_TRUE(market.is_book_whole(id()));
  EXPECT_EQ(market.counts().doubtful_books.get(), 0U);
}

TEST_F(IexFeedTest, RejectsOrdersOfNoSide) {
  say([&](auto to) { return iex::encode_add_order(to, 'B', now, kSymbol, OrderId{1}, 100, 50); });
  EXPECT_EQ(market.counts().bad_sides.get(), 1U);
  EXPECT_FALSE(market.is_book_whole(id()));
}

TEST_F(IexFeedTest, CountsTradesByThePublishedRule) {
  trade(100, 50, 1, iex::kIntermarketSweep);
  trade(7, 90, 2, iex::kOddLot);
  trade(300, 80, 3, iex::kExtendedHours);
  trade(200, 60, 4, iex::kTradeThroughExempt | iex::kSinglePriceCross | 0x07);
  trade(8, 10, 5, iex::kExtendedHours | iex::kOddLot);
  const market::SessionTotals seen = totals();
  EXPECT_EQ(seen.volume, 615U);
  EXPECT_EQ(seen.trades, 5U);
  EXPECT_TRUE(seen.notional.exact() == 100 * 50 + 7 * 90 + 300 * 80 + 200 * 60 + 8 * 10);
  EXPECT_EQ(seen.open, Price{50});
  EXPECT_EQ(seen.high, Price{60});
  EXPECT_EQ(seen.low, Price{50});
  EXPECT_EQ(seen.last, Price{60});
}

TEST_F(IexFeedTest, CountsTradesByTheConfiguredRule) {
  IexFeed strict{market, {.not_in_volume = iex::kExtendedHours, .not_in_price = 0}};
  const auto tell = [&](std::uint32_t size, std::int64_t units, std::uint8_t conditions) {
    const std::size_t bytes = iex::encode_trade<iex::TradeReport>(out, conditions, now, kSymbol,
                                                                  {size, units, TradeId{size}});
    strict.apply(std::span{out}.first(bytes));
  };
  tell(100, 50, 0);
  tell(7, 90, iex::kOddLot);
  tell(300, 80, iex::kExtendedHours);
  const auto seen = market.totals(strict.symbols().find("ZVZZT").value());
  EXPECT_EQ(seen.volume, 107U);
  EXPECT_EQ(seen.high, Price{90});
  EXPECT_EQ(seen.last, Price{90});
  EXPECT_EQ(market.counts().unprintable.get(), 1U);
}

TEST_F(IexFeedTest, BreakTakesATradeBack) {
  trade(100, 50, 972'306);
  trade(40, 60, 972'320);
  break_trade(972'306);
  break_trade(5);
  EXPECT_EQ(totals().volume, 40U);
  EXPECT_TRUE(totals().notional.exact() == 2400);
  EXPECT_EQ(market.counts().unknown_breaks.get(), 1U);
}

TEST_F(IexFeedTest, KeepsTheStateOfAnInstrument) {
  const auto status = [&](char state, std::string_view reason) {
    say([&](auto to) {
      return iex::encode_trading_status(to, state, now, kSymbol, iex::Reason::from(reason));
    });
  };
  status('T', "");
  EXPECT_TRUE(instrument().is_trading());
  status('H', "M1");
  EXPECT_EQ(instrument().trading_state, TradingState::halted);
  EXPECT_EQ(instrument().halt_reason, (std::array<char, 4>{'M', '1', ' ', ' '}));
  status('P', "NA");
  EXPECT_EQ(instrument().trading_state, TradingState::paused);
  status('O', "MCB3");
  EXPECT_EQ(instrument().trading_state, TradingState::quote_only);
  status('?', "");
  EXPECT_EQ(instrument().trading_state, TradingState::other);
  EXPECT_EQ(feed.counts().unknown_values.get(), 1U);

  status('T', "");
  say([&](auto to) { return iex::encode_operational_halt(to, 'O', now, kSymbol); });
  EXPECT_FALSE(instrument().is_trading());
  say([&](auto to) { return iex::encode_operational_halt(to, 'N', now, kSymbol); });
  EXPECT_TRUE(instrument().is_trading());

  const auto price_test = [&](std::uint8_t state, char detail) {
    say([&](auto to) {
      return iex::encode_short_sale_price_test(to, state, now, kSymbol, detail);
    });
    return instrument().short_sale_test;
  };
  EXPECT_EQ(price_test(1, 'A'), ShortSaleTest::in_force_today);
  EXPECT_EQ(price_test(1, 'C'), ShortSaleTest::still_in_force);
  EXPECT_EQ(price_test(0, 'D'), ShortSaleTest::none);
  EXPECT_EQ(price_test(1, 'N'), ShortSaleTest::in_force_today);
  EXPECT_EQ(price_test(7, ' '), ShortSaleTest::other);
}

TEST_F(IexFeedTest, KeepsAuctionsAndOfficialPrices) {
  say([&](auto to) {
    return iex::encode_auction_information(to, 'C', now, kSymbol,
                                           {.paired_shares = 1000,
                                            .reference_price = 11,
                                            .indicative_clearing_price = 12,
                                            .imbalance_shares = 300,
                                            .imbalance_side = 'S',
                                            .extension_number = 2,
                                            .scheduled_time_s = 1'517'060'700,
                                            .auction_book_clearing_price = 13,
                                            .collar_reference_price = 14,
                                            .lower_collar = 15,
                                            .upper_collar = 16});
  });
  say([&](auto to) { return iex::encode_official_price(to, 'Q', now, kSymbol, 17); });
  say([&](auto to) { return iex::encode_official_price(to, 'M', now, kSymbol, 18); });
  const market::AuctionRecord& record = market.auctions(id());
  EXPECT_EQ(record.latest.kind, AuctionKind::closing);
  EXPECT_EQ(record.latest.time_ns, static_cast<std::uint64_t>(kNoon));
  EXPECT_EQ(record.latest.paired_shares, 1000U);
  EXPECT_EQ(record.latest.reference_price, Price{11});
  EXPECT_EQ(record.latest.indicative_price, Price{12});
  EXPECT_EQ(record.latest.imbalance_shares, 300U);
  EXPECT_EQ(record.latest.imbalance_side, Side::sell);
  EXPECT_EQ(record.latest.extensions, 2U);
  EXPECT_EQ(record.latest.scheduled_time_s, 1'517'060'700U);
  EXPECT_EQ(record.latest.book_price, Price{13});
  EXPECT_EQ(record.latest.collar_reference_price, Price{14});
  EXPECT_EQ(record.latest.lower_collar, Price{15});
  EXPECT_EQ(record.latest.upper_collar, Price{16});
  EXPECT_EQ(record.official_opening, Price{17});
  EXPECT_EQ(record.official_closing, Price{18});
}

TEST_F(IexFeedTest, TimeOfTheExchangeClosesBars) {
  trade(100, 50, 1);
  now += kSecond;
  trade(100, 52, 2);
  ASSERT_EQ(sink.bars.size(), 1U);
  EXPECT_EQ(sink.bars.front().start_ns, static_cast<std::uint64_t>(kNoon));
  say([&](auto to) { return iex::encode_system_event(to, 'C', now); });
  EXPECT_EQ(sink.bars.size(), 3U);
  EXPECT_EQ(feed.counts().last_system_event.get(), std::uint64_t{'C'});
}

TEST_F(IexFeedTest, ImpossibleTimesDoNotMoveTheClock) {
  trade(100, 50, 1);
  for (const std::int64_t wrong :
       {std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(),
        std::numeric_limits<std::int64_t>::max(), kNoon + 5 * 86'400 * kSecond}) {
    now = wrong;
    trade(100, 50, 2);
  }
  EXPECT_EQ(feed.counts().bad_timestamps.get(), 4U);
  EXPECT_EQ(market.now(), static_cast<std::uint64_t>(kNoon));
  EXPECT_EQ(totals().trades, 5U);
}

TEST_F(IexFeedTest, NewSessionForgetsTheFormer) {
  feed.on_session(Nothing{}, 1);
  EXPECT_EQ(feed.counts().session_changes.get(), 0U);
  bid(100, 50);
  bid(90, 51, false);
  trade(100, 50, 1);
  feed.on_session(Nothing{}, 1);
  EXPECT_EQ(feed.counts().session_changes.get(), 1U);
  EXPECT_EQ(feed.symbols().size(), 0U);
  now -= 10 * 86'400 * kSecond;  // the time begins anew, too
  level<iex::SellLevelUpdate>(kOther, 5, 200);
  EXPECT_EQ(id(kOther), InstrumentId{0});
  EXPECT_THAT(side(Side::buy, kOther), ElementsAre());
  EXPECT_EQ(market.totals(InstrumentId{0}).volume, 0U);
  EXPECT_EQ(feed.counts().bad_timestamps.get(), 0U);
  EXPECT_EQ(market.now(), static_cast<std::uint64_t>(now));
}

TEST_F(IexFeedTest, LateJoinLeavesLevelsStaleButNotQuotes) {
  feed.on_session(Nothing{}, 500);
  EXPECT_EQ(feed.counts().late_joins.get(), 1U);
  EXPECT_TRUE(market.totals_incomplete());
  quote({.bid_size = 100, .bid_price = 50, .ask_price = 60, .ask_size = 200});
  EXPECT_TRUE(market.is_book_whole(id()));

  feed.on_session(Nothing{}, 500);
  bid(100, 50);
  EXPECT_FALSE(market.is_book_whole(id()));
}

TEST_F(IexFeedTest, SessionSeenFromItsFirstMessageIsWhole) {
  feed.on_session(Nothing{}, 1);
  bid(100, 50);
  EXPECT_TRUE(market.is_book_whole(id()));
  EXPECT_FALSE(market.totals_incomplete());
}

TEST_F(IexFeedTest, CountsWhatItCanNotDecode) {
  const auto apply = [&](std::size_t bytes, char type) {
    out.fill(std::byte{' '});
    out.front() = static_cast<std::byte>(type);
    feed.apply(std::span{out}.first(bytes));
  };
  apply(0, 'T');
  apply(37, 'T');
  apply(80, 'Z');
  EXPECT_EQ(feed.counts().empty.get(), 1U);
  EXPECT_EQ(feed.counts().wrong_lengths.get(), 2U);
  EXPECT_EQ(feed.counts().unknown_types.get(), 1U);
  EXPECT_EQ(feed.counts().by_type['T'].get(), 1U);
  EXPECT_EQ(feed.counts().messages(), 3U);
  apply(38, 'T');  // a symbol of spaces
  EXPECT_EQ(feed.counts().refused_symbols.get(), 1U);
  EXPECT_EQ(feed.symbols().size(), 0U);
}

TEST_F(IexFeedTest, TakesEveryRealMessage) {
  for (const auto& vector : iex::test::kVectors) {
    auto message = iex::test::from_hex(vector.hex);
    feed.apply(message);
    message.push_back(std::byte{0});
    feed.apply(message);
  }
  EXPECT_EQ(feed.counts().longer.get(), iex::test::kVectors.size());
  EXPECT_EQ(feed.counts().wrong_lengths.get(), 0U);
  EXPECT_EQ(feed.counts().unknown_types.get(), 0U);
  EXPECT_EQ(feed.counts().messages(), 2 * iex::test::kVectors.size());
}

// The claim: no message can break the market, whatever it says.
TEST_F(IexFeedTest, SurvivesRandomMessagesOfAllTypes) {
  std::mt19937_64 random{20170710};
  constexpr std::array<std::string_view, 3> kSymbols{"AAPL    ", "SPY     ", "ZVZZT   "};
  for (int i = 0; i < 200'000; ++i) {
    const auto& type = iex::kMessageTypes.at(random() % iex::kMessageTypes.size());
    for (std::byte& byte : out) byte = static_cast<std::byte>(random() % 4 == 0 ? random() : 0);
    out.front() = static_cast<std::byte>(type.type);
    if (type.bytes > 18) {
      const std::string_view symbol = kSymbols.at(random() % kSymbols.size());
      std::memcpy(out.data() + 10, symbol.data(), symbol.size());
      // Few orders and prices, so that messages meet.
      codec::store_le(out.data() + 18, std::uint64_t{random() % 64});
    }
    feed.on_message(next++, std::span{out}.first(type.bytes), Nothing{});
    if (random() % 1000 == 0) feed.on_gap(Lost{});
    if (random() % 5000 == 0) feed.on_session(Nothing{}, random() % 3);
  }
  EXPECT_EQ(feed.counts().messages(), 200'000U);
  EXPECT_EQ(feed.counts().wrong_lengths.get(), 0U);
}

}  // namespace
}  // namespace tapeline::feed

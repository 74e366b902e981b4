#include "app/simulate/session.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "naive_market.hpp"

namespace tapeline::simulate {
namespace {

constexpr std::uint64_t kNoon = 12 * 3600 * kNanosPerSecond;

struct Digest {
  std::uint64_t hash = 0xCBF29CE484222325U;  // FNV-1a
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::map<char, std::uint64_t> by_type;
};

[[nodiscard]] Digest digest_of(const SessionConfig& config) {
  Session session{config};
  std::array<std::byte, codec::itch::kMaxMessageBytes> message;
  Digest digest;
  while (const std::size_t bytes = session.next(message)) {
    for (std::size_t i = 0; i < bytes; ++i) {
      digest.hash = (digest.hash ^ static_cast<std::uint64_t>(message[i])) * 0x100000001B3U;
    }
    ++digest.messages;
    digest.bytes += bytes;
    ++digest.by_type[static_cast<char>(message[0])];
  }
  return digest;
}

// The bytes of sessions are promised to stay the same: other tests and bundled files rely on it.
// Whoever changes them on purpose makes the files in tests/data anew.
TEST(Session, BytesOfSeedOneStayTheSame) {
  const Digest digest = digest_of({.seed = 1, .messages = 15'000, .instruments = 200});
  EXPECT_EQ(digest.messages, 15'000U);
  EXPECT_EQ(digest.hash, 3'994'051'124'532'605'518U);
}

TEST(Session, SameSeedGivesSameBytesAndAnotherSeedOthers) {
  const SessionConfig config{.seed = 5, .messages = 20'000, .instruments = 300};
  SessionConfig other = config;
  other.seed = 6;
  EXPECT_EQ(digest_of(config).hash, digest_of(config).hash);
  EXPECT_NE(digest_of(config).hash, digest_of(other).hash);
}

TEST(Session, BarsInTheLedgerDoNotChangeTheMessages) {
  SessionConfig config{.seed = 5, .messages = 20'000, .instruments = 300};
  const std::uint64_t without = digest_of(config).hash;
  config.keep_bars = true;
  EXPECT_EQ(digest_of(config).hash, without);
}

TEST(Session, HasExactlyTheMessagesAskedFor) {
  for (const std::uint32_t instruments : {20U, 50U, 400U}) {
    for (const std::uint64_t more : {0U, 1U, 777U, 20'000U}) {
      for (const std::uint64_t seed : {1U, 2U, 3U}) {
        const std::uint64_t messages = minimum_messages(instruments) + more;
        EXPECT_EQ(
            digest_of({.seed = seed, .messages = messages, .instruments = instruments}).messages,
            messages);
      }
    }
  }
}

TEST(Session, HasEveryMessageType) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    const Digest digest = digest_of({.seed = seed, .messages = 15'000, .instruments = 200});
    for (const char type : kMessageTypes) {
      EXPECT_GT(digest.by_type.count(type), 0U) << type << " seed " << seed;
    }
  }
}

TEST(Session, MixIsThatOfARealDay) {
  const Digest digest = digest_of({.seed = 3, .messages = 2'000'000, .instruments = 1'000});
  const auto percent = [&](std::initializer_list<char> types) {
    std::uint64_t sum = 0;
    for (const char type : types) sum += digest.by_type.at(type);
    return 100.0 * static_cast<double>(sum) / static_cast<double>(digest.messages);
  };
  EXPECT_NEAR(percent({'A', 'F'}), 45.0, 1.5);
  EXPECT_NEAR(percent({'D'}), 40.0, 1.5);
  EXPECT_NEAR(percent({'U'}), 8.0, 0.7);
  EXPECT_NEAR(percent({'E'}), 3.0, 1.0);
  EXPECT_NEAR(percent({'X'}), 1.5, 0.3);
  EXPECT_NEAR(percent({'P'}), 0.8, 0.3);
  EXPECT_NEAR(percent({'F'}) / percent({'A', 'F'}), 0.05, 0.005);
  EXPECT_GT(percent({'C'}), 0.05);
  EXPECT_LT(percent({'C'}), 1.0);
}

TEST(Session, RefusesWhatItCanNotMake) {
  EXPECT_THROW((Session{{.messages = 1'000'000, .instruments = 19}}), std::invalid_argument);
  EXPECT_THROW((Session{{.messages = 9'000'000, .instruments = 60'001}}), std::invalid_argument);
  EXPECT_THROW((Session{{.messages = minimum_messages(50) - 1, .instruments = 50}}),
               std::invalid_argument);
}

class WholeSession : public ::testing::TestWithParam<SessionConfig> {
 protected:
  void SetUp() override {
    session_ = std::make_unique<Session>(GetParam());
    std::array<std::byte, codec::itch::kMaxMessageBytes> message;
    while (const std::size_t bytes = session_->next(message)) {
      market_.take(std::span{message}.first(bytes));
      EXPECT_EQ(session_->time_ns(), market_.last_time_ns);
      noon_ += session_->time_ns() < kNoon ? 1U : 0U;
    }
  }

  std::unique_ptr<Session> session_;
  NaiveMarket market_;
  std::uint64_t noon_ = 0;  // messages before it
};

TEST_P(WholeSession, NoMessageContradictsAnother) {
  EXPECT_EQ(market_.fault_count, 0U);
  for (const std::string& fault : market_.faults) ADD_FAILURE() << fault;
}

TEST_P(WholeSession, IsCompleteAndRealistic) {
  EXPECT_EQ(market_.events, "OSQMEC");
  EXPECT_EQ(market_.symbols.size(), GetParam().instruments);
  EXPECT_GT(market_.ref_gaps, GetParam().messages / 10);
  EXPECT_GT(market_.zero_share_crosses, GetParam().instruments / 4);
  EXPECT_GT(market_.unprinted_executions, GetParam().instruments / 20);
  EXPECT_GT(noon_, GetParam().messages / 3);
  EXPECT_LT(noon_, GetParam().messages * 9 / 10);
  EXPECT_TRUE(session_->is_settled());
}

TEST_P(WholeSession, LedgerEqualsNaiveModel) {
  ASSERT_EQ(session_->ledger().truths().size(), GetParam().instruments + 1);
  std::uint64_t trades = 0;
  std::uint64_t broken = 0;
  for (std::uint16_t locate = 0; locate <= GetParam().instruments; ++locate) {
    const InstrumentTruth& truth = session_->ledger().truths()[locate];
    const NaiveMarket::Totals totals = market_.totals(locate);
    EXPECT_EQ(truth.trades, totals.trades) << locate;
    EXPECT_EQ(truth.broken, totals.broken) << locate;
    EXPECT_EQ(truth.volume, totals.volume) << locate;
    EXPECT_TRUE(truth.notional == totals.notional) << locate;
    for (std::size_t i = 0; i < kMessageTypes.size(); ++i) {
      const auto found = market_.by_type.find({locate, kMessageTypes[i]});
      EXPECT_EQ(truth.messages[i], found == market_.by_type.end() ? 0 : found->second);
    }
    trades += totals.trades;
    broken += totals.broken;
  }
  EXPECT_GT(trades, GetParam().messages / 200);
  EXPECT_GT(broken, 0U);
}

void expect_levels(std::span<const Level> levels, const NaiveMarket::Levels& expected,
                   bool rising) {
  ASSERT_EQ(levels.size(), expected.size());
  std::size_t at = 0;
  for (const auto& [price, level] : expected) {
    const Level& found = rising ? levels[at] : levels[levels.size() - 1 - at];
    EXPECT_EQ(found.price, price);
    EXPECT_EQ(found.shares, level.shares);
    EXPECT_EQ(found.orders, level.orders);
    ++at;
  }
}

TEST_P(WholeSession, BooksEqualNaiveModel) {
  for (std::uint16_t i = 0; i < GetParam().instruments; ++i) {
    const auto locate = static_cast<std::uint16_t>(i + 1);
    EXPECT_EQ(std::string{session_->instruments()[i].symbol.trimmed()}, market_.symbols[locate]);
    expect_levels(session_->books().levels(i, Side::buy), market_.levels(locate, 'B'), true);
    expect_levels(session_->books().levels(i, Side::sell), market_.levels(locate, 'S'), false);
  }
}

void expect_bars(const std::vector<Bar>& bars, const NaiveMarket::Bars& expected) {
  ASSERT_EQ(bars.size(), expected.size());
  auto bar = bars.begin();
  for (const auto& [start, naive] : expected) {
    EXPECT_EQ(bar->start, start);
    EXPECT_EQ(bar->open, naive.open);
    EXPECT_EQ(bar->high, naive.high);
    EXPECT_EQ(bar->low, naive.low);
    EXPECT_EQ(bar->close, naive.close);
    EXPECT_EQ(bar->volume, naive.volume);
    EXPECT_EQ(bar->trades, naive.trades);
    EXPECT_TRUE(bar->notional == naive.notional);
    ++bar;
  }
}

TEST_P(WholeSession, BarsEqualNaiveModel) {
  for (std::uint16_t locate = 1; locate <= GetParam().instruments; ++locate) {
    const InstrumentTruth& truth = session_->ledger().truths()[locate];
    expect_bars(second_bars(truth), market_.seconds(locate));
    expect_bars(minute_bars(truth), market_.minutes(locate));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, WholeSession,
    ::testing::Values(
        SessionConfig{.seed = 1, .messages = 15'000, .instruments = 200, .keep_bars = true},
        SessionConfig{.seed = 2, .messages = 100'000, .instruments = 40, .keep_bars = true},
        SessionConfig{.seed = 3, .messages = 1'300, .instruments = 20, .keep_bars = true}),
    [](const auto& test) { return std::to_string(test.param.messages); });

}  // namespace
}  // namespace tapeline::simulate

#include "app/simulate/player.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "app/simulate/iex_session.hpp"
#include "codec/iextp/decoder.hpp"
#include "codec/moldudp64/decoder.hpp"

namespace tapeline::simulate {
namespace {

namespace iextp = codec::iextp;
namespace moldudp64 = codec::moldudp64;

constexpr std::uint64_t kSecond = 1'000'000'000;

// Time passes only in sleep_until(), which comes back a little late, as in life.
class FakeClock {
 public:
  [[nodiscard]] std::uint64_t now_ns() const noexcept { return now_ns_; }
  void sleep_until(std::uint64_t ns) noexcept {
    EXPECT_GT(ns, now_ns_);
    now_ns_ = ns + late_ns_;
    ++sleeps_;
  }

  std::uint64_t now_ns_ = 77 * kSecond;
  std::uint64_t late_ns_ = 60'000;
  std::uint64_t sleeps_ = 0;
};

struct Sent {
  std::uint64_t time_ns;
  moldudp64::ParsedHeader header;
  std::size_t bytes;
};

class FakeLink {
 public:
  explicit FakeLink(FakeClock& clock) : clock_{clock} {}

  void send(std::span<const std::span<const std::byte>> packets) {
    clock_.now_ns_ += cost_ns_;
    for (const auto packet : packets) {
      sent_.push_back({clock_.now_ns_, moldudp64::parse_header(packet), packet.size()});
      const auto status = moldudp64::for_each_message(
          packet, [&](std::uint64_t sequence, std::span<const std::byte> message) {
            EXPECT_EQ(sequence, messages_.size() + 1);
            messages_.emplace_back(message.begin(), message.end());
          });
      EXPECT_FALSE(codec::is_malformed(status));
    }
  }

  FakeClock& clock_;
  std::uint64_t cost_ns_ = 1'000;
  std::vector<Sent> sent_;
  std::vector<std::vector<std::byte>> messages_;
};

struct Watch {
  [[nodiscard]] bool keep_going(std::uint64_t messages) const { return messages < stop_at; }
  std::uint64_t stop_at = std::numeric_limits<std::uint64_t>::max();
};

class PlayerTest : public ::testing::Test {
 protected:
  PlayCounts play() {
    Player player{options_, feed_, clock_, link_, watch_};
    return player.play();
  }
  [[nodiscard]] std::size_t count(moldudp64::PacketStatus status) const {
    std::size_t found = 0;
    for (const Sent& sent : link_.sent_) found += sent.header.status == status ? 1U : 0U;
    return found;
  }

  static constexpr SessionConfig kConfig{.messages = 20'000, .instruments = 50};

  PlayOptions options_{.session = moldudp64::Session::from_text("LIVE")};
  Session session_{kConfig};
  GeneratedFeed feed_{session_};
  FakeClock clock_;
  FakeLink link_{clock_};
  Watch watch_;
};

TEST_F(PlayerTest, SendsTheWholeSessionInOrder) {
  const PlayCounts counts = play();
  EXPECT_EQ(counts.messages, kConfig.messages);
  EXPECT_EQ(counts.packets, link_.sent_.size());
  EXPECT_FALSE(counts.was_stopped);
  Session again{kConfig};
  std::array<std::byte, codec::itch::kMaxMessageBytes> message;
  for (const auto& sent : link_.messages_) {
    const std::size_t bytes = again.next(message);
    ASSERT_TRUE(std::ranges::equal(sent, std::span{message}.first(bytes)));
  }
  EXPECT_EQ(again.next(message), 0U);
}

TEST_F(PlayerTest, KeepsTheRateFromTheStartWithoutDrift) {
  options_.rate = 10'000;
  const std::uint64_t start_ns = clock_.now_ns();
  const PlayCounts counts = play();
  EXPECT_NEAR(static_cast<double>(counts.sending_ns), 2.0 * kSecond, 0.002 * kSecond);
  for (const Sent& sent : link_.sent_) {
    if (sent.header.status != moldudp64::PacketStatus::ok) continue;
    const std::uint64_t messages = sent.header.header.sequence - 1 + sent.header.header.count;
    const std::uint64_t due_ns = start_ns + messages * kSecond / options_.rate;
    EXPECT_GE(sent.time_ns, due_ns);              // never ahead
    EXPECT_LE(sent.time_ns, due_ns + 1'000'000);  // and not behind by more than some ticks
  }
}

TEST_F(PlayerTest, CatchesUpAfterAPause) {
  options_.rate = 100'000;
  clock_.late_ns_ = 50'000'000;  // a badly scheduled process
  const PlayCounts counts = play();
  EXPECT_EQ(counts.messages, kConfig.messages);
  EXPECT_LT(counts.sending_ns, 0.3 * kSecond);
}

TEST_F(PlayerTest, MaximumRateNeverSleepsBeforeTheEnd) {
  options_.rate = 0;
  const PlayCounts counts = play();
  EXPECT_EQ(counts.messages, kConfig.messages);
  EXPECT_EQ(clock_.sleeps_, options_.end_packets - 1);
}

TEST_F(PlayerTest, DurationEndsTheSessionEarly) {
  options_.rate = 10'000;
  options_.duration_ns = kSecond;
  const PlayCounts counts = play();
  EXPECT_EQ(counts.messages, 10'000U);
  EXPECT_FALSE(counts.was_stopped);
  EXPECT_EQ(count(moldudp64::PacketStatus::end_of_session), 3U);
  EXPECT_TRUE(session_.is_settled());
}

TEST_F(PlayerTest, DurationAndRateThatMakeUpTheSessionSendAllOfIt) {
  options_.rate = 10'000;
  options_.duration_ns = 2 * kSecond;
  EXPECT_EQ(play().messages, kConfig.messages);
}

TEST_F(PlayerTest, DurationEndsMaximumRateToo) {
  options_.rate = 0;
  options_.duration_ns = 5'000;
  const PlayCounts counts = play();
  EXPECT_LT(counts.messages, kConfig.messages);
  EXPECT_GT(counts.messages, 0U);
}

TEST_F(PlayerTest, IdleSecondsHaveHeartbeats) {
  options_.rate = 1;
  options_.heartbeat_ns = kSecond / 4;
  options_.duration_ns = 10 * kSecond;
  play();
  EXPECT_GE(count(moldudp64::PacketStatus::heartbeat), 25U);
  EXPECT_LE(count(moldudp64::PacketStatus::heartbeat), 40U);
  std::uint64_t last_ns = link_.sent_.front().time_ns;
  for (const Sent& sent : link_.sent_) {
    EXPECT_LE(sent.time_ns - last_ns, kSecond / 4 + 1'000'000);
    last_ns = sent.time_ns;
  }
}

TEST_F(PlayerTest, LeadAnnouncesTheSessionBeforeItsFirstMessage) {
  options_.lead_ns = kSecond;
  play();
  ASSERT_GT(link_.sent_.size(), 11U);
  for (const Sent& sent : std::span{link_.sent_}.first(10)) {
    EXPECT_EQ(sent.header.status, moldudp64::PacketStatus::heartbeat);
    EXPECT_EQ(sent.header.header.sequence, 1U);
  }
  EXPECT_EQ(link_.sent_[10].header.status, moldudp64::PacketStatus::ok);
  EXPECT_GE(link_.sent_[10].time_ns - link_.sent_[0].time_ns, kSecond);
  EXPECT_EQ(link_.messages_.size(), kConfig.messages);
}

TEST_F(PlayerTest, StopEndsTheLead) {
  options_.lead_ns = 1'000 * kSecond;
  watch_.stop_at = 0;
  const PlayCounts counts = play();
  EXPECT_TRUE(counts.was_stopped);
  EXPECT_EQ(counts.messages, 0U);
  EXPECT_EQ(count(moldudp64::PacketStatus::heartbeat), 0U);
}

TEST_F(PlayerTest, StopsInOrderWithWhatTheLedgerTells) {
  watch_.stop_at = 5'000;
  const PlayCounts counts = play();
  EXPECT_TRUE(counts.was_stopped);
  EXPECT_GE(counts.messages, 5'000U);
  EXPECT_LT(counts.messages, 10'000U);
  EXPECT_TRUE(session_.is_settled());
  std::uint64_t told = 0;
  for (const InstrumentTruth& truth : session_.ledger().truths()) {
    for (const std::uint64_t messages : truth.messages) told += messages;
  }
  EXPECT_EQ(told, counts.messages);
  EXPECT_EQ(link_.messages_.size(), counts.messages);
}

TEST_F(PlayerTest, EndOfSessionIsSaidThreeTimesApart) {
  play();
  ASSERT_GE(link_.sent_.size(), 3U);
  const std::span last{link_.sent_.end() - 3, 3};
  for (const Sent& sent : last) {
    EXPECT_EQ(sent.header.status, moldudp64::PacketStatus::end_of_session);
    EXPECT_EQ(sent.header.header.sequence, kConfig.messages + 1);
  }
  EXPECT_GE(last[2].time_ns - last[0].time_ns, 2 * options_.end_interval_ns);
}

TEST_F(PlayerTest, EndOfSessionIsSaidEachSecondWhileItLingers) {
  options_.linger_ns = 10 * kSecond;
  play();
  EXPECT_GE(count(moldudp64::PacketStatus::end_of_session), 12U);
  EXPECT_LE(count(moldudp64::PacketStatus::end_of_session), 13U);
  const std::span last{link_.sent_.end() - 12, 12};
  EXPECT_GE(last.back().time_ns - last.front().time_ns, 9 * kSecond);
}

TEST_F(PlayerTest, StopEndsTheLingering) {
  options_.linger_ns = 1'000 * kSecond;
  watch_.stop_at = kConfig.messages;
  play();
  EXPECT_EQ(count(moldudp64::PacketStatus::end_of_session), 3U);
}

// Messages with times of their own: one each 10 ms.
class PacedFeed {
 public:
  [[nodiscard]] std::optional<FeedMessage> next() {
    if (given_ == 100) return std::nullopt;
    return FeedMessage{std::span{message_}, 5'000 + 10'000'000 * given_++};
  }
  [[nodiscard]] bool is_settled() const { return true; }

 private:
  std::array<std::byte, 30> message_{};
  std::uint64_t given_ = 0;
};

TEST_F(PlayerTest, SpeedSendsEachMessageAtItsOwnTime) {
  options_.speed = 2;
  PacedFeed feed;
  const std::uint64_t start_ns = clock_.now_ns();
  Player player{options_, feed, clock_, link_, watch_};
  EXPECT_EQ(player.play().messages, 100U);
  for (std::size_t at = 0; at < 100; ++at) {
    EXPECT_EQ(link_.sent_[at].header.header.count, 1);
    EXPECT_GE(link_.sent_[at].time_ns, start_ns + at * 5'000'000);
    EXPECT_LE(link_.sent_[at].time_ns, start_ns + at * 5'000'000 + 1'000'000);
  }
}

TEST_F(PlayerTest, DurationEndsSpeedToo) {
  options_.speed = 1;
  options_.duration_ns = kSecond / 2;
  PacedFeed feed;
  Player player{options_, feed, clock_, link_, watch_};
  const PlayCounts counts = player.play();
  EXPECT_GE(counts.messages, 50U);
  EXPECT_LE(counts.messages, 51U);
}

// Holds every packet for 5 ms.
class LateLink {
 public:
  explicit LateLink(FakeClock& clock) : clock_{clock} {}

  void send(std::span<const std::span<const std::byte>> packets) {
    clock_.now_ns_ += 1'000;
    for (std::size_t i = 0; i < packets.size(); ++i) due_.push_back(clock_.now_ns_ + 5'000'000);
  }
  void send_due() {
    while (sent_ < due_.size() && due_[sent_] <= clock_.now_ns_) {
      latest_ns_ = std::max(latest_ns_, clock_.now_ns_ - due_[sent_++]);
    }
  }
  [[nodiscard]] std::uint64_t next_due_ns() const {
    return sent_ < due_.size() ? due_[sent_] : std::numeric_limits<std::uint64_t>::max();
  }

  FakeClock& clock_;
  std::vector<std::uint64_t> due_;
  std::size_t sent_ = 0;
  std::uint64_t latest_ns_ = 0;
};

TEST_F(PlayerTest, PacketsThatAreLateInTheLinkAllLeaveInTime) {
  options_.rate = 100'000;
  LateLink link{clock_};
  Player player{options_, feed_, clock_, link, watch_};
  const PlayCounts counts = player.play();
  EXPECT_EQ(link.sent_, counts.packets);
  EXPECT_LE(link.latest_ns_, 1'000'000U);
}

// Takes segments of IEX-TP, which have to be one stream.
struct SegmentLink {
  void send(std::span<const std::span<const std::byte>> packets) {
    for (const auto packet : packets) {
      const iextp::ParsedHeader parsed = iextp::parse_header(packet);
      EXPECT_TRUE(iextp::is_segment(packet));
      EXPECT_EQ(parsed.header.sequence, last_.next_sequence());
      EXPECT_EQ(parsed.header.stream_offset, last_.next_offset());
      EXPECT_EQ(parsed.header.send_time_ns, static_cast<std::uint64_t>(kZero) + clock_.now_ns());
      last_ = parsed.header;
      beats_ += parsed.status == iextp::PacketStatus::heartbeat ? 1U : 0U;
      const auto status = iextp::for_each_message(
          packet, [&](std::uint64_t /*sequence*/, std::span<const std::byte> message) {
            messages_.emplace_back(message.begin(), message.end());
          });
      EXPECT_FALSE(codec::is_malformed(status));
    }
  }

  static iextp::Header first_header() {
    iextp::Header header{};
    header.sequence = 1;
    return header;
  }

  static constexpr std::int64_t kZero = 1'700'000'000'000'000'000;
  FakeClock& clock_;
  iextp::Header last_ = first_header();
  std::uint64_t beats_ = 0;
  std::vector<std::vector<std::byte>> messages_{};
};

TEST_F(PlayerTest, IexIsOneStreamOfSegmentsThatSayWhenTheyAreSent) {
  options_.session = iextp::Session::from(iextp::Protocol::deep, 1, 5);
  options_.zero_unix_ns = SegmentLink::kZero;
  options_.rate = 1'000;
  options_.heartbeat_ns = 250'000;
  IexSession day{session_, iextp::Protocol::deep, 0};
  IexSessionFeed feed{day};
  SegmentLink link{clock_};
  Player player{options_, feed, clock_, link, watch_};
  const PlayCounts counts = player.play();
  EXPECT_EQ(link.messages_.size(), counts.messages);
  EXPECT_EQ(link.last_.next_sequence(), counts.messages + 1);
  EXPECT_GT(link.beats_, 1'000U);

  Session again{kConfig};
  IexSession same{again, iextp::Protocol::deep, 0};
  std::size_t next = 0;
  while (same.next()) {
    for (const IexSession::Message& message : same.messages()) {
      ASSERT_TRUE(std::ranges::equal(link.messages_.at(next++), message.bytes()));
    }
  }
  EXPECT_EQ(next, link.messages_.size());
}

TEST_F(PlayerTest, PacketsKeepTheirBounds) {
  options_.rate = 0;
  options_.cut = {.packet_bytes = 500, .packet_messages = 5};
  play();
  for (const Sent& sent : link_.sent_) {
    EXPECT_LE(sent.bytes, 500U);
    if (sent.header.status == moldudp64::PacketStatus::ok) {
      EXPECT_LE(sent.header.header.count, 5);
    }
  }
}

}  // namespace
}  // namespace tapeline::simulate

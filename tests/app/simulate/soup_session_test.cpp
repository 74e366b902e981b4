#include "app/simulate/soup_session.hpp"

#include <gtest/gtest.h>

#include <string>

#include "app/simulate/glimpse_service.hpp"
#include "app/simulate/live_service.hpp"
#include "app/simulate/random.hpp"
#include "codec/glimpse/end_of_snapshot.hpp"
#include "tests/app/simulate/generated_messages.hpp"

namespace tapeline::simulate {
namespace {

namespace soup = codec::soupbintcp;
using soup::PacketType;
using testing::Message;
using testing::Messages;
using End = SoupSession::End;

constexpr std::uint64_t kSecond = 1'000'000'000;

struct Told {
  PacketType type;
  Message payload;
};

class SoupSessionTest : public ::testing::Test {
 protected:
  SoupSessionTest() { testing::append(store_, messages_); }

  void connect() { session_ = std::make_unique<SoupSession>(shared_, now_); }

  void give(std::span<const std::byte> bytes) { session_->on_bytes(bytes, now_); }
  void give(PacketType type, std::string_view payload = {}) {
    std::vector<std::byte> out(soup::kHeaderBytes + payload.size());
    soup::write_packet(out, type, std::as_bytes(std::span{payload}));
    give(out);
  }
  static std::vector<std::byte> login(std::uint64_t sequence, std::string_view session = "",
                                      std::string_view user = "trader",
                                      std::string_view password = "secret") {
    std::vector<std::byte> out(soup::kHeaderBytes + soup::kLoginRequestBytes);
    soup::write_login_request(out, user, password, soup::Session::from_text(session), sequence);
    return out;
  }

  // Everything that is to be written now.
  std::vector<Told> take() {
    std::vector<std::byte> all;
    for (;;) {
      const std::size_t bytes = session_->fill(out_, now_);
      if (bytes == 0) break;
      all.insert(all.end(), out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(bytes));
      if (session_->end() != End::none) break;
    }
    std::vector<Told> told;
    std::span<const std::byte> rest{all};
    for (auto packet = soup::next_packet(rest); packet.status == soup::FrameStatus::ok;
         packet = soup::next_packet(rest)) {
      told.push_back({packet.type, testing::as_message(packet.payload)});
      rest = rest.subspan(packet.bytes);
    }
    cut_bytes_ = rest.size();
    return told;
  }
  // Requires: the first packet accepts the login.
  static std::uint64_t accepted(const std::vector<Told>& told) {
    EXPECT_EQ(told.at(0).type, PacketType::login_accepted);
    const auto parsed = soup::parse_login_accepted(told.at(0).payload);
    EXPECT_TRUE(parsed && parsed->session == soup::Session::from_text("TODAY"));
    return parsed ? parsed->sequence : 0;
  }
  static Messages sequenced(const std::vector<Told>& told) {
    Messages messages;
    for (const Told& packet : told) {
      if (packet.type == PacketType::sequenced) messages.push_back(packet.payload);
    }
    return messages;
  }
  Messages sent_from(std::uint64_t first) const {
    return {messages_.begin() + static_cast<std::ptrdiff_t>(first - 1), messages_.end()};
  }
  static void expect_rejected(const std::vector<Told>& told, soup::RejectReason reason) {
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].type, PacketType::login_rejected);
    EXPECT_EQ(soup::parse_login_rejected(told[0].payload), reason);
  }

  Messages messages_ = testing::generate({.messages = 5'000, .instruments = 20});
  MessageStore store_{MessageStore::kMinHistoryBytes};
  LiveService service_{store_, soup::Session::from_text("TODAY")};
  SoupSession::Shared shared_{.service = service_, .accounts = {}, .faults = {}, .counters = {}};
  std::uint64_t now_ = 100 * kSecond;
  std::unique_ptr<SoupSession> session_;
  std::vector<std::byte> out_ = std::vector<std::byte>(SoupSession::kMinFillBytes);
  std::size_t cut_bytes_ = 0;  // of the last packet taken
};

TEST_F(SoupSessionTest, SaysNothingBeforeALogin) {
  connect();
  EXPECT_TRUE(take().empty());
  now_ += 5 * kSecond;
  session_->on_timer(now_);
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(session_->end(), End::none);
}

TEST_F(SoupSessionTest, SendsTheWholeSessionFromOne) {
  connect();
  give(login(1));
  const auto told = take();
  EXPECT_EQ(accepted(told), 1U);
  EXPECT_EQ(sequenced(told), messages_);
  EXPECT_EQ(session_->end(), End::none);
  EXPECT_EQ(shared_.counters.messages.get(), messages_.size());
}

TEST_F(SoupSessionTest, ResumesAtTheNumberAskedFor) {
  for (const std::uint64_t first : {2U, 1'234U, 5'000U, 5'001U}) {
    connect();
    give(login(first, "TODAY"));
    const auto told = take();
    EXPECT_EQ(accepted(told), first);
    EXPECT_EQ(sequenced(told), sent_from(first));
  }
}

TEST_F(SoupSessionTest, ZeroStartsAtTheNextNewMessage) {
  connect();
  give(login(0));
  const auto told = take();
  EXPECT_EQ(accepted(told), 5'001U);
  EXPECT_EQ(told.size(), 1U);
  store_.append(messages_[7]);
  store_.publish();
  EXPECT_EQ(sequenced(take()), Messages{messages_[7]});
}

TEST_F(SoupSessionTest, StartsAtTheOldestIfTheNumberIsNoLongerHeld) {
  for (int i = 0; i < 2'000; ++i) store_.append(Message(1'000, std::byte{1}));
  store_.publish();
  const std::uint64_t first = store_.marks().first;
  ASSERT_GT(first, 1U);
  connect();
  give(login(1));
  EXPECT_EQ(accepted(take()), first);
}

TEST_F(SoupSessionTest, RejectsOtherSessionsAndNumbersBeyondTheNext) {
  connect();
  give(login(1, "YESTERDAY"));
  expect_rejected(take(), soup::RejectReason::session_not_available);
  EXPECT_EQ(session_->end(), End::in_order);
  connect();
  give(login(5'002));
  expect_rejected(take(), soup::RejectReason::session_not_available);
  EXPECT_EQ(shared_.counters.rejected_session.get(), 2U);
  EXPECT_EQ(shared_.counters.logins.get(), 0U);
}

TEST_F(SoupSessionTest, RejectsUnknownAccounts) {
  shared_.accounts = Accounts::from_text("trader secret\n", "accounts");
  connect();
  give(login(1, "", "trader", "guess"));
  expect_rejected(take(), soup::RejectReason::not_authorized);
  connect();
  give(login(1, "", "Trader", "SECRET"));
  EXPECT_EQ(accepted(take()), 1U);
  EXPECT_EQ(shared_.counters.rejected_account.get(), 1U);
}

TEST_F(SoupSessionTest, ReadsALoginThatComesByteByByte) {
  connect();
  for (const std::byte byte : login(4'999)) give(std::span{&byte, 1});
  EXPECT_EQ(sequenced(take()).size(), 2U);
}

TEST_F(SoupSessionTest, SaysEndOfSessionBehindTheLastMessage) {
  store_.end();
  connect();
  give(login(4'000));
  const auto told = take();
  EXPECT_EQ(sequenced(told), sent_from(4'000));
  EXPECT_EQ(told.back().type, PacketType::end_of_session);
  EXPECT_EQ(session_->end(), End::in_order);
  EXPECT_EQ(shared_.counters.ends.get(), 1U);
}

TEST_F(SoupSessionTest, SendsHeartbeatsWhenItHasSentNothingForASecond) {
  connect();
  give(login(0));
  static_cast<void>(take());
  now_ += kSecond - 1;
  EXPECT_TRUE(take().empty());
  now_ += 1;
  auto told = take();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].type, PacketType::server_heartbeat);
  EXPECT_TRUE(take().empty());
  store_.append(messages_[0]);
  store_.publish();
  now_ += kSecond;
  told = take();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].type, PacketType::sequenced);
  now_ += kSecond - 1;
  EXPECT_TRUE(take().empty());
}

TEST_F(SoupSessionTest, ClientThatIsSilentFor15SecondsIsClosed) {
  connect();
  give(login(0));
  now_ += 14 * kSecond;
  session_->on_timer(now_);
  give(PacketType::client_heartbeat);
  now_ += 15 * kSecond - 1;
  session_->on_timer(now_);
  EXPECT_EQ(session_->end(), End::none);
  now_ += 1;
  session_->on_timer(now_);
  EXPECT_EQ(session_->end(), End::at_once);
  EXPECT_EQ(shared_.counters.silent_clients.get(), 1U);
}

TEST_F(SoupSessionTest, ClientThatDoesNotLogInIsClosedAfter30Seconds) {
  connect();
  now_ += 29 * kSecond;
  give(PacketType::debug, "still here");
  session_->on_timer(now_);
  EXPECT_EQ(session_->end(), End::none);
  now_ += kSecond;
  session_->on_timer(now_);
  EXPECT_EQ(session_->end(), End::at_once);
  EXPECT_EQ(shared_.counters.never_logged_in.get(), 1U);
}

TEST_F(SoupSessionTest, ClientThatIsTooFarBehindIsClosed) {
  connect();
  give(login(1));
  ASSERT_GT(session_->fill(out_, now_), 0U);  // and then it reads no more
  for (int i = 0; i < 2'000; ++i) store_.append(Message(1'000, std::byte{1}));
  store_.publish();
  session_->on_timer(now_);
  EXPECT_EQ(session_->end(), End::at_once);
  EXPECT_EQ(shared_.counters.slow_clients.get(), 1U);
}

TEST_F(SoupSessionTest, LogoutEndsInOrder) {
  connect();
  give(login(0));
  static_cast<void>(take());
  give(PacketType::logout_request);
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(session_->end(), End::in_order);
  EXPECT_EQ(shared_.counters.logouts.get(), 1U);
}

TEST_F(SoupSessionTest, WhatNoClientMaySendEndsAtOnce) {
  const std::vector<std::byte> zero(2);
  const auto expect_broken = [&](const char* what) {
    EXPECT_EQ(session_->end(), End::at_once) << what;
    EXPECT_TRUE(take().empty()) << what;
  };
  connect();
  give(zero);
  expect_broken("length 0");
  for (const char type : {'R', 'U', 'O', 'S', 'A', 'Z', 'H', 'J', 'x', '\0'}) {
    connect();
    give(static_cast<PacketType>(type), "123");
    expect_broken("before the login");
  }
  for (const char type : {'L', 'S', 'A', 'Z', 'H', 'J', 'x', '\0'}) {
    connect();
    give(login(0));
    static_cast<void>(take());
    give(static_cast<PacketType>(type), "123");
    expect_broken("after the login");
  }
  connect();
  give(PacketType::login_request, std::string(soup::kLoginRequestBytes, 'x'));
  expect_broken("a number that is none");
  connect();
  give(PacketType::login_request, std::string(soup::kLoginRequestBytes - 1, ' '));
  expect_broken("a login that is too short");
  EXPECT_EQ(shared_.counters.malformed.get(), 21U);
}

TEST_F(SoupSessionTest, IgnoresDebugAndUnsequencedDataOfAnyLength) {
  connect();
  give(PacketType::debug, std::string(soup::kMaxPayloadBytes, '+'));
  give(login(0));
  give(PacketType::unsequenced, std::string(soup::kMaxPayloadBytes, 'u'));
  give(PacketType::debug);
  EXPECT_EQ(accepted(take()), 5'001U);
  EXPECT_EQ(session_->end(), End::none);
}

// Claim: no bytes of a client make it fail, and none but a login opens the stream.
TEST_F(SoupSessionTest, SurvivesAnyBytes) {
  Random random{7};
  for (int round = 0; round < 3'000; ++round) {
    connect();
    const std::uint64_t logins = shared_.counters.logins.get();
    for (int packet = 0; packet < 5 && session_->end() == End::none; ++packet) {
      std::vector<std::byte> bytes = login(random.below(6'000));
      if (random.percent(60)) bytes.resize(1 + random.below(60));
      for (std::byte& byte : bytes) {
        if (random.percent(5)) byte = static_cast<std::byte>(random.below(256));
      }
      give(bytes);
      const bool is_open = shared_.counters.logins.get() > logins;
      EXPECT_TRUE(is_open || sequenced(take()).empty());
      now_ += random.below(20) * kSecond;
      session_->on_timer(now_);
    }
  }
  EXPECT_GT(shared_.counters.logins.get(), 10U);
  EXPECT_GT(shared_.counters.malformed.get(), 1'000U);
}

TEST_F(SoupSessionTest, FaultResetsInTheMiddleOfAPacket) {
  shared_.faults = parse_soup_faults("reset=100x1");
  connect();
  give(login(11));
  EXPECT_EQ(sequenced(take()).size(), 100U);
  EXPECT_EQ(session_->end(), End::reset);
  EXPECT_GT(cut_bytes_, 0U);
  EXPECT_LT(cut_bytes_, soup::kHeaderBytes + messages_[110].size());
  connect();
  give(login(111));
  EXPECT_EQ(sequenced(take()), sent_from(111));
  EXPECT_EQ(shared_.counters.resets.get(), 1U);
}

TEST_F(SoupSessionTest, FaultSilencesAllButTheConnection) {
  shared_.faults = parse_soup_faults("silent=3");
  connect();
  give(login(1));
  EXPECT_EQ(sequenced(take()).size(), 3U);
  for (int i = 0; i < 14; ++i) {
    now_ += kSecond;
    EXPECT_TRUE(take().empty());
    give(PacketType::client_heartbeat);
  }
  session_->on_timer(now_);
  EXPECT_EQ(session_->end(), End::none);
  EXPECT_EQ(shared_.counters.silences.get(), 1U);
}

TEST_F(SoupSessionTest, GlimpseSendsTheStateThenItsEndThenTheEndOfTheSession) {
  GlimpseService glimpse{store_, soup::Session::from_text("TODAY")};
  SoupSession::Shared shared{.service = glimpse, .accounts = {}, .faults = {}, .counters = {}};
  session_ = std::make_unique<SoupSession>(shared, now_);
  give(login(1));
  const auto told = take();
  EXPECT_EQ(accepted(told), 1U);
  EXPECT_EQ(told.back().type, PacketType::end_of_session);
  const Messages messages = sequenced(told);
  const auto end = codec::glimpse::parse_end_of_snapshot(messages.back());
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->next_sequence, 5'001U);
  EXPECT_GT(messages.size(), glimpse.builder().open_orders());
}

TEST_F(SoupSessionTest, GlimpseRejectsOtherNumbersThanOne) {
  GlimpseService glimpse{store_, soup::Session::from_text("TODAY")};
  SoupSession::Shared shared{.service = glimpse, .accounts = {}, .faults = {}, .counters = {}};
  for (const std::uint64_t sequence : {0U, 2U, 5'001U}) {
    session_ = std::make_unique<SoupSession>(shared, now_);
    give(login(sequence));
    expect_rejected(take(), soup::RejectReason::session_not_available);
  }
}

TEST_F(SoupSessionTest, GlimpseThatMissedMessagesRejectsEverybody) {
  GlimpseService glimpse{store_, soup::Session::from_text("TODAY")};
  for (int i = 0; i < 2'000; ++i) store_.append(Message(1'000, std::byte{1}));
  store_.publish();
  ASSERT_GT(store_.marks().first, 1U);
  SoupSession::Shared shared{.service = glimpse, .accounts = {}, .faults = {}, .counters = {}};
  session_ = std::make_unique<SoupSession>(shared, now_);
  give(login(1));
  expect_rejected(take(), soup::RejectReason::session_not_available);
  EXPECT_FALSE(glimpse.is_whole());
}

}  // namespace
}  // namespace tapeline::simulate

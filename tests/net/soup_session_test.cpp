#include "net/soup_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/soupbintcp/encoder.hpp"

namespace tapeline::net {
namespace {

namespace soup = codec::soupbintcp;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kSecond = 1'000'000'000;

// Writes down what it is told, in order.
struct Log {
  void on_message(std::uint64_t sequence, std::span<const std::byte> message, const Packet&) {
    lines.push_back(std::to_string(sequence) + "=" + text(message));
  }
  void on_gap(const GapRange& gap) {
    lines.push_back("gap " + std::to_string(gap.first) + "-" + std::to_string(gap.last_exclusive));
  }
  void on_login(const SoupLogin& login) {
    lines.push_back("login " + std::string{login.session.text()} + " " +
                    std::to_string(login.sequence));
  }
  void on_session(const soup::Session& session, std::uint64_t next) {
    lines.push_back("session " + std::string{session.text()} + " from " + std::to_string(next));
  }
  void on_end_of_session(const soup::Session& session) {
    lines.push_back("end " + std::string{session.text()});
  }
  void on_rejected(soup::RejectReason reason) {
    lines.push_back(std::string{"rejected "} + static_cast<char>(reason));
  }
  void on_unsequenced(std::span<const std::byte> message, const Packet&) {
    lines.push_back("unsequenced " + text(message));
  }

  static std::string text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::vector<std::string> take() { return std::exchange(lines, {}); }

  std::vector<std::string> lines;
};

class SoupSessionTest : public ::testing::Test {
 protected:
  // What the login asks for: "session sequence".
  std::string connect(std::int64_t now_ns = 0) {
    const auto bytes = session.connect(Credentials{}, now_ns);
    const auto sent = soup::next_packet(bytes);
    EXPECT_EQ(sent.type, soup::PacketType::login_request);
    const auto request = soup::parse_login_request(sent.payload);
    if (!request) return "no request";
    const std::string asked =
        std::string{request->session().text()} + " " + std::to_string(request->sequence());
    session.note_sent(now_ns);
    return asked;
  }

  // One packet; returns whether to go on.
  bool get(std::string_view content) {
    const bool go_on = session.on_content(std::as_bytes(std::span{content}), packet, log);
    session.end_stretch();
    return go_on;
  }
  bool accept(std::string_view name, std::uint64_t sequence) {
    std::vector<std::byte> out(soup::kHeaderBytes + soup::kLoginAcceptedBytes);
    soup::write_login_accepted(out, soup::Session::from_text(name), sequence);
    return get(Log::text(std::span{out}.subspan(soup::kLengthBytes)));
  }
  Retry lose(DisconnectReason reason = DisconnectReason::closed_by_peer) {
    return session.disconnected(reason).retry;
  }
  // The reason that the session itself gives.
  RetryPlan leave() { return session.disconnected(session.close_reason()); }
  std::string due(std::int64_t now_ns) {
    const auto due = session.on_timer(now_ns);
    if (due.close) return std::string{to_string(session.close_reason())};
    if (due.send.empty()) return "nothing";
    const auto sent = soup::next_packet(due.send);
    session.note_sent(now_ns);
    return sent.type == soup::PacketType::client_heartbeat ? "sent" : "garbage";
  }

  void use(const SoupSessionConfig& config) { owned.emplace(config); }
  [[nodiscard]] const SoupCounters& counters() const { return session.counters(); }

  Packet packet{};
  Log log;
  std::optional<SoupSession> owned{std::in_place, SoupSessionConfig{}};
  SoupSession& session = *owned;  // stays where it is when another one is put there
};

TEST_F(SoupSessionTest, NumbersSequencedPacketsFromTheLoginOn) {
  EXPECT_EQ(connect(), " 1");
  EXPECT_TRUE(accept("TODAY", 1));
  EXPECT_TRUE(get("Sone"));
  EXPECT_TRUE(get("S"));
  EXPECT_TRUE(get("Sthree"));
  EXPECT_THAT(log.take(),
              ElementsAre("login TODAY 1", "session TODAY from 1", "1=one", "2=", "3=three"));
  EXPECT_EQ(session.next_sequence(), 4U);
  EXPECT_EQ(counters().sequenced.get(), 3U);
  EXPECT_EQ(counters().logins_accepted.get(), 1U);
}

TEST_F(SoupSessionTest, OtherPacketsDoNotCount) {
  connect();
  accept("TODAY", 1);
  EXPECT_TRUE(get("Sone"));
  EXPECT_TRUE(get("H"));
  EXPECT_TRUE(get("+text"));
  EXPECT_TRUE(get("Ubeside"));
  EXPECT_TRUE(get("?"));
  EXPECT_TRUE(get("R"));
  EXPECT_TRUE(get("Stwo"));
  log.lines.erase(log.lines.begin(), log.lines.begin() + 2);
  EXPECT_THAT(log.take(), ElementsAre("1=one", "unsequenced beside", "2=two"));
  EXPECT_EQ(counters().heartbeats.get(), 1U);
  EXPECT_EQ(counters().debug.get(), 1U);
  EXPECT_EQ(counters().unsequenced.get(), 1U);
  EXPECT_EQ(counters().unknown_type.get(), 2U);
}

TEST_F(SoupSessionTest, ResumesWithRememberedSessionAndNumber) {
  connect();
  accept("TODAY", 1);
  get("Sone");
  get("Stwo");
  EXPECT_EQ(lose(), Retry::begin_anew);
  EXPECT_EQ(connect(), "TODAY 3");
  log.take();
  EXPECT_TRUE(accept("TODAY", 3));
  EXPECT_TRUE(get("Sthree"));
  EXPECT_THAT(log.take(), ElementsAre("login TODAY 3", "3=three"));
  EXPECT_EQ(counters().gaps.get(), 0U);
  EXPECT_EQ(counters().session_changes.get(), 0U);
}

TEST_F(SoupSessionTest, AnswerAboveWhatWasAskedForIsAGap) {
  connect();
  EXPECT_TRUE(accept("TODAY", 500));
  EXPECT_TRUE(get("Sx"));
  EXPECT_THAT(log.take(),
              ElementsAre("login TODAY 500", "session TODAY from 1", "gap 1-500", "500=x"));
  lose();
  EXPECT_EQ(connect(), "TODAY 501");
  EXPECT_TRUE(accept("TODAY", 503));
  EXPECT_THAT(log.take(), ElementsAre("login TODAY 503", "gap 501-503"));
  EXPECT_EQ(counters().gaps.get(), 2U);
  EXPECT_EQ(counters().gap_messages.get(), 501U);
}

TEST_F(SoupSessionTest, AnswerBelowWhatWasAskedForIsCountedAndRepetitionsSkipped) {
  connect();
  accept("TODAY", 1);
  get("Sone");
  get("Stwo");
  get("Sthree");
  lose();
  EXPECT_EQ(connect(), "TODAY 4");
  log.take();
  EXPECT_TRUE(accept("TODAY", 2));
  EXPECT_TRUE(get("Stwo"));
  EXPECT_TRUE(get("Sthree"));
  EXPECT_TRUE(get("Sfour"));
  EXPECT_THAT(log.take(), ElementsAre("login TODAY 2", "4=four"));
  EXPECT_EQ(counters().went_back.get(), 1U);
  EXPECT_EQ(counters().duplicates.get(), 2U);
  // Cut off among the repetitions, the position is not lost.
  lose();
  EXPECT_EQ(connect(), "TODAY 5");
  accept("TODAY", 1);
  get("Sone");
  lose();
  EXPECT_EQ(connect(), "TODAY 5");
}

TEST_F(SoupSessionTest, ZeroAsksForNewMessagesOnly) {
  use({.sequence = 0});
  EXPECT_EQ(connect(), " 0");
  EXPECT_TRUE(accept("TODAY", 77));
  EXPECT_TRUE(get("Sx"));
  EXPECT_THAT(log.take(), ElementsAre("login TODAY 77", "session TODAY from 77", "77=x"));
  EXPECT_EQ(counters().gaps.get(), 0U);
}

TEST_F(SoupSessionTest, StartsAtTheConfiguredNumberOfTheConfiguredSession) {
  use({.session = soup::Session::from_text("TODAY"), .sequence = 40});
  EXPECT_EQ(connect(), "TODAY 40");
  EXPECT_TRUE(accept("TODAY", 40));
  EXPECT_TRUE(get("Sx"));
  EXPECT_THAT(log.take(), ElementsAre("login TODAY 40", "session TODAY from 40", "40=x"));
}

TEST_F(SoupSessionTest, OtherSessionIsAskedForFromItsStart) {
  connect();
  accept("MONDAY", 1);
  get("Sone");
  get("Stwo");
  lose();
  EXPECT_EQ(connect(), "MONDAY 3");
  log.take();
  EXPECT_FALSE(accept("TUESDAY", 3));
  EXPECT_THAT(log.take(), ElementsAre("login TUESDAY 3", "session TUESDAY from 1"));
  EXPECT_EQ(session.close_reason(), DisconnectReason::other_session);
  EXPECT_EQ(leave().retry, Retry::back_off);
  EXPECT_EQ(connect(), "TUESDAY 1");
  EXPECT_TRUE(accept("TUESDAY", 1));
  EXPECT_TRUE(get("Sone"));
  EXPECT_THAT(log.take(), ElementsAre("login TUESDAY 1", "1=one"));
  EXPECT_EQ(counters().session_changes.get(), 1U);
  EXPECT_EQ(counters().gaps.get(), 0U);
}

TEST_F(SoupSessionTest, StartOfAnotherSessionThatIsGoneIsAGap) {
  connect();
  accept("MONDAY", 1);
  get("Sone");
  lose();
  connect();
  EXPECT_FALSE(accept("TUESDAY", 9));
  leave();
  EXPECT_EQ(connect(), "TUESDAY 1");
  log.take();
  EXPECT_TRUE(accept("TUESDAY", 9));
  EXPECT_THAT(log.take(), ElementsAre("login TUESDAY 9", "gap 1-9"));
}

TEST_F(SoupSessionTest, OtherSessionFromItsStartGoesOnAtOnce) {
  connect();
  accept("MONDAY", 1);
  get("Sone");
  get("Stwo");
  lose();
  connect();
  log.take();
  EXPECT_TRUE(accept("TUESDAY", 1));
  EXPECT_TRUE(get("Sfirst"));
  EXPECT_THAT(log.take(), ElementsAre("login TUESDAY 1", "session TUESDAY from 1", "1=first"));
}

TEST_F(SoupSessionTest, RefusedSessionIsForgottenButNotItsPosition) {
  connect();
  accept("TODAY", 1);
  get("Sone");
  get("Stwo");
  lose();
  EXPECT_EQ(connect(), "TODAY 3");
  log.take();
  EXPECT_FALSE(get("JS"));
  EXPECT_THAT(log.take(), ElementsAre("rejected S"));
  EXPECT_EQ(counters().rejected_no_session.get(), 1U);
  EXPECT_EQ(leave().retry, Retry::back_off);
  EXPECT_EQ(connect(), " 1");
  EXPECT_TRUE(accept("TODAY", 1));
  EXPECT_TRUE(get("Sone"));
  EXPECT_TRUE(get("Stwo"));
  EXPECT_TRUE(get("Sthree"));
  EXPECT_THAT(log.take(), ElementsAre("login TODAY 1", "3=three"));
  EXPECT_EQ(counters().went_back.get(), 0U);  // it is what we asked for
  lose();
  EXPECT_EQ(connect(), "TODAY 4");
}

TEST_F(SoupSessionTest, RejectedNameIsTriedAgainSlowly) {
  connect();
  EXPECT_FALSE(get("JA"));
  EXPECT_EQ(leave().retry, Retry::slowly);
  EXPECT_EQ(counters().rejected_not_authorized.get(), 1U);
  connect();
  EXPECT_FALSE(get("J?"));
  EXPECT_EQ(leave().retry, Retry::slowly);
  EXPECT_EQ(counters().rejected_other.get(), 1U);
  EXPECT_THAT(log.take(), ElementsAre("rejected A", "rejected ?"));
}

TEST_F(SoupSessionTest, EndOfSessionIsTheEnd) {
  connect();
  accept("TODAY", 1);
  get("Sone");
  log.take();
  EXPECT_FALSE(get("Z"));
  EXPECT_FALSE(get("Smore"));  // what comes behind it is not looked at
  EXPECT_THAT(log.take(), ElementsAre("end TODAY"));
  EXPECT_EQ(session.close_reason(), DisconnectReason::end_of_session);
  EXPECT_EQ(leave().retry, Retry::never);
  EXPECT_EQ(counters().ends_of_session.get(), 1U);
}

TEST_F(SoupSessionTest, NextSessionIsWaitedForIfConfigured) {
  use({.sequence = 5, .next_session_ns = 60 * kSecond});
  EXPECT_EQ(connect(), " 5");
  accept("MONDAY", 5);
  get("Z");
  RetryPlan plan = leave();
  EXPECT_EQ(plan.retry, Retry::later);
  EXPECT_EQ(plan.pause_ns, 60 * kSecond);
  // Still the one that has ended: nothing of it is delivered again.
  EXPECT_EQ(connect(), " 1");
  log.take();
  EXPECT_FALSE(accept("MONDAY", 1));
  EXPECT_FALSE(get("Sone"));
  plan = leave();
  EXPECT_EQ(plan.retry, Retry::later);
  EXPECT_THAT(log.take(), IsEmpty());
  EXPECT_EQ(connect(), " 1");
  EXPECT_TRUE(accept("TUESDAY", 1));
  EXPECT_TRUE(get("Sone"));
  EXPECT_THAT(log.take(), ElementsAre("login TUESDAY 1", "session TUESDAY from 1", "1=one"));
}

TEST_F(SoupSessionTest, NamedSessionIsNotFollowedByAnother) {
  use({.session = soup::Session::from_text("MONDAY"), .next_session_ns = kSecond});
  connect();
  accept("MONDAY", 1);
  get("Z");
  EXPECT_EQ(leave().retry, Retry::never);
}

TEST_F(SoupSessionTest, DataBeforeTheLoginIsAnErrorOfTheServer) {
  for (const std::string_view early : {"Sone", "Uone", "Z"}) {
    connect();
    EXPECT_FALSE(get(early)) << early;
    EXPECT_EQ(session.close_reason(), DisconnectReason::protocol_error);
    EXPECT_EQ(leave().retry, Retry::back_off);
  }
  EXPECT_EQ(counters().early_data.get(), 3U);
  EXPECT_EQ(counters().sequenced.get(), 0U);
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(SoupSessionTest, HeartbeatsAndDebugMayComeBeforeTheLogin) {
  connect();
  EXPECT_TRUE(get("+welcome"));
  EXPECT_TRUE(get("H"));
  EXPECT_TRUE(accept("TODAY", 1));
}

TEST_F(SoupSessionTest, SecondAnswerToALoginIsAnErrorOfTheServer) {
  connect();
  accept("TODAY", 1);
  EXPECT_FALSE(accept("TODAY", 1));
  EXPECT_EQ(session.close_reason(), DisconnectReason::protocol_error);
  leave();
  connect();
  accept("TODAY", 1);
  EXPECT_FALSE(get("JA"));
  EXPECT_EQ(counters().late_login.get(), 2U);
  EXPECT_EQ(counters().rejected_not_authorized.get(), 0U);
}

TEST_F(SoupSessionTest, MalformedPacketsEndTheConnection) {
  const std::vector<std::string> before_login = {"A",
                                                 "A     TODAY                  1x",
                                                 "A     TODAY99999999999999999999",
                                                 "A     TODAY                   0",
                                                 "A     TODAY 9223372036854775809",
                                                 "J",
                                                 "JSA",
                                                 "Hx"};
  for (const std::string& bad : before_login) {
    connect();
    EXPECT_FALSE(get(bad)) << bad;
    EXPECT_EQ(session.close_reason(), DisconnectReason::malformed);
    EXPECT_EQ(leave().retry, Retry::back_off);
  }
  connect();
  accept("TODAY", 1);
  EXPECT_FALSE(get("Zx"));
  leave();
  EXPECT_EQ(counters().malformed.get(), before_login.size() + 1);
  EXPECT_EQ(counters().ends_of_session.get(), 0U);
  EXPECT_EQ(connect(), "TODAY 1");
}

TEST_F(SoupSessionTest, LargestNumberCanBeCountedOn) {
  connect();
  EXPECT_TRUE(accept("TODAY", std::uint64_t{1} << 63U));
  EXPECT_TRUE(get("Sx"));
  EXPECT_EQ(session.next_sequence(), (std::uint64_t{1} << 63U) + 1);
}

TEST_F(SoupSessionTest, HeartbeatIsSentAfterASecondWithoutSending) {
  connect(0);
  accept("TODAY", 1);
  session.note_received(5 * kSecond / 10);
  EXPECT_EQ(session.next_deadline(), kSecond);
  EXPECT_EQ(due(kSecond - 1), "nothing");
  EXPECT_EQ(due(kSecond), "sent");
  EXPECT_EQ(counters().heartbeats_sent.get(), 1U);
  EXPECT_EQ(session.next_deadline(), 2 * kSecond);
  EXPECT_EQ(due(2 * kSecond - 1), "nothing");
  EXPECT_EQ(due(2 * kSecond), "sent");
}

TEST_F(SoupSessionTest, NoHeartbeatIsSentBeforeTheLoginIsAccepted) {
  connect(0);
  EXPECT_EQ(due(14 * kSecond), "nothing");
  EXPECT_EQ(counters().heartbeats_sent.get(), 0U);
}

TEST_F(SoupSessionTest, SilenceOf15SecondsIsTheEndOfTheLink) {
  connect(0);
  accept("TODAY", 1);
  for (std::int64_t second = 1; second < 20; ++second) {
    session.note_received(second * kSecond);  // heartbeats alone keep it alive
    EXPECT_EQ(due(second * kSecond), "sent");
  }
  for (std::int64_t second = 20; second < 34; ++second) EXPECT_EQ(due(second * kSecond), "sent");
  EXPECT_EQ(session.next_deadline(), 34 * kSecond);
  EXPECT_EQ(due(34 * kSecond - 1), "nothing");
  EXPECT_EQ(due(34 * kSecond), "silent");
  EXPECT_EQ(counters().watchdog.get(), 1U);
  leave();
  EXPECT_EQ(session.next_deadline(), StreamProtocol::kNoDeadline);
  EXPECT_EQ(connect(40 * kSecond), "TODAY 1");
  EXPECT_EQ(due(54 * kSecond), "nothing");
}

TEST_F(SoupSessionTest, AnswerToTheLoginHasATimeLimit) {
  use({.login_ns = 5 * kSecond});
  connect(0);
  session.note_received(4 * kSecond);
  EXPECT_EQ(session.next_deadline(), 5 * kSecond);
  EXPECT_EQ(due(5 * kSecond - 1), "nothing");
  EXPECT_EQ(due(5 * kSecond), "login_timeout");
  EXPECT_EQ(counters().login_timeouts.get(), 1U);
}

TEST_F(SoupSessionTest, LogsOutOnlyWhenLoggedIn) {
  EXPECT_TRUE(session.logout().empty());
  connect();
  EXPECT_TRUE(session.logout().empty());
  accept("TODAY", 1);
  const auto bytes = session.logout();
  ASSERT_EQ(soup::next_packet(bytes).status, soup::FrameStatus::ok);
  EXPECT_EQ(soup::next_packet(bytes).type, soup::PacketType::logout_request);
  EXPECT_FALSE(get("Slate"));
  EXPECT_EQ(lose(DisconnectReason::stopped), Retry::never);
}

TEST_F(SoupSessionTest, ConnectionThatNeverWorkedBacksOff) {
  connect();
  EXPECT_EQ(lose(), Retry::back_off);
  connect();
  accept("TODAY", 1);
  EXPECT_EQ(lose(), Retry::back_off);  // hung up right after the login
  connect();
  accept("TODAY", 1);
  get("H");
  EXPECT_EQ(lose(), Retry::begin_anew);
  connect();
  accept("TODAY", 1);
  get("Sone");
  EXPECT_EQ(lose(DisconnectReason::connection_error), Retry::begin_anew);
}

TEST_F(SoupSessionTest, LoginIsWipedOnceItIsSent) {
  const std::span<const std::byte> bytes = session.connect(Credentials{}, 0);
  EXPECT_EQ(bytes[2], std::byte{'L'});
  session.note_sent(0);
  for (const std::byte byte : bytes) EXPECT_EQ(byte, std::byte{0});
}

}  // namespace
}  // namespace tapeline::net

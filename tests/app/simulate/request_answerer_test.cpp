#include "app/simulate/request_answerer.hpp"

#include <gtest/gtest.h>

#include <array>

#include "codec/moldudp64/decoder.hpp"
#include "tests/app/simulate/generated_messages.hpp"

namespace tapeline::simulate {
namespace {

namespace moldudp64 = codec::moldudp64;
using codec::capture::Address;
using testing::Message;
using testing::Messages;

constexpr std::uint64_t kStart = 5'000'000'000;
constexpr std::uint64_t kSecond = 1'000'000'000;

class RequestAnswererTest : public ::testing::Test {
 protected:
  RequestAnswererTest() { testing::append(store_, messages_); }

  RequestAnswerer& answerer() {
    if (!answerer_) {
      config_.session = session_;
      answerer_ = std::make_unique<RequestAnswerer>(config_, store_, faults_, 1, kStart);
    }
    return *answerer_;
  }
  std::span<const std::byte> ask(std::uint64_t first, std::uint16_t count,
                                 std::uint64_t now_ns = kStart) {
    std::array<std::byte, moldudp64::kRequestBytes> request;
    moldudp64::write_request(request, {session_, first, count});
    return answerer().answer(request, peer_, now_ns);
  }
  // The messages of an answer, which must begin with `first`.
  Messages read(std::span<const std::byte> packet, std::uint64_t first) {
    Messages messages;
    EXPECT_EQ(moldudp64::for_each_message(packet,
                                          [&](std::uint64_t sequence, auto message) {
                                            EXPECT_EQ(sequence, first + messages.size());
                                            messages.push_back(testing::as_message(message));
                                          }),
              moldudp64::PacketStatus::ok);
    return messages;
  }
  Messages sent(std::uint64_t first, std::size_t count) const {
    const auto begin = messages_.begin() + static_cast<std::ptrdiff_t>(first - 1);
    return {begin, begin + static_cast<std::ptrdiff_t>(count)};
  }

  Messages messages_ = testing::generate({.messages = 2'000, .instruments = 20});
  MessageStore store_{MessageStore::kMinHistoryBytes};
  moldudp64::Session session_ = moldudp64::Session::from_text("TODAY");
  Address peer_ = Address::from_ipv4(0x7F000001);
  RequestAnswererConfig config_;
  ServerFaultPlan faults_;
  std::unique_ptr<RequestAnswerer> answerer_;
};

TEST_F(RequestAnswererTest, AnswersWithTheMessagesAskedFor) {
  EXPECT_EQ(read(ask(1, 1), 1), sent(1, 1));
  EXPECT_EQ(read(ask(100, 7), 100), sent(100, 7));
  EXPECT_EQ(read(ask(2'000, 1), 2'000), sent(2'000, 1));
  EXPECT_EQ(answerer().counters().answers.get(), 3U);
  EXPECT_EQ(answerer().counters().messages.get(), 9U);
  EXPECT_EQ(answerer().counters().shortened.get(), 0U);
}

TEST_F(RequestAnswererTest, AnswersWithOnePacketOfWhatFits) {
  config_.packet_bytes = 200;
  const auto packet = ask(10, 1'000);
  EXPECT_LE(packet.size(), 200U);
  const Messages got = read(packet, 10);
  EXPECT_GE(got.size(), 3U);
  EXPECT_EQ(got, sent(10, got.size()));
  EXPECT_EQ(answerer().counters().shortened.get(), 1U);
}

TEST_F(RequestAnswererTest, AnswersWhatItHasOfALongerRange) {
  EXPECT_EQ(read(ask(1'999, 100), 1'999), sent(1'999, 2));
}

TEST_F(RequestAnswererTest, IsSilentAboutWhatItDoesNotHave) {
  EXPECT_TRUE(ask(2'001, 1).empty());
  EXPECT_TRUE(ask(std::uint64_t{1} << 40U, 100).empty());
  EXPECT_EQ(answerer().counters().not_held.get(), 2U);
  Message filler(1'000, std::byte{1});
  for (int i = 0; i < 2'000; ++i) store_.append(filler);
  store_.publish();
  ASSERT_GT(store_.marks().first, 1U);
  EXPECT_TRUE(ask(1, 1).empty());
  EXPECT_EQ(answerer().counters().not_held.get(), 3U);
}

TEST_F(RequestAnswererTest, AnswersWhatIsPublishedAndNoMore) {
  store_.append(messages_[0]);
  EXPECT_TRUE(ask(2'001, 1).empty());
  store_.publish();
  EXPECT_FALSE(ask(2'001, 1).empty());
}

TEST_F(RequestAnswererTest, IsSilentToStrangers) {
  config_.peers = std::vector{Address::from_ipv4(0x0A000001), Address::from_ipv4(0x0A000002)};
  EXPECT_TRUE(ask(1, 1).empty());
  EXPECT_EQ(answerer().counters().refused_peers.get(), 1U);
  peer_ = Address::from_ipv4(0x0A000002);
  EXPECT_FALSE(ask(1, 1).empty());
}

TEST_F(RequestAnswererTest, IsSilentToWhatIsNoRequest) {
  std::array<std::byte, moldudp64::kRequestBytes + 1> request{};
  moldudp64::write_request(request, {session_, 1, 1});
  for (std::size_t bytes = 0; bytes <= request.size(); ++bytes) {
    const bool whole = bytes == moldudp64::kRequestBytes;
    EXPECT_EQ(answerer().answer(std::span{request}.first(bytes), peer_, kStart).empty(), !whole);
  }
  EXPECT_TRUE(ask(0, 1).empty());
  EXPECT_TRUE(ask(1, 0).empty());
  EXPECT_TRUE(ask(~std::uint64_t{0}, 5).empty());
  EXPECT_EQ(answerer().counters().malformed.get(), moldudp64::kRequestBytes + 4);
}

TEST_F(RequestAnswererTest, IsSilentAboutOtherSessions) {
  static_cast<void>(answerer());
  session_ = moldudp64::Session::from_text("YESTERDAY");
  EXPECT_TRUE(ask(1, 1).empty());
  EXPECT_EQ(answerer().counters().foreign.get(), 1U);
}

TEST_F(RequestAnswererTest, KeepsTheRate) {
  config_.rate = 10;
  int answered = 0;
  for (int i = 0; i < 100; ++i) answered += ask(1, 1, kStart + 1).empty() ? 0 : 1;
  EXPECT_EQ(answered, 10);
  EXPECT_EQ(answerer().counters().over_rate.get(), 90U);
  for (std::uint64_t ms = 1; ms <= 1'000; ++ms) {
    answered += ask(1, 1, kStart + 1 + ms * 1'000'000).empty() ? 0 : 1;
  }
  EXPECT_EQ(answered, 20);
  for (int i = 0; i < 100; ++i) answered += ask(1, 1, kStart + 100 * kSecond).empty() ? 0 : 1;
  EXPECT_EQ(answered, 30);
}

TEST_F(RequestAnswererTest, FaultsLoseRequestsAndAnswers) {
  faults_.loss = 200'000;
  int answered = 0;
  for (int i = 0; i < 2'000; ++i) answered += ask(1, 1).empty() ? 0 : 1;
  EXPECT_GT(answered, 1'200);  // 64 % of 2,000, that is 1,280 give or take 21
  EXPECT_LT(answered, 1'360);
  EXPECT_EQ(answerer().counters().faults.get(), static_cast<std::uint64_t>(2'000 - answered));
}

TEST_F(RequestAnswererTest, FaultsShortenAnswersButNotToNothing) {
  faults_.short_answer = kAlways;
  std::size_t whole = 0;
  for (int i = 0; i < 200; ++i) {
    const Messages got = read(ask(50, 10), 50);
    EXPECT_EQ(got, sent(50, got.size()));
    ASSERT_GE(got.size(), 1U);
    whole += got.size() == 10 ? 1U : 0U;
  }
  EXPECT_LT(whole, 60U);
  EXPECT_EQ(answerer().faults().counts().short_answers, 200U - whole);
}

TEST_F(RequestAnswererTest, FaultsSilenceItForATime) {
  faults_.silent = {{kSecond, 2 * kSecond}};
  EXPECT_FALSE(ask(1, 1, kStart + kSecond - 1).empty());
  EXPECT_TRUE(ask(1, 1, kStart + kSecond).empty());
  EXPECT_TRUE(ask(1, 1, kStart + 2 * kSecond - 1).empty());
  EXPECT_FALSE(ask(1, 1, kStart + 2 * kSecond).empty());
}

}  // namespace
}  // namespace tapeline::simulate

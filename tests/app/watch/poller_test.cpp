#include "app/watch/poller.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <future>

namespace tapeline::watch {
namespace {

TEST(Poller, GivesTheNewestAnswerOnce) {
  std::promise<void> asked_twice;
  std::atomic<int> asked{0};
  const auto ask = [&](int /*cancel*/) {
    const int number = ++asked;
    if (number == 3) asked_twice.set_value();
    return Answer{.reading = std::nullopt, .problem = std::to_string(number)};
  };
  Poller poller{ask, std::chrono::milliseconds{1}};
  asked_twice.get_future().wait();
  const std::optional<Answer> answer = poller.take();
  ASSERT_TRUE(answer);
  EXPECT_GE(std::stoi(answer->problem), 2);
}

TEST(Poller, EndsWhileAnAnswerIsWaitedForAndBetweenTwo) {
  std::promise<void> waits;
  const auto ask = [&](int cancel) {
    waits.set_value();
    pollfd polled{cancel, POLLIN, 0};
    EXPECT_EQ(::poll(&polled, 1, -1), 1);  // as long as it takes: the end is the answer
    return Answer{};
  };
  {
    Poller poller{ask, std::chrono::hours{1}};
    waits.get_future().wait();
  }
  std::promise<void> answered;
  const auto ask_once = [&](int /*cancel*/) {
    answered.set_value();
    return Answer{};
  };
  Poller poller{ask_once, std::chrono::hours{1}};
  answered.get_future().wait();
}

}  // namespace
}  // namespace tapeline::watch

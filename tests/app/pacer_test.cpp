#include "app/pacer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace tapeline {
namespace {

constexpr std::int64_t kMicro = 1'000;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr net::UnixNanos kStart = 1'767'571'200 * kSecond;

// Time that goes on when it is looked at, and when somebody sleeps: then for longer than asked.
struct FakeTime {
  std::int64_t now = 5 * kSecond;
  std::int64_t oversleep = 0;
  bool stopped = false;
  std::vector<std::int64_t> sleeps;  // until when
};

class FakeClock {
 public:
  explicit FakeClock(FakeTime& time) noexcept : time_{&time} {}
  [[nodiscard]] std::int64_t now_ns() const noexcept { return time_->now += kMicro; }
  void sleep_until(std::int64_t ns) const {
    time_->sleeps.push_back(ns);
    time_->now = std::max(time_->now, ns + time_->oversleep);
  }
  [[nodiscard]] bool stopped() const noexcept { return time_->stopped; }

 private:
  FakeTime* time_;
};

using TestPacer = BasicPacer<FakeClock>;

// When each packet went, after the first one.
std::vector<std::int64_t> play(const std::vector<std::int64_t>& times, double speed, FakeTime& time,
                               std::int64_t work_ns = 0) {
  TestPacer pacer{speed, FakeClock{time}};
  std::vector<std::int64_t> went;
  for (const std::int64_t packet : times) {
    EXPECT_TRUE(pacer.wait_for(kStart + packet));
    went.push_back(time.now);
    time.now += work_ns;
  }
  const std::int64_t first = went.front();
  for (std::int64_t& moment : went) moment -= first;
  return went;
}

// A minute of packets at uneven distances.
std::vector<std::int64_t> a_minute() {
  std::vector<std::int64_t> times;
  for (std::int64_t at = 0; at < 60 * kSecond; at += 7'000'003 + at % 11'000'000)
    times.push_back(at);
  times.push_back(60 * kSecond);
  return times;
}

TEST(Pacer, EndsAMinuteAtTheRightTimeAtEverySpeedThoughSleepsAndWorkTakeLonger) {
  for (const double speed : {1.0, 10.0, 0.5}) {
    FakeTime time;
    time.oversleep = 60 * kMicro;
    const auto went = play(a_minute(), speed, time, 300 * kMicro);
    EXPECT_NEAR(static_cast<double>(went.back()), 60.0 * kSecond / speed, 10.0 * kMicro) << speed;
  }
}

TEST(Pacer, SpinsTheLastPartOfAWaitSoThatALateWakeUpDoesNotShow) {
  FakeTime time;
  time.oversleep = TestPacer::kSpinNs - 10 * kMicro;
  const auto times = a_minute();
  const auto went = play(times, 1.0, time);
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(went[i]), static_cast<double>(times[i]), 5.0 * kMicro) << i;
  }
}

TEST(Pacer, DoesNotShiftWhatFollowsALatePacket) {
  FakeTime time;
  TestPacer pacer{1.0, FakeClock{time}};
  ASSERT_TRUE(pacer.wait_for(kStart));
  const std::int64_t began = time.now;
  time.now += 3 * kSecond;
  ASSERT_TRUE(pacer.wait_for(kStart + kSecond));  // two seconds late
  EXPECT_LT(time.now - began, 3 * kSecond + 10 * kMicro);
  ASSERT_TRUE(pacer.wait_for(kStart + 4 * kSecond));
  EXPECT_NEAR(static_cast<double>(time.now - began), 4.0 * kSecond, 5.0 * kMicro);
}

TEST(Pacer, SaysHowLatePacketsWere) {
  FakeTime time;
  TestPacer pacer{1.0, FakeClock{time}};
  ASSERT_TRUE(pacer.wait_for(kStart));
  time.now += 3 * kSecond;
  ASSERT_TRUE(pacer.wait_for(kStart + kSecond));
  EXPECT_EQ(pacer.lateness().count(), 2U);
  EXPECT_NEAR(static_cast<double>(pacer.lateness().percentile(1.0)), 2.0 * kSecond, 0.1 * kSecond);
  EXPECT_LT(pacer.lateness().percentile(0.5), 10 * kMicro);
}

TEST(Pacer, LetsAPacketThatIsALittleOlderGoAtOnceAndGoesOnAsBefore) {
  FakeTime time;
  const std::int64_t ms = 1'000 * kMicro;
  const auto went =
      play({0, 500 * ms, 499 * ms, 501 * ms, 2'000 * ms, 1'100 * ms, 2'500 * ms}, 1.0, time);
  EXPECT_NEAR(static_cast<double>(went[2]), 500.0 * 1e6, 1e4);
  EXPECT_NEAR(static_cast<double>(went[3]), 501.0 * 1e6, 1e4);
  EXPECT_NEAR(static_cast<double>(went[5]), 2'000.0 * 1e6, 1e4);
  EXPECT_NEAR(static_cast<double>(went[6]), 2'500.0 * 1e6, 1e4);
}

TEST(Pacer, FollowsAClockThatWasSetBackByAnHourNeitherStallingNorRushing) {
  FakeTime time;
  std::vector<std::int64_t> times;
  for (std::int64_t i = 0; i <= 100; ++i) times.push_back(3'600 * kSecond + i * kSecond / 10);
  for (std::int64_t i = 0; i <= 100; ++i) times.push_back(i * kSecond / 10);
  const auto went = play(times, 1.0, time);
  EXPECT_NEAR(static_cast<double>(went[100]), 10.0 * kSecond, 1e4);
  for (std::size_t i = 0; i <= 100; ++i) {
    EXPECT_NEAR(static_cast<double>(went[101 + i]), 10.0 * kSecond + static_cast<double>(i) * 1e8,
                1e4)
        << i;
  }
}

TEST(Pacer, IsNotMovedBySinglePacketsOfAnOldTime) {
  FakeTime time;
  std::vector<std::int64_t> times;
  for (std::int64_t i = 0; i <= 100; ++i) {
    times.push_back(7'200 * kSecond + i * kSecond / 10);
    times.push_back(i * kSecond / 10);  // of another clock, two hours behind
  }
  const auto went = play(times, 1.0, time);
  for (std::size_t i = 0; i <= 100; ++i) {
    EXPECT_NEAR(static_cast<double>(went[2 * i]), static_cast<double>(i) * 1e8, 1e4) << i;
    EXPECT_NEAR(static_cast<double>(went[2 * i + 1]), static_cast<double>(i) * 1e8, 1e4) << i;
  }
}

TEST(Pacer, EndsAWaitWhenAStopIsRequested) {
  FakeTime time;
  TestPacer pacer{1.0, FakeClock{time}};
  ASSERT_TRUE(pacer.wait_for(kStart));
  time.stopped = true;
  EXPECT_FALSE(pacer.wait_for(kStart + 3'600 * kSecond));
  EXPECT_TRUE(time.sleeps.empty());
}

TEST(Pacer, LooksWhetherToStopSeveralTimesASecond) {
  FakeTime time;
  static_cast<void>(play({0, 10 * kSecond}, 1.0, time));
  EXPECT_GE(time.sleeps.size(), 90U);
}

TEST(Pacer, WaitsForNothingWithoutASpeed) {
  FakeTime time;
  const auto went = play({0, 3'600 * kSecond}, 0.0, time);
  EXPECT_EQ(went[1], 0);
}

TEST(Pacer, SurvivesEveryTime) {
  FakeTime time;
  TestPacer pacer{0.001, FakeClock{time}};
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t packet : {kMax, kMin, std::int64_t{0}, kMin, kMax, kMax, kMin}) {
    const std::int64_t due = pacer.due_of(packet);
    EXPECT_LT(due, std::int64_t{1} << 62U);
    EXPECT_GT(due, -(std::int64_t{1} << 62U));
  }
}

}  // namespace
}  // namespace tapeline

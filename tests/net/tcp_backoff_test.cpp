#include "net/tcp_backoff.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

namespace tapeline::net {
namespace {

constexpr std::int64_t kMilli = 1'000'000;

TEST(TcpBackoff, DoublesUpToTheLongest) {
  TcpBackoff backoff{{.jitter = 0}};
  for (const std::int64_t expected : {100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
    EXPECT_EQ(backoff.take_ns(), expected * kMilli);
  }
  backoff.begin_anew();
  EXPECT_EQ(backoff.take_ns(), 100 * kMilli);
  backoff.go_slowly();
  EXPECT_EQ(backoff.take_ns(), 5000 * kMilli);
  EXPECT_EQ(backoff.take_ns(), 5000 * kMilli);
}

TEST(TcpBackoff, JitterStaysWithinItsShareAndFollowsTheSeed) {
  TcpBackoff one{{.jitter = 0.2, .seed = 7}};
  TcpBackoff same{{.jitter = 0.2, .seed = 7}};
  TcpBackoff other{{.jitter = 0.2, .seed = 8}};
  std::set<std::int64_t> seen;
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    one.begin_anew();
    same.begin_anew();
    other.begin_anew();
    const std::int64_t pause = one.take_ns();
    EXPECT_GE(pause, 80 * kMilli);
    EXPECT_LE(pause, 120 * kMilli);
    EXPECT_EQ(pause, same.take_ns());
    differs = differs || pause != other.take_ns();
    seen.insert(pause / (10 * kMilli));
  }
  EXPECT_TRUE(differs);
  EXPECT_GE(seen.size(), 4U);  // all of the range is used
}

TEST(TcpBackoff, OddConfigurationsStayInBounds) {
  TcpBackoff backoff{{.first_ns = 50 * kMilli, .longest_ns = 20 * kMilli, .jitter = 0}};
  EXPECT_EQ(backoff.take_ns(), 20 * kMilli);
  TcpBackoff zero{{.first_ns = 0, .longest_ns = 0, .jitter = 5}};
  for (int i = 0; i < 100; ++i) EXPECT_LE(zero.take_ns(), 2);
}

}  // namespace
}  // namespace tapeline::net

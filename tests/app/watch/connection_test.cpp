#include "app/watch/connection.hpp"

#include <gtest/gtest.h>

namespace tapeline::watch {
namespace {

using State = Connection::State;

TEST(Connection, WaitsForTheFirstAnswer) {
  Connection connection{10.0};
  EXPECT_EQ(connection.state(11.0), State::waiting);
  connection.failed("nothing answers there", 12.0);
  EXPECT_EQ(connection.state(12.0), State::waiting);
  EXPECT_EQ(connection.problem(), "nothing answers there");
  connection.answered(13.0);
  EXPECT_EQ(connection.state(13.0), State::answers);  // nothing was lost
}

TEST(Connection, TellsSinceWhenItIsLostAndThatItReturned) {
  Connection connection{0.0};
  connection.answered(1.0);
  connection.failed("no answer in time", 5.0);
  connection.failed("nothing answers there", 6.0);
  EXPECT_EQ(connection.state(9.0), State::lost);
  EXPECT_DOUBLE_EQ(connection.outage_seconds(9.0), 4.0);
  EXPECT_EQ(connection.problem(), "nothing answers there");
  connection.answered(12.0);
  connection.answered(13.0);
  EXPECT_EQ(connection.state(13.0), State::returned);
  EXPECT_DOUBLE_EQ(connection.outage_seconds(13.0), 7.0);
  EXPECT_EQ(connection.state(12.0 + Connection::kTellReturnSeconds), State::answers);
}

}  // namespace
}  // namespace tapeline::watch

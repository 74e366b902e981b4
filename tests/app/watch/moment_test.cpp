#include "app/watch/moment.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "watch_support.hpp"

namespace tapeline::watch {
namespace {

std::optional<std::uint64_t> acquires(const StatusReading& reading) {
  return reading.pools.at(0).acquires;
}
const HistogramReading* latency(const StatusReading& reading) {
  return &reading.channels.at(0).latency;
}

TEST(Moment, RatesAreOfTheTimeBetweenTwoDocuments) {
  Moment moment;
  moment.take(reading_of(recorded_document()));
  EXPECT_TRUE(std::isnan(moment.per_second(acquires)));
  EXPECT_TRUE(std::isnan(moment.cpu_share()));
  moment.take(reading_of(second_later()));
  EXPECT_DOUBLE_EQ(moment.per_second(acquires), 12'345.0);
  EXPECT_NEAR(moment.cpu_share(), 0.25, 1e-9);
}

TEST(Moment, ARestartedProcessHasNothingBefore) {
  Moment moment;
  moment.take(reading_of(recorded_document()));
  Document json = second_later();
  json["process"]["pid"] = 1;
  moment.take(reading_of(json));
  EXPECT_TRUE(std::isnan(moment.per_second(acquires)));
  json = second_later();
  json["process"]["start_time_seconds"] = 1.0;
  moment.take(reading_of(json));
  EXPECT_TRUE(std::isnan(moment.per_second(acquires)));
}

TEST(Moment, ACountThatFallsHasNoRate) {
  Moment moment;
  moment.take(reading_of(recorded_document()));
  Document json = second_later();
  json["pools"]["serialization"]["acquires"] = 1;
  moment.take(reading_of(json));
  EXPECT_TRUE(std::isnan(moment.per_second(acquires)));
}

TEST(Moment, TheSameDocumentAgainChangesNoRate) {
  Moment moment;
  moment.take(reading_of(recorded_document()));
  moment.take(reading_of(second_later()));
  moment.take(reading_of(second_later()));
  EXPECT_DOUBLE_EQ(moment.per_second(acquires), 12'345.0);
}

TEST(Moment, CellsAreWhatCameInBetween) {
  Moment moment;
  moment.take(reading_of(recorded_document()));
  moment.take(reading_of(second_later()));
  const auto cells = moment.cells(latency);
  ASSERT_EQ(cells.size(), latency(moment.now())->bounds_seconds.size() + 1);
  for (std::size_t i = 0; i < cells.size(); ++i) EXPECT_EQ(cells[i], i == 6 ? 1'000U : 0U) << i;
}

TEST(Moment, CellsOfAHistogramThatFallsAreNone) {
  Document json = recorded_document();
  for (auto& count : json["feeds"][0]["channels"][0]["latency"]["counts"]) count = 7;
  json["feeds"][0]["channels"][0]["latency"]["counts"][3] = 1;
  Moment moment;
  moment.take(reading_of(json));
  const auto cells = moment.cells(latency);
  EXPECT_EQ(cells[0], 7U);
  for (std::size_t i = 1; i + 1 < cells.size(); ++i) EXPECT_EQ(cells[i], 0U) << i;
}

TEST(Percentile, LiesInsideTheBucketThatHoldsIt) {
  const std::vector<double> bounds{1.0, 2.0, 4.0};
  EXPECT_DOUBLE_EQ(percentile({0, 100, 0, 0}, bounds, 1.0), 2.0);
  EXPECT_DOUBLE_EQ(percentile({0, 100, 0, 0}, bounds, 0.5), std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(percentile({90, 0, 10, 0}, bounds, 0.99), 2.0 * std::pow(2.0, 0.9));
  EXPECT_DOUBLE_EQ(percentile({0, 0, 0, 1}, bounds, 0.5), 4.0);
  EXPECT_TRUE(std::isnan(percentile({0, 0, 0, 0}, bounds, 0.5)));
  EXPECT_TRUE(std::isnan(percentile({1, 2}, bounds, 0.5)));
}

}  // namespace
}  // namespace tapeline::watch

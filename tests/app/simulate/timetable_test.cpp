#include "app/simulate/timetable.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace tapeline::simulate {
namespace {

[[nodiscard]] std::vector<std::uint64_t> spread(std::uint64_t messages) {
  Random random{1};
  Activity activity{messages, random};
  std::vector<std::uint64_t> quotas;
  std::uint64_t left = messages;
  for (std::uint32_t second = kStartOfSystemHours; second < kEndOfSystemHours; ++second) {
    quotas.push_back(activity.take(second, left, random));
    left -= quotas.back();
  }
  EXPECT_EQ(left, 0U);
  return quotas;
}

[[nodiscard]] std::uint64_t between(const std::vector<std::uint64_t>& quotas, std::uint32_t from,
                                    std::uint32_t to) {
  std::uint64_t sum = 0;
  for (std::uint32_t i = from; i < to; ++i) sum += quotas[i - kStartOfSystemHours];
  return sum;
}

TEST(Activity, GivesAwayEverything) {
  for (const std::uint64_t messages : {0U, 1U, 100U, 1'000'000U}) (void)spread(messages);
  (void)spread(1'000'000'000'000);
}

TEST(Activity, OpeningAndCloseAreBusyAndNoonIsQuiet) {
  const auto quotas = spread(10'000'000);
  const std::uint64_t opening = between(quotas, clock_time(9, 30), clock_time(9, 35));
  const std::uint64_t noon = between(quotas, clock_time(12, 30), clock_time(12, 35));
  const std::uint64_t close = between(quotas, clock_time(15, 55), clock_time(16, 0));
  const std::uint64_t night = between(quotas, clock_time(5, 0), clock_time(5, 5));
  EXPECT_GT(opening, 4 * noon);
  EXPECT_GT(close, 2 * noon);
  EXPECT_GT(noon, 10 * night);
}

TEST(Activity, FewMessagesComeInClusters) {
  std::size_t active = 0;
  for (const std::uint64_t quota : spread(10'000)) active += quota > 0 ? 1U : 0U;
  EXPECT_LT(active, 2'500U);
  EXPECT_GT(active, 500U);
}

TEST(Appointments, AreInOrderAndHaveEveryOccasion) {
  for (const std::size_t instruments : {20U, 5'000U}) {
    for (std::uint64_t seed = 1; seed < 20; ++seed) {
      Random random{seed};
      NewListings listings;
      const auto list = make_appointments(instruments, 10'000'000, listings, random);
      std::set<Occasion> occasions;
      std::uint32_t last = kStartOfMarketHours;
      for (const Appointment& appointment : list) {
        EXPECT_GE(appointment.second, last);
        EXPECT_LT(appointment.instrument, instruments);
        last = appointment.second;
        occasions.insert(appointment.occasion);
      }
      EXPECT_EQ(occasions.size(), 17U);
      EXPECT_LT(last, kEndOfSystemHours);
      EXPECT_NE(listings.ipo, listings.direct_listing);
    }
  }
}

}  // namespace
}  // namespace tapeline::simulate

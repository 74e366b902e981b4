#include "app/simulate/soup_faults.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace tapeline::simulate {
namespace {

TEST(SoupFaults, EmptyTextIsNoFault) { EXPECT_EQ(parse_soup_faults(""), SoupFaultPlan{}); }

TEST(SoupFaults, OptionsAreRead) {
  const SoupFaultPlan plan = parse_soup_faults("reset=100x3,silent=0,trickle");
  EXPECT_EQ(plan.reset_after, 100U);
  EXPECT_EQ(plan.reset_logins, 3U);
  EXPECT_EQ(plan.silent_after, 0U);
  EXPECT_EQ(plan.silent_logins, SoupFaultPlan::kAllLogins);
  EXPECT_TRUE(plan.trickle);
}

TEST(SoupFaults, WrongOptionsAreRefused) {
  for (const char* const text :
       {"reset", "reset=", "reset=x", "reset=1x", "reset=1x0", "reset=-1", "silent=1 ", "trickle=1",
        "loss=1%", ",", "trickle,", "reset=18446744073709551616"}) {
    EXPECT_THROW(static_cast<void>(parse_soup_faults(text)), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace tapeline::simulate

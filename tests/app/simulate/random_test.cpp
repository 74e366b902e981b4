#include "app/simulate/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

namespace tapeline::simulate {
namespace {

// The first outputs of xoshiro256** whose state is the first outputs of splitmix64 from 0.
TEST(Random, GivesTheSameNumbersEverywhere) {
  Random random{0};
  EXPECT_EQ(random.next(), 0x99EC5F36CB75F2B4U);
  EXPECT_EQ(random.next(), 0xBF6E1F784956452AU);
  EXPECT_EQ(random.next(), 0x1A5F849D4933E6E0U);
}

TEST(Random, BelowStaysBelowAndReachesAll) {
  Random random{1};
  std::array<int, 7> seen{};
  for (int i = 0; i < 7'000; ++i) ++seen[random.below(7)];
  for (const int count : seen) EXPECT_NEAR(count, 1'000, 200);
  EXPECT_EQ(random.below(1), 0U);
  EXPECT_EQ(random.below(0), 0U);
}

TEST(Random, BetweenIncludesBothEnds) {
  Random random{2};
  bool low = false;
  bool high = false;
  for (int i = 0; i < 200; ++i) {
    const std::uint32_t value = random.between(5, 8);
    ASSERT_GE(value, 5U);
    ASSERT_LE(value, 8U);
    low = low || value == 5;
    high = high || value == 8;
  }
  EXPECT_TRUE(low && high);
}

TEST(Random, SkewedHasItsMeanAndItsBound) {
  Random random{3};
  constexpr std::uint64_t kMean = 1'000'000;
  constexpr std::uint64_t kDraws = 200'000;
  std::uint64_t sum = 0;
  std::uint64_t below_mean = 0;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const std::uint64_t value = random.skewed(kMean);
    ASSERT_LE(value, 8 * kMean);
    sum += value;
    below_mean += value < kMean ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(sum) / kDraws, kMean, kMean / 50.0);
  EXPECT_GT(below_mean, kDraws * 13 / 20);
}

TEST(WeightedChoice, DrawsByWeight) {
  const std::vector<std::uint32_t> weights{1'000, 0, 3'000, 6'000};
  const WeightedChoice choice{weights};
  Random random{4};
  std::array<int, 4> seen{};
  for (int i = 0; i < 100'000; ++i) ++seen[choice.draw(random)];
  EXPECT_NEAR(seen[0], 10'000, 500);
  EXPECT_EQ(seen[1], 0);
  EXPECT_NEAR(seen[2], 30'000, 700);
  EXPECT_NEAR(seen[3], 60'000, 700);
}

TEST(WeightedChoice, OfOneIsThatOne) {
  const std::vector<std::uint32_t> weights{5};
  const WeightedChoice choice{weights};
  Random random{5};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(choice.draw(random), 0U);
}

}  // namespace
}  // namespace tapeline::simulate

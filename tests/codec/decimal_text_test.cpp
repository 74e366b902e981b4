#include "codec/decimal_text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace tapeline::codec {
namespace {

TEST(DecimalText, KeepsEveryDigit) {
  EXPECT_EQ((DecimalText{12345, 2}.view()), "123.45");
  EXPECT_EQ((DecimalText{5, 3}.view()), "0.005");
  EXPECT_EQ((DecimalText{100000000, 8}.view()), "1.00000000");
  EXPECT_EQ((DecimalText{4104, 8}.view()), "0.00004104");
}

TEST(DecimalText, WholeNumbersHaveNoPoint) {
  EXPECT_EQ((DecimalText{0, 0}.view()), "0");
  EXPECT_EQ((DecimalText{1200, 0}.view()), "1200");
}

TEST(DecimalText, HoldsTheLongestNumbers) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ((DecimalText{kMax, 0}.view()), "18446744073709551615");
  EXPECT_EQ((DecimalText{kMax, 8}.view()), "184467440737.09551615");
  EXPECT_EQ((DecimalText{kMax, 19}.view()), "1.8446744073709551615");
  EXPECT_EQ((DecimalText{0, 19}.view()), "0.0000000000000000000");
}

}  // namespace
}  // namespace tapeline::codec

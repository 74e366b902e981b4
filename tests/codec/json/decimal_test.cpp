#include "codec/json/decimal.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tapeline::codec::json {
namespace {

void expect_value(std::string_view text, std::int64_t mantissa, int decimals) {
  Decimal value{-1, 99};
  EXPECT_EQ(parse_decimal(text, value), DecimalStatus::ok) << text;
  EXPECT_EQ(value.mantissa, mantissa) << text;
  EXPECT_EQ(value.decimals, decimals) << text;
}

void expect_fault(std::string_view text, DecimalStatus fault) {
  Decimal value{-1, 99};
  EXPECT_EQ(parse_decimal(text, value), fault) << text;
  EXPECT_EQ(value, (Decimal{-1, 99})) << text;
}

TEST(JsonDecimal, KeepsTheSpelling) {
  expect_value("0", 0, 0);
  expect_value("7", 7, 0);
  expect_value("0.00100000", 100000, 8);
  expect_value("45285.2", 452852, 1);
  expect_value("45281.0", 452810, 1);
  expect_value("61685.99000000", 6168599000000, 8);
  expect_value("-12.50", -1250, 2);
  expect_value("0.000022900", 22900, 9);
}

TEST(JsonDecimal, NegativeZeroIsZero) {
  expect_value("-0", 0, 0);
  expect_value("-0.00", 0, 2);
  expect_value("-0e0", 0, 0);
}

TEST(JsonDecimal, AppliesTheExponent) {
  expect_value("1e-7", 1, 7);
  expect_value("5E-07", 5, 7);
  expect_value("1.50e1", 150, 1);
  expect_value("1.50e2", 150, 0);
  expect_value("1.5e3", 1500, 0);
  expect_value("1.5e+3", 1500, 0);
  expect_value("-2e2", -200, 0);
  expect_value("1e17", 100'000'000'000'000'000, 0);
  expect_value("0e400", 0, 0);
  expect_value("123e-18", 123, 18);
}

TEST(JsonDecimal, TakesEighteenSignificantDigitsAndNoMore) {
  expect_value("999999999999999999", 999'999'999'999'999'999, 0);
  expect_value("-999999999999999999", -999'999'999'999'999'999, 0);
  expect_value("0.999999999999999999", 999'999'999'999'999'999, 18);
  expect_value("123456789.123456789", 123'456'789'123'456'789, 9);
  expect_value("0.000000000000000001", 1, 18);
  for (const std::string_view text :
       {"1000000000000000000", "12345678901234567890", "1234567890.123456789", "1e18", "1e400",
        "1e-19", "1e-400", "1e99999999999999999999", "0.0000000000000000001", "10e17",
        "99999999999999999999999999999999999999999", "1.000000000000000000"}) {
    expect_fault(text, DecimalStatus::out_of_range);
  }
}

TEST(JsonDecimal, LeadingZerosAreNoDigits) {
  const std::string text = "0." + std::string(17, '0') + "1";
  expect_value(text, 1, 18);
}

TEST(JsonDecimal, RefusesWhatJsonCallsNoNumber) {
  for (const std::string_view text :
       {"",         "-",     "+1",  ".5",   "5.",    "01",    "00",  "-01",  "1.",
        "1e",       "1e+",   "e5",  "1.e5", "1 ",    " 1",    "1,5", "0x10", "NaN",
        "Infinity", "1.5.2", "--1", "1-",   "1e5.5", "1_000", "null"}) {
    expect_fault(text, DecimalStatus::bad_number);
  }
}

TEST(JsonDecimal, ALongTextOfDigitsIsOutOfRange) {
  expect_fault(std::string(65'536, '9'), DecimalStatus::out_of_range);
  expect_fault("1e" + std::string(65'536, '9'), DecimalStatus::out_of_range);
}

TEST(JsonDecimal, RescalesOnlyWithoutLoss) {
  EXPECT_EQ(rescale({15, 1}, 8), std::optional<std::int64_t>{150'000'000});
  EXPECT_EQ(rescale({1500, 3}, 1), std::optional<std::int64_t>{15});
  EXPECT_EQ(rescale({1501, 3}, 1), std::nullopt);
  EXPECT_EQ(rescale({999'999'999'999'999'999, 0}, 2), std::nullopt);
  EXPECT_EQ(rescale({-15, 1}, 2), std::optional<std::int64_t>{-150});
  EXPECT_EQ(rescale({0, 0}, 18), std::optional<std::int64_t>{0});
  EXPECT_EQ(rescale({9, 0}, 18), std::optional<std::int64_t>{9'000'000'000'000'000'000});
}

}  // namespace
}  // namespace tapeline::codec::json

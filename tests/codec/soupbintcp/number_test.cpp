#include "codec/soupbintcp/number.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tapeline::codec::soupbintcp {
namespace {

using Field = std::array<std::byte, kSequenceBytes>;

std::optional<std::uint64_t> parse(std::string_view text) {
  EXPECT_EQ(text.size(), kSequenceBytes) << text;
  return parse_number(std::as_bytes(std::span{text}).first<kSequenceBytes>());
}

std::string written(std::uint64_t number) {
  Field field{};
  write_number(field, number);
  return {reinterpret_cast<const char*>(field.data()), field.size()};
}

TEST(SoupBinTcpNumber, IsRightJustifiedAndPaddedWithSpaces) {
  EXPECT_EQ(parse("                   0"), 0U);
  EXPECT_EQ(parse("            14757721"), 14'757'721U);
  EXPECT_EQ(written(0), "                   0");
  EXPECT_EQ(written(14'757'721), "            14757721");
}

TEST(SoupBinTcpNumber, HoldsTheLargestOf64Bits) {
  EXPECT_EQ(parse("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(written(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
}

TEST(SoupBinTcpNumber, LeadingZerosAreDigits) {
  EXPECT_EQ(parse("00000000000000000042"), 42U);
  EXPECT_EQ(parse("          0000000042"), 42U);
}

TEST(SoupBinTcpNumber, RejectsWhatDoesNotFitInto64Bits) {
  EXPECT_EQ(parse("18446744073709551616"), std::nullopt);
  EXPECT_EQ(parse("18446744073709551620"), std::nullopt);
  EXPECT_EQ(parse("20000000000000000000"), std::nullopt);
  EXPECT_EQ(parse("99999999999999999999"), std::nullopt);
}

TEST(SoupBinTcpNumber, RejectsEverythingButSpacesThenDigits) {
  EXPECT_EQ(parse("                    "), std::nullopt);
  EXPECT_EQ(parse("42                  "), std::nullopt);
  EXPECT_EQ(parse("                4 2 "), std::nullopt);
  EXPECT_EQ(parse("               4 242"), std::nullopt);
  EXPECT_EQ(parse("                  -1"), std::nullopt);
  EXPECT_EQ(parse("                 +12"), std::nullopt);
  EXPECT_EQ(parse("                0x12"), std::nullopt);
  EXPECT_EQ(parse("                 1.0"), std::nullopt);
  EXPECT_EQ(parse(std::string(kSequenceBytes, '\0')), std::nullopt);
}

TEST(SoupBinTcpNumber, RejectsEveryByteThatIsNoDigitInEveryPlace) {
  constexpr std::string_view kNumber = "  111111111111111111";
  for (std::size_t place = 2; place < kSequenceBytes; ++place) {
    for (unsigned value = 0; value < 256; ++value) {
      std::string text{kNumber};
      text[place] = static_cast<char>(value);
      const bool digit = value >= '0' && value <= '9';
      const bool padding = place == 2 && value == ' ';
      EXPECT_EQ(parse(text).has_value(), digit || padding) << place << ": " << value;
    }
  }
}

}  // namespace
}  // namespace tapeline::codec::soupbintcp

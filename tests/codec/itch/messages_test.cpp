#include "codec/itch/messages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>

namespace tapeline::codec::itch {
namespace {

TEST(ItchMessageTypes, HoldTheLengthsOfTheSpecification) {
  constexpr std::array<std::pair<char, std::size_t>, 23> kLengths{
      {{'S', 12}, {'R', 39}, {'H', 25}, {'Y', 20}, {'L', 26}, {'V', 35}, {'W', 12}, {'K', 28},
       {'J', 35}, {'h', 21}, {'A', 36}, {'F', 40}, {'E', 31}, {'C', 36}, {'X', 23}, {'D', 19},
       {'U', 35}, {'P', 44}, {'Q', 40}, {'B', 19}, {'I', 50}, {'N', 20}, {'O', 48}}};
  for (const auto& [type, bytes] : kLengths) {
    const std::size_t index = kMessageTypeIndex[static_cast<unsigned char>(type)];
    ASSERT_LT(index, kMessageTypes.size()) << type;
    EXPECT_EQ(kMessageTypes.at(index).type, type);
    EXPECT_EQ(kMessageTypes.at(index).bytes, bytes) << type;
  }
}

TEST(ItchMessageTypes, HaveDistinctNames) {
  std::array<std::string_view, kMessageTypes.size()> names;
  std::ranges::transform(kMessageTypes, names.begin(), &MessageType::name);
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
  EXPECT_FALSE(names.front().empty());
}

TEST(ItchText, TrimsTrailingSpacesOnly) {
  EXPECT_EQ(Symbol::from("AAPL").trimmed(), "AAPL");
  EXPECT_EQ(Symbol::from("").trimmed(), "");
  EXPECT_EQ(Symbol::from(" A B").trimmed(), " A B");
  EXPECT_EQ(Symbol::from("ABCDEFGH").trimmed(), "ABCDEFGH");
  EXPECT_EQ(Symbol{}.trimmed().size(), 8U);  // zero bytes are not padding
}

TEST(ItchText, CutsWhatIsTooLong) {
  EXPECT_EQ(Mpid::from("NITED"), Mpid::from("NITE"));
  EXPECT_EQ(SubType::from("Z").chars, (std::array<char, 2>{'Z', ' '}));
}

TEST(ItchText, ComparesAndHashesByContent) {
  EXPECT_EQ(Symbol::from("MSFT"), Symbol::from("MSFT    "));
  EXPECT_NE(Symbol::from("MSFT"), Symbol::from("MSFT   A"));
  EXPECT_LT(Symbol::from("A"), Symbol::from("AA"));
  const std::hash<Symbol> hash;
  EXPECT_EQ(hash(Symbol::from("MSFT")), hash(Symbol::from("MSFT    ")));
  EXPECT_NE(hash(Symbol::from("MSFT")), hash(Symbol::from("MSFU")));
}

}  // namespace
}  // namespace tapeline::codec::itch

#include "app/market/symbol_directory.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tapeline::market {
namespace {

TEST(SymbolText, CutsPaddingAndWhatIsTooLong) {
  EXPECT_EQ(SymbolText::from("ABC     ").view(), "ABC");
  EXPECT_EQ(SymbolText::from("        ").view(), "");
  EXPECT_EQ(SymbolText::from(std::string(40, 'x')).view(), std::string(31, 'x'));
  EXPECT_EQ(SymbolText::from("AB"), SymbolText::from("AB  "));
}

TEST(SymbolDirectory, NumbersSymbolsInTheOrderTheyAreMet) {
  SymbolDirectory directory{16};
  const auto first = directory.find_or_add("1000SHIBUSDT");
  ASSERT_TRUE(first && first->is_new);
  EXPECT_EQ(index_of(first->id), 0U);
  EXPECT_EQ(index_of(directory.find_or_add("XBT/USD")->id), 1U);
  const auto again = directory.find_or_add("1000SHIBUSDT");
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->id, first->id);
  EXPECT_EQ(directory.symbol(first->id), "1000SHIBUSDT");
  EXPECT_EQ(directory.find("XBT/USD"), InstrumentId{1});
  EXPECT_EQ(directory.find("XBT/EUR"), std::nullopt);
  EXPECT_EQ(directory.counts().symbols.get(), 2U);
}

TEST(SymbolDirectory, RefusesEmptyAndOverlongNames) {
  SymbolDirectory directory{16};
  EXPECT_FALSE(directory.find_or_add(""));
  EXPECT_FALSE(directory.find_or_add("   "));
  EXPECT_FALSE(directory.find_or_add(std::string(32, 'A')));
  EXPECT_TRUE(directory.find_or_add(std::string(31, 'A')));
  EXPECT_FALSE(directory.find(std::string(32, 'A')));
  EXPECT_EQ(directory.counts().refused_names.get(), 3U);
}

TEST(SymbolDirectory, FullOneRefusesNewSymbolsAndFindsTheOld) {
  SymbolDirectory directory;
  for (std::size_t i = 0; i < kMaxInstruments; ++i) {
    const auto found = directory.find_or_add("S" + std::to_string(i));
    ASSERT_TRUE(found && found->is_new) << i;
    ASSERT_EQ(index_of(found->id), i);
  }
  EXPECT_FALSE(directory.find_or_add("ONE-MORE"));
  EXPECT_EQ(directory.counts().refused_full.get(), 1U);
  for (std::size_t i = 0; i < kMaxInstruments; i += 97) {
    ASSERT_EQ(directory.find("S" + std::to_string(i)), InstrumentId(i));
  }
}

TEST(SymbolDirectory, ClearedOneBeginsAnew) {
  SymbolDirectory directory{4};
  static_cast<void>(directory.find_or_add("A"));
  directory.clear();
  EXPECT_FALSE(directory.find("A"));
  const auto found = directory.find_or_add("B");
  ASSERT_TRUE(found && found->is_new);
  EXPECT_EQ(index_of(found->id), 0U);
  EXPECT_EQ(directory.size(), 1U);
}

}  // namespace
}  // namespace tapeline::market

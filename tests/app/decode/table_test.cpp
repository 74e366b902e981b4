#include "app/decode/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

namespace tapeline::decode {
namespace {

using testing::ElementsAre;

constexpr std::int64_t kHour = std::int64_t{3'600} * 1'000'000'000;

class TableTest : public testing::Test {
 protected:
  ~TableTest() override { std::filesystem::remove(path_); }

  Table make(RowFilter filter) {
    return {selection_, Format::csv, TimeFormat::ns, std::move(filter), output_};
  }
  [[nodiscard]] std::string content() {
    std::ifstream in{path_};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  std::string path_ = testing::TempDir() + "table_" + std::to_string(::getpid()) + ".csv";
  Schema schema_{SchemaName::parse("trades"), {}};
  Selection selection_{schema_, "sequence"};
  Output output_{path_, OutputCompression::none, true};
};

TEST_F(TableTest, WritesRowsInPiecesAndTheRestAtTheEnd) {
  Table table = make({});
  std::string expected = "sequence\n";
  for (std::uint64_t i = 1; i <= 100'000; ++i) {
    table.begin_row().number(kSequence, i);
    table.end_row();
    expected += std::to_string(i) + "\n";
  }
  const std::string before = content();
  EXPECT_GT(before.size(), 256U * 1024);
  EXPECT_EQ(before.back(), '\n');
  EXPECT_EQ(expected.compare(0, before.size(), before), 0);
  table.finish();
  EXPECT_EQ(content(), expected);
}

TEST_F(TableTest, IsDoneWithAsManyRowsAsWereAskedFor) {
  RowFilter filter;
  filter.limit = 2;
  Table table = make(filter);
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(table.is_done());
    static_cast<void>(table.begin_row());
    table.end_row();
  }
  EXPECT_TRUE(table.is_done());
  filter.limit = 0;
  EXPECT_TRUE(make(filter).is_done());
}

TEST_F(TableTest, KnowsWhichSymbolsWereNeverMet) {
  RowFilter filter;
  filter.symbols = {"B", "A", "B", "C"};
  Table table = make(filter);
  EXPECT_TRUE(table.wants_symbol("A"));
  EXPECT_FALSE(table.wants_symbol("AA"));
  EXPECT_FALSE(table.wants_symbol(""));
  EXPECT_THAT(table.symbols_not_met(), ElementsAre("B", "C"));
  EXPECT_TRUE(make({}).wants_symbol(""));
}

TEST_F(TableTest, ComparesMomentsWithDays) {
  RowFilter filter;
  filter.from = TimeBound{false, 100};
  filter.to = TimeBound{false, 200};
  Table table = make(filter);
  EXPECT_FALSE(table.wants_time({99, 0}));
  EXPECT_TRUE(table.wants_time({0, 100}));
  EXPECT_TRUE(table.wants_time({50, 149}));
  EXPECT_FALSE(table.wants_time({100, 100}));
}

TEST_F(TableTest, ComparesTimesOfDayWithTheClockOfTheExchange) {
  RowFilter filter;
  filter.from = TimeBound{true, 9 * kHour};
  filter.to = TimeBound{true, 10 * kHour};
  Table table = make(filter);
  EXPECT_TRUE(table.wants_time({9 * kHour, std::nullopt}));
  EXPECT_FALSE(table.wants_time({10 * kHour, std::nullopt}));
  EXPECT_TRUE(table.wants_time({9 * kHour, 5 * kHour}));
  EXPECT_FALSE(table.wants_time({4 * kHour, 5 * kHour}));
  // A clock that counts from 1970: its day in UTC.
  EXPECT_TRUE(table.wants_time({20'458 * 24 * std::uint64_t{kHour} + 9 * kHour, 0}));
  EXPECT_FALSE(table.wants_time({20'458 * 24 * std::uint64_t{kHour} + 10 * kHour, 0}));
  // The same of a venue whose day begins at five o'clock in UTC.
  const std::int64_t midnight = 20'458 * 24 * kHour + 5 * kHour;
  const auto since_1970 = static_cast<std::uint64_t>(midnight);
  EXPECT_TRUE(table.wants_time({since_1970 + 9 * kHour, 0, midnight}));
  EXPECT_FALSE(table.wants_time({since_1970 + 4 * kHour, 0, midnight}));
  EXPECT_FALSE(table.wants_time({since_1970 + 10 * kHour, 0, midnight}));
}

}  // namespace
}  // namespace tapeline::decode

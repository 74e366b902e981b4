#include "app/watch/table.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace tapeline::watch {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Table fruits() {
  Table table{.columns = {{"NAME", true}, {"COUNT", false}, {"WHERE", true}},
              .rows = {},
              .nothing = "none"};
  table.rows.push_back({text_cell("pear"), number_cell("2", 2), text_cell("tree")});
  table.rows.push_back({text_cell("Apple"), number_cell("10", 10), text_cell("tree")});
  table.rows.push_back({text_cell("leek"), number_cell("-", kNone), text_cell("bed")});
  table.rows.push_back({text_cell("plum"), number_cell("2", 2), text_cell("tree")});
  return table;
}

std::string shown(Table table, const Order& order, std::size_t columns = 80) {
  sort_rows(table, order);
  return plain_text(lay_out(table, order, columns));
}

TEST(Table, StandsInColumns) {
  EXPECT_EQ(shown(fruits(), {}),
            "NAME   COUNT  WHERE\n"
            "pear       2  tree\n"
            "Apple     10  tree\n"
            "leek       -  bed\n"
            "plum       2  tree\n");
}

TEST(Table, SortsNumbersWithTheUnknownLastInBothDirections) {
  EXPECT_EQ(shown(fruits(), {.column = 1}),
            "NAME   COUNT  WHERE\nApple     10  tree\npear       2  tree\nplum       2  tree\n"
            "leek       -  bed\n");
  EXPECT_EQ(shown(fruits(), {.column = 1, .rising = true}),
            "NAME   COUNT  WHERE\npear       2  tree\nplum       2  tree\nApple     10  tree\n"
            "leek       -  bed\n");
}

TEST(Table, SortsTextAndLeavesWhatIsEqualInItsOrder) {
  EXPECT_EQ(shown(fruits(), {.column = 2, .rising = true}),
            "NAME   COUNT  WHERE\nleek       -  bed\npear       2  tree\nApple     10  tree\n"
            "plum       2  tree\n");
}

TEST(Table, LeavesOutWhatDoesNotFitButNotTheSortedColumn) {
  EXPECT_EQ(shown(fruits(), {}, 13).substr(0, 13), "NAME   COUNT\n");
  EXPECT_EQ(shown(fruits(), {.column = 2, .rising = true}, 13).substr(0, 13), "NAME   WHERE\n");
}

TEST(Table, PutsTheColumnsThatDoNotFitBelow) {
  EXPECT_EQ(plain_text(lay_out_all(fruits(), {}, 13)),
            "NAME   COUNT\npear       2\nApple     10\nleek       -\nplum       2\n\n"
            "NAME   WHERE\npear   tree\nApple  tree\nleek   bed\nplum   tree\n");
}

TEST(Table, CutsAColumnThatIsWiderThanTheScreen) {
  Table table{.columns = {{"A", true}, {"B", true}}, .rows = {}, .nothing = ""};
  table.rows.push_back({text_cell("name"), text_cell(std::string(100, 'x'))});
  EXPECT_EQ(plain_text(lay_out_all(table, {}, 20)), "A     B\nname  xxxxxxxxxxxxx~\n");
}

TEST(Table, KeepsRowsWhoseTextsMatch) {
  Table table = fruits();
  keep_matching(table, "P");
  EXPECT_EQ(table.rows.size(), 3U);  // pear, Apple, plum
  keep_matching(table, "10");        // a number is no name
  EXPECT_TRUE(table.rows.empty());
  EXPECT_EQ(plain_text(lay_out(table, {}, 80)), "NAME  COUNT  WHERE\nnone\n");
}

}  // namespace
}  // namespace tapeline::watch

#include "app/watch/view.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "watch_support.hpp"

// Screens are compared with tests/app/watch/golden. TAPELINE_UPDATE_GOLDEN=1 writes them anew; look
// at every difference before it is committed.

namespace tapeline::watch {
namespace {

constexpr Size kSmall{.columns = 80, .rows = 24};
constexpr Size kLarge{.columns = 200, .rows = 50};

class Watching : public testing::Test {
 protected:
  void take(const Document& before, const Document& now) {
    moment_.take(reading_of(before));
    moment_.take(reading_of(now));
    connection_.answered(0.0);
  }
  [[nodiscard]] Scene scene(double now = 60.0) const {
    return {.url = "http://127.0.0.1:9600",
            .interval_seconds = 1.0,
            .now_seconds = now,
            .connection = connection_,
            .moment = moment_};
  }
  [[nodiscard]] std::string text(Size size = kSmall) const {
    return plain_text(draw(scene(), choice_, size).screen);
  }
  void press(std::string_view characters, Size size = kSmall) {
    for (const char c : characters) press(KeyPress{.character = c}, size);
  }
  void press(KeyPress key, Size size = kSmall) {
    watch::press(key, draw(scene(), choice_, size), choice_);
  }

  Moment moment_;
  Connection connection_{0.0};
  Choice choice_;
};

void expect_golden(const std::string& text, const std::string& name) {
  const std::string path = std::string{TAPELINE_WATCH_GOLDEN} + "/" + name + ".txt";
  if (std::getenv("TAPELINE_UPDATE_GOLDEN") != nullptr) std::ofstream{path} << text;
  std::ifstream file{path};
  const std::string golden{std::istreambuf_iterator<char>{file}, {}};
  EXPECT_EQ(text, golden) << path;
}

TEST_F(Watching, OverviewAt80x24) {
  take(recorded_document(), second_later());
  expect_golden(text(), "overview_80x24");
}

TEST_F(Watching, OverviewAt200x50) {
  take(recorded_document(), second_later());
  expect_golden(text(kLarge), "overview_200x50");
}

TEST_F(Watching, UnwellAt80x24) {
  take(recorded_document(), unwell_document());
  expect_golden(text(), "unwell_80x24");
}

TEST_F(Watching, LostConnectionAt80x24) {
  take(recorded_document(), unwell_document());
  connection_.failed("nothing answers there", 48.0);
  expect_golden(text(), "lost_80x24");
}

TEST_F(Watching, EachViewAt80x24) {
  take(recorded_document(), second_later());
  std::string all;
  for (const char key : {'2', '3', '4', '5', '6', '7', 'h'}) {
    press(std::string_view{&key, 1});
    all += text();
  }
  expect_golden(all, "views_80x24");
}

TEST_F(Watching, OnceAt120Columns) {
  take(recorded_document(), second_later());
  expect_golden(plain_text(draw_all(scene(), 120)), "once_120");
}

TEST_F(Watching, TellsThatTheConnectionReturned) {
  take(recorded_document(), second_later());
  connection_.failed("no answer in time", 40.0);
  connection_.answered(55.0);
  EXPECT_NE(text().find("Connected again, after 15 s without an answer"), std::string::npos);
  EXPECT_EQ(text().find("CONNECTION LOST"), std::string::npos);
}

TEST_F(Watching, SaysWhyThereIsNoFirstAnswer) {
  connection_.failed("nothing answers there", 1.0);
  EXPECT_NE(text().find("NO ANSWER YET"), std::string::npos);
  EXPECT_NE(text().find("No answer: nothing answers there; asked again every 1 s"),
            std::string::npos);
}

TEST_F(Watching, SortsByTheChosenColumn) {
  take(recorded_document(), second_later());
  press("7");
  const auto first_symbol = [&] {
    const std::string screen = text();
    const std::size_t title = screen.find("SYMBOL");
    return screen.substr(screen.find('\n', title) + 1, 4);
  };
  press(">");  // by symbol, from A on
  EXPECT_EQ(first_symbol(), "AZT ");
  press("r");
  EXPECT_EQ(first_symbol(), "YAA ");
  press(">>>");  // by VWAP, the highest first
  EXPECT_EQ(choice_.orders[6], (Order{.column = 3, .rising = false}));
  EXPECT_EQ(first_symbol(), "FIYJ");
  press("o");
  EXPECT_EQ(first_symbol(), "RSVN");
  press("<");
  EXPECT_EQ(choice_.orders[6].column, 7U);
  EXPECT_EQ(choice_.orders[1].column, std::nullopt);  // each view has its own
}

TEST_F(Watching, FiltersWhileItIsTyped) {
  take(recorded_document(), second_later());
  press("7/pv");
  EXPECT_NE(text().find("Show what holds: pv_"), std::string::npos);
  EXPECT_NE(text().find("PVN"), std::string::npos);
  EXPECT_EQ(text().find("RSVN"), std::string::npos);
  press("q");  // is text now
  EXPECT_FALSE(choice_.quit);
  EXPECT_NE(text().find("nothing holds 'pvq'"), std::string::npos);
  press(KeyPress{.key = Key::backspace});
  press(KeyPress{.key = Key::enter});
  EXPECT_NE(text().find("only 'pv' (Esc: all)"), std::string::npos);
  press(KeyPress{.key = Key::escape});
  EXPECT_NE(text().find("RSVN"), std::string::npos);
}

TEST_F(Watching, ScrollsNoFurtherThanTheLastRow) {
  take(recorded_document(), second_later());
  constexpr Size kLow{.columns = 80, .rows = 12};
  press("7", kLow);
  EXPECT_NE(text(kLow).find("rows 1 to 6 of 12"), std::string::npos) << text(kLow);
  press("jj", kLow);
  EXPECT_NE(text(kLow).find("rows 3 to 8 of 12"), std::string::npos);
  press(KeyPress{.key = Key::page_down}, kLow);
  press(KeyPress{.key = Key::page_down}, kLow);
  EXPECT_NE(text(kLow).find("rows 7 to 12 of 12"), std::string::npos);
  press(KeyPress{.key = Key::up}, kLow);
  EXPECT_NE(text(kLow).find("rows 6 to 11 of 12"), std::string::npos);
  press("g", kLow);
  EXPECT_NE(text(kLow).find("rows 1 to 6 of 12"), std::string::npos);
  press("G", kLow);
  EXPECT_EQ(text().find("rows "), std::string::npos);  // all fit: none is scrolled away
  EXPECT_NE(text().find("RSVN"), std::string::npos);
}

TEST_F(Watching, KeysOpenViewsAndEnd) {
  take(recorded_document(), second_later());
  press(KeyPress{.key = Key::tab});
  EXPECT_EQ(choice_.view, View::channels);
  press(KeyPress{.key = Key::back_tab});
  press(KeyPress{.key = Key::back_tab});
  EXPECT_EQ(choice_.view, View::market);
  press("8");
  EXPECT_EQ(choice_.view, View::market);
  press("?");
  EXPECT_NE(text().find("Shift-Tab"), std::string::npos);
  press(KeyPress{.key = Key::escape});
  EXPECT_EQ(text().find("Shift-Tab"), std::string::npos);
  press(" ");
  EXPECT_TRUE(choice_.paused);
  EXPECT_NE(text().find("Paused: p goes on"), std::string::npos);
  press("p");
  EXPECT_FALSE(choice_.paused);
  press("q");
  EXPECT_TRUE(choice_.quit);
}

// Rows are as many as the terminal has, and nothing but printable ASCII reaches it.
void expect_whole(const Screen& screen, Size size) {
  ASSERT_EQ(screen.size(), size.rows);
  for (const Row& row : screen) {
    ASSERT_LE(width_of(row), size.columns);
    for (const Span& span : row) {
      for (const char c : span.text) ASSERT_TRUE(c >= ' ' && c <= '~') << static_cast<int>(c);
    }
  }
}

TEST_F(Watching, EverySizeIsFilledAndNeverExceeded) {
  Document hostile = unwell_document();
  hostile["degraded"] = Document::array();
  for (int i = 0; i < 50; ++i) hostile["degraded"].push_back("\x1b[31m" + std::string(300, 'x'));
  std::string name;
  for (int i = 0; i < 500; ++i) name += "\xc2\x9b";
  hostile["feeds"][0]["name"] = name;
  hostile["pools"]["\n"] = hostile["pools"]["simd"];
  take(recorded_document(), hostile);
  connection_.failed("nothing answers there", 48.0);
  choice_.paused = true;
  for (std::size_t view = 0; view < kViews; ++view) {
    choice_.view = static_cast<View>(view);
    for (std::size_t columns = 0; columns < 210; columns += columns < 90 ? 7 : 40) {
      for (std::size_t rows = 0; rows < 60; rows += rows < 14 ? 1 : 15) {
        const Size size{.columns = columns, .rows = rows};
        expect_whole(draw(scene(), choice_, size).screen, size);
      }
    }
  }
}

}  // namespace
}  // namespace tapeline::watch

#include "app/watch/view.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "app/watch/heading.hpp"
#include "app/watch/tables.hpp"

namespace tapeline::watch {
namespace {

constexpr std::size_t kLeastColumns = 40;
constexpr std::size_t kLeastRows = 10;
constexpr std::size_t kMostFilterBytes = 64;
constexpr std::array<std::string_view, kViews> kTitles{"Overview", "Channels", "Lines", "Pools",
                                                       "Latency",  "Archives", "Market"};
constexpr std::array kHelp{
    "1 to 7         overview, channels, lines, pools, latency, archives, market",
    "Tab            the next view; Shift-Tab the one before",
    "< >            sort by the column to the left, to the right; also the arrows",
    "s              sort by the next column",
    "r              the other direction",
    "o              as the process has them, unsorted",
    "/              show what holds a text; Enter keeps it, Esc drops it",
    "Up Down j k    one row; PgUp PgDn a page; Home End (g G) first and last",
    "p space        pause, and go on",
    "h ?            this help",
    "q              end",
    "",
    "[####----....]  buffers in use, the most that were in use, the rest",
    "HOW OFTEN       each character is a latency twice that of the one before it,",
    "                the darker the more often; P50 to P99.9 are of the last interval",
    "HELD            buffers in use at every moment of the last ten seconds",
};

void append(Screen& rows, Screen more) {
  rows.insert(rows.end(), std::make_move_iterator(more.begin()),
              std::make_move_iterator(more.end()));
}

[[nodiscard]] std::size_t bar_columns(std::size_t columns) {
  return columns < 100 ? 10 : columns < 160 ? 20 : 40;
}

[[nodiscard]] Table table_of(View view, const Moment& moment, std::size_t columns) {
  switch (view) {
    case View::channels: return channel_table(moment);
    case View::lines: return line_table(moment);
    case View::overview:
    case View::pools: return pool_table(moment, bar_columns(columns));
    case View::latency: return latency_table(moment);
    case View::archives: return archive_table(moment);
    case View::market: return market_table(moment);
  }
  return {};
}

[[nodiscard]] const Order& order_of(const Choice& choice) {
  return choice.orders.at(static_cast<std::size_t>(choice.view));
}
[[nodiscard]] Order& order_of(Choice& choice) {
  return choice.orders.at(static_cast<std::size_t>(choice.view));
}

[[nodiscard]] Row tabs(View chosen, std::size_t columns) {
  const bool roomy = columns >= 80;
  Row row;
  for (std::size_t i = 0; i < kTitles.size(); ++i) {
    const bool is_chosen = static_cast<std::size_t>(chosen) == i;
    const std::string_view title = kTitles.at(i);
    row.push_back({fmt::format(" {} {} ", i + 1, roomy || is_chosen ? title : title.substr(0, 2)),
                   is_chosen ? Style::chosen : Style::soft});
  }
  return row;
}

// A title in fewer columns, without a word that is cut.
[[nodiscard]] Row shorter_title(const Row& title, std::size_t columns) {
  std::string text;
  for (const Span& span : title) text += span.text;
  if (text.size() > columns) {
    const bool whole = text[columns] == ' ';
    text.resize(columns);
    if (!whole) text.resize(text.find_last_of(' ') + 1);
  }
  Row row{{std::move(text), Style::title}};
  fill(row, columns, Style::title);
  return row;
}

// Everything at a glance: of each table as many rows as there is room for, in turn.
[[nodiscard]] Screen overview(const Moment& moment, const Choice& choice, Size room) {
  constexpr std::array kSections{View::pools,   View::channels, View::lines,
                                 View::latency, View::archives, View::market};
  std::vector<Screen> sections;
  for (const View view : kSections) {
    Table table = table_of(view, moment, room.columns);
    keep_matching(table, choice.filter);
    if (!table.rows.empty()) sections.push_back(lay_out(table, Order{}, room.columns));
  }
  const std::size_t blank = room.rows >= 30 ? 1 : 0;  // rows between tables
  std::vector<std::size_t> given(sections.size());
  std::size_t left = room.rows;
  // One more row for each of the first `count` sections that has one.
  const auto give = [&](std::size_t count) {
    bool any = false;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t rows = given[i] > 0 ? 1 : 2;  // the first one comes with the title
      const std::size_t cost = rows + (given[i] == 0 && i > 0 ? blank : 0);
      if (given[i] == sections[i].size() || cost > left) continue;
      given[i] += rows;
      left -= cost;
      any = true;
    }
    return any;
  };
  // Buffers, channels and lines tell whether it is well: three rows of each come first.
  constexpr std::size_t kVital = 3;
  for (std::size_t row = 0; row < kVital; ++row) give(std::min(kVital, sections.size()));
  while (give(sections.size())) {
  }
  Screen rows;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (given[i] == 0) continue;
    if (i > 0 && blank > 0) rows.emplace_back();
    if (given[i] < sections[i].size()) {
      const std::string more = fmt::format(" {} of {}", given[i] - 1, sections[i].size() - 1);
      sections[i][0] = shorter_title(sections[i][0], room.columns - more.size());
      sections[i][0].push_back({more, Style::sorted});
    }
    sections[i].resize(given[i]);
    append(rows, std::move(sections[i]));
  }
  return rows;
}

[[nodiscard]] Row footer(const Scene& scene, const Choice& choice, const Drawn& drawn,
                         std::size_t first, std::size_t columns) {
  if (choice.typing) {
    return {{"Show what holds: " + choice.filter, Style::plain},
            {"_", Style::sorted},
            {"  Enter keeps it, Esc drops it", Style::soft}};
  }
  Row row;
  if (!choice.filter.empty()) {
    row.push_back({" only '" + choice.filter + "' (Esc: all) ", Style::banner_warn});
  }
  if (drawn.table_rows > drawn.page_rows) {
    add_if_fits(row,
                {fmt::format(" rows {} to {} of {} ", first + 1,
                             std::min(first + drawn.page_rows, drawn.table_rows), drawn.table_rows),
                 Style::plain},
                columns);
  }
  add_if_fits(row, {" q end  h help  p pause  / filter", Style::soft}, columns);
  if (drawn.columns > 0) add_if_fits(row, {"  < > sort  r reverse", Style::soft}, columns);
  add_if_fits(row, {fmt::format("  every {:g} s", scene.interval_seconds), Style::soft}, columns);
  return row;
}

// The rows of the view below the tabs, of which page_rows are shown from first_row on.
void add_body(const Scene& scene, const Choice& choice, Size room, Drawn& drawn,
              std::size_t& first) {
  Screen body;
  std::size_t fixed = 0;  // rows that stay when the others move: the title
  if (choice.help) {
    for (const char* const line : kHelp) body.push_back({{line, Style::plain}});
  } else if (scene.moment.empty()) {
    body.push_back({{"Nothing to show before the first answer.", Style::soft}});
  } else if (choice.view == View::overview) {
    body = overview(scene.moment, choice, room);
  } else if (choice.view == View::pools) {
    body = pool_cards(scene.moment, choice.filter, room.columns);
  } else {
    Table table = table_of(choice.view, scene.moment, room.columns);
    drawn.columns = table.columns.size();
    if (!choice.filter.empty()) table.nothing = "nothing holds '" + choice.filter + "'";
    keep_matching(table, choice.filter);
    sort_rows(table, order_of(choice));
    body = lay_out_all(table, order_of(choice), room.columns);
    fixed = body.size() > room.rows ? 1 : 0;
    if (fixed > 0) body = lay_out(table, order_of(choice), room.columns);
  }
  drawn.table_rows = body.size() - fixed;
  drawn.page_rows = room.rows > fixed ? room.rows - fixed : 0;
  first = std::min(choice.first_row, drawn.table_rows > drawn.page_rows
                                         ? drawn.table_rows - drawn.page_rows
                                         : std::size_t{0});
  for (std::size_t i = 0; i < body.size(); ++i) {
    const bool shown = i < fixed || (i >= fixed + first && i < fixed + first + drawn.page_rows);
    if (shown) drawn.screen.push_back(std::move(body[i]));
  }
}

void sort_by_next(const Drawn& drawn, bool right, Choice& choice) {
  if (drawn.columns == 0) return;
  Order& order = order_of(choice);
  if (!order.column) {
    order.column = right ? 0 : drawn.columns - 1;
  } else {
    order.column = (*order.column + (right ? 1 : drawn.columns - 1)) % drawn.columns;
  }
  // Numbers from the highest on, names from A on.
  order.rising = *order.column == 0;
}

void open(View view, Choice& choice) {
  choice.view = view;
  choice.first_row = 0;
  choice.help = false;
}

void open_beside(std::size_t steps, Choice& choice) {
  open(static_cast<View>((static_cast<std::size_t>(choice.view) + steps) % kViews), choice);
}

void type(const KeyPress& press, Choice& choice) {
  choice.first_row = 0;
  switch (press.key) {
    case Key::character:
      if (choice.filter.size() < kMostFilterBytes) choice.filter += press.character;
      break;
    case Key::backspace:
      if (!choice.filter.empty()) choice.filter.pop_back();
      break;
    case Key::escape:
      choice.filter.clear();
      choice.typing = false;
      break;
    case Key::enter: choice.typing = false; break;
    default: break;
  }
}

// Letters that do what another key does.
[[nodiscard]] Key key_of(const KeyPress& key) {
  if (key.key != Key::character) return key.key;
  switch (key.character) {
    case 'j': return Key::down;
    case 'k': return Key::up;
    case 'g': return Key::home;
    case 'G': return Key::end;
    default: return Key::character;
  }
}

void press_character(char character, const Drawn& drawn, Choice& choice) {
  Order& order = order_of(choice);
  switch (character) {
    case 'q': choice.quit = true; break;
    case 'h':
    case '?':
      choice.help = !choice.help;
      choice.first_row = 0;
      break;
    case 'p':
    case ' ': choice.paused = !choice.paused; break;
    case '/':
      choice.typing = true;
      choice.help = false;
      break;
    case '<':
    case ',': sort_by_next(drawn, false, choice); break;
    case '>':
    case '.':
    case 's': sort_by_next(drawn, true, choice); break;
    case 'r':
    case 'R':
    case 'I': order.rising = !order.rising; break;
    case 'o': order = Order{}; break;
    default:
      if (character >= '1' && character < static_cast<char>('1' + kViews)) {
        open(static_cast<View>(character - '1'), choice);
      }
  }
}

}  // namespace

Drawn draw(const Scene& scene, const Choice& choice, Size size) {
  Drawn drawn;
  if (size.columns < kLeastColumns || size.rows < kLeastRows) {
    drawn.screen.push_back({{"too small", Style::plain}});
    cut(drawn.screen[0], size.columns);
    drawn.screen.resize(size.rows);
    return drawn;
  }
  drawn.screen =
      heading(scene, choice.paused, size.columns, std::max<std::size_t>(2, size.rows / 6));
  drawn.screen.push_back(tabs(choice.view, size.columns));
  const std::size_t above = drawn.screen.size();
  const Size room{.columns = size.columns,
                  .rows = size.rows > above + 1 ? size.rows - above - 1 : 0};
  std::size_t first = 0;
  add_body(scene, choice, room, drawn, first);
  drawn.screen.resize(size.rows - 1);
  drawn.screen.push_back(footer(scene, choice, drawn, first, size.columns));
  for (Row& row : drawn.screen) cut(row, size.columns);
  return drawn;
}

void press(const KeyPress& key, const Drawn& drawn, Choice& choice) {
  if (choice.typing) {
    type(key, choice);
    return;
  }
  const std::size_t last =
      drawn.table_rows > drawn.page_rows ? drawn.table_rows - drawn.page_rows : 0;
  std::size_t& first = choice.first_row;
  switch (key_of(key)) {
    case Key::character: press_character(key.character, drawn, choice); break;
    case Key::escape:
      if (!std::exchange(choice.help, false)) choice.filter.clear();
      break;
    case Key::up: first = first > 0 ? first - 1 : 0; break;
    case Key::down: first = std::min(first + 1, last); break;
    case Key::page_up: first = first > drawn.page_rows ? first - drawn.page_rows : 0; break;
    case Key::page_down: first = std::min(first + drawn.page_rows, last); break;
    case Key::home: first = 0; break;
    case Key::end: first = last; break;
    case Key::left: sort_by_next(drawn, false, choice); break;
    case Key::right: sort_by_next(drawn, true, choice); break;
    case Key::tab: open_beside(1, choice); break;
    case Key::back_tab: open_beside(kViews - 1, choice); break;
    case Key::enter:
    case Key::backspace: break;
  }
}

Screen draw_all(const Scene& scene, std::size_t columns) {
  constexpr std::size_t kAllReasons = 1000;
  Screen rows = heading(scene, false, columns, kAllReasons);
  if (scene.moment.empty()) return rows;
  for (std::size_t view = 1; view < kViews; ++view) {
    rows.emplace_back();
    append(rows,
           lay_out_all(table_of(static_cast<View>(view), scene.moment, columns), Order{}, columns));
  }
  return rows;
}

}  // namespace tapeline::watch

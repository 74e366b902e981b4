#pragma once

// What `tapeline watch` shows and how keys change it: from values to a screen, without a terminal.
//
// Thread safety: values and pure functions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "app/watch/connection.hpp"
#include "app/watch/moment.hpp"
#include "app/watch/screen.hpp"
#include "app/watch/table.hpp"

namespace tapeline::watch {

enum class View : std::uint8_t { overview, channels, lines, pools, latency, archives, market };
inline constexpr std::size_t kViews = 7;

// What somebody chose.
struct Choice {
  View view = View::overview;
  std::array<Order, kViews> orders{};
  std::string filter;
  bool typing = false;  // the filter
  bool paused = false;
  bool help = false;
  bool quit = false;
  std::size_t first_row = 0;  // of the table that is shown
};

enum class Key : std::uint8_t {
  character,
  enter,
  escape,
  backspace,
  up,
  down,
  left,
  right,
  page_up,
  page_down,
  home,
  end,
  tab,
  back_tab,
};

struct KeyPress {
  Key key = Key::character;
  char character = '\0';
};

// What is true now, beside the choice.
struct Scene {
  std::string url;
  double interval_seconds = 1.0;
  double now_seconds = 0.0;  // of the clock of `connection`
  const Connection& connection;
  const Moment& moment;
};

struct Drawn {
  Screen screen;               // as many rows as the size has, none wider than its columns
  std::size_t table_rows = 0;  // of the view, all of them
  std::size_t page_rows = 0;   // that fit
  std::size_t columns = 0;     // that it can be sorted by; 0 when it can not
};

[[nodiscard]] Drawn draw(const Scene& scene, const Choice& choice, Size size);

// `drawn` is what the key was pressed upon.
void press(const KeyPress& key, const Drawn& drawn, Choice& choice);

// All views one below the other, without a bound on rows: for a script.
[[nodiscard]] Screen draw_all(const Scene& scene, std::size_t columns);

}  // namespace tapeline::watch

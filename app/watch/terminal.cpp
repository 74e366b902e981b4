#include "app/watch/terminal.hpp"

// Its names are functions, not macros, so that they hide nothing of ours.
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "app/escaped_text.hpp"
#include "app/watch/terminal_type.hpp"

namespace tapeline::watch {
namespace {

constexpr short kGood = 1;
constexpr short kWarn = 2;
constexpr short kBad = 3;
constexpr short kBannerGood = 4;
constexpr short kBannerWarn = 5;
constexpr short kBannerBad = 6;
constexpr short kCalm = 7;

constexpr int kEscapeDelayMs = 50;  // after which Esc is a key and no beginning of one
constexpr int kControlL = 'L' & 0x1F;
constexpr int kEscape = 0x1B;
constexpr int kDelete = 0x7F;

chtype pair(short number) { return static_cast<chtype>(COLOR_PAIR(number)); }

// Without colours it is words, bold and reverse that tell.
chtype attributes(Style style, bool colours) {
  const auto with = [colours](short number, chtype more) {
    return (colours ? pair(number) : 0) | more;
  };
  switch (style) {
    case Style::plain: return A_NORMAL;
    case Style::soft: return A_DIM;
    case Style::title: return A_REVERSE;
    case Style::sorted: return A_REVERSE | A_BOLD | A_UNDERLINE;
    case Style::good: return with(kGood, A_NORMAL);
    case Style::warn: return with(kWarn, A_BOLD);
    case Style::bad: return with(kBad, A_BOLD);
    case Style::bar: return with(kGood, A_BOLD);
    case Style::bar_peak: return with(kCalm, A_NORMAL);
    case Style::chosen: return A_REVERSE | A_BOLD;
    case Style::banner_good: return colours ? pair(kBannerGood) : A_REVERSE;
    case Style::banner_warn: return colours ? pair(kBannerWarn) : A_REVERSE;
    case Style::banner_bad: return with(kBannerBad, colours ? A_BOLD : A_REVERSE | A_BOLD);
  }
  return A_NORMAL;
}

std::optional<KeyPress> to_key(int code) {
  switch (code) {
    case KEY_UP: return KeyPress{.key = Key::up};
    case KEY_DOWN: return KeyPress{.key = Key::down};
    case KEY_LEFT: return KeyPress{.key = Key::left};
    case KEY_RIGHT: return KeyPress{.key = Key::right};
    case KEY_PPAGE: return KeyPress{.key = Key::page_up};
    case KEY_NPAGE: return KeyPress{.key = Key::page_down};
    case KEY_HOME: return KeyPress{.key = Key::home};
    case KEY_END: return KeyPress{.key = Key::end};
    case KEY_BTAB: return KeyPress{.key = Key::back_tab};
    case '\t': return KeyPress{.key = Key::tab};
    case '\r':
    case '\n':
    case KEY_ENTER: return KeyPress{.key = Key::enter};
    case '\b':
    case kDelete:
    case KEY_BACKSPACE: return KeyPress{.key = Key::backspace};
    case kEscape: return KeyPress{.key = Key::escape};
    case KEY_F(1): return KeyPress{.character = 'h'};
    case KEY_F(10): return KeyPress{.character = 'q'};
    default: break;
  }
  if (code < ' ' || code > '~') return std::nullopt;
  return KeyPress{.character = static_cast<char>(code)};
}

[[noreturn]] void throw_bad_terminal() {
  const char* const name = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  throw std::runtime_error{
      "a screen can not be shown on the terminal type '" +
      escaped_text(name == nullptr ? "" : name) +
      "' (TERM); set one that this host knows, such as xterm or linux, or use --once"};
}

}  // namespace

class Terminal::Curses {
 public:
  Curses() {
    if (!can_show_screens()) throw_bad_terminal();
    screen_ = ::newterm(nullptr, stdout, stdin);
    if (screen_ == nullptr) throw_bad_terminal();
    ::cbreak();  // keys at once; Ctrl-C stays a signal
    ::noecho();
    ::nonl();
    ::keypad(stdscr, true);
    ::nodelay(stdscr, true);
    ::set_escdelay(kEscapeDelayMs);
    ::curs_set(0);
    start_colours();
  }
  ~Curses() {
    ::endwin();
    ::delscreen(screen_);
  }
  Curses(const Curses&) = delete;
  Curses& operator=(const Curses&) = delete;

  void draw(const Screen& screen) const {
    ::werase(stdscr);
    for (std::size_t row = 0; row < screen.size(); ++row) {
      ::wmove(stdscr, static_cast<int>(row), 0);
      for (const Span& span : screen[row]) {
        ::wattrset(stdscr, static_cast<int>(attributes(span.style, colours_)));
        ::waddnstr(stdscr, span.text.c_str(), static_cast<int>(span.text.size()));
      }
    }
    ::wattrset(stdscr, A_NORMAL);
    ::wrefresh(stdscr);
  }

 private:
  void start_colours() {
    if (!::has_colors() || ::start_color() != OK) return;
    const short background = ::use_default_colors() == OK ? short{-1} : short{COLOR_BLACK};
    colours_ = true;
    ::init_pair(kGood, COLOR_GREEN, background);
    ::init_pair(kWarn, COLOR_YELLOW, background);
    ::init_pair(kBad, COLOR_RED, background);
    ::init_pair(kCalm, COLOR_CYAN, background);
    ::init_pair(kBannerGood, COLOR_BLACK, COLOR_GREEN);
    ::init_pair(kBannerWarn, COLOR_BLACK, COLOR_YELLOW);
    ::init_pair(kBannerBad, COLOR_WHITE, COLOR_RED);
  }

  SCREEN* screen_ = nullptr;
  bool colours_ = false;
};

Terminal::Terminal() : curses_{std::make_unique<Curses>()} {}
Terminal::~Terminal() = default;

Size Terminal::size() const {
  const int rows = ::getmaxy(stdscr);
  const int columns = ::getmaxx(stdscr);
  return {.columns = static_cast<std::size_t>(columns > 0 ? columns : 0),
          .rows = static_cast<std::size_t>(rows > 0 ? rows : 0)};
}

void Terminal::show(const Screen& screen) { curses_->draw(screen); }

std::optional<KeyPress> Terminal::next_key(std::chrono::milliseconds limit) {
  int code = ::wgetch(stdscr);  // a change of size waits inside of the library
  if (code == ERR) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&input, 1, static_cast<int>(limit.count()));
    if (ready < 0 && errno != EINTR) throw std::runtime_error{"the terminal is gone"};
    code = ::wgetch(stdscr);
    // What can be read from but gives nothing has ended.
    if (code == ERR && ready > 0) throw std::runtime_error{"the terminal is gone"};
  }
  if (code == kControlL) ::clearok(curscr, true);
  return code == ERR ? std::nullopt : to_key(code);
}

}  // namespace tapeline::watch

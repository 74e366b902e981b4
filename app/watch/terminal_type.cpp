#include "app/watch/terminal_type.hpp"

#define NCURSES_NOMACROS 1
// clang-format off: the second needs the first
#include <curses.h>
#include <term.h>
// clang-format on
#include <unistd.h>

namespace tapeline::watch {

bool can_show_screens() {
  int known = 0;
  if (::setupterm(nullptr, STDOUT_FILENO, &known) != OK) return false;
  const char* const move = ::tigetstr("cup");
  ::del_curterm(cur_term);
  return move != nullptr;
}

}  // namespace tapeline::watch

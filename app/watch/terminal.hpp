#pragma once

// The terminal, by ncurses: shows screens, gives keys, and is as it was before when it ends.
//
// Thread safety: one thread, one at a time.

#include <chrono>
#include <memory>
#include <optional>

#include "app/watch/screen.hpp"
#include "app/watch/view.hpp"

namespace tapeline::watch {

class Terminal {
 public:
  // Takes standard input and output. Throws std::runtime_error with one line when TERM names no
  // terminal that a screen can be shown on.
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] Size size() const;

  void show(const Screen& screen);

  // Waits for a key at most so long; nothing also when a signal came or the size changed. Throws
  // std::runtime_error when the terminal is gone.
  [[nodiscard]] std::optional<KeyPress> next_key(std::chrono::milliseconds limit);

 private:
  class Curses;
  std::unique_ptr<Curses> curses_;
};

}  // namespace tapeline::watch

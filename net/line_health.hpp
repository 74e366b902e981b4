#pragma once

// Which lines of a channel are dead: without a packet while another line has some.
//
// Silence is measured from the first packet of another line behind the last one of its own, so a
// channel that is quiet as a whole has no dead lines, and none when it begins to speak again. Only
// packets drive it, no timer: look() is due when a packet comes at or after next_look(). A death
// is found at most an eighth of `dead_ns` late, a return with the first packet.
//
// Thread safety: none; belongs to one sequencer.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace tapeline::net {

class LineHealth {
 public:
  // With `heard_only` a line that never had a packet is not looked at. dead_ns <= 0: never look.
  LineHealth(std::size_t lines, std::int64_t dead_ns, bool heard_only)
      : lines_(lines),
        dead_ns_{dead_ns},
        heard_only_{heard_only},
        next_look_{lines > 1 && dead_ns > 0 ? std::numeric_limits<std::int64_t>::min() : kNever} {}

  [[nodiscard]] std::int64_t next_look() const noexcept { return next_look_; }

  // packets_of(line): packets of this line so far. Calls changed(line, alive).
  template <typename PacketsOf, typename Changed>
  void look(std::int64_t now_ns, PacketsOf&& packets_of, Changed&& changed) {
    const bool was_quiet = now_ns < last_look_ || since(last_look_, now_ns) >= dead_ns_;
    bool any_spoke = false;
    for (std::size_t line = 0; line < lines_.size(); ++line) {
      State& state = lines_[line];
      const std::uint64_t packets = packets_of(line);
      state.spoke = packets != state.packets;
      state.packets = packets;
      any_spoke = any_spoke || state.spoke;
    }
    bool any_dead = false;
    for (std::size_t line = 0; line < lines_.size(); ++line) {
      State& state = lines_[line];
      const bool before = state.dead;
      judge(state, now_ns, any_spoke, was_quiet);
      if (state.dead != before) changed(line, !state.dead);
      any_dead = any_dead || state.dead;
    }
    last_look_ = now_ns;
    next_look_ = any_dead ? std::numeric_limits<std::int64_t>::min() : later(now_ns);
  }

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  struct State {
    std::uint64_t packets = 0;
    std::int64_t silent_since = 0;
    bool spoke = false;   // since the last look
    bool silent = false;  // did not speak since then
    bool dead = false;
  };

  void judge(State& state, std::int64_t now_ns, bool any_spoke, bool was_quiet) const noexcept {
    if (state.spoke) {
      state.silent = false;
      state.dead = false;
    } else if (any_spoke && !(heard_only_ && state.packets == 0)) {
      if (!state.silent || was_quiet) state.silent_since = now_ns;
      state.silent = true;
      if (since(state.silent_since, now_ns) >= dead_ns_) state.dead = true;
    }
  }

  // Requires: then <= now. Held at the end of the range: time stamps may come from outside.
  [[nodiscard]] static std::int64_t since(std::int64_t then, std::int64_t now) noexcept {
    const std::uint64_t span = static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(then);
    return static_cast<std::int64_t>(std::min<std::uint64_t>(span, kNever));
  }
  [[nodiscard]] std::int64_t later(std::int64_t now_ns) const noexcept {
    const std::int64_t step = std::max<std::int64_t>(dead_ns_ / 8, 1);
    return now_ns > kNever - step ? kNever : now_ns + step;
  }

  std::vector<State> lines_;
  std::int64_t dead_ns_;
  bool heard_only_;
  std::int64_t next_look_;
  std::int64_t last_look_ = 0;
};

}  // namespace tapeline::net

#pragma once

// How many lines of one kind stand in the log per second, and how many did not.
//
// Thread safety: one thread.
// Clock:         given with each call, in nanoseconds of a steady one.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace tapeline {

class LogLimit {
 public:
  static constexpr std::size_t kMaxKinds = 4096;  // those that come later are one kind together
  static constexpr std::int64_t kWindow = 1'000'000'000;

  explicit LogLimit(std::uint64_t lines_per_second) noexcept : most_{lines_per_second} {}

  // Whether a line of this kind may be written. One that may not is counted.
  [[nodiscard]] bool allow(const std::string& kind, std::int64_t now_ns) {
    Window& window = window_of(kind);
    if (window.lines == 0 || now_ns - window.begin_ns >= kWindow) {
      window.begin_ns = now_ns;
      window.lines = 0;
    }
    if (window.lines == most_) {
      ++window.suppressed;
      return false;
    }
    ++window.lines;
    return true;
  }

  // Calls tell(kind, count) for each kind of which lines were suppressed in a second that is over,
  // and forgets them; with `all` also in a second that is not.
  template <typename Tell>
  void tell_suppressed(std::int64_t now_ns, bool all, Tell&& tell) {
    for (auto& [kind, window] : windows_) {
      if (window.suppressed == 0 || (!all && now_ns - window.begin_ns < kWindow)) continue;
      tell(kind, window.suppressed);
      window.suppressed = 0;
    }
  }

 private:
  struct Window {
    std::int64_t begin_ns = 0;
    std::uint64_t lines = 0;
    std::uint64_t suppressed = 0;
  };

  Window& window_of(const std::string& kind) {
    const auto found = windows_.find(kind);
    if (found != windows_.end()) return found->second;
    return windows_[windows_.size() < kMaxKinds ? kind : "other"];
  }

  std::uint64_t most_;
  std::map<std::string, Window> windows_;
};

}  // namespace tapeline

#include "app/simulate/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>

#include "app/simulate/live_link.hpp"

namespace tapeline::simulate {

namespace {

constexpr std::uint64_t kWidth = 30;
constexpr std::uint64_t kIntervalNs = 200'000'000;

}  // namespace

Progress::Progress(std::uint64_t total_messages, bool wanted, bool (*stop)() noexcept)
    : total_{std::max<std::uint64_t>(total_messages, 1)},
      stop_{stop},
      shows_{wanted || ::isatty(STDERR_FILENO) != 0} {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
}

bool Progress::keep_going(std::uint64_t messages) {
  if (stop_()) return false;
  if (shows_ && SteadyClock::now_ns() >= next_ns_) show(messages);
  return true;
}

void Progress::show(std::uint64_t messages) {
  next_ns_ = SteadyClock::now_ns() + kIntervalNs;
  const std::uint64_t done = std::min(messages, total_);
  std::string bar(kWidth, '.');
  std::fill_n(bar.begin(), done * kWidth / total_, '#');
  std::fprintf(stderr, "\r[%s] %3llu %%  %llu messages", bar.c_str(),
               static_cast<unsigned long long>(done * 100 / total_),
               static_cast<unsigned long long>(messages));
  std::fflush(stderr);
  shown_ = true;
}

}  // namespace tapeline::simulate

#include "app/watch/poller.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace tapeline::watch {
namespace {

using Clock = std::chrono::steady_clock;

int make_eventfd() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw std::system_error{errno, std::system_category(), "eventfd"};
  return fd;
}

// Whether `fd` can be read from before `until`.
bool readable(int fd, Clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd polled{fd, POLLIN, 0};
    const int ready = ::poll(&polled, 1, static_cast<int>(std::clamp<long>(left, 0, 1'000'000)));
    if (ready > 0) return true;
    if (left <= 0) return false;
  }
}

}  // namespace

Poller::Poller(Ask ask, std::chrono::milliseconds interval)
    : ask_{std::move(ask)}, interval_{interval}, cancel_{make_eventfd()} {
  try {
    thread_ = std::thread{[this] { work(); }};
  } catch (...) {
    ::close(cancel_);
    throw;
  }
}

Poller::~Poller() {
  ::eventfd_write(cancel_, 1);
  thread_.join();
  ::close(cancel_);
}

std::optional<Answer> Poller::take() {
  const std::lock_guard lock{mutex_};
  return std::exchange(newest_, std::nullopt);
}

void Poller::work() {
  Clock::time_point next = Clock::now();
  do {
    Answer answer = ask_(cancel_);
    {
      const std::lock_guard lock{mutex_};
      newest_ = std::move(answer);
    }
    next = std::max(next + interval_, Clock::now());
  } while (!readable(cancel_, next));
}

}  // namespace tapeline::watch

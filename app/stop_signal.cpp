#include "app/stop_signal.hpp"

#include <atomic>
#include <csignal>

namespace tapeline {

namespace {

std::atomic<bool> stop_flag{false};  // written by the signal handler
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void raise_stop_flag(int /*signal*/) { stop_flag.store(true); }

}  // namespace

void catch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = raise_stop_flag;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second one has its usual effect
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool stop_requested() noexcept { return stop_flag.load(); }

}  // namespace tapeline

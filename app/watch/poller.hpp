#pragma once

// Asks the process once per interval, on a thread of its own, so that keys are answered while the
// process is silent.
//
// Thread safety: take() and the destructor by the thread that made it.

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "app/watch/status_reading.hpp"

namespace tapeline::watch {

// One answer, or why there is none.
struct Answer {
  std::optional<StatusReading> reading;
  std::string problem;
};

class Poller {
 public:
  // `ask` returns in bounded time, and at once when the descriptor it is given can be read from; it
  // throws nothing. Throws std::system_error when the system has no descriptor or thread.
  using Ask = std::function<Answer(int cancel)>;

  Poller(Ask ask, std::chrono::milliseconds interval);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // The newest answer that was not taken yet.
  [[nodiscard]] std::optional<Answer> take();

 private:
  void work();

  Ask ask_;
  std::chrono::milliseconds interval_;
  int cancel_;  // an eventfd; readable from the end on
  std::mutex mutex_;
  std::optional<Answer> newest_;  // guarded by mutex_
  std::thread thread_;            // last: it uses the rest
};

}  // namespace tapeline::watch

#pragma once

// A thread on another processor that does what it is told, one job at a time, and sleeps between.
//
// Thread safety: start() and wait() by the thread that made it.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace tapeline::bench {

// The processors that this process may use.
[[nodiscard]] std::vector<std::size_t> allowed_processors();
// Keeps the calling thread on one processor.
void stay_on(std::size_t processor);

class Partner {
 public:
  explicit Partner(std::size_t processor);
  ~Partner();
  Partner(const Partner&) = delete;
  Partner& operator=(const Partner&) = delete;

  void start(std::function<void()> job);
  void wait();  // until the job is done; watches, does not sleep

 private:
  void work(std::size_t processor);

  enum class State : std::uint32_t { idle, busy, ending };
  std::atomic<State> state_{State::idle};
  std::function<void()> job_;
  std::thread thread_;
};

// Lets two threads begin at the same moment. For one use.
class StartLine {
 public:
  void arrive() noexcept;

 private:
  std::atomic<std::uint32_t> arrived_{0};
};

}  // namespace tapeline::bench

#pragma once

// The receiving ends of the net benchmark: tapeline's and a bare recvmmsg loop, each on a thread of
// its own, waiting or spinning.
//
// Thread safety: constructed, stopped and read by one thread.

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace tapeline::bench {

enum class Mode : std::uint8_t { wait, spin };

// What tapeline_receiver() does with a message.
enum class Depth : std::uint8_t {
  messages,  // counts it
  decoded,   // decodes it
  books,     // decodes it and applies it to books and VWAPs
};

// Times of single events, in steps of 10 ns up to 2 ms.
class Times {
 public:
  void add(std::int64_t ns) noexcept {
    const auto step = static_cast<std::uint64_t>(ns < 0 ? 0 : ns) / kStepNs;
    ++counts_[step < kSteps ? step : kSteps - 1];
    ++total_;
  }
  [[nodiscard]] double percentile_ns(double fraction) const noexcept;
  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }

 private:
  static constexpr std::uint64_t kStepNs = 10;
  static constexpr std::size_t kSteps = 200'000;
  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(kSteps, 0);
  std::uint64_t total_ = 0;
};

struct ReceiverOptions {
  Mode mode = Mode::wait;
  Depth depth = Depth::messages;
  bool time_events = false;  // from the kernel's receive time to the event (depth books)
  std::uint32_t receive_buffer_bytes = 8 * 1024 * 1024;
  bool gro = true;  // of tapeline_receiver()
};

class Receiver {
 public:
  virtual ~Receiver() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  void start();
  // Lets the receiver take what is waiting, then ends it.
  void stop();

  [[nodiscard]] std::uint64_t packets() const noexcept { return packets_; }
  [[nodiscard]] double cpu_seconds() const noexcept { return cpu_seconds_; }
  [[nodiscard]] const Times& times() const noexcept { return times_; }

 protected:
  virtual void run() = 0;  // until stopping() and nothing is waiting
  virtual void wake() {}   // stopping() has become true
  [[nodiscard]] bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }

  std::uint64_t packets_ = 0;  // written by the thread of run(), read after stop()
  Times times_;

 private:
  std::atomic<bool> stopping_{false};
  double cpu_seconds_ = 0.0;
  std::thread thread_;
};

// recvmmsg of up to 64 datagrams into fixed buffers, with kernel time stamps and nothing else.
[[nodiscard]] std::unique_ptr<Receiver> bare_receiver(const ReceiverOptions& options);

// UdpSource, Sequencer, and what `depth` says.
[[nodiscard]] std::unique_ptr<Receiver> tapeline_receiver(const ReceiverOptions& options);

}  // namespace tapeline::bench

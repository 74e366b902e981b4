#pragma once

// Rates over about the last second, from counts that only rise.
//
// Thread safety: sample() by one thread, per_second() by any.

#include <atomic>
#include <cstdint>

namespace tapeline {

class RateMeter {
 public:
  // `now_ns` of a steady clock. Samples less than half a second apart are left out.
  void sample(std::uint64_t count, std::int64_t now_ns) noexcept {
    constexpr std::int64_t kShortest = 500'000'000;
    if (started_ && now_ns - last_ns_ < kShortest) return;
    if (started_) {
      const double seconds = static_cast<double>(now_ns - last_ns_) * 1e-9;
      // Relaxed: a number for display.
      rate_.store(static_cast<double>(count - last_count_) / seconds, std::memory_order_relaxed);
    }
    started_ = true;
    last_count_ = count;
    last_ns_ = now_ns;
  }

  [[nodiscard]] double per_second() const noexcept { return rate_.load(std::memory_order_relaxed); }

 private:
  bool started_ = false;
  std::uint64_t last_count_ = 0;
  std::int64_t last_ns_ = 0;
  std::atomic<double> rate_{0.0};
};

}  // namespace tapeline

#pragma once

// The pauses between tries to connect: doubling up to a limit, each with a random share added or
// taken away, so that clients that lost the same server do not come back in step.
//
// Thread safety: one user.
// Units:         nanoseconds.

#include <algorithm>
#include <cstdint>
#include <random>

namespace tapeline::net {

struct TcpBackoffConfig {
  std::int64_t first_ns = 100'000'000;
  std::int64_t longest_ns = 5'000'000'000;  // before jitter
  double jitter = 0.2;                      // share of the pause, both ways; 0 to 1
  std::uint64_t seed = 1;
};

class TcpBackoff {
 public:
  explicit TcpBackoff(const TcpBackoffConfig& config) noexcept
      : longest_ns_{std::max<std::int64_t>(config.longest_ns, 1)},
        first_ns_{std::clamp<std::int64_t>(config.first_ns, 1, longest_ns_)},
        next_ns_{first_ns_},
        jitter_{std::clamp(config.jitter, 0.0, 1.0)},
        random_{config.seed} {}

  // The pause before the next try; the one after it is twice as long.
  [[nodiscard]] std::int64_t take_ns() {
    const std::int64_t pause = next_ns_;
    next_ns_ = pause > longest_ns_ / 2 ? longest_ns_ : 2 * pause;
    std::uniform_real_distribution<double> share{1.0 - jitter_, 1.0 + jitter_};
    return static_cast<std::int64_t>(static_cast<double>(pause) * share(random_));
  }

  void begin_anew() noexcept { next_ns_ = first_ns_; }
  void go_slowly() noexcept { next_ns_ = longest_ns_; }

 private:
  std::int64_t longest_ns_;
  std::int64_t first_ns_;
  std::int64_t next_ns_;
  double jitter_;
  std::mt19937_64 random_;
};

}  // namespace tapeline::net

#pragma once

// Whether the process that is watched answers, since when it does not, and what to tell about it.
//
// Thread safety: none; belongs to one thread.
// Units:         seconds of any steady clock.

#include <cstdint>
#include <string>

namespace tapeline::watch {

class Connection {
 public:
  static constexpr double kTellReturnSeconds = 10.0;

  enum class State : std::uint8_t {
    waiting,  // there was no answer yet
    answers,
    lost,
    returned,  // not long ago
  };

  explicit Connection(double now) noexcept : since_{now} {}

  void answered(double now);
  void failed(const std::string& problem, double now);

  [[nodiscard]] State state(double now) const noexcept;

  // How long there has been no answer; after the return, how long there was none.
  [[nodiscard]] double outage_seconds(double now) const noexcept;

  // Why there was no answer the last time; empty when there never was a reason.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

 private:
  bool ever_ = false;  // answered
  bool answers_ = false;
  bool was_lost_ = false;
  double since_;         // of the state
  double outage_ = 0.0;  // the last one
  std::string problem_;
};

}  // namespace tapeline::watch

#pragma once

// What becomes of the requests that reach, or do not reach, a re-request server: one draw per
// request, from one seed.
//
// Time:          nanoseconds from the start of the session.
// Thread safety: none.

#include <algorithm>
#include <cstdint>
#include <string>

#include "app/simulate/fault_plan.hpp"
#include "app/simulate/random.hpp"

namespace tapeline::simulate {

struct ServerFaultCounts {
  std::uint64_t requests = 0;
  std::uint64_t lost_requests = 0;
  std::uint64_t silent = 0;  // requests that came while the server was silent
  std::uint64_t lost_answers = 0;
  std::uint64_t short_answers = 0;
};

struct AnswerFate {
  bool is_answered = true;
  std::uint16_t most_messages = 0xFFFF;  // that the answer may hold; at least 1
};

class ServerFaultModel {
 public:
  ServerFaultModel(const ServerFaultPlan& plan, std::uint64_t seed) : plan_{plan}, random_{seed} {}

  // Of a request for `count` messages that was sent at `now_ns`.
  [[nodiscard]] AnswerFate draw(std::uint16_t count, std::uint64_t now_ns) noexcept {
    const bool request_lost = random_.below(kAlways) < plan_.loss;
    const bool answer_lost = random_.below(kAlways) < plan_.loss;
    const bool is_short = random_.below(kAlways) < plan_.short_answer;
    const auto short_count = static_cast<std::uint16_t>(1 + random_.below(count));
    const bool is_silent =
        std::any_of(plan_.silent.begin(), plan_.silent.end(),
                    [now_ns](const TimeWindow& silent) { return silent.contains(now_ns); });
    ++counts_.requests;
    AnswerFate fate;
    fate.is_answered = !request_lost && !is_silent && !answer_lost;
    if (request_lost) {
      ++counts_.lost_requests;
    } else if (is_silent) {
      ++counts_.silent;
    } else if (answer_lost) {
      ++counts_.lost_answers;
    } else if (is_short && short_count < count) {
      ++counts_.short_answers;
      fate.most_messages = short_count;
    }
    return fate;
  }

  [[nodiscard]] std::uint64_t delay_ns() const noexcept { return plan_.delay_ns; }
  [[nodiscard]] const ServerFaultCounts& counts() const noexcept { return counts_; }

 private:
  ServerFaultPlan plan_;
  Random random_;
  ServerFaultCounts counts_;
};

[[nodiscard]] inline std::string describe_faults(const ServerFaultModel& faults) {
  const ServerFaultCounts& counts = faults.counts();
  return "server: " + std::to_string(counts.requests) + " requests, " +
         std::to_string(counts.lost_requests) + " lost, " + std::to_string(counts.silent) +
         " met silence, " + std::to_string(counts.lost_answers) + " answers lost, " +
         std::to_string(counts.short_answers) + " short\n";
}

}  // namespace tapeline::simulate

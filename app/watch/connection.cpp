#include "app/watch/connection.hpp"

namespace tapeline::watch {

void Connection::answered(double now) {
  if (!answers_) {
    was_lost_ = ever_;
    outage_ = now - since_;
    since_ = now;
  }
  ever_ = true;
  answers_ = true;
}

void Connection::failed(const std::string& problem, double now) {
  problem_ = problem;
  if (answers_) since_ = now;
  answers_ = false;
}

Connection::State Connection::state(double now) const noexcept {
  if (!ever_) return State::waiting;
  if (!answers_) return State::lost;
  return was_lost_ && now - since_ < kTellReturnSeconds ? State::returned : State::answers;
}

double Connection::outage_seconds(double now) const noexcept {
  return answers_ ? outage_ : now - since_;
}

}  // namespace tapeline::watch

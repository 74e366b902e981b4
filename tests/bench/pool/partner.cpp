#include "partner.hpp"

#include <sched.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "clock.hpp"

namespace tapeline::bench {

std::vector<std::size_t> allowed_processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) {
    throw std::system_error(errno, std::generic_category(), "sched_getaffinity");
  }
  std::vector<std::size_t> processors;
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) processors.push_back(cpu);
  }
  return processors;
}

void stay_on(std::size_t processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  if (::sched_setaffinity(0, sizeof set, &set) != 0) {
    throw std::system_error(errno, std::generic_category(), "sched_setaffinity");
  }
}

Partner::Partner(std::size_t processor) : thread_{[this, processor] { work(processor); }} {}

Partner::~Partner() {
  state_.store(State::ending);
  state_.notify_one();
  thread_.join();
}

void Partner::start(std::function<void()> job) {
  job_ = std::move(job);
  state_.store(State::busy);
  state_.notify_one();
}

void Partner::wait() {
  for (Watch watch; state_.load() == State::busy; watch.again()) {
  }
}

void Partner::work(std::size_t processor) {
  stay_on(processor);
  while (true) {
    state_.wait(State::idle);
    if (state_.load() == State::ending) return;
    job_();
    state_.store(State::idle);
  }
}

void StartLine::arrive() noexcept {
  arrived_.fetch_add(1);
  for (Watch watch; arrived_.load() != 2; watch.again()) {
  }
}

}  // namespace tapeline::bench

#include "app/simulate/exchange.hpp"

#include <pthread.h>

#include <asio/post.hpp>
#include <chrono>
#include <csignal>
#include <exception>

#include "app/simulate/live_link.hpp"

namespace tapeline::simulate {

namespace {

constexpr std::chrono::milliseconds kTick{1};
constexpr std::uint64_t kKeepUpMessages = 8'192;  // a few milliseconds, then others have their turn

// The process is stopped by its main thread.
void block_signals() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

Exchange::Exchange(const ExchangeConfig& config) : store_{config.history_bytes} {
  if (config.requests) {
    RequestAnswererConfig answers = config.requests->answers;
    answers.session = config.session;
    answerer_ =
        std::make_unique<RequestAnswerer>(std::move(answers), store_, config.requests->faults,
                                          config.requests->seed, SteadyClock::now_ns());
    request_server_ = std::make_unique<RequestServer>(io_, config.requests->listen, *answerer_);
  }
  if (config.soup) {
    live_ = std::make_unique<LiveService>(store_, config.session);
    soup_server_ = std::make_unique<SoupServer>(io_, *config.soup, *live_);
  }
  if (config.glimpse) {
    glimpse_ = std::make_unique<GlimpseService>(store_, config.session);
    glimpse_server_ = std::make_unique<SoupServer>(io_, *config.glimpse, *glimpse_);
  }
}

Exchange::~Exchange() { stop(); }

void Exchange::start() {
  wait();
  thread_ = std::thread{[this] { run(); }};
}

void Exchange::run() noexcept {
  block_signals();
  try {
    io_.run();
  } catch (const std::exception& error) {
    failure_ = error.what();
  }
}

void Exchange::wait() {
  timer_.expires_after(is_behind_ ? std::chrono::milliseconds{0} : kTick);
  timer_.async_wait([this](std::error_code error) {
    if (error || is_stopping_) return;
    tick();
    wait();
  });
}

void Exchange::tick() {
  const std::uint64_t now_ns = SteadyClock::now_ns();
  if (request_server_) request_server_->tick(now_ns);
  if (soup_server_) soup_server_->tick(now_ns);
  if (glimpse_server_) {
    is_behind_ = glimpse_->keep_up(kKeepUpMessages);
    glimpse_server_->tick(now_ns);
  }
}

void Exchange::stop() {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] {
    is_stopping_ = true;
    timer_.cancel();
    if (request_server_) request_server_->stop();
    if (soup_server_) soup_server_->stop();
    if (glimpse_server_) glimpse_server_->stop();
    work_.reset();
  });
  thread_.join();
}

}  // namespace tapeline::simulate

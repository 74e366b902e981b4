#pragma once

// The servers of a simulated exchange, on a thread of their own: what was sent on the lines can be
// asked for again, be read as a stream, and joined in the middle with a snapshot.
//
// Thread safety: the constructor, start(), stop() and failure() by one thread, store() by the
// sender,
//                the counters by any.
// Errors:        the constructor throws std::runtime_error, one line, when a port can not be had.

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "app/simulate/glimpse_service.hpp"
#include "app/simulate/live_service.hpp"
#include "app/simulate/message_store.hpp"
#include "app/simulate/request_server.hpp"
#include "app/simulate/soup_server.hpp"

namespace tapeline::simulate {

struct RequestServerConfig {
  codec::capture::Endpoint listen{};  // port 0: any free one
  RequestAnswererConfig answers{};    // its session is that of the exchange
  ServerFaultPlan faults{};
  std::uint64_t seed = 1;
};

struct ExchangeConfig {
  codec::moldudp64::Session session{};
  std::size_t history_bytes = std::size_t{256} << 20U;
  std::optional<RequestServerConfig> requests{};
  std::optional<SoupServerConfig> soup{};
  std::optional<SoupServerConfig> glimpse{};
};

class Exchange {
 public:
  // Binds the ports; nobody is answered before start().
  explicit Exchange(const ExchangeConfig& config);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void start();
  // Closes all connections and joins the thread. May be called twice.
  void stop();

  // Where the sender puts what it sent.
  [[nodiscard]] MessageStore& store() noexcept { return store_; }

  // After stop(): why the thread ended early; empty if it did not.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

  // Null for servers that are not configured.
  [[nodiscard]] const RequestAnswerer* requests() const noexcept { return answerer_.get(); }
  [[nodiscard]] const SoupServer* soup() const noexcept { return soup_server_.get(); }
  [[nodiscard]] const SoupServer* glimpse() const noexcept { return glimpse_server_.get(); }
  // After stop().
  [[nodiscard]] const GlimpseService* snapshots() const noexcept { return glimpse_.get(); }
  [[nodiscard]] std::uint16_t request_port() const noexcept {
    return request_server_ ? request_server_->port() : std::uint16_t{0};
  }

 private:
  void run() noexcept;
  void wait();
  void tick();

  MessageStore store_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::steady_timer timer_{io_};
  std::unique_ptr<RequestAnswerer> answerer_;
  std::unique_ptr<RequestServer> request_server_;
  std::unique_ptr<LiveService> live_;
  std::unique_ptr<SoupServer> soup_server_;
  std::unique_ptr<GlimpseService> glimpse_;
  std::unique_ptr<SoupServer> glimpse_server_;
  bool is_stopping_ = false;  // of the thread
  bool is_behind_ = false;    // the snapshots; of the thread
  std::string failure_;
  std::thread thread_;
};

}  // namespace tapeline::simulate

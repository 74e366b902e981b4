#pragma once

// A SoupBinTCP 3.00 server on Asio: accepts clients up to a bound and drives a SoupSession for
// each.
//
// Thread safety: the thread that runs the io_context; the constructor before it runs. The counters
//                may be read by any.
// Ownership:     the io_context and the service are not owned and must outlive this. Call stop(),
//                then run what the io_context has left, before this is destroyed.
// Errors:        the constructor throws std::runtime_error, one line.
// Memory:        one buffer per client (and what its stream needs), at most max_clients of them.

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "app/simulate/soup_session.hpp"
#include "codec/capture/address.hpp"

namespace tapeline::simulate {

struct SoupServerConfig {
  codec::capture::Endpoint listen{};  // port 0: any free one
  Accounts accounts{};
  SoupFaultPlan faults{};
  std::size_t max_clients = 64;
};

class SoupServer {
 public:
  SoupServer(asio::io_context& io, SoupServerConfig config, SoupService& service);
  ~SoupServer();
  SoupServer(const SoupServer&) = delete;
  SoupServer& operator=(const SoupServer&) = delete;

  // Sends what there is to send and looks at the clocks; call it every few milliseconds.
  void tick(std::uint64_t now_ns);

  // Closes the port and all connections.
  void stop();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const SoupCounters& counters() const noexcept { return shared_.counters; }

 private:
  class Client;

  void accept();
  void on_accept(asio::ip::tcp::socket socket);

  SoupSession::Shared shared_;
  std::size_t max_clients_;
  asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  bool is_accepting_ = false;
  bool is_stopped_ = false;
  std::vector<std::shared_ptr<Client>> clients_;  // kept alive by their reads and writes, too
};

}  // namespace tapeline::simulate

#pragma once

// The status endpoint: joins the HTTP server with whoever knows the state of the process.
//
//   GET /         a page that shows /status
//   GET /healthz  {"status":"ok","degraded":[...]}: alive, and what does not work as it should
//   GET /status   everything as JSON
//   GET /metrics  Prometheus text format
//
// Thread safety: start() and stop() by one thread. `snapshot` is called by worker threads, one at
//                a time, once for each answer but those of /.

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "app/status/status_snapshot.hpp"
#include "net/http_server.hpp"

namespace tapeline::status {

class StatusServer {
 public:
  using SnapshotSource = std::function<StatusSnapshot()>;

  explicit StatusServer(SnapshotSource snapshot);

  // Binds and begins to answer. Port 0: any free one. Throws std::runtime_error if `address` is
  // no IP address or the port can not be bound.
  void start(const std::string& address, std::uint16_t port) { server_.start(address, port); }

  // The port that is listened on; 0 before start().
  [[nodiscard]] std::uint16_t port() const noexcept { return server_.port(); }

  // Waits for requests being answered. May be called twice; the destructor does it, too.
  void stop() { server_.stop(); }

 private:
  [[nodiscard]] StatusSnapshot take_snapshot();

  SnapshotSource snapshot_;
  std::mutex snapshot_mutex_;
  net::HttpServer server_;  // last: its threads end before the rest goes
};

}  // namespace tapeline::status

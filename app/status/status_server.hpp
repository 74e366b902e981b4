#pragma once

// The status endpoint: joins the HTTP server with whoever knows the state of the process.
//
//   GET /         the dashboard, with its files beside it
//   GET /healthz  {"status":"ok","degraded":[...]}: alive, and what does not work as it should
//   GET /readyz   {"ready":true,"reasons":[]}; 503 while a required channel is not in sync
//   GET /status   everything as JSON
//   GET /metrics  Prometheus text format
//   GET /events   /status once a second, as server-sent events
//
// Thread safety: start() and stop() by one thread. `snapshot` is called by the thread of the
//                server, once for each answer but those of the dashboard's files, and once a second
//                for all who listen to the events.

#include <cstdint>
#include <functional>
#include <string>

#include "app/status/status_snapshot.hpp"
#include "net/http_server.hpp"

namespace tapeline::status {

class StatusServer {
 public:
  using SnapshotSource = std::function<StatusSnapshot()>;

  explicit StatusServer(SnapshotSource snapshot, const net::HttpLimits& limits = {});

  // Binds and begins to answer. Port 0: any free one. Throws std::runtime_error if `address` is
  // no IP address or the port can not be bound.
  void start(const std::string& address, std::uint16_t port) { server_.start(address, port); }

  // The port that is listened on; 0 before start().
  [[nodiscard]] std::uint16_t port() const noexcept { return server_.port(); }

  // Waits for a running answer. May be called twice; the destructor does it, too.
  void stop() { server_.stop(); }

 private:
  [[nodiscard]] StatusSnapshot take_snapshot() const;

  SnapshotSource snapshot_;
  net::HttpServer server_;  // last: its thread ends before the rest goes
};

}  // namespace tapeline::status

#pragma once

// A small HTTP/1.1 server for read-only pages: GET and HEAD on fixed paths and streams of
// server-sent events, nothing else. It reads no file and reflects no input. One request per
// connection, then it is closed.
//
// One thread does everything, so a connection costs a few KiB and no thread: a peer that sends or
// reads slowly holds a place for a bounded time, and when the places are used up the one that has
// waited longest is closed for the next. Silent peers wait in the kernel, for a second, before they
// get a place: a request that comes in one piece is answered whoever else comes, as long as these
// are not more than the kernel keeps waiting (about a thousand).
//
// Thread safety: get() and events() before start(). start() and stop() by one thread. Handlers are
//                called by the server's thread, one at a time. counters() by any thread.
// Errors:        start() throws std::runtime_error with one line of text. An exception of a
//                handler is answered with 500.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "pool/counter.hpp"

namespace tapeline::net {

struct HttpResponse {
  std::string content_type;
  std::string body;
  int status = 200;
};

// Times count from the beginning of a request or an answer: a peer that trickles ends there.
struct HttpLimits {
  std::size_t request_bytes = 8192;  // of request line and header fields
  std::size_t reading = 128;         // connections whose request is not whole
  std::size_t writing = 64;          // connections that are being answered
  std::size_t closing = 64;          // answered, until the peer has closed as well
  std::size_t subscribers = 16;      // of events; one more is refused with 503
  std::chrono::milliseconds request_time{5000};
  std::chrono::milliseconds answer_time{5000};  // also of one event
  std::chrono::milliseconds closing_time{1000};
  std::chrono::milliseconds event_interval{1000};
};

// Written by the server's thread.
struct HttpCounters {
  pool::Counter connections;        // accepted
  pool::Counter answers;            // complete, with status 200
  pool::Counter refusals;           // complete, with another status
  pool::Counter displaced;          // closed because their places were used up
  pool::Counter timed_out;          // closed because the peer was slow
  pool::Counter subscribers;        // now
  pool::Counter subscribers_total;  // so far
};

class HttpServer {
 public:
  using Handler = std::function<HttpResponse()>;
  using EventSource = std::function<std::string()>;

  explicit HttpServer(const HttpLimits& limits = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // `path` is matched as a whole, without the query.
  void get(const std::string& path, Handler handler);

  // A stream of server-sent events: `source` makes the text of one, a single line, when a peer
  // subscribes and then at each interval for all of them. A peer that does not read is dropped.
  void events(const std::string& path, EventSource source);

  // Binds and begins to answer. Port 0: any free one. Throws std::runtime_error if `address` is
  // no IP address or the port can not be bound.
  void start(const std::string& address, std::uint16_t port);

  // The port that is listened on; 0 before start().
  [[nodiscard]] std::uint16_t port() const noexcept;

  [[nodiscard]] const HttpCounters& counters() const noexcept;

  // Closes the port and all connections, waits for a running handler. May be called twice.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapeline::net

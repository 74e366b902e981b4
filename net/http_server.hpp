#pragma once

// A small HTTP server for read-only pages: GET and HEAD on fixed paths, nothing else. It reads no
// file and reflects no input. One request per connection; four worker threads; what is asked for
// beyond a short queue is refused by closing the connection.
//
// Limits:        8 KiB for request line and headers, no body, 5 s to read a request, 5 s to write
//                an answer, both counted from their beginning: a peer that trickles ends there.
// Thread safety: get() before start(). start() and stop() by one thread. Handlers are called by
//                the workers, up to four at once.
// Errors:        start() throws std::runtime_error with one line of text. An exception of a
//                handler is answered with 500.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace tapeline::net {

struct HttpResponse {
  std::string content_type;
  std::string body;
  int status = 200;
};

class HttpServer {
 public:
  using Handler = std::function<HttpResponse()>;

  HttpServer();
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // `path` is matched as a whole, without the query.
  void get(const std::string& path, Handler handler);

  // Binds and begins to answer. Port 0: any free one. Throws std::runtime_error if `address` is
  // no IP address or the port can not be bound.
  void start(const std::string& address, std::uint16_t port);

  // The port that is listened on; 0 before start().
  [[nodiscard]] std::uint16_t port() const noexcept;

  // Closes the port, waits for requests being answered, joins the threads. May be called twice.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapeline::net

#include "net/http_server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): pthread_sigmask is POSIX
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <list>
#include <map>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "net/http_request.hpp"

namespace tapeline::net {

namespace {

using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using Text = std::shared_ptr<const std::string>;

constexpr int kBacklog = 1024;
constexpr int kSilentSeconds = 1;  // the kernel waits so long for a request's first bytes
constexpr int kOk = 200;
constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kMaxBytesAfterRequest = std::size_t{256} * 1024;  // read and dropped
constexpr int kSubscriberBufferBytes = 64 * 1024;                       // SO_SNDBUF
constexpr std::chrono::milliseconds kSweepInterval{100};
constexpr std::chrono::milliseconds kAcceptPause{100};  // without descriptors for a connection

// The page may load its own files and talk to this server; nothing else may be loaded, and nobody
// may show it in a frame.
constexpr std::string_view kFixedFields =
    "Connection: close\r\n"
    "Cache-Control: no-store\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n";

std::string_view reason_of(int status) noexcept {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Other";
  }
}

std::string head_of(const HttpResponse& response, std::string_view more_fields) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += reason_of(response.status);
  head += "\r\nContent-Type: " + response.content_type + "\r\n";
  head += more_fields;
  head += kFixedFields;
  head += "\r\n";
  return head;
}

HttpResponse plain(int status, const char* text) {
  return {"text/plain; charset=utf-8", text, status};
}

void block_signals() {
  sigset_t all{};
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

enum class Place : std::uint8_t { reading, writing, closing, subscribed };
constexpr std::size_t kPlaces = 4;

struct Connection {
  explicit Connection(tcp::socket from) : socket{std::move(from)} {}

  tcp::socket socket;
  Place place = Place::reading;
  Clock::time_point deadline{};
  std::list<std::shared_ptr<Connection>>::iterator at{};
  std::string request;
  std::array<char, kReadBytes> input{};
  std::size_t bytes_after_request = 0;
  std::string head;
  Text body;
  bool busy = false;  // a subscriber: an event is being written
};
using Peer = std::shared_ptr<Connection>;

}  // namespace

// Everything but start(), stop() and counters_ belongs to the thread.
class HttpServer::Impl {
 public:
  explicit Impl(const HttpLimits& limits)
      : limits_{limits}, acceptor_{io_}, accept_timer_{io_}, sweep_timer_{io_}, event_timer_{io_} {}

  void bind(const std::string& address, std::uint16_t wanted);
  void run();
  void stop();

  std::map<std::string, Handler, std::less<>> pages;
  std::map<std::string, EventSource, std::less<>> streams;
  std::uint16_t port = 0;
  HttpCounters counters;

 private:
  struct Subscription {
    Peer peer;
    const EventSource* source;
  };

  void accept();
  void read(const Peer& peer);
  void on_request_bytes(const Peer& peer, std::size_t count);
  void answer(const Peer& peer, const HttpRequest& request);
  [[nodiscard]] HttpResponse page(const Handler& handler) const;
  void send(const Peer& peer, const HttpResponse& response, bool with_body,
            std::string_view more_fields = {});
  void finish(const Peer& peer);
  void drain(const Peer& peer);

  void subscribe(const Peer& peer, const EventSource& source, bool with_body);
  void watch_subscriber(const Peer& peer);
  void send_event(const Peer& peer, const Text& event);
  [[nodiscard]] Text make_event(const EventSource& source) const;
  void on_event_time();
  void arm_event_timer();

  void enter(const Peer& peer, Place place);
  void close(const Peer& peer);
  void sweep();
  void arm_sweep_timer();
  [[nodiscard]] std::list<Peer>& of(Place place) {
    return places_[static_cast<std::size_t>(place)];
  }
  [[nodiscard]] std::size_t limit(Place place) const;
  [[nodiscard]] std::chrono::milliseconds time(Place place) const;

  HttpLimits limits_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer accept_timer_;
  asio::steady_timer sweep_timer_;
  asio::steady_timer event_timer_;
  bool sweeping_ = false;
  bool stopping_ = false;
  bool events_armed_ = false;
  std::array<std::list<Peer>, kPlaces> places_;  // each in the order of entering
  std::vector<Subscription> subscriptions_;
  std::thread thread_;
};

void HttpServer::Impl::bind(const std::string& address, std::uint16_t wanted) {
  std::error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) throw std::runtime_error{"'" + address + "' is no IP address"};
  const tcp::endpoint endpoint{ip, wanted};
  acceptor_.open(endpoint.protocol(), error);
  // Without SO_REUSEPORT: with it a second process could take half of the connections.
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address{true}, error);
  if (!error) acceptor_.bind(endpoint, error);
  // A peer comes with the first bytes of its request: one that is slow to ask takes no place, and
  // so can not lose it to those that come after. Without it (an error here) it takes one at once.
  if (!error) {
    ::setsockopt(acceptor_.native_handle(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &kSilentSeconds,
                 sizeof kSilentSeconds);
  }
  if (!error) acceptor_.listen(kBacklog, error);
  if (!error) acceptor_.non_blocking(true, error);
  if (!error) {
    port = acceptor_.local_endpoint().port();
    return;
  }
  acceptor_.close();
  const std::string place = address + " port " + std::to_string(wanted);
  if (error.value() == EADDRINUSE) {
    throw std::runtime_error{place + " is in use by another process"};
  }
  throw std::runtime_error{"cannot listen on " + place + ": " + error.message()};
}

void HttpServer::Impl::run() {
  accept();
  thread_ = std::thread{[this] {
    block_signals();
    ::pthread_setname_np(::pthread_self(), "status");
    io_.run();
  }};
}

void HttpServer::Impl::stop() {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] {
    std::error_code ignored;
    acceptor_.close(ignored);
    stopping_ = true;
    // Behind an accept that is done but was not told yet: it would keep its socket open.
    asio::post(io_, [this] { io_.stop(); });
  });
  thread_.join();
  // Nobody else is left: handlers that still wait go with the context, sockets with these.
  std::error_code ignored;
  for (auto& peers : places_) {
    for (const Peer& peer : peers) peer->socket.close(ignored);
    peers.clear();
  }
  subscriptions_.clear();
}

void HttpServer::Impl::accept() {
  acceptor_.async_accept([this](const std::error_code& error, tcp::socket socket) {
    if (stopping_) return;
    if (!error) {
      counters.connections.add();
      const auto peer = std::make_shared<Connection>(std::move(socket));
      peer->at = of(Place::reading).insert(of(Place::reading).end(), peer);
      enter(peer, Place::reading);
      read(peer);
      return accept();
    }
    if (error == asio::error::operation_aborted) return;
    // No descriptor or no memory: what is open is swept, then there is room again.
    accept_timer_.expires_after(kAcceptPause);
    accept_timer_.async_wait([this](const std::error_code& stopped) {
      if (!stopped) accept();
    });
  });
}

std::size_t HttpServer::Impl::limit(Place place) const {
  switch (place) {
    case Place::reading: return limits_.reading;
    case Place::writing: return limits_.writing;
    case Place::closing: return limits_.closing;
    case Place::subscribed: return limits_.subscribers;
  }
  return 0;
}

std::chrono::milliseconds HttpServer::Impl::time(Place place) const {
  switch (place) {
    case Place::reading: return limits_.request_time;
    case Place::writing: return limits_.answer_time;
    case Place::closing: return limits_.closing_time;
    case Place::subscribed: return limits_.answer_time;
  }
  return {};
}

// Moves the connection to the end of its new place and makes room there.
void HttpServer::Impl::enter(const Peer& peer, Place place) {
  std::list<Peer>& peers = of(place);
  peers.splice(peers.end(), of(peer->place), peer->at);
  peer->place = place;
  peer->deadline = Clock::now() + time(place);
  if (peers.size() > limit(place)) {
    // A peer that only has not closed yet has had its answer.
    if (place != Place::closing) counters.displaced.add();
    close(Peer{peers.front()});
  }
  arm_sweep_timer();
}

// What waits for the connection is called with an error and finds it closed.
void HttpServer::Impl::close(const Peer& peer) {
  if (!peer->socket.is_open()) return;
  std::error_code ignored;
  peer->socket.close(ignored);
  if (peer->place == Place::subscribed) {
    const auto is_peer = [&](const Subscription& entry) { return entry.peer == peer; };
    subscriptions_.erase(std::remove_if(subscriptions_.begin(), subscriptions_.end(), is_peer),
                         subscriptions_.end());
    counters.subscribers.set(subscriptions_.size());
  }
  of(peer->place).erase(peer->at);
}

void HttpServer::Impl::arm_sweep_timer() {
  if (sweeping_) return;
  sweeping_ = true;
  sweep_timer_.expires_after(kSweepInterval);
  sweep_timer_.async_wait([this](const std::error_code& error) {
    if (error) return;
    sweeping_ = false;
    sweep();
  });
}

void HttpServer::Impl::sweep() {
  const Clock::time_point now = Clock::now();
  std::vector<Peer> late;
  bool any = false;
  for (const auto& peers : places_) {
    for (const Peer& peer : peers) {
      const bool waited_for = peer->place != Place::subscribed || peer->busy;
      any = any || waited_for;
      if (waited_for && peer->deadline <= now) late.push_back(peer);
    }
  }
  for (const Peer& peer : late) {
    if (peer->place != Place::closing) counters.timed_out.add();
    close(peer);
  }
  if (any) arm_sweep_timer();
}

void HttpServer::Impl::read(const Peer& peer) {
  peer->socket.async_read_some(asio::buffer(peer->input),
                               [this, peer](const std::error_code& error, std::size_t count) {
                                 if (error) return close(peer);
                                 on_request_bytes(peer, count);
                               });
}

void HttpServer::Impl::on_request_bytes(const Peer& peer, std::size_t count) {
  if (!peer->socket.is_open()) return;
  peer->request.append(peer->input.data(), count);
  const HttpRequest request =
      parse_http_request(std::string_view{peer->request}.substr(0, limits_.request_bytes));
  switch (request.status) {
    case RequestStatus::ok: return answer(peer, request);
    case RequestStatus::malformed: return send(peer, plain(400, "not a request\n"), true);
    case RequestStatus::bad_version: return send(peer, plain(505, "HTTP/1.1 only\n"), true);
    case RequestStatus::incomplete: break;
  }
  if (peer->request.size() >= limits_.request_bytes) {
    return send(peer, plain(431, "the request is too long\n"), true);
  }
  read(peer);
}

void HttpServer::Impl::answer(const Peer& peer, const HttpRequest& request) {
  const auto page_at = pages.find(request.path);
  const auto stream_at = streams.find(request.path);
  if (page_at == pages.end() && stream_at == streams.end()) {
    return send(peer, plain(404, "not found\n"), request.method != HttpMethod::head);
  }
  if (request.method == HttpMethod::other) {
    return send(peer, plain(405, "method not allowed\n"), true, "Allow: GET, HEAD\r\n");
  }
  const bool with_body = request.method == HttpMethod::get;
  if (stream_at != streams.end()) return subscribe(peer, stream_at->second, with_body);
  send(peer, page(page_at->second), with_body);
}

HttpResponse HttpServer::Impl::page(const Handler& handler) const {
  try {
    return handler();
  } catch (const std::exception&) {
    return plain(500, "internal error\n");
  }
}

void HttpServer::Impl::send(const Peer& peer, const HttpResponse& response, bool with_body,
                            std::string_view more_fields) {
  (response.status == kOk ? counters.answers : counters.refusals).add();
  std::string fields = "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  fields += more_fields;
  peer->head = head_of(response, fields);
  peer->body = std::make_shared<const std::string>(with_body ? response.body : std::string{});
  enter(peer, Place::writing);
  if (!peer->socket.is_open()) return;
  const std::array<asio::const_buffer, 2> parts{asio::buffer(peer->head),
                                                asio::buffer(*peer->body)};
  asio::async_write(peer->socket, parts, [this, peer](const std::error_code& error, std::size_t) {
    if (error || !peer->socket.is_open()) return close(peer);
    finish(peer);
  });
}

// Closes our half and reads what still comes: if the kernel found bytes at the end it would reset
// the connection, and the peer might lose the answer.
void HttpServer::Impl::finish(const Peer& peer) {
  std::error_code ignored;
  peer->socket.shutdown(tcp::socket::shutdown_send, ignored);
  peer->body.reset();
  enter(peer, Place::closing);
  drain(peer);
}

void HttpServer::Impl::drain(const Peer& peer) {
  if (!peer->socket.is_open()) return;
  peer->socket.async_read_some(asio::buffer(peer->input),
                               [this, peer](const std::error_code& error, std::size_t count) {
                                 peer->bytes_after_request += count;
                                 if (error || peer->bytes_after_request > kMaxBytesAfterRequest)
                                   return close(peer);
                                 drain(peer);
                               });
}

Text HttpServer::Impl::make_event(const EventSource& source) const {
  try {
    return std::make_shared<const std::string>("data: " + source() + "\n\n");
  } catch (const std::exception&) {
    return nullptr;
  }
}

void HttpServer::Impl::subscribe(const Peer& peer, const EventSource& source, bool with_body) {
  if (subscriptions_.size() >= limits_.subscribers) {
    return send(peer, plain(503, "too many subscribers\n"), with_body, "Retry-After: 5\r\n");
  }
  const HttpResponse response{.content_type = "text/event-stream", .body = {}, .status = kOk};
  if (!with_body) return send(peer, response, false);
  const Text first = make_event(source);
  if (first == nullptr) return send(peer, plain(500, "internal error\n"), true);
  counters.answers.add();
  std::error_code ignored;
  peer->socket.set_option(asio::socket_base::send_buffer_size{kSubscriberBufferBytes}, ignored);
  peer->head = head_of(response, {}) + "retry: 1000\n\n";
  subscriptions_.push_back({peer, &source});
  enter(peer, Place::subscribed);
  counters.subscribers.set(subscriptions_.size());
  counters.subscribers_total.add();
  send_event(peer, first);
  watch_subscriber(peer);
  arm_event_timer();
}

// Finds out when the peer goes. What it says is not listened to, and not for long.
void HttpServer::Impl::watch_subscriber(const Peer& peer) {
  if (!peer->socket.is_open()) return;
  peer->socket.async_read_some(asio::buffer(peer->input),
                               [this, peer](const std::error_code& error, std::size_t count) {
                                 peer->bytes_after_request += count;
                                 if (error || peer->bytes_after_request > kReadBytes)
                                   return close(peer);
                                 watch_subscriber(peer);
                               });
}

// A peer that has not read the last event does not get this one; the sweep drops it when it takes
// too long.
void HttpServer::Impl::send_event(const Peer& peer, const Text& event) {
  if (peer->busy || !peer->socket.is_open()) return;
  peer->busy = true;
  peer->body = event;
  peer->deadline = Clock::now() + limits_.answer_time;
  arm_sweep_timer();
  const std::array<asio::const_buffer, 2> parts{asio::buffer(peer->head),
                                                asio::buffer(*peer->body)};
  asio::async_write(peer->socket, parts, [this, peer](const std::error_code& error, std::size_t) {
    if (error) return close(peer);
    peer->busy = false;
    peer->head.clear();
    peer->body.reset();
  });
}

void HttpServer::Impl::arm_event_timer() {
  if (events_armed_) return;
  events_armed_ = true;
  event_timer_.expires_after(limits_.event_interval);
  event_timer_.async_wait([this](const std::error_code& error) {
    if (error) return;
    events_armed_ = false;
    on_event_time();
  });
}

void HttpServer::Impl::on_event_time() {
  if (subscriptions_.empty()) return;
  arm_event_timer();
  for (const auto& stream : streams) {
    const auto wanted = [&](const Subscription& entry) { return entry.source == &stream.second; };
    if (std::none_of(subscriptions_.begin(), subscriptions_.end(), wanted)) continue;
    const Text event = make_event(stream.second);
    if (event == nullptr) continue;
    for (const Subscription& entry : subscriptions_) {
      if (wanted(entry)) send_event(entry.peer, event);
    }
  }
}

HttpServer::HttpServer(const HttpLimits& limits) : impl_{std::make_unique<Impl>(limits)} {}

HttpServer::~HttpServer() { stop(); }

void HttpServer::get(const std::string& path, Handler handler) {
  impl_->pages[path] = std::move(handler);
}

void HttpServer::events(const std::string& path, EventSource source) {
  impl_->streams[path] = std::move(source);
}

void HttpServer::start(const std::string& address, std::uint16_t port) {
  impl_->bind(address, port);
  impl_->run();
}

std::uint16_t HttpServer::port() const noexcept { return impl_->port; }

const HttpCounters& HttpServer::counters() const noexcept { return impl_->counters; }

void HttpServer::stop() { impl_->stop(); }

}  // namespace tapeline::net

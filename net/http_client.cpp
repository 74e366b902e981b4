#include "net/http_client.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>

namespace tapeline::net {
namespace {

using Clock = std::chrono::steady_clock;

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_{fd} {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

struct Limit {
  Clock::time_point until;
  int cancel;  // poll() skips a negative descriptor
};

// none when `fd` is ready.
HttpFault wait(int fd, short events, const Limit& limit) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(limit.until - Clock::now()).count();
    if (left <= 0) return HttpFault::timeout;
    std::array<pollfd, 2> polled{pollfd{fd, events, 0}, pollfd{limit.cancel, POLLIN, 0}};
    const int ready =
        ::poll(polled.data(), polled.size(), static_cast<int>(std::min<long>(left, 1'000'000)));
    if (ready < 0 && errno != EINTR) return HttpFault::broken;
    if (ready <= 0) continue;
    return polled[1].revents != 0 ? HttpFault::cancelled : HttpFault::none;
  }
}

HttpFault connect(int fd, const addrinfo& to, const Limit& limit) {
  if (::connect(fd, to.ai_addr, to.ai_addrlen) == 0) return HttpFault::none;
  if (errno != EINPROGRESS) return HttpFault::no_connection;
  const HttpFault fault = wait(fd, POLLOUT, limit);
  if (fault != HttpFault::none) return fault;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? HttpFault::none : HttpFault::no_connection;
}

HttpFault send_all(int fd, std::string_view text, const Limit& limit) {
  while (!text.empty()) {
    const HttpFault fault = wait(fd, POLLOUT, limit);
    if (fault != HttpFault::none) return fault;
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return HttpFault::broken;
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  }
  return HttpFault::none;
}

struct ReplyHead {
  int status = 0;
  std::size_t bytes = 0;                     // with the empty line
  std::optional<std::size_t> content_bytes;  // as the field says
};

// Nothing while it is not whole; a status of 0 when it is none.
std::optional<ReplyHead> parse_head(std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  ReplyHead head{.status = 0, .bytes = end + 4, .content_bytes = std::nullopt};
  constexpr std::size_t kStatusAt = std::string_view{"HTTP/1.1 "}.size();
  if (!text.starts_with("HTTP/1.") || text.size() < kStatusAt + 3) return head;
  constexpr int kLowest = 100;  // three digits
  std::from_chars(text.data() + kStatusAt, text.data() + kStatusAt + 3, head.status);
  if (head.status < kLowest) head.status = 0;
  std::string lower{text.substr(0, end)};
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  constexpr std::string_view kField = "\r\ncontent-length:";
  const std::size_t field = lower.find(kField);
  if (field == std::string::npos) return head;
  const std::size_t digits = lower.find_first_not_of(' ', field + kField.size());
  std::size_t bytes = 0;
  if (digits != std::string::npos &&
      std::from_chars(lower.data() + digits, lower.data() + lower.size(), bytes).ec ==
          std::errc{}) {
    head.content_bytes = bytes;
  }
  return head;
}

HttpReply receive(int fd, const Limit& limit, std::size_t max_bytes) {
  HttpReply reply;
  std::string text;
  std::array<char, 4096> part{};
  bool ended = false;
  for (;;) {
    const auto head = parse_head(text);
    if (head && head->status == 0) return {.fault = HttpFault::not_http, .status = 0, .body = {}};
    const bool whole =
        head && (head->content_bytes ? text.size() - head->bytes >= *head->content_bytes : ended);
    if (whole) {
      reply.status = head->status;
      reply.body = text.substr(head->bytes, head->content_bytes.value_or(std::string::npos));
      return reply;
    }
    if (ended) {
      reply.fault = head || text.empty() ? HttpFault::broken : HttpFault::not_http;
      return reply;
    }
    if (text.size() > max_bytes) return {.fault = HttpFault::too_long, .status = 0, .body = {}};
    const HttpFault fault = wait(fd, POLLIN, limit);
    if (fault != HttpFault::none) return {.fault = fault, .status = 0, .body = {}};
    const ssize_t got = ::recv(fd, part.data(), part.size(), 0);
    if (got > 0) text.append(part.data(), static_cast<std::size_t>(got));
    ended = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
  }
}

}  // namespace

HttpReply http_get(const std::string& host, std::uint16_t port, const std::string& path,
                   std::chrono::milliseconds limit, std::size_t max_bytes, int cancel) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return {.fault = HttpFault::no_address, .status = 0, .body = {}};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses{found, ::freeaddrinfo};
  const Limit bounds{.until = Clock::now() + limit, .cancel = cancel};
  const bool is_v6 = host.find(':') != std::string::npos;
  const std::string request = "GET " + path +
                              " HTTP/1.0\r\nHost: " + (is_v6 ? "[" + host + "]" : host) + ":" +
                              std::to_string(port) + "\r\nConnection: close\r\n\r\n";
  HttpReply reply{.fault = HttpFault::no_connection, .status = 0, .body = {}};
  for (const addrinfo* to = found; to != nullptr; to = to->ai_next) {
    const Descriptor socket{
        ::socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->ai_protocol)};
    if (socket.get() < 0) continue;
    reply.fault = connect(socket.get(), *to, bounds);
    if (reply.fault == HttpFault::cancelled) return reply;
    if (reply.fault != HttpFault::none) continue;
    reply.fault = send_all(socket.get(), request, bounds);
    return reply.fault == HttpFault::none ? receive(socket.get(), bounds, max_bytes) : reply;
  }
  return reply;
}

}  // namespace tapeline::net

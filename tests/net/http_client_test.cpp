#include "net/http_client.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "net/endpoint.hpp"
#include "net/http_server.hpp"

namespace tapeline::net {
namespace {

constexpr std::chrono::seconds kLong{30};
constexpr std::size_t kRoom = 10'000;

// Answers one connection with these bytes, whatever is asked, and closes it.
class OneAnswer {
 public:
  explicit OneAnswer(std::string bytes) : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    Endpoint any{"127.0.0.1", 0};
    socklen_t size = any.size();
    sockaddr_storage storage{};
    if (::bind(fd_, any.data(), size) != 0 || ::listen(fd_, 1) != 0) Socket::throw_errno("listen");
    size = sizeof storage;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &size);
    port_ = Endpoint{storage}.port();
    thread_ = std::thread{[this, bytes] {
      const int peer = ::accept(fd_, nullptr, nullptr);
      std::array<char, 4096> request{};
      static_cast<void>(::recv(peer, request.data(), request.size(), 0));
      static_cast<void>(::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL));
      ::close(peer);
    }};
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  ~OneAnswer() {
    thread_.join();
    ::close(fd_);
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

HttpReply reply_to(const std::string& bytes) {
  const OneAnswer server{bytes};
  return http_get("127.0.0.1", server.port(), "/", kLong, kRoom);
}

TEST(HttpClient, GetsWhatOurServerSays) {
  HttpServer server;
  server.get("/sick", [] { return HttpResponse{"text/plain", "sick", 503}; });
  server.start("127.0.0.1", 0);
  const HttpReply reply = http_get("localhost", server.port(), "/sick", kLong, kRoom);
  EXPECT_EQ(reply.fault, HttpFault::none);
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, "sick");
}

TEST(HttpClient, BodyEndsWithItsLengthOrWithTheConnection) {
  EXPECT_EQ(reply_to("HTTP/1.1 200 OK\r\ncontent-LENGTH:  2\r\n\r\nabc").body, "ab");
  EXPECT_EQ(reply_to("HTTP/1.1 200 OK\r\n\r\nabc").body, "abc");
  EXPECT_EQ(reply_to("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc").fault, HttpFault::broken);
}

TEST(HttpClient, TellsWhatWentWrong) {
  EXPECT_EQ(reply_to("").fault, HttpFault::broken);
  EXPECT_EQ(reply_to("nonsense").fault, HttpFault::not_http);
  EXPECT_EQ(reply_to("nonsense\r\n\r\n").fault, HttpFault::not_http);
  EXPECT_EQ(reply_to("HTTP/1.1 2\r\n\r\n").fault, HttpFault::not_http);
  EXPECT_EQ(reply_to("HTTP/1.1 xyz\r\n\r\n").fault, HttpFault::not_http);
  EXPECT_EQ(reply_to("HTTP/1.1 200 OK\r\n\r\n" + std::string(2 * kRoom, 'x')).fault,
            HttpFault::too_long);
  EXPECT_EQ(http_get("name.invalid", 1, "/", kLong, kRoom).fault, HttpFault::no_address);
}

TEST(HttpClient, TellsThatNobodyIsThere) {
  std::uint16_t port = 0;
  {
    HttpServer server;
    server.start("127.0.0.1", 0);
    port = server.port();
  }
  EXPECT_EQ(http_get("127.0.0.1", port, "/", kLong, kRoom).fault, HttpFault::no_connection);
}

TEST(HttpClient, GivesUpOnAServerThatIsSilent) {
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const Endpoint any{"127.0.0.1", 0};
  ASSERT_EQ(::bind(silent, any.data(), any.size()), 0);
  ASSERT_EQ(::listen(silent, 1), 0);
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(silent, reinterpret_cast<sockaddr*>(&storage), &size);
  const HttpReply reply =
      http_get("127.0.0.1", Endpoint{storage}.port(), "/", std::chrono::milliseconds{50}, kRoom);
  EXPECT_EQ(reply.fault, HttpFault::timeout);
  ::close(silent);
}

TEST(HttpClient, EndsAtOnceWhenItIsCancelled) {
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const Endpoint any{"127.0.0.1", 0};
  ASSERT_EQ(::bind(silent, any.data(), any.size()), 0);
  ASSERT_EQ(::listen(silent, 1), 0);
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(silent, reinterpret_cast<sockaddr*>(&storage), &size);
  const int cancel = ::eventfd(1, EFD_CLOEXEC);  // readable from the begin on
  const HttpReply reply =
      http_get("127.0.0.1", Endpoint{storage}.port(), "/", std::chrono::hours{1}, kRoom, cancel);
  ::close(cancel);
  ::close(silent);
  EXPECT_EQ(reply.fault, HttpFault::cancelled);
  EXPECT_TRUE(reply.body.empty());
}

}  // namespace
}  // namespace tapeline::net

#include "net/http_server.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "net/endpoint.hpp"

namespace tapeline::net {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Client {
 public:
  explicit Client(std::uint16_t port) : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const Endpoint server{"127.0.0.1", port};
    if (::connect(fd_, server.data(), server.size()) != 0) Socket::throw_errno("connect");
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(fd_); }

  void send(const std::string& text) const {
    static_cast<void>(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL));
  }
  // All that comes until the server closes.
  [[nodiscard]] std::string receive() const {
    std::string all;
    std::array<char, 4096> part{};
    for (;;) {
      const ssize_t got = ::recv(fd_, part.data(), part.size(), 0);
      if (got <= 0) return all;
      all.append(part.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  int fd_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server.get("/page", [] { return HttpResponse{"application/json", "{\"a\":1}"}; });
    server.get("/sick", [] { return HttpResponse{"text/plain", "sick", 503}; });
    server.get("/throws", []() -> HttpResponse { throw std::runtime_error{"secret"}; });
    server.get("/large", [] { return HttpResponse{"text/plain", std::string(2'000'000, 'x')}; });
    server.start("127.0.0.1", 0);
  }

  std::string ask(const std::string& request) {
    const Client client{server.port()};
    client.send(request);
    return client.receive();
  }
  std::string get(const std::string& path, const std::string& method = "GET") {
    return ask(method + " " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }

  HttpServer server;
};

TEST_F(HttpServerTest, AnswersWithTypeBodyAndStatus) {
  EXPECT_NE(server.port(), 0);
  EXPECT_THAT(get("/page"),
              AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Content-Type: application/json\r\n"),
                    ::testing::EndsWith("\r\n\r\n{\"a\":1}")));
  EXPECT_THAT(get("/sick"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(get("/page?query=1"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, HeadHasNoBody) {
  EXPECT_THAT(get("/page", "HEAD"),
              AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Content-Length: 7\r\n"),
                    Not(HasSubstr("{\"a\":1}"))));
}

TEST_F(HttpServerTest, RefusesOtherPathsAndMethods) {
  EXPECT_THAT(get("/nothing"), AllOf(StartsWith("HTTP/1.1 404 "), Not(HasSubstr("nothing"))));
  EXPECT_THAT(get("/../etc/passwd"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/page/"), StartsWith("HTTP/1.1 404 "));
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    EXPECT_THAT(get("/page", method),
                AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n")))
        << method;
  }
}

TEST_F(HttpServerTest, ExceptionOfAHandlerIsAnsweredWithoutItsText) {
  EXPECT_THAT(get("/throws"), AllOf(StartsWith("HTTP/1.1 500 "), Not(HasSubstr("secret"))));
}

TEST_F(HttpServerTest, LargeBodiesArriveWhole) {
  EXPECT_THAT(get("/large").size(), ::testing::Gt(2'000'000U));
}

TEST_F(HttpServerTest, RangesAreIgnored) {
  std::string ranges = "bytes=0-1";
  for (int at = 0; at < 500; ++at) ranges += ",0-5";
  EXPECT_THAT(ask("GET /page HTTP/1.1\r\nHost: x\r\nRange: " + ranges + "\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 "), ::testing::EndsWith("\r\n\r\n{\"a\":1}")));
}

TEST_F(HttpServerTest, RefusesWhatIsNoRequest) {
  EXPECT_THAT(ask("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GET /page\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GET /page HTTP/1.1\r\nHost: x\r\nPad: " + std::string(9000, 'x') + "\r\n\r\n"),
              Not(HasSubstr(" 200 ")));
  EXPECT_THAT(ask("GET /page HTTP/1.1\r\nContent-Length: x\r\nRange: bytes=9-1\r\n\r\n"),
              StartsWith("HTTP/1.1 "));
  EXPECT_THAT(get("/page"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, EndlessRequestIsCutOff) {
  const Client client{server.port()};
  for (int at = 0; at < 10; ++at) client.send(std::string(4096, 'x'));
  static_cast<void>(client.receive());  // returns because the server closes
  EXPECT_THAT(get("/page"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, StopDoesNotWaitForIdleConnections) {
  std::vector<std::unique_ptr<Client>> idle;
  for (int at = 0; at < 10; ++at) idle.push_back(std::make_unique<Client>(server.port()));
  const auto before = std::chrono::steady_clock::now();
  server.stop();
  server.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{2});
  for (const auto& client : idle) EXPECT_THAT(client->receive(), IsEmpty());
}

TEST_F(HttpServerTest, ClosesWhatDoesNotFitIntoTheQueue) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  std::atomic<int> entered{0};
  HttpServer slow;
  slow.get("/wait", [&] {
    ++entered;
    released.wait();
    return HttpResponse{"text/plain", "done"};
  });
  slow.start("127.0.0.1", 0);
  std::vector<std::unique_ptr<Client>> clients;
  const auto connect = [&] {
    clients.push_back(std::make_unique<Client>(slow.port()));
    clients.back()->send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  };
  for (int at = 0; at < 4; ++at) connect();
  while (entered.load() < 4) std::this_thread::yield();
  for (int at = 0; at < 33; ++at) connect();  // 32 wait in the queue
  EXPECT_THAT(clients.back()->receive(), IsEmpty());
  release.set_value();
  for (std::size_t at = 0; at + 1 < clients.size(); ++at) {
    EXPECT_THAT(clients[at]->receive(), StartsWith("HTTP/1.1 200 ")) << at;
  }
}

TEST_F(HttpServerTest, PortInUseIsAClearError) {
  HttpServer second;
  const std::string port = std::to_string(server.port());
  try {
    second.start("127.0.0.1", server.port());
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "127.0.0.1 port " + port + " is in use by another process");
  }
  EXPECT_THAT(get("/page"), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpServer, RefusesAddressesThatAreNotOurs) {
  HttpServer server;
  EXPECT_THROW(server.start("localhost.invalid", 0), std::runtime_error);
  EXPECT_THROW(server.start("192.0.2.77", 0), std::runtime_error);
  EXPECT_EQ(server.port(), 0);
}

TEST(HttpServer, ListensOnIpv6) {
  HttpServer server;
  server.start("::1", 0);
  EXPECT_NE(server.port(), 0);
}

}  // namespace
}  // namespace tapeline::net

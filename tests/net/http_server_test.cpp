#include "net/http_server.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
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
  void half_close() const { ::shutdown(fd_, SHUT_WR); }
  // All that comes until `end` has come, or the server closes.
  [[nodiscard]] std::string receive_until(const std::string& end) const {
    std::string all;
    char letter = 0;
    while (!all.ends_with(end) && ::recv(fd_, &letter, 1, 0) == 1) all += letter;
    return all;
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

TEST_F(HttpServerTest, LetsThePageLoadNothingFromElsewhere) {
  EXPECT_THAT(get("/page"), AllOf(HasSubstr("Content-Security-Policy: default-src 'none'; "),
                                  HasSubstr("X-Content-Type-Options: nosniff\r\n"),
                                  HasSubstr("Cache-Control: no-store\r\n")));
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
  EXPECT_THAT(ask("GET /page HTTP/1.1\r\nHost: x\r\nPad: " + std::string(65536, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask("GET /page HTTP/3.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 505 "));
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
  for (int at = 0; at < 10; ++at) {
    idle.push_back(std::make_unique<Client>(server.port()));
    idle.back()->send("G");
  }
  const auto before = std::chrono::steady_clock::now();
  server.stop();
  server.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{2});
  for (const auto& client : idle) EXPECT_THAT(client->receive(), IsEmpty());
}

// Clients of a server with few places and short times.
class CrowdedServerTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kPlaces = 4;

  void start(HttpLimits limits) {
    server = std::make_unique<HttpServer>(limits);
    server->get("/page", [] { return HttpResponse{"text/plain", "here"}; });
    server->get("/large", [] { return HttpResponse{"text/plain", std::string(20'000'000, 'x')}; });
    server->events("/events", [this] { return "event " + std::to_string(++events); });
    server->events("/long_events", [] { return std::string(1'000'000, 'x'); });
    server->start("127.0.0.1", 0);
  }
  std::unique_ptr<Client> connect(const std::string& text = {}) {
    auto client = std::make_unique<Client>(server->port());
    client->send(text);
    return client;
  }
  static std::string request(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  static std::uint64_t wait_for(const pool::Counter& counter, std::uint64_t at_least) {
    while (counter.get() < at_least) std::this_thread::yield();
    return counter.get();
  }

  int events = 0;  // of the server's thread
  std::unique_ptr<HttpServer> server;
};

TEST_F(CrowdedServerTest, TheOldestUnfinishedRequestMakesRoomForTheNext) {
  start({.reading = kPlaces, .request_time = std::chrono::hours{1}});
  std::vector<std::unique_ptr<Client>> slow;
  for (std::size_t at = 0; at < 3 * kPlaces; ++at) {
    slow.push_back(connect("GET /pa"));
    wait_for(server->counters().connections, at + 1);
  }
  EXPECT_EQ(wait_for(server->counters().displaced, 2 * kPlaces), 2 * kPlaces);
  for (std::size_t at = 0; at < 2 * kPlaces; ++at) EXPECT_THAT(slow[at]->receive(), IsEmpty());
  EXPECT_THAT(connect(request("/page"))->receive(), StartsWith("HTTP/1.1 200 "));
  slow.back()->send("ge HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(slow.back()->receive(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(CrowdedServerTest, APeerThatAsksAfterOthersCameIsAnswered) {
  start({.reading = kPlaces, .request_time = std::chrono::hours{1}});
  const auto late = connect();
  std::vector<std::unique_ptr<Client>> slow;
  for (std::size_t at = 0; at < 3 * kPlaces; ++at) slow.push_back(connect("GET /pa"));
  wait_for(server->counters().displaced, 2 * kPlaces);
  late->send(request("/page"));
  EXPECT_THAT(late->receive(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(CrowdedServerTest, ASilentPeerHasItsTime) {
  start({.request_time = std::chrono::milliseconds{1}});
  EXPECT_THAT(connect()->receive(), IsEmpty());
  EXPECT_EQ(server->counters().timed_out.get(), 1U);
}

TEST_F(CrowdedServerTest, ARequestHasItsTime) {
  start({.request_time = std::chrono::milliseconds{1}});
  EXPECT_THAT(connect("GET /page HT")->receive(), IsEmpty());
  EXPECT_EQ(server->counters().timed_out.get(), 1U);
}

TEST_F(CrowdedServerTest, AnAnswerHasItsTimeAndPlace) {
  start({.writing = kPlaces, .answer_time = std::chrono::milliseconds{1}});
  std::vector<std::unique_ptr<Client>> idle;
  for (std::size_t at = 0; at < 2 * kPlaces; ++at) idle.push_back(connect(request("/large")));
  while (server->counters().timed_out.get() + server->counters().displaced.get() < 2 * kPlaces) {
    std::this_thread::yield();
  }
  EXPECT_THAT(connect(request("/page"))->receive(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(CrowdedServerTest, OnlyTheFirstOfSeveralRequestsIsAnswered) {
  start({});
  const std::string answers = connect(request("/page") + request("/page"))->receive();
  EXPECT_EQ(answers.find("HTTP/1.1 200 "), answers.rfind("HTTP/1.1 "));
  EXPECT_THAT(answers, HasSubstr("Connection: close\r\n"));
}

TEST_F(CrowdedServerTest, AHalfClosedConnectionIsAnsweredWhenItsRequestIsWhole) {
  start({});
  const auto whole = connect(request("/page"));
  whole->half_close();
  EXPECT_THAT(whole->receive(), StartsWith("HTTP/1.1 200 "));
  const auto part = connect("GET /pa");
  part->half_close();
  EXPECT_THAT(part->receive(), IsEmpty());
}

TEST_F(CrowdedServerTest, EventsComeToAllSubscribersUntilTheyGo) {
  start({.event_interval = std::chrono::milliseconds{1}});
  auto first = connect(request("/events"));
  auto second = connect(request("/events"));
  EXPECT_THAT(first->receive_until("data: event 20\n\n"),
              AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Content-Type: text/event-stream\r\n"),
                    HasSubstr("\r\n\r\nretry: 1000\n\ndata: event ")));
  EXPECT_THAT(second->receive_until("data: event 20\n\n"), HasSubstr("data: event 19\n\n"));
  EXPECT_EQ(server->counters().subscribers.get(), 2U);
  first.reset();
  second.reset();
  while (server->counters().subscribers.get() != 0) std::this_thread::yield();
  EXPECT_EQ(server->counters().subscribers_total.get(), 2U);
}

TEST_F(CrowdedServerTest, OneSubscriberTooManyIsRefused) {
  start({.subscribers = 1, .event_interval = std::chrono::milliseconds{1}});
  const auto first = connect(request("/events"));
  static_cast<void>(first->receive_until("data: event 2\n\n"));
  EXPECT_THAT(connect(request("/events"))->receive(),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: 5\r\n")));
}

TEST_F(CrowdedServerTest, ASubscriberThatDoesNotReadIsDropped) {
  start({.answer_time = std::chrono::milliseconds{1},
         .event_interval = std::chrono::milliseconds{1}});
  const auto silent = connect(request("/long_events"));
  wait_for(server->counters().timed_out, 1);
  while (server->counters().subscribers.get() != 0) std::this_thread::yield();
}

TEST_F(CrowdedServerTest, HeadOfEventsEnds) {
  start({});
  EXPECT_THAT(connect("HEAD /events HTTP/1.1\r\nHost: x\r\n\r\n")->receive(),
              AllOf(StartsWith("HTTP/1.1 200 "), ::testing::EndsWith("\r\n\r\n")));
  EXPECT_THAT(connect("POST /events HTTP/1.1\r\nHost: x\r\n\r\n")->receive(),
              StartsWith("HTTP/1.1 405 "));
  EXPECT_EQ(server->counters().subscribers_total.get(), 0U);
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

#include "app/status/status_server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/app/status/exposition.hpp"
#include "tests/app/status/status_support.hpp"

namespace tapeline::status {
namespace {

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
};

// One request over a plain socket: the server is held against HTTP, not against its own library.
Answer request(std::uint16_t port, const std::string& method, const std::string& path) {
  Answer answer;
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(descriptor);
    return answer;
  }
  const std::string text =
      method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
  std::string received;
  std::array<char, 4096> piece{};
  for (ssize_t got = 0; (got = ::recv(descriptor, piece.data(), piece.size(), 0)) > 0;) {
    received.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(descriptor);
  const std::size_t head_end = received.find("\r\n\r\n");
  if (head_end == std::string::npos || received.size() < 12) return answer;
  answer.status = std::stoi(received.substr(9, 3));
  answer.head = received.substr(0, head_end + 2);
  answer.body = received.substr(head_end + 4);
  return answer;
}

// The first line of an event, when it has come.
std::string first_event(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string received;
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const std::string text = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";
    EXPECT_EQ(::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
    std::array<char, 4096> piece{};
    ssize_t got = 1;
    while (received.find("}\n\n") == std::string::npos && got > 0) {
      got = ::recv(descriptor, piece.data(), piece.size(), 0);
      received.append(piece.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
  }
  ::close(descriptor);
  const std::size_t data = received.find("data: ");
  if (data == std::string::npos) return {};
  return received.substr(data, received.find('\n', data) - data);
}

class StatusServerTest : public ::testing::Test {
 protected:
  StatusServerTest() { server_.start("127.0.0.1", 0); }

  [[nodiscard]] Answer get(const std::string& path) const {
    return request(server_.port(), "GET", path);
  }

  std::atomic<int> inside_{0};
  std::atomic<bool> overlapped_{false};
  StatusServer server_{[this] {
    if (inside_.fetch_add(1) != 0) overlapped_.store(true);
    StatusSnapshot snapshot = testing::full_snapshot();
    inside_.fetch_sub(1);
    return snapshot;
  }};
};

TEST_F(StatusServerTest, AnswersHealth) {
  const Answer answer = get("/healthz");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(nlohmann::json::parse(answer.body).at("status"), "ok");
}

TEST_F(StatusServerTest, SaysThatItIsNotReadyAndWhy) {
  const Answer answer = get("/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(nlohmann::json::parse(answer.body).at("reasons").at(0), "nasdaq/itch: books are stale");
}

TEST(StatusServer, SaysThatItIsReady) {
  StatusServer server{[] { return StatusSnapshot{}; }};
  server.start("127.0.0.1", 0);
  EXPECT_EQ(request(server.port(), "GET", "/readyz").status, 200);
}

TEST_F(StatusServerTest, CountsItsOwnConnections) {
  static_cast<void>(get("/nothing"));
  const auto http = nlohmann::json::parse(get("/status").body).at("http");
  EXPECT_EQ(http.at("connections"), 2);
  EXPECT_EQ(http.at("refusals"), 1);
}

TEST_F(StatusServerTest, SendsTheStatusAsEvents) {
  const std::string text = first_event(server_.port());
  ASSERT_TRUE(text.starts_with("data: ")) << text;
  EXPECT_EQ(nlohmann::json::parse(text.substr(6)).at("process").at("version"), "0.1.0");
}

TEST_F(StatusServerTest, GivesStatusAsJson) {
  const Answer answer = get("/status");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.head.find("application/json"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(answer.body).at("pools").at("simd").at("acquires"), 1300);
}

TEST_F(StatusServerTest, GivesMetricsInTheFormatItNames) {
  const Answer answer = get("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.head.find("text/plain; version=0.0.4"), std::string::npos);
  EXPECT_EQ(testing::parse_exposition(answer.body).count("tapeline_pool_acquires_total"), 1U);
}

TEST_F(StatusServerTest, ServesThePageAndAllThatItAsksFor) {
  const Answer answer = get("/");
  for (const char* attribute : {"src=\"", "href=\""}) {
    for (std::size_t at = answer.body.find(attribute); at != std::string::npos;
         at = answer.body.find(attribute, at + 1)) {
      const std::size_t from = at + std::string{attribute}.size();
      const std::string path = answer.body.substr(from, answer.body.find('"', from) - from);
      if (path.starts_with("#") || path.starts_with("data:")) continue;
      const Answer file = get(path);
      EXPECT_TRUE(file.status == 200 || path == "/readyz") << path;
      const char* type = path.ends_with(".css") ? "text/css" : "text/javascript";
      if (path.find('.') != std::string::npos) {
        EXPECT_NE(file.head.find(type), std::string::npos) << path;
      }
    }
  }
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.head.find("text/html; charset=utf-8"), std::string::npos);
  EXPECT_NE(answer.body.find("<title>tapeline</title>"), std::string::npos);
}

TEST_F(StatusServerTest, RefusesUnknownPathsWithoutRepeatingThem) {
  for (const char* path :
       {"/nothing", "/status/", "/status/x", "/../etc/passwd", "/%3Cscript%3E"}) {
    const Answer answer = get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body.find(std::string{path}.substr(1)), std::string::npos);
  }
}

TEST_F(StatusServerTest, RefusesToChangeAnything) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    EXPECT_EQ(request(server_.port(), method, "/status").status, 405) << method;
  }
  const Answer head = request(server_.port(), "HEAD", "/status");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
}

TEST_F(StatusServerTest, AsksForOneSnapshotAtATime) {
  std::array<std::thread, 4> clients;
  std::atomic<int> good{0};
  for (std::thread& client : clients) {
    client = std::thread{[&] {
      for (int i = 0; i < 10; ++i) {
        if (get("/metrics").status == 200) good.fetch_add(1);
      }
    }};
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good.load(), 40);
  EXPECT_FALSE(overlapped_.load());
}

TEST_F(StatusServerTest, AnswersNobodyAfterStop) {
  const std::uint16_t port = server_.port();
  server_.stop();
  EXPECT_EQ(request(port, "GET", "/healthz").status, 0);
}

TEST(StatusServer, SaysWhenThePortIsTaken) {
  StatusServer first{[] { return StatusSnapshot{}; }};
  first.start("127.0.0.1", 0);
  StatusServer second{[] { return StatusSnapshot{}; }};
  EXPECT_THROW(second.start("127.0.0.1", first.port()), std::runtime_error);
}

}  // namespace
}  // namespace tapeline::status

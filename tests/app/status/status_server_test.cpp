#include "app/status/status_server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

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

TEST_F(StatusServerTest, ServesThePage) {
  const Answer answer = get("/");
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

#include "net/http_request.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tapeline::net {
namespace {

constexpr std::string_view kGet = "GET /status?x=1 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";

RequestStatus status_of(const std::string& text) { return parse_http_request(text).status; }

TEST(HttpRequest, GivesMethodAndPathWithoutQuery) {
  const HttpRequest request = parse_http_request(kGet);
  EXPECT_EQ(request.status, RequestStatus::ok);
  EXPECT_EQ(request.method, HttpMethod::get);
  EXPECT_EQ(request.path, "/status");
}

TEST(HttpRequest, TellsHeadAndOtherMethodsApart) {
  EXPECT_EQ(parse_http_request("HEAD / HTTP/1.0\r\n\r\n").method, HttpMethod::head);
  EXPECT_EQ(parse_http_request("get / HTTP/1.0\r\n\r\n").method, HttpMethod::other);
  EXPECT_EQ(parse_http_request("BREW / HTTP/1.0\r\n\r\n").method, HttpMethod::other);
}

TEST(HttpRequest, EveryTruncationIsIncomplete) {
  for (std::size_t length = 0; length < kGet.size(); ++length) {
    EXPECT_EQ(parse_http_request(kGet.substr(0, length)).status, RequestStatus::incomplete)
        << length;
  }
}

TEST(HttpRequest, LooksAtTheFirstOfSeveral) {
  const std::string two = std::string{kGet} + "POST /other HTTP/9.9\r\n\r\n";
  EXPECT_EQ(parse_http_request(two).path, "/status");
}

TEST(HttpRequest, TakesTheAbsoluteForm) {
  EXPECT_EQ(parse_http_request("GET http://a:1/b?c HTTP/1.1\r\nHost: a:1\r\n\r\n").path, "/b");
  EXPECT_EQ(parse_http_request("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n").path, "");
}

TEST(HttpRequest, WantsOneHostFromVersionOneOneOn) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), RequestStatus::malformed);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n"), RequestStatus::malformed);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), RequestStatus::ok);
}

TEST(HttpRequest, RefusesOtherVersions) {
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), RequestStatus::bad_version);
  EXPECT_EQ(status_of("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), RequestStatus::bad_version);
}

TEST(HttpRequest, RefusesWhatIsNone) {
  for (const std::string text :
       {"\r\n\r\n", " \r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / \r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n", "G ET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\x01 HTTP/1.0\r\n\r\n",
        "GET /\xE9 HTTP/1.0\r\n\r\n", "G(T / HTTP/1.0\r\n\r\n", "GET / FTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nno field\r\n\r\n", "GET / HTTP/1.0\r\n: x\r\n\r\n",
        "GET / HTTP/1.0\r\nA : x\r\n\r\n", "GET / HTTP/1.0\r\n folded: x\r\n\r\n",
        "GET / HTTP/1.0\r\nA: x\ny\r\n\r\n", "GET / HTTP/1.0\r\nA: x\ry\r\n\r\n"}) {
    EXPECT_EQ(status_of(text), RequestStatus::malformed) << text;
  }
  using namespace std::string_literals;
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\nA: x\0\r\n\r\n"s), RequestStatus::malformed);
}

}  // namespace
}  // namespace tapeline::net

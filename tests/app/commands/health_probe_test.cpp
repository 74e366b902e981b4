#include "app/commands/health_probe.hpp"

#include <gtest/gtest.h>

#include <string>

#include "app/config.hpp"

namespace tapeline::commands {
namespace {

TEST(StatusUrl, HasDefaults) {
  const StatusUrl url = parse_status_url("http://127.0.0.1");
  EXPECT_EQ(url.host, "127.0.0.1");
  EXPECT_EQ(url.port, 9600U);
  EXPECT_EQ(url.path, "/healthz");
  EXPECT_EQ(parse_status_url("http://127.0.0.1:9601/").path, "/healthz");
}

TEST(StatusUrl, ReadsHostPortAndPath) {
  const StatusUrl url = parse_status_url("feed1.example:80/tapeline/healthz");
  EXPECT_EQ(url.host, "feed1.example");
  EXPECT_EQ(url.port, 80U);
  EXPECT_EQ(url.path, "/tapeline/healthz");
  EXPECT_EQ(parse_status_url("http://[::1]:9601").host, "::1");
  EXPECT_EQ(parse_status_url("http://[::1]:9601").port, 9601U);
  EXPECT_EQ(parse_status_url("[::1]").port, 9600U);
}

TEST(StatusUrl, RefusesWhatIsNone) {
  for (const std::string text :
       {"", "http://", "https://127.0.0.1", "ftp://x", "host:", "host:0", "host:65536", "host:9x",
        "host:-1", ":9600", "[::1", "[]:1", "[::1]9600", "http://a b", "http://user@host",
        "http://host/a\r\nX: y", "http:///healthz"}) {
    EXPECT_THROW(static_cast<void>(parse_status_url(text)), ConfigError) << text;
  }
}

}  // namespace
}  // namespace tapeline::commands

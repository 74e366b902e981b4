#include "app/commands/health_probe.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "app/config.hpp"
#include "app/config_document.hpp"
#include "codec/json/health.hpp"
#include "net/http_client.hpp"

namespace tapeline::commands {
namespace {

constexpr int kHttpOk = 200;
constexpr std::size_t kMaxAnswerBytes = codec::json::kMaxHealthBytes + std::size_t{4096};  // head

[[noreturn]] void throw_bad_url(std::string_view text) {
  throw ConfigError{quoted_for_message(text) +
                    " is not the address of a status page; write http://HOST:PORT, such as "
                    "http://127.0.0.1:9600"};
}

}  // namespace

std::string plain_words(net::HttpFault fault) {
  switch (fault) {
    case net::HttpFault::none: return "";
    case net::HttpFault::no_address: return "the host has no address";
    case net::HttpFault::no_connection: return "nothing answers there";
    case net::HttpFault::timeout: return "no answer in time";
    case net::HttpFault::too_long: return "the answer is too long";
    case net::HttpFault::broken: return "the connection broke before the answer was whole";
    case net::HttpFault::not_http: return "no HTTP answer";
    case net::HttpFault::cancelled: return "it was not waited for";
  }
  return "";
}

StatusUrl parse_status_url(std::string_view text, const std::string& path) {
  constexpr std::string_view kScheme = "http://";
  std::string_view rest = text;
  if (rest.starts_with(kScheme)) {
    rest.remove_prefix(kScheme.size());
  } else if (rest.find("://") != std::string_view::npos) {
    throw_bad_url(text);
  }
  StatusUrl url;
  url.path = path;
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos && slash + 1 < rest.size()) url.path = rest.substr(slash);
  rest = rest.substr(0, slash);

  const bool bracketed = rest.starts_with('[');
  const std::size_t host_end = bracketed ? rest.find(']') : rest.find(':');
  if (bracketed && host_end == std::string_view::npos) throw_bad_url(text);
  url.host = bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end);
  std::string_view port = host_end == std::string_view::npos ? "" : rest.substr(host_end);
  if (bracketed) port.remove_prefix(1);
  if (!port.empty()) {
    const char* const end = port.data() + port.size();
    const auto parsed = std::from_chars(port.data() + 1, end, url.port);
    const bool whole = parsed.ec == std::errc{} && parsed.ptr == end;
    if (port.front() != ':' || !whole || url.port == 0) throw_bad_url(text);
  }
  const auto bad = [](char letter) {
    return static_cast<unsigned char>(letter) <= 0x20 || letter == 0x7F || letter == '@';
  };
  if (url.host.empty() || std::any_of(text.begin(), text.end(), bad)) throw_bad_url(text);
  return url;
}

HealthAnswer probe_health(const StatusUrl& url, std::chrono::milliseconds limit) {
  net::HttpReply reply = net::http_get(url.host, url.port, url.path, limit, kMaxAnswerBytes);
  HealthAnswer answer;
  answer.problem = plain_words(reply.fault);
  if (reply.fault != net::HttpFault::none) return answer;
  answer.body = std::move(reply.body);
  const std::optional<bool> ok = codec::json::health_is_ok(answer.body);
  answer.healthy = reply.status == kHttpOk && ok.value_or(false);
  if (answer.healthy) return answer;
  const std::string status = "HTTP " + std::to_string(reply.status);
  answer.problem = ok.has_value() ? status + " " + quoted_for_message(answer.body)
                                  : status + ", but no health document; is it a tapeline process?";
  return answer;
}

}  // namespace tapeline::commands

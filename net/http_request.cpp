#include "net/http_request.hpp"

#include <algorithm>

namespace tapeline::net {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

// RFC 9110, section 5.6.2.
[[nodiscard]] bool is_token(std::string_view text) noexcept {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  const auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

[[nodiscard]] bool is_visible(char c) noexcept { return c > ' ' && c < '\x7F'; }

[[nodiscard]] bool is_field_text(char c) noexcept {
  return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7F');
}

[[nodiscard]] bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), same);
}

// "/a?b" and "http://host/a?b" are both "/a"; anything else has no path.
[[nodiscard]] std::string_view path_of(std::string_view target) noexcept {
  constexpr std::string_view kScheme = "http://";
  if (target.starts_with(kScheme)) {
    target.remove_prefix(kScheme.size());
    target.remove_prefix(std::min(target.find('/'), target.size()));
  }
  return target.substr(0, target.find('?'));
}

[[nodiscard]] RequestStatus version_status(std::string_view version) noexcept {
  if (version == "HTTP/1.1" || version == "HTTP/1.0") return RequestStatus::ok;
  return version.starts_with("HTTP/") ? RequestStatus::bad_version : RequestStatus::malformed;
}

[[nodiscard]] HttpRequest parse_request_line(std::string_view line, std::string_view& version) {
  HttpRequest request;
  request.status = RequestStatus::malformed;
  const std::size_t method_end = std::min(line.find(' '), line.size());
  const std::string_view method = line.substr(0, method_end);
  line.remove_prefix(std::min(method_end + 1, line.size()));
  const std::size_t target_end = std::min(line.find(' '), line.size());
  const std::string_view target = line.substr(0, target_end);
  version = line.substr(std::min(target_end + 1, line.size()));
  const bool is_text = std::all_of(target.begin(), target.end(), is_visible);
  if (!is_token(method) || target.empty() || !is_text) return request;
  request.status = version_status(version);
  request.path = path_of(target);
  if (method == "GET") request.method = HttpMethod::get;
  if (method == "HEAD") request.method = HttpMethod::head;
  return request;
}

// Whether every line is a field, and how many of them are Host.
[[nodiscard]] bool are_fields(std::string_view lines, int& hosts) noexcept {
  while (!lines.empty()) {
    const std::size_t end = lines.find(kLineEnd);  // each line has one
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end + kLineEnd.size());
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
    const std::string_view value = line.substr(colon + 1);
    if (!std::all_of(value.begin(), value.end(), is_field_text)) return false;
    if (equals_ignoring_case(line.substr(0, colon), "host")) ++hosts;
  }
  return true;
}

}  // namespace

HttpRequest parse_http_request(std::string_view text) noexcept {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return {};
  const std::string_view head = text.substr(0, end + kLineEnd.size());
  const std::size_t line_end = head.find(kLineEnd);
  std::string_view version;
  HttpRequest request = parse_request_line(head.substr(0, line_end), version);
  if (request.status != RequestStatus::ok) return request;
  int hosts = 0;
  const bool fields = are_fields(head.substr(line_end + kLineEnd.size()), hosts);
  if (!fields || hosts > 1 || (hosts == 0 && version == "HTTP/1.1")) {
    request.status = RequestStatus::malformed;
  }
  return request;
}

}  // namespace tapeline::net

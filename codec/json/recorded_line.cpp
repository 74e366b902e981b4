#include "codec/json/recorded_line.hpp"

#include <array>
#include <charconv>
#include <cstddef>

namespace tapeline::codec::json {

namespace {

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> read_whole(std::string_view digits) noexcept {
  std::int64_t value = 0;
  const char* const end = digits.data() + digits.size();
  if (digits.empty() || !is_digit(digits.front())) return {};
  const auto [last, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || last != end) return {};
  return value;
}

// Seconds since 1970, digits behind the point at will; cut off behind the ninth.
std::optional<std::int64_t> read_seconds(std::string_view text) noexcept {
  const std::size_t point = text.find('.');
  const auto seconds = read_whole(text.substr(0, point));
  std::int64_t ns = 0;
  if (!seconds || __builtin_mul_overflow(*seconds, 1'000'000'000, &ns)) return {};
  if (point == std::string_view::npos) return ns;
  const std::string_view fraction = text.substr(point + 1);
  if (fraction.empty()) return {};
  std::int64_t unit = 100'000'000;
  for (const char c : fraction) {
    if (!is_digit(c) || __builtin_add_overflow(ns, unit * (c - '0'), &ns)) return {};
    unit /= 10;
  }
  return ns;
}

bool looks_like_document(std::string_view text) noexcept {
  return !text.empty() && (text.front() == '{' || text.front() == '[');
}

// "T: TEXT"
bool read_timed(std::string_view text, LineKind kind, RecordedLine& out) noexcept {
  const std::size_t colon = text.find(": ");
  if (colon == std::string_view::npos) return false;
  const auto time_ns = read_seconds(text.substr(0, colon));
  const std::string_view document = trim(text.substr(colon + 2));
  if (!time_ns || !looks_like_document(document)) return false;
  out.kind = kind;
  out.receive_time_ns = *time_ns;
  out.document = document;
  return true;
}

// "NANOSECONDS TEXT"
bool read_stamped(std::string_view text, RecordedLine& out) noexcept {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return false;
  const auto time_ns = read_whole(text.substr(0, space));
  const std::string_view document = trim(text.substr(space + 1));
  if (!time_ns || !looks_like_document(document)) return false;
  out.kind = LineKind::received;
  out.receive_time_ns = *time_ns;
  out.document = document;
  return true;
}

// "URL <-> T", "URL <- T: TEXT" and "URL -> T: TEXT"
bool read_addressed(std::string_view text, RecordedLine& out) noexcept {
  const std::size_t url_end = text.find(' ');
  if (url_end == std::string_view::npos) return false;
  const std::string_view url = text.substr(0, url_end);
  if (url.find("://") == std::string_view::npos) return false;
  std::string_view rest = text.substr(url_end + 1);
  const std::string_view arrow = rest.substr(0, rest.find(' '));
  rest.remove_prefix(arrow.size() < rest.size() ? arrow.size() + 1 : rest.size());
  if (arrow == "<->") {
    const auto time_ns = read_seconds(rest);
    if (!time_ns) return false;
    out.kind = LineKind::connected;
    out.receive_time_ns = *time_ns;
  } else if (arrow == "<-" || arrow == "->") {
    if (!read_timed(rest, arrow == "<-" ? LineKind::sent : LineKind::answer, out)) return false;
  } else {
    return false;
  }
  out.url = url;
  return true;
}

// The host of "scheme://host:port/path".
std::string_view host_of(std::string_view url) noexcept {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view rest = url.substr(scheme + 3);
  return rest.substr(0, rest.find_first_of(":/?"));
}

bool is_in_domain(std::string_view host, std::string_view domain) noexcept {
  if (!host.ends_with(domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

}  // namespace

RecordedLine parse_recorded_line(std::string_view line) noexcept {
  RecordedLine out;
  const std::string_view text = trim(line);
  if (text.empty()) {
    out.kind = LineKind::empty;
  } else if (looks_like_document(text)) {
    out.kind = LineKind::received;
    out.document = text;
  } else if (!is_digit(text.front())) {
    if (!read_addressed(text, out)) out = {};
  } else if (!read_stamped(text, out) && !read_timed(text, LineKind::received, out)) {
    out = {};
  }
  return out;
}

std::optional<Venue> venue_of_url(std::string_view url) noexcept {
  struct Domain {
    std::string_view name;
    Venue venue;
  };
  static constexpr std::array kDomains{
      Domain{"coinbase.com", Venue::coinbase}, Domain{"binance.com", Venue::binance},
      Domain{"binance.us", Venue::binance},    Domain{"binance.vision", Venue::binance},
      Domain{"kraken.com", Venue::kraken},
  };
  const std::string_view host = host_of(url);
  for (const Domain& domain : kDomains) {
    if (is_in_domain(host, domain.name)) return domain.venue;
  }
  return {};
}

std::string_view symbol_of_url(std::string_view url) noexcept {
  const std::size_t query = url.find('?');
  std::string_view rest = query == std::string_view::npos ? "" : url.substr(query + 1);
  while (!rest.empty()) {
    const std::string_view parameter = rest.substr(0, rest.find('&'));
    rest.remove_prefix(parameter.size() < rest.size() ? parameter.size() + 1 : rest.size());
    const std::size_t equals = parameter.find('=');
    const std::string_view name = parameter.substr(0, equals);
    if (equals != std::string_view::npos && (name == "symbol" || name == "pair")) {
      return parameter.substr(equals + 1);
    }
  }
  static constexpr std::string_view kProducts = "/products/";
  const std::size_t products = url.find(kProducts);
  if (products == std::string_view::npos) return {};
  const std::string_view product = url.substr(products + kProducts.size());
  return product.substr(0, product.find_first_of("/?"));
}

}  // namespace tapeline::codec::json

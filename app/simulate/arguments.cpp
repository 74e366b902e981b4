#include "app/simulate/arguments.hpp"

#include <charconv>
#include <chrono>
#include <system_error>

namespace tapeline::simulate {

namespace {

constexpr std::uint64_t kMaxRate = 100'000'000;

// All of `text` as a whole number.
template <typename Number>
[[nodiscard]] std::optional<Number> parse_whole(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

}  // namespace

namespace {

[[nodiscard]] std::optional<codec::capture::Endpoint> parse_any_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed != (host.find(':') != std::string_view::npos)) return std::nullopt;
  const auto port = parse_whole<std::uint16_t>(text.substr(colon + 1));
  const auto address = codec::capture::Address::from_text(host);
  if (!port || !address) return std::nullopt;
  return codec::capture::Endpoint{*address, *port};
}

[[nodiscard]] bool is_group(const codec::capture::Address& address) noexcept {
  return address.is_ipv4() ? address.ipv4() >> 28U == 0xEU : address.high >> 56U == 0xFFU;
}

}  // namespace

std::optional<codec::capture::Endpoint> parse_endpoint(std::string_view text) {
  const auto endpoint = parse_any_endpoint(text);
  return endpoint && endpoint->port != 0 ? endpoint : std::nullopt;
}

std::optional<codec::capture::Endpoint> parse_listen_endpoint(std::string_view text) {
  const auto endpoint = parse_any_endpoint(text);
  return endpoint && !is_group(endpoint->address) ? endpoint : std::nullopt;
}

std::optional<std::vector<codec::capture::Address>> parse_addresses(std::string_view text) {
  std::vector<codec::capture::Address> addresses;
  for (;;) {
    const std::size_t comma = text.find(',');
    const auto address = codec::capture::Address::from_text(text.substr(0, comma));
    if (!address) return std::nullopt;
    addresses.push_back(*address);
    if (comma == std::string_view::npos) return addresses;
    text.remove_prefix(comma + 1);
  }
}

bool is_loopback(const codec::capture::Address& address) noexcept {
  if (address.is_ipv4()) return address.ipv4() >> 24U == 127U;
  return address.high == 0 && address.low == 1;
}

std::optional<double> parse_pace(std::string_view text) {
  constexpr double kSlowest = 0.001;
  constexpr double kFastest = 1e6;
  if (text == "max") return 0.0;
  double pace = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, pace, std::chars_format::fixed);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return pace >= kSlowest && pace <= kFastest ? std::optional{pace} : std::nullopt;
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_whole<unsigned>(text.substr(0, 4));
  const auto month = parse_whole<unsigned>(text.substr(5, 2));
  const auto day = parse_whole<unsigned>(text.substr(8, 2));
  if (!year || !month || !day || *year < 1970 || *year > 2105) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                         std::chrono::month{*month}, std::chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::nanoseconds{std::chrono::sys_days{date}.time_since_epoch()}.count();
}

std::optional<std::uint64_t> parse_rate(std::string_view text) {
  if (text == "max") return 0;
  const auto rate = parse_whole<std::uint64_t>(text);
  return rate && *rate > 0 && *rate <= kMaxRate ? rate : std::nullopt;
}

}  // namespace tapeline::simulate

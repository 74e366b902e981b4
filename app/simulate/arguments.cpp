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

std::optional<codec::capture::Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed != (host.find(':') != std::string_view::npos)) return std::nullopt;
  const auto port = parse_whole<std::uint16_t>(text.substr(colon + 1));
  const auto address = codec::capture::Address::from_text(host);
  if (!port || *port == 0 || !address) return std::nullopt;
  return codec::capture::Endpoint{*address, *port};
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

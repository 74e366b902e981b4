#include "app/feed_name.hpp"

#include <bit>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "app/decode/exchange_day.hpp"
#include "codec/iextp/packet.hpp"
#include "codec/json/document.hpp"

namespace tapeline {

namespace {

constexpr std::int64_t kNanosPerDay = std::int64_t{86'400} * 1'000'000'000;
constexpr std::string_view kNotRecognised = "not recognised";

// Most messages are of known types.
template <typename Counts>
[[nodiscard]] bool is_known(const Counts& counts) noexcept {
  const std::uint64_t odd =
      counts.unknown_types.get() + counts.wrong_lengths.get() + counts.empty.get();
  return counts.messages() > 2 * odd;
}

[[nodiscard]] std::string iex_name(const net::Session& session) {
  using codec::iextp::Protocol;
  switch (std::bit_cast<codec::iextp::Session>(session.bytes).protocol()) {
    case Protocol::tops: return "IEX TOPS 1.5 or 1.6";  // the transport says no version
    case Protocol::deep: return "IEX DEEP 1.0";
    case Protocol::deep_plus: return "IEX DEEP+ 1.0";
  }
  return "IEX";
}

[[nodiscard]] std::string json_name(const std::optional<codec::json::Venue>& venue) {
  if (!venue) return std::string{kNotRecognised};
  switch (*venue) {
    case codec::json::Venue::coinbase: return "Coinbase Exchange JSON";
    case codec::json::Venue::binance: return "Binance JSON";
    case codec::json::Venue::kraken: return "Kraken JSON";
  }
  return "JSON";
}

// The midnight where the exchange is, before the last thing that happened.
[[nodiscard]] std::int64_t last_midnight(const Pipeline& pipeline, std::int64_t last_packet) {
  using decode::ExchangeZone;
  const std::uint64_t now = pipeline.market().now();
  if (pipeline.feed_kind() == feed::FeedKind::json) return last_packet;  // UTC, around the clock
  if (pipeline.feed_kind() == feed::FeedKind::iex) {
    const auto told = static_cast<std::int64_t>(now);
    return decode::DayStart{ExchangeZone::new_york}.before(told > 0 ? told : last_packet);
  }
  return decode::ExchangeClock{ExchangeZone::new_york}.midnight(now, last_packet);
}

}  // namespace

std::string feed_name(const Pipeline& pipeline) {
  switch (pipeline.feed_kind()) {
    case feed::FeedKind::itch:
      if (is_known(pipeline.itch().counts())) return "Nasdaq TotalView-ITCH 5.0";
      break;
    case feed::FeedKind::iex:
      if (is_known(pipeline.iex().counts())) return iex_name(pipeline.session());
      break;
    case feed::FeedKind::json: return json_name(pipeline.json().venue());
    case feed::FeedKind::unknown: break;
  }
  return std::string{kNotRecognised};
}

std::string session_day(const Pipeline& pipeline, std::int64_t last_packet) {
  // The times of a file of messages count from a midnight of no known day.
  if (pipeline.messages() == 0 || last_packet < 2 * kNanosPerDay) return {};
  using namespace std::chrono;
  const sys_days day{days{last_midnight(pipeline, last_packet) / kNanosPerDay}};
  const year_month_day date{day};
  const auto two = [](unsigned number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  return std::to_string(static_cast<int>(date.year())) + "-" +
         two(static_cast<unsigned>(date.month())) + "-" + two(static_cast<unsigned>(date.day()));
}

}  // namespace tapeline

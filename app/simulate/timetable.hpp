#pragma once

// The clock of a generated day: when its phases begin, how busy each second is, and what happens
// at a fixed time (halts, new listings, breaks).
//
// Thread safety: values.
// Units:         seconds since midnight.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "app/simulate/random.hpp"

namespace tapeline::simulate {

inline constexpr std::uint64_t kNanosPerSecond = 1'000'000'000;

[[nodiscard]] constexpr std::uint32_t clock_time(std::uint32_t hours, std::uint32_t minutes,
                                                 std::uint32_t seconds = 0) noexcept {
  return hours * 3600 + minutes * 60 + seconds;
}

inline constexpr std::uint32_t kStartOfMessages = clock_time(3, 2);
inline constexpr std::uint32_t kStartOfSystemHours = clock_time(4, 0);
inline constexpr std::uint32_t kStartOfMarketHours = clock_time(9, 30);
inline constexpr std::uint32_t kEndOfMarketHours = clock_time(16, 0);
inline constexpr std::uint32_t kEndOfSystemHours = clock_time(20, 0);
inline constexpr std::uint32_t kEndOfMessages = clock_time(20, 5);

// How the messages of the day are spread over the seconds of the system hours.
class Activity {
 public:
  // `messages` is about how many there will be; if there are few they come in fewer seconds.
  Activity(std::uint64_t messages, Random& random);

  // How many of the `left` messages, those of the rest of the day, belong to this second.
  // Requires: called for every second of the system hours in turn. The last one takes all.
  [[nodiscard]] std::uint64_t take(std::uint32_t second, std::uint64_t left,
                                   Random& random) noexcept;

 private:
  std::vector<std::uint32_t> weights_;
  std::uint64_t weight_left_ = 0;
};

enum class Occasion : std::uint8_t {
  volatility_pause,
  volatility_collar,
  volatility_quote,
  volatility_resume,
  news_halt,
  news_quote,
  news_resume,
  operational_halt,
  operational_resume,
  ipo_notice,
  ipo_quote,
  ipo_release,
  direct_listing_news,
  direct_listing_release,
  short_sale_restriction,
  market_wide_breach,
  broken_trade,
};

struct Appointment {
  std::uint32_t second = 0;
  Occasion occasion{};
  std::uint16_t instrument = 0;  // index
};

// How long before the release of a new listing its time is made known.
inline constexpr std::uint32_t kIpoNoticeSeconds = 1'500;

// Which instruments do not trade from the start.
struct NewListings {
  std::uint16_t ipo = 0;
  std::uint16_t direct_listing = 0;
};

// In order of time; every occasion comes at least once. Tells the new listings, too.
// Requires: 20 instruments or more.
[[nodiscard]] std::vector<Appointment> make_appointments(std::size_t instruments,
                                                         std::uint64_t messages,
                                                         NewListings& listings, Random& random);

}  // namespace tapeline::simulate

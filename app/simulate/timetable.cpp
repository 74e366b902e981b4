#include "app/simulate/timetable.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace tapeline::simulate {

namespace {

constexpr std::uint32_t kSystemSeconds = kEndOfSystemHours - kStartOfSystemHours;

// From this second on, this many parts per second.
struct Stretch {
  std::uint32_t from;
  std::uint32_t weight;
};

constexpr std::array<Stretch, 25> kDay{{
    {clock_time(4, 0), 40},         {clock_time(7, 0), 90},         {clock_time(8, 0), 160},
    {clock_time(9, 0), 400},        {clock_time(9, 28), 1'800},     {clock_time(9, 30), 60'000},
    {clock_time(9, 30, 1), 40'000}, {clock_time(9, 30, 3), 25'000}, {clock_time(9, 30, 10), 15'000},
    {clock_time(9, 31), 9'000},     {clock_time(9, 35), 6'500},     {clock_time(10, 0), 4'500},
    {clock_time(10, 30), 3'600},    {clock_time(11, 0), 2'800},     {clock_time(12, 0), 2'000},
    {clock_time(13, 0), 1'800},     {clock_time(13, 30), 2'200},    {clock_time(14, 30), 2'700},
    {clock_time(15, 0), 3'400},     {clock_time(15, 30), 5'000},    {clock_time(15, 50), 8'000},
    {clock_time(15, 59), 16'000},   {clock_time(16, 0), 800},       {clock_time(16, 5), 90},
    {clock_time(18, 0), 40},
}};

// Seconds differ: a quiet one, a usual one, now and then a burst.
[[nodiscard]] std::uint32_t jitter(std::uint32_t weight, Random& random) noexcept {
  static constexpr std::array<std::uint32_t, 8> kQuarters{1, 2, 2, 3, 3, 4, 6, 9};
  const std::uint32_t quarters = random.one_in(200) ? 60 : kQuarters[random.below(8)];
  return std::max(weight * quarters / 4, 1U);
}

// Instruments at random, each only once, so that what happens to one never overlaps.
class Lots {
 public:
  Lots(std::size_t instruments, Random& random) : lots_(instruments) {
    std::iota(lots_.begin(), lots_.end(), std::uint16_t{0});
    for (std::size_t i = instruments; i > 1; --i) {
      std::swap(lots_[i - 1], lots_[random.below(static_cast<std::uint32_t>(i))]);
    }
  }

  // Requires: left() > 0.
  std::uint16_t draw() noexcept {
    const std::uint16_t lot = lots_.back();
    lots_.pop_back();
    return lot;
  }
  [[nodiscard]] std::size_t left() const noexcept { return lots_.size(); }

 private:
  std::vector<std::uint16_t> lots_;
};

void add_halts(std::vector<Appointment>& list, std::uint64_t messages, Lots& lots, Random& random) {
  const auto at = [&](std::uint32_t second, Occasion occasion, std::uint16_t instrument) {
    list.push_back({second, occasion, instrument});
  };
  const auto pauses = static_cast<std::uint32_t>(
      std::min<std::uint64_t>({2 + messages / 500'000, 40, lots.left() / 4}));
  for (std::uint32_t i = 0; i < pauses; ++i) {
    const std::uint16_t instrument = lots.draw();
    const std::uint32_t start = random.between(clock_time(9, 36), clock_time(15, 20));
    at(start, Occasion::volatility_pause, instrument);
    at(start + 1, Occasion::volatility_collar, instrument);
    at(start + 290, Occasion::volatility_quote, instrument);
    at(start + 300, Occasion::volatility_resume, instrument);
  }
  for (std::uint32_t i = 0; i < 1 + pauses / 4; ++i) {
    const std::uint16_t instrument = lots.draw();
    const std::uint32_t start = random.between(clock_time(10, 0), clock_time(14, 30));
    at(start, Occasion::news_halt, instrument);
    at(start + 1'500, Occasion::news_quote, instrument);
    at(start + 1'800, Occasion::news_resume, instrument);
  }
  for (std::uint32_t i = 0; i < 1 + pauses / 8; ++i) {
    const std::uint16_t instrument = lots.draw();
    const std::uint32_t start = random.between(clock_time(10, 0), clock_time(15, 0));
    at(start, Occasion::operational_halt, instrument);
    at(start + random.between(30, 900), Occasion::operational_resume, instrument);
  }
}

void add_listings(std::vector<Appointment>& list, const NewListings& listings, Random& random) {
  const std::uint32_t ipo = clock_time(10, 15) + random.below(1'800);
  list.push_back({ipo - kIpoNoticeSeconds, Occasion::ipo_notice, listings.ipo});
  list.push_back({ipo - 600, Occasion::ipo_quote, listings.ipo});
  list.push_back({ipo, Occasion::ipo_release, listings.ipo});
  const std::uint32_t direct = clock_time(11, 0) + random.below(1'800);
  for (std::uint32_t i = 1; i <= 4; ++i) {
    list.push_back({direct - 60 * i, Occasion::direct_listing_news, listings.direct_listing});
  }
  list.push_back({direct, Occasion::direct_listing_release, listings.direct_listing});
}

}  // namespace

Activity::Activity(std::uint64_t messages, Random& random) {
  std::vector<std::uint32_t> plan(kSystemSeconds);
  auto stretch = kDay.begin();
  for (std::uint32_t i = 0; i < kSystemSeconds; ++i) {
    while (stretch + 1 != kDay.end() && (stretch + 1)->from <= kStartOfSystemHours + i) ++stretch;
    plan[i] = jitter(stretch->weight, random);
  }
  // A second that would get less than kLeast messages gets kLeast or none.
  constexpr std::uint64_t kLeast = 8;
  const std::uint64_t sum = std::accumulate(plan.begin(), plan.end(), std::uint64_t{0});
  const std::uint64_t least_weight = sum * kLeast / std::max<std::uint64_t>(messages, 1) + 1;
  weights_.resize(kSystemSeconds);
  for (std::uint32_t i = 0; i < kSystemSeconds; ++i) {
    const auto draw = (random.next() >> 32U) * least_weight >> 32U;
    weights_[i] = plan[i];
    if (plan[i] < least_weight) {
      weights_[i] =
          draw < plan[i]
              ? static_cast<std::uint32_t>(std::min<std::uint64_t>(least_weight, 0xFFFF'FFFFU))
              : 0;
    }
  }
  weights_.back() = std::max(weights_.back(), 1U);
  weight_left_ = std::accumulate(weights_.begin(), weights_.end(), std::uint64_t{0});
}

std::uint64_t Activity::take(std::uint32_t second, std::uint64_t left, Random& random) noexcept {
  const std::uint64_t weight = weights_[second - kStartOfSystemHours];
  const std::uint64_t whole = weight_left_;
  weight_left_ -= weight;
  if (weight == 0) return 0;
  if (weight_left_ == 0) return left;
  // left * weight / whole, the remainder decided by lot; in 128 bits, for the longest sessions.
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{left} * weight;
  const auto quota = static_cast<std::uint64_t>(product / whole);
  const auto rest = static_cast<std::uint64_t>(product % whole);
  return quota + (random.next() % whole < rest ? 1 : 0);
}

std::vector<Appointment> make_appointments(std::size_t instruments, std::uint64_t messages,
                                           NewListings& listings, Random& random) {
  std::vector<Appointment> list;
  Lots lots{instruments, random};
  listings = NewListings{.ipo = lots.draw(), .direct_listing = lots.draw()};
  add_listings(list, listings, random);
  const std::uint16_t restricted = lots.draw();
  list.push_back({random.between(clock_time(10, 0), clock_time(15, 30)),
                  Occasion::short_sale_restriction, restricted});
  add_halts(list, messages, lots, random);
  for (int i = 0; i < 3; ++i) {
    list.push_back(
        {random.between(clock_time(9, 45), clock_time(16, 30)), Occasion::broken_trade, 0});
  }
  list.push_back(
      {random.between(clock_time(12, 0), clock_time(15, 0)), Occasion::market_wide_breach, 0});
  std::stable_sort(list.begin(), list.end(),
                   [](const Appointment& a, const Appointment& b) { return a.second < b.second; });
  return list;
}

}  // namespace tapeline::simulate

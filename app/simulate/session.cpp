#include "app/simulate/session.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace tapeline::simulate {

namespace {

namespace itch = codec::itch;
using Out = std::span<std::byte>;
using itch::Prefix;

constexpr std::size_t kMostOpenOrders = 4'000'000;
constexpr std::uint64_t kMeanBurst = 4;
constexpr std::uint64_t kMostPerAppointment = 3;  // without the orders of a cross

[[nodiscard]] SessionConfig checked(const SessionConfig& config) {
  if (config.instruments < kMinInstruments || config.instruments > kMaxInstruments) {
    throw std::invalid_argument{"a session has " + std::to_string(kMinInstruments) + " to " +
                                std::to_string(kMaxInstruments) + " instruments, not " +
                                std::to_string(config.instruments)};
  }
  if (config.messages < minimum_messages(config.instruments)) {
    throw std::invalid_argument{"a session of " + std::to_string(config.instruments) +
                                " instruments needs at least " +
                                std::to_string(minimum_messages(config.instruments)) +
                                " messages, not " + std::to_string(config.messages)};
  }
  return config;
}

// Instruments with few orders keep some, so that there are two sides to trade with.
[[nodiscard]] std::uint32_t orders_kept(const SessionConfig& config) noexcept {
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(config.messages / config.instruments / 50, 2, 12));
}

[[nodiscard]] WeightedChoice by_weight(const std::vector<Instrument>& instruments) {
  std::vector<std::uint32_t> weights;
  weights.reserve(instruments.size());
  for (const Instrument& instrument : instruments) weights.push_back(instrument.weight);
  return WeightedChoice{weights};
}

[[nodiscard]] constexpr std::uint64_t nanos(std::uint32_t second) noexcept {
  return second * kNanosPerSecond;
}

}  // namespace

Session::Session(const SessionConfig& config)
    : config_{checked(config)},
      random_{config.seed},
      instruments_{make_instruments(config.instruments, random_)},
      appointments_{make_appointments(config.instruments, config.messages, listings_, random_)},
      activity_{config.messages - 6 * std::uint64_t{config.instruments}, random_},
      by_activity_{by_weight(instruments_)},
      ledger_{config.instruments, config.keep_bars},
      books_{config.instruments},
      tape_{ledger_},
      flow_{instruments_, orders_kept(config), kMostOpenOrders, books_, tape_, ledger_, random_},
      reserved_{2 * std::uint64_t{config.instruments} + 4 +
                kMostPerAppointment * appointments_.size()} {
  flow_.set_state(listings_.ipo, TradingState::closed);
  flow_.set_state(listings_.direct_listing, TradingState::closed);
}

std::size_t Session::next(std::span<std::byte> out) {
  while (tape_.pending() == 0 && phase_ != Phase::over) step();
  return tape_.take(out);
}

void Session::step() {
  switch (phase_) {
    case Phase::start: return give_start();
    case Phase::directory: return give_directory();
    case Phase::trading_states: return give_trading_state();
    case Phase::short_sale_states: return give_short_sale_state();
    case Phase::participants: return give_participants();
    case Phase::day: return give_day();
    case Phase::opening: return give_opening();
    case Phase::closing: return give_closing();
    case Phase::end: return give_end();
    case Phase::over: return;
  }
}

void Session::enter(Phase phase) {
  phase_ = phase;
  cursor_ = 0;
}

std::uint64_t Session::budget() const noexcept {
  const std::uint64_t spoken_for = tape_.made() + reserved_;
  return config_.messages > spoken_for ? config_.messages - spoken_for : 0;
}

void Session::give_day() {
  while (kept_appointments_ < appointments_.size() &&
         appointments_[kept_appointments_].second <= second_ && second_ >= kStartOfMarketHours) {
    const Appointment appointment = appointments_[kept_appointments_++];
    tape_.start_burst();
    left_in_burst_ = 0;
    reserved_ -= kMostPerAppointment;
    keep(appointment);
  }
  if (left_in_second_ == 0) return next_second();
  const std::uint64_t before = tape_.made();
  act();
  left_in_second_ -= std::min(left_in_second_, tape_.made() - before);
}

// Moves on to the next second or, at the bells, to the next phase.
void Session::next_second() {
  left_in_burst_ = 0;
  ++second_;
  if (second_ == kEndOfSystemHours) {
    phase_ = Phase::end;
    return;
  }
  tape_.set_time(nanos(second_));
  tape_.set_limit(nanos(second_ + 1) - 1);
  if (second_ == kStartOfMarketHours) return enter(Phase::opening);
  if (second_ == kEndOfMarketHours) return enter(Phase::closing);
  left_in_second_ = activity_.take(second_, budget(), random_);
}

// One act at a time that fits its second: bursts of acts in one instrument, with pauses between.
void Session::act() {
  const std::uint64_t room = tape_.time_left_ns() / (left_in_second_ + 1);
  if (left_in_burst_ == 0) {
    left_in_burst_ = 1 + random_.heads() * (1 + random_.heads() + random_.below(3));
    burst_instrument_ = busy_instrument();
    tape_.start_burst();
    tape_.advance(random_.skewed(room * kMeanBurst));
    flow_.walk(burst_instrument_);
  } else {
    tape_.advance(std::min<std::uint64_t>(80 + random_.skewed(900), room / 2 + 1));
  }
  --left_in_burst_;
  const bool opens_soon = second_ >= clock_time(9, 25) && second_ < kStartOfMarketHours;
  const bool closes_soon = second_ >= clock_time(15, 50) && second_ < kEndOfMarketHours;
  if ((opens_soon || closes_soon) && random_.percent(15)) {
    if (instruments_[burst_instrument_].has_cross()) {
      return flow_.imbalance(burst_instrument_, opens_soon ? 'O' : 'C');
    }
  }
  flow_.act(burst_instrument_, budget() < 2 * OrderFlow::kMaxMessages);
}

std::uint16_t Session::busy_instrument() noexcept {
  std::uint16_t instrument = 0;
  do {
    instrument = static_cast<std::uint16_t>(by_activity_.draw(random_));
  } while (flow_.state(instrument) == TradingState::closed);
  return instrument;
}

bool Session::cross_takes_place(std::uint16_t instrument) noexcept {
  return instruments_[instrument].has_cross() && flow_.state(instrument) == TradingState::trading &&
         random_.percent(80);
}

void Session::give_opening() {
  if (cursor_ == 0) {
    announce('Q');
    --reserved_;
  }
  tape_.start_burst();
  tape_.advance(random_.skewed(kNanosPerSecond * 2 / 5 / instruments_.size()));
  --reserved_;
  flow_.cross(cursor_, 'O', cross_takes_place(cursor_), budget() / 2 + 1);
  if (++cursor_ < instruments_.size()) return;
  tape_.set_limit(nanos(second_ + 1) - 1);
  left_in_second_ = activity_.take(second_, budget(), random_);
  phase_ = Phase::day;
}

void Session::give_closing() {
  if (cursor_ == 0) {
    announce('M');
    --reserved_;
  }
  tape_.start_burst();
  tape_.advance(random_.skewed(kNanosPerSecond * 2 / 5 / instruments_.size()));
  --reserved_;
  flow_.cross(cursor_, 'C', cross_takes_place(cursor_), budget() / 2 + 1);
  if (++cursor_ < instruments_.size()) return;
  left_in_second_ = activity_.take(second_, budget(), random_);
  phase_ = Phase::day;
}

void Session::give_end() {
  tape_.start_burst();
  tape_.set_limit(nanos(kEndOfMessages));
  tape_.set_time(nanos(kEndOfSystemHours));
  announce('E');
  tape_.set_time(nanos(kEndOfMessages));
  announce('C');
  phase_ = Phase::over;
}

void Session::announce(char event) {
  tape_.put('S', 0, [&](Out out, const Prefix& prefix) {
    return itch::encode_system_event(out, prefix, event);
  });
}

}  // namespace tapeline::simulate

#pragma once

// One generated day of a Nasdaq TotalView-ITCH 5.0 channel, message by message: directory, early
// hours, opening cross, a day of orders and trades with halts and breaks, closing cross, late
// hours, end of messages. The same configuration gives the same bytes everywhere.
//
// Thread safety: none.
// Memory:        grows with instruments and open orders (both bounded), and with trades if bars
//                are kept; not with the number of messages.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "app/simulate/instruments.hpp"
#include "app/simulate/ledger.hpp"
#include "app/simulate/order_books.hpp"
#include "app/simulate/order_flow.hpp"
#include "app/simulate/random.hpp"
#include "app/simulate/tape.hpp"
#include "app/simulate/timetable.hpp"
#include "codec/itch/fields.hpp"

namespace tapeline::simulate {

struct SessionConfig {
  std::uint64_t seed = 1;
  std::uint64_t messages = 1'000'000;  // in all, exactly
  std::uint32_t instruments = 8'000;   // kMinInstruments to kMaxInstruments
  bool keep_bars = false;              // in the ledger
};

inline constexpr std::uint32_t kMinInstruments = 20;

// A day needs so many messages for its directory and its crosses.
[[nodiscard]] constexpr std::uint64_t minimum_messages(std::uint32_t instruments) noexcept {
  return std::uint64_t{instruments} * 10 + 1'000;
}

class Session {
 public:
  // Throws std::invalid_argument if there are too few or too many instruments or too few messages.
  explicit Session(const SessionConfig& config);

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Writes the next message to `out` and returns its length, 0 when the day is over.
  // Requires: out.size() >= codec::itch::kMaxMessageBytes.
  std::size_t next(std::span<std::byte> out);

  // Of the message that next() gave, in nanoseconds since midnight.
  [[nodiscard]] std::uint64_t time_ns() const noexcept { return tape_.taken_time_ns(); }

  // True when the ledger tells of nothing that next() has not yet given.
  [[nodiscard]] bool is_settled() const noexcept { return tape_.pending() == 0; }

  [[nodiscard]] const std::vector<Instrument>& instruments() const noexcept { return instruments_; }
  [[nodiscard]] const Ledger& ledger() const noexcept { return ledger_; }
  [[nodiscard]] const OrderBooks& books() const noexcept { return books_; }

 private:
  enum class Phase : std::uint8_t {
    start,
    directory,
    trading_states,
    short_sale_states,
    participants,
    day,
    opening,
    closing,
    end,
    over,
  };

  void step();
  void announce(char event);
  void give_start();
  void give_directory();
  void give_trading_state();
  void give_short_sale_state();
  void give_participants();
  void give_day();
  void give_opening();
  void give_closing();
  void give_end();
  void enter(Phase phase);
  void next_second();
  void act();
  void keep(const Appointment& appointment);
  void keep_halt(const Appointment& appointment);
  void keep_listing(const Appointment& appointment);
  void trading_action(std::uint16_t instrument, char state, std::string_view reason);
  void resume_with_cross(std::uint16_t instrument, char cross_type, std::string_view reason);
  void collar(std::uint16_t instrument);
  void directory_pause() noexcept;
  [[nodiscard]] std::uint64_t budget() const noexcept;
  [[nodiscard]] std::uint16_t busy_instrument() noexcept;
  [[nodiscard]] bool cross_takes_place(std::uint16_t instrument) noexcept;

  [[nodiscard]] static std::uint16_t locate(std::uint16_t instrument) noexcept {
    return static_cast<std::uint16_t>(instrument + 1);
  }

  SessionConfig config_;
  Random random_;
  std::vector<Instrument> instruments_;
  NewListings listings_;
  std::vector<Appointment> appointments_;
  Activity activity_;
  WeightedChoice by_activity_;
  Ledger ledger_;
  OrderBooks books_;
  Tape tape_;
  OrderFlow flow_;
  Phase phase_ = Phase::start;
  std::uint16_t cursor_ = 0;  // instrument that a phase has come to
  std::size_t kept_appointments_ = 0;
  std::uint64_t reserved_ = 0;  // messages that later phases are sure to need
  std::uint32_t second_ = kStartOfSystemHours;
  std::uint64_t left_in_second_ = 0;
  std::uint32_t left_in_burst_ = 0;
  std::uint16_t burst_instrument_ = 0;
};

}  // namespace tapeline::simulate

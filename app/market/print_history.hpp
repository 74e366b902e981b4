#pragma once

// The prints of the recent past by match number, so that a break can take one back.
//
// A ring that is indexed by the low bits of the match number: match numbers of a venue rise, so a
// print is overwritten by one that comes `capacity` match numbers later.
//
// Thread safety: none; one thread.
// Units:         shares; seconds of exchange time.

#include <bit>
#include <cstddef>
#include <cstdint>

#include "app/market/mapped_region.hpp"
#include "app/market/trade.hpp"

namespace tapeline::market {

enum class PrintState : std::uint8_t { none, counted, unprintable, broken };

struct Print {
  MatchNumber match_number;
  Price price;
  std::uint64_t shares;
  std::uint32_t second;  // of the bar that it went to, low 32 bits
  InstrumentId instrument;
  PrintState state;
  std::uint8_t unused;
};
static_assert(sizeof(Print) == 32);

class PrintHistory {
 public:
  // Keeps at least `capacity` prints of consecutive match numbers. Throws std::system_error when
  // memory can not be had.
  explicit PrintHistory(std::size_t capacity)
      : mask_{std::bit_ceil(capacity == 0 ? 1 : capacity) - 1}, prints_{mask_ + 1} {}

  // Returns true if the same match number was there and has been replaced.
  bool remember(const Trade& trade, std::uint64_t second, PrintState state) noexcept {
    Print& print = prints_[slot(trade.match_number)];
    const bool again = print.state != PrintState::none && print.match_number == trade.match_number;
    print = {.match_number = trade.match_number,
             .price = trade.price,
             .shares = trade.shares,
             .second = static_cast<std::uint32_t>(second),
             .instrument = trade.instrument,
             .state = state,
             .unused = 0};
    return again;
  }

  void clear() noexcept { prints_.clear(); }

  // Returns nullptr when it is not there (any more).
  [[nodiscard]] Print* find(MatchNumber match) noexcept {
    Print& print = prints_[slot(match)];
    return print.state != PrintState::none && print.match_number == match ? &print : nullptr;
  }

 private:
  [[nodiscard]] std::size_t slot(MatchNumber match) const noexcept {
    return static_cast<std::uint64_t>(match) & mask_;
  }

  std::size_t mask_;
  MappedArray<Print> prints_;
};

}  // namespace tapeline::market

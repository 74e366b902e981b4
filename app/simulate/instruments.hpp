#pragma once

// The made-up securities of a generated session. Index i has the stock locate i + 1; symbols are
// in alphabetical order, activity is spread over them at random with a heavy tail.
//
// Thread safety: values.
// Units:         prices in ticks of one cent.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "app/simulate/random.hpp"
#include "codec/itch/fields.hpp"

namespace tapeline::simulate {

inline constexpr std::uint32_t kMaxInstruments = 60'000;

struct Instrument {
  codec::itch::Symbol symbol;
  std::uint32_t price_ticks = 0;  // at the beginning of the session
  std::uint32_t half_spread_ticks = 1;
  std::uint32_t weight = 1;  // share of the order flow
  char market_category = 'Q';
  std::uint8_t market_makers = 0;  // MPIDs with a position at the beginning
  bool is_fund = false;

  // Nasdaq holds opening and closing crosses for what it lists itself.
  [[nodiscard]] bool has_cross() const noexcept {
    return market_category == 'Q' || market_category == 'G' || market_category == 'S';
  }
};

[[nodiscard]] std::vector<Instrument> make_instruments(std::size_t count, Random& random);

// A made-up market participant.
[[nodiscard]] codec::itch::Mpid mpid(std::uint32_t number) noexcept;

}  // namespace tapeline::simulate

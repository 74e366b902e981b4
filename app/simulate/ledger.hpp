#pragma once

// What the generator knows to be true of a session: trades, volume and notional of every
// instrument, and if wanted its bars. It is told facts by the generator and never sees a message,
// and it shares no code with app/market, so that the two can be held against each other.
//
// What counts: executions at the price of the resting order or at their own, unless not printable;
// hidden trades; crosses of more than 0 shares. A broken trade is taken back: from the totals
// always, from a bar only while it is running, that is while no message of a later second or
// minute has been seen. Open, high, low and close stay as they traded, but a second that loses all
// its trades while it runs leaves nothing in its minute either.
//
// Thread safety: none.
// Units:         prices in 1/10,000 dollar, time in nanoseconds since midnight.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tapeline::simulate {

// Price times shares, exact.
__extension__ using Notional = unsigned __int128;

inline constexpr std::string_view kMessageTypes = "SRHYLVWKJhAFECXDUPQBINO";

struct Print {
  std::uint64_t match_number = 0;
  std::uint64_t time_ns = 0;
  std::uint64_t shares = 0;
  std::uint32_t price = 0;
  std::uint16_t locate = 0;
};

struct Bar {
  std::uint32_t start = 0;  // seconds or minutes since midnight
  std::uint32_t open = 0;
  std::uint32_t high = 0;
  std::uint32_t low = 0;
  std::uint32_t close = 0;
  std::uint32_t trades = 0;
  std::uint64_t volume = 0;
  Notional notional = 0;
};

struct InstrumentTruth {
  std::array<std::uint64_t, kMessageTypes.size()> messages{};  // in the order of kMessageTypes
  std::uint64_t trades = 0;
  std::uint64_t broken = 0;
  std::uint64_t volume = 0;
  Notional notional = 0;
  std::vector<Bar> seconds;        // those without trades left are none
  std::vector<Print> late_breaks;  // broken after their second, but in their minute
};

// The bars of an instrument, each with a trade.
[[nodiscard]] std::vector<Bar> second_bars(const InstrumentTruth& truth);
[[nodiscard]] std::vector<Bar> minute_bars(const InstrumentTruth& truth);

class Ledger {
 public:
  // Instruments have the locates 1 to `instruments`; 0 stands for the market as a whole.
  Ledger(std::size_t instruments, bool keep_bars);

  // Every message, also those that print. Requires: type is one of kMessageTypes.
  void count(char type, std::uint16_t locate, std::uint64_t time_ns) noexcept {
    ++truths_[locate].messages[kTypeIndex[static_cast<unsigned char>(type)]];
    latest_ns_ = time_ns;
  }

  // Requires: print.shares > 0, and its message has been counted.
  void add(const Print& print);

  // Takes a print back. Requires: it was added and not yet taken back.
  void take_back(const Print& print);

  // By locate; [0] holds the messages that belong to no instrument.
  [[nodiscard]] const std::vector<InstrumentTruth>& truths() const noexcept { return truths_; }

 private:
  static constexpr std::array<std::uint8_t, 256> kTypeIndex = [] {
    std::array<std::uint8_t, 256> index{};
    for (std::size_t i = 0; i < kMessageTypes.size(); ++i) {
      index[static_cast<unsigned char>(kMessageTypes[i])] = static_cast<std::uint8_t>(i);
    }
    return index;
  }();

  std::vector<InstrumentTruth> truths_;
  std::uint64_t latest_ns_ = 0;
  bool keep_bars_;
};

}  // namespace tapeline::simulate

#pragma once

// Volume, VWAP and bars of every instrument of a channel.
//
// Which prints count, here and nowhere else:
//   execution           counts at the price of the resting order;
//   execution_at_price  counts at the price of the message, unless it is not printable: then the
//                       same shares come again in a cross;
//   hidden, cross,
//   report              count at their price; a print of no shares is skipped;
//   not printable       left out, whatever its kind; a break of it changes nothing;
//   sets no price       counts in volume, notional and number of trades only;
//   a break             takes a print back by its match number, once and for good: volume,
//                       notional and number of trades, from the session and from the bars that
//                       are still open. Open, high, low and close stay as they traded. Prints
//                       that can not be broken are not remembered.
// Shares count as the venue told them, also where an order had fewer.
//
// The trades of the running second go as columns (prices, shares) into a buffer of the SIMD pool,
// which the kernel folds when it is full or the second ends. Without a buffer, and for numbers
// that a double does not hold, a trade is added by itself; totals are the same (wide_sum.hpp).
//
// Time is the exchange's. A print belongs to the second that advance() has reached, so time that
// goes back neither closes nor opens a bar.
//
// Thread safety: none; one thread. MarketCounts may be read by any.
// Ownership:     the pool, the counts and the sink are not owned and must outlive this.
// Units:         price units, shares, nanoseconds.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "app/market/bar.hpp"
#include "app/market/identifiers.hpp"
#include "app/market/mapped_region.hpp"
#include "app/market/market_config.hpp"
#include "app/market/market_counts.hpp"
#include "app/market/print_history.hpp"
#include "app/market/trade.hpp"
#include "app/market/vwap_kernel.hpp"
#include "app/market/wide_sum.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::market {

// All zero until the first print.
struct SessionTotals {
  std::uint64_t volume = 0;
  std::uint64_t trades = 0;
  WideSum notional;
  Price open{};
  Price high{};
  Price low{};
  Price last{};
  std::uint32_t broken_trades = 0;
  bool incomplete = false;      // prints are missing
  bool breaks_missing = false;  // not adjusted for a break whose print is not known
  bool traded = false;          // open, high, low and last mean something: a print set them

  // In units of the price, not rounded; 0 without volume.
  [[nodiscard]] double vwap() const noexcept {
    return volume == 0 ? 0.0 : notional.value() / static_cast<double>(volume);
  }
};

struct VolumeRank {
  InstrumentId instrument{};
  std::uint64_t volume = 0;
};

class Vwap {
 public:
  using ColumnPool = pool::BufferPool<pool::SimdKind>;

  // `sink` may be nullptr. Throws std::system_error when memory can not be had.
  Vwap(const MarketConfig& config, ColumnPool& columns, BarSink* sink, MarketCounts& counts);

  // Closes the bars that end at or before `time_ns`. Costs nothing while the second lasts.
  void advance(ExchangeNanos time_ns) noexcept {
    if (time_ns >= second_end_) [[unlikely]]
      roll(time_ns);
  }

  void on_trade(const Trade& trade) noexcept;

  // `told` is the instrument that the message names; the print itself knows better.
  void break_trade(InstrumentId told, MatchNumber match) noexcept;

  // A print of this instrument is missing.
  void mark_incomplete(InstrumentId instrument) noexcept;
  // Messages are missing: prints of any instrument may be.
  void on_gap() noexcept;
  // Whether messages of this session are missing.
  [[nodiscard]] bool is_incomplete() const noexcept { return gap_second_ != 0; }

  // Closes all open bars. A print that comes later opens new ones.
  void close_all() noexcept;

  // Closes all open bars and forgets everything: a new session, whose time begins anew.
  void start_session() noexcept;

  // Up to the last print, whether folded or not.
  [[nodiscard]] SessionTotals totals(InstrumentId instrument) const noexcept;

  // Fills `out` from its front with the instruments of most volume, most first, and returns how
  // many there are. Looks at every instrument: for reports, not for each message.
  [[nodiscard]] std::size_t top_by_volume(std::span<VolumeRank> out) const noexcept;

 private:
  struct alignas(64) Session {
    SessionTotals totals;
    std::uint32_t second = 0;          // 1 + index in seconds_, 0 = no open bar
    std::uint32_t minute = 0;          // 1 + index in minutes_, 0 = no open bar
    std::uint64_t missing_second = 0;  // 1 + the last second that a print is missing from
  };

  // Sums of an open bar.
  struct Sums {
    WideSum notional;
    std::uint64_t volume = 0;
    std::uint64_t trades = 0;
    Price open{};
    Price high{};
    Price low{};
    Price close{};
    InstrumentId instrument{};
    bool priced = false;  // open, high, low and close mean something

    void set_price(Price price) noexcept;
    void widen(Price lowest, Price highest) noexcept;
    void take_back(const Print& print) noexcept;
  };

  struct Second {
    Sums sums;
    std::uint32_t rows = 0;  // in the column, not yet in sums
    double* prices = nullptr;
    double* shares = nullptr;
    pool::SimdGuard column;
  };

  [[nodiscard]] Second& second_of(Session& session, const Trade& trade) noexcept;
  void open_column(Second& second) noexcept;
  void fold(Session& session, Second& second) noexcept;
  void add_single(Session& session, Second& second, const Trade& trade) noexcept;
  void roll(ExchangeNanos time_ns) noexcept;
  void close_seconds() noexcept;
  void close_minutes() noexcept;
  void merge_into_minute(Session& session, const Sums& second) noexcept;
  void tell(const Sums& sums, BarPeriod period) noexcept;
  [[nodiscard]] Fold fold_column(const Second& second) const noexcept;

  ExchangeNanos second_end_ = kNanosPerSecond;
  std::uint64_t second_ = 0;      // the running second of exchange time
  std::uint64_t gap_second_ = 0;  // 1 + the last second with a gap
  bool gap_lasts_ = false;        // no message has come since the last gap
  ColumnPool& columns_;
  BarSink* sink_;
  MarketCounts& counts_;
  FoldKernel kernel_;
  std::uint32_t column_rows_;
  std::uint32_t second_count_ = 0;  // of seconds_, in use
  std::uint32_t highest_instrument_ = 0;
  MappedArray<Session> sessions_;
  PrintHistory history_;
  std::vector<Second> seconds_;  // the bars of the running second, by their first trade
  std::vector<Sums> minutes_;    // the bars of the running minute, by their first second
};

}  // namespace tapeline::market

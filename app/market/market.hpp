#pragma once

// The market of one channel: orders, books, trades, VWAPs and bars of its instruments.
//
// Knows no venue: a feed translates the venue's messages into these calls, in the order of the
// channel, and calls advance() with the time of each message first. Every call survives every
// argument; what can not be right is counted (market_counts.hpp) and applied as far as possible.
//
// Thread safety: none; one thread. The counts may be read by any thread.
// Ownership:     the column pool and the sink are not owned and must outlive this.
// Progress:      after the start no call allocates or locks. Memory for orders and levels that is
//                needed beyond the preallocation is mapped, up to its bound, and counted.
// Units:         price units, shares, nanoseconds.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "app/market/auction.hpp"
#include "app/market/instrument.hpp"
#include "app/market/level_arena.hpp"
#include "app/market/mapped_region.hpp"
#include "app/market/market_config.hpp"
#include "app/market/market_counts.hpp"
#include "app/market/order_table.hpp"
#include "app/market/symbol_text.hpp"
#include "app/market/trade.hpp"
#include "app/market/vwap.hpp"

namespace tapeline::market {

class Market {
 public:
  using ColumnPool = Vwap::ColumnPool;

  // `sink` may be nullptr. Throws std::system_error when memory can not be had.
  Market(const MarketConfig& config, ColumnPool& columns, BarSink* sink = nullptr);

  // From now on `sink` is told of trades; nullptr: nobody. Not owned; must outlive its use.
  void tell_trades(TradeSink* sink) noexcept { trade_sink_ = sink; }

  // Exchange time has reached `time_ns`. Time that goes back is counted and changes nothing.
  void advance(ExchangeNanos time_ns) noexcept {
    if (time_ns < now_) [[unlikely]]
      return counts_.time_backwards.add();
    now_ = time_ns;
    vwap_.advance(time_ns);
  }

  // Start to load what a message of this order or instrument will need. Change nothing.
  void prefetch(OrderRef ref) const noexcept { orders_.prefetch(ref); }
  void prefetch(InstrumentId id) const noexcept {
    const OrderBook& book = instruments_[index_of(id)].book;
    book.prefetch(Side::buy);
    book.prefetch(Side::sell);
  }

  void add_order(InstrumentId id, OrderRef ref, Side side, std::uint32_t shares,
                 Price price) noexcept;
  // A resting order trades at its own price.
  void execute(InstrumentId id, OrderRef ref, std::uint32_t shares, MatchNumber match) noexcept;
  // A resting order trades at `price`; what remains of it stays at its own price. See Trade for
  // `printable` and `sets_price`.
  void execute_at_price(InstrumentId id, OrderRef ref, std::uint32_t shares, MatchNumber match,
                        bool printable, Price price, bool sets_price = true) noexcept;
  // Takes shares off an order.
  void cancel(InstrumentId id, OrderRef ref, std::uint32_t shares) noexcept;
  void remove(InstrumentId id, OrderRef ref) noexcept;
  // The original goes; the replacement inherits side and instrument. `shares` is its new total.
  void replace(InstrumentId id, OrderRef original, OrderRef replacement, std::uint32_t shares,
               Price price) noexcept;

  // The order has these shares and this price from now on.
  void modify(InstrumentId id, OrderRef ref, std::uint32_t shares, Price price) noexcept;
  // All orders of the instrument are gone. After 255 times in a session no more orders of it are
  // taken.
  void clear_orders(InstrumentId id) noexcept;

  // Books that are told by levels. An instrument has either orders or levels; `orders` is how many
  // are at the price, 0 if that is not told.
  //
  // The level of `price` has `size` from now on; 0 removes it.
  void set_level(InstrumentId id, Side side, Price price, std::uint64_t size,
                 std::uint32_t orders = 0) noexcept;
  // Forgets the levels; what the book is worth stays as it was.
  void clear_book(InstrumentId id) noexcept;
  // Leaves the best `depth` levels of each side.
  void cut_book(InstrumentId id, std::uint32_t depth) noexcept { named(id).book.cut(depth); }
  // A snapshot of this book alone, its levels in any order: begin_book() forgets it and makes it
  // stale, end_book() makes it whole. Between them come its load_level() and no other call of it.
  void begin_book(InstrumentId id) noexcept;
  void load_level(InstrumentId id, Side side, Price price, std::uint64_t size,
                  std::uint32_t orders = 0) noexcept;
  void end_book(InstrumentId id) noexcept;
  // Updates of this book were lost; or nothing is missing any more. Others are not affected.
  void mark_stale(InstrumentId id) noexcept;
  void mark_whole(InstrumentId id) noexcept;
  // Every book that was told by levels or quotes.
  void mark_all_stale() noexcept;
  // What is told of this book contradicts itself: it is doubtful until the next snapshot of it.
  void mark_doubtful(InstrumentId id) noexcept { doubt(id); }
  // The best bid and offer, without the levels behind them: all of a book that is told so, which
  // makes it whole. Levels win over quotes: these are
  // counted and left out once the instrument has been told levels.
  void set_quote(InstrumentId id, const QuoteSide& bid, const QuoteSide& ask) noexcept;

  // A print of a venue that tells books by levels or quotes and takes no print back. `match` need
  // be unique within the instrument only.
  void report_trade(InstrumentId id, std::uint64_t size, Price price, MatchNumber match) noexcept;
  // Any print of a venue that says of each what it counts for. A break finds it by `match`.
  void report_trade(InstrumentId id, std::uint64_t size, Price price, MatchNumber match,
                    const PrintUse& use) noexcept;
  // A print of this instrument is missing.
  void on_missed_print(InstrumentId id) noexcept { vwap_.mark_incomplete(id); }

  // Prints that touch no displayed order.
  void trade(InstrumentId id, std::uint64_t shares, Price price, MatchNumber match) noexcept;
  void cross_trade(InstrumentId id, std::uint64_t shares, Price price, MatchNumber match) noexcept;
  void break_trade(InstrumentId id, MatchNumber match) noexcept;

  void list(InstrumentId id, const Listing& listing) noexcept;
  void set_auction(InstrumentId id, const Auction& auction) noexcept;
  void set_official_price(InstrumentId id, OfficialPrice which, Price price) noexcept;
  void set_trading_state(InstrumentId id, TradingState state,
                         const std::array<char, 4>& reason) noexcept;
  void set_short_sale_test(InstrumentId id, ShortSaleTest test) noexcept;
  // `market_bit` is one bit that the feed chooses for the market of the venue that halted.
  void set_operational_halt(InstrumentId id, std::uint8_t market_bit, bool halted) noexcept;

  // A new session begins: closes open bars, then forgets orders, books, prints, names and states.
  // The counts go on. Takes page faults; not for the path of a message.
  void start_session() noexcept;

  // Messages were lost: no book can be trusted until a snapshot, and no VWAP of the channel until
  // the next session.
  void on_gap() noexcept;
  // Messages were not seen, but the books know what became of them: prints may be missing.
  void on_missed_prints() noexcept { vwap_.on_gap(); }

  // The books are to be told anew. Between begin and end come add_order(), list() and the states;
  // no other order message may. Names, states, trades, bars and VWAP of the session stay.
  //
  // Forgets all orders and books; they are stale. Takes page faults, as start_session() does. A
  // snapshot that was begun before and not ended is forgotten with them.
  void begin_snapshot() noexcept;
  // Everything was told: all books are whole again, but for those that a contradiction in the
  // snapshot touched, and unless on_gap() came in between.
  void end_snapshot() noexcept;
  // The rest will not come: forgets what was told of it. The books stay stale.
  void abandon_snapshot() noexcept;
  [[nodiscard]] bool in_snapshot() const noexcept { return snapshot_ != Snapshot::none; }
  // Closes all open bars.
  void close_all() noexcept { vwap_.close_all(); }

  [[nodiscard]] const Instrument& instrument(InstrumentId id) const noexcept {
    return instruments_[index_of(id)];
  }
  // Empty until it was listed.
  [[nodiscard]] std::string_view symbol(InstrumentId id) const noexcept {
    return symbols_[index_of(id)].view();
  }
  [[nodiscard]] const AuctionRecord& auctions(InstrumentId id) const noexcept {
    return auctions_[index_of(id)];
  }
  [[nodiscard]] const OrderBook& book(InstrumentId id) const noexcept {
    return instrument(id).book;
  }
  // False after a gap and after anything that leaves the book with wrong orders or levels.
  [[nodiscard]] bool is_book_whole(InstrumentId id) const noexcept {
    return !books_stale_ && !instrument(id).doubtful && !instrument(id).stale;
  }
  // All of them: from a gap to the end of a snapshot or of the session.
  [[nodiscard]] bool books_stale() const noexcept { return books_stale_; }
  // Prints of the session may be missing: from the first gap to the end of the session.
  [[nodiscard]] bool totals_incomplete() const noexcept { return vwap_.is_incomplete(); }
  // Returns nullptr when there is no such order. Valid until the next change.
  [[nodiscard]] Order* find_order(OrderRef ref) noexcept;
  [[nodiscard]] SessionTotals totals(InstrumentId id) const noexcept { return vwap_.totals(id); }
  // See Vwap::top_by_volume.
  [[nodiscard]] std::size_t top_by_volume(std::span<VolumeRank> out) const noexcept {
    return vwap_.top_by_volume(out);
  }
  // One more than the highest instrument that any message named.
  [[nodiscard]] std::size_t instrument_bound() const noexcept { return instrument_bound_; }
  [[nodiscard]] ExchangeNanos now() const noexcept { return now_; }

  [[nodiscard]] const MarketCounts& counts() const noexcept { return counts_; }
  [[nodiscard]] const OrderTableCounts& order_counts() const noexcept { return orders_.counts(); }
  [[nodiscard]] const LevelArenaCounts& level_counts() const noexcept { return levels_.counts(); }

 private:
  enum class Snapshot : std::uint8_t { none, open, spoiled };  // spoiled: by a gap inside it

  void forget_books() noexcept;
  // The record of an instrument that a message names.
  [[nodiscard]] Instrument& named(InstrumentId id) noexcept {
    Instrument& instrument = instruments_[index_of(id)];
    if (!instrument.seen) [[unlikely]]
      meet(id, instrument);
    return instrument;
  }
  void meet(InstrumentId id, Instrument& instrument) noexcept;
  void doubt(InstrumentId id) noexcept;
  // The record of an instrument whose book is told in this way from now on.
  [[nodiscard]] Instrument& told_by(BookKind kind, InstrumentId id) noexcept;
  // Returns nullptr, counted, when there is no order.
  [[nodiscard]] Order* find_named(InstrumentId id, OrderRef ref) noexcept;
  // Takes `shares`, or what is left of them, off the order and off its book.
  void take(OrderRef ref, Order& order, std::uint32_t shares) noexcept;
  void take_all(OrderRef ref, Order& order) noexcept;
  // `order.epoch` is set here.
  void place(OrderRef ref, Order order) noexcept;
  [[nodiscard]] OrderTable::Insertion insert(OrderRef ref, const Order& order) noexcept;
  void print(const Trade& trade) noexcept;

  static constexpr std::uint8_t kLastEpoch = 0xFF;  // nothing tells its orders from later ones

  ExchangeNanos now_ = 0;
  std::uint32_t instrument_bound_ = 0;
  bool books_stale_ = false;
  Snapshot snapshot_ = Snapshot::none;
  std::uint8_t price_decimals_;
  TradeSink* trade_sink_ = nullptr;
  MarketCounts counts_;
  OrderTable orders_;
  LevelArena levels_;
  MappedArray<Instrument> instruments_;
  MappedArray<SymbolText> symbols_;
  MappedArray<AuctionRecord> auctions_;
  Vwap vwap_;
};

}  // namespace tapeline::market

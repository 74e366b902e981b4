#pragma once

// IEX TOPS, DEEP and DEEP+ into the market: decodes the messages of one channel and applies them.
//
// Fits net::Sequencer as its handler. Bytes from outside never throw: what can not be decoded is
// counted and skipped, its neighbours are not affected. Which of the protocols it is shows in the
// messages; nobody has to say it.
//
// Instruments are named by symbol on the wire and numbered here in the order they are met; the
// market's name of an instrument is set then.
//
// Books:
//   TOPS   a quote is the whole best bid and offer: after a loss, each quote makes its book whole.
//   DEEP   the price levels of one event belong together. They are kept back until the message
//          that completes the event, and applied at once: whoever looks at a book never sees half
//          an event. A loss forgets what is kept back, and leaves all books stale, since levels
//          that changed in it are not told again.
//   DEEP+  orders; after a loss the books are stale.
//
// Prints: IexPrintRules says which count. Messages that say nothing of orders, trades or the state
// of an instrument ('I', 'E') move the time and are counted by type.
//
// Thread safety: one thread; the counts may be read by any.
// Ownership:     the market is not owned and must outlive this.
// Units:         nanoseconds since 1970 UTC; prices with four decimals.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "app/feed/iex_print_rules.hpp"
#include "app/market/market.hpp"
#include "app/market/symbol_directory.hpp"
#include "codec/bytes.hpp"
#include "codec/iex/fields.hpp"
#include "pool/counter.hpp"

namespace tapeline::feed {

using pool::Counter;

struct alignas(64) IexFeedCounts {
  std::array<Counter, 256> by_type;  // index: the type byte; also types that are not known
  Counter empty;                     // messages without a type byte
  Counter unknown_types;             // not decoded
  Counter wrong_lengths;             // not decoded: shorter than their type, or empty
  Counter longer;                    // decoded, and something behind the known fields ignored
  Counter bad_timestamps;            // negative, or far ahead; the time does not move
  Counter unknown_values;            // characters that the specifications do not list
  Counter late_joins;                // sessions that were not seen from their first message
  Counter session_changes;           // sessions that followed another one
  Counter refused_symbols;           // messages of a symbol that has no number: left out
  Counter events;                    // of DEEP, completed
  Counter oversized_events;          // applied in parts, because they were too many levels at once
  Counter broken_events;             // forgotten, because messages were lost in them
  Counter bridged_messages;          // not seen, but known to the snapshot that was applied
  Counter last_system_event;         // its character, 0 before the first

  // All messages, decoded or not.
  [[nodiscard]] std::uint64_t messages() const noexcept {
    std::uint64_t sum = empty.get();
    for (const Counter& counter : by_type) sum += counter.get();
    return sum;
  }
};

class IexFeed {
 public:
  // Level updates that are kept back at most, of all instruments together.
  static constexpr std::size_t kMaxPending = 1024;
  // A message this much later than all before it does not move the time.
  static constexpr std::uint64_t kMaxStepNs = 4 * 86'400'000'000'000ULL;

  // Throws std::system_error when memory can not be had.
  explicit IexFeed(market::Market& market, const IexPrintRules& rules = {});

  // Starts to load what a coming message will need. Changes nothing.
  void prefetch(std::span<const std::byte> message) const noexcept {
    if (message.size() < kSymbolOffset + sizeof(std::uint64_t)) return;
    const auto symbol = codec::load_le<std::uint64_t>(message.data() + kSymbolOffset);
    const NamedSymbol& named = named_[place_of(symbol)];
    if (named.symbol == symbol) market_.prefetch(named.id);
  }

  template <typename Packet>
  void on_message(std::uint64_t /*sequence*/, std::span<const std::byte> message,
                  const Packet& /*packet*/) noexcept {
    apply(message);
  }

  // Messages were lost.
  template <typename GapRange>
  void on_gap(const GapRange& /*lost*/) noexcept {
    lose();
  }

  // These messages will not come, but a snapshot that was told stands for them: the books know what
  // became of them, the prints among them are missing.
  template <typename GapRange>
  void on_bridged(const GapRange& bridged) noexcept {
    counts_.bridged_messages.add(bridged.count());
    market_.on_missed_prints();
  }

  // A session begins for us with message number `sequence`. Nothing of a former one is left; what
  // was told before we joined is as good as lost.
  template <typename Session>
  void on_session(const Session& /*session*/, std::uint64_t sequence) noexcept {
    start_session();
    if (sequence <= 1) return;
    counts_.late_joins.add();
    lose();
  }

  template <typename Session>
  void on_end_of_session(const Session& /*session*/) noexcept {
    market_.close_all();
  }

  // Decodes one message and applies it.
  void apply(std::span<const std::byte> message) noexcept;

  // Whether level updates of this instrument are kept back: an event of it is under way.
  [[nodiscard]] bool is_in_event(market::InstrumentId id) const noexcept {
    return pending_of_[market::index_of(id)] != 0;
  }
  [[nodiscard]] const market::SymbolDirectory& symbols() const noexcept { return symbols_; }
  [[nodiscard]] const IexFeedCounts& counts() const noexcept { return counts_; }

 private:
  struct Applier;

  struct PendingLevel {
    market::Price price{};
    std::uint32_t size = 0;
    market::InstrumentId instrument{};
    market::Side side{};
  };

  // A symbol as it is on the wire, and its number. Each has one place here, which it shares with
  // others: the directory knows all, this one finds most of them without a search.
  struct NamedSymbol {
    std::uint64_t symbol = 0;
    market::InstrumentId id{};
    bool is_known = false;
  };
  static constexpr std::size_t kSymbolOffset = 10;
  static constexpr unsigned kNamedBits = 14;

  [[nodiscard]] static std::size_t place_of(std::uint64_t symbol) noexcept {
    return (symbol * 0x9E37'79B9'7F4A'7C15) >> (64 - kNamedBits);
  }

  void start_session() noexcept;
  void lose() noexcept;
  void advance(std::int64_t timestamp_ns) noexcept;
  // Returns nullopt, counted, when the symbol has no number.
  [[nodiscard]] std::optional<market::InstrumentId> instrument(
      const codec::iex::Symbol& symbol) noexcept {
    const auto text = std::bit_cast<std::uint64_t>(symbol);
    const NamedSymbol& named = named_[place_of(text)];
    if (named.symbol == text && named.is_known) [[likely]]
      return named.id;
    return look_up(symbol);
  }
  [[nodiscard]] std::optional<market::InstrumentId> look_up(
      const codec::iex::Symbol& symbol) noexcept;
  // The channel tells books by levels or orders: a loss before may have hidden some.
  void note_deep_book() noexcept;
  void set_level(const PendingLevel& level, bool complete) noexcept;
  void keep_back(const PendingLevel& level) noexcept;
  void apply_pending(market::InstrumentId id) noexcept;
  void forget_pending() noexcept;
  [[nodiscard]] market::PrintUse use_of(std::uint8_t conditions) const noexcept;

  market::Market& market_;
  IexPrintRules rules_;
  market::SymbolDirectory symbols_;
  market::MappedArray<NamedSymbol> named_;
  IexFeedCounts counts_;
  bool session_seen_ = false;
  bool lost_ = false;       // messages of the session are missing
  bool deep_book_ = false;  // the session has told levels or orders
  std::uint64_t latest_ns_ = 0;
  std::size_t pending_count_ = 0;
  std::unique_ptr<PendingLevel[]> pending_;  // in the order they came
  market::MappedArray<std::uint16_t> pending_of_;
};

}  // namespace tapeline::feed

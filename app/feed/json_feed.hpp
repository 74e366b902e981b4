#pragma once

// JSON documents of one crypto venue into the market: decodes them, applies them, and holds them
// against the venue's own rules of sequence (feed/json/trade_ids.hpp, depth_sync.hpp; Kraken: the
// checksum of each book update, computed over the book as it is then).
//
// A loss touches one symbol: its book is stale until the next snapshot of it, its volume is
// incomplete. The loss of a connection touches the books of all. So does a document that can not be
// read, where the venue has no numbers or checksums that would show it: it may have been an update
// of any book (Coinbase), or a trade (Kraken v1).
//
// Prices and sizes become whole numbers of 10^-decimals: sizes of JsonFeedConfig::size_decimals,
// prices of price_decimals or of as many as the first price of the instrument is spelled with, if
// these are more. A value with digits beyond that is refused and counted, never rounded, and the
// book that it belongs to is doubtful.
//
// Instruments are numbered as their symbols are met (market::SymbolDirectory).
//
// Thread safety: one thread; the counts may be read by any.
// Ownership:     the market is not owned and must outlive this.
// Errors:        the constructor throws std::bad_alloc or std::system_error. No call throws after
//                that; what can not be read or believed is counted.
// Memory:        mapped when it is made and touched as used; the decoder grows to the longest
//                document, within JsonFeedConfig::limits.
// Units:         nanoseconds since 1970.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "app/feed/json/depth_sync.hpp"
#include "app/feed/json/exchange_clock.hpp"
#include "app/feed/json/json_feed_counts.hpp"
#include "app/feed/json/symbol_state.hpp"
#include "app/feed/json/update_buffer.hpp"
#include "app/market/market.hpp"
#include "app/market/symbol_directory.hpp"
#include "codec/json/decoder.hpp"

namespace tapeline::feed {

struct JsonFeedConfig {
  // Nothing: the venue is that of the first URL or document that tells it.
  std::optional<codec::json::Venue> venue;
  std::uint8_t price_decimals = 8;
  std::uint8_t size_decimals = 8;
  std::uint32_t kraken_depth = 0;  // subscribed levels per side, where no message tells; 0: guessed
  std::uint32_t max_symbols = market::kMaxInstruments;
  UpdateBufferConfig buffer;
  codec::json::Limits limits;
};

// A hole in the numbers of one symbol.
struct JsonGap {
  enum class Of : std::uint8_t { trades, updates, checksum };

  market::InstrumentId instrument{};
  Of of = Of::trades;
  std::uint64_t first = 0;  // of trades and updates: the first number that is missing
  std::uint64_t count = 0;  // 0: not known
};

class JsonFeed {
 public:
  JsonFeed(market::Market& market, const JsonFeedConfig& config);

  // A document. Requires: codec::json::kPaddingBytes readable bytes behind `text`.
  // `receive_ns` is 0 when it is not known.
  void on_document(std::string_view text, std::int64_t receive_ns) noexcept;
  // A line of a recording, or a document by itself (codec/json/recorded_line.hpp). Requires: the
  // same padding. A receive time in the line comes before `receive_ns`.
  void on_line(std::string_view line, std::int64_t receive_ns) noexcept;
  // The same for the sources of net.
  template <typename Packet>
  void on_message(std::uint64_t /*sequence*/, std::span<const std::byte> message,
                  const Packet& packet) noexcept {
    on_line({reinterpret_cast<const char*>(message.data()), message.size()}, packet.rx_time);
  }

  // Documents were lost, or may have been: the connection was made again, a line was too long.
  void on_loss() noexcept;
  // The end: trades that were promised and did not come are lost. Closes open bars.
  void finish() noexcept;

  // fn(const JsonGap&) for the gaps since the last call, as far as they were kept.
  template <typename Fn>
  void take_gaps(Fn&& fn) {
    for (std::size_t i = 0; i < gap_count_; ++i) fn(gaps_[i]);
    gap_count_ = 0;
  }

  [[nodiscard]] std::optional<codec::json::Venue> venue() const noexcept { return venue_; }
  // The instrument that the last document was about; nothing if it named none. Of several trades in
  // one document that of the last.
  [[nodiscard]] std::optional<market::InstrumentId> last_met() const noexcept { return last_met_; }
  [[nodiscard]] const JsonFeedCounts& counts() const noexcept { return counts_; }
  [[nodiscard]] const market::SymbolDirectory& symbols() const noexcept { return symbols_; }

 private:
  static constexpr std::size_t kMaxGaps = 64;
  static constexpr std::size_t kMaxUrls = 64;

  struct ScaledLevel {
    market::Price price;
    std::uint64_t size;
    market::Side side;
  };

  void decode(std::string_view text, std::string_view symbol, std::int64_t receive_ns) noexcept;
  void apply(const codec::json::Document& document, std::string_view symbol) noexcept;
  void apply_trade(const codec::json::Trade& trade) noexcept;
  void apply_quote(market::InstrumentId id, const codec::json::Document& document) noexcept;
  void apply_snapshot(market::InstrumentId id, const codec::json::Document& document) noexcept;
  void apply_update(market::InstrumentId id, const codec::json::Document& document) noexcept;
  void apply_numbered(market::InstrumentId id, const UpdateIds& ids,
                      std::span<const codec::json::Level> levels) noexcept;
  void put(market::InstrumentId id, std::span<const ScaledLevel> levels) noexcept;
  void apply_held(market::InstrumentId id) noexcept;
  void hold(market::InstrumentId id, const UpdateIds& ids,
            std::span<const ScaledLevel> levels) noexcept;
  void check_kraken(market::InstrumentId id, const codec::json::Document& document) noexcept;
  void note_crossed(market::InstrumentId id) noexcept;

  // Returns nullopt, counted, when the symbol is empty or refused.
  [[nodiscard]] std::optional<market::InstrumentId> meet(std::string_view symbol) noexcept;
  void list(market::InstrumentId id) noexcept;
  // Return nullopt, counted, when the scale of the instrument does not hold the value.
  [[nodiscard]] std::optional<market::Price> scaled_price(market::InstrumentId id,
                                                          codec::json::Decimal price) noexcept;
  [[nodiscard]] std::optional<std::uint64_t> scaled_size(codec::json::Decimal size) noexcept;
  // Levels that can not be scaled are left out and leave the book doubtful. Valid until the next
  // call.
  [[nodiscard]] std::span<const ScaledLevel> scale(
      market::InstrumentId id, std::span<const codec::json::Level> levels) noexcept;

  void reach(std::int64_t time_ns) noexcept;
  void lose_trades(market::InstrumentId id, const TradeStep& step) noexcept;
  void doubt_unnumbered() noexcept;
  void lose_updates(market::InstrumentId id) noexcept;
  void lose_book(market::InstrumentId id) noexcept;
  void note_gap(const JsonGap& gap) noexcept;
  void note_connection(std::string_view url) noexcept;
  [[nodiscard]] SymbolState& state_of(market::InstrumentId id) noexcept {
    return states_[market::index_of(id)];
  }

  market::Market& market_;
  JsonFeedConfig config_;
  std::optional<codec::json::Venue> venue_;
  JsonFeedCounts counts_;
  codec::json::Decoder decoder_;
  market::SymbolDirectory symbols_;
  market::MappedArray<SymbolState> states_;
  market::MappedArray<ScaledLevel> scaled_;
  UpdateBuffer buffer_;
  ExchangeClock clock_;
  bool all_doubted_ = false;     // by a document that can not be read; no snapshot since
  std::int64_t receive_ns_ = 0;  // of the document that is being applied
  std::optional<market::InstrumentId> last_met_;
  std::size_t gap_count_ = 0;
  std::array<JsonGap, kMaxGaps> gaps_{};
  std::size_t url_count_ = 0;
  std::array<std::uint64_t, kMaxUrls> urls_{};  // hashes of those that were connected to
};

}  // namespace tapeline::feed

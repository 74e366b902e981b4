#pragma once

// What a JSON feed counts. What is lost, dropped or doubtful is here; the books and volumes it
// touched say so in the market.
//
// Thread safety: written by the feed thread, read by any.

#include <array>
#include <cstdint>

#include "codec/json/decoder.hpp"
#include "codec/json/document.hpp"
#include "pool/counter.hpp"

namespace tapeline::feed {

using pool::Counter;

struct alignas(64) JsonFeedCounts {
  // Documents. Each is either of a kind or refused.
  std::array<Counter, codec::json::kKindCount> by_kind;               // index: Kind
  std::array<Counter, codec::json::kDocumentStatusCount> by_refusal;  // index: DocumentStatus
  Counter no_venue;       // refused: the venue is not known yet
  Counter no_symbol;      // of these kinds, but without a symbol, or with one that was refused
  Counter unknown_lines;  // lines of a recording that have no known form
  Counter connections;    // connections that a recording says were made
  Counter sent;           // documents that the client sent
  Counter answers;        // documents that answer a REST request

  // Values.
  Counter bad_prices;  // zero, negative, out of range or finer than the scale of the instrument
  Counter bad_sizes;   // negative, out of range or finer than the scale
  Counter bad_times;   // not believed; the time does not move

  // Trades.
  Counter trades;            // in volume and VWAP
  Counter replayed_trades;   // told again by the venue; not in volume
  Counter duplicate_trades;  // dropped
  Counter parallel_trades;   // of a symbol that is counted from another stream; dropped
  Counter trade_gaps;        // holes in the numbers of trades
  Counter lost_trades;       // in these
  Counter missing_tails;     // of the holes: told by a heartbeat

  // Quotes.
  Counter quotes;
  Counter old_quotes;  // dropped: a later one was here

  // Books.
  Counter snapshots;         // applied
  Counter old_snapshots;     // dropped: the book is further
  Counter stale_snapshots;   // applied, but updates between them and the next update are missing
  Counter resyncs;           // books that were whole again after a loss
  Counter updates;           // applied
  Counter old_updates;       // dropped: the book knows them
  Counter early_updates;     // dropped: there was no snapshot to apply them to
  Counter bad_updates;       // dropped: they contradict themselves
  Counter buffered_updates;  // kept for a snapshot
  Counter buffer_drops;      // of these: given up for want of room, or by a loss of the stream
  Counter update_gaps;       // holes in the numbers of updates
  Counter lost_updates;      // numbers in these
  Counter good_checksums;
  Counter bad_checksums;
  Counter crossed_books;  // updates after which a whole book had a bid not below its ask

  Counter unnoted_gaps;  // not kept for take_gaps()

  [[nodiscard]] std::uint64_t documents() const noexcept {
    std::uint64_t sum = no_venue.get();
    for (const Counter& counter : by_kind) sum += counter.get();
    return sum + refused();
  }
  [[nodiscard]] std::uint64_t refused() const noexcept {
    std::uint64_t sum = 0;
    for (const Counter& counter : by_refusal) sum += counter.get();
    return sum;
  }
};

}  // namespace tapeline::feed

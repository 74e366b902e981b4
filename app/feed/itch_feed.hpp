#pragma once

// Nasdaq TotalView-ITCH 5.0 into the market: decodes the messages of one channel and applies them.
//
// Fits net::Sequencer as its handler. Bytes from outside never throw: what can not be decoded is
// counted and skipped, its neighbours are not affected.
//
// A snapshot (GLIMPSE 5.0: messages of the same formats, without numbers, and 'G' at the end) tells
// books and states anew: begin_snapshot(), apply_snapshot() for each message until one completes
// it, then end_snapshot(); or abandon_snapshot(). No message of the channel may come in between.
// Until end_snapshot() the books are stale, and a snapshot that was not whole leaves them so.
//
// Messages that say nothing of orders, trades or the state of an instrument (L, V, K, J, I, N, O)
// move the time and are counted by type; the market keeps nothing of them.
//
// Thread safety: one thread; the counts may be read by any.
// Ownership:     the market is not owned and must outlive this.
// Units:         nanoseconds since midnight of the session day; prices with four decimals.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "app/market/market.hpp"
#include "codec/bytes.hpp"
#include "codec/itch/messages.hpp"
#include "pool/counter.hpp"

namespace tapeline::feed {

using pool::Counter;

struct alignas(64) ItchFeedCounts {
  std::array<Counter, 256> by_type;  // index: the type byte; also types that are not known
  Counter empty;                     // messages without a type byte
  Counter unknown_types;             // not decoded
  Counter wrong_lengths;             // not decoded: shorter than their type, or empty
  Counter longer;                    // decoded, and something behind the known fields ignored
  Counter bad_timestamps;            // past the end of a day; the time does not move
  Counter unknown_values;            // characters that the specification does not list
  Counter late_joins;                // sessions that were not seen from their first message
  Counter session_changes;           // sessions that followed another one
  Counter snapshots_begun;
  Counter snapshots_applied;    // to the books, up to their last message
  Counter snapshots_abandoned;  // broken, cut off or of no use
  Counter snapshot_messages;    // not among the messages of the channel
  Counter snapshot_refusals;    // of these: cut short, or of a type that no snapshot has
  Counter bridged_messages;     // not seen, but known to the snapshot that was applied
  Counter last_system_event;    // its character, 0 before the first
  Counter breached_level;       // market-wide circuit breaker: 1 to 3, 0 = none

  // All messages, decoded or not.
  [[nodiscard]] std::uint64_t messages() const noexcept {
    std::uint64_t sum = empty.get();
    for (const Counter& counter : by_type) sum += counter.get();
    return sum;
  }
};

enum class SnapshotStep : std::uint8_t {
  more,      // the snapshot goes on
  complete,  // this was its last message
  broken,    // it can not be trusted: abandon it
};

struct SnapshotResult {
  SnapshotStep step = SnapshotStep::more;
  std::uint64_t next_sequence = 0;  // complete only: the first message to be applied after it
};

class ItchFeed {
 public:
  explicit ItchFeed(market::Market& market) noexcept : market_{market} {}

  // Starts to load what a coming message will need. Changes nothing.
  void prefetch(std::span<const std::byte> message) const noexcept {
    if (message.size() < codec::itch::OrderDelete::kBytes) return;
    market_.prefetch(market::InstrumentId{codec::load_be<std::uint16_t>(message.data() + 1)});
    switch (static_cast<char>(message.front())) {
      case 'A':
      case 'F':
      case 'E':
      case 'C':
      case 'X':
      case 'D':
      case 'U':
        return market_.prefetch(
            market::OrderRef{codec::load_be<std::uint64_t>(message.data() + kOrderRefOffset)});
      default: return;
    }
  }

  template <typename Packet>
  void on_message(std::uint64_t /*sequence*/, std::span<const std::byte> message,
                  const Packet& /*packet*/) noexcept {
    apply(message);
  }

  // Messages were lost: nothing of the channel can be trusted any more.
  template <typename GapRange>
  void on_gap(const GapRange& /*lost*/) noexcept {
    market_.on_gap();
  }

  // These messages will not come, but a snapshot that was told stands for them: the books know what
  // became of them, the prints among them are missing.
  template <typename GapRange>
  void on_bridged(const GapRange& bridged) noexcept {
    counts_.bridged_messages.add(bridged.count());
    market_.on_missed_prints();
  }

  void begin_snapshot() noexcept {
    market_.begin_snapshot();
    counts_.snapshots_begun.add();
  }
  // The times of a snapshot's messages move nothing: they may be of any time of the day.
  // Requires: begin_snapshot() was called.
  [[nodiscard]] SnapshotResult apply_snapshot(std::span<const std::byte> message) noexcept;
  // The channel goes on with the message that completed it named: the books are whole.
  // Requires: apply_snapshot() returned complete.
  void end_snapshot() noexcept {
    market_.end_snapshot();
    counts_.snapshots_applied.add();
  }
  // Does nothing when no snapshot was begun.
  void abandon_snapshot() noexcept {
    if (!market_.in_snapshot()) return;
    market_.abandon_snapshot();
    counts_.snapshots_abandoned.add();
  }

  // A session begins for us with message number `sequence`. Nothing of a former one is left; what
  // was told before we joined is as good as lost.
  template <typename Session>
  void on_session(const Session& /*session*/, std::uint64_t sequence) noexcept {
    if (session_seen_ || counts_.messages() > 0) {
      counts_.session_changes.add();
      market_.start_session();
    }
    session_seen_ = true;
    if (sequence > 1) {
      counts_.late_joins.add();
      market_.on_gap();
    }
  }

  template <typename Session>
  void on_end_of_session(const Session& /*session*/) noexcept {
    market_.close_all();
  }

  // Decodes one message and applies it.
  void apply(std::span<const std::byte> message) noexcept;

  [[nodiscard]] const ItchFeedCounts& counts() const noexcept { return counts_; }

 private:
  static constexpr std::size_t kOrderRefOffset = 11;
  struct Applier;
  struct SnapshotApplier;

  market::Market& market_;
  ItchFeedCounts counts_;
  bool session_seen_ = false;
};

}  // namespace tapeline::feed

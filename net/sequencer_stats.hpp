#pragma once

// What a sequencer is told to do and what it counts.
//
// Thread safety: counters are written by the thread of the channel and read by any other.

#include <array>
#include <cstddef>
#include <cstdint>

#include "codec/packet_status.hpp"
#include "net/framing.hpp"
#include "net/latency_histogram.hpp"
#include "pool/buffer_pool.hpp"
#include "pool/counter.hpp"

namespace tapeline::net {

using pool::Counter;

struct SequencerConfig {
  Framing framing = Framing::moldudp64;
  std::size_t lines = 2;
  std::size_t hold_packets = 64;                   // early pieces kept while a hole is open
  std::size_t hold_bytes = std::size_t{1} << 20U;  // in pooled buffers; at least two of them
  std::int64_t hold_ns = 20'000'000;  // how long a hole stays open for the lines to fill it

  // Number of the first message of a session; what is missing from there on is a gap. 0: a session
  // begins for us with the first packet that we see of it.
  std::uint64_t first_expected = 0;

  // A session without a packet for this long may be followed by another one.
  std::int64_t session_silence_ns = 30'000'000'000;
  // The same of IEX-TP, which tells no end of a session and beats about once a second.
  std::int64_t iextp_session_silence_ns = 3'000'000'000;

  // This many packets in a row, rising, in a range that was declared lost, while nothing comes at
  // or above the position: the position is taken for forged and left again. 0: never.
  std::uint32_t resync_packets = 32;

  // Packets with sequence 0 (anonymised captures) are delivered as they come. Otherwise they are
  // counted and dropped.
  bool accept_unsequenced = true;

  // Where the answers to re-requests come in: lines with the indexes behind `lines`. They have no
  // lag and no health.
  std::size_t request_lines = 0;

  // How long a hole stays open beyond hold_ns so that a re-request can fill it. 0: nobody asks.
  std::int64_t recovery_ns = 0;

  // How long a hole stays open beyond that for a snapshot, and how long messages are held for one.
  // 0: there are no snapshots.
  std::int64_t snapshot_ns = 0;
  bool snapshot_on_join = false;  // one is wanted when a session is joined above its first message

  // After a snapshot that did not come no hole asks for one for this long: it is declared lost.
  std::int64_t snapshot_retry_ns = 10'000'000'000;

  // A line without a packet for this long, while another one has some, is dead. 0: never.
  std::int64_t line_dead_ns = 3'000'000'000;

  // Copies of this many recent messages are compared, if there are two lines. 0: none.
  std::size_t conflict_window = 65'536;

  // `lines` is only a bound (a capture, whose lines are not known in advance): copies are compared
  // and their lag is measured from the first packet of a second line on, and a line that was never
  // heard is not dead.
  bool lines_unknown = false;
};

// Why a snapshot is not waited for any longer.
enum class SnapshotEnd : std::uint8_t {
  filled,     // the hole was closed after all
  overflow,   // there was no room to hold more
  timeout,    // snapshot_ns is over
  session,    // the session, or the input, has ended
  abandoned,  // abandon_snapshot() was called
};

// Of one line. Written by the thread of the channel.
struct alignas(pool::kCacheLineBytes) LineCounters {
  Counter packets;
  Counter bytes;         // UDP payload
  Counter messages_won;  // delivered from this line
  Counter duplicates;    // messages that another copy had won
  Counter last_packet;   // receive time of the last packet, UnixNanos
  Counter conflicts;     // messages that differ from the copy that came first
  Counter dead;          // 1 while the line is dead
  Counter deaths;        // times that it was found dead

  // Of each packet whose first message had come on another line: how much later, by the receive
  // times. Packets that are older than what is remembered are left out.
  LatencyHistogram lag;
};

struct alignas(pool::kCacheLineBytes) SequencerCounters {
  Counter messages;        // delivered in order
  Counter unsequenced;     // delivered without a number
  Counter duplicates;      // messages that had been delivered, or were held, already
  Counter late;            // messages that came after they had been declared lost
  Counter gaps;            // ranges declared lost
  Counter messages_lost;   // in these; taken back as far as a resync gets them after all
  Counter early_packets;   // came before their turn
  Counter hold_overflows;  // a hole was declared lost because there was no room to wait for it
  Counter held;            // pieces held now
  Counter held_peak;
  Counter heartbeats;
  Counter ends_of_session;
  Counter stale_ends;      // ends of session below the position: ignored
  Counter foreign;         // packets of another session
  Counter restarts;        // sessions that their publisher began again
  Counter contradictions;  // packets whose offset does not fit to their number: dropped
  Counter unsequenced_dropped;
  Counter sessions;        // adopted
  Counter late_joins;      // adopted at a number above 1
  Counter resyncs;         // a forged position was left again
  Counter first_sequence;  // of the session
  Counter expected;        // next number; exact when no packet is being worked on

  Counter conflicts;  // messages that differ from the copy that came first

  // Holes by what closed them; `gaps` are those that nothing did. A piece in the middle of a hole
  // makes two of it. One that was filled by several counts for the last.
  Counter filled_by_line;
  Counter filled_by_request;
  Counter bridged_by_snapshot;

  Counter messages_bridged;     // skipped because a snapshot stands for them
  Counter snapshots_wanted;     // for a hole, at a join, or by the caller
  Counter snapshots_used;       // resume_at() followed
  Counter snapshots_abandoned;  // given up, whatever the reason
  Counter snapshot_overflows;   // of these: no room to hold more
  Counter snapshot_timeouts;    // of these: it did not come in time
  Counter holding;              // 1 while nothing is delivered because a snapshot is waited for
  Counter session_head;         // the first eight and the last two bytes of the session's name
  Counter session_tail;
  std::array<Counter, codec::kPacketStatusCount> malformed;  // by PacketStatus
};

}  // namespace tapeline::net

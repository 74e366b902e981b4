#pragma once

// What a sequencer is told to do and what it counts.
//
// Thread safety: counters are written by the thread of the channel and read by any other.

#include <array>
#include <cstddef>
#include <cstdint>

#include "codec/moldudp64/packet.hpp"
#include "pool/buffer_pool.hpp"
#include "pool/counter.hpp"

namespace tapeline::net {

using pool::Counter;

struct SequencerConfig {
  std::size_t lines = 2;
  std::size_t hold_packets = 64;                   // early pieces kept while a hole is open
  std::size_t hold_bytes = std::size_t{1} << 20U;  // in pooled buffers; at least two of them
  std::int64_t hold_ns = 20'000'000;  // how long a hole stays open before it is declared lost

  // Number of the first message of a session; what is missing from there on is a gap. 0: a session
  // begins for us with the first packet that we see of it.
  std::uint64_t first_expected = 0;

  // A session without a packet for this long may be followed by another one.
  std::int64_t session_silence_ns = 30'000'000'000;

  // This many packets in a row, rising, in a range that was declared lost, while nothing comes at
  // or above the position: the position is taken for forged and left again. 0: never.
  std::uint32_t resync_packets = 32;

  // Packets with sequence 0 (anonymised captures) are delivered as they come. Otherwise they are
  // counted and dropped.
  bool accept_unsequenced = true;
};

// Of one line. Written by the thread of the channel.
struct alignas(pool::kCacheLineBytes) LineCounters {
  Counter packets;
  Counter bytes;         // UDP payload
  Counter messages_won;  // delivered from this line
  Counter duplicates;    // messages that another copy had won
  Counter last_packet;   // receive time of the last packet, UnixNanos
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
  Counter stale_ends;  // ends of session below the position: ignored
  Counter foreign;     // packets of another session
  Counter unsequenced_dropped;
  Counter sessions;        // adopted
  Counter late_joins;      // adopted at a number above 1
  Counter resyncs;         // a forged position was left again
  Counter first_sequence;  // of the session
  Counter expected;        // next number; exact when no packet is being worked on
  Counter session_head;    // the first eight and the last two bytes of the session's name
  Counter session_tail;
  std::array<Counter, codec::moldudp64::kPacketStatusCount> malformed;  // by PacketStatus
};

}  // namespace tapeline::net

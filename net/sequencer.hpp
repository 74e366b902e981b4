#pragma once

// Puts the messages of one channel in order: any number of lines feed it, the first copy of each
// message number is delivered, later ones are counted and compared with the first. Packets may be
// cut differently per line. Answers to re-requests come in on lines of their own.
//
// A packet that comes early is held, and the hole in front of it stays open after it was seen or
// after the last message at its lower end arrived, whichever is later. The remedies, in this order:
//   hold_ns      the other lines, or a reordered packet
//   recovery_ns  a re-request: net/recovery.hpp asks for what for_each_hole_since() tells
//   snapshot_ns  a snapshot: on_snapshot_wanted(), then resume_at()
// Then, or when there is no room to hold more, the hole is declared lost and delivery goes on
// behind it. A hole has one snapshot at most, and a snapshot that did not come is not asked for
// again for snapshot_retry_ns. Heartbeats and ends of session show holes that no later message
// shows.
//
// Snapshots: a hole's wait still delivers what closes it. hold_for_snapshot(), and with
// snapshot_on_join a session joined above its first message, hold everything instead, within the
// bounds for early packets. resume_at(n) then goes on with message n: apply the snapshot first.
// The end of a session, or a new one, ends the wait.
//
// Forged numbers: a packet far ahead costs one held piece. If its hole is declared lost, the real
// packets lie in the lost range; when `resync_packets` of them came in rising order and nothing
// came at the new position, the sequencer steps back to them. No message is delivered twice.
//
// Handler (a template argument, called inline; it must not call the sequencer):
//   on_message(std::uint64_t sequence, std::span<const std::byte> message, const Packet&)
//   on_gap(const GapRange&)                             declared lost
// and, if it has them:
//   prefetch(std::span<const std::byte> message)        before the messages of an in-order packet
//   on_session(const Session&, std::uint64_t sequence)  a session is adopted
//   on_end_of_session(const Session&)                   every message up to its end was accounted
//   on_resync(std::uint64_t sequence)                   the numbers go back to here
//   on_line_state(std::size_t line, bool alive)         a line died, or came back
//   on_snapshot_wanted(std::uint64_t sequence)          from here on something is missing
//   on_snapshot_abandoned(SnapshotEnd)                  it is not waited for any longer
//   on_bridged(const GapRange&)                         skipped: the snapshot stands for these
// Without on_snapshot_wanted() no snapshot is waited for, unless hold_for_snapshot() is called.
// A message without a number (anonymised captures) comes with sequence 0.
//
// Time: `now_ns` is the caller's clock and should not jump: a steady clock when live, the capture
// time in a replay. Only its differences count. The lag of a line is measured with the packets'
// receive times. A replay that calls on_packet() alone, and finish() at the end, gives the same
// result at every pace.
// Thread safety: one thread; the counters may be read by any.
// Lifetime:      messages and packets are valid during the call.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "net/framing.hpp"
#include "net/hold_store.hpp"
#include "net/packet_batch.hpp"
#include "net/sequencer_core.hpp"
#include "net/sequencer_stats.hpp"

namespace tapeline::net {

class Sequencer : private SequencerCore {
 public:
  using PacketStatus = codec::PacketStatus;
  using SequencerCore::Header;
  using SequencerCore::SequencerCore;
  using SequencerCore::Session;

  // Requires: packet.line < config.lines + config.request_lines.
  template <typename Handler>
  void on_packet(const Packet& packet, std::int64_t now_ns, Handler&& handler) {
    with_framing(config_.framing,
                 [&](auto framing) { on_framed(framing, packet, now_ns, handler); });
  }

  // Takes the next remedy for holes whose time is over, or declares them lost. Call it at
  // next_deadline() at the latest.
  template <typename Handler>
  void on_timer(std::int64_t now_ns, Handler&& handler) {
    follow_deadlines(now_ns, handler);
    settle(now_ns, handler);
    publish_position();
  }

  // End of the input: declares what is open, delivers what is held.
  template <typename Handler>
  void finish(std::int64_t now_ns, Handler&& handler) {
    note_progress(now_ns, kEveryLine);
    if (awaits_snapshot()) abandon(SnapshotEnd::session, now_ns, handler);
    while (has_open_hole()) give_up(next_known(), handler);
    store_.clear();
    counters_.held.set(0);
    settle(now_ns, handler);
    publish_position();
  }

  // A snapshot stands for all messages below `sequence`, and was applied: what is missing or held
  // below is skipped, the rest goes on with `sequence`. May be called at any time. What is missing
  // from `sequence` on is a hole like any other, but has no second snapshot. Returns false, and
  // does nothing, unless can_resume_at(sequence).
  template <typename Handler>
  bool resume_at(std::uint64_t sequence, std::int64_t now_ns, Handler&& handler) {
    if (!can_resume_at(sequence)) return false;
    const GapRange skipped{expected_, sequence};
    bridge_to(sequence, now_ns);
    if constexpr (requires { handler.on_bridged(skipped); }) {
      if (skipped.first < sequence) handler.on_bridged(skipped);
    }
    drain(handler);
    settle(now_ns, handler);
    publish_position();
    return true;
  }

  // There will be no snapshot, and none is asked for again for snapshot_retry_ns: what is held is
  // delivered, the hole that it was for is declared lost when its time is over.
  template <typename Handler>
  void abandon_snapshot(std::int64_t now_ns, Handler&& handler) {
    if (awaits_snapshot()) abandon(SnapshotEnd::abandoned, now_ns, handler);
    on_timer(now_ns, handler);
  }

  using SequencerCore::awaits_snapshot;
  using SequencerCore::can_resume_at;
  using SequencerCore::hold_for_snapshot;
  using SequencerCore::is_holding;

  // When on_timer() has something to do; kNoDeadline if no hole is open.
  using SequencerCore::allow_session_change;
  using SequencerCore::kNoDeadline;
  using SequencerCore::next_deadline;

  // The next number to be delivered; only sensible once a session was adopted.
  using SequencerCore::expected;
  using SequencerCore::forget_session;
  using SequencerCore::framing;
  using SequencerCore::has_session;
  using SequencerCore::session;
  using SequencerCore::set_framing;

  // Open holes, lowest first: fn(const GapRange&).
  using SequencerCore::for_each_hole;
  using SequencerCore::for_each_hole_since;
  using SequencerCore::hole_changes;

  using SequencerCore::counters;
  using SequencerCore::line_counters;
  using SequencerCore::lines;
  using SequencerCore::request_lines;

 private:
  template <typename Framed, typename Handler>
  [[gnu::always_inline]] void on_framed(Framed framing, const Packet& packet, std::int64_t now_ns,
                                        Handler& handler) {
    const ParsedPacket parsed = framing.parse(packet.payload());
    count_arrival(packet);
    if (parsed.status == PacketStatus::ok && parsed.header.sequence == expected_ &&
        parsed.header.session == session_ &&
        parsed.header.sequence + parsed.header.count < limit_ &&
        (!Framed::kTellsOffset || parsed.begin.stream_offset == stream_.stream_offset)) [[likely]] {
      deliver_whole(framing, packet, parsed.header, now_ns, handler);
      if constexpr (Framed::kTellsOffset) note_stream(parsed);
    } else {
      on_other(packet, parsed, now_ns, handler);
      settle(now_ns, handler);
    }
    if (is_look_due(now_ns)) [[unlikely]]
      tell_line_states(now_ns, handler);
    publish_position();
  }

  template <typename Framed, typename Handler>
  void deliver_whole(Framed framing, const Packet& packet, const Header& header,
                     std::int64_t now_ns, Handler& handler) {
    if constexpr (requires { handler.prefetch(std::span<const std::byte>{}); }) {
      static_cast<void>(framing.for_each_block(
          header, packet.payload(), 0, [&](auto, auto message) { handler.prefetch(message); }));
    }
    if (has_rivals(packet)) note_copies(packet, header);
    std::uint64_t delivered = 0;
    const PacketStatus status = framing.for_each_block(
        header, packet.payload(), 0, [&](std::uint64_t sequence, std::span<const std::byte> bytes) {
          handler.on_message(sequence, bytes, packet);
          ++delivered;
        });
    count_won(packet, delivered);
    expected_ += delivered;
    // A packet of which nothing is whole must not keep a hole open.
    if (delivered > 0) note_progress(now_ns, packet.line);
    if (status != PacketStatus::ok) [[unlikely]]
      count_malformed(status);
  }

  template <typename Handler>
  [[gnu::noinline]] void on_other(const Packet& packet, const ParsedPacket& parsed,
                                  std::int64_t now_ns, Handler& handler) {
    follow_deadlines(now_ns, handler);
    const Header& header = parsed.header;
    if (is_malformed(parsed.status)) return count_malformed(parsed.status);
    if (header.sequence > kMaxSequence) return count_malformed(PacketStatus::sequence_overflow);
    if (header.is_unsequenced()) return on_unsequenced(packet, parsed, handler);
    if (!follow_session(packet, parsed, now_ns, handler)) return;
    last_own_ns_ = now_ns;
    note_stream(parsed);
    switch (parsed.status) {
      case PacketStatus::heartbeat:
        counters_.heartbeats.add(1);
        on_announcement(packet, header, now_ns, handler);
        break;
      case PacketStatus::end_of_session:
        counters_.ends_of_session.add(1);
        on_announcement(packet, header, now_ns, handler);
        note_end(header.sequence);
        break;
      default: on_blocks(packet, header, now_ns, handler); break;
    }
  }

  template <typename Handler>
  void follow_deadlines(std::int64_t now_ns, Handler& handler) {
    if (is_holding()) {
      if (next_deadline() > now_ns) return;
      abandon(SnapshotEnd::timeout, now_ns, handler);
    }
    while (has_open_hole() && next_deadline() <= now_ns) {
      if (ask_snapshot(now_ns, handler)) return;
      if (awaits_snapshot()) abandon(SnapshotEnd::timeout, now_ns, handler);
      give_up(due_end(now_ns), handler);
    }
  }

  // What every call that may have moved the position ends with.
  template <typename Handler>
  void settle(std::int64_t now_ns, Handler& handler) {
    if (is_hole_filled()) abandon(SnapshotEnd::filled, now_ns, handler);
    tell_end(handler);
    update_limit();
  }

  // Returns whether a snapshot is waited for from now on, for the first hole.
  template <typename Handler>
  [[nodiscard]] bool ask_snapshot(std::int64_t now_ns, Handler& handler) {
    if constexpr (requires { handler.on_snapshot_wanted(expected_); }) {
      if (!may_ask_snapshot(now_ns)) return false;
      begin_wait(SnapshotWait::for_hole, now_ns);
      handler.on_snapshot_wanted(expected_);
      return true;
    } else {
      return false;
    }
  }

  // Requires: awaits_snapshot().
  template <typename Handler>
  void abandon(SnapshotEnd reason, std::int64_t now_ns, Handler& handler) {
    end_wait(reason, now_ns);
    if constexpr (requires { handler.on_snapshot_abandoned(reason); }) {
      handler.on_snapshot_abandoned(reason);
    }
    drain(handler);
  }

  template <typename Handler>
  [[gnu::noinline]] void tell_line_states(std::int64_t now_ns, Handler& handler) {
    look_at_lines(now_ns, [&]([[maybe_unused]] std::size_t line, [[maybe_unused]] bool alive) {
      if constexpr (requires { handler.on_line_state(line, alive); }) {
        handler.on_line_state(line, alive);
      }
    });
  }

  template <typename Handler>
  void tell_end(Handler& handler) {
    if constexpr (requires { handler.on_end_of_session(session_); }) {
      if (take_end_of_session()) handler.on_end_of_session(session_);
    }
  }

  template <typename Handler>
  void on_unsequenced(const Packet& packet, const ParsedPacket& parsed, Handler& handler) {
    if (parsed.status != PacketStatus::ok) return counters_.heartbeats.add(1);
    if (!config_.accept_unsequenced) return counters_.unsequenced_dropped.add(1);
    std::uint64_t delivered = 0;
    const auto deliver = [&](std::uint64_t, std::span<const std::byte> bytes) {
      handler.on_message(std::uint64_t{0}, bytes, packet);
      ++delivered;
    };
    const PacketStatus status = with_framing(config_.framing, [&](auto framing) {
      return framing.for_each_block(parsed.header, packet.payload(), 0, deliver);
    });
    count_unsequenced(packet, delivered);
    if (status != PacketStatus::ok) count_malformed(status);
  }

  // Returns whether the packet belongs to the session of this channel.
  template <typename Handler>
  [[nodiscard]] bool follow_session(const Packet& packet, const ParsedPacket& parsed,
                                    std::int64_t now_ns, Handler& handler) {
    using codec::iextp::Continuity;
    if (has_session()) {
      if (parsed.header.session == session_) {
        const Continuity continuity = continuity_of(packet, parsed);
        if (continuity == Continuity::contradicts) counters_.contradictions.add(1);
        if (continuity != Continuity::restarts) return continuity != Continuity::contradicts;
        counters_.restarts.add(1);
      } else if (!may_change_session(now_ns)) {
        counters_.foreign.add(1);
        return false;
      }
      finish(now_ns, handler);
    }
    adopt(parsed, now_ns);
    if constexpr (requires { handler.on_session(session_, expected_); }) {
      handler.on_session(session_, expected_);
    }
    if constexpr (requires { handler.on_snapshot_wanted(expected_); }) {
      if (wants_snapshot_on_join()) {
        begin_join(now_ns);
        handler.on_snapshot_wanted(expected_);
      }
    }
    return true;
  }

  template <typename Handler>
  void on_announcement(const Packet& packet, const Header& header, std::int64_t now_ns,
                       Handler& handler) {
    if (header.sequence >= expected_) return announce(header.sequence, now_ns);
    if (note_old(packet, {header.sequence, header.sequence})) step_back(header, now_ns, handler);
  }

  template <typename Handler>
  void on_blocks(const Packet& packet, const Header& header, std::int64_t now_ns,
                 Handler& handler) {
    const GapRange range = whole_blocks(packet, header);
    if (range.count() == 0) return;
    note_lag(packet, range);
    if (range.last_exclusive <= expected_) {
      if (!note_old(packet, range)) return;
      step_back(header, now_ns, handler);
    }
    if (is_holding() && hold_all(packet, range, now_ns, handler)) return;
    if (range.first > expected_ && !make_way(packet, range, now_ns, handler)) return;
    note_progress(now_ns, packet.line);
    deliver_rest(packet, range, handler);
  }

  // While holding: keeps the part of the packet from expected_ on. Returns false if there is no
  // room and the wait for the snapshot was given up.
  template <typename Handler>
  [[nodiscard]] bool hold_all(const Packet& packet, const GapRange& range, std::int64_t now_ns,
                              Handler& handler) {
    const GapRange part{std::max(range.first, expected_), range.last_exclusive};
    if (hold(packet, part, now_ns)) {
      count_duplicates(packet, part.first - range.first);
      return true;
    }
    abandon(SnapshotEnd::overflow, now_ns, handler);
    return false;
  }

  // For an early packet: holds it, or closes holes until it is its turn. Returns whether it is.
  template <typename Handler>
  [[nodiscard]] bool make_way(const Packet& packet, const GapRange& range, std::int64_t now_ns,
                              Handler& handler) {
    counters_.early_packets.add(1);
    while (range.first > expected_) {
      if (hold(packet, range, now_ns)) return false;
      counters_.hold_overflows.add(1);
      if (awaits_snapshot()) abandon(SnapshotEnd::overflow, now_ns, handler);
      give_up(std::min(store_.first(), range.first), handler);
    }
    return true;
  }

  // The part of an in-order packet from expected_ on, with held messages in between.
  template <typename Handler>
  void deliver_rest(const Packet& packet, const GapRange& range, Handler& handler) {
    std::uint64_t delivered = 0;
    while (expected_ < range.last_exclusive) {
      const GapRange part{expected_, std::min(store_.first(), range.last_exclusive)};
      if (closes_hole(part)) count_filled(packet, 1);
      deliver_part(packet, part, handler);
      delivered += part.count();
      drain(handler);
    }
    count_duplicates(packet, range.count() - delivered);
  }

  // Requires: all of `part` are whole blocks of `packet`.
  template <typename Handler>
  void deliver_part(const Packet& packet, const GapRange& part, Handler& handler) {
    if (part.count() == 0) return;
    note_arrival(part.first, packet);
    with_framing(config_.framing, [&](auto framing) {
      const Header header = framing.parse(packet.payload()).header;
      const auto skip = static_cast<std::size_t>(part.first - header.sequence);
      static_cast<void>(
          framing.for_each_block(header, packet.payload(), skip,
                                 [&](std::uint64_t sequence, std::span<const std::byte> bytes) {
                                   if (sequence < part.last_exclusive)
                                     handler.on_message(sequence, bytes, packet);
                                 }));
    });
    count_won(packet, part.count());
    expected_ = part.last_exclusive;
  }

  // Delivers what is held from expected_ on, up to the next hole.
  template <typename Handler>
  void drain(Handler& handler) {
    while (store_.first() <= expected_ && !store_.empty()) {
      const HeldPiece& piece = store_.front();
      if (piece.is_passed()) {
        note_no_arrival(piece.range.first);
        expected_ = piece.range.last_exclusive;
      } else {  // a snapshot may stand for its first messages
        deliver_part(piece.packet,
                     {std::max(piece.range.first, expected_), piece.range.last_exclusive}, handler);
      }
      store_.pop_front();
    }
    counters_.held.set(store_.size());
  }

  // Declares [expected_, end) lost and goes on behind it. Requires: end > expected_.
  template <typename Handler>
  void give_up(std::uint64_t end, Handler& handler) {
    const GapRange gap{expected_, end};
    note_gap(gap);
    handler.on_gap(gap);
    drain(handler);
  }

  template <typename Handler>
  void step_back(const Header& header, std::int64_t now_ns, Handler& handler) {
    if (awaits_snapshot()) abandon(SnapshotEnd::filled, now_ns, handler);
    step_back_to(header.sequence, now_ns);
    if constexpr (requires { handler.on_resync(expected_); }) handler.on_resync(expected_);
  }
};

}  // namespace tapeline::net

#pragma once

// The state of a Sequencer and everything about it that does not call a handler.
//
// Thread safety: as Sequencer.

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include "net/framing.hpp"
#include "net/hold_store.hpp"
#include "net/line_arrivals.hpp"
#include "net/line_digests.hpp"
#include "net/line_health.hpp"
#include "net/packet_batch.hpp"
#include "net/sequencer_stats.hpp"

namespace tapeline::net {

class SequencerCore {
 public:
  using Session = net::Session;
  using Header = PacketHeader;

  static constexpr std::int64_t kNoDeadline = std::numeric_limits<std::int64_t>::max();

  // `pool` holds early packets; it is not owned and must outlive this.
  SequencerCore(const SequencerConfig& config, SerializationPool& pool);
  SequencerCore(const SequencerCore&) = delete;
  SequencerCore& operator=(const SequencerCore&) = delete;

  [[nodiscard]] std::int64_t next_deadline() const noexcept;

  // The input ends here and another one may follow: a packet of another session is followed.
  void allow_session_change() noexcept { session_change_allowed_ = true; }

  // The next packet begins a session, whatever its name is: the input is played again. Requires:
  // finish() was called.
  void forget_session() noexcept { expected_ = kNoSession; }

  // How the packets are to be read from now on. Requires: no session was adopted.
  void set_framing(Framing framing) noexcept {
    assert(!has_session());
    config_.framing = framing;
  }
  [[nodiscard]] Framing framing() const noexcept { return config_.framing; }

  [[nodiscard]] std::uint64_t expected() const noexcept { return expected_; }
  [[nodiscard]] bool has_session() const noexcept { return expected_ != kNoSession; }
  [[nodiscard]] const Session& session() const noexcept { return session_; }

  // Nothing is delivered: a snapshot is waited for, from hold_for_snapshot() or a join on.
  [[nodiscard]] bool is_holding() const noexcept { return snapshot_ == SnapshotWait::holding; }
  // A snapshot is waited for, while holding or for a hole.
  [[nodiscard]] bool awaits_snapshot() const noexcept { return snapshot_ != SnapshotWait::none; }

  // Whether resume_at(sequence) would follow: the number is not below what was delivered.
  [[nodiscard]] bool can_resume_at(std::uint64_t sequence) const noexcept;

  // Holds all messages from expected() on, for at most snapshot_ns, until resume_at() or
  // abandon_snapshot(). Returns false, and does nothing, without a session or if there are no
  // snapshots in the configuration.
  bool hold_for_snapshot(std::int64_t now_ns) noexcept;

  template <typename Fn>
  void for_each_hole(Fn&& fn) const {
    for_each_hole_since([&](const GapRange& hole, std::int64_t) { fn(hole); });
  }

  // fn(const GapRange&, std::int64_t since_ns): also since when a hole is known or, if that is
  // later, since when no line filled its lower end.
  template <typename Fn>
  void for_each_hole_since(Fn&& fn) const {
    if (!has_session()) return;
    store_.for_each_hole(expected_, [&](const GapRange& hole, std::int64_t since_ns) {
      const Announcement& known = next_announcement();
      if (known.sequence > hole.first) since_ns = std::min(since_ns, known.since_ns);
      if (since_ns != HoldStore::kNever) fn(hole, quiet_since(hole, since_ns));
    });
    const std::uint64_t next =
        store_.empty() ? expected_ : std::max(expected_, store_.last_exclusive());
    if (latest_.sequence <= next) return;
    const Announcement& known = announced_.sequence > next ? announced_ : latest_;
    const GapRange tail{next, latest_.sequence};
    fn(tail, quiet_since(tail, known.since_ns));
  }

  // Grows when holes appear, are split or are declared lost; not when one only shrinks.
  [[nodiscard]] std::uint64_t hole_changes() const noexcept { return hole_changes_; }

  [[nodiscard]] const SequencerCounters& counters() const noexcept { return counters_; }
  // Of a line of the channel or a request line. Requires: line < lines() + request_lines().
  [[nodiscard]] const LineCounters& line_counters(std::size_t line) const noexcept {
    return lines_[line];
  }
  [[nodiscard]] std::size_t lines() const noexcept { return config_.lines; }
  [[nodiscard]] std::size_t request_lines() const noexcept { return config_.request_lines; }

 protected:
  ~SequencerCore() = default;

  // expected_ before a session was adopted. No packet with messages has this number.
  static constexpr std::uint64_t kNoSession = std::numeric_limits<std::uint64_t>::max();

  // Larger numbers are taken for damage; so no sum of ours reaches kNoSession.
  static constexpr std::uint64_t kMaxSequence = std::uint64_t{1} << 63U;

  // A number that a heartbeat or an end of session named as the next one, above expected_.
  struct Announcement {
    std::uint64_t sequence = 0;
    std::int64_t since_ns = 0;
  };

  enum class SnapshotWait : std::uint8_t {
    none,
    for_hole,  // messages at the position are delivered: they close the hole
    holding,   // nothing is delivered
  };

  void count_arrival(const Packet& packet) noexcept {
    assert(packet.line < config_.lines + config_.request_lines);
    LineCounters& line = lines_[packet.line];
    line.packets.add(1);
    line.bytes.add(packet.payload_bytes);
    line.last_packet.set(static_cast<std::uint64_t>(packet.rx_time));
  }
  void count_won(const Packet& packet, std::uint64_t messages) noexcept {
    lines_[packet.line].messages_won.add(messages);
    counters_.messages.add(messages);
  }
  void count_unsequenced(const Packet& packet, std::uint64_t messages) noexcept {
    lines_[packet.line].messages_won.add(messages);
    counters_.unsequenced.add(messages);
  }
  void count_duplicates(const Packet& packet, std::uint64_t messages) noexcept {
    lines_[packet.line].duplicates.add(messages);
    counters_.duplicates.add(messages);
  }
  void count_malformed(PacketStatus status) noexcept {
    counters_.malformed[static_cast<std::size_t>(status)].add(1);
  }
  void count_filled(const Packet& packet, std::uint64_t holes) noexcept {
    Counter& by =
        packet.line < config_.lines ? counters_.filled_by_line : counters_.filled_by_request;
    by.add(holes);
  }
  void publish_position() noexcept { counters_.expected.set(has_session() ? expected_ : 0); }

  // A message at the position arrived.
  void note_progress(std::int64_t now_ns, std::uint16_t line) noexcept {
    last_progress_ns_ = now_ns;
    last_own_ns_ = now_ns;
    progress_line_ = line;
    late_run_ = 0;
  }

  // Arbitration. Whether copies of this packet's messages may come on another line.
  [[nodiscard]] bool has_rivals(const Packet& packet) const noexcept {
    return packet.line != only_line_;
  }
  [[nodiscard]] static std::uint16_t first_only_line(const SequencerConfig& config) noexcept;
  void note_line(const Packet& packet) noexcept;
  // Remembers an in-order packet. Requires: has_rivals(packet).
  void note_copies(const Packet& packet, const Header& header) noexcept;
  // Remembers when and where the messages from `first` on came from.
  void note_arrival(std::uint64_t first, const Packet& packet) noexcept {
    if (only_line_ == kEveryLine) arrivals_.push({first, packet.rx_time, packet.line});
  }
  // Nobody brought the messages from `first` on.
  void note_no_arrival(std::uint64_t first) noexcept {
    if (only_line_ == kEveryLine) arrivals_.push({first, 0, LineArrivals::kNoLine});
  }
  void note_lag(const Packet& packet, const GapRange& range) noexcept;
  [[nodiscard]] bool is_look_due(std::int64_t now_ns) const noexcept {
    return now_ns >= health_.next_look();
  }
  // Calls changed(line, alive).
  template <typename Changed>
  void look_at_lines(std::int64_t now_ns, Changed&& changed) {
    health_.look(
        now_ns, [this](std::size_t line) { return lines_[line].packets.get(); },
        [&](std::size_t line, bool alive) {
          lines_[line].dead.set(alive ? 0 : 1);
          if (!alive) lines_[line].deaths.add(1);
          changed(line, alive);
        });
  }

  // The messages of the packet that are whole; counts the damage behind them and the conflicts.
  [[nodiscard]] GapRange whole_blocks(const Packet& packet, const Header& header) noexcept;

  // Session rules.
  // What a packet of the session is to its stream, by the offset and the time it was sent; for
  // framings that tell them. Answers to re-requests are sent when they are asked for.
  [[nodiscard]] codec::iextp::Continuity continuity_of(const Packet& packet,
                                                       const ParsedPacket& parsed) const noexcept {
    using codec::iextp::Continuity;
    if (config_.framing != Framing::iextp || packet.line >= config_.lines) {
      return Continuity::follows;
    }
    return codec::iextp::continuity(stream_, parsed.begin);
  }
  void note_stream(const ParsedPacket& parsed) noexcept {
    const std::uint64_t sent_ns = std::max(stream_.send_time_ns, parsed.end.send_time_ns);
    if (parsed.end.sequence > stream_.sequence) stream_ = parsed.end;
    stream_.send_time_ns = sent_ns;
  }
  [[nodiscard]] bool may_change_session(std::int64_t now_ns) const noexcept;
  void adopt(const ParsedPacket& parsed, std::int64_t now_ns) noexcept;
  void note_end(std::uint64_t sequence) noexcept;
  [[nodiscard]] bool take_end_of_session() noexcept;

  // Holes.
  [[nodiscard]] bool hold(const Packet& packet, const GapRange& range, std::int64_t now_ns);
  void announce(std::uint64_t sequence, std::int64_t now_ns) noexcept;
  [[nodiscard]] bool has_open_hole() const noexcept { return next_known() != HoldStore::kNone; }
  [[nodiscard]] std::uint64_t next_known() const noexcept;  // end of the first hole, or kNone
  [[nodiscard]] std::uint64_t due_end(std::int64_t now_ns) const noexcept;
  void note_gap(const GapRange& gap) noexcept;
  // Whether a hole ends with `part`, which is about to be delivered at the position.
  [[nodiscard]] bool closes_hole(const GapRange& part) const noexcept;
  // Below this an in-order packet needs no more than to be delivered.
  void update_limit() noexcept;

  // Snapshots.
  [[nodiscard]] bool may_ask_snapshot(std::int64_t now_ns) const noexcept;
  void begin_wait(SnapshotWait wait, std::int64_t now_ns) noexcept;
  void begin_join(std::int64_t now_ns) noexcept {
    begin_wait(SnapshotWait::holding, now_ns);
    joining_ = true;
  }
  void end_wait(SnapshotEnd reason, std::int64_t now_ns) noexcept;
  [[nodiscard]] bool is_hole_filled() const noexcept {
    return snapshot_ == SnapshotWait::for_hole && expected_ >= hole_end_;
  }
  [[nodiscard]] bool wants_snapshot_on_join() const noexcept {
    return config_.snapshot_on_join && config_.snapshot_ns > 0 && expected_ > 1;
  }
  void bridge_to(std::uint64_t sequence, std::int64_t now_ns) noexcept;

  // A packet below the position. Returns whether to step back to it.
  [[nodiscard]] bool note_old(const Packet& packet, const GapRange& range) noexcept;
  void step_back_to(std::uint64_t sequence, std::int64_t now_ns);

  static constexpr std::uint16_t kEveryLine = 0xFFFF;
  static constexpr std::uint16_t kNotHeard = 0xFFFE;

  SequencerCounters counters_;  // first: it is aligned to a cache line
  SequencerConfig config_;
  std::uint64_t expected_ = kNoSession;
  Session session_{};
  // The only line that was heard, or that there is; kEveryLine: there are several. Packets of
  // another line than this one have rivals.
  std::uint16_t only_line_;
  std::uint16_t progress_line_ = kEveryLine;  // that brought the last message at the position
  std::uint32_t late_run_ = 0;                // packets in a row in lost ranges, rising
  std::uint64_t limit_ = 0;                   // see update_limit()
  std::int64_t last_progress_ns_ = 0;
  std::int64_t last_own_ns_ = 0;
  std::uint64_t late_next_ = 0;
  codec::iextp::StreamPosition stream_;  // the furthest that was seen of the session
  HoldStore store_;
  SnapshotWait snapshot_ = SnapshotWait::none;

 private:
  [[nodiscard]] const Announcement& next_announcement() const noexcept {
    return announced_.sequence > expected_ ? announced_ : latest_;
  }
  [[nodiscard]] std::int64_t deadline(std::int64_t since_ns) const noexcept;
  [[nodiscard]] std::int64_t quiet_since(const GapRange& hole,
                                         std::int64_t since_ns) const noexcept {
    const bool by_line = hole.first == expected_ && progress_line_ < config_.lines;
    return by_line ? std::max(since_ns, last_progress_ns_) : since_ns;
  }

  static constexpr std::size_t kRecentGaps = 64;
  static constexpr std::size_t kRecentArrivals = 2048;

  Announcement announced_;  // the first one above expected_ ...
  Announcement latest_;     // ... and the highest
  bool session_change_allowed_ = false;
  bool joining_ = false;  // holding since the session was adopted: nothing was delivered of it
  bool end_told_ = false;
  std::uint64_t end_at_ = 0;  // number after the last of the session, 0 if not known
  std::uint64_t hole_changes_ = 0;
  std::int64_t patience_ns_;        // a hole's, without snapshots
  std::int64_t wait_until_ns_ = 0;  // for a snapshot
  std::int64_t retry_at_ns_ = std::numeric_limits<std::int64_t>::min();
  std::uint64_t hole_end_ = 0;                       // of the hole that a snapshot is waited for
  std::uint64_t tried_at_ = 0;                       // a hole that begins here had its snapshot
  std::array<GapRange, kRecentGaps> recent_gaps_{};  // a ring, rising; oldest overwritten
  std::size_t gaps_noted_ = 0;
  std::unique_ptr<LineCounters[]> lines_;
  LineHealth health_;
  LineArrivals arrivals_;
  LineDigests digests_;
};

}  // namespace tapeline::net

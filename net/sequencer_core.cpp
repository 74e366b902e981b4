#include "net/sequencer_core.hpp"

#include <cstring>

namespace tapeline::net {

namespace {

// a + b and a - b, held at the ends of the range: time stamps may come from outside.
std::int64_t add_clamped(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<std::int64_t>::max()
               : std::numeric_limits<std::int64_t>::min();
}
std::int64_t subtract_clamped(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b < 0 ? std::numeric_limits<std::int64_t>::max()
               : std::numeric_limits<std::int64_t>::min();
}

}  // namespace

SequencerCore::SequencerCore(const SequencerConfig& config, SerializationPool& pool)
    : config_{config},
      only_line_{first_only_line(config)},
      store_{pool, config.hold_packets, config.hold_bytes},
      patience_ns_{add_clamped(config.hold_ns, std::max<std::int64_t>(config.recovery_ns, 0))},
      lines_{std::make_unique<LineCounters[]>(config.lines + config.request_lines)},
      health_{config.lines, config.line_dead_ns, config.lines_unknown},
      arrivals_{only_line_ == 0 ? 1 : kRecentArrivals},
      digests_{only_line_ == 0 ? 0 : config.conflict_window} {}

std::uint16_t SequencerCore::first_only_line(const SequencerConfig& config) noexcept {
  if (config.lines + config.request_lines <= 1) return 0;
  return config.lines_unknown ? kNotHeard : kEveryLine;
}

void SequencerCore::note_line(const Packet& packet) noexcept {
  if (packet.line != only_line_) only_line_ = only_line_ == kNotHeard ? packet.line : kEveryLine;
}

void SequencerCore::note_copies(const Packet& packet, const Header& header) noexcept {
  note_line(packet);
  if (only_line_ != kEveryLine) return;
  note_arrival(header.sequence, packet);
  if (!digests_.enabled()) return;
  with_framing(config_.framing, [&](auto framing) {
    static_cast<void>(
        framing.for_each_block(header, packet.payload(), 0,
                               [this](std::uint64_t sequence, std::span<const std::byte> bytes) {
                                 digests_.note(sequence, bytes);
                               }));
  });
}

void SequencerCore::note_lag(const Packet& packet, const GapRange& range) noexcept {
  if (packet.line >= config_.lines || only_line_ != kEveryLine) return;
  UnixNanos first_time = 0;
  if (range.first < expected_) {
    const LineArrivals::Arrival* const first = arrivals_.find(range.first);
    if (first == nullptr || first->line == packet.line) return;
    first_time = first->time;
  } else {
    const HeldPiece* const first = store_.find(range.first);
    if (first == nullptr || first->is_passed() || first->packet.line == packet.line) return;
    first_time = first->packet.rx_time;
  }
  lines_[packet.line].lag.record(subtract_clamped(packet.rx_time, first_time));
}

GapRange SequencerCore::whole_blocks(const Packet& packet, const Header& header) noexcept {
  note_line(packet);
  const bool compare = only_line_ == kEveryLine && digests_.enabled();
  std::uint64_t count = 0;
  std::uint64_t conflicts = 0;
  const auto look = [&](std::uint64_t sequence, std::span<const std::byte> bytes) {
    ++count;
    if (!compare) return;
    if (digests_.knows(sequence)) {
      if (digests_.differs(sequence, bytes)) ++conflicts;
    } else if (sequence >= expected_) {
      digests_.note(sequence, bytes);
    }
  };
  const PacketStatus status = with_framing(config_.framing, [&](auto framing) {
    return framing.for_each_block(header, packet.payload(), 0, look);
  });
  if (status != PacketStatus::ok) count_malformed(status);
  if (conflicts > 0) {
    counters_.conflicts.add(conflicts);
    lines_[packet.line].conflicts.add(conflicts);
  }
  return {header.sequence, header.sequence + count};
}

bool SequencerCore::may_change_session(std::int64_t now_ns) const noexcept {
  if (session_change_allowed_) return true;
  if (end_at_ != 0) {
    // Everything up to the end was delivered, or is held and only waits for a snapshot.
    if (expected_ == end_at_) return true;
    if (is_holding() && !store_.empty() && store_.last_exclusive() == end_at_ &&
        store_.messages() == end_at_ - expected_) {
      return true;
    }
  }
  const std::int64_t silence_ns = config_.framing == Framing::iextp
                                      ? config_.iextp_session_silence_ns
                                      : config_.session_silence_ns;
  return subtract_clamped(now_ns, last_own_ns_) >= silence_ns;
}

void SequencerCore::adopt(const ParsedPacket& parsed, std::int64_t now_ns) noexcept {
  const Header& header = parsed.header;
  session_change_allowed_ = false;
  session_ = header.session;
  expected_ = config_.first_expected != 0 ? config_.first_expected : header.sequence;
  note_progress(now_ns, kEveryLine);
  stream_ = parsed.begin;
  announced_ = {};
  latest_ = {};
  end_at_ = 0;
  end_told_ = false;
  gaps_noted_ = 0;
  tried_at_ = 0;
  ++hole_changes_;
  arrivals_.clear();
  digests_.clear();
  counters_.sessions.add(1);
  if (config_.first_expected == 0 && expected_ > 1) counters_.late_joins.add(1);
  counters_.first_sequence.set(expected_);
  std::uint64_t head = 0;
  std::uint16_t tail = 0;
  std::memcpy(&head, session_.bytes.data(), sizeof head);
  std::memcpy(&tail, session_.bytes.data() + sizeof head, sizeof tail);
  counters_.session_head.set(head);
  counters_.session_tail.set(tail);
}

void SequencerCore::note_end(std::uint64_t sequence) noexcept {
  if (sequence < expected_) return counters_.stale_ends.add(1);
  if (sequence != end_at_) end_told_ = false;
  end_at_ = sequence;
}

bool SequencerCore::take_end_of_session() noexcept {
  if (end_told_ || end_at_ == 0 || expected_ != end_at_) return false;
  end_told_ = true;
  return true;
}

bool SequencerCore::hold(const Packet& packet, const GapRange& range, std::int64_t now_ns) {
  const HoldStore::Result result =
      store_.hold(packet, range, now_ns, {expected_, latest_.sequence});
  switch (result.outcome) {
    case HoldStore::Outcome::full: return false;
    case HoldStore::Outcome::held: late_run_ = 0; break;
    case HoldStore::Outcome::duplicate:
      // Delivered before the position went back: there is something in front of it all the same.
      if (const HeldPiece* piece = store_.find(range.first);
          piece != nullptr && piece->is_passed()) {
        announce(range.first, now_ns);
      }
      break;
  }
  if (result.holes_changed) ++hole_changes_;
  if (result.holes_closed > 0) count_filled(packet, result.holes_closed);
  count_duplicates(packet, range.count() - result.new_messages);
  counters_.held.set(store_.size());
  counters_.held_peak.set(std::max<std::uint64_t>(counters_.held_peak.get(), store_.size()));
  return true;
}

void SequencerCore::announce(std::uint64_t sequence, std::int64_t now_ns) noexcept {
  late_run_ = 0;
  if (sequence <= expected_) return;
  if (announced_.sequence <= expected_) announced_ = latest_;
  if (announced_.sequence <= expected_) {
    announced_ = latest_ = {sequence, now_ns};
    ++hole_changes_;
  } else if (sequence > latest_.sequence) {
    latest_ = {sequence, now_ns};
    ++hole_changes_;
  }
}

std::int64_t SequencerCore::deadline(std::int64_t since_ns) const noexcept {
  return add_clamped(std::max(since_ns, last_progress_ns_), patience_ns_);
}

std::int64_t SequencerCore::next_deadline() const noexcept {
  if (is_holding()) return wait_until_ns_;
  std::int64_t next = kNoDeadline;
  if (store_.since_ns() != HoldStore::kNever) next = deadline(store_.since_ns());
  if (const Announcement& known = next_announcement(); known.sequence > expected_) {
    next = std::min(next, deadline(known.since_ns));
  }
  if (snapshot_ == SnapshotWait::for_hole && next != kNoDeadline) {
    next = std::max(next, wait_until_ns_);
  }
  return next;
}

std::uint64_t SequencerCore::next_known() const noexcept {
  const std::uint64_t announced = next_announcement().sequence;
  if (announced > expected_) return std::min(store_.first(), announced);
  return store_.since_ns() != HoldStore::kNever ? store_.first() : HoldStore::kNone;
}

std::uint64_t SequencerCore::due_end(std::int64_t now_ns) const noexcept {
  const std::int64_t since_ns = store_.since_ns();
  if (since_ns != HoldStore::kNever && deadline(since_ns) <= now_ns) return store_.first();
  return std::min(store_.first(), next_announcement().sequence);
}

bool SequencerCore::closes_hole(const GapRange& part) const noexcept {
  if (store_.empty()) {
    return part.first < latest_.sequence && latest_.sequence <= part.last_exclusive;
  }
  return part.last_exclusive == store_.first() && store_.since_ns() != HoldStore::kNever;
}

void SequencerCore::update_limit() noexcept {
  limit_ = is_holding() ? 0 : store_.first();
  const std::uint64_t announced = next_announcement().sequence;
  if (announced > expected_) limit_ = std::min(limit_, announced);
}

void SequencerCore::note_gap(const GapRange& gap) noexcept {
  expected_ = gap.last_exclusive;
  note_no_arrival(gap.first);
  ++hole_changes_;
  counters_.gaps.add(1);
  counters_.messages_lost.add(gap.count());
  recent_gaps_[gaps_noted_++ % kRecentGaps] = gap;
}

bool SequencerCore::note_old(const Packet& packet, const GapRange& range) noexcept {
  const std::size_t known = std::min(gaps_noted_, kRecentGaps);
  const bool was_lost =
      std::any_of(recent_gaps_.begin(), recent_gaps_.begin() + static_cast<std::ptrdiff_t>(known),
                  [&](const GapRange& gap) {
                    return gap.first <= range.first && range.first < gap.last_exclusive;
                  });
  if (!was_lost) {
    count_duplicates(packet, range.count());
    return false;
  }
  counters_.late.add(range.count());
  if (packet.line >= config_.lines) return false;  // a late answer tells nothing of the position
  if (late_run_ > 0 && range.first < late_next_) return false;
  ++late_run_;
  late_next_ = range.last_exclusive;
  return config_.resync_packets != 0 && late_run_ >= config_.resync_packets && !is_holding() &&
         store_.can_mark(kRecentGaps + 1);
}

void SequencerCore::step_back_to(std::uint64_t sequence, std::int64_t now_ns) {
  // What lies between the lost ranges above `sequence` was delivered: step over it next time.
  const std::size_t oldest = gaps_noted_ > kRecentGaps ? gaps_noted_ - kRecentGaps : 0;
  std::size_t kept = oldest;
  std::uint64_t next = sequence;
  std::uint64_t taken_back = 0;
  for (std::size_t at = oldest; at < gaps_noted_; ++at) {
    GapRange& gap = recent_gaps_[at % kRecentGaps];
    if (gap.last_exclusive <= sequence) {
      kept = at + 1;
      continue;
    }
    if (next < gap.first) store_.mark_passed({next, gap.first});
    next = gap.last_exclusive;
    taken_back += gap.last_exclusive - std::max(gap.first, sequence);
    if (gap.first < sequence) {
      gap.last_exclusive = sequence;
      kept = at + 1;
    }
  }
  if (next < expected_) store_.mark_passed({next, expected_});
  // The slots of gaps that are open again hold no older ones: those were overwritten.
  for (std::size_t at = kept; at < gaps_noted_; ++at) recent_gaps_[at % kRecentGaps] = {};
  gaps_noted_ = kept;
  counters_.messages_lost.set(counters_.messages_lost.get() - taken_back);
  counters_.resyncs.add(1);
  counters_.held.set(store_.size());
  expected_ = sequence;
  announced_ = {};
  latest_ = {};
  tried_at_ = 0;
  ++hole_changes_;
  arrivals_.clear();
  note_progress(now_ns, kEveryLine);
}

bool SequencerCore::can_resume_at(std::uint64_t sequence) const noexcept {
  if (!has_session() || sequence == 0 || sequence > kMaxSequence) return false;
  return sequence >= expected_ || joining_;
}

bool SequencerCore::hold_for_snapshot(std::int64_t now_ns) noexcept {
  if (!has_session() || config_.snapshot_ns <= 0) return false;
  if (!is_holding()) begin_wait(SnapshotWait::holding, now_ns);
  update_limit();
  return true;
}

bool SequencerCore::may_ask_snapshot(std::int64_t now_ns) const noexcept {
  return config_.snapshot_ns > 0 && snapshot_ == SnapshotWait::none && expected_ != tried_at_ &&
         now_ns >= retry_at_ns_;
}

void SequencerCore::begin_wait(SnapshotWait wait, std::int64_t now_ns) noexcept {
  if (snapshot_ == SnapshotWait::none) counters_.snapshots_wanted.add(1);
  snapshot_ = wait;
  joining_ = false;
  wait_until_ns_ = add_clamped(now_ns, config_.snapshot_ns);
  tried_at_ = expected_;
  if (wait == SnapshotWait::for_hole) hole_end_ = next_known();
  counters_.holding.set(wait == SnapshotWait::holding ? 1 : 0);
}

void SequencerCore::end_wait(SnapshotEnd reason, std::int64_t now_ns) noexcept {
  snapshot_ = SnapshotWait::none;
  joining_ = false;
  counters_.holding.set(0);
  counters_.snapshots_abandoned.add(1);
  if (reason == SnapshotEnd::overflow) counters_.snapshot_overflows.add(1);
  if (reason == SnapshotEnd::timeout) counters_.snapshot_timeouts.add(1);
  if (reason != SnapshotEnd::filled && reason != SnapshotEnd::session) {
    retry_at_ns_ = add_clamped(now_ns, config_.snapshot_retry_ns);
  }
}

void SequencerCore::bridge_to(std::uint64_t sequence, std::int64_t now_ns) noexcept {
  snapshot_ = SnapshotWait::none;
  counters_.holding.set(0);
  counters_.snapshots_used.add(1);
  if (sequence < expected_) {  // joined behind the snapshot: what lies between is a hole
    counters_.first_sequence.set(sequence);
    expected_ = sequence;
    arrivals_.clear();
    ++hole_changes_;
  } else if (sequence > expected_) {
    std::uint64_t closed = 0;
    for_each_hole([&](const GapRange& hole) {
      if (hole.last_exclusive <= sequence) ++closed;
    });
    counters_.bridged_by_snapshot.add(closed);
    counters_.messages_bridged.add(sequence - expected_);
    note_no_arrival(expected_);
    while (!store_.empty() && store_.front().range.last_exclusive <= sequence) store_.pop_front();
    expected_ = sequence;
    ++hole_changes_;
  }
  joining_ = false;
  tried_at_ = expected_;
  counters_.held.set(store_.size());
  note_progress(now_ns, kEveryLine);
}

}  // namespace tapeline::net

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
      store_{pool, config.hold_packets, config.hold_bytes},
      lines_{std::make_unique<LineCounters[]>(config.lines)} {}

GapRange SequencerCore::whole_blocks(const Packet& packet,
                                     const codec::moldudp64::Header& header) noexcept {
  std::uint64_t count = 0;
  const auto status = codec::moldudp64::for_each_block(
      header, packet.payload(), 0, [&](std::uint64_t, std::span<const std::byte>) { ++count; });
  if (status != codec::moldudp64::PacketStatus::ok) count_malformed(status);
  return {header.sequence, header.sequence + count};
}

bool SequencerCore::may_change_session(std::int64_t now_ns) const noexcept {
  if (session_change_allowed_ || (end_at_ != 0 && expected_ == end_at_)) return true;
  return subtract_clamped(now_ns, last_own_ns_) >= config_.session_silence_ns;
}

void SequencerCore::adopt(const codec::moldudp64::Header& header, std::int64_t now_ns) noexcept {
  session_change_allowed_ = false;
  session_ = header.session;
  expected_ = config_.first_expected != 0 ? config_.first_expected : header.sequence;
  note_progress(now_ns);
  announced_ = {};
  latest_ = {};
  end_at_ = 0;
  end_told_ = false;
  gaps_noted_ = 0;
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
  std::uint64_t new_messages = 0;
  switch (store_.hold(packet, range, now_ns, new_messages)) {
    case HoldStore::Outcome::full: return false;
    case HoldStore::Outcome::held: late_run_ = 0; break;
    case HoldStore::Outcome::duplicate: break;
  }
  count_duplicates(packet, range.count() - new_messages);
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
  } else if (sequence > latest_.sequence) {
    latest_ = {sequence, now_ns};
  }
}

std::int64_t SequencerCore::deadline(std::int64_t since_ns) const noexcept {
  return add_clamped(std::max(since_ns, last_progress_ns_), config_.hold_ns);
}

std::int64_t SequencerCore::next_deadline() const noexcept {
  std::int64_t next = kNoDeadline;
  if (const HeldPiece* piece = store_.first_revealing()) next = deadline(piece->since_ns);
  if (const Announcement& known = next_announcement(); known.sequence > expected_) {
    next = std::min(next, deadline(known.since_ns));
  }
  return next;
}

std::uint64_t SequencerCore::next_known() const noexcept {
  if (store_.first_revealing() == nullptr && next_announcement().sequence <= expected_) {
    return HoldStore::kNone;
  }
  const std::uint64_t announced = next_announcement().sequence;
  return announced > expected_ ? std::min(store_.first(), announced) : store_.first();
}

std::uint64_t SequencerCore::due_end(std::int64_t now_ns) const noexcept {
  const HeldPiece* const piece = store_.first_revealing();
  if (piece != nullptr && deadline(piece->since_ns) <= now_ns) return store_.first();
  return std::min(store_.first(), next_announcement().sequence);
}

void SequencerCore::note_gap(const GapRange& gap) noexcept {
  expected_ = gap.last_exclusive;
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
  if (late_run_ > 0 && range.first < late_next_) return false;
  ++late_run_;
  late_next_ = range.last_exclusive;
  return config_.resync_packets != 0 && late_run_ >= config_.resync_packets &&
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
  gaps_noted_ = kept;
  counters_.messages_lost.set(counters_.messages_lost.get() - taken_back);
  counters_.resyncs.add(1);
  counters_.held.set(store_.size());
  expected_ = sequence;
  announced_ = {};
  latest_ = {};
  note_progress(now_ns);
}

}  // namespace tapeline::net

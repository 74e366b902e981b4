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

#include "codec/moldudp64/decoder.hpp"
#include "net/hold_store.hpp"
#include "net/packet_batch.hpp"
#include "net/sequencer_stats.hpp"

namespace tapeline::net {

class SequencerCore {
 public:
  using Session = codec::moldudp64::Session;
  using ParsedHeader = codec::moldudp64::ParsedHeader;

  static constexpr std::int64_t kNoDeadline = std::numeric_limits<std::int64_t>::max();

  // `pool` holds early packets; it is not owned and must outlive this.
  SequencerCore(const SequencerConfig& config, SerializationPool& pool);
  SequencerCore(const SequencerCore&) = delete;
  SequencerCore& operator=(const SequencerCore&) = delete;

  [[nodiscard]] std::int64_t next_deadline() const noexcept;

  // The input ends here and another one may follow: a packet of another session is followed.
  void allow_session_change() noexcept { session_change_allowed_ = true; }

  [[nodiscard]] std::uint64_t expected() const noexcept { return expected_; }
  [[nodiscard]] bool has_session() const noexcept { return expected_ != kNoSession; }
  [[nodiscard]] const Session& session() const noexcept { return session_; }

  template <typename Fn>
  void for_each_hole(Fn&& fn) const {
    if (!has_session()) return;
    std::uint64_t next = expected_;
    store_.for_each_hole(next, fn);
    if (!store_.empty()) next = std::max(next, store_.last_exclusive());
    const std::uint64_t announced = latest_.sequence;
    if (announced > next) fn(GapRange{next, announced});
  }

  [[nodiscard]] const SequencerCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] const LineCounters& line_counters(std::size_t line) const noexcept {
    return lines_[line];
  }
  [[nodiscard]] std::size_t lines() const noexcept { return config_.lines; }

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

  void count_arrival(const Packet& packet) noexcept {
    assert(packet.line < config_.lines);
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
  void count_malformed(codec::moldudp64::PacketStatus status) noexcept {
    counters_.malformed[static_cast<std::size_t>(status)].add(1);
  }
  void publish_position() noexcept { counters_.expected.set(has_session() ? expected_ : 0); }

  // A message at the position arrived.
  void note_progress(std::int64_t now_ns) noexcept {
    last_progress_ns_ = now_ns;
    last_own_ns_ = now_ns;
    late_run_ = 0;
  }

  // The messages of the packet that are whole; counts the damage behind them.
  [[nodiscard]] GapRange whole_blocks(const Packet& packet,
                                      const codec::moldudp64::Header& header) noexcept;

  // Session rules.
  [[nodiscard]] bool may_change_session(std::int64_t now_ns) const noexcept;
  void adopt(const codec::moldudp64::Header& header, std::int64_t now_ns) noexcept;
  void note_end(std::uint64_t sequence) noexcept;
  [[nodiscard]] bool take_end_of_session() noexcept;

  // Holes.
  [[nodiscard]] bool hold(const Packet& packet, const GapRange& range, std::int64_t now_ns);
  void announce(std::uint64_t sequence, std::int64_t now_ns) noexcept;
  [[nodiscard]] bool has_open_hole() const noexcept { return next_known() != HoldStore::kNone; }
  [[nodiscard]] std::uint64_t next_known() const noexcept;  // end of the first hole, or kNone
  [[nodiscard]] std::uint64_t due_end(std::int64_t now_ns) const noexcept;
  void note_gap(const GapRange& gap) noexcept;

  // A packet below the position. Returns whether to step back to it.
  [[nodiscard]] bool note_old(const Packet& packet, const GapRange& range) noexcept;
  void step_back_to(std::uint64_t sequence, std::int64_t now_ns);

  SequencerCounters counters_;  // first: it is aligned to a cache line
  SequencerConfig config_;
  std::uint64_t expected_ = kNoSession;
  Session session_{};
  std::int64_t last_progress_ns_ = 0;
  std::int64_t last_own_ns_ = 0;
  std::uint32_t late_run_ = 0;  // packets in a row in lost ranges, rising
  std::uint64_t late_next_ = 0;
  HoldStore store_;

 private:
  [[nodiscard]] const Announcement& next_announcement() const noexcept {
    return announced_.sequence > expected_ ? announced_ : latest_;
  }
  [[nodiscard]] std::int64_t deadline(std::int64_t since_ns) const noexcept;

  static constexpr std::size_t kRecentGaps = 64;

  Announcement announced_;  // the first one above expected_ ...
  Announcement latest_;     // ... and the highest
  bool session_change_allowed_ = false;
  std::uint64_t end_at_ = 0;  // number after the last of the session, 0 if not known
  bool end_told_ = false;
  std::array<GapRange, kRecentGaps> recent_gaps_{};  // a ring, rising; oldest overwritten
  std::size_t gaps_noted_ = 0;
  std::unique_ptr<LineCounters[]> lines_;
};

}  // namespace tapeline::net

#pragma once

// Messages that came before their turn, kept until the hole in front of them is closed, or until a
// snapshot says where to go on.
//
// What is kept is a sorted list of pieces: disjoint ranges of sequence numbers, each in a copy of
// the datagram that brought it first. Holes are what lies between the pieces, so a jump of any
// width costs one piece. Datagrams are copied one behind the other into pooled buffers; a buffer
// goes home when its last piece is gone. Both the pieces and the buffers are bounded.
//
// A piece without a datagram marks messages that were delivered already: they are stepped over.
//
// A hole is known since the oldest piece above it came: `since_ns` never falls from piece to piece.
//
// Thread safety: none; belongs to one sequencer.
// Ownership:     the pool is not owned and must outlive this.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "net/packet_batch.hpp"
#include "pool/buffer_pool.hpp"

namespace tapeline::net {

using SerializationPool = pool::BufferPool<pool::SerializationKind>;

// Sequence numbers [first, last_exclusive).
struct GapRange {
  std::uint64_t first;
  std::uint64_t last_exclusive;

  [[nodiscard]] std::uint64_t count() const noexcept { return last_exclusive - first; }
  friend bool operator==(const GapRange&, const GapRange&) = default;
};

struct HeldPiece {
  GapRange range;
  std::int64_t since_ns;  // the hole in front of it is known; HoldStore::kNever: there is none
  Packet packet;          // its datagram is the copy; null: delivered already
  std::uint32_t buffer;   // index of the buffer that the copy lies in

  [[nodiscard]] bool is_passed() const noexcept { return packet.datagram == nullptr; }
};

class HoldStore {
 public:
  static constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  enum class Outcome : std::uint8_t { held, duplicate, full };

  struct Result {
    Outcome outcome = Outcome::duplicate;
    std::uint64_t new_messages = 0;
    std::uint32_t holes_closed = 0;
    bool holes_changed = false;  // other than by a longer last piece
  };

  // Keeps at most `max_pieces` pieces in at most max(2, max_bytes / buffer size) buffers.
  HoldStore(SerializationPool& pool, std::size_t max_pieces, std::size_t max_bytes);

  // Keeps the messages of `range` that are not kept yet. `range` are messages of `packet`; on full
  // nothing has changed. `known` is what bounds holes outside of the store: the next number to be
  // delivered and the highest that was announced.
  // Requires: range.count() > 0.
  [[nodiscard]] Result hold(const Packet& packet, const GapRange& range, std::int64_t now_ns,
                            const GapRange& known);

  // Marks messages as delivered. Requires: can_mark(1) and `range` meets no piece.
  void mark_passed(const GapRange& range);
  [[nodiscard]] bool can_mark(std::size_t marks) const noexcept {
    return marks_ + marks <= kMaxMarks;
  }

  [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }
  [[nodiscard]] std::size_t size() const noexcept { return tail_ - head_; }
  // Numbers that the pieces cover.
  [[nodiscard]] std::uint64_t messages() const noexcept { return messages_; }
  // First number kept, kNone if there is none.
  [[nodiscard]] std::uint64_t first() const noexcept { return first_; }
  // One past the last number kept. Requires: !empty().
  [[nodiscard]] std::uint64_t last_exclusive() const noexcept {
    return pieces_[tail_ - 1].range.last_exclusive;
  }
  // Requires: !empty().
  [[nodiscard]] const HeldPiece& front() const noexcept { return pieces_[head_]; }
  void pop_front() noexcept;
  void clear() noexcept;

  // Since when the hole in front of the first piece is known; kNever if nothing shows that there
  // is one.
  [[nodiscard]] std::int64_t since_ns() const noexcept {
    return empty() ? kNever : pieces_[head_].since_ns;
  }

  // The piece that covers `sequence`, null if none does.
  [[nodiscard]] const HeldPiece* find(std::uint64_t sequence) const noexcept;

  // Calls fn(GapRange, since_ns) for each range between `expected` and the last piece that no piece
  // covers, lowest first; since_ns may be kNever.
  template <typename Fn>
  void for_each_hole(std::uint64_t expected, Fn&& fn) const {
    for (std::size_t at = head_; at < tail_; ++at) {
      const HeldPiece& piece = pieces_[at];
      if (piece.range.first > expected) fn(GapRange{expected, piece.range.first}, piece.since_ns);
      expected = piece.range.last_exclusive;
    }
  }

 private:
  struct Buffer {
    pool::SerializationGuard guard;
    std::size_t used_bytes = 0;
    std::uint32_t pieces = 0;
  };
  static constexpr std::size_t kMaxMarks = 128;

  // Parts of `range` that no piece covers, in order: fn(part).
  template <typename Fn>
  void for_each_uncovered(const GapRange& range, Fn&& fn) const;
  [[nodiscard]] std::size_t first_ending_after(std::uint64_t sequence) const noexcept;
  [[nodiscard]] bool make_room(std::size_t bytes) noexcept;
  void note_neighbours(std::size_t at, const GapRange& known, Result& result) const noexcept;
  std::size_t insert(const HeldPiece& piece) noexcept;
  std::size_t open_slot(std::size_t at) noexcept;
  void update_first() noexcept { first_ = empty() ? kNone : pieces_[head_].range.first; }

  SerializationPool& pool_;
  std::size_t max_pieces_;
  std::size_t marks_ = 0;
  std::uint64_t messages_ = 0;
  // Sorted; in use are [head_, tail_), with room on both sides, so that a piece moves the fewer.
  std::size_t capacity_;
  std::unique_ptr<HeldPiece[]> pieces_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::uint64_t first_ = kNone;
  std::vector<Buffer> buffers_;
  std::size_t current_ = 0;  // the buffer that is being filled
};

}  // namespace tapeline::net

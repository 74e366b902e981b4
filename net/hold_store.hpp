#pragma once

// Messages that came before their turn, kept until the hole in front of them is closed.
//
// What is kept is a sorted list of pieces: disjoint ranges of sequence numbers, each in a copy of
// the datagram that brought it first. Holes are what lies between the pieces, so a jump of any
// width costs one piece. Datagrams are copied one behind the other into pooled buffers; a buffer
// goes home when its last piece is gone. Both the pieces and the buffers are bounded.
//
// A piece without a datagram marks messages that were delivered already: they are stepped over.
//
// Thread safety: none; belongs to one sequencer.
// Ownership:     the pool is not owned and must outlive this.

#include <cstddef>
#include <cstdint>
#include <limits>
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
  std::int64_t since_ns;  // when it came
  Packet packet;          // its datagram is the copy; null: delivered already
  std::uint32_t buffer;   // index of the buffer that the copy lies in

  [[nodiscard]] bool is_passed() const noexcept { return packet.datagram == nullptr; }
};

class HoldStore {
 public:
  static constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();

  enum class Outcome : std::uint8_t { held, duplicate, full };

  // Keeps at most `max_pieces` pieces in at most max(2, max_bytes / buffer size) buffers.
  HoldStore(SerializationPool& pool, std::size_t max_pieces, std::size_t max_bytes);

  // Keeps the messages of `range` that are not kept yet. `range` are messages of `packet`. On
  // held, `new_messages` says how many were new; on full nothing has changed.
  // Requires: range.count() > 0.
  [[nodiscard]] Outcome hold(const Packet& packet, const GapRange& range, std::int64_t now_ns,
                             std::uint64_t& new_messages);

  // Marks messages as delivered. Requires: can_mark(1) and `range` meets no piece.
  void mark_passed(const GapRange& range);
  [[nodiscard]] bool can_mark(std::size_t marks) const noexcept {
    return marks_ + marks <= kMaxMarks;
  }

  [[nodiscard]] bool empty() const noexcept { return head_ == pieces_.size(); }
  [[nodiscard]] std::size_t size() const noexcept { return pieces_.size() - head_; }
  // First number kept, kNone if there is none.
  [[nodiscard]] std::uint64_t first() const noexcept { return first_; }
  // One past the last number kept. Requires: !empty().
  [[nodiscard]] std::uint64_t last_exclusive() const noexcept {
    return pieces_.back().range.last_exclusive;
  }
  // Requires: !empty().
  [[nodiscard]] const HeldPiece& front() const noexcept { return pieces_[head_]; }
  void pop_front() noexcept;
  void clear() noexcept;

  // The first piece that is not a mark, or null: it shows that there is a hole in front of it.
  [[nodiscard]] const HeldPiece* first_revealing() const noexcept;

  // Calls fn(GapRange) for each hole between `expected` and the last piece.
  template <typename Fn>
  void for_each_hole(std::uint64_t expected, Fn&& fn) const {
    for (std::size_t at = head_; at < pieces_.size(); ++at) {
      if (pieces_[at].range.first > expected) fn(GapRange{expected, pieces_[at].range.first});
      expected = pieces_[at].range.last_exclusive;
    }
  }

 private:
  struct Buffer {
    pool::SerializationGuard guard;
    std::size_t used_bytes = 0;
    std::uint32_t pieces = 0;
  };
  static constexpr std::size_t kMaxMarks = 128;

  // Parts of `range` that no piece covers, in order: fn(part, position of the piece behind it).
  template <typename Fn>
  void for_each_uncovered(const GapRange& range, Fn&& fn) const;
  [[nodiscard]] std::size_t first_ending_after(std::uint64_t sequence) const noexcept;
  [[nodiscard]] bool make_room(std::size_t bytes) noexcept;
  void insert(const HeldPiece& piece);
  void update_first() noexcept { first_ = empty() ? kNone : pieces_[head_].range.first; }

  SerializationPool& pool_;
  std::size_t max_pieces_;
  std::size_t marks_ = 0;
  std::vector<HeldPiece> pieces_;  // sorted; those before head_ are gone
  std::size_t head_ = 0;
  std::uint64_t first_ = kNone;
  std::vector<Buffer> buffers_;
  std::size_t current_ = 0;  // the buffer that is being filled
};

}  // namespace tapeline::net
